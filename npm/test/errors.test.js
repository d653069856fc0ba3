// SPDX-License-Identifier: GPL-2.0-only
// Each way on which there is no tenant: nothing of the script runs, and the error says what helps.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { check, fork, spawn, status } = require('safenode');
const { fake, IN_FORCE } = require('./fake.js');

// A script that leaves a trace where it runs
function traced({ dir, script }) {
	const file = script('app.js', `require('fs').writeFileSync(${JSON.stringify(path.join(dir, 'ran'))}, '');`);
	return { file, ran: () => fs.existsSync(path.join(dir, 'ran')) };
}

const NOT_IN_FORCE = {
	...IN_FORCE,
	in_force: false,
	checks: [
		{ id: 'btf', needed: false, met: false, found: 'none', cure: 'another kernel' },
		{ id: 'loaded', needed: true, met: false, found: 'safenode is not loaded', cure: 'run safenode-load' },
	],
};

function notInForce({ say }) {
	say('status.json', JSON.stringify(NOT_IN_FORCE));
	say('status.exit', '4 not in force: loaded: safenode is not loaded; run safenode-load');
}

const FAILURES = [
	["2 unknown option '--foo'; see --help", 'ERR_SAFENODE_USAGE', 'see --help'],
	['3 the kernel does not refuse fork in the cgroup; see safenode-load --check', 'ERR_SAFENODE_KERNEL', 'see safenode-load --check'],
	['1 must be run as root', 'ERR_SAFENODE_FAILED', null],
];

for (const [said, code, cure] of FAILURES)
	test(`a failure of attach is an 'error' before 'exit': ${code}`, async (t) => {
		const world = fake(t);
		const { file, ran } = traced(world);
		world.say('fails', `${said}\n`);
		const child = spawn(file, { tools: world.tools, dir: world.dir });
		const events = [];
		child.on('error', (error) => events.push(error)).on('exit', (...end) => events.push(end));
		await new Promise((resolve) => child.on('close', resolve));
		assert.equal(events.length, 2);
		assert.equal(events[0].code, code);
		assert.equal(events[0].line, `safenode-attach: ${said.slice(2)}`);
		assert.equal(events[0].cure, cure);
		assert.equal(events[0].exitStatus, Number(said[0]));
		assert.deepEqual(events[1], [Number(said[0]), null]);
		assert(!ran());
		assert(!fs.existsSync(path.join(world.tools, 'detach.words')));
	});

test('where safenode is not in force, that is the error', async (t) => {
	const world = fake(t);
	const { file, ran } = traced(world);
	notInForce(world);
	world.say('fails', '1 cannot open /sys/fs/bpf/safenode: No such file or directory\n');
	for (const start of [spawn, fork]) {
		const error = await once(start(file, { tools: world.tools, dir: world.dir, silent: start === fork || undefined }), 'exit').catch((e) => e);
		assert.equal(error.code, 'ERR_SAFENODE_NOT_IN_FORCE');
		assert.equal(error.line, 'safenode-status: not in force: loaded: safenode is not loaded; run safenode-load');
		assert.equal(error.cure, 'run safenode-load');
	}
	assert(!ran());
});

test('who may not ask what is in force has the line of attach', async (t) => {
	const world = fake(t);
	const { file } = traced(world);
	world.say('status.exit', '1 must be run as root');
	world.say('fails', '1 cannot fork; raise a limit\n');
	const error = await once(spawn(file, { tools: world.tools, dir: world.dir }), 'exit').catch((e) => e);
	assert.equal(error.code, 'ERR_SAFENODE_FAILED');
	assert.equal(error.line, 'safenode-attach: cannot fork; raise a limit');
});

test('where standard error is not a pipe, the error says where the line went', async (t) => {
	const world = fake(t);
	const { file } = traced(world);
	world.say('fails', '2 wrong\n');
	const error = await once(spawn(file, { tools: world.tools, dir: world.dir, stdio: 'ignore' }), 'exit').catch((e) => e);
	assert.equal(error.code, 'ERR_SAFENODE_USAGE');
	assert.match(error.message, /standard error/);
});

test('without the tools nothing starts', async (t) => {
	const world = fake(t);
	const { file, ran } = traced(world);
	const tools = path.join(world.dir, 'nowhere');
	const expected = { code: 'ERR_SAFENODE_NOT_IN_FORCE', message: /no safenode-attach in .*; install safenode/ };
	assert.throws(() => spawn(file, { tools, dir: world.dir }), expected);
	assert.throws(() => fork(file, { tools, dir: world.dir }), expected);
	await assert.rejects(check({ tools }), { code: 'ERR_SAFENODE_NOT_IN_FORCE' });
	await assert.rejects(status(undefined, { tools }), { code: 'ERR_SAFENODE_NOT_IN_FORCE' });
	assert(!ran());
});

test('tools are found in PATH', async (t) => {
	const world = fake(t);
	const { PATH } = process.env;
	t.after(() => { process.env.PATH = PATH; });
	process.env.PATH = `${world.tools}:${PATH}`;
	assert.deepEqual(await status(), IN_FORCE);
});

const WRONG = {
	'a misspelt option': [{ restrictedOutgoingAdresses: 'self' }, /unknown option 'restrictedOutgoingAdresses'/],
	'a shell': [{ shell: true }, /no shell/],
	'a working directory': [{ cwd: '/' }, /use dir/],
	'a uid': [{ uid: 1 }, /use user/],
	'a gid': [{ gid: 1 }, /supplementaryGroup/],
	'another name': [{ argv0: 'x' }, /its own name/],
	keepFd: [{ keepFd: 3 }, /stdio/],
	replace: [{ replace: true }, /safenode-attach --replace/],
	'safeMode: false': [{ safeMode: false }, /node:child_process/],
	'no directory': [{ dir: undefined }, /dir is missing/],
	'an empty list of addresses': [{ restrictedOutgoingAddresses: [] }, /empty list/],
	'an empty list of ports': [{ allowedListenPorts: [] }, /empty list/],
	'an empty word in a list': [{ allowedOutgoingPorts: ['53', ''] }, /allowedOutgoingPorts: ''/],
	'null as a user': [{ user: null }, /user: null/],
	'a word as a switch': [{ observe: 'no' }, /neither true nor false/],
	'a path that is none': [{ readOnly: [{}] }, /readOnly/],
	'a variable of the loader': [{ env: { LD_PRELOAD: '/srv/shop/x.so' } }, /LD_PRELOAD/],
	'tunables of the C library': [{ env: { GLIBC_TUNABLES: 'x' } }, /GLIBC_TUNABLES/],
	'options of node in one word': [{ execArgv: '--jitless' }, /arrays/],
};

for (const [what, [options, message]] of Object.entries(WRONG))
	test(`refused at once: ${what}`, (t) => {
		const world = fake(t);
		assert.throws(() => spawn('app.js', { tools: world.tools, dir: world.dir, ...options }), { code: 'ERR_SAFENODE_USAGE', message });
		assert(!fs.existsSync(path.join(world.tools, 'attach.words')));
	});

test('refused at once: no script, and fork() without a channel', (t) => {
	const { tools, dir } = fake(t);
	assert.throws(() => spawn('', { tools, dir }), { code: 'ERR_SAFENODE_USAGE' });
	assert.throws(() => spawn(undefined, [], { tools, dir }), { code: 'ERR_SAFENODE_USAGE' });
	assert.throws(() => fork('app.js', { tools, dir, stdio: ['pipe', 'pipe', 'pipe'] }), { code: 'ERR_SAFENODE_USAGE', message: /'ipc'/ });
});

test('refused at once: a node that others could replace, is not there, or is the tenant\'s', async (t) => {
	const { tools, dir, script } = fake(t);
	const file = script('node', '');
	const node = path.join(dir, file);
	const start = (execPath, more) => () => spawn('app.js', { tools, dir: '/srv/other', execPath, ...more });
	const says = (message) => ({ code: 'ERR_SAFENODE_USAGE', message });
	assert.throws(start('/nowhere/node'), says(/ENOENT/));
	assert.throws(start(node, { dir }), says(/tenant could replace it; install it outside/));
	fs.chmodSync(node, 0o757);
	assert.throws(start(node), says(/everyone; chmod o-w it/));
	fs.chmodSync(node, 0o755);
	fs.chmodSync(dir, 0o777);
	assert.throws(start(node), says(new RegExp(`'${dir}' can be written by everyone`)));
	await assert.rejects(check({ tools, execPath: node }), says(/everyone/));
	fs.chmodSync(dir, 0o755);
	if (process.getuid()) {
		t.diagnostic('left out: owners and groups, which only root can change');
		return;
	}
	fs.chownSync(node, 1234, 0);
	assert.throws(start(node), says(/belongs to user 1234; chown it to root/));
	fs.chownSync(node, 0, 1234);
	fs.chmodSync(node, 0o775);
	assert.throws(start(node), says(/can be written by group 1234; chmod g-w it/));
	fs.symlinkSync(node, `${node}-link`);
	fs.lchownSync(`${node}-link`, 1234, 1234);
	assert.throws(start(`${node}-link`), says(/belongs to user 1234/));
});

test('check() resolves where a tenant could be started, and says what helps where not', async (t) => {
	const world = fake(t);
	assert.equal(await check({ tools: world.tools }), undefined);
	notInForce(world);
	await assert.rejects(check({ tools: world.tools }), { code: 'ERR_SAFENODE_NOT_IN_FORCE', cure: 'run safenode-load', exitStatus: 4 });
	world.say('status.exit', '1 must be run as root');
	await assert.rejects(check({ tools: world.tools }), { code: 'ERR_SAFENODE_FAILED', message: 'safenode-status: must be run as root' });
});

test('status() tells what safenode-status tells, also that nothing is in force', async (t) => {
	const world = fake(t);
	assert.deepEqual(await status(undefined, { tools: world.tools }), IN_FORCE);
	await status('shop', { tools: world.tools });
	assert.deepEqual(world.lines('status.words'), ['--json', '--json shop']);
	notInForce(world);
	assert.deepEqual(await status(undefined, { tools: world.tools }), NOT_IN_FORCE);
	world.say('status.exit', "1 no tenant 'shop'; see safenode-status");
	await assert.rejects(status('shop', { tools: world.tools }), { code: 'ERR_SAFENODE_FAILED', cure: 'see safenode-status' });
});

test('a tenant that cannot be removed is an error', async (t) => {
	const world = fake(t);
	const { file } = traced(world);
	const start = () => once(spawn(file, { tools: world.tools, dir: world.dir }), 'exit').catch((error) => error);
	world.say('detach.exit', '1 cannot remove the cgroup: Device or resource busy');
	assert.equal((await start()).code, 'ERR_SAFENODE_FAILED');
	for (const nothing of ["no tenant 'x'; see safenode-status", "tenant 'x' is running; end it, or give --kill", 'must be run as root']) {
		world.say('detach.exit', `1 ${nothing}`);
		assert.deepEqual(await start(), [0, null]);
	}
});

test('a process that cannot be forked is child_process\'s own error', async (t) => {
	const world = fake(t);
	world.say('safenode-attach', '#!/nowhere\n');
	const child = spawn('app.js', { tools: world.tools, dir: world.dir });
	const [error] = await once(child, 'error');
	assert.equal(error.code, 'ENOENT');
	if (Symbol.asyncDispose)
		await child[Symbol.asyncDispose]();
});
