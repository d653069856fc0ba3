// got: retries, hooks, pages, streams, a time limit
import got from 'got';
import { serve, url } from './lib/server.mjs';

const server = await serve();
const client = got.extend({ prefixUrl: url, headers: { 'x-test': 'got' },
	retry: { limit: 1, calculateDelay: ({ computedValue }) => computedValue && 10 },
	hooks: { beforeRetry: [(error, count) => console.log('retry', count, error.code)] } });
console.log(await client.post('echo', { json: { some: 'data' } }).json());
console.log(await client('redirect').json());
console.log(await client('gzip').text());
let streamed = '';
for await (const part of client.stream('echo'))
	streamed += part;
console.log(streamed);
for (const failing of [() => client('error'), () => client('slow', { timeout: { request: 200 }, retry: { limit: 0 } })])
	console.log(await failing().catch(error => [error.name, error.code]));
server.close();
