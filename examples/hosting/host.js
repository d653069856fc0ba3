// SPDX-License-Identifier: GPL-2.0-only
// In a warm process: trusted code until the server has confined it, and the customer's program then.
'use strict';
const { pathToFileURL } = require('node:url');
const path = require('node:path');
// what most programs load: it takes a part of their start
for (const name of ['node:http', 'node:https', 'node:dns', 'node:crypto', 'node:stream'])
	require(name);

process.once('message', ({ dir, script, args, env }) => {
	process.chdir(dir);
	Object.assign(process.env, env, { HOME: dir, TMPDIR: dir });
	process.argv = [process.execPath, path.resolve(script), ...args];
	process.once('message', () => {
		// the server has nothing to say to a customer
		process.disconnect();
		import(pathToFileURL(process.argv[1]));
	});
	process.send('there');
});
process.send('ready');
