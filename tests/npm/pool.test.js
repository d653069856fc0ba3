// SPDX-License-Identifier: GPL-2.0-only
// The pool of examples/hosting: a customer's program starts in a process that is warm, and is confined as
// any other. As root, with safenode loaded.
'use strict';
const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { after, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { status } = require('safenode');
const { directory, tenants } = require('./world.js');

const HOSTING = path.join(__dirname, 'examples/hosting');
const PORT = 9001;
const DIR = directory('pool-customer', { own: 'of its own' });
const POOL = directory('pool', { 'host.js': fs.readFileSync(`${HOSTING}/host.js`) });
const ENTRY = { port: PORT, script: 'rude.js', args: [], dir: DIR, pidsMax: 50 };

const cold = require(`${HOSTING}/process.js`).starter();
const pool = require(`${HOSTING}/pool.js`).starter({ dir: POOL }, { customer: ENTRY });

// undefined: no answer
const get = (where) => new Promise((resolve) => {
	http.get(`http://127.0.0.1:${PORT}${where}`, { agent: false }, async (response) => {
		resolve((await response.setEncoding('utf8').toArray()).join(''));
	}).on('error', () => resolve(undefined));
});

const ours = () => tenants().filter((name) => name.startsWith('pool-'));
const modeOf = async (name) => (await status(name)).tenants[0].mode;

async function until(look) {
	for (const end = Date.now() + 90_000; Date.now() < end; await sleep(50)) {
		if (await look())
			return;
	}
	assert.fail(`never: ${look}`);
}

// where a test failed
const started = [];
after(() => {
	for (const child of started)
		child.kill('SIGKILL');
	return pool.stop();
});

// A program that answers, and the milliseconds until it did
async function served(starter) {
	const begin = Date.now();
	const child = starter.start('customer', ENTRY);
	started.push(child);
	await until(async () => await get('/') === 'rude\n');
	return { child, ms: Date.now() - begin };
}

function ended(child) {
	child.kill('SIGKILL');
	return once(child, 'exit');
}

test('a program in a warm process is confined as one that was started so', async () => {
	await pool.check();
	const { child } = await served(pool);
	const { tenants: [{ mode, dir, policy }] } = await status(child.tenant);
	assert.deepEqual([mode, dir, policy['pids-max']], ['enforce', DIR, 50]);
	assert.equal(await get(`/try?read&${encodeURIComponent(`${DIR}/own`)}`), 'ok');
	assert.equal(await get(`/try?read&${encodeURIComponent(`${POOL}/host.js`)}`), 'ENOENT');
	assert.equal(await get('/try?read&%2Fetc%2Fpasswd'), 'ENOENT');
	// and cannot speak to the server
	assert.equal(await get('/channel'), 'false');
	await ended(child);
});

test('it starts in the process that waits, and another one waits then', async (t) => {
	const first = await served(cold);
	await ended(first.child);
	await until(() => ours().length === 1);
	const [waiting] = ours();
	assert.equal(await modeOf(waiting), 'warm');
	await sleep(first.ms);
	const second = await served(pool);
	assert.equal(second.child.tenant, waiting);
	// by the clock of an emulator, which says little: docs/warm.md has instructions
	t.diagnostic(`${first.ms} ms cold, ${second.ms} ms warm`);
	await until(() => ours().some((name) => name !== waiting));
	await ended(second.child);
});

test('what a customer cannot be confined to is an error, and its program is not run', async () => {
	const child = pool.start('customer', { ...ENTRY, allowedOutgoingPorts: 'none at all' });
	const [error] = await once(child, 'error');
	assert.equal(error.code, 'ERR_SAFENODE_USAGE');
	await once(child, 'exit');
	assert.equal(await get('/'), undefined);
});

test('nothing is left when it is stopped', async () => {
	await pool.stop();
	assert.deepEqual(ours(), []);
});
