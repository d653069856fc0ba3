// What the HTTP clients ask: an echo, redirects, cookies, compressed and slow answers, an error
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

export const url = 'http://localhost:8080';

export async function serve()
{
	const server = createServer(async (request, response) => {
		const { pathname } = new URL(request.url, url);
		const parts = [];
		for await (const part of request)
			parts.push(part);
		const body = Buffer.concat(parts).toString();
		switch (pathname) {
		case '/redirect':
			return response.writeHead(302, { location: '/echo' }).end();
		case '/gzip':
			return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed'));
		case '/error':
			return response.writeHead(503).end('busy');
		case '/slow':
			return;
		}
		const { method, headers: { 'x-test': test } } = request;
		response.writeHead(200, { 'content-type': 'application/json' });
		response.end(JSON.stringify({ method, path: request.url, test, length: body.length, body: body.slice(0, 30) }));
	});
	await new Promise(done => server.listen(8080, '127.0.0.1', done));
	return {
		close: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}
