// SPDX-License-Identifier: GPL-2.0-only
// Changes by a descriptor that was opened for reading: of the tenant's file, and of one that it was
// granted to read only.
'use strict';
const fs = require('fs');
const path = require('path');
const { act, expect } = require('./acts.js');
const config = require('./config.json');

const { O_RDONLY, O_TRUNC, O_NOCTTY } = fs.constants;
const PAST = new Date(1000);

for (const [place, dir] of [['own', config.places.own], ['shared', config.shared]]) {
	const file = path.join(dir, 'exploit.txt');
	const by = (name, fn) => act(`${name}_${place}`, () => {
		const fd = fs.openSync(file, O_RDONLY);

		try {
			return fn(fd);
		} finally {
			fs.closeSync(fd);
		}
	});
	const byHandle = (name, fn) => act(`${name}_${place}`, async () => {
		const handle = await fs.promises.open(file, 'r');

		try {
			await fn(handle);
		} finally {
			await handle.close();
		}
	});

	by('fchmod', fd => fs.fchmodSync(fd, 0o644));
	by('fchown', fd => fs.fchownSync(fd, process.getuid(), process.getgid()));
	by('futimes', fd => fs.futimesSync(fd, PAST, PAST));
	byHandle('handle_chmod', handle => handle.chmod(0o644));
	byHandle('handle_chown', handle => handle.chown(process.getuid(), process.getgid()));
	byHandle('handle_utimes', handle => handle.utimes(PAST, PAST));
	by('reopen', fd => fs.closeSync(fs.openSync(`/proc/self/fd/${fd}`, 'r+')));
	act(`lchown_${place}`, () => fs.lchownSync(file, process.getuid(), process.getgid()));
	// an access mode that is neither reading nor writing, for the ioctl() of some drivers
	act(`open_strangely_${place}`, () => {
		const fd = fs.openSync(file, 3 | O_NOCTTY);

		for (const use of [fs.readSync, fs.writeSync]) {
			try {
				use(fd, Buffer.from('used'));
			} catch (error) {
				expect(error.code === 'EBADF', error.message);
				continue;
			}
			expect(false, 'it can be used');
		}
		fs.closeSync(fd);
	});
	act(`open_truncating_${place}`, () => {
		fs.closeSync(fs.openSync(file, O_RDONLY | O_TRUNC));
		expect(fs.statSync(file).size === 0, 'not truncated');
	});
}
