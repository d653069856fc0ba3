// SPDX-License-Identifier: GPL-2.0-only
'use strict';
const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');
const { warm } = require('safenode');
const { fake } = require('./fake.js');

test('a process is started warm, with a channel, and confined by its name', async (t) => {
	const { tools, dir, script, lines, environment } = fake(t);
	const file = script('app.js', "process.send('ready'); process.on('disconnect', () => {});");
	const child = warm(file, ['a'], { tools, dir, cgroup: 'shop', silent: true, memoryMax: '300M' });
	assert.deepEqual(await once(child, 'message'), ['ready', undefined]);
	assert.deepEqual(lines('attach.words'), [
		'--warm', '--cgroup=shop', `--dir=${dir}`, '--safe-mode', '--memory-max=300M', '--keep-fd=3',
		'--', process.execPath, 'app.js', 'a',
	]);
	// what it will be granted is not known yet
	assert.equal(environment().SAFENODE_ALLOWED_OUTGOING_PORTS, undefined);
	assert.equal(await child.confine({
		dir, restrictedOutgoingAddresses: 'self', allowedOutgoingPorts: [53], readOnly: '/etc/a', policy: '/etc/p',
	}), undefined);
	assert.deepEqual(lines('narrow.words'), [
		'--narrow', '--cgroup=shop', `--dir=${dir}`, '--safe-mode', '--restricted-outgoing-addresses=self',
		'--allowed-outgoing-ports=53', '--read-only=/etc/a', '--policy=/etc/p', '--keep-fd=3',
	]);
	await child.confine({ keepFd: [3, 21] });
	assert.deepEqual(lines('narrow.words'), ['--narrow', '--cgroup=shop', '--safe-mode', '--keep-fd=3', '--keep-fd=21']);
	const ended = once(child, 'exit');
	child.disconnect();
	await child.confine();
	assert.deepEqual(lines('narrow.words'), ['--narrow', '--cgroup=shop', '--safe-mode']);
	await ended;
});

test('what keeps it warm is the reason of a rejection', async (t) => {
	const { tools, dir, script, say } = fake(t);
	const child = warm(script('app.js', "process.send('ready'); process.on('message', () => {})"), { tools, dir, silent: true });
	await once(child, 'message');
	say('narrow.fails', "1 tenant 'x' stays warm: it holds open what was not named: 7 (/x); let it close that\n");
	await assert.rejects(child.confine(), {
		code: 'ERR_SAFENODE_FAILED', cure: 'let it close that', exitStatus: 1, message: /stays warm: .* 7 \(\/x\)/,
	});
	child.disconnect();
	await once(child, 'exit');
});

test('each option has its time', async (t) => {
	const { tools, dir, script } = fake(t);
	const file = script('app.js', '');
	for (const late of [{ readOnly: '/a' }, { restrictedOutgoingAddresses: 'self' }, { policy: '/p' }, { observe: true }])
		assert.throws(() => warm(file, { tools, dir, ...late }), { code: 'ERR_SAFENODE_USAGE', message: /give it to confine\(\)/ });
	assert.throws(() => warm(file, { tools, dir, stdio: ['pipe', 'pipe', 'pipe'] }), { message: /no 'ipc'/ });
	const child = warm(file, { tools, dir, silent: true });
	const ended = once(child, 'exit');
	for (const early of [{ user: 'x' }, { cgroup: 'y' }, { delegated: true }])
		await assert.rejects(child.confine(early), { code: 'ERR_SAFENODE_USAGE', message: /give it to warm\(\)/ });
	for (const wrong of [{ env: {} }, { stdio: 'pipe' }, { unknown: 1 }, { keepFd: 3 }, { keepFd: [null] }])
		await assert.rejects(child.confine(wrong), { code: 'ERR_SAFENODE_USAGE' });
	await ended;
});
