// SPDX-License-Identifier: GPL-2.0-only
// What programs expect of node itself: modules, threads, compiled code, languages, the machine.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const util = require('util');
const zlib = require('zlib');
const { Worker, isMainThread, workerData } = require('worker_threads');
const { act, expect, once } = require('./acts.js');

// (module (func (export "mul") (param i32 i32) (result i32) local.get 0 local.get 1 i32.mul))
const MULTIPLY = Buffer.from('0061736d01000000' + '01070160027f7f017f' + '03020100' +
	'0707' + '01036d756c0000' + '0a09010700200020016c0b', 'hex');
// (module (import "e" "m" (memory 1 1 shared))
//   (func (export "add") i32.const 0 i32.const 1 i32.atomic.rmw.add drop))
const SHARED_ADD = Buffer.from('0061736d01000000' + '010401600000' +
	'0209' + '010165016d02030101' + '03020100' + '0707' + '01036164640000' +
	'0a0d010b00' + '41004101fe1e02001a0b', 'hex');
const ROUNDS = 1000;

// ---- the threads' side ----

function inThread({ counters, memory }) {
	if (counters)
		for (let i = 0; i < ROUNDS; i++)
			Atomics.add(new Int32Array(counters), 0, 1);
	if (memory) {
		const wasm = new WebAssembly.Instance(new WebAssembly.Module(SHARED_ADD),
			{ e: { m: memory } });

		for (let i = 0; i < ROUNDS; i++)
			wasm.exports.add();
	}
}

async function threads(count, data) {
	const exits = Array.from({ length: count }, () =>
		once(new Worker(__filename, { workerData: data }), 'exit'));

	for (const [code] of await Promise.all(exits))
		expect(code === 0, `a thread ended with ${code}`);
}

// ---- the acts ----

function declare() {
	act('cwd', () => {
		expect(process.cwd() === __dirname, `${process.cwd()} is not ${__dirname}`);
	});
	act('require', () => require('./modules/lib.js').answer());
	act('require_json', () => require('./modules/data.json'));
	act('require_package', () => require('pkg').name);
	act('require_missing', () => {
		try {
			require('no-such-package');
		} catch (error) {
			return error.code;
		}
		return undefined;
	});
	act('import', async () => (await import('./modules/lib.mjs')).default);
	act('import_package', async () => (await import('pkg')).default.name);

	act('worker_threads', async () => {
		const counters = new SharedArrayBuffer(4);

		await threads(2, { counters });
		return new Int32Array(counters)[0];
	});
	act('pbkdf2', async () => {
		const keys = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(word =>
			util.promisify(crypto.pbkdf2)(word, 'salt', 100, 8, 'sha256')));

		return keys.map(key => key.toString('hex')).join();
	});
	act('random', () => {
		expect(crypto.randomBytes(32).some(byte => byte), 'all zeros');
	});
	act('zlib', async () => {
		const text = Buffer.from('safenode '.repeat(10000));
		const packed = await util.promisify(zlib.gzip)(text);

		expect((await util.promisify(zlib.gunzip)(packed)).equals(text), 'not the same');
		return packed.length;
	});
	act('hot_loop', () => {
		const step = (sum, i) => (sum * 31 + i) | 0;
		let sum = 0;

		for (let i = 0; i < 1e6; i++) // enough for the optimizing compilers
			sum = step(sum, i);
		return sum;
	});
	act('code_from_strings', () => new Function('a', 'return a * 2')(21));
	act('webassembly', async () => {
		const { instance } = await WebAssembly.instantiate(MULTIPLY);

		return instance.exports.mul(6, 7);
	});
	act('webassembly_threads', async () => {
		const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

		inThread({ memory });
		await threads(1, { memory });
		return new Int32Array(memory.buffer)[0];
	});

	const day = new Date(Date.UTC(2024, 1, 29, 12));

	act('intl_date', () => ['de-DE', 'ja-JP', 'ar-EG'].map(locale =>
		new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeZone: 'UTC' }).format(day)));
	act('intl_collation', () => {
		const words = ['zebra', 'Ähre', 'ähnlich', 'Apfel'];
		const sorted = locale => [...words].sort(new Intl.Collator(locale).compare).join();

		expect(sorted('de') !== sorted('sv'), 'German and Swedish sort alike');
		return [sorted('de'), sorted('sv')];
	});
	act('time_zone', () => {
		const hours = zone => {
			process.env.TZ = zone;
			return day.getHours();
		};

		expect(hours('Asia/Tokyo') === 21 && hours('America/New_York') === 7, 'other hours');
	});
	act('local_time_zone', () => {
		delete process.env.TZ;
		return [Intl.DateTimeFormat().resolvedOptions().timeZone, day.toString()];
	});

	act('memory_usage', () => {
		const usage = process.memoryUsage();

		expect(usage.rss > usage.heapUsed && process.memoryUsage.rss() > 1 << 20, 'too little');
		expect(process.resourceUsage().maxRSS > 0, 'no maximum');
	});
	act('cpus', () => os.cpus().map(cpu => {
		expect(cpu.times.user + cpu.times.idle > 0, 'a processor without time');
		return cpu.model;
	}));
	act('available_parallelism', () => os.availableParallelism && os.availableParallelism());
	act('freemem', () => {
		expect(os.freemem() > 0 && os.freemem() < os.totalmem(), 'no memory');
		return os.totalmem();
	});
	act('loadavg', () => {
		// all three are 0 where /proc/loadavg cannot be read, but not only there
		expect(os.loadavg().length === 3, 'not three');
		fs.readFileSync('/proc/loadavg');
	});
	act('uptime', () => {
		expect(os.uptime() > 1 && process.uptime() > 0, 'just started');
	});
	act('network_interfaces', () => {
		const found = os.networkInterfaces();

		expect(found.lo.some(each => each.address === '127.0.0.1'), 'no loopback');
		return found;
	});
	act('os_names', () => [os.hostname(), os.release(), os.version(), os.machine(), os.arch()]);
	act('title', () => {
		process.title = 'tenant';
		expect(fs.readFileSync('/proc/self/comm', 'utf8') === 'tenant\n', 'another name');
		expect(fs.readFileSync('/proc/self/cmdline', 'utf8').startsWith('tenant'), 'other words');
	});
	act('priority_own', () => {
		os.setPriority(1);
		expect(os.getPriority() === 1, 'not changed');
	});
	act('kill_self', () => new Promise(resolve => {
		process.on('SIGUSR2', () => resolve());
		process.kill(process.pid, 0);
		process.kill(process.pid, 'SIGUSR2');
	}));
	act('umask', () => {
		process.umask(0o077);
		fs.writeFileSync(path.join(__dirname, 'masked'), '');
		return fs.statSync(path.join(__dirname, 'masked')).mode;
	});
}

if (isMainThread)
	declare();
else
	inThread(workerData);
