// SPDX-License-Identifier: GPL-2.0-only
// What a container tries, each act with what it should give. usage: node acts.js OPEN-PORT CLOSED-PORT
// [bare]: bare, without safenode, everything goes well.
'use strict';
const childProcess = require('child_process');
const dgram = require('dgram');
const dns = require('dns');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const { Worker } = require('worker_threads');

const PATIENCE = 60000; // ms for one act: enough for an emulated machine that is busy
const [open, closed, bare] = process.argv.slice(2);
const acts = [];

function allowed(what, run) {
	acts.push({ want: 'ok', what, run });
}

function refused(want, what, run) {
	acts.push({ want: bare ? 'ok' : want, what, run });
}

// Resolves at the first event of that name, rejects at an error.
function event(emitter, name) {
	return new Promise((resolve, reject) => {
		emitter.once(name, resolve);
		emitter.once('error', reject);
	});
}

async function connect(port, host = '127.0.0.1') {
	const socket = net.connect({ port: Number(port), host });
	await event(socket, 'connect').finally(() => socket.destroy());
}

async function listen(...where) {
	const server = net.createServer().listen(...where);
	await event(server, 'listening');
	server.close();
}

function send(port) {
	const socket = dgram.createSocket('udp4');
	return new Promise((resolve, reject) => {
		socket.send('x', Number(port), '127.0.0.1', (e) => (e ? reject(e) : resolve()));
	}).finally(() => socket.close());
}

function spawn(program, ...args) {
	const { error, status } = childProcess.spawnSync(program, args, { stdio: 'ignore' });
	if (error)
		throw error;
	return status;
}

// Its code has run, also where it has done so before and does not register again.
function load(file) {
	try {
		process.dlopen({ exports: {} }, file);
	} catch (e) {
		if (!e.message.includes('self-register'))
			throw e;
	}
}

// ---- its own ----

allowed('reads its code', () => fs.readFileSync('acts.js'));
allowed('makes, renames, links and removes', () => {
	fs.mkdirSync('s');
	fs.writeFileSync('s/1', 'x');
	fs.renameSync('s/1', 's/2');
	fs.linkSync('s/2', 's/3');
	fs.symlinkSync('2', 's/4');
	fs.chmodSync('s/2', 0o600);
	fs.appendFileSync('s/4', 'y');
	fs.truncateSync('s/3', 1);
	fs.utimesSync('s/2', 1, 2);
	if (fs.readFileSync('s/3', 'utf8') !== 'x')
		throw new Error('content');
	fs.readdirSync('s', { withFileTypes: true });
	fs.rmSync('s', { recursive: true });
});
allowed('changes a file that came with the image or the volume', () => fs.appendFileSync('data.txt', 'more'));
allowed('replaces one', () => {
	fs.writeFileSync('new', 'x');
	fs.renameSync('new', 'replaced.txt');
});
allowed('makes files in a directory that came with it', () => fs.writeFileSync('sub/new', 'x'));
allowed('removes a directory that came with it', () => fs.rmSync('gone', { recursive: true }));
allowed('reads extended attributes, access and sizes', () => {
	fs.accessSync('data.txt', fs.constants.R_OK | fs.constants.W_OK);
	fs.statSync('data.txt');
	fs.realpathSync('data.txt');
});
allowed('watches', async () => {
	const watcher = fs.watch('.');
	const changed = event(watcher, 'change');
	fs.writeFileSync('w', '');
	await changed.finally(() => watcher.close());
});
allowed('a worker', async () => {
	await event(new Worker('require("worker_threads").parentPort.postMessage(1)', { eval: true }), 'message');
});
allowed('looks up localhost', () => dns.promises.lookup('localhost'));
allowed('its interfaces', () => os.networkInterfaces().lo[0]);
allowed('processors and memory', () => {
	if (!os.cpus().length || !os.totalmem() || !process.memoryUsage().rss)
		throw new Error('none');
});
allowed('connects to the allowed port', () => connect(open));
allowed('listens', () => listen(0));
allowed('serves HTTP to itself by an address that is not restricted', async () => {
	const server = http.createServer((request, response) => response.end('x')).listen(0, '127.0.0.1');
	await event(server, 'listening');
	server.close();
});
allowed('reads the image', () => fs.readFileSync('/etc/os-release'));
allowed('lists the image', () => fs.readdirSync('/usr/bin'));
allowed('loads code of the image', () => load('/usr/lib/addon.node'));
allowed('its standard output', () => fs.fstatSync(1));

// ---- not its own ----

refused('EACCES', 'writes into the image', () => fs.writeFileSync('/usr/x', ''));
refused('EACCES', 'changes a file of the image', () => fs.appendFileSync('/etc/os-release', 'x'));
refused('EACCES', 'removes one', () => fs.unlinkSync('/srv/a'));
// where that is a volume, the kernel's own answer comes first
refused('EACCES|EXDEV', 'renames one into its directory', () => fs.renameSync('/srv/b', 'b'));
refused('EACCES|EXDEV', 'links one into its directory', () => fs.linkSync('/srv/c', 'c'));
refused('EACCES', 'changes the mode of one', () => fs.chmodSync('/srv/c', 0o777));
refused('ENOENT', 'reads the token', () => fs.readFileSync('/run/secrets/token'));
refused('ENOENT', 'lists another volume', () => fs.readdirSync('/other'));
refused('ENOENT', 'stats a file of another volume', () => fs.statSync('/other/file'));
// access(2) overrides credentials, as overlayfs does; that volume is on the file system of the layers
refused('ENOENT', 'asks for access to a file of another volume', () => fs.accessSync('/other/file'));
refused('ENOENT', '... to change it', () => fs.accessSync('/other/file', fs.constants.W_OK));
refused('ENOENT', 'writes to another volume', () => fs.writeFileSync('/other/x', ''));
refused('ENOENT', 'shared memory', () => fs.writeFileSync('/dev/shm/x', ''));
refused('ENOENT', 'lists /proc', () => fs.readdirSync('/proc'));
refused('ENOENT', 'its memory', () => fs.openSync('/proc/self/mem', 'r'));
refused('EPERM', 'connects to the other port', () => connect(closed));
refused('EPERM', '... as ::ffff:127.0.0.1', () => connect(closed, '::ffff:127.0.0.1'));
refused('EPERM', 'sends to it', () => send(closed));
refused('EPERM', 'a Unix socket', () => listen('sock'));
refused('EPERM', 'another working directory', () => {
	process.chdir('sub');
	process.chdir('..');
});
refused('EACCES', 'starts a program', () => spawn('/usr/bin/true'));
refused('EACCES', 'starts a shell', () => spawn('/bin/sh', '-c', 'exit 0'));
refused('ERR_DLOPEN_FAILED', 'loads code of its directory', () => load(path.resolve('addon.node')));
if (process.getuid() === 0)
	refused('EPERM', 'another user', () => process.setuid(1000));

async function result({ run }) {
	const patience = new Promise((resolve, reject) => {
		setTimeout(() => reject(new Error('timeout')), PATIENCE).unref();
	});
	try {
		await Promise.race([(async () => run())(), patience]);
		return ['ok', ''];
	} catch (e) {
		return [(e.info || e).code || 'error', e.message];
	}
}

(async () => {
	let different = 0;
	for (const act of acts) {
		const [got, message] = await result(act);
		if (act.want.split('|').includes(got))
			continue;
		different++;
		console.log(`${act.what}: ${got}, not ${act.want}: ${message}`);
	}
	console.log(`${acts.length} acts, ${different} different`);
	process.exit(different ? 1 : 0); // whatever a failed act has left open
})();
