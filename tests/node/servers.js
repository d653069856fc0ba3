// SPDX-License-Identifier: GPL-2.0-only
// What is outside while tests run, as root: servers that answer, and a helper that acts.
'use strict';
const dgram = require('dgram');
const fs = require('fs');
const http = require('http');
const https = require('https');
const net = require('net');
const path = require('path');

const config = JSON.parse(fs.readFileSync(process.argv[2]));
const { ports } = config;
const waiting = [];

function ready(server, listen) {
	waiting.push(new Promise((resolve, reject) => {
		server.on('error', error => reject(error));
		server.on('listening', resolve);
	}));
	listen(server);
}

// ---- echo ----

// Half-open: the answer is complete when the question is
function echo(...at) {
	ready(net.createServer({ allowHalfOpen: true }, socket => {
		socket.on('error', () => {});
		socket.pipe(socket);
	}), server => server.listen(...at));
}

function echoDatagrams(type, port, address) {
	const socket = dgram.createSocket({ type, ipv6Only: type === 'udp6' });

	socket.on('message', (message, { port: to, address: from }) => socket.send(message, to, from));
	ready(socket, each => each.bind(port, address));
}

// 127.0.0.0/8 and ::1; the tests also come by 127.9.9.9
for (const port of [ports.tcp_listed, ports.tcp_other])
	echo({ port, host: '::' });
for (const port of [ports.udp_listed, ports.udp_other]) {
	echoDatagrams('udp4', port, '127.0.0.1');
	echoDatagrams('udp6', port, '::1');
}
if (config.unix_echo) {
	echo({ path: config.unix_echo, readableAll: true, writableAll: true });
	echo({ path: `\0${config.abstract}` });
}

// ---- DNS: one name that each server answers otherwise, and others that all know ----

const names = { 'server.test': '127.0.0.1' };
const TYPE_A = 1, TYPE_TXT = 16;
const NXDOMAIN = 3;

function resource(type, data) {
	const header = Buffer.alloc(12);

	header.writeUInt16BE(0xc00c, 0); // the name is the question's
	header.writeUInt16BE(type, 2);
	header.writeUInt16BE(1, 4);
	header.writeUInt32BE(0, 6); // to be asked again the next time
	header.writeUInt16BE(data.length, 10);
	return Buffer.concat([header, data]);
}

function answerTo(query, names) {
	let end = 12;
	const labels = [];

	for (; query[end]; end += query[end] + 1)
		labels.push(query.toString('latin1', end + 1, end + 1 + query[end]));
	const address = names[labels.join('.').toLowerCase()];
	const type = query.readUInt16BE(end + 1);
	const header = Buffer.from(query.subarray(0, 12));
	const answers = [];

	if (address && type === TYPE_A)
		answers.push(resource(TYPE_A, Buffer.from(address.split('.').map(Number))));
	if (address && type === TYPE_TXT)
		answers.push(resource(TYPE_TXT, Buffer.from('\x04text')));
	header.writeUInt16BE(0x8180 | (address ? 0 : NXDOMAIN), 2);
	header.writeUInt16BE(answers.length, 6);
	header.fill(0, 8);
	return Buffer.concat([header, query.subarray(12, end + 5), ...answers]);
}

function nameServer(port, address, who) {
	const socket = dgram.createSocket('udp4');

	socket.on('message', (query, { port: to, address: from }) =>
		socket.send(answerTo(query, { ...names, 'who.test': who }), to, from));
	ready(socket, each => each.bind(port, address));
}

// ---- the helper ----

function fetched(port, at) {
	return new Promise((resolve, reject) => {
		http.get({ host: '127.0.0.1', port, path: at }, async response => {
			let body = '';

			for await (const chunk of response)
				body += chunk;
			resolve(body);
		}).on('error', reject);
	});
}

const acts = {
	'/hello': () => 'hello',
	// as DHCP clients do it: a new file takes the name
	'/resolv': query => {
		if (!config.resolv)
			return 'left alone'; // not a test machine: /etc is not ours
		fs.writeFileSync(`${config.resolv}.new`, `nameserver ${query.get('nameserver')}\n`);
		fs.renameSync(`${config.resolv}.new`, config.resolv);
		return 'changed';
	},
	'/redirect': (query, response) => {
		response.writeHead(302, { location: `http://127.0.0.1:${query.get('port')}/hello` });
		return '';
	},
	// the name's next address
	'/rebind': query => {
		names['rebind.test'] = query.get('address');
		return 'changed';
	},
	'/visit': async query => {
		const visits = Array.from({ length: Number(query.get('times')) }, (_, i) =>
			fetched(query.get('port'), `/${i}`).then(body => body === `/${i}`));

		return `${(await Promise.all(visits)).filter(Boolean).length} good answers`;
	},
	'/fetch': query => fetched(query.get('port'), query.get('path')),
};

async function serve(request, response) {
	const url = new URL(request.url, 'http://here');

	// a client that asks again on one that was idle for seconds may find it just closed
	response.setHeader('connection', 'close');
	try {
		response.end(await acts[url.pathname](url.searchParams, response));
	} catch (error) {
		response.statusCode = 500;
		response.end(String(error));
	}
}

const pair = name => ({
	key: fs.readFileSync(path.join(config.certificates, `${name}.key`)),
	cert: fs.readFileSync(path.join(config.certificates, `${name}.pem`)),
});

if (config.certificates) {
	for (const port of [ports.http, ports.http_other])
		ready(http.createServer(serve), each => each.listen(port, '127.0.0.1'));
	ready(http.createServer(serve), each => each.listen({
		path: config.unix, readableAll: true, writableAll: true,
	}));
	for (const port of [ports.https, ports.https_other])
		ready(https.createServer(pair('system-server'), serve), each => each.listen(port));
	ready(https.createServer(pair('own-server'), serve), each => each.listen(ports.https_own));

	for (const port of [ports.dns, ports.dns_other])
		nameServer(port, '127.0.0.1', '10.1.1.1');
	if (config.resolv) {
		nameServer(53, '127.0.0.1', '10.1.1.1');
		nameServer(53, '127.0.0.2', '10.2.2.2');
	}
}

Promise.all(waiting).then(() => fs.writeSync(1, 'ready\n'), error => {
	fs.writeSync(2, `${error.message}\n`);
	process.exit(1);
});
