// SPDX-License-Identifier: GPL-2.0-only
// node's inner functions and modules, by the tricks that got around checks made in JavaScript.
'use strict';
const diagnostics_channel = require('diagnostics_channel');
const fs = require('fs');
const inspector = require('inspector');
const Module = require('module');
const path = require('path');
const { pathToFileURL } = require('url');
const util = require('util');
const vm = require('vm');
const { Worker } = require('worker_threads');
const { act, absent, expect, once, Failure } = require('./acts.js');
const config = require('./config.json');

const major = Number(process.versions.node.split('.')[0]);
const { own } = config.places;
const TEXT = 'exploit\n';
const TRUE = '/bin/true';

function checkText(text) {
	expect(String(text) === TEXT, `other contents: ${text}`);
}

// Inner functions return 0 or a negative errno
function check(status) {
	if (status < 0)
		throw new Failure(util.getSystemErrorName(status));
	return status;
}

// ---- what can be done with inner functions ----

function readBy({ open }, file) {
	const fd = major < 20 ? open(file, fs.constants.O_RDONLY, 0o666, undefined, {}) :
		open(file, fs.constants.O_RDONLY, 0o666);

	checkText(fs.readFileSync(check(fd)));
	fs.closeSync(fd);
}

function statBy({ internalModuleStat }, file) {
	if (!internalModuleStat)
		throw absent();
	if (internalModuleStat(file) < 0)
		throw new Failure('unseen');
}

function spawnBy({ spawn }) {
	const ignore = { type: 'ignore' };

	check(spawn({
		file: TRUE, args: [TRUE], envPairs: [], stdio: [ignore, ignore, ignore],
	}).error || 0);
}

async function processBy({ Process }) {
	const child = new Process();
	const ignore = { type: 'ignore' };
	const ended = new Promise(resolve => { child.onexit = resolve; });

	const stdio = [ignore, ignore, ignore];

	const caller = process.binding('natives')['internal/child_process'];

	// node aborts where it is called by the other convention
	check(/_handle\.spawn\(\s*options\.file/.test(caller) ?
		child.spawn(TRUE, [TRUE], undefined, [], stdio, 0, undefined, undefined) :
		child.spawn({ file: TRUE, args: [TRUE], envPairs: [], stdio }));
	expect(await ended === 0, 'did not end well');
}

const completed = start => new Promise((resolve, reject) => {
	const done = status => {
		try {
			resolve(check(status));
		} catch (error) {
			reject(error);
		}
	};
	const status = start(done);

	if (status < 0)
		done(status);
});

async function pipeConnectBy({ Pipe, PipeConnectWrap, constants }, at) {
	const pipe = new Pipe(constants.SOCKET);
	const request = new PipeConnectWrap();

	await completed(done => {
		request.oncomplete = done;
		return pipe.connect(request, at);
	});
	pipe.close();
}

function pipeListenBy({ Pipe, constants }, at) {
	const pipe = new Pipe(constants.SERVER);

	check(pipe.bind(at));
	check(pipe.listen(1));
	pipe.close();
}

async function tcpBy({ TCP, TCPConnectWrap, constants }, port) {
	const socket = new TCP(constants.SOCKET);
	const request = new TCPConnectWrap();

	await completed(done => {
		request.oncomplete = done;
		return socket.connect(request, '127.0.0.1', port);
	});
	socket.close();
}

// ---- ways to the inner functions ----

const posted = (session, method, params) => new Promise((resolve, reject) =>
	session.post(method, params, (error, result) => error ? reject(error) : resolve(result)));

// The inspector shows what a built-in function has closed over: here node's inner require()
async function scopeOf(fn) {
	const session = new inspector.Session();
	let found;

	session.connect();
	globalThis.scopedFunction = fn;
	globalThis.takeScope = scope => { found = scope; };
	const { result } = await posted(session, 'Runtime.evaluate', { expression: 'scopedFunction' });
	const { internalProperties } = await posted(session, 'Runtime.getProperties',
		{ objectId: result.objectId });
	const scopes = internalProperties.find(each => each.name === '[[Scopes]]');
	const { result: [closure] } = await posted(session, 'Runtime.getProperties',
		{ objectId: scopes.value.objectId });

	const { result: variables } = await posted(session, 'Runtime.getProperties',
		{ objectId: closure.value.objectId });
	const argument = name => {
		const { value } = variables.find(each => each.name === name);

		return { objectId: value.objectId };
	};

	await posted(session, 'Runtime.callFunctionOn', {
		objectId: result.objectId,
		functionDeclaration: 'function (binding, require) { takeScope({ binding, require }); }',
		arguments: [argument('binding'), argument('require')],
	});
	session.disconnect();
	return found;
}

async function answerOf(worker) {
	const [{ error, text }] = await once(worker, 'message');

	if (error)
		throw new Failure(error);
	return text;
}

const inWorker = (source, data, more) => answerOf(new Worker(
	`const { parentPort, workerData } = require('worker_threads');
	const { file } = workerData;
	const valueOf = ({ exceptionDetails, result }) => {
		if (!exceptionDetails)
			return result.value;
		throw { code: exceptionDetails.exception.description.match(/\\bE[A-Z]{3,}/)[0] };
	};
	(async () => { ${source} })().then(text => parentPort.postMessage({ text: String(text) }),
		error => parentPort.postMessage({ error: error.code || String(error) }));`,
	{ eval: true, workerData: data, ...more }));

// ---- ways to the modules ----

const DATA_MODULE = `data:text/javascript,
	import * as fs from 'node:fs';
	import * as child_process from 'node:child_process';
	export const take = name => ({ fs, child_process })[name];`;

const loaders = {
	module_load: name => Module._load(name),
	main_module: name => process.mainModule.require(name),
	main_module_proto: name => process.mainModule.__proto__.require(name),
	main_module_constructor: name => process.mainModule.constructor._load(name),
	create_require: name => module.constructor.createRequire(__filename)(name),
	cached_module: name => Object.values(require.cache)[0].constructor
		.createRequire('/')(`node:${name}`),
	get_builtin: name => {
		if (!process.getBuiltinModule)
			throw absent();
		return process.getBuiltinModule(name);
	},
	data_url: async name => (await import(DATA_MODULE)).take(name),
	// a context of vm is left by the constructor of anything that came from outside of it
	vm_constructor: name => vm.runInNewContext(
		'leak.constructor.constructor("return process")().mainModule.require(name)',
		{ leak: {}, name }),
	vm_this: name => vm.runInNewContext(
		'this.constructor.constructor("return process")()', {}).mainModule.require(name),
	// the frames of a stack trace lead to the functions of the callers
	stack_trace: name => vm.runInNewContext(`
		let found;
		probe(() => {
			const { constructor } = new Proxy(probe, {});
			try {
				constructor.constructor('throw process')();
			} catch (thrown) {
				found = thrown;
			}
		});
		found.mainModule.require(name)`, { probe: fn => fn(), name }),
};

// ---- the acts ----

for (const place of ['own', 'hidden']) {
	const dir = config.places[place];
	const file = path.join(dir, 'exploit.txt');
	const each = (name, fn) => act(`${name}_${place}`, fn);

	each('binding_open', () => readBy(process.binding('fs'), file));
	each('binding_stat', () => statBy(process.binding('fs'), file));
	each('scopes_open', async () => readBy((await scopeOf(fs.readFileSync)).binding, file));
	each('exposed_open', async () => checkText(await inWorker(`
		const { internalBinding } = require('internal/test/binding');
		const fd = ${major < 20} ?
			internalBinding('fs').open(file, 0, 0o666, undefined, {}) :
			internalBinding('fs').open(file, 0, 0o666);

		if (fd < 0)
			throw { code: require('util').getSystemErrorName(fd) };
		return require('fs').readFileSync(fd);`,
	{ file }, { execArgv: ['--expose-internals'] })));

	for (const [name, load] of Object.entries(loaders))
		each(`by_${name}`, async () => checkText((await load('fs')).readFileSync(file)));

	// code that lies elsewhere
	const script = path.join(dir, 'exploit.js');

	each('import_url', async () => {
		await import(pathToFileURL(path.join(dir, 'exploit.mjs')));
	});
	each('require_json', () => void require(path.join(dir, 'exploit.json')));
	each('require_from', () => void Module.createRequire(script)('./exploit.js'));
	each('extension', () => Module._extensions['.js'](new Module(script), script));
	each('global_paths', () => {
		process.env.NODE_PATH = dir;
		Module._initPaths();
		try {
			require('exploit.js');
		} finally {
			delete process.env.NODE_PATH;
			Module._initPaths();
		}
	});
	each('worker_file', () => once(new Worker(script), 'exit'));
	each('hooks', async () => {
		if (!Module.registerHooks)
			throw absent();
		const hooks = Module.registerHooks({
			resolve: (specifier, context, next) => specifier === `hooked:${place}` ?
				{ url: specifier, format: 'commonjs', shortCircuit: true } :
				next(specifier, context),
			load: (url, context, next) => url === `hooked:${place}` ?
				{ source: fs.readFileSync(script), format: 'commonjs', shortCircuit: true } :
				next(url, context),
		});

		try {
			require(`hooked:${place}`);
		} finally {
			hooks.deregister();
		}
	});
	// in the thread that node keeps for such hooks
	each('hooks_in_thread', async () => {
		if (!Module.register)
			throw absent();
		const hooks = `
			import fs from 'node:fs';
			export async function resolve(specifier, context, next) {
				return specifier === 'threaded:${place}' ?
					{ url: specifier, format: 'module', shortCircuit: true } :
					next(specifier, context);
			}
			export async function load(url, context, next) {
				if (url !== 'threaded:${place}')
					return next(url, context);
				let found;
				try {
					found = fs.readFileSync('${file}', 'utf8');
				} catch (error) {
					found = error.code;
				}
				return { source: 'export default ' + JSON.stringify(found),
					format: 'module', shortCircuit: true };
			}`;

		Module.register(`data:text/javascript,${encodeURIComponent(hooks)}`);
		const { default: found } = await import(`threaded:${place}`);

		if (found !== TEXT)
			throw new Failure(found);
	});

	// threads
	const READ = 'return require("fs").readFileSync(file);';

	each('worker', async () => checkText(await inWorker(READ, { file })));
	// as the published exploit does: the constructor of node's own threads, from the channel
	each('worker_from_channel', async () => {
		let Grabbed;
		const grab = ({ worker }) => { Grabbed = worker.constructor; };

		diagnostics_channel.subscribe('worker_threads', grab);
		await inWorker('return 0;', {});
		diagnostics_channel.unsubscribe('worker_threads', grab);
		if (!Grabbed)
			throw absent();
		checkText(await answerOf(new Grabbed(`const { parentPort } = require('worker_threads');
			try {
				const text = require('fs').readFileSync(${JSON.stringify(file)}, 'utf8');
				parentPort.postMessage({ text });
			} catch (error) {
				parentPort.postMessage({ error: error.code });
			}`, { eval: true })));
	});
	each('inspector_in_worker', async () => checkText(await inWorker(`
		const inspector = require('inspector');
		const session = new inspector.Session();

		session.connect();
		const evaluated = await new Promise((resolve, reject) => session.post('Runtime.evaluate',
			{ expression: 'require("fs").readFileSync(' +
				JSON.stringify(file) + ', "utf8")', includeCommandLineAPI: true },
			(error, result) => error ? reject(error) : resolve(result)));

		session.disconnect();
		return valueOf(evaluated);`, { file })));
	// from a thread, the session reaches the main thread's own functions
	each('inspector_to_main', async () => checkText(await inWorker(`
		const inspector = require('inspector');
		const session = new inspector.Session();
		// answers are not noticed by a thread that has nothing else to wait for
		const awake = setInterval(() => {}, 20);

		session.connectToMainThread();
		const evaluated = await new Promise((resolve, reject) => session.post('Runtime.evaluate',
			{ expression: 'process.mainModule.require("fs").readFileSync(' +
				JSON.stringify(file) + ', "utf8")' },
			(error, result) => error ? reject(error) : resolve(result)));

		clearInterval(awake);
		return valueOf(evaluated);`, { file })));
}

for (const [name, load] of Object.entries(loaders))
	act(`by_${name}_spawn`, async () => {
		const { error } = (await load('child_process')).spawnSync(TRUE, { stdio: 'ignore' });

		if (error)
			throw error;
	});

act('binding_spawn_sync', () => spawnBy(process.binding('spawn_sync')));
act('binding_process_wrap', () => processBy(process.binding('process_wrap')));
act('binding_pipe_connect', () =>
	pipeConnectBy(process.binding('pipe_wrap'), config.unix_echo));
act('binding_pipe_listen', () =>
	pipeListenBy(process.binding('pipe_wrap'), path.join(own, 'binding.sock')));
act('binding_tcp_listed', () => tcpBy(process.binding('tcp_wrap'), config.ports.tcp_listed));
act('binding_tcp_other', () => tcpBy(process.binding('tcp_wrap'), config.ports.tcp_other));
act('scopes_spawn', async () => {
	const inner = (await scopeOf(fs.readFileSync)).require('internal/child_process');
	const ignore = { type: 'ignore' };
	const { error } = inner.spawnSync({
		file: TRUE, args: [TRUE], envPairs: [], stdio: [ignore, ignore, ignore],
	});

	if (error)
		throw error;
});
act('worker_spawn', () => inWorker(`
	const { error } = require('child_process').spawnSync('${TRUE}', { stdio: 'ignore' });
	if (error)
		throw error;
	return 0;`, {}));
// node itself says no to these in a thread, before the kernel is asked
for (const [name, call] of Object.entries({
	chdir: 'process.chdir("/")', setuid: 'process.setuid(process.getuid())',
	umask: 'process.umask(0)',
})) {
	act(`worker_${name}`, () => inWorker(`
		try {
			${call};
		} catch (error) {
			return error.code;
		}
		return 'done';`, {}));
}
