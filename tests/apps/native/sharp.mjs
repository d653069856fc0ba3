import sharp from 'sharp';

console.log(await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c03' } }).resize(4).raw().toBuffer());
