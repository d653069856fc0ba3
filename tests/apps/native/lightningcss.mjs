import { transform } from 'lightningcss';

console.log(transform({ filename: 'a.css', minify: true, code: Buffer.from('.a { color: #ff0000 }') }).code.toString());
