// SPDX-License-Identifier: GPL-2.0-only
// What makes root special, tried as root: by a tenant of `--user root`, and outside.
'use strict';
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { act, expect, once } = require('./acts.js');
const config = require('./config.json');

act('uid', () => expect(process.getuid() === 0 && process.geteuid() === 0, 'not root'));
act('write_own', () => fs.writeFileSync(path.join(config.places.own, 'roots.txt'), 'root'));
act('read_etc', () => void fs.readFileSync('/etc/shadow'));
act('write_etc', () => {
	const file = `/etc/safenode-test.${process.pid}`;

	fs.writeFileSync(file, '');
	fs.unlinkSync(file);
});
act('read_stranger', () => void fs.readFileSync(path.join(config.places.own, 'stranger.txt')));
act('chown', () => fs.chownSync(path.join(config.places.own, 'roots.txt'), 1, 1));
act('setuid_bit', () => {
	const file = path.join(config.places.own, 'roots.txt');

	fs.chmodSync(file, 0o4755);
	expect(fs.statSync(file).mode & 0o4000, 'not set');
});
act('low_port', async () => {
	const server = net.createServer().listen(config.ports.low, '127.0.0.1');

	await once(server, 'listening');
	server.close();
});
act('raise_priority', () => os.setPriority(-5));
act('kill_other', () => void process.kill(config.root_victim, 'SIGURG'));
act('probe_init', () => void process.kill(1, 0));

// each is taken back, so that the next one starts as root again
act('setgroups', () => process.setgroups([0]));
act('initgroups', () => process.initgroups('root', 0));
act('setegid', () => {
	process.setegid(1);
	process.setegid(0);
});
act('seteuid', () => {
	process.seteuid(1);
	process.seteuid(0);
});
act('setgid', () => process.setgid(0));
act('setuid', () => process.setuid(0));
act('setgid_other', () => process.setgid(1));
act('setuid_other', () => process.setuid(1));
