// node's own ways to a subprocess, each with the error that it gives
import { exec, execFile, execSync, fork, spawn, spawnSync } from 'node:child_process';
import cluster from 'node:cluster';
import fs from 'node:fs';

fs.writeFileSync('scratch/child.cjs', 'process.disconnect?.()');
const node = process.execPath, child = ['scratch/child.cjs'];
const event = emitter => new Promise(done => emitter.on('error', error => done(error.code)).on('exit', status => done(status)));
const thrown = act => {
	try {
		return act();
	} catch (error) {
		return error.code;
	}
};
console.log('spawn', await event(spawn(node, child)));
console.log('spawn inherit', await event(spawn(node, child, { stdio: 'inherit' })));
console.log('fork', await event(fork(child[0])));
console.log('exec', await new Promise(done => exec('echo', error => done(error?.code))));
console.log('execFile', await new Promise(done => execFile('echo', error => done(error?.code))));
console.log('spawnSync', spawnSync(node, child).error?.code);
console.log('execSync', thrown(() => execSync('echo', { encoding: 'utf8', stdio: 'pipe' })));
cluster.setupPrimary({ exec: child[0] });
console.log('cluster', await event(cluster.fork()));
