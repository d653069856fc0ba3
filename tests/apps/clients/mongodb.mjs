// The MongoDB driver on a server that knows OP_MSG, insert, find, delete and what a driver asks first
import { createServer } from 'node:net';
import { BSON, MongoClient } from 'mongodb';

const documents = [];
const limits = { maxBsonObjectSize: 16777216, maxMessageSizeBytes: 48000000, maxWriteBatchSize: 100000 };

function answer(command)
{
	switch (Object.keys(command)[0]) {
	case 'hello':
	case 'isMaster':
	case 'ismaster':
		return { ok: 1, isWritablePrimary: true, ismaster: true, helloOk: true, minWireVersion: 0, maxWireVersion: 21, ...limits };
	case 'insert':
		documents.push(...command.documents);
		return { ok: 1, n: command.documents.length };
	case 'find':
		return { ok: 1, cursor: { id: BSON.Long.ZERO, ns: 'test.people', firstBatch: documents.filter(document =>
			Object.entries(command.filter).every(([name, value]) => document[name] === value)) } };
	case 'ping':
	case 'endSessions':
		return { ok: 1 };
	}
	return { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: `no such command: ${Object.keys(command)[0]}` };
}

// the old OP_QUERY, with which a driver greets, has flags, a name, two numbers; OP_MSG flags and kinds of sections
function message(data)
{
	const id = data.readInt32LE(4), query = data.readInt32LE(12) === 2004;
	const start = query ? data.indexOf(0, 20) + 9 : 21;
	const command = BSON.deserialize(data.subarray(start, start + data.readInt32LE(start)));
	for (let at = start + data.readInt32LE(start); !query && at < data.length; at += 1 + data.readInt32LE(at + 1)) {
		const name = data.toString('utf8', at + 5, data.indexOf(0, at + 5));
		const end = at + 1 + data.readInt32LE(at + 1);
		command[name] = [];
		for (let item = at + 6 + name.length; item < end; item += data.readInt32LE(item))
			command[name].push(BSON.deserialize(data.subarray(item, item + data.readInt32LE(item))));
	}
	const body = BSON.serialize(answer(command));
	const head = Buffer.alloc(query ? 36 : 21);
	[head.length + body.length, 1, id, query ? 1 : 2013].forEach((number, n) => head.writeInt32LE(number, 4 * n));
	if (query)
		head.writeInt32LE(1, 32);
	return Buffer.concat([head, body]);
}

const sockets = new Set();
const server = createServer(socket => {
	let data = Buffer.alloc(0);
	sockets.add(socket);
	socket.on('error', () => {});
	socket.on('data', part => {
		data = Buffer.concat([data, part]);
		for (let size; data.length >= 16 && data.length >= (size = data.readInt32LE(0)); data = data.subarray(size))
			socket.write(message(data.subarray(0, size)));
	});
});
await new Promise(done => server.listen(8080, '127.0.0.1', done));
const client = await MongoClient.connect('mongodb://127.0.0.1:8080/test?directConnection=true');
const people = client.db().collection('people');
console.log((await people.insertMany([{ name: 'anna', age: 30 }, { name: 'ben', age: 40 }])).insertedCount);
console.log(await people.find({ name: 'ben' }, { projection: { _id: 0 } }).map(({ name, age }) => `${name} ${age}`).toArray());
console.log((await people.find().toArray()).length);
console.log(await people.drop().catch(error => [error.codeName, error.message]));
await client.close();
server.close();
sockets.forEach(socket => socket.destroy());
