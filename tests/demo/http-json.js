// SPDX-License-Identifier: GPL-2.0-only
// HTTP as the demo's programs speak it: a question and its answer are JSON.
'use strict';
const http = require('http');

// The answer to GET url, or, with a question, to POST url.
function ask(url, question) {
	return new Promise((resolve, reject) => {
		const method = question === undefined ? 'GET' : 'POST';
		const request = http.request(url, { method, agent: false }, async (response) => {
			const answer = await readAll(response).catch(reject);
			if (response.statusCode !== 200)
				reject(new Error(`${response.statusCode} ${answer}`));
			else
				resolve(JSON.parse(answer));
		});
		request.on('error', reject);
		request.end(question === undefined ? undefined : JSON.stringify(question));
	});
}

async function readAll(stream) {
	let text = '';
	for await (const piece of stream)
		text += piece;
	return text;
}

// A server on 127.0.0.1, at a free port if none is named. routes: { '/path': async (question) => answer }
async function serve(routes, port = 0) {
	const server = http.createServer(async (request, response) => {
		try {
			const text = await readAll(request);
			const answer = await routes[request.url](text ? JSON.parse(text) : undefined);
			response.end(JSON.stringify(answer));
		} catch (error) {
			response.statusCode = 500;
			response.end(String(error));
		}
	});
	await new Promise((resolve, reject) => {
		server.on('error', reject).listen(port, '127.0.0.1', resolve);
	});
	return server.address().port;
}

module.exports = { ask, serve };
