// ESLint: files by a pattern, a configuration in a file, a fix, the cache
import fs from 'node:fs';
import { ESLint } from 'eslint';

fs.mkdirSync('scratch/source');
fs.writeFileSync('scratch/eslint.config.mjs', `export default [{ rules: {
	'no-unused-vars': 'error', 'prefer-const': 'warn', semi: 'off', 'no-undef': 'error' } }];`);
fs.writeFileSync('scratch/source/one.js', 'let a = 1;\nexport default a;\n');
fs.writeFileSync('scratch/source/two.js', 'const unused = missing;\n');
fs.writeFileSync('scratch/source/three.js', 'const = 1;\n');
const eslint = new ESLint({ cwd: `${process.cwd()}/scratch`, fix: true, cache: true });
for (const round of ['first', 'from the cache']) {
	const results = await eslint.lintFiles('source/**/*.js');
	await ESLint.outputFixes(results);
	console.log(round, JSON.stringify(results.map(({ filePath, messages, output }) =>
		[filePath.split('/').pop(), messages.map(({ ruleId, line, message }) => [ruleId, line, message]), output])));
}
