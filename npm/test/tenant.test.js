// SPDX-License-Identifier: GPL-2.0-only
// safenode/tenant where nothing is confined; as a tenant it is tried in tests/npm.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const tenant = require('safenode/tenant');

test('an ordinary process is no tenant, whatever its environment says', (t) => {
	const labels = { SAFENODE_TENANT: 'shop', SAFENODE_ALLOWED_OUTGOING_PORTS: '53', SAFENODE_ALLOWED_LISTEN_PORTS: '80' };
	Object.assign(process.env, labels);
	t.after(() => Object.keys(labels).forEach((name) => delete process.env[name]));
	assert.equal(tenant.isSafeMode(), false);
	assert.equal(tenant.directory(), null);
	assert.equal(tenant.allowedOutgoingPorts(), null);
	assert.equal(tenant.allowedListenPorts(), null);
});

test('mayConnect() takes addresses, and sends nothing', async () => {
	assert.equal(await tenant.mayConnect('127.0.0.1', 1), true);
	await assert.rejects(tenant.mayConnect('localhost', 1), { name: 'TypeError' });
	await assert.rejects(tenant.mayConnect('127.0.0.1', 0), { name: 'RangeError' });
});
