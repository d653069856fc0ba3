import esbuild from 'esbuild';

console.log((await esbuild.transform('const n: number = 42;', { loader: 'ts' })).code);
