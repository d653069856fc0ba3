// SPDX-License-Identifier: GPL-2.0-only
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { spawn } = require('safenode');
const { fake, IN_FORCE } = require('./fake.js');

const NOW = new Date(Date.now() + 3600e3).toISOString();
const LOG = [
	{ time: '2020-01-01T00:00:00.000Z', tenant: 'shop', op: 'fs.open', why: 'outside', error: 'ENOENT', path: '/of/an/earlier/one' },
	{ time: NOW, tenant: 'shop', op: 'fs.open', why: 'outside', error: 'ENOENT', path: '/etc/passwd' },
	{ time: NOW, tenant: 'other', op: 'fs.open', why: 'outside', error: 'ENOENT', path: '/etc/shadow' },
	{ time: NOW, tenant: 'shop', op: 'fs.stat', why: 'allowed', error: null },
	{ time: NOW, tenant: 'shop', op: 'net.connect', why: 'not-listed', error: null, would: 'EPERM' },
	{ passed_over: 3 },
];

// A tenant that runs until it is let end
function start(t, { denied = { 'fs.open': 1, 'net.connect': 1 }, log = LOG, ...counters } = {}) {
	const world = fake(t);
	// the last line is cut off, as when the tool is ended
	world.say('log', `${log.map((line) => JSON.stringify(line)).join('\n')}\n{"tenant":"sh`);
	world.say('status.json', JSON.stringify({ ...IN_FORCE, tenants: [{ name: 'shop', denied, lost: 0, suppressed: 0, ...counters }] }));
	const file = world.script('app.js', 'process.stdin.resume();');
	return { world, child: spawn(file, { tools: world.tools, dir: world.dir, cgroup: 'shop', stdio: ['pipe', 'ignore', 'inherit'] }) };
}

test("a tenant's denials are events, and all of them come before 'exit'", async (t) => {
	const { world, child } = start(t);
	const seen = [];
	let missed = null;
	child.on('denial', (denial) => seen.push(denial)).on('missed', (what) => { missed = what; });
	child.stdin.end();
	await once(child, 'exit');
	assert.deepEqual(seen, [LOG[1], LOG[4]]);
	assert.deepEqual(missed, { passed_over: 3 });
	assert.match(world.lines('log.words')[0], /^--json --follow --without-known --since=20..-..-..T..:..:..\....Z$/);
});

test('a tenant\'s denials are an iterator, which ends with it', async (t) => {
	const { child } = start(t);
	const exit = once(child, 'exit');
	const seen = [];
	for await (const denial of child.denials) {
		seen.push(denial);
		if (seen.length === 2)
			child.stdin.end();
	}
	assert.deepEqual(seen, [LOG[1], LOG[4]]);
	for await (const denial of child.denials)
		assert.fail(denial);
	await exit;
});

test('an iterator can be left', async (t) => {
	const { child } = start(t);
	for await (const denial of child.denials) {
		assert.deepEqual(denial, LOG[1]);
		break;
	}
	child.stdin.end();
	await once(child, 'exit');
});

test('nobody asks for events that nobody listens to', async (t) => {
	const { world, child } = start(t);
	child.stdin.end();
	await once(child, 'exit');
	assert(!fs.existsSync(path.join(world.tools, 'log.words')));
	assert(!fs.existsSync(path.join(world.tools, 'status.words')));
});

test('an end does not wait for ever for events that never come', async (t) => {
	const { child } = start(t, { denied: { 'fs.open': 10 }, lost: 3, suppressed: 3 });
	child.on('denial', () => {});
	child.stdin.end();
	const before = Date.now();
	await once(child, 'exit');
	assert(Date.now() - before >= 1900);
});

test('a log that cannot be read is an error, and the tenant runs on', async (t) => {
	const { world, child } = start(t);
	world.say('log.fails', 'another safenode-log reads the ring; start safenode-logd');
	child.on('denial', () => {});
	const [error] = await once(child, 'error');
	assert.equal(error.code, 'ERR_SAFENODE_FAILED');
	assert.equal(error.cure, 'start safenode-logd');
	assert.equal(child.exitCode, null);
	child.removeAllListeners('denial');
	await assert.rejects(async () => {
		for await (const denial of child.denials)
			assert.fail(denial);
	}, { code: 'ERR_SAFENODE_FAILED' });
	child.stdin.end();
	assert.deepEqual(await once(child, 'exit'), [0, null]);
});
