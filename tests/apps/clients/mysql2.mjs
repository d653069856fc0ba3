// mysql2 as client of its own server: a query, a prepared statement, an error
import mysql from 'mysql2';
import promises from 'mysql2/promise';

const server = mysql.createServer();
server.on('connection', connection => {
	connection.serverHandshake({ protocolVersion: 10, serverVersion: '8.0.0-test', connectionId: 1, statusFlags: 2,
		characterSet: 8, capabilityFlags: 0xffffff & ~0x800 });
	connection.on('error', () => {});
	connection.on('query', sql => {
		const type = { catalog: 'def', schema: 'test', table: 't', orgTable: 't', columnLength: 255, flags: 0,
			decimals: 0, characterSet: 33 };
		if (!sql.startsWith('SELECT'))
			connection.writeError({ code: 1064, message: `cannot do ${sql}` });
		else
			connection.writeTextResult([{ id: '1', name: 'anna' }, { id: '2', name: 'ben' }], [
				{ ...type, name: 'id', orgName: 'id', columnType: 3 },
				{ ...type, name: 'name', orgName: 'name', columnType: 253 },
			]);
		connection._resetSequenceId();
	});
});
await new Promise(done => server.listen(8080, '127.0.0.1', done));
const pool = promises.createPool({ host: '127.0.0.1', port: 8080, user: 'anna', password: 'secret', connectionLimit: 2 });
console.log((await pool.query('SELECT * FROM t WHERE name IN (?)', [['anna', 'ben']]))[0]);
console.log(await Promise.all([1, 2, 3].map(async () => (await pool.query('SELECT 1'))[0].length)));
console.log(await pool.query('DROP TABLE t').catch(error => [error.code, error.message]));
await pool.end();
server.close(() => process.exit());
