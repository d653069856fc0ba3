// SPDX-License-Identifier: GPL-2.0-only
// What a program can do with the descriptors that its caller left open: a line of JSON.
// 10: a file, for reading; 11: a pipe; 12: a listening socket; 13: a datagram socket that is bound;
// 200: one that the caller meant to close
'use strict';
const dgram = require('dgram');
const { once } = require('events');
const fs = require('fs');
const net = require('net');

const seen = {};

function look(name, act) {
	try {
		seen[name] = act();
	} catch (error) {
		seen[name] = error.code;
	}
}

async function main() {
	look('file', () => String(fs.readFileSync(10)));
	look('reopen', () => String(fs.readFileSync('/proc/self/fd/10')));
	look('mode', () => fs.fchmodSync(10, 0o640) || 'changed');
	look('pipe', () => fs.writeSync(11, 'x'));
	look('closed', () => fs.fstatSync(200).size);

	const server = net.createServer(socket => socket.end('accepted')).listen({ fd: 12 });
	await once(server, 'listening');
	const [answer] = await once(net.connect(server.address().port, '127.0.0.1'), 'data');
	seen.listener = String(answer);
	server.close();

	const socket = dgram.createSocket('udp4');
	socket.bind({ fd: 13 }); // at once
	socket.send('to itself', socket.address().port, '127.0.0.1');
	seen.datagrams = String((await once(socket, 'message'))[0]);
	socket.close();
	console.log(JSON.stringify(seen));
}

main();
