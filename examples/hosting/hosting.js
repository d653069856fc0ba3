// SPDX-License-Identifier: GPL-2.0-only
// All customers of one server: their tenants, the front that leads to them, and a private port that
// tells how they are.
'use strict';
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Customer } = require('./customer.js');
const { front } = require('./front.js');
const { Log } = require('./log.js');

// Throws what is wrong with a customer's entry in the config.
function check(name, { port }) {
	// a file's, a cgroup's, and a label of a host's name
	if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
		throw new Error(`'${name}' is no name of a customer; write small letters, digits and -`);
	// without it a program might listen anywhere
	if (!Number.isInteger(port))
		throw new Error(`${name}: port is missing; name one that is nobody else's`);
}

// Emits 'said' with a line for whoever operates the server.
class Hosting extends EventEmitter {
	// @config: as hosting.json has it. @starter: check() rejects where no program can be started,
	// start(name, entry) starts one: see process.js; stop(), if there is one, ends what start() has not used
	constructor(config, starter) {
		super();
		for (const [name, entry] of Object.entries(config.customers))
			check(name, entry);
		Object.assign(this, { config, starter, customers: new Map(), servers: [] });
	}

	// When it resolves the front listens; the customers' programs may still be starting.
	async open() {
		const { logs, port, address, privatePort, patience } = this.config;

		await this.starter.check();
		fs.mkdirSync(logs, { recursive: true, mode: 0o700 });
		for (const [name, entry] of Object.entries(this.config.customers))
			this.add(name, entry, new Log(path.join(logs, `${name}.log`)));
		await this.listen(front(this.customers, patience), port, address);
		// no customer can connect to it: it is an address of this machine, and no allowed port
		await this.listen(http.createServer((request, response) => {
			response.end(`${JSON.stringify(this.status(), null, '\t')}\n`);
		}), privatePort, '127.0.0.1');
		for (const customer of this.customers.values())
			customer.start();
		this.emit('said', `${this.customers.size} customers on port ${this.servers[0].address().port}`);
	}

	add(name, entry, log) {
		const customer = new Customer(name, entry, this.starter, log);
		customer.on('said', (text) => this.emit('said', `${name}: ${text}`));
		this.customers.set(name, customer);
	}

	async listen(server, port, address) {
		this.servers.push(server.listen(port, address));
		await once(server, 'listening');
	}

	status() {
		return Object.fromEntries([...this.customers].map(([name, customer]) => [name, customer.status()]));
	}

	// When it resolves there is no tenant left, and all that they said is in the logs.
	async stop() {
		for (const server of this.servers) {
			server.close();
			server.closeIdleConnections();
		}
		await Promise.all([...this.customers.values()].map((customer) => customer.stop()));
		await this.starter.stop?.();
		this.servers.forEach((server) => server.closeAllConnections());
		this.emit('said', 'stopped');
	}
}

module.exports = { Hosting };
