// SPDX-License-Identifier: GPL-2.0-only
// A stream -> its lines.
'use strict';

// A line that is longer is cut, for whoever writes it may never end it
const LINE_MAX = 8192;

async function* lines(stream) {
	let rest = '';

	for await (const text of stream.setEncoding('utf8')) {
		const all = (rest + text).split('\n');
		rest = all.pop();
		yield* all;
		if (rest.length < LINE_MAX)
			continue;
		yield rest;
		rest = '';
	}
	if (rest)
		yield rest;
}

module.exports = { lines };
