// SPDX-License-Identifier: GPL-2.0-only
// Acts: each is tried on its own and told in one JSON line: its name, "ok" or an error code, a value.
// As a program: tries all that the modules named on the command line declare.
'use strict';
const fs = require('fs');

const TIMEOUT = 60000; // ms; emulation is slow, but an act that hangs must not take the others along
const acts = [];

// fn may return, or resolve to, a value: something that must be the same outside and inside.
exports.act = (name, fn) => {
	acts.push({ name, fn });
};

// One that takes long and proves itself, so there is no need to try it outside as well.
exports.inside = (name, fn) => {
	if (!process.env.SAFENODE_TEST_OUTSIDE)
		exports.act(name, fn);
};

class Failure extends Error {
	constructor(code, message) {
		super(message || code);
		this.code = code;
	}
}
exports.Failure = Failure;

// This version of node cannot do it; the runner knows which can.
exports.absent = () => new Failure('absent');

// Since 22.12 and 23.1; others take the option for nothing
exports.withReusePort = fn => () => {
	const [major, minor] = process.versions.node.split('.').map(Number);

	if (major < 22 || (major === 22 && minor < 12) || (major === 23 && minor < 1))
		throw exports.absent();
	return fn();
};

exports.expect = (good, message) => {
	if (!good)
		throw new Failure('wrong', message);
};

// Resolves when the emitter emits one of the good events; rejects at 'error'.
exports.once = (emitter, ...words) => new Promise((resolve, reject) => {
	emitter.on('error', reject);
	for (const word of words)
		emitter.once(word, (...args) => resolve(args));
});

exports.sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

function within(promise) {
	let timer;
	const late = new Promise((resolve, reject) => {
		timer = setTimeout(() => reject(new Failure('timeout')), TIMEOUT);
	});

	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Not through process.stdout, which would change the mode of the descriptor
function tell(line) {
	fs.writeSync(1, JSON.stringify(line) + '\n');
}

// What os says is a "system error" that has the code within.
function codeOf(error) {
	return String(error.info && error.info.code || error.code || error.name || 'error');
}

async function attempt(fn) {
	const start = Date.now();
	const time = () => ({ ms: Date.now() - start });

	try {
		const value = await within((async () => fn())());

		return { result: 'ok', ...time(), value };
	} catch (error) {
		return {
			result: codeOf(error), ...time(),
			why: String(error.message || error).replace(/\s+/g, ' '),
		};
	}
}

exports.run = async () => {
	for (const { name, fn } of acts)
		tell({ act: name, ...await attempt(fn) });
	process.exit(0); // whatever an act that failed has left open
};

if (require.main === module) {
	for (const name of process.argv.slice(2))
		require(`./${name}.js`);
	exports.run();
}
