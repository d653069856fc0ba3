// SPDX-License-Identifier: GPL-2.0-only
// A server that starts a tenant from node: its pipes are Unix sockets, and so is the IPC channel.
'use strict';
const { spawn } = require('child_process');

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
const heard = { pid: child.pid };

child.stdout.on('data', chunk => { heard.stdout = (heard.stdout || '') + chunk; });
child.stderr.on('data', chunk => { heard.stderr = (heard.stderr || '') + chunk; });
child.on('message', message => { heard.message = message; });
child.on('close', (code, signal) => {
	process.stdout.write(JSON.stringify({ ...heard, code, signal }) + '\n');
});
child.stdin.end('hello');
child.send('ping', () => {});
