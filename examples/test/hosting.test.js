// SPDX-License-Identifier: GPL-2.0-only
// What of examples/hosting needs no tenants: the front, logs, lines. tests/npm/hosting.test.js has the rest.
'use strict';
const assert = require('node:assert');
const { once, setMaxListeners } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { PassThrough, Readable } = require('node:stream');
const { test } = require('node:test');
const { Hosting } = require('../hosting/hosting.js');
const { front } = require('../hosting/front.js');
const { lines } = require('../hosting/lines.js');
const { Log } = require('../hosting/log.js');

function directory(t) {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'safenode-hosting-'));
	t.after(() => fs.rmSync(dir, { recursive: true }));
	return dir;
}

async function listening(t, server) {
	await once(server.listen(0, '127.0.0.1'), 'listening');
	t.after(() => {
		server.close();
		server.closeAllConnections?.();
	});
	return server.address().port;
}

// A front with the customer acme, whose program @answer is. Resolves to what asks it.
async function acme(t, answer, patience) {
	const customer = { state: 'running', port: await listening(t, answer) };
	const port = await listening(t, front(new Map([['acme', customer]]), patience));
	const ask = (where, options = {}) => new Promise((resolve, reject) => {
		const request = http.request({ host: '127.0.0.1', port, path: where, agent: false, ...options }, async (response) => {
			const text = (await response.setEncoding('utf8').toArray()).join('');
			resolve({ status: response.statusCode, headers: response.headers, text });
		});
		request.on('error', reject).end(options.body);
	});
	return { ask, customer };
}

const echo = () => http.createServer(async (request, response) => {
	const body = (await request.setEncoding('utf8').toArray()).join('');
	response.setHeader('Connection', 'close, x-mine');
	response.setHeader('X-Mine', '1');
	response.end(JSON.stringify({ url: request.url, headers: request.headers, body }));
});

test('the host\'s name or the path names the customer', async (t) => {
	const { ask } = await acme(t, echo());
	const url = async (where, headers) => JSON.parse((await ask(where, { headers })).text).url;
	assert.equal(await url('/a?b', { host: 'ACME.example.com:80' }), '/a?b');
	assert.equal(await url('/acme/a', { host: 'acme.example.com' }), '/acme/a');
	assert.equal(await url('/acme/a?b'), '/a?b');
	assert.equal(await url('/acme?b'), '/?b');
	for (const where of ['/', '/acmes/', '//acme/', '/constructor/'])
		assert.equal((await ask(where)).status, 404);
});

test('a body goes through, what is of the connection does not', async (t) => {
	const { ask } = await acme(t, echo());
	const body = 'x'.repeat(200_000);
	const { headers, text } = await ask('/acme/', { method: 'POST', body, headers: { connection: 'close, x-own', 'x-own': '1', 'x-other': '2' } });
	const told = JSON.parse(text);
	assert.equal(told.body, body);
	assert.equal(told.headers['x-own'], undefined);
	assert.equal(told.headers['x-other'], '2');
	assert.equal(told.headers['x-forwarded-for'], '127.0.0.1');
	assert.equal(headers['x-mine'], undefined);
});

test('a customer that is not there, is late, or speaks no HTTP', async (t) => {
	const silent = net.createServer((socket) => socket.on('error', () => {}).resume());
	const { ask, customer } = await acme(t, silent, 0.2);
	assert.equal((await ask('/acme/')).status, 504);
	customer.port = await listening(t, net.createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 001 none\r\n\r\n')));
	assert.equal((await ask('/acme/')).status, 502);
	customer.port = 1;
	const { status, headers } = await ask('/acme/');
	assert.deepEqual([status, headers['retry-after']], [503, '1']);
	customer.state = 'waiting';
	assert.equal((await ask('/acme/')).status, 503);
});

test('64 requests wait for a customer, and a client that leaves waits no more', async (t) => {
	let open = 0;
	const silent = net.createServer((socket) => {
		open++;
		socket.on('error', () => {}).on('close', () => open--).resume();
	});
	const { ask } = await acme(t, silent);
	const control = new AbortController();
	setMaxListeners(100, control.signal);
	const waiting = Array.from({ length: 64 }, () => ask('/acme/', { signal: control.signal }).catch((error) => error.name));
	while (open < 64)
		await new Promise(setImmediate);
	assert.equal((await ask('/acme/')).status, 503);
	control.abort();
	assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['AbortError']));
	while (open)
		await new Promise(setImmediate);
});

test('lines are cut where they do not end', async () => {
	const stream = new PassThrough();
	const all = Readable.from(lines(stream)).toArray();
	stream.write('a\nb');
	stream.write('c\n\nd');
	stream.end();
	assert.deepEqual(await all, ['a', 'bc', '', 'd']);
	const endless = new PassThrough({ readableHighWaterMark: 1 << 20 });
	const pieces = lines(endless);
	endless.write('e'.repeat(9000));
	assert.deepEqual(await pieces.next(), { value: 'e'.repeat(9000), done: false });
	await pieces.return();
});

test('a log begins anew when it is large, and keeps the one before', async (t) => {
	const file = path.join(directory(t), 'acme.log');
	const log = new Log(file);
	log.write({ out: '\u001b[2J\n' });
	log.write({ out: 'x'.repeat(11 << 20) });
	log.write({ out: 'y' });
	await log.close();
	assert.equal(fs.readFileSync(file, 'utf8'), '{"out":"y"}\n');
	assert(fs.readFileSync(`${file}.1`, 'utf8').startsWith('{"out":"\\u001b[2J\\n"}\n{"out":"xx'));
});

test('a config that leaves a port open, or a name that is a path, is refused', () => {
	const made = (customers) => () => new Hosting({ customers }, null);
	assert.throws(made({ acme: { dir: '/srv/acme' } }), /acme: port is missing/);
	assert.throws(made({ '../acme': { dir: '/srv/acme', port: 1 } }), /no name of a customer/);
});
