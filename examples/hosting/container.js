// SPDX-License-Identifier: GPL-2.0-only
// Starts a customer's program by podman: a container that is the tenant, because of its annotations.
// Only the customer's directory is its own, as /app; limits are the engine's.
'use strict';
const { execFile, spawn } = require('node:child_process');
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const { promisify } = require('node:util');
const { lines } = require('./lines.js');
const { ALLOWED_PORTS, RESTRICTED } = require('./policy.js');

const podman = (...args) => promisify(execFile)('podman', args);

// Every address of this machine: a container has no `self`
function own() {
	const listed = Object.values(os.networkInterfaces()).flat().map(({ address }) => address);
	return ['127.0.0.0/8', '::1', ...listed];
}

const LIMITS = {
	memoryMax: (size) => ['--memory', size, '--memory-swap', size],
	pidsMax: (number) => ['--pids-limit', String(number)],
	cpuMax: (percent) => ['--cpus', String(parseFloat(percent) / 100)],
};

function limits(options) {
	return Object.entries(options).flatMap(([name, value]) => {
		if (!Object.hasOwn(LIMITS, name))
			throw new Error(`${name} cannot be said to podman by this program; remove it`);
		return LIMITS[name](value);
	});
}

function words(image, name, { port, script, args, dir, allowedOutgoingPorts = ALLOWED_PORTS, ...options }) {
	const { uid, gid } = fs.statSync(dir);
	const annotations = {
		'safe-mode': 'true',
		tenant: name,
		'restricted-outgoing-addresses': [...new Set([...own(), ...RESTRICTED])],
		'allowed-outgoing-ports': allowedOutgoingPorts,
		'allowed-listen-ports': port,
	};
	return [
		'--name', name, '--replace', '--network', 'host', '--security-opt', 'no-new-privileges', '--cap-drop', 'all',
		'--user', `${uid}:${gid}`, '--volume', `${dir}:/app`, '--workdir', '/app',
		'--env', `PORT=${port}`, '--env', 'NODE_ENV=production', ...limits(options),
		// with blanks between, for podman 4.3 takes what is behind a comma for another annotation
		...Object.entries(annotations).flatMap(([key, value]) => ['--annotation', `safenode.${key}=${[value].flat().join(' ')}`]),
		image, 'node', script, ...args,
	];
}

// What is told of it is as of the package's ChildProcess.
class Container extends EventEmitter {
	constructor(image, name, entry) {
		super();
		const run = spawn('podman', ['run', ...words(image, name, entry)], { stdio: ['ignore', 'pipe', 'pipe'] });
		Object.assign(this, { name, outOfMemory: false, pid: run.pid, stdout: run.stdout, stderr: run.stderr });
		run.on('error', (error) => {
			this.log.kill();
			this.emit('error', error);
		});
		run.on('exit', (...end) => this.remove().catch((error) => this.emit('error', error))
			.then(() => {
				this.log.kill();
				this.emit('exit', ...end);
			}));
		this.log = this.follow();
	}

	follow() {
		const log = spawn('safenode-log', ['--json', '--follow', '--without-known',
			`--cgroup=container/${this.name}`, `--since=${new Date().toISOString()}`], { stdio: ['ignore', 'pipe', 'ignore'] });
		log.on('error', (error) => this.emit('error', error));
		this.read(log.stdout).catch(() => {});
		return log;
	}

	async read(stream) {
		for await (const line of lines(stream)) {
			const record = JSON.parse(line);
			this.emit(record.op === undefined ? 'missed' : 'denial', record);
		}
	}

	// podman passes signals on, but not SIGKILL
	kill(signal) {
		podman('kill', '--signal', signal, this.name).catch(() => {});
	}

	async remove() {
		const { stdout } = await podman('inspect', '--format', '{{.State.OOMKilled}}', this.name);
		this.outOfMemory = stdout.trim() === 'true';
		await podman('rm', '--force', this.name);
	}
}

// @image: of a node, and of nothing that runs before it
function starter(image) {
	return {
		check: async () => {
			if (!image)
				throw new Error("the config has no 'image'; name one that podman has");
			await podman('image', 'inspect', image);
		},
		start: (name, entry) => new Container(image, name, entry),
	};
}

module.exports = { starter };
