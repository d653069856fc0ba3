// tsc of TypeScript 7 is a program that was not written in JavaScript
process.argv.splice(2, Infinity, '--version');
await import('./node_modules/typescript/bin/tsc');
