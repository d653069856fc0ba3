// SPDX-License-Identifier: GPL-2.0-only
// Other processes, other identities, another directory: what a tenant has no business with.
'use strict';
const child_process = require('child_process');
const cluster = require('cluster');
const os = require('os');
const path = require('path');
const { Failure, act, expect, once } = require('./acts.js');
const config = require('./config.json');

const TRUE = '/bin/true';
const child = path.join(__dirname, 'modules', 'end.js');

// EACCES and EMFILE reach the program as an 'error' event; EPERM would be thrown where it is not
// expected, and EACCES instead of pipes ends in one more error, which cannot be caught
async function ended(start) {
	let subprocess;

	try {
		subprocess = start();
	} catch (error) {
		throw new Failure('thrown', error.message);
	}
	const [code] = await once(subprocess, 'exit');

	expect(code === 0, `ended with ${code}`);
}

function checkSync({ error, status }) {
	if (error)
		throw error;
	expect(status === 0, `ended with ${status}`);
}

const callback = (fn, ...args) => new Promise((resolve, reject) =>
	fn(...args, error => error ? reject(error) : resolve()));

// without pipes, which are Unix sockets, so that it is the fork that is refused
act('spawn', () => ended(() => child_process.spawn(TRUE, { stdio: 'ignore' })));
act('spawn_detached', () =>
	ended(() => child_process.spawn(TRUE, { stdio: 'ignore', detached: true })));
act('spawn_inherit', () => ended(() => child_process.spawn(TRUE, { stdio: [0, 2, 2] })));
act('spawn_sync', () => checkSync(child_process.spawnSync(TRUE, { stdio: 'ignore' })));
act('spawn_shell', () =>
	checkSync(child_process.spawnSync('true', { stdio: 'ignore', shell: true })));
act('spawn_with_pipes', () => ended(() => child_process.spawn(TRUE)));
act('exec', () => callback(child_process.exec, 'true'));
act('exec_sync', () => void child_process.execSync('true', { stdio: 'ignore' }));
act('exec_file', () => callback(child_process.execFile, TRUE));
// node cannot make them before it starts the subprocess, and leaves them out
act('spawn_streams', async () => {
	const subprocess = child_process.spawn(TRUE);

	subprocess.on('error', () => {});
	if (!subprocess.stdout && !subprocess.stdin && !subprocess.pid)
		throw new Failure('streamless');
	await once(subprocess, 'exit');
});
act('fork', () => ended(() => child_process.fork(child)));
act('cluster_fork', async () => {
	cluster.setupPrimary({ exec: child });
	await ended(() => cluster.fork());
});

act('chdir', () => process.chdir(path.dirname(__dirname)));
act('chdir_below', () => process.chdir(config.places.own));
act('chdir_nowhere', () => {
	process.chdir('.');
	process.chdir(__dirname); // as the server that Next.js builds does first of all
});

// SIGURG: ignored by a process that does not wait for it
act('kill_other', () => void process.kill(config.victim, 'SIGURG'));
act('probe_other', () => void process.kill(config.victim, 0));
act('priority_other', () => os.setPriority(config.victim, 5));
// the victim ignores SIGUSR1, by which node asks another node for its inspector
act('debug_other', () => process._debugProcess(config.victim));

act('user_info', () => void os.userInfo());
act('setuid', () => process.setuid(process.getuid()));
act('setgid', () => process.setgid(process.getgid()));

// The listener outside tells the runner what it heard: kill(-1) succeeds when all have refused.
// Both signals are ignored by processes that do not wait for them; two of one kind could become one.
act('kill_group', () => void process.kill(-config.listener, 'SIGURG'));
act('kill_all', () => void process.kill(-1, 'SIGWINCH'));
