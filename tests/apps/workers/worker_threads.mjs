// node's own threads: messages, an environment, an exit status, memory that is waited for
import { Worker } from 'node:worker_threads';

const run = (code, options) => new Promise(done => {
	const seen = [];
	const worker = new Worker(code, { eval: true, ...options });
	worker.on('message', message => seen.push(message));
	worker.on('error', error => seen.push(error.code ?? error.message));
	worker.on('exit', status => done([...seen, `exit ${status}`]));
});
console.log(await run("const { parentPort, workerData } = require('worker_threads'); parentPort.postMessage(workerData * 2)", { workerData: 21 }));
console.log(await run("require('worker_threads').parentPort.postMessage(process.env.ONLY)", { env: { ONLY: 'this' } }));
console.log(await run("throw new Error('thrown')"), await run('process.exit(3)'));
const shared = new Int32Array(new SharedArrayBuffer(4));
const waiting = run("Atomics.wait(require('worker_threads').workerData, 0, 0)", { workerData: shared });
setTimeout(() => { Atomics.store(shared, 0, 1); Atomics.notify(shared, 0); }, 100);
console.log(await waiting);
