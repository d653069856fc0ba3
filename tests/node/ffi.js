// SPDX-License-Identifier: GPL-2.0-only
// node:ffi lets JavaScript call the C library, and so the kernel, without any addon.
'use strict';
const fs = require('fs');
const path = require('path');
const { act, expect, Failure } = require('./acts.js');
const config = require('./config.json');

const AF_UNIX = 1, SOCK_STREAM = 1;
const PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
const MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20;
const MAP_FAILED = 0xffffffffffffffffn;
const ERRORS = { 1: 'EPERM', 2: 'ENOENT', 3: 'ESRCH', 13: 'EACCES' };

let ffi, libc;

try {
	ffi = require('node:ffi');
	libc = ffi.dlopen('libc.so.6', {
		getpid: { arguments: [], return: 'int32' },
		fork: { arguments: [], return: 'int32' },
		_exit: { arguments: ['int32'], return: 'void' },
		waitpid: { arguments: ['int32', 'pointer', 'int32'], return: 'int32' },
		socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
		chdir: { arguments: ['string'], return: 'int32' },
		kill: { arguments: ['int32', 'int32'], return: 'int32' },
		open: { arguments: ['string', 'int32'], return: 'int32' },
		memfd_create: { arguments: ['string', 'int32'], return: 'int32' },
		mmap: {
			arguments: ['pointer', 'uint64', 'int32', 'int32', 'int32', 'int64'],
			return: 'pointer',
		},
		mprotect: { arguments: ['pointer', 'uint64', 'int32'], return: 'int32' },
		__errno_location: { arguments: [], return: 'pointer' },
	}).functions;
} catch (error) {
	libc = null;
}

function check(result) {
	if (result !== -1 && result !== MAP_FAILED)
		return result;
	const errno = ffi.getInt32(libc.__errno_location(), 0);

	throw new Failure(ERRORS[errno] || `errno ${errno}`);
}

const each = (name, fn) => act(`ffi_${name}`, () => {
	if (!libc)
		throw new Failure('absent');
	return fn();
});

const mapFile = (fd, prot, flags) => check(libc.mmap(0n, 4096n, prot, flags, fd, 0n));

each('getpid', () => expect(libc.getpid() === process.pid, 'another process'));
each('fork', () => {
	const pid = check(libc.fork());

	if (pid === 0)
		libc._exit(0);
	check(libc.waitpid(pid, 0n, 0));
});
each('tcp_socket', () => fs.closeSync(check(libc.socket(2, SOCK_STREAM, 0))));
each('unix_socket', () => fs.closeSync(check(libc.socket(AF_UNIX, SOCK_STREAM, 0))));
each('chdir', () => void check(libc.chdir(path.dirname(__dirname))));
each('chdir_nowhere', () => void check(libc.chdir(__dirname)));
each('kill_self', () => void check(libc.kill(process.pid, 0)));
each('kill_other', () => void check(libc.kill(config.victim, 0)));
each('open_own', () => fs.closeSync(check(libc.open(__filename, 0))));
each('open_hidden', () => fs.closeSync(check(libc.open(config.outside, 0))));

each('map_anonymous', () => void mapFile(-1, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS));
each('map_file', () => {
	const fd = fs.openSync(path.join(__dirname, 'addon.node'));

	mapFile(fd, PROT_READ, MAP_PRIVATE);
	fs.closeSync(fd);
});
each('map_executable', () => {
	const fd = fs.openSync(path.join(__dirname, 'addon.node'));

	mapFile(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	fs.closeSync(fd);
});
each('make_executable', () => {
	const fd = fs.openSync(path.join(__dirname, 'addon.node'));

	check(libc.mprotect(mapFile(fd, PROT_READ, MAP_PRIVATE), 4096n, PROT_READ | PROT_EXEC));
	fs.closeSync(fd);
});
each('memfd', () => {
	const fd = check(libc.memfd_create('code', 0));

	fs.writeSync(fd, Buffer.alloc(4096));
	mapFile(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	fs.closeSync(fd);
});
each('memfd_executable', () => {
	const fd = check(libc.memfd_create('code', 0));

	fs.writeSync(fd, Buffer.alloc(4096));
	mapFile(fd, PROT_READ | PROT_EXEC, MAP_SHARED);
	fs.closeSync(fd);
});
