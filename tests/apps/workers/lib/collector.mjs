// Where the watching packages send what they saw
import { createServer } from 'node:http';

export async function collect(port)
{
	const got = [];
	const server = createServer(async (request, response) => {
		const parts = [];
		for await (const part of request)
			parts.push(part);
		got.push({ url: request.url, type: request.headers['content-type'], body: Buffer.concat(parts) });
		response.setHeader('content-type', 'application/json');
		response.end('{}');
	});
	await new Promise(done => server.listen(port, '127.0.0.1', done));
	return { got, close: () => { server.close(); server.closeAllConnections(); } };
}
