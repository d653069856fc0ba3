// Piscina: a pool of threads, a task that fails, one that is aborted, memory that is shared
import fs from 'node:fs';
import { Piscina } from 'piscina';

fs.writeFileSync('scratch/work.mjs', `
	export default n => { let f = [0, 1]; while (n--) f = [f[1], f[0] + f[1]]; return f[0]; };
	export const fail = () => { throw new TypeError('failed in a thread'); };
	export const sleep = () => new Promise(() => setInterval(() => {}, 1000));
	export const add = shared => Atomics.add(new Int32Array(shared), 0, 1);`);
const pool = new Piscina({ filename: `${import.meta.dirname}/scratch/work.mjs`, minThreads: 1, maxThreads: 3 });
console.log(await Promise.all([10, 20, 30, 40].map(n => pool.run(n))));
console.log(await pool.run(null, { name: 'fail' }).catch(error => [error.name, error.message]));
console.log(await pool.run(null, { name: 'sleep', signal: AbortSignal.timeout(200) }).catch(error => error.name));
const shared = new SharedArrayBuffer(4);
await Promise.all(Array.from({ length: 20 }, () => pool.run(shared, { name: 'add' })));
console.log(new Int32Array(shared)[0]);
await pool.close();
