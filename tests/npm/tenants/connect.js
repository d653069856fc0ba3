// SPDX-License-Identifier: GPL-2.0-only
// connect.js PORT...: what mayConnect() says, and what connect() says, to 127.0.0.1
'use strict';
const net = require('node:net');
const { mayConnect } = require('safenode/tenant');

const tried = (port) => new Promise((resolve) => {
	net.connect(port, '127.0.0.1').on('connect', function () {
		this.destroy();
		resolve('connected');
	}).on('error', (error) => resolve(error.code));
});

async function main() {
	const answers = {};
	for (const port of process.argv.slice(2).map(Number))
		answers[port] = [await mayConnect('127.0.0.1', port), await tried(port)];
	console.log(JSON.stringify(answers));
}
main();
