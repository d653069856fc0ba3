// node:sqlite: a database in a file, with a journal, a transaction, a backup
import fs from 'node:fs';
import { DatabaseSync, backup } from 'node:sqlite';

const db = new DatabaseSync('scratch/node.db');
db.exec('PRAGMA journal_mode = WAL; CREATE TABLE people (name TEXT PRIMARY KEY, age INTEGER) STRICT');
const insert = db.prepare('INSERT INTO people VALUES (?, ?)');
db.exec('BEGIN');
for (let n = 0; n < 100; n++)
	insert.run(`person ${n}`, n);
db.exec('COMMIT');
db.function('twice', n => 2 * n);
console.log({ ...db.prepare('SELECT count(*) AS n, sum(age) AS sum, max(twice(age)) AS max FROM people').get() });
try {
	insert.run('person 1', 1);
} catch (error) {
	console.log(error.code, error.message);
}
await backup(db, 'scratch/backup.db');
console.log(fs.readdirSync('scratch').sort());
db.close();
console.log({ ...new DatabaseSync('scratch/backup.db').prepare('SELECT count(*) AS n FROM people').get() });
