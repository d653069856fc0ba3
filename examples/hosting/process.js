// SPDX-License-Identifier: GPL-2.0-only
// Starts a customer's program by the npm package: a process that is the tenant.
'use strict';
const { check, spawn } = require('safenode');
const { policyOf } = require('./policy.js');

// @common: options for all of them
function starter(common = {}) {
	return {
		check,
		start: (name, { port, script, args, ...options }) => spawn(script, args, {
			...policyOf(port), ...common, ...options,
			cgroup: name,
			stdio: ['ignore', 'pipe', 'pipe'],
			env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port) },
		}),
	};
}

module.exports = { starter };
