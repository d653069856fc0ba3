// SPDX-License-Identifier: GPL-2.0-only
// What tenants are refused, as it happens. One safenode-log for all tenants of this process, from
// the first time that anybody wants to know until the last of them is gone.
'use strict';
const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const readline = require('node:readline');
const { toolError } = require('./errors.js');
const { status } = require('./status.js');
const { ENVIRONMENT, findTool, lastLine } = require('./tools.js');

// How long the end of a tenant waits for events that are counted and have not come
const PATIENCE_MS = 2000;

// By the directory of the tools
const readers = new Map();

process.on('exit', () => readers.forEach((reader) => reader.stop()));

class Reader {
	constructor(tools) {
		this.tools = tools;
		this.tenants = new Set();
		this.log = null;
	}

	static of(tools) {
		if (!readers.has(tools))
			readers.set(tools, new Reader(tools));
		return readers.get(tools);
	}

	start() {
		if (this.log)
			return;
		const since = Math.min(...[...this.tenants].map((tenant) => tenant.since));
		const log = spawn(findTool('safenode-log', this.tools),
			['--json', '--follow', '--without-known', `--since=${new Date(since).toISOString()}`],
			{ stdio: ['ignore', 'pipe', 'pipe'], env: ENVIRONMENT });
		this.log = log;
		let said = '';
		log.once('error', (error) => this.fail(log, error));
		if (log.pid === undefined)
			return;
		readline.createInterface({ input: log.stdout }).on('line', (line) => this.read(log, line));
		log.stderr.setEncoding('utf8').on('data', (text) => { said = (said + text).slice(-1000); });
		log.once('close', (code) => this.fail(log, toolError(code, lastLine(said) || 'safenode-log has ended')));
		// tenants keep this process alive, their log does not
		for (const one of [log, log.stdout, log.stderr])
			one.unref();
	}

	stop() {
		const { log } = this;
		this.log = null;
		if (log)
			log.kill();
	}

	fail(log, error) {
		if (this.log !== log)
			return;
		this.log = null;
		for (const tenant of this.tenants)
			tenant.fail(error);
	}

	// The last line of one that was ended can be cut off.
	read(log, line) {
		let record;
		try {
			record = JSON.parse(line);
		} catch {
			return;
		}
		if (this.log === log)
			this.take(record);
	}

	// An event of one tenant; or how many were missed, of one or of all
	take(record) {
		const named = [...this.tenants].filter((tenant) => shown(tenant.name) === record.tenant);
		if (record.op === undefined)
			(named.length ? named.slice(0, 1) : [...this.tenants]).forEach((tenant) => tenant.emit('missed', record));
		else if (named.length)
			named[0].take(record);
	}

	remove(tenant) {
		this.tenants.delete(tenant);
		if (!this.tenants.size)
			this.stop();
	}
}

// A tenant as the log names it: one that the broker made has the number of its user in front.
function shown(name) {
	return process.geteuid() ? `${process.geteuid()}:${name}` : name;
}

// Those of one tenant. Emits 'denial', 'missed' and 'failed'.
class Denials extends EventEmitter {
	// @since: milliseconds; what was before is of another tenant of that name
	constructor(name, since, tools) {
		super();
		this.name = name;
		this.since = since;
		this.seen = 0;
		this.queues = new Set();
		this.followed = false;
		this.over = false;
		this.reader = Reader.of(tools);
		this.reader.tenants.add(this);
	}

	follow() {
		if (this.over)
			return;
		this.followed = true;
		this.reader.start();
	}

	// With --log-granted, what was granted comes as well.
	take(record) {
		if ((record.error === null && record.would === undefined) || Date.parse(record.time) < this.since)
			return;
		this.seen++;
		this.emit('denial', record);
		this.queues.forEach((queue) => queue.push(record));
		this.emit('seen');
	}

	fail(error) {
		this.queues.forEach((queue) => queue.end(error));
		this.emit('seen');
		if (this.followed)
			this.emit('failed', error);
	}

	// Waits for what safenode has counted and reported until now, but not for ever.
	async drain() {
		const control = new AbortController();
		const timer = setTimeout(() => control.abort(), PATIENCE_MS);
		try {
			const number = this.followed ? await this.reported() : 0;
			while (this.seen < number && this.reader.log)
				await once(this, 'seen', { signal: control.signal });
		} catch {
			// no such tenant any more, or the time is over
		}
		clearTimeout(timer);
		this.end();
	}

	async reported() {
		const { tenants } = await status(this.name, { tools: this.reader.tools });
		const { denied = {}, lost = 0, suppressed = 0 } = (tenants || [])[0] || {};
		return Object.values(denied).reduce((sum, times) => sum + times, -lost - suppressed);
	}

	end() {
		if (this.over)
			return;
		this.over = true;
		this.reader.remove(this);
		this.queues.forEach((queue) => queue.end());
	}

	iterable() {
		return { [Symbol.asyncIterator]: () => this.queue() };
	}

	queue() {
		const queue = new Queue(() => this.queues.delete(queue));
		if (this.over)
			queue.end();
		else
			this.queues.add(queue);
		this.follow();
		return queue;
	}
}

// An iterator of what is pushed, in order, until its end.
class Queue {
	constructor(leave) {
		Object.assign(this, { leave, values: [], waiting: [], over: false, error: null });
	}

	push(value) {
		if (this.waiting.length)
			this.waiting.shift().resolve({ value, done: false });
		else if (!this.over)
			this.values.push(value);
	}

	end(error = null) {
		if (this.over)
			return;
		this.over = true;
		this.error = error;
		this.leave();
		while (this.waiting.length)
			this.finish(this.waiting.shift());
	}

	// The error is told once.
	finish({ resolve, reject }) {
		const { error } = this;
		this.error = null;
		if (error)
			reject(error);
		else
			resolve({ value: undefined, done: true });
	}

	next() {
		return new Promise((resolve, reject) => {
			if (this.values.length)
				resolve({ value: this.values.shift(), done: false });
			else if (this.over)
				this.finish({ resolve, reject });
			else
				this.waiting.push({ resolve, reject });
		});
	}

	async return(value) {
		this.values.length = 0;
		this.end();
		return { value, done: true };
	}

	[Symbol.asyncIterator]() {
		return this;
	}
}

module.exports = { Denials };
