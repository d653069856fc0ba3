// SPDX-License-Identifier: GPL-2.0-only
// A customer of examples/hosting that does what it should not, when it is asked to. With words it
// tries one act and ends.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const ACTS = {
	read: (file) => fs.promises.readFile(file),
	connect: (port) => new Promise((resolve, reject) => {
		const socket = net.connect(Number(port), '127.0.0.1', () => resolve(socket.destroy()));
		socket.on('error', reject);
	}),
};

const attempt = (act, what) => ACTS[act](what).then(() => 'ok', (error) => error.code);

const PAGES = {
	'/try': async (query, response) => response.end(await attempt(...query.split('&').map(decodeURIComponent))),
	'/crash': () => process.exit(7),
	'/channel': (query, response) => response.end(String(process.connected ?? false)),
	'/write': (query, response) => {
		console.log('{"op":"forged","error":"EPERM"}');
		response.end('written');
	},
	'/status': (query, response) => response.socket.end('HTTP/1.1 001 none\r\n\r\n'),
	'/hog': () => {
		for (const all = []; ;)
			all.push(Buffer.alloc(10 << 20, 1));
	},
};

function serve() {
	process.on('SIGTERM', () => {});
	http.createServer((request, response) => {
		const [page, query] = request.url.split('?');
		(PAGES[page] ?? (() => response.end('rude\n')))(query, response);
	}).listen(process.env.PORT, '127.0.0.1');
}

if (process.argv.length > 2)
	attempt(...process.argv.slice(2)).then((said) => process.stdout.write(said));
else
	serve();
