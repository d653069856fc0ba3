// SPDX-License-Identifier: GPL-2.0-only
// A server that starts a child by child_process.fork(): node forks.js DIRECTORY [EXEC-PATH FLAG...]
// The child is forked.js, there; what both have to say is one line of JSON.
'use strict';
const { fork } = require('child_process');
const dgram = require('dgram');
const { once } = require('events');
const net = require('net');
const path = require('path');

const [cwd, execPath = process.execPath, ...flags] = process.argv.slice(2);
const host = '127.0.0.1';
const child = fork(path.join(cwd, 'forked.js'), ['one'], {
	cwd, execPath, execArgv: ['--max-old-space-size=64', ...flags], serialization: 'advanced',
});
const heard = {};

async function answer(question, handle) {
	child.send(question, handle);
	const [message, back] = await once(child, 'message');

	return [message, back];
}

async function text(socket) {
	let all = '';

	for await (const chunk of socket)
		all += chunk;
	return all;
}

// The server accepts, the child answers
async function sendSocket() {
	const server = net.createServer({ pauseOnConnect: true }).listen(0, host);

	await once(server, 'listening');
	const client = net.connect(server.address().port, host);
	const [socket] = await once(server, 'connection');

	child.send('socket', socket);
	heard.socket = await text(client);
	server.close();
}

// The server listens, the child accepts
async function sendServer() {
	const server = net.createServer().listen(0, host);

	await once(server, 'listening');
	const { port } = server.address();

	await answer('server', server);
	server.close();
	heard.server = await text(net.connect(port, host));
}

// With a port that the server names: libuv shares the port of a socket that it is given
async function sendDatagrams() {
	const port = 10021;
	const socket = dgram.createSocket('udp4').bind(port, host);
	const client = dgram.createSocket('udp4');

	await once(socket, 'listening');
	await answer('datagrams', socket);
	socket.close(); // otherwise the server reads as well
	client.send('hello', port, host);
	heard.datagrams = String((await once(client, 'message'))[0]);
	client.close();
}

// The child listens, the server accepts
async function getServer() {
	const [, server] = await answer('give');
	const accepted = once(server, 'connection');
	const client = net.connect(server.address().port, host);

	(await accepted)[0].end('accepted by the server');
	heard.given = await text(client);
	server.close();
}

async function main() {
	[heard.child] = await once(child, 'message');
	[heard.echo] = await answer({ big: 1n, when: new Date(0) });
	await sendSocket();
	await sendServer();
	await sendDatagrams();
	await getServer();
	[heard.refused] = await answer('forbidden');
	child.disconnect();
	heard.status = (await once(child, 'exit'))[0];
	console.log(JSON.stringify(heard, (key, value) =>
		typeof value === 'bigint' ? `${value}n` : value));
}

setTimeout(() => {
	console.log(`stuck behind ${Object.keys(heard)}`);
	process.exit(1);
}, 60000).unref();
child.on('error', error => { throw error; });
child.on('exit', (code, signal) => {
	if (!('refused' in heard)) {
		console.log(`the child has ended: ${code} ${signal}`);
		process.exit(1);
	}
});
main();
