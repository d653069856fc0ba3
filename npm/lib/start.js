// SPDX-License-Identifier: GPL-2.0-only
// spawn(), fork() and warm(): node:child_process starts safenode-attach, which becomes node in the same
// process. So what is returned is the tenant's own ChildProcess, and there is no way on which the
// script starts without attach.
'use strict';
const childProcess = require('node:child_process');
const fs = require('node:fs');
const { Denials } = require('./denials.js');
const { toolError, usageError } = require('./errors.js');
const { checkExecPath } = require('./exec-path.js');
const { confineWords, read } = require('./options.js');
const { checkInForce, status } = require('./status.js');
const { findTool, lastLine, run } = require('./tools.js');

// attach's own failures; any other status is the script's
const FAILED = [1, 2, 3];

// Of standard error, where attach says why in one line
const SAID_MAX = 4096;

// Its path in cgroup v2, which a process keeps until its parent has asked for its exit status
function cgroupOf(pid) {
	try {
		return /^0::.*$/m.exec(fs.readFileSync(`/proc/${pid}/cgroup`, 'utf8'))[0];
	} catch {
		return null;
	}
}

// Keeps the beginning of what arrives, and takes none of it away from its reader.
function overhear(stream) {
	const heard = [];
	let size = 0;
	const { push } = stream;
	stream.push = function (chunk, ...rest) {
		if (chunk && size < SAID_MAX) {
			heard.push(Buffer.from(chunk));
			size += chunk.length;
		}
		return push.call(this, chunk, ...rest);
	};
	return () => Buffer.concat(heard).toString();
}

// One tenant, from its start until it is removed.
class Tenant {
	constructor(plan, { observe = false, tools }) {
		const attach = findTool('safenode-attach', tools);
		checkExecPath(plan.execPath, plan.dir);
		const { tenant: name, words, stdio, env, passed } = plan;
		Object.assign(this, { plan, name, observe, tools, held: [], disposed: false, joined: null });
		this.origin = cgroupOf('self');
		const since = Date.now();
		this.child = childProcess.spawn(attach, words, { ...passed, env, stdio: [...stdio, 'pipe'] });
		this.denials = new Denials(name, since, tools);
		this.ended = new Promise((resolve) => { this.settle = resolve; });
		this.equip();
		if (this.child.pid !== undefined) {
			this.watch();
			return;
		}
		// 'error' comes, and no 'exit'
		this.denials.end();
		this.settle();
	}

	// The last pipe is not kept, so it ends when attach becomes node, or ends itself. Where the
	// process is then tells which: attach joins the tenant's cgroup before, and leaves it again if it
	// fails. A script cannot pretend that it was not started: it comes later.
	watch() {
		const { child } = this;
		const sign = child.stdio.pop();
		const look = () => {
			if (this.joined === null && child.exitCode === null && child.signalCode === null)
				this.joined = cgroupOf(child.pid) !== this.origin;
		};
		sign.on('end', look).on('error', look).resume();
		this.said = child.stderr ? overhear(child.stderr) : () => '';
		this.holdTheEnd();
	}

	// 'exit' and 'close' come when the tenant is removed, so that its name is free, and after an
	// 'error' that says why it was never started.
	holdTheEnd() {
		const { child } = this;
		const { emit } = child;
		let holds = true;
		child.emit = (event, ...args) => {
			if (!holds || (event !== 'exit' && event !== 'close'))
				return emit.call(child, event, ...args);
			this.held.push([event, ...args]);
			if (event === 'exit')
				this.end(...args).catch((error) => error).then((error) => {
					holds = false;
					const all = error ? [['error', error], ...this.held] : this.held;
					// one by one: an 'error' that nobody listens to is thrown
					for (const one of all)
						process.nextTick(() => emit.apply(child, one));
					process.nextTick(this.settle);
				});
			return true;
		};
	}

	equip() {
		const { child, denials } = this;
		child.tenant = this.name;
		child.outOfMemory = false;
		child.denials = denials.iterable();
		child.on('newListener', (event) => event === 'denial' && denials.follow());
		denials.on('denial', (denial) => child.emit('denial', denial));
		denials.on('missed', (missed) => child.emit('missed', missed));
		denials.on('failed', (error) => child.listenerCount('denial') && child.emit('error', error));
		if (Symbol.asyncDispose)
			child[Symbol.asyncDispose] = () => this.dispose();
	}

	// Once, and for good; where it rejects, the process stays warm.
	async confine(options = {}) {
		const words = confineWords(this.plan, options, this.child.connected);
		const { status, line } = await run('safenode-attach', words, this.tools);
		if (status)
			throw toolError(status, line);
	}

	async dispose() {
		const { child } = this;
		this.disposed = true;
		if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
			child.kill('SIGKILL');
		await this.ended;
	}

	// Resolves to the reason if it never began.
	async end(code, signal) {
		if (signal === null && FAILED.includes(code) && this.joined === false) {
			this.denials.end();
			return this.reason(code);
		}
		await this.denials.drain();
		if (signal === 'SIGKILL')
			this.child.outOfMemory = await this.wasOutOfMemory().catch(() => false);
		await this.remove();
	}

	// The kernel counts that in the tenant's cgroup, which is there until the tenant is removed.
	async wasOutOfMemory() {
		const { tenants: [{ cgroup }] } = await status(this.name, { tools: this.tools });
		return /^oom_kill [1-9]/m.test(fs.readFileSync(`${cgroup}/memory.events`, 'utf8'));
	}

	// What is not in force has a line of its own; who may not ask for that has attach's.
	async reason(code) {
		const line = lastLine(this.said());
		const missing = code === 1 ? await checkInForce(this.tools).catch((error) => error) : undefined;
		if (missing && missing.code === 'ERR_SAFENODE_NOT_IN_FORCE')
			return missing;
		return toolError(code, line || `safenode-attach failed with status ${code}, and says why on the standard error that it was given; let stdio[2] be 'pipe' to have it here`);
	}

	// What an observed tenant has started runs on, unless all of it is to go.
	async remove() {
		const kill = this.disposed && this.observe ? ['--kill'] : [];
		const { status, line } = await run('safenode-detach', [`--cgroup=${this.name}`, ...kill], this.tools);
		// no tenant: it was ended before it was one, or removed by others; running: a new one by now;
		// root: who is not has started none
		if (status && !/: no tenant '|' is running; |: must be run as root/.test(line))
			throw toolError(status, line);
	}
}

function start(script, args, options) {
	return new Tenant(read(script, args, options), options).child;
}

// Both (script, args, options) and (script, options)
function wordsAndOptions(args, options) {
	return args === undefined || Array.isArray(args) ? [args ?? [], options ?? {}] : [[], args ?? {}];
}

function spawn(script, ...rest) {
	return start(script, ...wordsAndOptions(...rest));
}

// With an IPC channel
function channelled({ silent = false, ...options }) {
	const { stdio = silent ? 'pipe' : 'inherit' } = options;
	const entries = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio, 'ipc'];
	if (!entries.includes('ipc'))
		throw usageError("stdio has no 'ipc', without which fork() is spawn(); add it");
	return { ...options, stdio: entries };
}

function fork(script, ...rest) {
	const [args, options] = wordsAndOptions(...rest);
	return start(script, args, channelled(options));
}

// NOT CONFINED until confine(): only what no tenant may is refused from the start.
function warm(script, ...rest) {
	const [args, given] = wordsAndOptions(...rest);
	const options = channelled(given);
	const tenant = new Tenant(read(script, args, options, true), options);
	tenant.child.confine = (policy) => tenant.confine(policy);
	return tenant.child;
}

module.exports = { spawn, fork, warm };
