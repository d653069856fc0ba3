// SPDX-License-Identifier: GPL-2.0-only
// The server of examples/hosting with the tenants t1 and t2 as its customers: has them work, checks
// the result, then lets each try what it can do to the other, and looks at what became of it.
//
// usage: node server.js outside|inside DIRECTORY UID EXTERNAL-URL
// The results go to DIRECTORY/outside.json or inside.json, the tenants' logs to DIRECTORY/logs. Then it
// waits for SIGTERM. The two rounds differ in one thing: how a tenant is started, see STARTERS.
'use strict';
const { spawn } = require('child_process');
const crypto = require('crypto');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const { Hosting } = require('./hosting/hosting.js'); // where ./run has copied it
const { starter } = require('./hosting/process.js');
const { seenByServer } = require('./acts.js');
const { ask, serve } = require('./http-json.js');

const NAMES = ['t1', 't2'];
const PROGRAM = ['app.js', 'acts.js', 'http-json.js', 'addon.node'];
const PATIENCE = 300; // s for one answer: each of them is many acts, on a machine that may be emulated

const [round, base, uidText, external] = process.argv.slice(2);
const uid = Number(uidText);
const unixSocket = `${base}/server.sock`;

function say(text) {
	console.log(`  server: ${text}`);
}

// ---- starting ----

// The tenants' user, just as little privileged as safenode-attach leaves it
const AS_TENANT = ['setpriv', '--pdeathsig=KILL', `--reuid=${uid}`, `--regid=${uid}`,
	'--clear-groups', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
const NODE = ['node', '--inspect-port=0'];

function startAsTenant([program, ...args], options) {
	return spawn(AS_TENANT[0], [...AS_TENANT.slice(1), program, ...args],
		{ stdio: ['ignore', 'pipe', 'pipe'], ...options });
}

const STARTERS = {
	outside: {
		check: async () => {},
		start: (name, { port, script, args, dir }) => startAsTenant([...NODE, script, ...args],
			{ cwd: dir, env: { ...process.env, PORT: port } }),
	},
	inside: starter({ execArgv: NODE.slice(1) }),
};

async function freePort() {
	const listener = net.createServer().listen(0, '127.0.0.1');
	await once(listener, 'listening');
	const { port } = listener.address();
	await new Promise((resolve) => { listener.close(resolve); });
	return port;
}

// A tenant's directory: its program, its scratch space, and files for the other to read, write and
// delete. Both tenants are one user and all may read: it is not permissions that refuse.
function prepare(name) {
	const dir = `${base}/${name}`;
	const secret = `${name} ${crypto.randomUUID()}\n`;
	fs.rmSync(dir, { recursive: true, force: true });
	fs.mkdirSync(`${dir}/scratch`, { recursive: true });
	for (const file of PROGRAM)
		fs.copyFileSync(`${__dirname}/${file}`, `${dir}/${file}`);
	fs.writeFileSync(`${dir}/private.txt`, secret);
	fs.writeFileSync(`${dir}/inbox.txt`, 'empty\n');
	fs.writeFileSync(`${dir}/old.txt`, 'old\n');
	for (const file of ['.', ...fs.readdirSync(dir)])
		fs.chownSync(`${dir}/${file}`, uid, uid);
	return { name, dir, secret, results: [] };
}

// The front leads to it.
function askTenant(tenant, path, question) {
	return ask(`${tenant.front}/${tenant.name}${path}`, question);
}

// ---- ordinary work, and what is not ----

// One row of the table: look() returns the outcome, or throws.
async function observe(tenant, { what }, look) {
	const outcome = await look().catch((error) => error.message);
	tenant.results.push({ what, outcome });
	say(`${tenant.name}: ${what}: ${outcome}`);
}

async function work(tenant) {
	const answer = await askTenant(tenant, '/work');
	const expected = await ask(`${external}/checksum`);
	if (answer.sha256 !== expected.sha256 || answer.bytes !== expected.bytes)
		throw new Error('wrong result');
	return 'ok';
}

async function interfere(tenant, other) {
	// outside, where the signal arrives, a stand-in is sent it
	const victim = round === 'inside' ? other.customer.child : startAsTenant(['sleep', '999'], { stdio: 'ignore' });
	const { name, dir, secret, port, udpPort } = other;
	const results = await askTenant(tenant, '/interfere', {
		other: { name, dir, secret, port, udpPort, pid: other.customer.child.pid },
		victim: victim.pid,
		unixSocket,
	});
	tenant.results.push(...results);
	const done = results.filter((result) => result.outcome === 'ok').length;
	say(`${tenant.name}: tried ${results.length} acts, succeeded in ${done}`);
	await observe(tenant, seenByServer.harm, () => harmTo(other, victim));
	if (round !== 'inside')
		victim.kill('SIGKILL');
}

async function harmTo(other, victim) {
	const read = (file) => fs.promises.readFile(`${other.dir}/${file}`, 'utf8').catch(String);
	const harms = [
		await read('inbox.txt') !== 'empty\n',
		await read('old.txt') !== 'old\n',
		victim.exitCode !== null || victim.signalCode !== null,
	];
	const count = harms.filter(Boolean).length;
	return { 0: 'unharmed', 3: 'harmed' }[count] || `${count} of 3 harmed`;
}

// ---- one round ----

// Resolves when each tenant has reported what it listens on.
async function startTenants(tenants) {
	const reports = {};
	const port = await serve({
		'/time': () => ({ time: new Date() }),
		'/report': (report) => {
			reports[report.name](report);
			return {};
		},
	});
	const entries = await Promise.all(tenants.map(async ({ name, dir }) => [name, {
		dir, port: await freePort(), allowedOutgoingPorts: port, script: 'app.js',
		args: [name, `http://127.0.0.1:${port}`, external],
	}]));
	const hosting = new Hosting({ address: '127.0.0.1', port: 0, privatePort: 0, logs: `${base}/logs/${round}`,
		patience: PATIENCE, customers: Object.fromEntries(entries) }, STARTERS[round]);
	hosting.on('said', say);
	const reported = tenants.map(({ name }) => new Promise((resolve) => { reports[name] = resolve; }));
	await hosting.open();
	await Promise.all(tenants.map(async (tenant, i) => {
		const customer = hosting.customers.get(tenant.name);
		const front = `http://127.0.0.1:${hosting.servers[0].address().port}`;
		Object.assign(tenant, { customer, front }, await reported[i]);
		say(`${tenant.name}: runs as process ${customer.child.pid}, serves port ${tenant.port}`);
	}));
	return hosting;
}

// In one step, for whoever waits for it
function writeResults(tenants) {
	const results = Object.fromEntries(tenants.map((t) => [t.name, t.results]));
	fs.writeFileSync(`${base}/results.new`, JSON.stringify(results));
	fs.renameSync(`${base}/results.new`, `${base}/${round}.json`);
}

async function main() {
	const tenants = NAMES.map(prepare);
	const [t1, t2] = tenants;
	let hosting = null;

	process.once('SIGTERM', async () => {
		await hosting?.stop();
		process.exit(0);
	});
	fs.rmSync(unixSocket, { force: true });
	await once(net.createServer((socket) => socket.end()).listen(unixSocket), 'listening');
	fs.chmodSync(unixSocket, 0o777);
	hosting = await startTenants(tenants);
	try {
		await Promise.all(tenants.map((t) => observe(t, seenByServer.work, () => work(t))));
		await interfere(t1, t2);
		await interfere(t2, t1);
		for (const t of tenants)
			await observe(t, seenByServer.alive, () => askTenant(t, '/hello').then(() => 'ok'));
	} catch (error) {
		say(error.stack);
	}
	writeResults(tenants); // whatever the end, those so far
}

main().catch((error) => {
	say(error.stack);
	process.exit(1);
});
