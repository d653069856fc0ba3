// Terser: names are shortened, dead code goes, a source map comes
import { minify } from 'terser';

const source = `
	function longName(firstArgument, secondArgument) {
		if (false) console.log('dead');
		return firstArgument * secondArgument;
	}
	globalThis.product = longName(6, 7);`;
const { code, map } = await minify({ 'input.js': source }, { toplevel: true, sourceMap: true });
console.log(code, map.length);
(0, eval)(code);
console.log(globalThis.product, await minify('const = 1').catch(error => [error.name, error.message]));
