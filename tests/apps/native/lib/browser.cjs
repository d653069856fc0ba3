// As little of a browser's protocol as Puppeteer needs
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 8080 }, () =>
	console.error('DevTools listening on ws://127.0.0.1:8080/devtools'));
const answers = {
	'Browser.getVersion': { product: 'Pretended/1', userAgent: 'none' },
	'Target.getBrowserContexts': { browserContextIds: [] },
};
server.on('connection', socket => socket.on('message', data => {
	const { id, method } = JSON.parse(data);
	socket.send(JSON.stringify({ id, result: answers[method] ?? {} }));
	if (method === 'Browser.close')
		process.exit();
}));
