// SPDX-License-Identifier: GPL-2.0-only
// A tenant's program. It knows nothing of safenode: it reports to the server, does the work that
// the server asks for, and, because this is a demo, misbehaves on request.
//
// usage: node app.js NAME SERVER-URL EXTERNAL-URL
'use strict';
const crypto = require('crypto');
const dgram = require('dgram');
const fs = require('fs');
const http = require('http');
const { pipeline } = require('stream/promises');
const zlib = require('zlib');
const { ask, serve } = require('./http-json.js');
const { perform } = require('./acts.js');

const [name, server, external] = process.argv.slice(2);
const TABLE = 'scratch/table.txt';
const CHUNK = 1 << 20; // bytes, for fewer and larger steps than by default

function download(url) {
	return new Promise((resolve, reject) => {
		http.get(url, { agent: false }, resolve).on('error', reject);
	});
}

// Buffers the external system's table in the scratch space, then goes through it.
async function work() {
	const packed = await download(`${external}/table.gz`);
	await pipeline(packed, zlib.createGunzip({ chunkSize: CHUNK }), fs.createWriteStream(TABLE));
	const hash = crypto.createHash('sha256');
	let bytes = 0;
	for await (const piece of fs.createReadStream(TABLE, { highWaterMark: CHUNK })) {
		hash.update(piece);
		bytes += piece.length;
	}
	fs.unlinkSync(TABLE);
	return { name, bytes, sha256: hash.digest('hex') };
}

// A small UDP service, for others to reach or not. On the port that is this tenant's.
function echo() {
	const socket = dgram.createSocket('udp4');
	socket.on('message', (message, from) => socket.send(message, from.port, from.address));
	return new Promise((resolve) => {
		socket.bind(process.env.PORT, '127.0.0.1', () => resolve(socket.address().port));
	});
}

async function main() {
	const udpPort = await echo();
	const port = await serve({
		'/hello': () => ({ name }),
		'/work': work,
		'/interfere': (targets) => perform({ ...targets, server, external }),
	}, process.env.PORT);
	await ask(`${server}/report`, { name, port, udpPort });
}

main();
