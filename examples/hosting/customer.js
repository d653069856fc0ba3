// SPDX-License-Identifier: GPL-2.0-only
// One customer: its program, started again when it ends, with what it says and what it is refused in
// one log.
'use strict';
const { EventEmitter, once } = require('node:events');
const { lines } = require('./lines.js');

// The first pause before a program starts again, and the longest: each is twice the one before
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 30_000;

// A program that has run so long begins with the first pause again
const STEADY_MS = 60_000;

// Between SIGTERM and SIGKILL
const GRACE_MS = 5_000;

function reason(code, signal, outOfMemory) {
	const how = signal ?? `status ${code}`;
	return outOfMemory ? `${how}, out of memory` : how;
}

// Emits 'said'. Nothing in it is of the program's choice, which the log's records can have.
class Customer extends EventEmitter {
	// @entry: { port, script, args, ...options of the npm package's spawn() }
	constructor(name, entry, starter, log) {
		super();
		Object.assign(this, { name, starter, log, child: null, timer: null, stopping: false, copies: [] });
		this.entry = { script: 'server.js', args: [], ...entry };
		Object.assign(this, { state: 'stopped', since: new Date(), restarts: 0, pause: PAUSE_MS });
	}

	get port() {
		return this.entry.port;
	}

	status() {
		const { state, since, restarts, port, child } = this;
		return { state, since, restarts, port, pid: child?.pid ?? null };
	}

	become(state) {
		Object.assign(this, { state, since: new Date() });
	}

	record(what) {
		return this.log.write({ time: new Date(), ...what });
	}

	start() {
		this.become('running');
		try {
			this.follow(this.starter.start(this.name, this.entry));
		} catch (error) {
			this.fail(error);
			this.ended('not started');
		}
	}

	follow(child) {
		this.child = child;
		this.record({ started: child.pid ?? null });
		this.copies = [this.copy(child.stdout, 'out'), this.copy(child.stderr, 'err')];
		child.on('denial', (denial) => this.log.write(denial));
		child.on('missed', (missed) => this.record({ missed }));
		child.on('error', (error) => {
			this.fail(error);
			if (child.pid === undefined)
				this.ended('not started');
		});
		child.on('exit', (code, signal) => this.ended(reason(code, signal, child.outOfMemory)));
	}

	// What is not written yet is not read from the program, which waits then.
	async copy(stream, as) {
		try {
			for await (const line of lines(stream))
				await this.record({ [as]: line });
		} catch {
			// there is no more of it
		}
	}

	fail(error) {
		const line = error.line ?? error.message;
		this.record({ failed: line });
		this.emit('said', line);
	}

	ended(how) {
		this.child = null;
		if (this.stopping) {
			this.become('stopped');
			this.record({ ended: how });
		} else {
			this.startLater(how);
		}
		this.emit('ended');
	}

	startLater(how) {
		if (Date.now() - this.since >= STEADY_MS)
			this.pause = PAUSE_MS;
		const { pause } = this;
		this.pause = Math.min(2 * pause, PAUSE_MAX_MS);
		this.become('waiting');
		this.record({ ended: how, again: pause / 1000 });
		this.emit('said', `ended (${how}), starts again in ${pause / 1000} s`);
		this.timer = setTimeout(() => {
			this.restarts++;
			this.start();
		}, pause);
	}

	async stop() {
		this.stopping = true;
		clearTimeout(this.timer);
		if (this.child) {
			const late = setTimeout(() => this.child?.kill('SIGKILL'), GRACE_MS);
			this.child.kill('SIGTERM');
			await once(this, 'ended');
			clearTimeout(late);
		}
		this.become('stopped');
		await Promise.all(this.copies);
		await this.log.close();
	}
}

module.exports = { Customer };
