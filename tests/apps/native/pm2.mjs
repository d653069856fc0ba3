// pm2 without its daemon, in this process
import fs from 'node:fs';
import { Worker } from 'node:worker_threads';
process.env.PM2_HOME = `${process.cwd()}/scratch/pm2`;
const { default: pm2 } = await import('pm2');

fs.writeFileSync('scratch/app.cjs', "console.log('started by pm2'); setInterval(() => {}, 1000);");
// without its socket it asks for that again and again, and no timer of this thread comes
new Worker("setTimeout(() => process.kill(process.pid, 'SIGKILL'), 120000)", { eval: true });
const call = (name, ...args) => new Promise((done, failed) => {
	pm2[name](...args, (error, value) => error ? failed(error) : done(value));
});
try {
	await call('connect', true);
	await call('start', { name: 'app', script: 'scratch/app.cjs', autorestart: false });
	console.log((await call('list')).map(({ name, pm2_env: { status } }) => `${name} ${status}`));
	await call('delete', 'app');
} catch (error) {
	console.log(error.message ?? error);
}
process.exit();
