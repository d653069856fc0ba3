// SPDX-License-Identifier: GPL-2.0-only
// What a pod tries: each act's name with `ok` or the errno, as one JSON object.
'use strict';
const childProcess = require('child_process');
const dns = require('dns');
const fs = require('fs');
const net = require('net');
const { Worker } = require('worker_threads');

// connect OPTIONS: resolves once connected
const connect = (options) => new Promise((resolve, reject) => {
	const socket = net.connect(options, () => resolve(socket.destroy()));
	socket.on('error', reject);
});

const acts = {
	// what a tenant needs
	own: () => {
		fs.writeFileSync('one', 'text');
		fs.renameSync('one', 'two');
		fs.unlinkSync('two');
	},
	listen: () => new Promise((resolve, reject) => {
		const server = net.createServer().listen(8080, () => server.close(resolve));
		server.on('error', reject);
	}),
	thread: () => new Promise((resolve, reject) => {
		new Worker('0', { eval: true }).on('exit', resolve).on('error', reject);
	}),
	// (module (func (export "f") (result i32) i32.const 42))
	wasm: () => WebAssembly.instantiate(Buffer.from(
		'0061736d010000000105016000017f03020100070501016600000a06010400412a0b', 'hex')),
	image: () => fs.readFileSync('/etc/passwd'),
	resolve: () => dns.promises.lookup('localhost'),
	// what it must not
	token: () => fs.readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token'),
	other: () => fs.readFileSync('/other/secret'),
	write: () => fs.writeFileSync('/tmp/file', ''),
	spawn: () => {
		// a pipe to it would be refused before: a socketpair
		const { error } = childProcess.spawnSync('/bin/true', { stdio: 'ignore' });
		if (error)
			throw error;
	},
	apiserver: () => connect({ host: '10.96.0.1', port: 443 }),
	kubelet: () => connect({ host: '10.99.0.1', port: 10250 }),
	// refused at socket(2), outside at connect(2)
	socket: () => connect({ path: '/run/none' }).catch((e) => {
		if (e.code !== 'ENOENT')
			throw e;
	}),
};

(async () => {
	const answers = {};
	for (const [name, run] of Object.entries(acts)) {
		try {
			await run();
			answers[name] = 'ok';
		} catch (e) {
			answers[name] = e.code ?? String(e);
		}
	}
	console.log(JSON.stringify(answers));
})();
