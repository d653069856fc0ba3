// SPDX-License-Identifier: GPL-2.0-only
// Sockets: what answers, what may be asked, and what is no socket for a tenant at all.
'use strict';
const dgram = require('dgram');
const dns = require('dns');
const fs = require('fs');
const http = require('http');
const https = require('https');
const inspector = require('inspector');
const net = require('net');
const path = require('path');
const tls = require('tls');
const { act, absent, expect, once, withReusePort } = require('./acts.js');
const config = require('./config.json');

const { ports } = config;

async function text(stream) {
	let all = '';

	for await (const chunk of stream.setEncoding('utf8'))
		all += chunk;
	return all;
}

// ---- TCP and UDP: each to a port that is listed and to one that is not ----

async function tcp(options) {
	const socket = net.connect(options);

	await once(socket, 'connect');
	socket.end('hello');
	expect(await text(socket) === 'hello', 'another answer');
}

async function udp(type, port, address, connected) {
	const socket = dgram.createSocket(type);
	const answer = once(socket, 'message');
	const sent = new Promise((resolve, reject) => {
		const done = error => error ? reject(error) : resolve();

		if (!connected)
			return socket.send('hello', port, address, done);
		return socket.connect(port, address, error => error ? reject(error) :
			socket.send('hello', done));
	});

	answer.catch(() => {});
	await sent;
	expect(String((await answer)[0]) === 'hello', 'another answer');
	socket.close();
}

for (const [which, port] of [['listed', ports.tcp_listed], ['other', ports.tcp_other]]) {
	const to = (name, host, more) =>
		act(`tcp_${name}_${which}`, () => tcp({ host, port, ...more }));

	to('v4', '127.0.0.1');
	to('v4_elsewhere', '127.9.9.9');
	to('v6', '::1');
	to('mapped', '::ffff:127.0.0.1');
	to('unspecified', '0.0.0.0');
	to('unspecified_v6', '::');
	to('localhost', 'localhost');
	to('localhost_v4', 'localhost', { family: 4 });
	to('from_own_port', '127.0.0.1', { localAddress: '127.0.0.1' });
}

for (const [which, port] of [['listed', ports.udp_listed], ['other', ports.udp_other]]) {
	act(`udp_v4_${which}`, () => udp('udp4', port, '127.0.0.1'));
	act(`udp_v6_${which}`, () => udp('udp6', port, '::1'));
	act(`udp_mapped_${which}`, () => udp('udp6', port, '::ffff:127.0.0.1'));
	act(`udp_localhost_${which}`, () => udp('udp4', port, 'localhost'));
	act(`udp_connected_${which}`, () => udp('udp4', port, '127.0.0.1', true));
}

// ---- names ----

act('lookup_localhost', async () => (await dns.promises.lookup('localhost', { all: true }))
	.map(found => found.address).sort());
act('lookup', async () => (await dns.promises.lookup('who.test')).address);
act('lookup_missing', () => dns.promises.lookup('missing.test').catch(error => error.code));
act('resolve', () => dns.promises.resolve4('who.test'));
act('resolve_txt', () => dns.promises.resolveTxt('who.test'));
act('resolve_by_other_server', () => {
	const resolver = new dns.promises.Resolver();

	resolver.setServers([`127.0.0.1:${ports.dns}`]);
	return resolver.resolve4('who.test');
});
act('resolve_by_forbidden_server', () => {
	const resolver = new dns.promises.Resolver({ tries: 1, timeout: 1000 });

	resolver.setServers([`127.0.0.1:${ports.dns_other}`]);
	return resolver.resolve4('who.test');
});
act('reverse', () => dns.promises.lookupService('127.0.0.1', 80).then(found => found.service));

// ---- HTTP ----

const get = (from, options) => new Promise((resolve, reject) => {
	from.get(options, response => {
		text(response).then(body => {
			expect(response.statusCode === 200, body);
			resolve(body);
		}).catch(reject);
	}).on('error', reject);
});

// What the tenant asks the helper outside to do
const ask = request => get(http, { host: '127.0.0.1', port: ports.http, path: request });

act('http', () => ask('/hello'));
act('fetch_listed', async () => (await fetch(`http://127.0.0.1:${ports.http}/hello`)).text());
act('fetch_other', async () => {
	await fetch(`http://127.0.0.1:${ports.http_other}/hello`).catch(error => {
		throw error.cause;
	});
});
act('http_socket_path', () => get(http, { socketPath: config.unix, path: '/hello' }));

// Whatever names say: what counts is the address that is connected to
const claimed = (hostname, options, done) => process.nextTick(() => options.all ?
	done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));

for (const [which, port] of [['listed', ports.http], ['other', ports.http_other]]) {
	const to = { host: 'elsewhere.test', port, path: '/hello' };

	act(`lookup_of_its_own_${which}`, () => get(http, { ...to, lookup: claimed }));
	act(`agent_${which}`, () =>
		get(http, { ...to, agent: new http.Agent({ lookup: claimed }) }));
	act(`redirect_${which}`, async () =>
		(await fetch(`http://127.0.0.1:${ports.http}/redirect?port=${port}`).catch(error => {
			throw error.cause;
		})).text());
}
// one name, first of an address that is not restricted, then of one that is
for (const [which, port] of [['listed', ports.tcp_listed], ['other', ports.tcp_other]]) {
	act(`rebinding_${which}`, async () => {
		await ask(`/rebind?address=${config.free_address}`);
		await tcp({ host: 'rebind.test', port });
		await ask('/rebind?address=127.0.0.1');
		await tcp({ host: 'rebind.test', port });
	});
}
act('free_address', () => tcp({ host: config.free_address, port: ports.tcp_other }));
act('fetch_socket_path', async () => {
	// node's own copy of undici lends the class of its connections
	const [dispatcherNow] = [2, 1].map(n => globalThis[Symbol.for(`undici.globalDispatcher.${n}`)])
		.filter(Boolean);
	const { constructor: Agent } = dispatcherNow;
	const dispatcher = new Agent({ connect: { socketPath: config.unix } });

	return (await fetch('http://here/hello', { dispatcher }).catch(error => {
		throw error.cause;
	})).text();
});

const secure = { host: 'server.test', agent: false, path: '/hello' };

// the runner starts this program with --use-openssl-ca: the system's certificates
act('https_system_store', () => get(https, { ...secure, port: ports.https }));
act('https_unknown_authority', () => get(https, { ...secure, port: ports.https, ca: [] })
	.catch(error => error.code));
act('https_own_authority', () =>
	get(https, { ...secure, port: ports.https_own, ca: fs.readFileSync('own-ca.pem') }));
// the runner names it by NODE_EXTRA_CA_CERTS
act('https_extra_authority', () => get(https, { ...secure, port: ports.https_own }));
act('https_bundled_roots', () => {
	expect(tls.rootCertificates.length > 50, 'no roots');
	return get(https, {
		...secure, port: ports.https_own,
		ca: [...tls.rootCertificates, fs.readFileSync('own-ca.pem')],
	});
});
act('https_get_system_roots', () => {
	if (!tls.getCACertificates)
		throw absent();
	return get(https, {
		...secure, port: ports.https, ca: tls.getCACertificates('system'),
	});
});
act('https_other', () => get(https, { ...secure, port: ports.https_other }));

// ---- /etc/resolv.conf is replaced while this process runs ----

act('lookup_after_change', async () => {
	await ask('/resolv?nameserver=127.0.0.2');
	return (await dns.promises.lookup('who.test')).address;
});
act('resolve_after_change', () => new dns.promises.Resolver().resolve4('who.test'));

// ---- listening ----

act('http_server', async () => {
	let served = 0;
	const server = http.createServer((request, response) => {
		served++;
		response.end(request.url);
	}).listen(0);

	await once(server, 'listening');
	const good = await ask(`/visit?port=${server.address().port}&times=50`);

	expect(served === 50, `${served} requests`);
	server.close();
	return good;
});
act('tcp_server_v6', async () => {
	const server = net.createServer(socket => socket.end('here')).listen(0, '::1');

	await once(server, 'listening');
	server.close();
});
act('udp_server', async () => {
	const socket = dgram.createSocket('udp4').bind(0);

	await once(socket, 'listening');
	socket.close();
});
// Sharing takes what is sent to others; see listen.js for where it is granted
act('udp_shared', async () => {
	const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true }).bind(0);

	await once(socket, 'listening');
	socket.close();
});
act('tcp_shared', withReusePort(async () => {
	const server = net.createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true });

	await once(server, 'listening');
	server.close();
}));
act('group_by_zone', async () => {
	const socket = dgram.createSocket('udp6').bind(0);

	await once(socket, 'listening');
	socket.addMembership('ff02::fb', '::%lo');
	socket.close();
});
// libuv binds it, in such a way that it shares the port
act('group_unbound', () => {
	const socket = dgram.createSocket('udp6');

	socket.addMembership('ff02::fb', '::%lo');
	socket.close();
});
act('zone_missing', async () => {
	const socket = dgram.createSocket('udp6').bind(0);

	await once(socket, 'listening');
	try {
		socket.addMembership('ff02::fb', '::%missing0');
	} catch (error) {
		return error.code;
	} finally {
		socket.close();
	}
});
// The inspector is a TCP server inside: it debugs the tenant only, for all that can reach it.
act('inspector', async () => {
	inspector.open(0, '127.0.0.1');
	const { port } = new URL(inspector.url());
	const [target] = JSON.parse(await ask(`/fetch?port=${port}&path=/json/list`));

	inspector.close();
	return target.type;
});

// ---- Unix sockets ----

const listenAt = async at => {
	const server = net.createServer().listen(at);

	await once(server, 'listening');
	server.close();
};

act('unix_connect', () => tcp({ path: config.unix_echo }));
act('unix_listen', () => listenAt(path.join(config.places.own, 'listen.sock')));
// older versions take every such name for an empty one: libuv's binding and node's connecting
const abstract = (since, fn) => {
	if (Number(process.versions.node.split('.')[0]) < since)
		throw absent();
	return fn();
};

act('abstract_listen', () =>
	abstract(20, () => listenAt(`\0safenode-test-${process.pid}`)));
act('abstract_connect', () =>
	abstract(22, () => tcp({ path: `\0${config.abstract}` })));
