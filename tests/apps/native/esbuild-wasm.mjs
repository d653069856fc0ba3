import esbuild from 'esbuild-wasm';

console.log((await esbuild.transform('const n: number = 42;', { loader: 'ts' })).code);
