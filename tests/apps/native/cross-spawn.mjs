import spawn from 'cross-spawn';

const child = spawn(process.execPath, ['-p', '40 + 2'], { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', error => console.log(`${error.code} ${error.syscall.split(' ')[0]}`));
child.on('exit', status => console.log(`exit ${status}`));
