// SPDX-License-Identifier: GPL-2.0-only
// A customer's program. It knows its port, and nothing of the server that starts it.
'use strict';
const http = require('node:http');

const server = http.createServer((request, response) => {
	console.log(request.method, request.url);
	response.end('acme\n');
}).listen(process.env.PORT, '127.0.0.1');

process.on('SIGTERM', () => server.close());
