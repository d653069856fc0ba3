// SPDX-License-Identifier: GPL-2.0-only
// Files that node writes by itself where it is told to: reports, profiles, logs, stores.
'use strict';
const fs = require('fs');
const Module = require('module');
const path = require('path');
const v8 = require('v8');
const { Worker } = require('worker_threads');
const { act, absent, expect, once, Failure } = require('./acts.js');
const config = require('./config.json');

const major = Number(process.versions.node.split('.')[0]);

// Where it fails, most of them only say so on stderr: what counts is the file. None in a hidden
// directory can be seen from inside, so there the runner looks.
function wrote(dir) {
	if (!fs.existsSync(dir) || fs.readdirSync(dir).length === 0)
		throw new Failure('unwritten');
}

async function worker(source, ...execArgv) {
	// where it cannot write it may end with an error: what counts is the file
	await once(new Worker(source, { eval: true, execArgv }), 'exit').catch(() => {});
}

const BUSY = 'let sum = 0; for (let i = 0; i < 1e5; i++) sum += Math.sqrt(i);';

for (const place of ['own', 'hidden']) {
	const dir = path.join(config.places[place], 'written');
	// each has a directory of its own, which the runner has made
	const each = (name, fn) => act(`${name}_${place}`, () => fn(path.join(dir, name)));

	each('report_directory', at => {
		process.report.directory = at;
		process.report.filename = 'report.json';
		process.report.compact = true;
		try {
			process.report.writeReport();
		} finally {
			process.report.directory = '';
			process.report.filename = '';
		}
		wrote(at);
	});
	each('report_dots', at => {
		process.report.writeReport(path.relative('', path.join(at, 'report.json')));
		wrote(at);
	});
	each('report_of_error', at => {
		process.report.writeReport(path.join(at, 'report.json'), new Error('asked for'));
		wrote(at);
	});
	each('cpu_profile', async at => {
		await worker(BUSY, '--cpu-prof', `--cpu-prof-dir=${at}`);
		wrote(at);
	});
	each('heap_profile', async at => {
		await worker(BUSY, '--heap-prof', `--heap-prof-dir=${at}`);
		wrote(at);
	});
	each('diagnostic_dir', async at => {
		await worker(BUSY, '--cpu-prof', `--diagnostic-dir=${at}`);
		wrote(at);
	});
	each('warnings', async at => {
		await worker('process.emitWarning("asked for")', `--redirect-warnings=${at}/warnings`);
		wrote(at);
	});
	// a flag of V8, which the next isolate obeys
	each('v8_log', async at => {
		v8.setFlagsFromString(`--logfile=${at}/v8.log`);
		v8.setFlagsFromString('--no-logfile-per-isolate');
		v8.setFlagsFromString('--log');
		await worker(BUSY);
		v8.setFlagsFromString('--no-log');
		wrote(at);
	});
	each('web_storage', async at => {
		if (major < 22)
			throw absent();
		await worker('localStorage.setItem("key", "value")',
			'--experimental-webstorage', `--localstorage-file=${at}/store`);
		wrote(at);
	});
	each('compile_cache', async at => {
		if (!Module.enableCompileCache)
			throw absent();
		await worker(`require('module').enableCompileCache('${at}')`);
		wrote(at);
	});
	each('sqlite_backup', async at => {
		let sqlite;

		try {
			sqlite = require('node:sqlite');
		} catch (error) {
			throw absent();
		}
		if (!sqlite.backup)
			throw absent();
		const db = new sqlite.DatabaseSync(':memory:');

		db.exec('CREATE TABLE t (n INTEGER)');
		await sqlite.backup(db, path.join(at, 'backup.db')).catch(error => {
			throw new Failure('unwritten', error.message);
		});
		db.close();
		wrote(at);
	});
	each('vfs', at => {
		let vfs;

		try {
			vfs = require('node:vfs');
		} catch (error) {
			throw absent();
		}
		vfs.create(new vfs.RealFSProvider(at)).writeFileSync('/file', 'by vfs');
		wrote(at);
	});
}
