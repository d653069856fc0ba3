// systeminformation asks files of /proc and /sys, and many programs: what it cannot ask is missing, and it goes on
import si from 'systeminformation';

for (const name of ['cpu', 'mem', 'osInfo', 'fsSize', 'networkStats', 'processes', 'users', 'currentLoad'])
	console.log(name, typeof await si[name]());
console.log((await si.cpu()).cores > 0, (await si.mem()).total > 0, (await si.osInfo()).platform);
