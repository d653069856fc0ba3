// sharp without its native library takes @img/sharp-wasm32: resize, turn, encode, decode
import sharp from 'sharp';

const picture = { create: { width: 64, height: 32, channels: 3, background: '#c03' } };
const dot = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } }).png().toBuffer();
for (const format of ['png', 'jpeg', 'webp']) {
	const encoded = await sharp(picture).composite([{ input: dot, left: 4, top: 4 }]).resize(32).rotate(90).toFormat(format).toBuffer();
	const { data, info } = await sharp(encoded).raw().toBuffer({ resolveWithObject: true });
	console.log(format, encoded.length, info.width, info.height, [...data.subarray(0, 3)]);
}
await sharp(picture).toFile('scratch/out.png');
console.log((await sharp('scratch/out.png').metadata()).format);
console.log(await sharp(Buffer.from('no picture')).toBuffer().catch(error => error.message));
