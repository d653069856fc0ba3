// pino: redaction, children, and transports, which are threads that write files
import fs from 'node:fs';
import pino from 'pino';

const transport = pino.transport({ targets: [
	{ target: 'pino/file', options: { destination: 'scratch/all.log' }, level: 'debug' },
	{ target: 'pino/file', options: { destination: 'scratch/errors.log' }, level: 'error' },
] });
const logger = pino({ level: 'debug', base: null, timestamp: false, redact: ['password'] }, transport);
const child = logger.child({ module: 'shop' });
logger.debug({ password: 'secret', n: 1 }, 'redacted');
child.error(new Error('broken').message);
for (let n = 0; n < 1000; n++)
	child.info({ n }, 'many');
await new Promise((done, failed) => logger.flush(error => error ? failed(error) : done()));
await new Promise(done => {
	const awake = setInterval(() => {}, 1000);
	transport.on('close', () => { clearInterval(awake); done(); });
	transport.end();
});
const lines = fs.readFileSync('scratch/all.log', 'utf8').trim().split('\n');
console.log(lines.length, lines.slice(0, 3), lines.at(-1));
console.log(fs.readFileSync('scratch/errors.log', 'utf8'));
