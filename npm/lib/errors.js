// SPDX-License-Identifier: GPL-2.0-only
// Why there is no tenant: an error has the tool's own line, and what that says helps.
'use strict';

// By the tools' exit status. 4 is of safenode-status alone.
const CODES = {
	1: 'ERR_SAFENODE_FAILED',
	2: 'ERR_SAFENODE_USAGE',
	3: 'ERR_SAFENODE_KERNEL',
	4: 'ERR_SAFENODE_NOT_IN_FORCE',
};

class SafenodeError extends Error {
	// @line: what the tool said, or would say; "what is wrong; what helps"
	constructor(code, line, { cure = cureOf(line), exitStatus = null } = {}) {
		super(line);
		this.name = 'SafenodeError';
		this.code = code;
		this.line = line;
		this.cure = cure;
		this.exitStatus = exitStatus;
	}
}

// The tools' lines have what helps behind the first semicolon.
function cureOf(line) {
	const at = line.indexOf('; ');
	return at < 0 ? null : line.slice(at + 2);
}

function usageError(text) {
	return new SafenodeError(CODES[2], `safenode: ${text}`);
}

function notInForce(text) {
	return new SafenodeError(CODES[4], `safenode: ${text}`);
}

// A tool that ended with @exitStatus, and said @line
function toolError(exitStatus, line, cure) {
	return new SafenodeError(CODES[exitStatus] || CODES[1], line, { cure, exitStatus });
}

module.exports = { SafenodeError, usageError, notInForce, toolError };
