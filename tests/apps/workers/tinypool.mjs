// tinypool: threads that are made anew for each task, and a channel to them
import fs from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { Tinypool } from 'tinypool';

fs.writeFileSync('scratch/work.mjs', `
	let calls = 0;
	export default ({ n, port }) => { port?.postMessage('half way'); return [n * 2, ++calls]; };`);
const filename = `${import.meta.dirname}/scratch/work.mjs`;
const pool = new Tinypool({ filename, runtime: 'worker_threads', minThreads: 1, maxThreads: 2, isolateWorkers: true });
for (const n of [1, 2])
	console.log(await pool.run({ n }));
const { port1, port2 } = new MessageChannel();
const said = new Promise(done => port1.once('message', done));
console.log(await pool.run({ n: 3, port: port2 }, { transferList: [port2] }), await said);
port1.close();
await pool.destroy();
