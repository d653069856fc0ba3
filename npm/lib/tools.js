// SPDX-License-Identifier: GPL-2.0-only
// Finds safenode's tools and runs them.
'use strict';
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { notInForce } = require('./errors.js');

// Where packages and `make install` put them; not in every PATH
const DIRECTORIES = ['/usr/local/sbin', '/usr/sbin'];

// JSON of 16 384 tenants
const OUTPUT_MAX = 256 << 20;

// The tools need nothing of the environment but this, where they look for node.
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin' };

function isProgram(file) {
	try {
		fs.accessSync(file, fs.constants.X_OK);
		return fs.statSync(file).isFile();
	} catch {
		return false;
	}
}

// The path of the tool @name: in the directory @tools, else in PATH and where it is installed.
// Throws ERR_SAFENODE_NOT_IN_FORCE.
function findTool(name, tools) {
	const searched = tools === undefined
		? [...(process.env.PATH || '').split(':').filter(path.isAbsolute), ...DIRECTORIES]
		: [path.resolve(tools)];
	const found = searched.map((dir) => path.join(dir, name)).find(isProgram);
	if (!found)
		throw notInForce(`no ${name} in ${[...new Set(searched)].join(', ')}; install safenode, or name the directory with the option tools`);
	return found;
}

// Resolves to { status, out, line }: its exit status, what it printed, its last line on standard
// error. Rejects if it cannot be run at all.
function run(name, args, tools) {
	return new Promise((resolve, reject) => {
		execFile(findTool(name, tools), args, { maxBuffer: OUTPUT_MAX, env: ENVIRONMENT }, (error, out, err) => {
			const line = lastLine(err);
			if (error && typeof error.code !== 'number')
				reject(error);
			else
				resolve({ status: error ? error.code : 0, out, line: line || `${name} ended with status ${error?.code}` });
		});
	});
}

function lastLine(text) {
	return text.trim().split('\n').pop();
}

module.exports = { findTool, run, lastLine, ENVIRONMENT };
