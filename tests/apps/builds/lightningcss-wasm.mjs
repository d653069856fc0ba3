// lightningcss-wasm, which replaces lightningcss
import init, { transform, browserslistToTargets } from 'lightningcss-wasm';

await init();
const { code, exports } = transform({ filename: 'input.css', minify: true, cssModules: true, targets: { chrome: 80 << 16 },
	code: Buffer.from('.a { color: lch(50% 50 50); & .b { inset: 0 } }') });
console.log(Buffer.from(code).toString(), Object.keys(exports));
