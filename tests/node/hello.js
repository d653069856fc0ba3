// SPDX-License-Identifier: GPL-2.0-only
// A program as short as they come: what it finds on its descriptors, and how it ends.
'use strict';
const fs = require('fs');
const { Worker } = require('worker_threads');

const [how] = process.argv.slice(2);
const is = stat => ['isFile', 'isFIFO', 'isSocket', 'isCharacterDevice'].find(each => stat[each]());

async function stdin() {
	let bytes = 0;

	for await (const chunk of process.stdin)
		bytes += chunk.length;
	return bytes;
}

const ends = {
	// tells what it has, in its own directory, for its stdio may lead nowhere
	stdio: async () => {
		const found = {
			kinds: [0, 1, 2].map(fd => is(fs.fstatSync(fd))),
			terminals: [process.stdin, process.stdout, process.stderr].map(each => !!each.isTTY),
			// one more is the directory that is being listed
			descriptors: fs.readdirSync('/proc/self/fd').filter(fd => {
				try {
					return /^\/(?!proc|dev)/.test(fs.readlinkSync(`/proc/self/fd/${fd}`));
				} catch (error) {
					return false;
				}
			}).map(Number),
		};

		process.stdout.write('to stdout\n');
		process.stderr.write('to stderr\n');
		if (process.stdin.isTTY) {
			process.stdin.setRawMode(true);
			process.stdin.setRawMode(false);
			found.columns = process.stdout.columns;
		} else {
			found.stdin = await stdin();
		}
		fs.writeFileSync('stdio.json', JSON.stringify(found) + '\n');
	},
	kill: () => process.kill(process.pid, 'SIGKILL'),
	wait: () => {
		fs.writeFileSync('pid', `${process.pid}\n`);
		setInterval(() => {}, 1000);
	},
	handle: () => {
		process.on('SIGTERM', () => process.exit(7));
		ends.wait();
	},
	// of the cgroup; os.totalmem() is the machine's. V8 takes half of what it is told
	limits: () => {
		const heap = require('v8').getHeapStatistics().heap_size_limit;
		const most = process.constrainedMemory();

		console.log(most, heap < 0.6 * most, require('os').totalmem() > most);
	},
	threads: () => {
		for (;;)
			new Worker('setTimeout(() => {}, 10000)', { eval: true });
	},
	grow: () => {
		const all = [];

		for (;;)
			all.push(Array(1 << 16).fill(all.length));
	},
	// of a server that has bound a socket for its tenant
	datagram: () => {
		const socket = require('dgram').createSocket('udp4');

		socket.on('error', error => console.log(error.message));
		socket.on('message', message => {
			console.log(`${message}`);
			socket.close();
		});
		socket.bind({ fd: 9 });
	},
	// of a server that has an IPC channel to its tenants
	ipc: () => process.on('message', message => {
		process.send({ pid: process.pid, echo: message }, () => process.disconnect());
	}),
};

ends[how]();
