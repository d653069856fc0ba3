import { execa } from 'execa';

console.log((await execa('node', ['-p', '40 + 2'], { preferLocal: true, localDir: process.execPath })).stdout);
