// SPDX-License-Identifier: GPL-2.0-only
// What safenode-status tells.
'use strict';
const { toolError } = require('./errors.js');
const { run } = require('./tools.js');

const NOT_IN_FORCE = 4;

async function ask(tenant, tools) {
	const { status, out, line } = await run('safenode-status', ['--json', ...(tenant === undefined ? [] : [tenant])], tools);
	if (status && status !== NOT_IN_FORCE)
		throw toolError(status, line);
	return { told: JSON.parse(out), line };
}

// Its JSON, of all tenants or one. Where nothing is in force it tells that: in_force is false.
async function status(tenant, { tools } = {}) {
	return (await ask(tenant, tools)).told;
}

// Rejects with ERR_SAFENODE_NOT_IN_FORCE and what helps.
async function checkInForce(tools) {
	const { told, line } = await ask(undefined, tools);
	if (told.in_force)
		return;
	const missing = told.checks.find((check) => check.needed && !check.met);
	throw toolError(NOT_IN_FORCE, line, missing ? missing.cure : undefined);
}

module.exports = { status, checkInForce };
