// SPDX-License-Identifier: GPL-2.0-only
// The child of forks.js: answers over node's IPC channel, with what it was sent.
'use strict';
const fs = require('fs');
const net = require('net');

const asked = {
	socket: (what, socket) => socket.end('from the child'),
	server: (what, server) => {
		server.on('connection', socket => {
			socket.end('accepted by the child');
			server.close();
		});
		process.send('listening');
	},
	datagrams: (what, socket) => {
		socket.once('message', (message, { port, address }) =>
			socket.send(`${message} back`, port, address, () => socket.close()));
		process.send('bound');
	},
	give: () => {
		const server = net.createServer().listen(0, '127.0.0.1', () =>
			process.send('given', server, () => server.close()));
	},
	forbidden: () => {
		fs.readFile('/etc/passwd', error => process.send(error ? error.code : 'read'));
	},
};

process.on('message', (what, handle) =>
	typeof what === 'string' ? asked[what](what, handle) : process.send(what));
process.on('disconnect', () => { process.exitCode = 3; });
process.send({
	argv: process.argv,
	argv0: process.argv0,
	execArgv: process.execArgv,
	execPath: process.execPath,
	title: process.title,
	connected: process.connected,
	channel: Boolean(process.channel),
	variables: Object.keys(process.env).filter(name => name.startsWith('NODE_CHANNEL')),
});
