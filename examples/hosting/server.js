// SPDX-License-Identifier: GPL-2.0-only
// A multi-tenant server: each customer's program is a tenant of safenode, one front leads to all.
// What is here needs no privilege of its own; what safenode-attach or podman needs, it needs.
//
// usage: node server.js [--start process|delegated|pool|container] CONFIG
'use strict';
const fs = require('node:fs');
const { parseArgs } = require('node:util');
const { Hosting } = require('./hosting.js');

// How a customer's program is started. The same config goes with each.
const STARTERS = {
	process: () => require('./process.js').starter(),
	delegated: () => require('./process.js').starter({ delegated: true }),
	pool: (config) => require('./pool.js').starter(config.pool, config.customers),
	container: (config) => require('./container.js').starter(config.image),
};

function read() {
	const { values, positionals: [file] } = parseArgs({
		options: { start: { type: 'string', default: 'process' } },
		allowPositionals: true,
	});
	if (!file || !Object.hasOwn(STARTERS, values.start))
		throw new Error(`usage: node server.js [--start ${Object.keys(STARTERS).join('|')}] CONFIG`);
	const config = JSON.parse(fs.readFileSync(file, 'utf8'));
	return new Hosting(config, STARTERS[values.start](config));
}

async function main() {
	const hosting = read();
	let ends = null;
	const end = (status) => {
		ends ??= hosting.stop().then(() => process.exit(status));
	};
	// a fault of this program's own: the tenants would run on without it
	process.on('uncaughtException', (error) => {
		console.error(error);
		end(1);
	});
	for (const signal of ['SIGTERM', 'SIGINT'])
		process.on(signal, () => end(0));
	hosting.on('said', (text) => console.log(text));
	await hosting.open();
}

main().catch((error) => {
	console.error(`server.js: ${error.line ?? error.message}`);
	process.exit(1);
});
