// SPDX-License-Identifier: GPL-2.0-only
// Tenants that the npm package starts. As root, with safenode loaded.
'use strict';
const assert = require('node:assert');
const { ChildProcess, execFileSync, spawn: bare } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { check, fork, spawn, status } = require('safenode');
const { USER, directory, tenants, text, told } = require('./world.js');

async function listening(host = '127.0.0.1') {
	const server = net.createServer((socket) => socket.on('error', () => {}).end('from the server')).listen(0, host);
	await once(server, 'listening');
	return server;
}

const rejects = (child, expected) => assert.rejects(told(child), expected);

test('the kernel confines what spawn() starts, and nothing else', async () => {
	const dir = directory('npm-look');
	await check();
	const child = spawn('look.js', ['a b', '--c'], { dir, cgroup: 'look', execArgv: ['--no-warnings'] });
	assert(child instanceof ChildProcess);
	assert.deepEqual(await told(child), {
		code: 0,
		signal: null,
		err: '',
		answer: {
			pid: child.pid,
			uid: USER,
			argv: ['a b', '--c'],
			execArgv: ['--no-warnings'],
			execPath: process.execPath,
			isSafeMode: true,
			inThread: true,
			directory: dir,
			allowedOutgoingPorts: [],
			allowedListenPorts: null,
			passwd: 'ENOENT',
			own: 'ok',
		},
	});
	// the same where nothing confines, though the environment says so
	const env = { ...process.env, SAFENODE_TENANT: 'look', SAFENODE_ALLOWED_OUTGOING_PORTS: '' };
	for (const uid of [0, USER]) {
		const { answer } = await told(bare(process.execPath, ['look.js'], { cwd: dir, env, uid, gid: uid }));
		assert.equal(answer.isSafeMode, false);
		assert.equal(answer.inThread, false);
		assert.equal(answer.directory, null);
		assert.equal(answer.allowedOutgoingPorts, null);
		assert.equal(answer.passwd, 'ok');
	}
});

test('isSafeMode() knows a tenant that may read much, and one that is only observed', async () => {
	const dir = directory('npm-wide');
	const wide = await told(spawn('look.js', { dir, readOnly: ['/etc', '/usr', '/sys', '/dev'] }));
	assert.equal(wide.answer.isSafeMode, true);
	assert.equal(wide.answer.passwd, 'ok');
	const observed = await told(spawn('look.js', { dir, observe: true }));
	assert.equal(observed.answer.isSafeMode, false);
	assert.equal(observed.answer.passwd, 'ok');
	assert.match(observed.err, /NOT CONFINED/);
});

test('a tenant is there while it runs, and gone with its exit', async () => {
	const dir = directory('npm-there');
	const child = spawn('wait.js', { dir, cgroup: 'there', memoryMax: '300M', pidsMax: 50, cpuMax: '100%' });
	await once(child.stdout, 'data');
	const [tenant] = (await status('there')).tenants;
	assert.equal(tenant.state, 'running');
	assert.deepEqual(tenant.pids, [child.pid]);
	assert.equal(tenant.policy['memory-max'], 300 << 20);
	assert.equal(tenant.policy['pids-max'], 50);
	child.kill('SIGINT');
	assert.deepEqual(await once(child, 'exit'), [9, null]);
	assert(!tenants().includes('there'));
	// its name is free again
	const next = spawn('wait.js', { dir, cgroup: 'there' });
	await once(next.stdout, 'data');
	next.kill('SIGKILL');
	assert.deepEqual(await once(next, 'exit'), [null, 'SIGKILL']);
	await assert.rejects(status('there'), { code: 'ERR_SAFENODE_FAILED', cure: 'see safenode-status' });
});

test('tenants run beside each other, in one directory', async () => {
	const dir = directory('npm-beside');
	const all = await Promise.all([1, 2, 3].map(() => told(spawn('look.js', { dir }))));
	assert.deepEqual(all.map(({ answer }) => answer.isSafeMode), [true, true, true]);
	assert.deepEqual(tenants().filter((name) => name.startsWith('js-')), []);
});

test('signal, timeout, killSignal and detached', async () => {
	const dir = directory('npm-signal');
	const timed = spawn('wait.js', { dir, timeout: 100, killSignal: 'SIGKILL' });
	assert.deepEqual(await once(timed, 'exit'), [null, 'SIGKILL']);
	const control = new AbortController();
	const aborted = spawn('wait.js', { dir, signal: control.signal, detached: true });
	await once(aborted.stdout, 'data');
	const error = once(aborted, 'error');
	const exit = new Promise((resolve) => aborted.on('exit', (...end) => resolve(end)));
	control.abort();
	assert.equal((await error)[0].name, 'AbortError');
	assert.deepEqual(await exit, [null, 'SIGTERM']);
	assert.deepEqual(tenants().filter((name) => name.startsWith('js-')), []);
});

test('it is ended and removed by await using, at any time', { skip: !Symbol.asyncDispose && 'Symbol.asyncDispose' }, async () => {
	const dir = directory('npm-dispose');
	const early = spawn('wait.js', { dir, cgroup: 'early' });
	await early[Symbol.asyncDispose]();
	const late = spawn('wait.js', { dir, cgroup: 'late' });
	await once(late.stdout, 'data');
	await late[Symbol.asyncDispose]();
	// with what an observed one has started
	const observed = spawn('start.js', { dir, cgroup: 'observed', observe: true });
	assert.equal(String(await once(observed.stdout, 'data')), 'false\n');
	await observed[Symbol.asyncDispose]();
	assert.deepEqual(tenants().filter((name) => ['early', 'late', 'observed'].includes(name)), []);
});

test('fork() has an IPC channel', async () => {
	const dir = directory('npm-fork');
	for (const [serialization, what] of [['json', { a: [1, 'é'] }], ['advanced', new Map([[1, 2n]])]]) {
		const child = fork('channel.js', { dir, serialization });
		child.send(what);
		assert.deepEqual((await once(child, 'message'))[0], { message: what, handle: null });
		child.send('end');
		await once(child, 'disconnect');
		assert.deepEqual(await once(child, 'exit'), [0, null]);
	}
});

test('sockets and servers are handed over', async () => {
	const dir = directory('npm-handles');
	const child = fork('channel.js', { dir });
	const server = await listening();
	server.removeAllListeners('connection');
	const client = net.connect(server.address().port, '127.0.0.1');
	const [socket] = await once(server, 'connection');
	child.send('socket', socket);
	assert.deepEqual((await once(child, 'message'))[0], { message: 'socket', handle: 'Socket' });
	assert.equal(await text(client), 'from the tenant');
	child.send('server', server);
	assert.deepEqual((await once(child, 'message'))[0], { message: 'server', handle: 'Server' });
	const { port } = server.address();
	server.close();
	assert.equal(await text(net.connect(port, '127.0.0.1')), 'from the tenant');
	child.kill('SIGKILL');
	await once(child, 'exit');
});

test('entries of stdio beyond the first three are the tenant\'s', async () => {
	const dir = directory('npm-stdio');
	const output = fs.openSync('/srv/npm-output', 'w');
	const child = spawn('stdio.js', { dir, stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'pipe', output] });
	fs.closeSync(output);
	child.stdio[4].end('by 4');
	assert.deepEqual(await told(child), { code: 0, signal: null, err: '', answer: { open: true, heard: 'by 4' } });
	assert.equal(fs.readFileSync('/srv/npm-output', 'utf8'), 'by 5');
	fs.rmSync('/srv/npm-output');
});

test('mayConnect() says what connect() does', async () => {
	const dir = directory('npm-connect');
	const [allowed, other] = await Promise.all([listening(), listening()]);
	const ports = [allowed, other].map((server) => server.address().port);
	const start = (options) => told(spawn('connect.js', ports.map(String), { dir, ...options }));
	const restricted = { restrictedOutgoingAddresses: ['self'], allowedOutgoingPorts: ports[0] };
	assert.deepEqual((await start(restricted)).answer, { [ports[0]]: [true, 'connected'], [ports[1]]: [false, 'EPERM'] });
	const { answer } = await start({ ...restricted, allowedListenPorts: [8080] });
	assert.deepEqual(answer, { [ports[0]]: [true, 'connected'], [ports[1]]: [false, 'EPERM'] });
	assert.deepEqual((await start()).answer, { [ports[0]]: [true, 'connected'], [ports[1]]: [true, 'connected'] });
	[allowed, other].forEach((server) => server.close());
});

test('labels tell the ports that were named', async () => {
	const dir = directory('npm-labels');
	const { answer } = await told(spawn('look.js', {
		dir, restrictedOutgoingAddresses: '10.0.0.0/8', allowedOutgoingPorts: [53, '8000-8100'], allowedListenPorts: '8080',
		env: { SECRET: 'x' },
	}));
	assert.deepEqual(answer.allowedOutgoingPorts, ['53', '8000-8100']);
	assert.deepEqual(answer.allowedListenPorts, ['8080']);
	assert.equal(answer.secret, 'x');
});

test("all of a tenant's denials come, as events and by the iterator", async () => {
	const dir = directory('npm-denials');
	const child = spawn('refused.js', { dir, cgroup: 'refused' });
	const events = [];
	const exit = once(child, 'exit');
	child.on('denial', (denial) => events.push(denial)).on('missed', assert.fail);
	const iterated = [];
	for await (const denial of child.denials)
		iterated.push(denial);
	assert.deepEqual(iterated.map(({ tenant, pid, op, error, path: file }) => [tenant, pid, op, error, file]), [
		['refused', child.pid, 'fs.open', 'ENOENT', '/etc/passwd'],
		['refused', child.pid, 'fs.open', 'ENOENT', '/etc/group'],
		['refused', child.pid, 'fs.open', 'ENOENT', '/srv'],
	]);
	assert.deepEqual(events, iterated);
	assert.equal(events[0].option, '--read-only /etc/passwd');
	await exit;
	// one of the same name later has none of these
	const next = spawn('refused.js', { dir, cgroup: 'refused' });
	let number = 0;
	next.on('denial', ({ pid }) => {
		assert.equal(pid, next.pid);
		number++;
	});
	await once(next, 'exit');
	assert.equal(number, 3);
});

test('a script cannot pretend that it was not started', async () => {
	const dir = directory('npm-pretend');
	for (const words of [['1'], ['2'], ['3', 'title']]) {
		const { code, signal, err } = await told(spawn('pretend.js', words, { dir }));
		assert.deepEqual({ code, signal }, { code: Number(words[0]), signal: null });
		assert.match(err, /^safenode-attach: /);
	}
});

test("what safenode-attach refuses is an error with its line, and nothing runs", async () => {
	const dir = directory('npm-wrong');
	const wrong = [
		[{ restrictedOutgoingAddresses: 'example.com' }, 'ERR_SAFENODE_USAGE', /^safenode-attach: .*'example\.com'/],
		[{ dir: '/' }, 'ERR_SAFENODE_USAGE', /give it one of its own/],
		[{ user: 'nosuchuser' }, 'ERR_SAFENODE_USAGE', /nosuchuser/],
		[{ cgroup: 'pid-1' }, 'ERR_SAFENODE_USAGE', /choose another/],
	];
	for (const [options, code, message] of wrong)
		await rejects(spawn('look.js', { dir, ...options }), { code, message });
	const first = spawn('wait.js', { dir, cgroup: 'first' });
	await once(first.stdout, 'data');
	await rejects(spawn('look.js', { dir, cgroup: 'first' }), { code: 'ERR_SAFENODE_USAGE', cure: /^choose another name, or safenode-detach/ });
	assert.equal(first.exitCode, null);
	first.kill();
	await once(first, 'exit');
	assert(!fs.existsSync(path.join(dir, 'own')));
	// where it ended is known also beside a tenant of the name that was never detached
	execFileSync('safenode-attach', ['--cgroup=left', `--dir=${dir}`, '--safe-mode']);
	await rejects(spawn('look.js', { dir, cgroup: 'left', user: 'nosuchuser' }), { code: 'ERR_SAFENODE_USAGE' });
	assert.equal((await told(spawn('look.js', { dir, cgroup: 'left' }))).answer.isSafeMode, true);
	assert(!tenants().includes('left'));
});

test('a node that others could replace is refused at once, and would be by safenode-attach', async () => {
	const dir = directory('npm-node');
	fs.mkdirSync('/usr/lib/npm-bin', { recursive: true });
	fs.copyFileSync(process.execPath, '/usr/lib/npm-bin/node');
	fs.chmodSync('/usr/lib/npm-bin/node', 0o755);
	fs.chownSync('/usr/lib/npm-bin', USER, USER);
	const execPath = '/usr/lib/npm-bin/node';
	assert.throws(() => spawn('look.js', { dir, execPath }), {
		code: 'ERR_SAFENODE_USAGE', message: new RegExp(`'/usr/lib/npm-bin' belongs to user ${USER}; chown it to root`),
	});
	const words = ['--cgroup=other', `--dir=${dir}`, '--safe-mode', '--', execPath, 'look.js'];
	const { code, err } = await told(bare('safenode-attach', words));
	assert.notEqual(code, 0);
	assert.match(err, new RegExp(`'/usr/lib/npm-bin' belongs to user ${USER}; chown it to root`));
	fs.chownSync('/usr/lib/npm-bin', 0, 0);
	assert.equal((await told(spawn('look.js', { dir, execPath }))).answer.execPath, execPath);
	fs.rmSync('/usr/lib/npm-bin', { recursive: true });
});

test('the example of the page runs as it stands there', async () => {
	const page = fs.readFileSync(require.resolve('safenode/package.json').replace('package.json', 'README.md'), 'utf8');
	const [server, app, shown] = [...page.matchAll(/^```(?:js)?\n([^]*?)^```$/gm)].map(([, block]) => block);
	directory('shop', { 'app.js': app });
	const here = path.join(__dirname, 'server.js');
	fs.writeFileSync(here, server);
	const child = bare(process.execPath, [here], { stdio: ['ignore', 'pipe', 'pipe'] });
	const said = [text(child.stdout), text(child.stderr)];
	await once(child, 'exit');
	fs.rmSync(here);
	const lines = (all) => all.split('\n').sort();
	assert.deepEqual(lines((await Promise.all(said)).join('')), lines(shown.replace('# node server.js\n', '')));
});

test('where safenode is not loaded, nothing starts', async () => {
	const dir = directory('npm-unloaded');
	execFileSync('safenode-load', ['--unload']);
	try {
		const unloaded = { code: 'ERR_SAFENODE_NOT_IN_FORCE', cure: 'run safenode-load', line: /^safenode-status: not in force: / };
		await assert.rejects(check(), unloaded);
		assert.equal((await status()).in_force, false);
		await rejects(spawn('look.js', { dir }), unloaded);
		await rejects(fork('look.js', { dir, silent: true }), unloaded);
		assert(!fs.existsSync(path.join(dir, 'own')));
	} finally {
		execFileSync('safenode-load');
	}
	await check();
});
