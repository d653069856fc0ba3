import swc from '@swc/core';

console.log(swc.transformSync('const n: number = 42;', { jsc: { parser: { syntax: 'typescript' } } }).code);
