// esbuild-wasm by its entry for browsers, which starts no process as its entry for node does
import fs from 'node:fs';
import esbuild from 'esbuild-wasm/lib/browser.js';

globalThis.self = globalThis;
await esbuild.initialize({ worker: false, wasmModule: new WebAssembly.Module(fs.readFileSync('node_modules/esbuild-wasm/esbuild.wasm')) });
const { code } = await esbuild.transform('export const f = (a: number): JSX.Element => <b>{a ?? 1}</b>;', { loader: 'tsx', target: 'es2018', minify: true });
console.log(code);
// there is no file system: a plugin reads
const files = { name: 'files', setup: build => {
	build.onResolve({ filter: /.*/ }, ({ path }) => ({ path, namespace: 'files' }));
	build.onLoad({ filter: /.*/ }, ({ path }) => ({ contents: fs.readFileSync(path, 'utf8') }));
} };
fs.writeFileSync('scratch/entry.js', "import { b } from 'scratch/b.js';\nconsole.log(b + 1);\n");
fs.writeFileSync('scratch/b.js', 'export const b = 41;\nexport const unused = 1;\n');
const { outputFiles } = await esbuild.build({ entryPoints: ['scratch/entry.js'], bundle: true, write: false, plugins: [files] });
console.log(outputFiles[0].text);
console.log(await esbuild.transform('const = 1', { logLevel: 'silent' }).catch(error => error.errors.map(({ text }) => text)));
process.exit();
