// SPDX-License-Identifier: GPL-2.0-only
// Everyday work with files: in the own directory, in a hidden one, and beside the own one.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { pipeline } = require('stream/promises');
const { act, inside, absent, expect, sleep, Failure } = require('./acts.js');
const config = require('./config.json');

const own = config.places.own;

// The runner has made a file and a directory for every act, so none depends on another.
for (const [place, dir] of Object.entries(config.places)) {
	const each = (name, fn) => {
		act(`${name}_${place}`, () => {
			const at = path.join(dir, name);

			return fn({
				file: `${at}.txt`,	// exists, holds its own name
				link: `${at}.lnk`,	// exists, a symbolic link to file
				dir: `${at}.d`,		// exists, holds inner.js
			empty: `${at}.empty`,	// exists, a directory
				fresh: `${at}.new`,	// does not exist
				mine: path.join(own, `${name}_${place}.mine`), // in the own directory
			}, name);
		});
	};

	each('read', ({ file }, name) => {
		expect(fs.readFileSync(file, 'utf8') === `${name}\n`, 'other contents');
	});
	each('stat', ({ file }, name) => {
		expect(fs.statSync(file).size === name.length + 1, 'other size');
	});
	each('lstat', ({ link }) => {
		expect(fs.lstatSync(link).isSymbolicLink(), 'not a link');
	});
	each('fstat', ({ file }, name) => {
		const fd = fs.openSync(file);

		expect(fs.fstatSync(fd).size === name.length + 1, 'other size');
		fs.closeSync(fd);
	});
	each('access', ({ file }) => {
		fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
	});
	each('readlink', ({ link, file }) => {
		expect(fs.readlinkSync(link) === path.basename(file), 'leads elsewhere');
	});
	each('realpath', ({ link, file }) => {
		expect(fs.realpathSync(link) === file && fs.realpathSync.native(link) === file,
			'leads elsewhere');
	});
	each('statfs', ({ file }) => {
		expect(fs.statfsSync(file).blocks > 0, 'no blocks');
	});
	each('readdir', () => {
		expect(fs.readdirSync(dir).includes('readdir.txt'), 'not in the list');
	});
	each('opendir', async () => {
		const names = [];

		for await (const entry of await fs.promises.opendir(dir))
			names.push(entry.name);
		expect(names.includes('opendir.txt'), 'not in the list');
	});
	each('write', ({ file }) => {
		fs.writeFileSync(file, 'changed');
		expect(fs.statSync(file).size === 7, 'not written');
	});
	each('append', ({ file }) => {
		fs.appendFileSync(file, 'more');
	});
	each('create', ({ fresh }) => {
		fs.writeFileSync(fresh, 'new');
		expect(fs.existsSync(fresh), 'not there');
	});
	each('truncate', ({ file }) => {
		fs.truncateSync(file, 1);
		expect(fs.statSync(file).size === 1, 'other size');
	});
	each('chmod', ({ file }) => {
		fs.chmodSync(file, 0o640);
	});
	each('chown', ({ file }) => {
		fs.chownSync(file, process.getuid(), process.getgid());
	});
	each('utimes', ({ file }) => {
		fs.utimesSync(file, 1, 2);
	});
	each('lutimes', ({ link }) => {
		fs.lutimesSync(link, 1, 2);
	});
	each('unlink', ({ file }) => {
		fs.unlinkSync(file);
	});
	each('mkdir', ({ fresh }) => {
		fs.mkdirSync(fresh);
	});
	each('mkdtemp', ({ fresh }) => {
		expect(fs.statSync(fs.mkdtempSync(fresh)).isDirectory(), 'no directory');
	});
	each('rmdir', ({ empty }) => {
		fs.rmdirSync(empty);
	});
	// by force, node would also be silent about what it cannot see
	each('rm', ({ dir: full }) => {
		fs.rmSync(full, { recursive: true });
		expect(!fs.existsSync(full), 'still there');
	});
	each('rename', ({ file, fresh }) => {
		fs.renameSync(file, fresh);
	});
	each('symlink', ({ fresh }) => {
		fs.symlinkSync('anywhere', fresh);
	});
	each('link', ({ file, fresh }) => {
		fs.linkSync(file, fresh);
	});
	each('cp', ({ dir: full, fresh }) => {
		fs.cpSync(full, fresh, { recursive: true });
		expect(fs.existsSync(path.join(fresh, 'inner.js')), 'not copied');
	});
	each('promises', async ({ file, fresh }, name) => {
		const text = await fs.promises.readFile(file, 'utf8');
		const handle = await fs.promises.open(fresh, 'wx+');

		await handle.write(text);
		await handle.sync();
		expect((await handle.stat()).size === name.length + 1, 'other size');
		await handle.close();
		await fs.promises.rm(fresh);
	});
	each('read_stream', async ({ file }, name) => {
		let text = '';

		for await (const chunk of fs.createReadStream(file, 'utf8'))
			text += chunk;
		expect(text === `${name}\n`, 'other contents');
	});
	each('write_stream', async ({ fresh }) => {
		await pipeline(['a', 'b'], fs.createWriteStream(fresh));
		expect(fs.statSync(fresh).size === 2, 'other size');
	});

	// between the place and the own directory
	each('move_in', ({ file, mine }) => {
		fs.renameSync(file, mine);
	});
	each('move_out', ({ fresh, mine }) => {
		fs.writeFileSync(mine, 'mine');
		fs.renameSync(mine, fresh);
	});
	each('link_in', ({ file, mine }) => {
		fs.linkSync(file, mine);
	});
	each('link_out', ({ fresh, mine }) => {
		fs.writeFileSync(mine, 'mine');
		fs.linkSync(mine, fresh);
	});
	each('copy_in', ({ file, mine }) => {
		fs.copyFileSync(file, mine);
	});
	each('copy_out', ({ fresh, mine }) => {
		fs.writeFileSync(mine, 'mine');
		fs.copyFileSync(mine, fresh);
	});
	each('read_through_symlink', ({ file, mine }, name) => {
		fs.symlinkSync(file, mine);
		expect(fs.readFileSync(mine, 'utf8') === `${name}\n`, 'other contents');
	});
	each('write_through_symlink', ({ fresh, mine }) => {
		fs.symlinkSync(fresh, mine);
		fs.writeFileSync(mine, 'through');
	});
	each('require', ({ dir: full }) => {
		expect(require(path.join(full, 'inner.js')) === 'inner', 'other exports');
	});

	each('watch', async ({ file }) => {
		const watcher = fs.watch(dir);
		const seen = new Promise((resolve, reject) => {
			watcher.on('error', reject);
			watcher.on('change', (event, name) => {
				if (name === path.basename(file))
					resolve();
			});
		});

		fs.appendFileSync(file, 'more');
		await seen;
		watcher.close();
	});
	each('watch_file', ({ file }, name) => new Promise((resolve, reject) => {
		fs.watchFile(file, { interval: 50 }, now => {
			if (now.nlink === 0)
				reject(new Failure('ENOENT')); // how node tells it
			else if (now.size > name.length + 1)
				resolve();
			else
				return;
			fs.unwatchFile(file);
		});
		sleep(200).then(() => fs.appendFileSync(file, 'more')).catch(() => {});
	}));
}

act('watch_tree_own', async () => {
	const tree = path.join(own, 'watched');

	fs.mkdirSync(path.join(tree, 'below'), { recursive: true });
	if (Number(process.versions.node.split('.')[0]) < 20)
		throw absent();
	const watcher = fs.watch(tree, { recursive: true });
	const seen = new Promise((resolve, reject) => {
		watcher.on('error', reject);
		watcher.on('change', (event, name) => {
			if (name === path.join('below', 'file'))
				resolve();
		});
	});

	await sleep(200); // older ones look at the tree behind the caller's back
	fs.writeFileSync(path.join(tree, 'below', 'file'), '');
	await seen;
	watcher.close();
});

// 100 MB written and read back by streams; compared as they are, for hashing takes longer
inside('big_stream_own', async () => {
	const block = crypto.randomBytes(1 << 20);
	const file = path.join(own, 'big');
	let at = 0;

	await pipeline(async function* () {
		for (let i = 0; i < 100; i++) {
			block.writeUInt32LE(i);
			yield Buffer.from(block);
		}
	}, fs.createWriteStream(file));
	for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 18 })) {
		const from = at % block.length;

		block.writeUInt32LE(Math.floor(at / block.length));
		expect(chunk.equals(block.subarray(from, from + chunk.length)), `differs at ${at}`);
		at += chunk.length;
	}
	expect(at === 100 * block.length, `${at} bytes`);
	fs.unlinkSync(file);
});

act('deep_tree_own', () => {
	const deep = path.join(own, ...Array(60).fill('deeper'));

	fs.mkdirSync(deep, { recursive: true });
	fs.writeFileSync(path.join(deep, 'file'), 'deep');
	expect(fs.readFileSync(path.join(deep, 'file'), 'utf8') === 'deep', 'other contents');
	fs.rmSync(path.join(own, 'deeper'), { recursive: true });
});

// ---- well-known places outside ----

act('read_passwd', () => void fs.readFileSync('/etc/passwd'));
act('list_root', () => void fs.readdirSync('/'));
act('list_tmp', () => void fs.readdirSync('/tmp'));
act('write_tmp', () => {
	const file = `/tmp/safenode-test.${process.pid}`;

	fs.writeFileSync(file, '');
	fs.unlinkSync(file);
});
act('list_processes', () => void fs.readdirSync('/proc'));
act('read_other_process', () => void fs.readFileSync(`/proc/${config.victim}/cmdline`));
act('read_own_process', () => void fs.readFileSync('/proc/self/cmdline'));
act('open_own_memory', () => fs.closeSync(fs.openSync('/proc/self/mem')));
act('write_own_process', () => fs.writeFileSync('/proc/self/comm', 'tenant'));
act('read_null', () => expect(fs.readFileSync('/dev/null').length === 0, 'not empty'));
act('open_terminals', () => void fs.readdirSync('/dev/pts'));

// ---- what is only asked of the own directory ----

act('tmpdir_own', () => {
	const file = path.join(os.tmpdir(), 'scratch');

	expect(`${file}/`.startsWith(`${config.directory}/`), `outside: ${file}`);
	fs.writeFileSync(file, 'scratch');
});

act('homedir_own', () => {
	expect(`${os.homedir()}/`.startsWith(`${config.directory}/`), `outside: ${os.homedir()}`);
});
