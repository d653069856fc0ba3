// SPDX-License-Identifier: GPL-2.0-only
// Directories of tenants, and what is asked of the machine about them.
'use strict';
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const USER = 2001;

// A directory below /srv that belongs to a user, with these files, the package and what tenants run
function directory(name, files = {}) {
	const dir = path.join('/srv', name);
	fs.rmSync(dir, { recursive: true, force: true });
	fs.cpSync(path.join(__dirname, 'tenants'), dir, { recursive: true });
	fs.cpSync(path.join(__dirname, 'node_modules'), path.join(dir, 'node_modules'), { recursive: true });
	for (const [file, text] of Object.entries(files))
		fs.writeFileSync(path.join(dir, file), text);
	execFileSync('chown', ['-R', `${USER}:${USER}`, dir]);
	return dir;
}

// The names of tenants that there are
function tenants() {
	const told = JSON.parse(execFileSync('safenode-status', ['--json'], { encoding: 'utf8' }));
	return told.tenants.map(({ name }) => name);
}

async function text(stream) {
	return (await stream.setEncoding('utf8').toArray()).join('');
}

// What a child prints, as JSON, and how it ended
async function told(child) {
	const said = [text(child.stdout), text(child.stderr)];
	const end = await new Promise((resolve, reject) => {
		child.on('error', reject).on('exit', (code, signal) => resolve({ code, signal }));
	});
	const [out, err] = await Promise.all(said);
	return { ...end, err, answer: out ? JSON.parse(out) : null };
}

module.exports = { USER, directory, tenants, text, told };
