// SPDX-License-Identifier: GPL-2.0-only
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const { ChildProcess } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { pathToFileURL } = require('node:url');
const { fork, spawn } = require('safenode');
const { IN_FORCE, fake } = require('./fake.js');

const text = async (stream) => (await stream.setEncoding('utf8').toArray()).join('');

test('a tenant is a ChildProcess, started by safenode-attach', async (t) => {
	const { tools, dir, script, lines } = fake(t);
	const file = script('app.js', 'console.log(process.cwd(), ...process.argv.slice(2)); process.exitCode = 7;');
	const child = spawn(file, ['a b', '--c'], { tools, dir, cgroup: 'shop' });
	assert(child instanceof ChildProcess);
	assert.equal(child.tenant, 'shop');
	assert.equal(child.stdio.length, 3);
	const out = text(child.stdout);
	assert.deepEqual(await once(child, 'exit'), [7, null]);
	assert.equal(await out, `${dir} a b --c\n`);
	assert.deepEqual(lines('attach.words'), [
		'--cgroup=shop', `--dir=${dir}`, '--safe-mode', '--', process.execPath, 'app.js', 'a b', '--c',
	]);
	assert.deepEqual(lines('detach.words'), ['--cgroup=shop']);
});

test('each option becomes its flag', async (t) => {
	const { tools, dir, script, lines } = fake(t);
	const child = spawn(pathToFileURL(path.join(dir, script('app.js', ''))), {
		tools,
		dir: pathToFileURL(dir),
		safeMode: true,
		restrictedOutgoingAddresses: ['self', '10.0.0.0/8'],
		allowedOutgoingPorts: [53, '8000-8100'],
		user: 1000,
		terminal: true,
		supplementaryGroup: ['logs', 7],
		readOnly: '/etc/a',
		readWrite: ['/srv/b', '/srv/c'],
		allowedListenPorts: 8080,
		memoryMax: '300M',
		cpuMax: '50%',
		pidsMax: 40,
		observe: true,
		logGranted: false,
		policy: '/etc/safenode/shop.conf',
		delegated: true,
		execArgv: ['--max-old-space-size=64'],
		env: undefined,
	});
	await once(child, 'exit');
	assert.deepEqual(lines('attach.words'), [
		`--cgroup=${child.tenant}`, `--dir=${dir}`, '--safe-mode',
		'--restricted-outgoing-addresses=self,10.0.0.0/8', '--allowed-outgoing-ports=53,8000-8100',
		'--user=1000', '--terminal', '--supplementary-group=logs', '--supplementary-group=7',
		'--read-only=/etc/a', '--read-write=/srv/b', '--read-write=/srv/c',
		'--allowed-listen-ports=8080', '--memory-max=300M', '--cpu-max=50%', '--pids-max=40',
		'--observe', '--policy=/etc/safenode/shop.conf', '--delegated',
		'--', process.execPath, '--max-old-space-size=64', path.join(dir, 'app.js'),
	]);
});

test('tenants without a name are given different ones', async (t) => {
	const { tools, dir, script } = fake(t);
	const file = script('app.js', '');
	const children = [spawn(file, { tools, dir }), spawn(file, { tools, dir })];
	assert.match(children[0].tenant, new RegExp(`^js-${process.pid}-[0-9]+$`));
	assert.notEqual(children[0].tenant, children[1].tenant);
	await Promise.all(children.map((child) => once(child, 'close')));
});

test('a script whose name begins with a dash is no option of node', async (t) => {
	const { tools, dir, script } = fake(t);
	const child = spawn(script('-e', 'console.log("mine")'), ['console.log("theirs")'], { tools, dir });
	const out = text(child.stdout);
	await once(child, 'exit');
	assert.equal(await out, 'mine\n');
});

test('the environment is not inherited, but for a few variables', async (t) => {
	const { tools, dir, script, environment } = fake(t);
	const file = script('app.js', '');
	process.env.SECRET = 'x';
	process.env.TZ = 'Europe/Paris';
	t.after(() => {
		delete process.env.SECRET;
		delete process.env.TZ;
	});
	await once(spawn(file, { tools, dir, cgroup: 'shop', allowedOutgoingPorts: [53, 80], allowedListenPorts: [8080] }), 'exit');
	const { _, PWD, SHLVL, ...env } = environment(); // bash's own
	assert.deepEqual(Object.keys(env).filter((name) => !['PATH', 'LANG', 'LC_ALL'].includes(name)).sort(), [
		'SAFENODE_ALLOWED_LISTEN_PORTS', 'SAFENODE_ALLOWED_OUTGOING_PORTS', 'SAFENODE_TENANT', 'TZ',
	]);
	assert.equal(env.TZ, 'Europe/Paris');
	assert.equal(env.SAFENODE_TENANT, 'shop');
	assert.equal(env.SAFENODE_ALLOWED_OUTGOING_PORTS, '53,80');
	assert.equal(env.SAFENODE_ALLOWED_LISTEN_PORTS, '8080');
});

test('env is the whole environment, but for the labels', async (t) => {
	const { tools, dir, script, environment } = fake(t);
	await once(spawn(script('app.js', ''), { tools, dir, cgroup: 'shop', policy: '/p', env: { A: 1 } }), 'exit');
	const { _, PWD, SHLVL, ...env } = environment();
	assert.deepEqual(env, { A: '1', SAFENODE_TENANT: 'shop' });
});

test('entries of stdio beyond the first three are kept, the others are not', async (t) => {
	const { tools, dir, script, lines } = fake(t);
	const file = script('app.js', `
		const fs = require('fs');
		for (const fd of [3, 4, 5, 6])
			try { console.log(fd, fs.fstatSync(fd).isSocket()); } catch (e) { console.log(fd, e.code); }
		fs.writeSync(5, 'by 5');`);
	const output = fs.openSync(path.join(dir, 'output'), 'w');
	t.after(() => fs.closeSync(output));
	const child = spawn(file, { tools, dir, stdio: ['ignore', 'pipe', 'inherit', 'ignore', 'pipe', output] });
	const out = text(child.stdout);
	assert.equal(child.stdio.length, 6);
	await once(child, 'exit');
	assert.deepEqual(lines('attach.words').filter((word) => word.startsWith('--keep-fd')), ['--keep-fd=4', '--keep-fd=5']);
	assert.match(await out, /^4 true\n5 false\n/m);
	assert.equal(fs.readFileSync(path.join(dir, 'output'), 'utf8'), 'by 5');
});

test('fork() has an IPC channel, by which sockets and servers go', async (t) => {
	const { tools, dir, script, lines } = fake(t);
	const child = fork(script('app.js', `
		process.on('message', (what, handle) => {
			if (what === 'socket')
				handle.end('from the child');
			else if (what === 'server')
				handle.close();
			process.send({ what, handle: handle && handle.constructor.name });
			if (what === 'end')
				process.disconnect();
		});`), ['word'], { tools, dir, silent: true, serialization: 'advanced' });
	assert(lines.length);
	child.send(new Map([[1, 2n]]));
	assert.deepEqual((await once(child, 'message'))[0], { what: new Map([[1, 2n]]), handle: undefined });
	const server = net.createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const client = net.connect(server.address().port);
	const [socket] = await once(server, 'connection');
	child.send('socket', socket);
	assert.deepEqual((await once(child, 'message'))[0], { what: 'socket', handle: 'Socket' });
	assert.equal(await text(client), 'from the child');
	child.send('server', server);
	assert.deepEqual((await once(child, 'message'))[0], { what: 'server', handle: 'Server' });
	server.close();
	child.send('end');
	assert.deepEqual(await once(child, 'exit'), [0, null]);
	assert.deepEqual(lines('attach.words').filter((word) => word.startsWith('--keep-fd')), ['--keep-fd=3']);
	assert.equal(lines('attach.words').at(-1), 'word');
});

test('signal, timeout, killSignal, kill() and detached are child_process\'s', async (t) => {
	const { tools, dir, script } = fake(t);
	const file = script('app.js', 'process.on("SIGINT", () => process.exit(9)); setInterval(() => {}, 1000); console.log("up");');
	const start = (options) => spawn(file, { tools, dir, ...options });

	assert.deepEqual(await once(start({ timeout: 50, killSignal: 'SIGKILL' }), 'exit'), [null, 'SIGKILL']);

	const control = new AbortController();
	const aborted = start({ signal: control.signal });
	const ended = once(aborted, 'close').catch((error) => error);
	control.abort();
	assert.equal((await ended).name, 'AbortError');

	const own = start({ detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
	await once(own.stdout, 'data');
	process.kill(-own.pid, 'SIGINT');
	assert.deepEqual(await once(own, 'exit'), [9, null]);

	const killed = start();
	await once(killed.stdout, 'data');
	assert(killed.kill('SIGINT'));
	assert.deepEqual(await once(killed, 'exit'), [9, null]);
});

test('with await using it is ended and removed', { skip: !Symbol.asyncDispose && 'Symbol.asyncDispose' }, async (t) => {
	const { tools, dir, script, lines } = fake(t);
	const file = script('app.js', 'setInterval(() => {}, 1000);');
	const child = spawn(file, { tools, dir, cgroup: 'shop' });
	await child[Symbol.asyncDispose]();
	assert.equal(child.signalCode, 'SIGKILL');
	assert.deepEqual(lines('detach.words'), ['--cgroup=shop']);
	await child[Symbol.asyncDispose]();

	const observed = spawn(file, { tools, dir, cgroup: 'shop', observe: true });
	await observed[Symbol.asyncDispose]();
	assert.deepEqual(lines('detach.words')[1], '--cgroup=shop --kill');
});

test('what the kernel ended for want of memory is told so, at its exit', async (t) => {
	const { tools, dir, script, say } = fake(t);
	const file = script('app.js', 'process.kill(process.pid, "SIGKILL")');
	say('status.json', JSON.stringify({ ...IN_FORCE, tenants: [{ name: 'shop', cgroup: tools }] }));
	for (const [count, expected] of [[1, true], [0, false]]) {
		say('memory.events', `max 9\noom 1\noom_kill ${count}\noom_group_kill 0\n`);
		const child = spawn(file, { tools, dir, cgroup: 'shop' });
		assert.equal(child.outOfMemory, false);
		assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
		assert.equal(child.outOfMemory, expected);
	}
	// a thread or another process of it was, and it went on
	say('memory.events', 'oom_kill 1\n');
	const other = spawn(script('other.js', 'process.exit(137)'), { tools, dir, cgroup: 'shop' });
	await once(other, 'exit');
	assert.equal(other.outOfMemory, false);
});
