// SPDX-License-Identifier: GPL-2.0-only
// Native code by every way that JavaScript has. The addon's constructor makes a file when it runs.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { act, absent, Failure } = require('./acts.js');
const config = require('./config.json');

const NOT_AN_ADDON = /did not self-register|undefined symbol: napi|invalid ELF header/;

// The dynamic loader has no error codes, only text.
function codeOf(error) {
	const text = String(error.message);
	const found = Object.entries({
		EPERM: 'Operation not permitted',
		EACCES: 'Permission denied',
		ENOENT: 'No such file or directory',
	}).find(([, words]) => text.includes(words));

	if (found)
		return found[0];
	return text.includes('failed to map segment') ? 'unmapped' : error.code || error.name;
}

// Each act has its own copy: the loader would not run the constructor of the same file again.
function copy(name) {
	const file = path.join(config.places.own, name);

	fs.copyFileSync(path.join(__dirname, 'addon.node'), file);
	fs.chmodSync(file, 0o755);
	return file;
}

// What counts is whether its code ran, not whether node took it for an addon.
function load(file, how) {
	const marker = path.join(config.places.own, `${path.basename(file)}.ran`);
	let failure = new Failure('not run');

	process.env.SAFENODE_TEST_MARKER = marker;
	try {
		how(file);
	} catch (error) {
		failure = new Failure(codeOf(error), error.message);
	}
	if (!fs.existsSync(marker))
		throw failure;
}

const dlopen = file => process.dlopen({ exports: {} }, file);

act('addon', () => load(copy('dlopen.node'), dlopen));
act('addon_lazily', () => load(copy('lazily.node'), file =>
	process.dlopen({ exports: {} }, file, os.constants.dlopen.RTLD_LAZY)));
act('addon_by_require', () => load(copy('require.node'), require));
act('addon_by_symlink', () => {
	const link = path.join(config.places.own, 'symlink.node');

	fs.symlinkSync(copy('behind-symlink.node'), link);
	load(link, require);
});
act('addon_named_txt', () => {
	const file = path.join(config.places.own, 'harmless.txt');

	fs.renameSync(copy('renamed.node'), file);
	load(file, dlopen);
});
act('addon_by_descriptor', () => {
	const file = copy('descriptor.node');
	const fd = fs.openSync(file);

	load(file, () => dlopen(`/proc/self/fd/${fd}`));
	fs.closeSync(fd);
});
act('addon_by_unlinked_descriptor', () => {
	const file = copy('unlinked.node');
	const fd = fs.openSync(file);

	fs.unlinkSync(file);
	load(file, () => dlopen(`/proc/self/fd/${fd}`));
	fs.closeSync(fd);
});
act('addon_as_engine', () => load(copy('engine.so'), file => {
	if (!crypto.setEngine)
		throw absent();
	crypto.setEngine(file);
}));
act('addon_as_sqlite_extension', () => {
	let DatabaseSync;

	try {
		({ DatabaseSync } = require('node:sqlite'));
	} catch (error) {
		throw absent();
	}
	copy('extension.so'); // the second name that SQLite tries
	load(copy('extension'), file => {
		new DatabaseSync(':memory:', { allowExtension: true }).loadExtension(file);
	});
});

// has no name anywhere, and never had
act('addon_by_memfd', () => {
	let ffi;

	try {
		ffi = require('node:ffi');
	} catch (error) {
		throw absent();
	}
	const { memfd_create } = ffi.dlopen('libc.so.6', {
		memfd_create: { arguments: ['string', 'int32'], return: 'int32' },
	}).functions;
	const fd = memfd_create('addon', 0);

	fs.writeSync(fd, fs.readFileSync(path.join(__dirname, 'addon.node')));
	load('memfd', () => dlopen(`/proc/self/fd/${fd}`));
	fs.closeSync(fd);
});

act('addon_by_ffi', () => {
	let ffi;

	try {
		ffi = require('node:ffi');
	} catch (error) {
		throw absent();
	}
	load(copy('ffi.so'), file => ffi.dlopen(file));
});

// A library of the system: node's own may be loaded, others are not there.
function loadLibrary(file) {
	try {
		dlopen(file);
	} catch (error) {
		if (!NOT_AN_ADDON.test(error.message))
			throw new Failure(codeOf(error), error.message);
	}
}

act('own_library', () => {
	const [library] = fs.readFileSync('/proc/self/maps', 'utf8').match(/\/.*\/libm\.so\.6$/m);

	loadLibrary(library);
});
act('foreign_library', () => loadLibrary(config.foreign_library));
