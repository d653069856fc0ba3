// SPDX-License-Identifier: GPL-2.0-only
// One table of options: the package's, its types', its page's and those of safenode-attach; and what
// the archive has. After make.
'use strict';
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const safenode = require('safenode');
const { INHERITED, OWN, PASSED, POLICY, flagOf } = require('../lib/options.js');

const root = path.resolve(__dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const tool = (...args) => execFileSync(path.join(root, 'build/safenode-attach'), args, { encoding: 'utf8' });

// The members of an interface in the types
function members(name) {
	const [, body] = new RegExp(`^export interface ${name} .*\\{\n([^]*?)^\\}`, 'm').exec(read('npm/index.d.ts'));
	return [...body.matchAll(/^\t([A-Za-z]+)\?:/gm)].map(([, member]) => member).sort();
}

// Those in the first column of the page's table of options
function tabled() {
	const [table] = /^\| option \| meaning \|\n[^]*?\n\n/m.exec(read('npm/README.md'));
	return table.split('\n').slice(2).flatMap((row) => [...(row.split(' | ')[0]).matchAll(/`(\w+)`/g)].map(([, name]) => name));
}

test('the options are those of safenode-attach', () => {
	const flags = [...tool('--help').matchAll(/^ {2}(?:-[a-z], )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
	const others = ['--keep-fd', '--replace', '--help', '--version'];
	assert.deepEqual([...Object.keys(POLICY).map(flagOf), ...others].sort(), flags.sort());
});

test('types and page name each option', () => {
	assert.deepEqual(members('TenantOptions'), Object.keys(POLICY).sort());
	const rest = [...OWN, ...PASSED].filter((name) => name !== 'serialization'); // of MessagingOptions
	assert.deepEqual(members('SpawnOptions'), rest.sort());
	const here = [...Object.keys(POLICY), ...OWN].sort();
	assert.deepEqual(tabled().sort(), here);
	for (const name of PASSED)
		assert.match(read('npm/README.md'), new RegExp(`\`${name}\``));
});

test('the page names the variables that are inherited, and each error', () => {
	const row = /^\| `env` \| (.*) \|$/m.exec(read('npm/README.md'))[1];
	assert.deepEqual([...row.matchAll(/`(\w+)`/g)].map(([, name]) => name), INHERITED);
	const codes = (file) => [...new Set(read(file).match(/ERR_SAFENODE_[A-Z_]+/g))].sort();
	assert.deepEqual(codes('npm/README.md'), codes('npm/lib/errors.js'));
	assert.deepEqual(codes('npm/index.d.ts'), codes('npm/lib/errors.js'));
});

test('both kinds of modules export the same', async () => {
	for (const [entry, exported] of [['safenode', safenode], ['safenode/tenant', require('safenode/tenant')]]) {
		const { default: whole, ...named } = await import(entry);
		assert.equal(whole, exported);
		assert.deepEqual(Object.keys(named).sort(), Object.keys(exported).sort());
		const types = read(`npm/${entry === 'safenode' ? 'index' : 'tenant'}.d.ts`);
		const functions = new Set([...types.matchAll(/^export function (\w+)/gm)].map(([, name]) => name));
		assert.deepEqual([...functions].sort(), Object.keys(exported).sort());
	}
});

test('the version is the tools\'', () => {
	const { version } = JSON.parse(read('build/npm/package.json'));
	assert.equal(tool('--version'), `safenode-attach ${version}\n`);
	assert.equal(JSON.parse(read('npm/package.json')).version, undefined);
});

test('the package runs nothing when it is installed, and depends on nothing', () => {
	const about = JSON.parse(read('build/npm/package.json'));
	for (const name of ['scripts', 'dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies', 'bin', 'gypfile'])
		assert.equal(about[name], undefined);
});

const npm = (process.env.PATH || '').split(':').some((dir) => fs.existsSync(path.join(dir, 'npm')));
const skip = !npm && process.env.SAFENODE_MUST_RUN !== '1' && 'npm';

test('the archive has what it should, and nothing else; installed, both entries are there', { skip }, (t) => {
	const base = fs.mkdtempSync(path.join(os.tmpdir(), 'safenode-npm-'));
	t.after(() => fs.rmSync(base, { recursive: true }));
	const run = (program, ...args) => execFileSync(program, args, { cwd: base, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
	const quietly = ['--offline', '--silent', '--no-update-notifier', '--no-audit', '--no-fund'];
	const [{ filename, files }] = JSON.parse(run('npm', 'pack', ...quietly, '--json', path.join(root, 'build/npm')));
	assert.deepEqual(files.map((file) => file.path).sort(), [
		'LICENSE', 'README.md', 'index.d.mts', 'index.d.ts', 'index.js', 'index.mjs',
		'lib/denials.js', 'lib/errors.js', 'lib/exec-path.js', 'lib/options.js', 'lib/start.js', 'lib/status.js', 'lib/tools.js',
		'package.json', 'tenant.d.mts', 'tenant.d.ts', 'tenant.js', 'tenant.mjs',
	]);
	run('npm', 'install', ...quietly, `./${filename}`);
	const entries = `import { spawn } from 'safenode'; import { isSafeMode } from 'safenode/tenant'; console.log(typeof spawn, isSafeMode());`;
	assert.equal(run(process.execPath, '--input-type=module', '-e', entries), 'function false\n');
});
