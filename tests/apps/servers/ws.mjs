// ws: an echo, compression, a ping, a broadcast and a close code
import { WebSocket, WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 8080, host: '127.0.0.1', perMessageDeflate: { threshold: 10 } });
server.on('connection', (socket, request) => {
	socket.on('message', (data, binary) => {
		if (data.toString() === 'close')
			return socket.close(4001, 'as asked');
		for (const client of server.clients)
			client.send(data, { binary });
	});
});
await new Promise(done => server.on('listening', done));
const sockets = [1, 2].map(() => new WebSocket('ws://localhost:8080/path'));
await Promise.all(sockets.map(socket => new Promise(done => socket.on('open', done))));
console.log('extensions', sockets[0].extensions);
const got = Promise.all(sockets.map(socket => new Promise(done => socket.once('message', done))));
sockets[0].send('x'.repeat(100000));
console.log((await got).map(data => data.length));
sockets[0].ping();
await new Promise(done => sockets[0].once('pong', done));
console.log('pong');
const closed = new Promise(done => sockets[0].on('close', (code, why) => done([code, why.toString()])));
sockets[0].send('close');
console.log(await closed);
sockets[1].terminate();
server.close();
