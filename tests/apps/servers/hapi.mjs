// hapi: routes, a cache in memory, an authentication scheme
import Hapi from '@hapi/hapi';

const server = Hapi.server({ port: 8080, host: 'localhost' });
let calls = 0;
server.method('slow', n => ++calls * 100 + n, { cache: { expiresIn: 60000, generateTimeout: 1000 } });
server.auth.scheme('token', () => ({
	authenticate: (request, h) => request.headers.authorization === 'Bearer right'
		? h.authenticated({ credentials: { user: 'anna' } })
		: h.response('no').code(401).takeover(),
}));
server.auth.strategy('token', 'token');
server.route([
	{ method: 'GET', path: '/cached/{n}', handler: request => server.methods.slow(+request.params.n) },
	{ method: 'GET', path: '/me', options: { auth: 'token' }, handler: request => request.auth.credentials },
]);

await server.start();
for (const [path, authorization] of [['/cached/1'], ['/cached/1'], ['/me'], ['/me', 'Bearer right'], ['/x']]) {
	const answer = await fetch(`http://localhost:8080${path}`, { headers: authorization ? { authorization } : {} });
	console.log(path, answer.status, await answer.text());
}
console.log('calls', calls);
await server.stop({ timeout: 1 });
