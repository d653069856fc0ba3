// SPDX-License-Identifier: GPL-2.0-only
// Processes that are warm first, and tenants then. As root, with safenode loaded.
'use strict';
const assert = require('node:assert');
const { once } = require('node:events');
const { after, test } = require('node:test');
const { status, warm } = require('safenode');
const { directory, tenants } = require('./world.js');

const POOL = directory('npm-pool');
const children = [];
// where a test failed
after(() => children.forEach((child) => child.kill('SIGKILL')));

async function answer(child) {
	const ended = once(child, 'exit').then(([code, signal]) => assert.fail(`it has ended: ${code ?? signal}`));
	const [{ said }] = await Promise.race([once(child, 'message'), ended]);
	ended.catch(() => {});
	return said;
}

function ask(child, ...words) {
	child.send(words);
	return answer(child);
}

async function started(name, options) {
	const child = warm('warm.js', { dir: POOL, cgroup: name, silent: true, ...options });
	children.push(child);
	assert.equal(await answer(child), 'ready');
	return child;
}

const modeOf = async (child) => (await status(child.tenant)).tenants[0].mode;

test('a pool of warm processes, of which each becomes the tenant of one directory', async () => {
	const pool = await Promise.all(['pool-1', 'pool-2'].map((name) => started(name)));
	const dirs = ['npm-first', 'npm-second'].map((name) => directory(name));
	for (const [i, child] of pool.entries()) {
		assert.equal(await modeOf(child), 'warm');
		assert.deepEqual(await ask(child, 'look'), { isSafeMode: false, directory: null, passwd: 'ok' });
		await ask(child, 'go', dirs[i]);
		await child.confine({ dir: dirs[i], restrictedOutgoingAddresses: 'self' });
		assert.equal(await modeOf(child), 'enforce');
		assert.deepEqual(await ask(child, 'look'), { isSafeMode: true, directory: dirs[i], passwd: 'ENOENT' });
		await assert.rejects(child.confine(), { code: 'ERR_SAFENODE_USAGE', message: /is not warm/ });
	}
	assert.deepEqual(await ask(pool[1], 'look'), { isSafeMode: true, directory: dirs[1], passwd: 'ENOENT' });
	for (const child of pool) {
		child.disconnect();
		await once(child, 'exit');
	}
	assert.deepEqual(tenants().filter((name) => name.startsWith('pool-')), []);
});

test('what it has open is named, and it stays warm', async () => {
	const child = await started('pool-3', { pidsMax: 100 });
	const fd = await ask(child, 'open', '/etc/passwd');
	await assert.rejects(child.confine(), {
		code: 'ERR_SAFENODE_FAILED',
		message: new RegExp(`stays warm: it holds open what was not named: ${fd} \\(/etc/passwd\\)`),
	});
	assert.deepEqual(await ask(child, 'look'), { isSafeMode: false, directory: null, passwd: 'ok' });
	await ask(child, 'close', fd);
	await child.confine();
	assert.equal((await ask(child, 'look')).isSafeMode, true);
	assert.equal((await status('pool-3')).tenants[0].policy['pids-max'], 100);
	child.kill();
	await once(child, 'exit');
});
