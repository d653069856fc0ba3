import { rollup } from 'rollup';

const virtual = { name: 'virtual', resolveId: id => id, load: () => 'export default 42;' };
const bundle = await rollup({ input: 'entry', plugins: [virtual] });
console.log((await bundle.generate({ format: 'es' })).output[0].code);
