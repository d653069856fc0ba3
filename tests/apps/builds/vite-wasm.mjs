// Vite 8: Rolldown in WebAssembly builds a page with a style sheet; the development server serves it
import './lib/wasi.cjs';
import fs from 'node:fs';
import { build, createServer } from 'vite';

const root = `${process.cwd()}/scratch`;
fs.writeFileSync('scratch/index.html', '<!doctype html><title>page</title><script type=module src=./main.ts></script>');
fs.writeFileSync('scratch/main.ts', "import './style.css';\nconst n: number = 42;\ndocument.title = `answer ${n}`;\n");
fs.writeFileSync('scratch/style.css', 'body { color: #ff0000; & p { margin: 0 } }\n');
const { output } = await build({ root, configFile: false, logLevel: 'error' });
for (const { fileName, code, source } of output)
	console.log(fileName, (code ?? source).toString().slice(0, 1000));

const server = await createServer({ root, configFile: false, logLevel: 'error', server: { host: '127.0.0.1', port: 8080, ws: false },
	optimizeDeps: { noDiscovery: true } });
await server.listen();
const answer = await fetch('http://127.0.0.1:8080/main.ts');
console.log(answer.status, (await answer.text()).split('\n').slice(0, 3));
await server.close();
process.exit();
