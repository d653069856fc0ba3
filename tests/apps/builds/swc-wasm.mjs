// @swc/wasm, which replaces @swc/core
import swc from '@swc/wasm';

const { code } = await swc.transform('export class A { private n: number = 1; get twice() { return 2 * (this?.n ?? 0); } }', {
	filename: 'input.ts', jsc: { parser: { syntax: 'typescript' }, target: 'es2016' } });
console.log(code);
console.log(swc.minifySync('function f(long) { return long + 1 }', { mangle: true }).code);
