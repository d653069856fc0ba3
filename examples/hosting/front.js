// SPDX-License-Identifier: GPL-2.0-only
// HTTP by name: the first label of the host's name says whose request it is (acme.example.com), or
// else the first part of the path (/acme/...), which the customer does not see. A customer's answer
// is a stranger's: it may be late, or no HTTP, and only its own requests suffer.
'use strict';
const http = require('node:http');
const { pipeline } = require('node:stream');

const REQUESTS_MAX = 64; // that wait for one customer
const PATIENCE_S = 30;	 // for the first byte of an answer, and for each one after it

// Of one connection only (RFC 9110, 7.6.1): node writes its own
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'];

// { customer, url }: whose it is, and what it asks for; or null
function find(customers, { headers, url }) {
	const byHost = customers.get((headers.host ?? '').split(/[.:]/)[0].toLowerCase());
	if (byHost)
		return { customer: byHost, url };
	const [, name, rest] = /^\/([^/?]*)(.*)$/.exec(url) ?? [];
	const byPath = customers.get(name);
	return byPath ? { customer: byPath, url: rest.startsWith('/') ? rest : `/${rest}` } : null;
}

function ofTheMessage(headers) {
	const named = (headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim());
	const out = new Set([...OF_THE_CONNECTION, ...named]);
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !out.has(name)));
}

function refuse(response, status, text) {
	if (response.headersSent)
		return response.destroy();
	if (status === 503)
		response.setHeader('Retry-After', '1');
	response.writeHead(status, { 'Content-Type': 'text/plain', Connection: 'close' });
	return response.end(`${text}\n`);
}

const SAYS = {
	ECONNREFUSED: [503, 'not there, try again'],
	ETIMEDOUT: [504, 'no answer'],
};

function pass(request, response, { customer, url }, patience) {
	const headers = { ...ofTheMessage(request.headers), 'x-forwarded-for': request.socket.remoteAddress };
	const { method } = request;
	const asked = http.request({ host: '127.0.0.1', port: customer.port, method, path: url, headers, agent: false });

	asked.setTimeout(patience * 1000, () => asked.destroy(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })));
	asked.on('error', ({ code }) => refuse(response, ...SAYS[code] ?? [502, 'no answer that makes sense']));
	asked.on('response', (answer) => {
		try {
			response.writeHead(answer.statusCode, ofTheMessage(answer.headers));
		} catch (error) {
			// what node reads and does not write, such as status 001
			asked.destroy(error);
			return;
		}
		pipeline(answer, response, () => {});
	});
	response.on('close', () => asked.destroy());
	request.pipe(asked);
}

// @customers: Map of names to what has a port and a state; heeded as it is at each request.
// @patience: seconds
function front(customers, patience = PATIENCE_S) {
	const waiting = new Map();

	return http.createServer((request, response) => {
		const found = find(customers, request);
		if (!found)
			return refuse(response, 404, 'no such customer');
		const { customer } = found;
		const number = waiting.get(customer) ?? 0;
		if (customer.state !== 'running' || number >= REQUESTS_MAX)
			return refuse(response, ...SAYS.ECONNREFUSED);
		waiting.set(customer, number + 1);
		response.on('close', () => waiting.set(customer, waiting.get(customer) - 1));
		return pass(request, response, found, patience);
	});
}

module.exports = { front };
