// SPDX-License-Identifier: GPL-2.0-only
// With --allowed-listen-ports: which ports a server has, and which of them it shares.
'use strict';
const dgram = require('dgram');
const net = require('net');
const { act, once, withReusePort } = require('./acts.js');
const { ports } = require('./config.json');

// Two at the same port, so that it is shared indeed
async function both(start) {
	const first = start();

	await once(first, 'listening');
	try {
		const second = start();

		await once(second, 'listening');
		second.close();
	} finally {
		first.close();
	}
}

for (const [which, port] of [['listed', ports.listen], ['other', ports.listen_other]]) {
	act(`udp_shared_${which}`, () => both(() =>
		dgram.createSocket({ type: 'udp4', reuseAddr: true }).bind(port, '127.0.0.1')));
	act(`tcp_shared_${which}`, withReusePort(() => both(() =>
		net.createServer().listen({ port, host: '127.0.0.1', reusePort: true }))));
	act(`tcp_${which}`, async () => {
		const server = net.createServer().listen(port, '127.0.0.1');

		await once(server, 'listening');
		server.close();
	});
}

// A client's port is the kernel's choice
async function bound(options) {
	const socket = dgram.createSocket({ type: 'udp4', ...options }).bind(0, '127.0.0.1');

	await once(socket, 'listening');
	socket.close();
}

act('udp_client', () => bound());
act('udp_shared_any', () => bound({ reuseAddr: true }));
