// SPDX-License-Identifier: GPL-2.0-only
// The client of the fork's acceptance test: a line for each act, with its result or its error.
'use strict';
const { spawn } = require('child_process');
const dgram = require('dgram');
const { once } = require('events');
const fs = require('fs');
const net = require('net');

const host = '127.0.0.1';

async function tcp(port) {
	const [answer] = await once(net.connect(port, host), 'data');

	return String(answer);
}

async function udp(port) {
	const socket = dgram.createSocket('udp4');

	try {
		await new Promise((resolve, reject) =>
			socket.send('hello', port, host, error => error ? reject(error) : resolve()));
		return String((await once(socket, 'message'))[0]);
	} finally {
		socket.close();
	}
}

async function listen(path) {
	const server = net.createServer().listen(path);

	await once(server, 'listening');
	server.close();
}

const acts = {
	'write its own': () => fs.writeFileSync('own.txt', 'own'),
	'read its own': () => fs.readFileSync('own.txt', 'utf8'),
	'read what the server is': () => fs.statSync('server.js').size > 0,
	'read outside': () => fs.readFileSync('/etc/passwd').length > 0,
	'list outside': () => fs.readdirSync('/').length > 0,
	'stat outside': () => fs.statSync('/srv/secret').size,
	'write outside': () => fs.writeFileSync('/tmp/from-the-client', ''),
	'change the directory': () => process.chdir('/tmp'),
	'start a program': () => once(spawn('/bin/true', { stdio: 'ignore' }), 'exit').then(String),
	'signal its parent': () => process.kill(process.ppid, 0),
	'listen on a Unix socket': () => listen('./socket'),
	'reach TCP port 10001': () => tcp(10001),
	'reach TCP port 10002': () => tcp(10002),
	'reach UDP port 10003': () => udp(10003),
	'reach UDP port 10004': () => udp(10004),
};

(async () => {
	for (const [name, act] of Object.entries(acts)) {
		const result = await Promise.resolve().then(act).catch(error => error.code);

		console.log(`${name}: ${result === undefined ? 'ok' : result}`);
	}
	dgram.createSocket('udp4').send('end', 10004, host, () => process.exit(4));
})();
