// SPDX-License-Identifier: GPL-2.0-only
// The trusted server: starts the tenants t1 and t2, has them work, checks the result, then lets
// each try what it can do to the other, and looks at what became of it.
//
// usage: node server.js outside|inside DIRECTORY UID EXTERNAL-URL
// The results go to DIRECTORY/outside.json or inside.json. The two rounds differ in one thing: the
// arguments in front of "node app.js", see command().
'use strict';
const { spawn } = require('child_process');
const crypto = require('crypto');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const readline = require('readline');
const { seenByServer } = require('./acts.js');
const { ask, serve } = require('./http-json.js');

const NAMES = ['t1', 't2'];
const PROGRAM = ['app.js', 'acts.js', 'http-json.js', 'addon.node'];

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

function command(name, dir, port) {
	const sandbox = ['safenode-attach', '--cgroup', name, '--dir', dir, '--safe-mode',
		'--restricted-outgoing-addresses', 'self', '--allowed-outgoing-ports', `${port}`,
		'--'];
	return [...(round === 'inside' ? sandbox : AS_TENANT),
		'node', '--inspect-port=0', 'app.js', name, `http://127.0.0.1:${port}`, external];
}

const children = [];
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
process.on('SIGTERM', () => process.exit(1)); // so that "exit" comes

function start([program, ...args], cwd) {
	const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
	children.push(child);
	return child;
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

function run(tenant, port) {
	const child = start(command(tenant.name, tenant.dir, port), tenant.dir);
	for (const stream of [child.stdout, child.stderr])
		readline.createInterface(stream).on('line', (line) => {
			console.log(`  ${tenant.name}: ${line}`);
		});
	tenant.child = child; // safenode-attach execs in place: its pid becomes the tenant's
	tenant.end = new Promise((resolve, reject) => {
		child.on('error', reject).on('exit', (code, signal) => {
			reject(new Error(`${tenant.name} ended (${signal || `status ${code}`})`));
		});
	});
	tenant.end.catch(() => {}); // seen by the code that waits for the tenant
}

function askTenant(tenant, path, question) {
	const answer = ask(`http://127.0.0.1:${tenant.port}${path}`, question);
	return Promise.race([answer, tenant.end]);
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
	const victim = round === 'inside' ? other.child : start([...AS_TENANT, 'sleep', '999'], '/');
	const { name, dir, secret, port, udpPort } = other;
	const results = await askTenant(tenant, '/interfere', {
		other: { name, dir, secret, port, udpPort, pid: other.child.pid },
		victim: victim.pid,
		unixSocket,
	});
	tenant.results.push(...results);
	const done = results.filter((result) => result.outcome === 'ok').length;
	say(`${tenant.name}: tried ${results.length} acts, succeeded in ${done}`);
	await observe(tenant, seenByServer.harm, () => harmTo(other, victim));
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

async function startTenants(tenants) {
	const reports = {};
	const port = await serve({
		'/time': () => ({ time: new Date() }),
		'/report': (report) => {
			reports[report.name](report);
			return {};
		},
	});
	await Promise.all(tenants.map(async (tenant) => {
		const report = new Promise((resolve) => {
			reports[tenant.name] = resolve;
		});
		run(tenant, port);
		Object.assign(tenant, await Promise.race([report, tenant.end]));
		say(`${tenant.name}: runs as process ${tenant.child.pid}, serves port ${tenant.port}`);
	}));
}

async function main() {
	const tenants = NAMES.map(prepare);
	const [t1, t2] = tenants;
	fs.rmSync(unixSocket, { force: true });
	await once(net.createServer((socket) => socket.end()).listen(unixSocket), 'listening');
	fs.chmodSync(unixSocket, 0o777);
	// whatever the end, the results so far
	process.on('exit', () => {
		const results = Object.fromEntries(tenants.map((t) => [t.name, t.results]));
		fs.writeFileSync(`${base}/${round}.json`, JSON.stringify(results));
	});
	await startTenants(tenants);
	await Promise.all(tenants.map((t) => observe(t, seenByServer.work, () => work(t))));
	await interfere(t1, t2);
	await interfere(t2, t1);
	for (const t of tenants)
		await observe(t, seenByServer.alive, () => askTenant(t, '/hello').then(() => 'ok'));
}

main().then(() => process.exit(0), (error) => {
	say(error.stack);
	process.exit(1);
});
