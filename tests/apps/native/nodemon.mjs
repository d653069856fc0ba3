import fs from 'node:fs';
import nodemon from 'nodemon';

fs.writeFileSync('scratch/app.cjs', "console.log('started by nodemon');");
nodemon({ script: 'scratch/app.cjs', watch: ['scratch'], stdin: false, stdout: true })
	.on('log', ({ type, message }) => /error|fail/.test(type) && console.log(message))
	.on('start', () => console.log('start'))
	.on('crash', () => { console.log('crash'); process.exit(); })
	.on('exit', () => { console.log('exit'); process.exit(); });
