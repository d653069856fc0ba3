// chokidar: a tree is watched; files and directories come, change and go
import fs from 'node:fs';
import chokidar from 'chokidar';

const expected = ['addDir ', 'add a', 'change a', 'addDir deep', 'add deep/b', 'unlink a', 'unlink deep/b', 'unlinkDir deep'];
fs.mkdirSync('scratch/tree');
const watcher = chokidar.watch('.', { cwd: 'scratch/tree', ignored: /ignored/ });
const seen = [];
watcher.on('all', (event, path) => seen.push(`${event} ${path}`));
await new Promise(done => watcher.on('ready', done));
const until = async word => {
	for (let tries = 0; tries < 600 && !seen.includes(word); tries++)
		await new Promise(done => setTimeout(done, 50));
	console.log(word, seen.includes(word));
};
fs.writeFileSync('scratch/tree/ignored', 'x');
fs.writeFileSync('scratch/tree/a', 'one');
await until('add a');
fs.appendFileSync('scratch/tree/a', ' two');
await until('change a');
fs.mkdirSync('scratch/tree/deep');
await until('addDir deep');
fs.writeFileSync('scratch/tree/deep/b', 'x');
await until('add deep/b');
fs.rmSync('scratch/tree/a');
await until('unlink a');
fs.rmSync('scratch/tree/deep', { recursive: true });
await until('unlink deep/b');
await until('unlinkDir deep');
console.log(seen.filter(word => !expected.includes(word)));
await watcher.close();
