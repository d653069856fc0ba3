// undici: a pool, pipelining, a stream, a mock, a time limit
import { MockAgent, Pool, request, RetryAgent, Agent, fetch } from 'undici';
import { Writable } from 'node:stream';
import { serve, url } from './lib/server.mjs';

const server = await serve();
const pool = new Pool(url, { connections: 2, pipelining: 2 });
const answers = await Promise.all([1, 2, 3, 4].map(n => pool.request({ path: `/echo?${n}`, method: 'POST', body: 'x'.repeat(n) })));
for (const { statusCode, body } of answers)
	console.log(statusCode, await body.json());
const parts = [];
await pool.stream({ path: '/echo', method: 'GET', opaque: parts }, ({ opaque }) => new Writable({
	write(part, encoding, done) { opaque.push(part); done(); },
}));
console.log(Buffer.concat(parts).toString());
console.log(await (await fetch(`${url}/gzip`)).text());
console.log(await pool.request({ path: '/slow', method: 'GET', headersTimeout: 200 }).catch(error => error.code));
const retrying = new RetryAgent(new Agent(), { maxRetries: 1, minTimeout: 10 });
console.log(await request(`${url}/error`, { dispatcher: retrying }).catch(error => [error.code, error.message]));
const mock = new MockAgent();
mock.get('http://nowhere.test').intercept({ path: '/' }).reply(200, 'mocked');
console.log(await (await request('http://nowhere.test', { dispatcher: mock })).body.text());
await Promise.all([pool.destroy(), mock.close()]);
server.close();
process.exit();
