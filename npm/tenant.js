// SPDX-License-Identifier: GPL-2.0-only
// For code inside a tenant: is it one, and what is it granted?
'use strict';
const dgram = require('node:dgram');
const { opendirSync, statSync } = require('node:fs');
const { isIP, isIPv6 } = require('node:net');

// Every process may look at these, and no tenant may list them: attach starts none that could. In a
// container "/" is the image, which a tenant may list.
const PLACES = ['/', '/proc'];

// Once true, it stays: a tenant does not leave.
let confined = false;

// It is there and cannot be opened because it is missing: so the kernel answers a tenant, and no
// other process. An ordinary one gets the directory or EACCES.
function isHidden(place) {
	try {
		if (!statSync(place).isDirectory())
			return false;
	} catch {
		return false;
	}
	try {
		opendirSync(place).closeSync();
		return false;
	} catch (error) {
		return error.code === 'ENOENT';
	}
}

// By trying, not by a variable.
function isSafeMode() {
	confined = confined || PLACES.some(isHidden);
	return confined;
}

// The one directory, or null outside of a tenant. A tenant cannot leave its working directory.
function directory() {
	return isSafeMode() ? process.cwd() : null;
}

// What the starter has said: a label, which an operator can have overtaken (--replace).
function portsOf(label) {
	const text = process.env[label];
	return isSafeMode() && text !== undefined ? text.split(',').filter(Boolean) : null;
}

function allowedOutgoingPorts() {
	return portsOf('SAFENODE_ALLOWED_OUTGOING_PORTS');
}

function allowedListenPorts() {
	return portsOf('SAFENODE_ALLOWED_LISTEN_PORTS');
}

// The truth about one address and port: a datagram socket is connected, by which nothing is sent.
function mayConnect(address, port) {
	return new Promise((resolve, reject) => {
		if (!isIP(address))
			throw new TypeError(`'${address}' is no address; look names up first, for addresses are compared`);
		const socket = dgram.createSocket(isIPv6(address) ? 'udp6' : 'udp4');
		const finish = (error) => {
			socket.close();
			if (error && error.code !== 'EPERM')
				reject(error);
			else
				resolve(!error);
		};
		socket.once('error', finish);
		socket.connect(port, address, finish);
	});
}

module.exports = { isSafeMode, directory, allowedOutgoingPorts, allowedListenPorts, mayConnect };
