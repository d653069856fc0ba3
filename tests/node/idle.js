// SPDX-License-Identifier: GPL-2.0-only
// What stock node and its C library do by themselves: none of it may look like an attack.
'use strict';
const dns = require('dns');
const net = require('net');
const os = require('os');
const { Worker } = require('worker_threads');

const names = ['localhost', '127.0.0.1', '::1', 'localhost'];
const thread = `
const dns = require('dns');
dns.lookup('localhost', () => dns.lookup('127.0.0.1', () => setTimeout(() => {}, 100)));`;

function look_at_the_machine()
{
	for (const name of ['cpus', 'networkInterfaces', 'availableParallelism', 'freemem', 'totalmem', 'hostname',
		'loadavg', 'uptime', 'release', 'version', 'tmpdir', 'homedir', 'getPriority'])
		if (os[name])
			os[name]();
	for (const name of ['memoryUsage', 'resourceUsage', 'cpuUsage', 'constrainedMemory', 'availableMemory', 'umask'])
		if (process[name])
			process[name]();
	process.report.getReport();
	process.title = 'idle';
	new Date().toLocaleString('de', { timeZone: 'Europe/Berlin', timeZoneName: 'long' });
	require('crypto').randomBytes(16);
	require('tls').createSecureContext();
	require('perf_hooks').monitorEventLoopDelay().enable();
	new WebAssembly.Memory({ initial: 1, maximum: 10, shared: true });
}

async function look_up()
{
	let found = true;

	for (const name of names)
		for (const { address } of await dns.promises.lookup(name, { all: true }))
			found &&= net.isIP(address) > 0;
	return found;
}

look_at_the_machine();
look_up().then(found => {
	const worker = new Worker(thread, { eval: true });

	worker.on('exit', () => {
		console.log('looked up', found);
		process.exit();
	});
});
