// SPDX-License-Identifier: GPL-2.0-only
// The options of spawn() and fork() -> the words of safenode-attach, and the options of
// child_process.spawn(). What is not understood is refused: a misspelt option would leave open
// what it was to close.
'use strict';
const { fileURLToPath } = require('node:url');
const path = require('node:path');
const { usageError } = require('./errors.js');

// Names of tenants that are given none. Those of one process are told apart by a number.
let unnamed = 0;

// By their names; the flag is the same with dashes. What is in a list, attach judges.
const POLICY = {
	cgroup: 'text',
	dir: 'path',
	safeMode: 'true',
	restrictedOutgoingAddresses: 'list',
	allowedOutgoingPorts: 'list',
	user: 'text',
	terminal: 'switch',
	supplementaryGroup: 'each',
	readOnly: 'each',
	readWrite: 'each',
	allowedListenPorts: 'list',
	memoryMax: 'text',
	cpuMax: 'text',
	pidsMax: 'text',
	observe: 'switch',
	logGranted: 'switch',
	policy: 'path',
	delegated: 'switch',
};

// What child_process.spawn() is given as it is
const PASSED = ['signal', 'timeout', 'killSignal', 'detached', 'serialization'];
const OWN = ['stdio', 'env', 'execPath', 'execArgv', 'tools'];

// Of child_process, with what takes their place
const INSTEAD = {
	shell: 'a tenant starts no shell; leave it out',
	cwd: 'the working directory of a tenant is its directory; use dir',
	uid: 'use user',
	gid: 'use user, and supplementaryGroup',
	argv0: 'a tenant is node by its own name; leave it out',
	keepFd: 'each entry of stdio beyond the first three is kept; put it there',
	replace: 'a new process is a new tenant; change one that runs with safenode-attach --replace',
};

// What a tenant gets of this process's environment where env is not given
const INHERITED = ['PATH', 'LANG', 'LC_ALL', 'TZ'];

// safenode-attach has the same environment, as root, and the loader of programs heeds these
const OF_THE_LOADER = /^(LD_|GLIBC_TUNABLES$|GCONV_PATH$|LOCPATH$)/;

function flagOf(name) {
	return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function word(name, value) {
	if ((typeof value !== 'string' && typeof value !== 'number') || value === '')
		throw usageError(`${name}: ${String(value) || "''"} is no text and no number; write one, or leave it out`);
	return String(value);
}

// An empty list would be left out, and open what it seems to close.
function list(name, value) {
	const values = Array.isArray(value) ? value : [value];
	if (!values.length)
		throw usageError(`${name}: an empty list; leave the option out, or name something`);
	return values.map((one) => word(name, one)).join(',');
}

const WORDS = {
	text: (name, value) => [`${flagOf(name)}=${word(name, value)}`],
	path: (name, value) => [`${flagOf(name)}=${path.resolve(word(name, toPath(value)))}`],
	list: (name, value) => [`${flagOf(name)}=${list(name, value)}`],
	each: (name, value) => (Array.isArray(value) ? value : [value])
		.map((one) => `${flagOf(name)}=${word(name, toPath(one))}`),
	switch(name, value) {
		if (typeof value !== 'boolean')
			throw usageError(`${name}: ${String(value)} is neither true nor false; write one`);
		return value ? [flagOf(name)] : [];
	},
	true(name, value) {
		if (value !== true)
			throw usageError(`${name} can only be true: nothing is started without it; use node:child_process for that`);
		return [flagOf(name)];
	},
};

function toPath(value) {
	return value instanceof URL ? fileURLToPath(value) : value;
}

function checkNames(options) {
	const known = new Set([...Object.keys(POLICY), ...PASSED, ...OWN]);
	for (const name of Object.keys(options)) {
		if (options[name] === undefined || known.has(name))
			continue;
		throw usageError(INSTEAD[name] ? `${name}: ${INSTEAD[name]}` : `unknown option '${name}'; see the README`);
	}
}

function policyWords(options) {
	const words = [];
	for (const [name, kind] of Object.entries(POLICY))
		if (options[name] !== undefined)
			words.push(...WORDS[kind](name, options[name]));
	return words;
}

// As child_process takes it, one entry for each descriptor
function stdioOf(stdio = 'pipe') {
	const entries = Array.isArray(stdio) ? [...stdio] : [stdio, stdio, stdio];
	while (entries.length < 3)
		entries.push('pipe');
	return entries.map((entry, fd) => entry ?? (fd < 3 ? 'pipe' : 'ignore'));
}

function keepWords(stdio) {
	return stdio.flatMap((entry, fd) => (fd > 2 && entry !== 'ignore' ? [`--keep-fd=${fd}`] : []));
}

function environment(options) {
	const env = {};
	const from = options.env ?? process.env;
	for (const name of options.env ? Object.keys(from) : INHERITED) {
		if (from[name] === undefined)
			continue;
		if (OF_THE_LOADER.test(name))
			throw usageError(`env: ${name} would reach safenode-attach, which is root; remove it`);
		env[name] = `${from[name]}`;
	}
	return { ...env, ...labels(options) };
}

// For safenode/tenant. A policy file has more than is known here.
function labels({ cgroup, policy, allowedOutgoingPorts, allowedListenPorts }) {
	const env = { SAFENODE_TENANT: String(cgroup) };
	if (policy === undefined) {
		env.SAFENODE_ALLOWED_OUTGOING_PORTS = [allowedOutgoingPorts ?? []].flat().join();
		if (allowedListenPorts !== undefined)
			env.SAFENODE_ALLOWED_LISTEN_PORTS = [allowedListenPorts].flat().join();
	}
	return env;
}

function nodeWords(script, args, { execPath, execArgv = [] }) {
	const file = toPath(script);
	if (typeof file !== 'string' || !file)
		throw usageError(`${String(file) || "''"} is no script; name a file`);
	if (!Array.isArray(args) || !Array.isArray(execArgv))
		throw usageError('arguments and execArgv are arrays of words');
	return [execPath, ...execArgv, file.startsWith('-') ? `./${file}` : file, ...args].map(String);
}

// All of it: { tenant, execPath, dir, words, stdio, env, passed }. Throws ERR_SAFENODE_USAGE.
function read(script, args, given) {
	checkNames(given);
	const cgroup = given.cgroup ?? `js-${process.pid}-${++unnamed}`;
	const execPath = toPath(given.execPath ?? process.execPath);
	const options = { ...given, cgroup, execPath, safeMode: given.safeMode ?? true };
	if (options.dir === undefined && options.policy === undefined)
		throw usageError('dir is missing; name the directory that the tenant has');
	const stdio = stdioOf(options.stdio);
	const words = [...policyWords(options), ...keepWords(stdio)];
	return {
		tenant: String(cgroup),
		execPath,
		dir: options.dir === undefined ? null : path.resolve(toPath(options.dir)),
		words: [...words, '--', ...nodeWords(script, args, options)],
		stdio,
		env: environment(options),
		passed: Object.fromEntries(PASSED.map((name) => [name, options[name]])),
	};
}

module.exports = { read, flagOf, POLICY, INHERITED, PASSED, OWN };
