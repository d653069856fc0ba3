// webpack: modules, JSON, a part that is loaded later, the cache in files; what comes out runs
import fs from 'node:fs';
import { createRequire } from 'node:module';
import webpack from 'webpack';

fs.mkdirSync('scratch/source');
fs.writeFileSync('scratch/source/index.js', `
	import { used } from './library.js';
	import data from './data.json';
	export default async () => [used(data.n), (await import('./later.js')).default];`);
fs.writeFileSync('scratch/source/library.js', 'export const used = n => n + 1; export const unused = () => "dropped by webpack";');
fs.writeFileSync('scratch/source/later.js', 'export default "later";');
fs.writeFileSync('scratch/source/data.json', '{ "n": 41 }');
const directory = `${process.cwd()}/scratch`;
const compiler = webpack({ context: directory, entry: './source/index.js', mode: 'production', target: 'node',
	cache: { type: 'filesystem', cacheDirectory: `${directory}/cache` },
	output: { path: `${directory}/out`, library: { type: 'commonjs2' }, chunkFilename: 'later.js' } });
const stats = await new Promise((done, failed) => compiler.run((error, stats) => error ? failed(error) : done(stats)));
await new Promise(done => compiler.close(done));
console.log(stats.toJson().errors, Object.keys(stats.compilation.assets).sort());
const bundle = fs.readFileSync('scratch/out/main.js', 'utf8');
console.log(bundle.length, bundle.includes('dropped by webpack'), fs.existsSync('scratch/cache'));
console.log(await createRequire(import.meta.url)('./scratch/out/main.js').default());
