// Babel: a preset, a plugin of one's own, a source map
import * as babel from '@babel/core';

const source = 'export class A { #n = 1; get n() { return this.#n ?? 2; } }\nexport const f = async (...a) => { for await (const b of a); };';
const { code, map } = await babel.transformAsync(source, { configFile: false, babelrc: false, sourceMaps: true,
	filename: 'input.js', presets: [['@babel/preset-env', { targets: { node: '6' }, modules: 'commonjs' }]],
	plugins: [() => ({ visitor: { NumericLiteral: path => { path.node.value === 2 && (path.node.value = 42); } } })] });
console.log(code.length, code.includes('?? 42'), code.includes(': 42'), map.mappings.length);
const exported = {};
new Function('exports', 'require', code)(exported, () => ({}));
console.log(new exported.A().n);
try {
	babel.transformSync('const a = ;', { configFile: false, filename: 'broken.js' });
} catch (error) {
	console.log(error.code, error.loc);
}
