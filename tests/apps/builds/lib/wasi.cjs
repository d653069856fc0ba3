// WebAssembly built with napi-rs opens "/" at its start, which a tenant cannot: it gets the directory instead
const { syncBuiltinESMExports } = require('node:module');
const { isMainThread } = require('node:worker_threads');
const wasi = require('node:wasi');

const own = process.cwd();
wasi.WASI = class extends wasi.WASI {
	constructor(options) { super({ ...options, preopens: { [own]: own } }); }
};
syncBuiltinESMExports();
// it makes threads, with the options of the main one
if (isMainThread)
	process.execArgv.push('--require', __filename);
