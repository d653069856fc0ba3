// SPDX-License-Identifier: GPL-2.0-only
// What stock node and its C library do by themselves: none of it may look like an attack.
'use strict';
const dns = require('dns');
const os = require('os');
const { Worker } = require('worker_threads');

os.cpus();
os.networkInterfaces();
if (os.availableParallelism)
	os.availableParallelism();
dns.lookup('localhost', (error, address) => {
	if (error)
		throw error;
	const worker = new Worker('setTimeout(() => {}, 100)', { eval: true });
	worker.on('exit', () => console.log('looked up', require('net').isIP(address) > 0));
});
