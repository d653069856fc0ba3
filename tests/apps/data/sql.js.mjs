// sql.js, SQLite in WebAssembly: a database in a file, a statement, a function, an error
import fs from 'node:fs';
import initSqlJs from 'sql.js';

const { Database } = await initSqlJs();
const db = new Database();
db.run('CREATE TABLE people (name TEXT PRIMARY KEY, age INTEGER)');
const insert = db.prepare('INSERT INTO people VALUES (?, ?)');
for (let n = 0; n < 100; n++)
	insert.run([`person ${n}`, n]);
insert.free();
fs.writeFileSync('scratch/sql.db', db.export());
db.close();

const again = new Database(fs.readFileSync('scratch/sql.db'));
again.create_function('twice', n => 2 * n);
console.log(JSON.stringify(again.exec('SELECT count(*), sum(age), max(twice(age)) FROM people')));
try {
	again.run("INSERT INTO people VALUES ('person 1', 1)");
} catch (error) {
	console.log(error.message);
}
