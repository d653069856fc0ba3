// winston: formats, several transports, a file that is rotated by its size, one over HTTP
import fs from 'node:fs';
import winston from 'winston';
import { collect } from './lib/collector.mjs';

const server = await collect(8081);
const { combine, json, label, printf, splat } = winston.format;
const file = new winston.transports.File({ filename: 'scratch/app.log', maxsize: 2000, maxFiles: 3, tailable: false });
const logger = winston.createLogger({ level: 'info', format: combine(splat(), label({ label: 'tenant' }), json()), transports: [
	file,
	new winston.transports.Console({ format: printf(({ level, message, label }) => `${label} ${level}: ${message}`) }),
	new winston.transports.Http({ host: '127.0.0.1', port: 8081, path: '/logs' }),
] });
logger.info('hello %s', 'world');
logger.debug('not written');
logger.child({ module: 'shop' }).error('broken');
for (let tries = 0; tries < 300 && server.got.length < 2; tries++)
	await new Promise(done => setTimeout(done, 100));
console.log(server.got.map(({ url, body }) => `${url} ${body}`).sort());
console.log(fs.readFileSync('scratch/app.log', 'utf8'));
logger.close();
server.close();
