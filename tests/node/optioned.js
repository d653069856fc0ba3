// SPDX-License-Identifier: GPL-2.0-only
// Programs for node's options: the argument names what this one does.
'use strict';
const fs = require('fs');

const ran = () => fs.writeFileSync('ran', '');
const ways = {
	// warns, and fails with an error that is not caught
	fail: () => {
		process.emitWarning('asked for');
		setTimeout(() => { throw new Error('asked for'); }, 10);
	},
	// asks for what --heapsnapshot-signal does, and gives it time
	signal: () => {
		setTimeout(() => process.kill(process.pid, 'SIGUSR2'), 100);
		setTimeout(() => process.exit(), 1000);
	},
	key: () => {
		if (process.env.SAFENODE_TEST_KEY === 'found')
			ran();
	},
	// ends the process that watches it
	watched: () => {
		ran();
		process.kill(process.ppid);
	},
	test: () => require('node:test')('a test', ran),
	abort: () => process.abort(),
};

ways[process.argv[2] || process.env.SAFENODE_TEST_WAY || 'fail']();
