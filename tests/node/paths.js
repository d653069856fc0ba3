// SPDX-License-Identifier: GPL-2.0-only
// Paths in disguise, built-in functions that are patched to lie about them, and links that move.
'use strict';
const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { act, absent, expect, Failure } = require('./acts.js');
const config = require('./config.json');

const major = Number(process.versions.node.split('.')[0]);
const { own } = config.places;
// more than enough to reach the root
const UP = '/..'.repeat(config.directory.split('/').length + 4);
const TEXT = 'exploit\n';

function checkText(text) {
	expect(String(text) === TEXT, 'other contents');
}

const upFrom = (dir, file) => `${dir}${UP}${file}`;
const bytesOf = text => new Uint8Array(Buffer.from(text)); // no Buffer, and of no pool

// ---- one file, spelled differently ----

const forms = {
	dots: file => upFrom(own, file),
	dots_buffer: file => Buffer.from(upFrom(own, file)),
	dots_bytes: file => bytesOf(upFrom(own, file)),
	dots_url: file => new URL(`file://${own}${UP}${file}`),
	percent_url: file => new URL(`file://${file.replace(/[^/]/g, letter =>
		`%${letter.charCodeAt(0).toString(16)}`)}`),
	percent_dots_url: file => new URL(`file://${own}${UP.replace(/\./g, '%2e')}${file}`),
	// what only looks like a URL: node asks it for its path more than once
	duck_url: file => {
		if (major < 20)
			throw absent();
		return {
			href: String(pathToFileURL(own)), protocol: 'file:', hostname: '', pathname: file,
		};
	},
	slashes: file => file.replace(/\//g, '//././/'),
	as_long_as_can_be: file => `${'/.'.repeat(Math.floor((4094 - file.length) / 2))}${file}`,
	own_root: file => `/proc/self/root${file}`,
	thread_root: file => `/proc/thread-self/root${file}`,
	own_cwd: file => `/proc/self/cwd${UP}${file}`,
	descriptor: file => `/dev/fd/${fs.openSync(own)}${UP}${file}`,
};

// ---- built-in functions that lie while a file is asked for ----

function patched(object, lies, fn) {
	const truth = Object.fromEntries(Object.keys(lies).map(name => [name, object[name]]));

	Object.assign(object, lies);
	try {
		return fn();
	} finally {
		Object.assign(object, truth);
	}
}

const HARMLESS = path.join(own, 'read.txt'); // has other contents
const liars = {
	resolve: file => {
		const lie = () => HARMLESS;

		return patched(path, { resolve: lie, normalize: lie },
			() => fs.readFileSync(bytesOf(upFrom(own, file))));
	},
	buffer_write: file => {
		const { utf8Write, utf8Slice } = Buffer.prototype;
		const lie = fn => function (...args) {
			const result = fn.apply(this, args);

			return typeof result === 'string' ? result.replace(file, HARMLESS) : result;
		};

		return patched(Buffer.prototype,
			{ utf8Write: lie(utf8Write), utf8Slice: lie(utf8Slice) },
			() => fs.readFileSync(bytesOf(file)));
	},
	buffer_from: file => {
		const [lie, truth] = [HARMLESS, file].map(bytesOf);

		return patched(Buffer, { from: () => lie, isBuffer: () => false },
			() => fs.readFileSync(truth));
	},
	strings: file => patched(String.prototype,
		{ startsWith: () => true, indexOf: () => -1, includes: () => false },
		() => fs.readFileSync(file)),
	// one path for a caller that asks for a string, another for one that takes the bytes
	two_faces: file => {
		const bytes = bytesOf(file);

		Object.defineProperty(bytes, 'toString', { value: () => HARMLESS });
		return fs.readFileSync(bytes);
	},
};

// ---- links ----

const links = {
	chain: (file, at) => {
		fs.symlinkSync(path.relative(own, file), `${at}.3`);
		fs.symlinkSync(path.basename(`${at}.3`), `${at}.2`);
		fs.symlinkSync(path.basename(`${at}.2`), `${at}.1`);
		return `${at}.1`;
	},
	retargeted: (file, at) => {
		fs.symlinkSync('nowhere', at);
		expect(!fs.existsSync(at), 'leads somewhere');
		fs.symlinkSync(path.dirname(file), `${at}.new`);
		fs.renameSync(`${at}.new`, at);
		return path.join(at, path.basename(file));
	},
	// what stays inside where it is made leads out when its directory has moved
	moved: (file, at) => {
		fs.mkdirSync(`${at}/deep/deeper/deepest`, { recursive: true });
		fs.symlinkSync(`../../..${UP}`, `${at}/deep/deeper/deepest/up`);
		fs.renameSync(`${at}/deep/deeper/deepest`, `${at}.d`);
		return `${at}.d/up${file}`;
	},
};

// ---- ways to ask that answer without an error ----

function seen(answer) {
	if (!answer)
		throw new Failure('unseen');
}

const questions = {
	exists: file => seen(fs.existsSync(file)),
	stat_quietly: file => seen(fs.statSync(file, { throwIfNoEntry: false })),
	lstat_quietly: file => seen(fs.lstatSync(file, { throwIfNoEntry: false })),
	glob: file => {
		if (!fs.globSync)
			throw absent();
		seen(fs.globSync('exploit.*', { cwd: path.dirname(file) }).length);
	},
	rm_by_force: file => {
		fs.rmSync(`${file}.extra`, { force: true });
		seen(!fs.existsSync(`${file}.extra`) && fs.existsSync(file));
	},
	readdir_deep: file => 
		seen(fs.readdirSync(file.replace('.txt', '.d'), { recursive: true }).length),
	blob: async file => {
		if (!fs.openAsBlob)
			throw absent();
		let blob;

		try {
			blob = await fs.openAsBlob(file);
		} catch (error) {
			// the second is an older version's
			seen(error.code !== 'ENOENT' && error.code !== 'ERR_INVALID_ARG_VALUE');
			throw error;
		}
		checkText(await blob.text());
	},
	resolve_module: file => seen(require.resolve(file.replace('.txt', '.js'))),
};

for (const place of ['own', 'hidden']) {
	const file = path.join(config.places[place], 'exploit.txt');
	const each = (name, fn) => act(`${name}_${place}`, fn);

	for (const [form, disguise] of Object.entries(forms))
		each(`path_${form}`, () => checkText(fs.readFileSync(disguise(file))));
	for (const [name, read] of Object.entries(liars))
		each(`patched_${name}`, () => checkText(read(file)));
	for (const [name, make] of Object.entries(links))
		each(`link_${name}`, () => {
			checkText(fs.readFileSync(make(file, path.join(own, `${name}_${place}`))));
		});
	for (const [name, ask] of Object.entries(questions))
		each(`ask_${name}`, () => ask(file));
}

// directories whose paths begin as the tenant's own does, or that its own begins with
for (const [name, dir] of Object.entries(config.neighbours))
	act(`neighbour_${name}`, () => checkText(fs.readFileSync(path.join(dir, 'exploit.txt'))));
