// SPDX-License-Identifier: GPL-2.0-only
// What node does while it is measured: work.js start | idle | tree DIR | require DIR | files DIR | read DIR | serve PORT
'use strict';
const fs = require('fs');
const [what, where] = process.argv.slice(2);
const MODULES = 500, FILES = 20000, PER_DIRECTORY = 100;

const now = () => process.hrtime.bigint();
const since = (start) => Number(now() - start);

const acts = {
	start() {
		console.log('up');
	},

	idle() {
		console.log('up');
		setInterval(() => {}, 1 << 30);
	},

	// As npm leaves it: packages that are found by walking up to node_modules
	tree() {
		for (let i = 0; i < MODULES; i++) {
			const dir = `${where}/node_modules/module-${i}`;
			fs.mkdirSync(`${dir}/lib`, { recursive: true });
			fs.writeFileSync(`${dir}/package.json`, `{"name":"module-${i}","main":"lib/index.js"}`);
			fs.writeFileSync(`${dir}/lib/index.js`,
				`'use strict';\nmodule.exports = { number: ${i}, double: (x) => 2 * x };\n`);
		}
		fs.writeFileSync(`${where}/all.js`, Array.from({ length: MODULES },
			(_, i) => `require('module-${i}');`).join('\n'));
	},

	require() {
		const start = now();
		require(`${where}/all.js`);
		console.log(since(start));
	},

	files() {
		const top = `${where}/files`;
		fs.rmSync(top, { recursive: true, force: true });
		fs.mkdirSync(top);
		const start = now();
		for (let i = 0; i < FILES; i++) {
			const dir = `${top}/${Math.floor(i / PER_DIRECTORY)}`;
			if (i % PER_DIRECTORY === 0)
				fs.mkdirSync(dir);
			fs.writeFileSync(`${dir}/file-${i}.js`, `module.exports = ${i};\n`);
		}
		console.log(since(start));
		fs.rmSync(top, { recursive: true });
	},

	// The cheapest batch, as ops counts
	read() {
		const file = `${where}/all.js`;
		let best = Infinity;
		for (let batch = 0; batch < 60; batch++) {
			const start = now();
			for (let i = 0; i < 20; i++)
				fs.readFileSync(file);
			best = Math.min(best, since(start) / 20);
		}
		console.log(best);
	},

	serve() {
		const server = require('http').createServer((request, response) => {
			if (request.url === '/cpu') {
				const used = process.cpuUsage();
				response.end(`${used.user + used.system}\n`);
				return;
			}
			response.end('hello\n', () => request.url === '/quit' && process.exit(0));
		});
		server.keepAliveTimeout = 0;
		server.listen(Number(where), '127.0.0.1', () => console.log('up'));
	},
};
acts[what]();
