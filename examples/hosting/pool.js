// SPDX-License-Identifier: GPL-2.0-only
// Starts a customer's program in a process that is warm: node has started there, and what host.js loads
// is loaded. It is confined before the program is read. As root.
'use strict';
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { check, warm } = require('safenode');
const { policyOf } = require('./policy.js');

// Given when it starts; the rest of an entry is what it is confined with
const SCRIPT = 'host.js';

class Pool {
	// @dir: has host.js, and is nobody's but root's. @size: how many are ready for each user. A process is
	// of one user for good, so there are as many pools as the customers' directories have owners.
	constructor({ dir, size = 1 }, customers) {
		Object.assign(this, { dir, size, ready: new Map(), nr: 0, stopped: false });
		for (const { dir: own } of Object.values(customers))
			this.ready.set(fs.statSync(own).uid, []);
	}

	async open() {
		await check();
		for (const user of this.ready.keys())
			this.fill(user);
	}

	fill(user) {
		const ready = this.ready.get(user);
		while (!this.stopped && ready.length < this.size)
			ready.push(this.warm(user));
	}

	warm(user) {
		const child = warm(path.join(this.dir, SCRIPT), {
			dir: this.dir, user,
			cgroup: `pool-${process.pid}-${++this.nr}`,
			stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			env: { PATH: process.env.PATH, NODE_ENV: 'production' },
		});
		const one = { child, began: once(child, 'message') };
		// whoever gets it sees why it did not; one that ends before is no loss
		one.began.catch(() => {});
		child.on('error', () => {});
		child.once('exit', () => this.forget(user, one));
		return one;
	}

	forget(user, one) {
		const ready = this.ready.get(user);
		if (ready.includes(one))
			ready.splice(ready.indexOf(one), 1);
	}

	take(user) {
		return this.ready.get(user).shift() ?? this.warm(user);
	}

	// As spawn() of the package: what fails later is an 'error' of the child.
	start({ port, script, args, dir, ...options }) {
		const user = fs.statSync(dir).uid;
		const { child, began } = this.take(user);
		const program = { dir, script, args, env: { PORT: String(port) } };
		const confined = () => confine(child, program, { ...policyOf(port), ...options }).catch((error) => {
			child.kill('SIGKILL');
			child.emit('error', error);
		});
		// the next one's start would only take time from this one's
		began.then(confined, () => {}).finally(() => this.fill(user));
		return child;
	}

	async stop() {
		this.stopped = true;
		await Promise.all([...this.ready.values()].flat().map(({ child }) => {
			child.kill('SIGKILL');
			return once(child, 'exit');
		}));
	}
}

// It goes to the customer's directory, is confined there, and only then reads the program.
async function confine(child, program, policy) {
	child.send(program);
	await once(child, 'message');
	await child.confine({ dir: program.dir, ...policy });
	child.send({ confined: true });
}

function starter(config, customers) {
	const pool = new Pool(config, customers);
	return {
		check: () => pool.open(),
		start: (name, entry) => pool.start(entry),
		stop: () => pool.stop(),
	};
}

module.exports = { starter };
