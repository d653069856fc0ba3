// ExcelJS: a workbook is written, read back and streamed
import ExcelJS from 'exceljs';

const book = new ExcelJS.Workbook();
const sheet = book.addWorksheet('numbers');
sheet.columns = [{ header: 'n', key: 'n' }, { header: 'square', key: 'square' }];
for (let n = 1; n <= 50; n++)
	sheet.addRow({ n, square: { formula: `A${n + 1}*A${n + 1}`, result: n * n } });
await book.xlsx.writeFile('scratch/book.xlsx');
const read = await new ExcelJS.Workbook().xlsx.readFile('scratch/book.xlsx');
console.log(read.worksheets[0].name, read.worksheets[0].rowCount, read.worksheets[0].getCell('B51').result);
let rows = 0;
for await (const worksheet of new ExcelJS.stream.xlsx.WorkbookReader('scratch/book.xlsx'))
	for await (const row of worksheet)
		rows += row.number > 0;
console.log('streamed', rows);
await read.csv.writeFile('scratch/book.csv');
console.log((await (await import('node:fs/promises')).readFile('scratch/book.csv', 'utf8')).split('\n')[50]);
