// pg on a server that knows the protocol's messages: a query, a prepared statement, a notification, an error
import { createServer } from 'node:net';
import pg from 'pg';

const message = (type, ...parts) => {
	const body = Buffer.concat(parts.map(part => typeof part === 'string' ? Buffer.from(`${part}\0`) : Buffer.from(part)));
	const head = Buffer.alloc(5, type);
	head.writeInt32BE(4 + body.length, 1);
	return Buffer.concat([head, body]);
};
const int = (n, bytes) => {
	const number = Buffer.alloc(bytes);
	number.writeIntBE(n, 0, bytes);
	return number;
};
const columns = [['id', 23], ['name', 25], ['tags', 114]];
const described = message('T', int(columns.length, 2), ...columns.flatMap(([name, type]) =>
	[name, int(0, 6), int(type, 4), int(-1, 2), int(-1, 4), int(0, 2)]));
const row = (...values) => message('D', int(values.length, 2), ...values.flatMap(value => [int(value.length, 4), Buffer.from(value)]));
const ready = message('Z', Buffer.from('I'));
const people = [['1', 'anna', '{"of":"anna"}'], ['2', 'ben', '{"of":"ben"}']];

// the names of a statement and a portal are empty here: one of each at a time
const state = {};
const answers = {
	Q: body => {
		const sql = body.toString('utf8', 0, body.length - 1);
		if (sql.startsWith('SELECT'))
			return [described, ...people.map(person => row(...person)), message('C', 'SELECT 2'), ready];
		if (sql.startsWith('LISTEN'))
			return [message('C', 'LISTEN'), ready, message('A', int(1, 4), 'news', 'hello')];
		return [message('E', Buffer.from('S'), 'ERROR', Buffer.from('C'), '42601', Buffer.from('M'), `cannot do ${sql}`, int(0, 1)), ready];
	},
	P: () => [message('1')],
	B: body => {
		// after two names: formats of parameters, parameters, formats of columns
		const at = 2 + 2 + 2 * body.readInt16BE(2) + 2;
		state.name = body.toString('utf8', at + 4, at + 4 + body.readInt32BE(at));
		return [message('2')];
	},
	D: () => [described],
	E: () => [...people.filter(([, name]) => name === state.name).map(person => row(...person)), message('C', 'SELECT 1')],
	S: () => [ready],
	X: () => [],
};
const server = createServer(socket => {
	let data = Buffer.alloc(0), started = false;
	socket.on('error', () => {});
	socket.on('data', part => {
		data = Buffer.concat([data, part]);
		for (let at; (at = started ? 1 : 0, data.length >= at + 4) && data.length >= at + data.readInt32BE(at);) {
			const end = at + data.readInt32BE(at);
			socket.write(Buffer.concat(started ? answers[String.fromCharCode(data[0])](data.subarray(at + 4, end))
				: [message('R', int(0, 4)), message('K', int(1, 4), int(1, 4)), ready]));
			data = data.subarray(end);
			started = true;
		}
	});
});
await new Promise(done => server.listen(8080, '127.0.0.1', done));
const client = new pg.Client({ host: '127.0.0.1', port: 8080, user: 'anna', database: 'test', ssl: false });
await client.connect();
console.log((await client.query('SELECT * FROM people')).rows);
console.log((await client.query('SELECT * FROM people WHERE name = $1', ['ben'])).rows);
const told = new Promise(done => client.on('notification', ({ channel, payload }) => done([channel, payload])));
await client.query('LISTEN news');
console.log(await told);
console.log(await client.query('DROP TABLE people').catch(error => [error.code, error.message]));
await client.end();
server.close();
