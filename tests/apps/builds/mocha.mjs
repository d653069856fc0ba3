// Mocha: tests in files, hooks, a failure and a timeout
import fs from 'node:fs';
import Mocha from 'mocha';

fs.writeFileSync('scratch/one.test.cjs', `
	const assert = require('assert');
	describe('numbers', () => {
		let n;
		beforeEach(() => { n = 41; });
		it('adds', () => assert.equal(n + 1, 42));
		it('waits', done => setTimeout(done, 10));
		it('fails', () => assert.equal(n, 42));
		it('is late', async () => new Promise(() => {})).timeout(50);
		it('is pending');
	});`);
const mocha = new Mocha({ reporter: class {} });
mocha.addFile('scratch/one.test.cjs');
await mocha.loadFilesAsync();
const seen = [];
const failures = await new Promise(done => {
	const runner = mocha.run(done);
	for (const event of ['pass', 'fail', 'pending'])
		runner.on(event, (test, error) => seen.push(`${event} ${test.title} ${error?.message ?? ''}`));
});
console.log(failures, seen);
