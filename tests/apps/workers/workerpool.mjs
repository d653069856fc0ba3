// workerpool with threads: a function that is sent, a script with methods, a time limit
import fs from 'node:fs';
import workerpool from 'workerpool';

fs.writeFileSync('scratch/worker.cjs', `
	require('${import.meta.dirname}/node_modules/workerpool').worker({ square: n => n * n, forever: () => { for (;;); } });`);
const sent = workerpool.pool({ workerType: 'thread', maxWorkers: 2 });
console.log(await Promise.all([1, 2, 3].map(n => sent.exec((a, b) => a + b, [n, 40]))));
await sent.terminate();
const pool = workerpool.pool(`${import.meta.dirname}/scratch/worker.cjs`, { workerType: 'thread', maxWorkers: 2 });
const proxy = await pool.proxy();
console.log(await proxy.square(12), await pool.exec('missing').catch(error => error.message));
console.log(await pool.exec('forever').timeout(300).catch(error => error.name ?? error.message));
await pool.terminate(true);
