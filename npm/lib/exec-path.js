// SPDX-License-Identifier: GPL-2.0-only
// Can this node be a tenant's program? safenode-attach decides, and looks at more: libraries, links,
// access control lists. This says at once what it would say of the file and the directories.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { usageError } = require('./errors.js');

// Why others than root and the caller could change what is at @at, and what helps
function faultOf(at) {
	const { mode, uid, gid } = fs.lstatSync(at);
	if (uid && uid !== process.geteuid())
		return `belongs to user ${uid}; chown it to root`;
	if ((mode & fs.constants.S_IFMT) === fs.constants.S_IFLNK)
		return null; // only the owner of a link matters
	if (fs.statSync(at).isDirectory() && mode & 0o1000)
		return null; // sticky: others cannot replace root's files
	if (mode & 0o002)
		return 'can be written by everyone; chmod o-w it';
	return mode & 0o020 && gid ? `can be written by group ${gid}; chmod g-w it` : null;
}

// "/usr/bin/node": "/", "/usr", "/usr/bin", "/usr/bin/node"
function wayTo(file) {
	const dir = path.dirname(file);
	return dir === file ? [file] : [...wayTo(dir), file];
}

// Throws ERR_SAFENODE_USAGE. @dir: the tenant's directory, or null
function checkExecPath(execPath, dir = null) {
	let real;
	try {
		real = fs.realpathSync(execPath);
	} catch (error) {
		throw usageError(`'${execPath}' cannot be a tenant's program: ${error.code}; name a node that is there`);
	}
	if (dir !== null && real.startsWith(`${dir}/`))
		throw usageError(`'${real}' lies in the tenant's directory, where the tenant could replace it; install it outside`);
	for (const at of new Set([...wayTo(path.resolve(execPath)), ...wayTo(real)])) {
		const fault = faultOf(at);
		if (fault)
			throw usageError(`others than root could replace '${execPath}', so it cannot be a tenant's program: '${at}' ${fault}; or install node where only root writes, and name it with execPath`);
	}
}

module.exports = { checkExecPath };
