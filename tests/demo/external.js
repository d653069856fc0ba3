// SPDX-License-Identifier: GPL-2.0-only
// The external system, in a network of its own: serves a large table, packed, and its checksum.
//
// usage: node external.js ADDRESS PORT
'use strict';
const crypto = require('crypto');
const http = require('http');
const zlib = require('zlib');

const MEGABYTES = 64;
const LINES_PER_PAGE = 256;
const PAGES_PER_MEGABYTE = 64;

// 64 bytes a line. Random, so that the checksum cannot be known without the table.
function page() {
	let text = '';
	for (let i = 0; i < LINES_PER_PAGE; i++)
		text += `${crypto.randomBytes(28).toString('hex')}, ${1000 + i}\n`.padStart(64);
	return text;
}

const megabyte = Buffer.from(page().repeat(PAGES_PER_MEGABYTE));
const packed = zlib.gzipSync(megabyte);

function checksum() {
	const hash = crypto.createHash('sha256');
	for (let i = 0; i < MEGABYTES; i++)
		hash.update(megabyte);
	return { bytes: MEGABYTES * megabyte.length, sha256: hash.digest('hex') };
}

const sum = JSON.stringify(checksum());

http.createServer((request, response) => {
	if (request.url === '/table.gz') {
		// gunzip takes packed pieces one after the other
		for (let i = 0; i < MEGABYTES; i++)
			response.write(packed);
		response.end();
	} else if (request.url === '/checksum') {
		response.end(sum);
	} else {
		response.statusCode = 404;
		response.end();
	}
}).listen(Number(process.argv[3]), process.argv[2]);
