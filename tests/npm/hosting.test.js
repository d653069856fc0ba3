// SPDX-License-Identifier: GPL-2.0-only
// examples/hosting with two customers, of which one is rude. As root, with safenode loaded.
// SHAPE: how the server is told to start them; where that is "container", IMAGE is podman's.
'use strict';
const assert = require('node:assert');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { after, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { USER, directory, tenants } = require('./world.js');

// How a tenant is called, and what is said of the end of one that was killed, and that by the kernel for
// its memory, which podman 4.3 does not always notice. A container does not have the other's directory, so
// there is nothing to refuse.
const SHAPES = {
	process: { called: (name) => name, killed: 'SIGKILL', starved: /^SIGKILL, out of memory$/, hasOther: true },
	container: {
		called: (name) => `container/${name}`, killed: 'status 137', starved: /^status 137(, out of memory)?$/, hasOther: false,
	},
};
const { SHAPE = 'process', IMAGE } = process.env;
const { called, killed, starved, hasOther } = SHAPES[SHAPE];

const SERVER = path.join(__dirname, 'examples/hosting/server.js');
const LOGS = '/run/hosting';
const [FRONT, PRIVATE, OPEN] = [8000, 8001, 8002];
const CUSTOMERS = {
	acme: { port: 9001, memoryMax: '200M', dir: directory('hosting-acme', {
		'server.js': fs.readFileSync(path.join(__dirname, 'examples/customers/acme/server.js')),
		secret: 'of acme',
	}) },
	rude: {
		port: 9002, memoryMax: '120M', script: 'rude.js', allowedOutgoingPorts: OPEN,
		dir: directory('hosting-rude', { own: 'of rude' }),
	},
};
const [{ dir: ACME }, { dir: RUDE }] = Object.values(CUSTOMERS);

// The emulated machine is slow, and so is a start.
async function eventually(what, look) {
	const until = Date.now() + 120_000;
	for (;;) {
		const found = await look();
		if (found)
			return found;
		assert(Date.now() < until, `never: ${what}`);
		await sleep(250);
	}
}

// { status, text }; no answer at all is status 0
function ask(url, headers = {}) {
	return new Promise((resolve) => {
		http.get(url, { headers, agent: false }, async (response) => {
			const text = (await response.setEncoding('utf8').toArray()).join('');
			resolve({ status: response.statusCode, text });
		}).on('error', (error) => resolve({ status: 0, text: error.code }));
	});
}

const get = (where, headers) => ask(`http://127.0.0.1:${FRONT}${where}`, headers);
const served = (name) => eventually(`${name} answers`, async () => (await get(`/${name}/`)).status === 200);
const statusOf = async (name) => JSON.parse((await ask(`http://127.0.0.1:${PRIVATE}/`)).text)[name];
const logged = (name) => fs.readFileSync(`${LOGS}/${name}.log`, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

// What rude.js says of such an act, and the same outside, of the same user in the same directory
async function tries(...act) {
	const { text } = await get(`/rude/try?${act.map(encodeURIComponent).join('&')}`);
	const outside = spawnSync(process.execPath, ['rude.js', ...act], { cwd: RUDE, uid: USER, gid: USER, encoding: 'utf8' });
	return { inside: text, outside: outside.stdout };
}

const refusal = (op, error) => logged('rude').some((record) => record.op === op && record.error === error);

fs.rmSync(LOGS, { recursive: true, force: true });
fs.writeFileSync('/run/hosting.json', JSON.stringify({
	address: '127.0.0.1', port: FRONT, privatePort: PRIVATE, logs: LOGS, image: IMAGE, customers: CUSTOMERS,
}));
const server = spawn(process.execPath, [SERVER, '--start', SHAPE, '/run/hosting.json'], { stdio: ['ignore', 'pipe', 'inherit'] });
const exit = once(server, 'exit');
let said = '';
server.stdout.setEncoding('utf8').on('data', (text) => { said += text; });
after(() => server.kill('SIGKILL'));

test('a request goes to the customer that the host\'s name or the path names', async () => {
	await served('acme');
	await served('rude');
	assert.deepEqual(await get('/', { host: 'acme.example.com' }), { status: 200, text: 'acme\n' });
	assert.deepEqual(await get('/acme/a?b'), { status: 200, text: 'acme\n' });
	assert.equal((await get('/nobody/')).status, 404);
	assert.equal((await get('/')).status, 404);
	await eventually('the path without the name', () => logged('acme').some(({ out }) => out === 'GET /a?b'));
});

test('a customer reads its own directory, and not the other\'s', async () => {
	assert.deepEqual(await tries('read', 'own'), { inside: 'ok', outside: 'ok' });
	assert.deepEqual(await tries('read', `${ACME}/secret`), { inside: 'ENOENT', outside: 'ok' });
});

test('a customer connects neither to the other\'s port nor to those of the server', async (t) => {
	const open = http.createServer().listen(OPEN, '127.0.0.1');
	t.after(() => open.close());
	assert.deepEqual(await tries('connect', OPEN), { inside: 'ok', outside: 'ok' });
	for (const port of [CUSTOMERS.acme.port, PRIVATE, FRONT])
		assert.deepEqual(await tries('connect', port), { inside: 'EPERM', outside: 'ok' });
});

test('what it is refused is in its log, beside what it wrote', async () => {
	await eventually('the refused connection', () => refusal('net.connect', 'EPERM'));
	assert.equal(refusal('fs.lookup', 'ENOENT'), hasOther);
	// written as it is, that would be one
	assert((await get('/rude/write')).text);
	const [forged] = await eventually('its line', () => {
		const found = logged('rude').filter(({ out }) => out && out.includes('forged'));
		return found.length && found;
	});
	assert.deepEqual(JSON.parse(forged.out), { op: 'forged', error: 'EPERM' });
	assert(!logged('rude').some(({ op }) => op === 'forged'));
	assert(!logged('acme').some(({ op }) => op));
	assert.equal(fs.statSync(`${LOGS}/rude.log`).mode & 0o777, 0o600);
});

test('an answer that is none harms nobody else', async () => {
	assert.equal((await get('/rude/status')).status, 502);
	assert.equal((await get('/acme/')).status, 200);
});

test('one that ends is started again, and the other never stops', async () => {
	const { pid } = await statusOf('acme');
	const failures = [];
	let crashing = true;
	const asking = (async () => {
		while (crashing) {
			const { status } = await get('/acme/');
			if (status !== 200)
				failures.push(status);
			await sleep(200);
		}
	})();
	for (let times = 1; times <= 2; times++) {
		await get('/rude/crash');
		await eventually('it starts again', async () => (await statusOf('rude')).restarts === times);
		await served('rude');
	}
	crashing = false;
	await asking;
	assert.deepEqual(failures, []);
	const acme = await statusOf('acme');
	assert.deepEqual([acme.pid, acme.restarts], [pid, 0]);
	// each pause is longer than the one before
	const ends = logged('rude').filter(({ ended }) => ended);
	assert.deepEqual(ends.map(({ ended, again }) => [ended, again]), [['status 7', 0.5], ['status 7', 1]]);
});

test('one that takes too much memory is ended, which is said, and started again', async () => {
	await get('/rude/hog');
	await eventually('it starts again', async () => (await statusOf('rude')).restarts === 3);
	await served('rude');
	const { ended } = logged('rude').filter((record) => record.ended).pop();
	assert.match(ended, starved);
	assert(said.includes(`rude: ended (${ended}), starts again in 2 s\n`), said);
	assert.equal((await statusOf('acme')).restarts, 0);
});

test('when the server is stopped nothing is left', async () => {
	const pids = [(await statusOf('acme')).pid, (await statusOf('rude')).pid];
	const ours = () => tenants().filter((name) => ['acme', 'rude'].map(called).includes(name));
	assert.deepEqual(ours(), ['acme', 'rude'].map(called));
	server.kill('SIGTERM');
	assert.deepEqual(await exit, [0, null]);
	assert.match(said, /\nstopped\n$/);
	assert.deepEqual(ours(), []);
	for (const pid of pids)
		assert(!fs.existsSync(`/proc/${pid}`));
	assert.equal(execFileSync('find', ['/sys/fs/cgroup', '-name', 'acme', '-o', '-name', 'rude'], { encoding: 'utf8' }), '');
	// one that heeds SIGTERM, one that does not
	assert.equal(logged('acme').pop().ended, 'status 0');
	assert.equal(logged('rude').pop().ended, killed);
});
