// SPDX-License-Identifier: GPL-2.0-only
// What node says of a refusal, word for word: the runner looks each message up in
// docs/for-tenant-authors.md. Inside only; that these acts work outside is shown by the others.
'use strict';
const child_process = require('child_process');
const cluster = require('cluster');
const dgram = require('dgram');
const dns = require('dns');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const { act, absent, once } = require('./acts.js');
const config = require('./config.json');

// The tenant of these acts may use, of this machine's ports, 8080 only
const CLOSED = 5432;
const callback = fn => new Promise((resolve, reject) =>
	fn((error, value) => error ? reject(error) : resolve(value)));
const event = (emitter, word) => once(emitter, word);
const own = name => path.join(__dirname, name);

// ---- files ----

act('read_outside', () => fs.readFileSync('/etc/passwd'));
act('list_outside', () => fs.readdirSync('/tmp'));
act('stat_outside', () => fs.statSync('/etc/shadow'));
act('watch_outside', () => fs.watch('/etc'));
act('write_outside', () => fs.writeFileSync('/tmp/scratch', ''));
act('write_beside', () => fs.writeFileSync('../scratch', ''));
act('make_directory_beside', () => fs.mkdirSync('../cache'));
act('rename_out', () => {
	fs.writeFileSync('scratch', '');
	fs.renameSync('scratch', '../scratch');
});
act('set_id', () => {
	fs.writeFileSync('scratch', '');
	fs.chmodSync(own('scratch'), 0o4755);
});
act('require_outside', () => require('/usr/lib/other'));
act('chdir', () => process.chdir('..'));

// ---- processes ----

act('spawn', () => event(child_process.spawn('git', ['status'], { stdio: 'ignore' }), 'exit'));
act('spawn_with_pipes', () => event(child_process.spawn('git', ['status']), 'exit'));
act('spawn_sync', () => {
	throw child_process.spawnSync('git', ['status']).error;
});
act('exec', () => callback(done => child_process.exec('git status', done)));
act('exec_sync', () => child_process.execSync('git status', { stdio: 'ignore' }));
act('exec_file', () => callback(done => child_process.execFile('git', ['status'], done)));
act('fork', () => event(child_process.fork(own('modules/end.js')), 'exit'));
act('cluster', () => event(cluster.fork(), 'exit'));
act('use_pipe', () => {
	const child = child_process.spawn('git', ['status']);

	child.on('error', () => {});
	child.stdout.on('data', () => {});
});
act('kill', () => process.kill(config.victim));
act('set_priority', () => os.setPriority(config.victim, 5));
act('set_user', () => process.setuid(process.getuid()));
act('user_info', () => os.userInfo());
act('addon', () => {
	fs.copyFileSync('addon.node', 'native.node'); // so that it is the tenant's own
	require('./native.node');
});

// ---- network ----

act('connect', () => event(net.connect(CLOSED, '127.0.0.1'), 'connect'));
act('connect_by_name', () => event(net.connect(CLOSED, 'localhost'), 'connect').catch(error => {
	throw error.errors ? error.errors.find(each => each.message.includes('127.0.0.1')) : error;
}));
act('http', () => event(http.get('http://127.0.0.1:5432/'), 'response'));
act('fetch', () => fetch('http://127.0.0.1:5432/'));
act('fetch_cause', () => fetch('http://127.0.0.1:5432/').catch(error => {
	throw error.cause;
}));
act('send', () => callback(done => dgram.createSocket('udp4').send('', 123, '127.0.0.1', done)));
act('lookup', () => {
	if (!/^nameserver\s+127\./m.test(fs.readFileSync('/etc/resolv.conf')))
		throw absent(); // it works then
	return callback(done => dns.lookup('example.com', done));
});
act('resolve', () => {
	const resolver = new dns.promises.Resolver({ tries: 1, timeout: 1000 });

	resolver.setServers(['127.0.0.1']);
	return resolver.resolve4('example.com');
});
act('connect_unix', () => event(net.connect(own('app.sock')), 'connect'));
act('listen_unix', () => event(net.createServer().listen(own('app.sock')), 'listening'));
act('listen', () => event(net.createServer().listen(3000), 'listening'));
act('bind', () => event(dgram.createSocket('udp4').bind(3000), 'listening'));
act('share_port', () => event(dgram.createSocket({ type: 'udp4', reuseAddr: true }).bind(0), 'listening'));
act('join_unbound', () => dgram.createSocket('udp4').addMembership('224.0.0.251'));
act('sqlite', () => {
	let sqlite;

	try {
		sqlite = require('node:sqlite');
	} catch (error) {
		throw absent();
	}
	return new sqlite.DatabaseSync('/tmp/app.db');
});
