// SPDX-License-Identifier: GPL-2.0-only
// The acceptance scenario of `safenode --safe-mode`, in the place of a user's program.
'use strict';
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { act, expect, once, run } = require('./acts.js');

const { outside } = require('./config.json');

act('arguments', () => process.argv.slice(2));
act('node_options', () => process.execArgv);
act('cwd', () => expect(process.cwd() === __dirname, process.cwd()));
act('user', () => process.getuid());
act('tenant', () => fs.readFileSync('/proc/self/cgroup', 'utf8').trim());

act('write', () => fs.writeFileSync('scratch.txt', 'scratch'));
act('read', () => fs.readFileSync('scratch.txt', 'utf8'));
act('stat', () => fs.statSync('scratch.txt').size);
act('stat_outside', () => fs.statSync(outside).size);
act('write_outside', () => fs.writeFileSync(outside, 'changed'));
act('write_beside', () => {
	const file = path.join(__dirname, '..', 'beside.new');

	fs.writeFileSync(file, 'new');
	fs.unlinkSync(file);
});

act('unix_listen', async () => {
	const server = net.createServer().listen(path.join(__dirname, 'socket'));

	await once(server, 'listening');
	server.close();
});

async function tcp(port, host) {
	const socket = net.connect({ port, host });

	await once(socket, 'connect');
	socket.end('hello');
	const [answer] = await once(socket, 'data');

	return String(answer);
}

async function udp(port, host) {
	const socket = dgram.createSocket('udp4');
	const answer = once(socket, 'message');

	answer.catch(() => {});
	await new Promise((resolve, reject) =>
		socket.send('hello', port, host, error => error ? reject(error) : resolve()));
	const [message] = await answer;

	socket.close();
	return String(message);
}

for (const host of ['127.0.0.1', 'localhost']) {
	act(`tcp_10001_${host}`, () => tcp(10001, host));
	act(`tcp_10002_${host}`, () => tcp(10002, host));
	act(`udp_10003_${host}`, () => udp(10003, host));
	act(`udp_10004_${host}`, () => udp(10004, host));
}

run();
