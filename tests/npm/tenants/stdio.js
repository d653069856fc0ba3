// SPDX-License-Identifier: GPL-2.0-only
// What is open from 3 to 6; reads 4, writes 5.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const open = [3, 4, 5, 6].filter((fd) => {
	try {
		fs.writeSync(fd, '');
		return true;
	} catch {
		return false;
	}
});
fs.writeSync(5, 'by 5');
const socket = new net.Socket({ fd: 4 });
socket.setEncoding('utf8').once('data', (heard) => {
	socket.destroy();
	console.log(JSON.stringify({ open: open.includes(4) && open.includes(5), heard }));
});
