// Jest 30 in one process, with a resolver of modules in WebAssembly
import './lib/wasi.cjs';
import fs from 'node:fs';
import { runCLI } from 'jest';

fs.writeFileSync('scratch/sum.js', 'module.exports = (a, b) => a + b;\n');
fs.writeFileSync('scratch/sum.test.js', `
	const sum = require('./sum');
	jest.mock('./missing', () => 'mocked', { virtual: true });
	test('adds', () => expect(sum(40, 2)).toBe(42));
	test('mocks', () => expect(require('./missing')).toBe('mocked'));
	test('has a snapshot', () => expect({ sum: sum(1, 2) }).toMatchSnapshot());
	test('fails', () => expect(sum(1, 1)).toBe(3));\n`);
const { results } = await runCLI({ _: [], $0: '', runInBand: true, silent: true, reporters: [], watchman: false, cache: true,
	cacheDirectory: `${process.cwd()}/scratch/cache`, rootDir: `${process.cwd()}/scratch`, config: '{}', ci: false }, [`${process.cwd()}/scratch`]);
console.log(results.numPassedTests, results.numFailedTests, results.snapshot.added);
for (const { title, status } of results.testResults[0].testResults)
	console.log(title, status);
process.exit();
