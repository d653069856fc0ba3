// SPDX-License-Identifier: GPL-2.0-only
// Other ways to files than fs: databases, WASI, reports, snapshots, io_uring.
'use strict';
const fs = require('fs');
const path = require('path');
const v8 = require('v8');
const { act, inside, absent, expect, Failure } = require('./acts.js');
const config = require('./config.json');

// Told apart from node's own: require() throws for a module that it has never heard of.
function optional(name) {
	try {
		return require(name);
	} catch (error) {
		throw absent();
	}
}

// ---- SQLite ----

const CANTOPEN = 14;

function sqlite(fn) {
	const { DatabaseSync } = optional('node:sqlite');

	try {
		return fn(DatabaseSync);
	} catch (error) {
		throw error.errcode === CANTOPEN ? new Failure('CANTOPEN', error.message) : error;
	}
}

// ---- WASI ----

// (module (memory (export "memory") 1) (func (export "_initialize")))
const EMPTY = Buffer.from('0061736d01000000' + '010401600000' + '03020100' + '0503010001' +
	'071802' + '066d656d6f72790200' + '0b5f696e697469616c697a650000' + '0a040102000b', 'hex');
const FIRST_PREOPEN = 3;
const FD_READ = 2n; // the right to
const WASI_ERRORS = { 2: 'EACCES', 44: 'ENOENT', 63: 'EPERM', 76: 'ENOTCAPABLE' };

function wasiOf(dir) {
	const { WASI } = optional('wasi');
	const wasi = new WASI({ version: 'preview1', preopens: { '/': dir } });
	const instance = new WebAssembly.Instance(new WebAssembly.Module(EMPTY),
		{ wasi_snapshot_preview1: wasi.wasiImport });

	wasi.initialize(instance);
	return { calls: wasi.wasiImport, memory: Buffer.from(instance.exports.memory.buffer) };
}

function checkWasi(error) {
	if (error)
		throw new Failure(WASI_ERRORS[error] || `WASI ${error}`);
}

function readByWasi(dir, name) {
	const { calls, memory } = wasiOf(dir);
	const length = memory.write(name, 0);

	checkWasi(calls.path_open(FIRST_PREOPEN, 0, 0, length, 0, FD_READ, 0n, 0, 100));
	memory.writeUInt32LE(200, 104); // one buffer: where...
	memory.writeUInt32LE(100, 108); // ... and how long
	checkWasi(calls.fd_read(memory.readUInt32LE(100), 104, 1, 112));
	return memory.toString('utf8', 200, 200 + memory.readUInt32LE(112));
}

// ---- the acts ----

for (const place of ['own', 'hidden']) {
	const dir = config.places[place];
	const each = (name, fn) => act(`${name}_${place}`, () => fn(path.join(dir, name)));

	each('sqlite', at => sqlite(DatabaseSync => {
		const db = new DatabaseSync(`${at}.db`);

		db.exec('PRAGMA journal_mode = WAL'); // maps the index, and locks it
		db.exec('CREATE TABLE t (n INTEGER)');
		for (let i = 0; i < 10; i++)
			db.prepare('INSERT INTO t VALUES (?)').run(i);
		expect(db.prepare('SELECT sum(n) AS sum FROM t').get().sum === 45, 'another sum');
		db.close();
	}));
	each('sqlite_attach', at => sqlite(DatabaseSync => {
		const db = new DatabaseSync(':memory:');

		db.exec(`ATTACH '${at}.db' AS other`);
		db.exec('CREATE TABLE other.t (n INTEGER)');
		db.close();
	}));
	each('sqlite_vacuum_into', at => sqlite(DatabaseSync => {
		const db = new DatabaseSync(':memory:');

		db.exec('CREATE TABLE t (n INTEGER)');
		db.exec(`VACUUM INTO '${at}.db'`);
		db.close();
	}));

	each('wasi', at => {
		expect(readByWasi(dir, `${path.basename(at)}.txt`) === 'wasi\n', 'other contents');
	});
	// the preopened directory is the tenant's own, but a link in it leads to the place
	each('wasi_link', at => {
		const link = path.join(config.places.own, `wasi_${place}.d`);

		fs.symlinkSync(dir, link);
		expect(readByWasi(link, `${path.basename(at)}.txt`) === 'wasi_link\n', 'other contents');
	});

	each('report', at => {
		process.report.compact = true;
		// an empty name says that it could not be written; why is only told on stderr
		if (!process.report.writeReport(`${at}.json`))
			throw new Failure('unwritten');
		expect(JSON.parse(fs.readFileSync(`${at}.json`)).header.processId === process.pid,
			'not of this process');
	});
	const slow = place === 'own' ? inside : act;

	slow(`heap_snapshot_${place}`, () => {
		const at = path.join(dir, 'heap_snapshot');

		v8.writeHeapSnapshot(`${at}.heapsnapshot`);
		expect(fs.statSync(`${at}.heapsnapshot`).size > 100000, 'too little');
	});
	each('load_env_file', at => {
		if (!process.loadEnvFile)
			throw absent();
		process.loadEnvFile(`${at}.txt`);
	});
}

// The runner asks for io_uring by UV_USE_IO_URING=1: libuv must find its way without it.
act('io_uring', async () => {
	const dir = path.join(config.places.own, 'many');

	expect(process.env.UV_USE_IO_URING === '1', 'not asked for');
	await fs.promises.mkdir(dir);
	await Promise.all(Array.from({ length: 100 }, async (_, i) => {
		const file = path.join(dir, String(i));

		await fs.promises.writeFile(file, `${i}`);
		await fs.promises.stat(file);
		expect(await fs.promises.readFile(file, 'utf8') === `${i}`, 'other contents');
		await fs.promises.rename(file, `${file}.old`);
		await fs.promises.unlink(`${file}.old`);
	}));
	await fs.promises.rmdir(dir);
});
