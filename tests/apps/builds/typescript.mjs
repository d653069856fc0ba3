// TypeScript 5: a project with an error, then without; what comes out runs
import fs from 'node:fs';
import ts from 'typescript';

function compile(text)
{
	fs.writeFileSync('scratch/input.ts', text);
	const program = ts.createProgram(['scratch/input.ts'], { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022,
		strict: true, skipLibCheck: true, lib: ['lib.es2022.d.ts'], outDir: 'scratch/out', types: [], declaration: true, sourceMap: true });
	const { diagnostics } = program.emit();
	for (const { code, messageText, start } of [...ts.getPreEmitDiagnostics(program), ...diagnostics])
		console.log(code, start, messageText);
}

compile('export const length: number = "text";');
compile('export enum Colour { Red, Green }\nexport const add = (a: number, b: number): number => a + b;');
console.log(fs.readdirSync('scratch/out').sort());
fs.renameSync('scratch/out/input.js', 'scratch/out/input.mjs');
const { add, Colour } = await import('./scratch/out/input.mjs');
console.log(add(40, 2), Colour[1], fs.readFileSync('scratch/out/input.d.ts', 'utf8'));
