// SPDX-License-Identifier: GPL-2.0-only
// The server of the fork's acceptance test: answers on ports 10001 to 10004, until it is told "end".
'use strict';
const dgram = require('dgram');
const net = require('net');

const host = '127.0.0.1';
let waiting = 4;

function ready() {
	if (!--waiting)
		console.log('ready');
}

for (const port of [10001, 10002])
	net.createServer(socket => socket.end(`from ${port}`)).listen(port, host, ready);
for (const port of [10003, 10004]) {
	const socket = dgram.createSocket('udp4');

	socket.on('message', (message, from) => {
		if (String(message) === 'end')
			process.exit();
		socket.send(`from ${port}`, from.port, from.address);
	});
	socket.bind(port, host, ready);
}
