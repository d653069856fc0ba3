// SPDX-License-Identifier: GPL-2.0-only
// A customer's log: one JSON object a line, so that no output can look like a denial, nor move a
// terminal's cursor. Two files at most, of a limited size.
'use strict';
const fs = require('node:fs');

const SIZE_MAX = 10 << 20; // bytes; then the file becomes NAME.1, and the one before goes

class Log {
	constructor(file) {
		this.file = file;
		this.turn = this.open();
	}

	async open() {
		this.handle = await fs.promises.open(this.file, 'a', 0o600);
		this.size = (await this.handle.stat()).size;
	}

	// Resolves when it is written. One after the other, in the order of the calls.
	write(record) {
		return this.inTurn(() => this.append(`${JSON.stringify(record)}\n`));
	}

	close() {
		return this.inTurn(() => this.handle.close());
	}

	// A disk that is full is no reason to stop: what does not fit is lost.
	inTurn(act) {
		this.turn = this.turn.then(act).catch(() => {});
		return this.turn;
	}

	async append(text) {
		if (this.size > SIZE_MAX)
			await this.turnOver();
		await this.handle.appendFile(text);
		this.size += Buffer.byteLength(text);
	}

	async turnOver() {
		await this.handle.close();
		await fs.promises.rename(this.file, `${this.file}.1`);
		await this.open();
	}
}

module.exports = { Log };
