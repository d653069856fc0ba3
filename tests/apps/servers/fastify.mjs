// Fastify: schemas, hooks, its logger pino, and injected requests beside real ones
import { Readable } from 'node:stream';
import Fastify from 'fastify';

const lines = [];
const logger = {
	base: null,
	timestamp: false,
	stream: { write: line => lines.push(line) },
	serializers: { req: ({ method, url }) => `${method} ${url}`, err: ({ message }) => message },
	formatters: { log: ({ responseTime, ...rest }) => rest },
};
const app = Fastify({ logger });
const body = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
app.addHook('onSend', async (request, reply) => { reply.header('x-hook', 'seen'); });
app.post('/double', { schema: { body } }, async request => {
	request.log.info({ n: request.body.n }, 'asked');
	return { twice: 2 * request.body.n };
});
app.get('/stream', (request, reply) => reply.send(Readable.from(['stre', 'amed'])));

await app.listen({ port: 8080, host: '127.0.0.1', listenTextResolver: () => 'listening' });
for (const payload of [{ n: 21 }, { n: 'no number' }, {}]) {
	const answer = await fetch('http://127.0.0.1:8080/double', { method: 'POST',
		body: JSON.stringify(payload), headers: { 'content-type': 'application/json' } });
	console.log(answer.status, answer.headers.get('x-hook'), await answer.text());
}
console.log(await (await fetch('http://127.0.0.1:8080/stream')).text());
console.log((await app.inject({ url: '/missing' })).json());
await app.close();
console.log(lines.sort().join(''));
