// Vite 8, its Rolldown in WebAssembly without what lib/wasi.cjs does: it opens "/"
import { version } from 'vite';

console.log(version);
