import fs from 'node:fs';
import { runCLI } from 'jest';

const rootDir = `${process.cwd()}/scratch`;
fs.writeFileSync('scratch/sum.test.js', "test('adds', () => expect(40 + 2).toBe(42));\n");
const { results } = await runCLI({ _: [], $0: '', runInBand: true, reporters: [], watchman: false, rootDir, config: '{}',
	cacheDirectory: `${rootDir}/cache` }, [rootDir]);
console.log(results.numPassedTests, results.numFailedTests);
process.exit();
