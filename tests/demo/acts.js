// SPDX-License-Identifier: GPL-2.0-only
// What a tenant tries: its ordinary acts, which must go well, and those that must be refused.
//
// Each act throws if it does not succeed. The tenant performs the list; table.js, which the tenant
// cannot touch, judges by its own copy of it.
'use strict';
const assert = require('assert');
const childProcess = require('child_process');
const dgram = require('dgram');
const dns = require('dns');
const fs = require('fs');
const net = require('net');
const os = require('os');
const { setTimeout: sleep } = require('timers/promises');
const { Worker } = require('worker_threads');
const { ask } = require('./http-json.js');

const PATIENCE = 60000; // ms for one act, enough for an emulated machine that is busy
const PAUSE = 15;	// ms between acts, so that the log's times tell which line belongs to which

const acts = [];

function allowed(what, run) {
	acts.push({ what, outside: 'ok', inside: 'ok', run });
}

// errno, op: what the denial log must say; inside: what node says, if that is not the errno
function refused(errno, op, what, run, inside = errno) {
	acts.push({ what, outside: 'ok', inside, errno, op, run });
}

// ---- helpers ----

// Resolves at the first event of that name, rejects at an error.
function event(emitter, name) {
	return new Promise((resolve, reject) => {
		emitter.once(name, resolve);
		emitter.once('error', reject);
	});
}

async function connect(options) {
	const socket = net.connect(options);
	await event(socket, 'connect').finally(() => socket.destroy());
}

async function sendUdp(port, wantEcho) {
	const socket = dgram.createSocket('udp4');
	try {
		const echoed = wantEcho && event(socket, 'message');
		await new Promise((resolve, reject) => {
			socket.send('hello', port, '127.0.0.1', (e) => (e ? reject(e) : resolve()));
		});
		await echoed;
	} finally {
		socket.close();
	}
}

// A bare dlopen(3) of the addon under a new name, so that it cannot be loaded already.
function loadAddon(name, load) {
	const copy = `${process.cwd()}/scratch/${name}`;
	fs.copyFileSync('addon.node', copy);
	delete process.env.SAFENODE_DEMO_ADDON;
	load(copy);
	assert.equal(process.env.SAFENODE_DEMO_ADDON, 'ran');
}

function readSome(path, position) {
	const fd = fs.openSync(path, 'r');
	try {
		assert.equal(fs.readSync(fd, Buffer.alloc(16), 0, 16, position), 16);
	} finally {
		fs.closeSync(fd);
	}
}

// ---- ordinary acts; t: the targets that the server named ----

allowed('reads its own code', () => {
	assert.match(fs.readFileSync('app.js', 'utf8'), /A tenant's program/);
});

allowed('writes, renames, links and deletes in its scratch space', () => {
	fs.mkdirSync('scratch/a');
	fs.writeFileSync('scratch/a/one', 'text');
	fs.renameSync('scratch/a/one', 'scratch/a/two');
	fs.linkSync('scratch/a/two', 'scratch/a/hard');
	fs.symlinkSync('two', 'scratch/a/soft');
	fs.chmodSync('scratch/a/two', 0o600);
	fs.truncateSync('scratch/a/hard', 2);
	assert.equal(fs.readFileSync('scratch/a/soft', 'utf8'), 'te');
	assert.deepEqual(fs.readdirSync('scratch/a'), ['hard', 'soft', 'two']);
	fs.rmSync('scratch/a', { recursive: true });
});

allowed('watches its scratch space', async () => {
	const watcher = fs.watch('scratch');
	const change = event(watcher, 'change');
	fs.writeFileSync('scratch/watched', '');
	await change.finally(() => watcher.close());
});

allowed('asks the external system on another address', async (t) => {
	assert.ok((await ask(`${t.external}/checksum`)).sha256);
});

allowed('asks the server on its allowed port', async (t) => {
	assert.ok((await ask(`${t.server}/time`)).time);
});

allowed('looks up localhost', () => dns.promises.lookup('localhost'));

allowed('lists its network interfaces', () => assert.ok(os.networkInterfaces().lo));

allowed('runs a worker thread', async () => {
	const worker = new Worker('require("worker_threads").parentPort.postMessage(6 * 7)', {
		eval: true,
	});
	assert.equal(await event(worker, 'message'), 42);
});

allowed('compiles and runs WebAssembly', async () => {
	// (module (func (export "f") (result i32) i32.const 42))
	const code = Buffer.from('0061736d010000000105016000017f030201000705010166' +
		'00000a06010400412a0b', 'hex');
	const { instance } = await WebAssembly.instantiate(code);
	assert.equal(instance.exports.f(), 42);
});

allowed('sends a signal to itself', () => process.kill(process.pid, 0));

// ---- files ----

refused('ENOENT', 'fs.lookup', "reads the other's file", (t) => {
	assert.equal(fs.readFileSync(`${t.other.dir}/private.txt`, 'utf8'), t.other.secret);
});

refused('ENOENT', 'fs.lookup', 'reads it by way of ..', (t) => {
	fs.readFileSync(`scratch/../../${t.other.name}/private.txt`);
});

refused('ENOENT', 'fs.lookup', 'reads it through a symbolic link of its own', (t) => {
	fs.rmSync('scratch/soft', { force: true });
	fs.symlinkSync(`${t.other.dir}/private.txt`, 'scratch/soft');
	fs.readFileSync('scratch/soft');
});

refused('ENOENT', 'fs.lookup', 'links it into its own directory', (t) => {
	fs.rmSync('scratch/hard', { force: true });
	fs.linkSync(`${t.other.dir}/private.txt`, 'scratch/hard');
});

refused('ENOENT', 'fs.lookup', 'asks for the attributes of the file', (t) => {
	fs.statSync(`${t.other.dir}/private.txt`);
});

refused('ENOENT', 'fs.stat', "asks for the attributes of its directory", (t) => {
	fs.statSync(t.other.dir);
});

refused('ENOENT', 'fs.open', "lists the other's directory", (t) => {
	assert.ok(fs.readdirSync(t.other.dir).includes('private.txt'));
});

refused('ENOENT', 'fs.lookup', "watches the other's directory", (t) => {
	fs.watch(t.other.dir).close();
});

refused('ENOENT', 'fs.lookup', "writes to the other's file", (t) => {
	fs.appendFileSync(`${t.other.dir}/inbox.txt`, 'I was here\n');
});

refused('ENOENT', 'fs.lookup', "deletes the other's file", (t) => {
	fs.unlinkSync(`${t.other.dir}/old.txt`);
});

refused('EACCES', 'fs.rename', "renames the other's directory", (t) => {
	fs.renameSync(t.other.dir, `${t.other.dir}-moved`);
	fs.renameSync(`${t.other.dir}-moved`, t.other.dir);
});

refused('EACCES', 'fs.create', 'creates a file beside its own directory', (t) => {
	fs.writeFileSync(`../left-by-${process.pid}`, '');
});

refused('ENOENT', 'fs.lookup', 'creates a file in /tmp', () => {
	const file = `/tmp/safenode-demo-${process.pid}`;
	fs.writeFileSync(file, '');
	fs.unlinkSync(file);
});

refused('ENOENT', 'fs.lookup', 'shares memory through /dev/shm', () => {
	const file = `/dev/shm/safenode-demo-${process.pid}`;
	fs.writeFileSync(file, '');
	fs.unlinkSync(file);
});

refused('ENOENT', 'fs.open', 'reads /etc/passwd', () => fs.readFileSync('/etc/passwd'));

refused('ENOENT', 'fs.open', 'lists /', () => fs.readdirSync('/'));

refused('ENOENT', 'fs.open', 'lists all processes in /proc', () => fs.readdirSync('/proc'));

refused('ENOENT', 'fs.lookup', "reads the other's environment in /proc", (t) => {
	fs.readFileSync(`/proc/${t.other.pid}/environ`);
});

refused('ENOENT', 'fs.open', 'reads memory through /proc/self/mem', () => {
	const maps = fs.readFileSync('/proc/self/maps', 'utf8').split('\n');
	const [start] = maps.find((line) => line.endsWith(process.execPath)).split('-');
	readSome('/proc/self/mem', BigInt(`0x${start}`));
});

refused('ENOENT', 'fs.lookup', "lists the machine's connections in /proc", () => {
	fs.readFileSync('/proc/self/net/tcp');
});

// ---- network ----

refused('EPERM', 'net.connect', "asks the other's HTTP service", async (t) => {
	assert.equal((await ask(`http://127.0.0.1:${t.other.port}/hello`)).name, t.other.name);
});

refused('EPERM', 'net.connect', 'connects to it as 0.0.0.0', (t) => {
	return connect({ host: '0.0.0.0', port: t.other.port });
});

refused('EPERM', 'net.connect', 'connects to it as ::ffff:127.0.0.1', (t) => {
	return connect({ host: '::ffff:127.0.0.1', port: t.other.port });
});

refused('EPERM', 'net.send', "asks the other's UDP service", (t) => sendUdp(t.other.udpPort, true));

refused('EPERM', 'net.send', 'sends UDP to a port where nobody listens', () => sendUdp(9, false));

refused('EPERM', 'net.socket', 'listens on a Unix socket', async () => {
	const listener = net.createServer().listen('scratch/socket');
	await event(listener, 'listening').finally(() => listener.close());
});

refused('EPERM', 'net.socket', "connects to the server's Unix socket", (t) => {
	return connect({ path: t.unixSocket });
});

// ---- processes ----

refused('EPERM', 'task.kill', 'asks whether the other is running (signal 0)', (t) => {
	process.kill(t.other.pid, 0);
});

refused('EPERM', 'task.kill', "opens the other's debugger (SIGUSR1)", (t) => {
	process._debugProcess(t.other.pid);
});

refused('EPERM', 'task.kill', 'ends the other (SIGTERM; outside a stand-in)', (t) => {
	process.kill(t.victim, 'SIGTERM');
});

refused('ESRCH', 'task.sched', 'slows the other down (setpriority)', (t) => {
	os.setPriority(t.other.pid, 5);
});

refused('EPERM', 'fs.chdir', 'changes its working directory', () => {
	process.chdir('scratch');
	process.chdir('..');
});

refused('EPERM', 'task.setid', 'changes its user', () => process.setuid(process.getuid()));

refused('EPERM', 'task.setid', 'changes its group', () => process.setgid(process.getgid()));

refused('EACCES', 'task.fork', 'spawns a program', () => {
	const { error, status } = childProcess.spawnSync('/bin/true', { stdio: 'ignore' });
	if (error)
		throw error;
	assert.equal(status, 0);
});

refused('EMFILE', 'net.socketpair', 'runs a shell command', async () => {
	const shell = childProcess.exec('true');
	assert.equal(await event(shell, 'exit'), 0);
});

refused('EMFILE', 'net.socketpair', 'forks a second node', async () => {
	assert.equal(await event(childProcess.fork(__filename), 'message'), 'a second node');
});

// ---- native code ----

const DLOPEN_FAILED = 'ERR_DLOPEN_FAILED'; // the dynamic loader does not pass the errno on

refused('EPERM', 'code.mmap', 'loads a native addon with require()', () => {
	loadAddon('addon.node', (file) => require(file));
}, DLOPEN_FAILED);

refused('EPERM', 'code.mmap', 'loads it under another name with process.dlopen()', () => {
	loadAddon('holiday.jpg', (file) => process.dlopen({ exports: {} }, file));
}, DLOPEN_FAILED);

refused('EPERM', 'code.mmap', 'loads it through an open descriptor', () => {
	loadAddon('open.node', (file) => {
		const fd = fs.openSync(file, 'r');
		process.dlopen({ exports: {} }, `/proc/self/fd/${fd}`);
	});
}, DLOPEN_FAILED);

// ---- what the server sees of a tenant, see server.js ----

const seenByServer = {
	work: {
		what: 'fetches 64 MB, buffers and sums them, answers the server',
		outside: 'ok',
		inside: 'ok',
	},
	harm: {
		what: "then the other's files and process are",
		outside: 'harmed',
		inside: 'unharmed',
	},
	alive: { what: 'still answers the server', outside: 'ok', inside: 'ok' },
};

// ---- performing ----

// "ok", the errno's name, or what else went wrong
async function attempt(act, targets) {
	const late = sleep(PATIENCE, null, { ref: false }).then(() => {
		throw new Error('timeout');
	});
	try {
		await Promise.race([(async () => act.run(targets))(), late]);
		return 'ok';
	} catch (error) {
		const { code } = error.info || error; // os.* wrap the system's error
		return code || String(error.message);
	}
}

async function perform(targets) {
	const results = [];
	for (const act of acts) {
		const start = Date.now();
		const outcome = await attempt(act, targets);
		results.push({ what: act.what, outcome, start, end: Date.now() });
		await sleep(PAUSE);
	}
	return results;
}

module.exports = { acts, perform, seenByServer };

// the second node
if (require.main === module)
	process.send('a second node');
