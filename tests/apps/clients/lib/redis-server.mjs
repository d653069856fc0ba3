// Redis's protocol (RESP 2), as far as the tests of its clients go
import { createServer } from 'node:net';

const simple = text => `+${text}\r\n`;
const bulk = text => text === undefined ? '$-1\r\n' : `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const array = items => `*${items.length}\r\n${items.join('')}`;

// one command, as clients write it: an array of bulk strings
function parse(data)
{
	const head = /^\*(\d+)\r\n/.exec(data);
	const words = [];
	if (!head)
		return;
	let at = head[0].length;
	while (words.length < +head[1]) {
		const size = /^\$(\d+)\r\n/.exec(data.slice(at));
		if (!size)
			return;
		at += size[0].length;
		if (data.length < at + +size[1] + 2)
			return;
		words.push(data.slice(at, at + +size[1]));
		at += +size[1] + 2;
	}
	return { words, rest: data.slice(at) };
}

export async function serve(port)
{
	const store = new Map(), subscribers = new Map();
	const answer = (socket, [name, ...words]) => {
		switch (name.toLowerCase()) {
		case 'set':
			store.set(words[0], words[1]);
			return simple('OK');
		case 'get':
			return bulk(store.get(words[0]));
		case 'incr':
			store.set(words[0], `${+(store.get(words[0]) ?? 0) + 1}`);
			return `:${store.get(words[0])}\r\n`;
		case 'keys':
			return array([...store.keys()].sort().map(bulk));
		case 'subscribe':
			subscribers.set(socket, words[0]);
			return array([bulk('subscribe'), bulk(words[0]), ':1\r\n']);
		case 'publish':
			for (const [other, channel] of subscribers)
				if (channel === words[0])
					other.write(array([bulk('message'), bulk(channel), bulk(words[1])]));
			return `:${subscribers.size}\r\n`;
		case 'ping':
			return simple('PONG');
		case 'info':
			return bulk('redis_version:7.0.0\r\nloading:0\r\n');
		case 'client':
		case 'select':
			return simple('OK');
		}
		return `-ERR unknown command '${name}'\r\n`;
	};
	const server = createServer(socket => {
		let data = '';
		socket.on('error', () => {});
		socket.on('close', () => subscribers.delete(socket));
		socket.setEncoding('latin1').on('data', part => {
			data += part;
			for (let command; (command = parse(data)); data = command.rest)
				socket.write(answer(socket, command.words), 'latin1');
		});
	});
	await new Promise(done => server.listen(port, '127.0.0.1', done));
	return server;
}
