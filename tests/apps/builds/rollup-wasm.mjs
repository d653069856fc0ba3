// Rollup's build for WebAssembly, which replaces the native one
import fs from 'node:fs';
import { rollup } from '@rollup/wasm-node';

fs.writeFileSync('scratch/index.js', "import { used } from './library.js';\nexport const answer = used(41);\nexport const later = () => import('./later.js');\n");
fs.writeFileSync('scratch/library.js', 'export const used = n => n + 1;\nexport const unused = () => {};\n');
fs.writeFileSync('scratch/later.js', "export default 'later';\n");
const bundle = await rollup({ input: 'scratch/index.js' });
const { output } = await bundle.write({ dir: 'scratch/out', format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' });
console.log(output.map(({ fileName, code }) => [fileName, code]));
await bundle.close();
const { answer, later } = await import('./scratch/out/index.mjs');
console.log(answer, (await later()).default);
