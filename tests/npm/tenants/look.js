// SPDX-License-Identifier: GPL-2.0-only
// Tells what it is, by safenode/tenant and by trying.
'use strict';
const fs = require('node:fs');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const tenant = require('safenode/tenant');

const attempt = (act) => {
	try {
		act();
		return 'ok';
	} catch (error) {
		return error.code;
	}
};

if (!isMainThread)
	parentPort.postMessage(tenant.isSafeMode());
else
	new Worker(__filename).on('message', (inThread) => {
		console.log(JSON.stringify({
			pid: process.pid,
			uid: process.getuid(),
			argv: process.argv.slice(2),
			execArgv: process.execArgv,
			execPath: process.execPath,
			isSafeMode: tenant.isSafeMode(),
			inThread,
			directory: tenant.directory(),
			allowedOutgoingPorts: tenant.allowedOutgoingPorts(),
			allowedListenPorts: tenant.allowedListenPorts(),
			secret: process.env.SECRET,
			passwd: attempt(() => fs.readFileSync('/etc/passwd')),
			own: attempt(() => fs.writeFileSync('own', 'x')),
		}));
	});
