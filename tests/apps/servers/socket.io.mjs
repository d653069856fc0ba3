// Socket.IO: rooms, acknowledgements, binary data, by polling and by WebSocket
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

const http = createServer();
const server = new Server(http);
server.on('connection', socket => {
	socket.on('join', (room, done) => { socket.join(room); done(`joined ${room}`); });
	socket.on('say', (room, data) => server.to(room).emit('said', data));
});
await new Promise(done => http.listen(8080, '127.0.0.1', done));
for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
	const client = io('http://127.0.0.1:8080', { transports });
	await new Promise(done => client.on('connect', done));
	console.log(await client.emitWithAck('join', 'room'));
	const said = new Promise(done => client.on('said', done));
	client.emit('say', 'room', { bytes: Buffer.from('binary'), text: 'ü' });
	const { bytes, text } = await said;
	console.log(transports.join(), Buffer.from(bytes).toString(), text);
	client.disconnect();
}
server.close();
