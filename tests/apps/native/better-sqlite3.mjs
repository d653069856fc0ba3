import Database from 'better-sqlite3';

const db = new Database('scratch/better.db');
db.exec('CREATE TABLE people (name TEXT PRIMARY KEY, age INTEGER)');
db.prepare('INSERT INTO people VALUES (?, ?)').run('anna', 30);
console.log(db.prepare('SELECT * FROM people').all());
