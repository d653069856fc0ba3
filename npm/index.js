// SPDX-License-Identifier: GPL-2.0-only
// Starts tenants, and asks the tools about them. Each file of lib/ begins with what it is for.
'use strict';
const { checkExecPath } = require('./lib/exec-path.js');
const { fork, spawn } = require('./lib/start.js');
const { checkInForce, status } = require('./lib/status.js');

// Can a tenant be started here? Rejects with the reason and its cure.
async function check({ tools, execPath = process.execPath } = {}) {
	checkExecPath(execPath);
	await checkInForce(tools);
}

module.exports = { spawn, fork, check, status };
