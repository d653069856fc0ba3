// PDFKit: text in its own fonts, drawings and a picture, into a file
import fs from 'node:fs';
import { createHash } from 'node:crypto';
import { deflateSync, crc32 } from 'node:zlib';
import PDFDocument from 'pdfkit';

function png(size)
{
	const chunk = (type, data) => {
		const body = Buffer.concat([Buffer.from(type), data]), end = Buffer.alloc(8);
		end.writeUInt32BE(data.length, 0);
		end.writeUInt32BE(crc32(body), 4);
		return Buffer.concat([end.subarray(0, 4), body, end.subarray(4)]);
	};
	const head = Buffer.from([0, 0, 0, size, 0, 0, 0, size, 8, 2, 0, 0, 0]);
	const rows = Buffer.alloc(size * (1 + 3 * size), 0x7f);
	for (let row = 0; row < size; row++)
		rows[row * (1 + 3 * size)] = 0;
	return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)),
		chunk('IEND', Buffer.alloc(0))]);
}

const document = new PDFDocument({ info: { CreationDate: new Date(0) } });
const written = document.pipe(fs.createWriteStream('scratch/page.pdf'));
document.font('Times-Roman').fontSize(20).text('Grüße').rect(50, 150, 100, 50).stroke().image(png(20), 50, 250);
document.addPage().font('Courier').list(['one', 'two']);
document.end();
await new Promise(done => written.on('finish', done));
const pdf = fs.readFileSync('scratch/page.pdf');
console.log(pdf.subarray(0, 8).toString().trim(), pdf.length, createHash('sha256').update(pdf).digest('hex').slice(0, 16));
