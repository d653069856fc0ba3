// Express: JSON bodies, parameters, a file, a missing one, an error that a handler throws
import express from 'express';

const app = express();
app.use(express.json());
app.post('/sum', (request, response) => response.json({ sum: request.body.reduce((a, b) => a + b) }));
app.get('/users/:name', (request, response) => response.send(`hello ${request.params.name}`));
app.get('/throw', () => { throw new Error('thrown'); });
app.use('/files', express.static('.'));
app.use((error, request, response, next) => response.status(500).send(error.message));

const server = app.listen(8080, '127.0.0.1', async () => {
	const headers = { 'content-type': 'application/json', connection: 'close' };
	for (const [path, options] of [
		['/sum', { method: 'POST', body: '[1, 2, 39]' }],
		['/users/anna'],
		['/throw'],
		['/files/package.json'],
		['/files/missing'],
	]) {
		const answer = await fetch(`http://localhost:8080${path}`, { headers, ...options });
		const text = await answer.text();
		console.log(path, answer.status, answer.headers.get('content-type'), text.length, text.slice(0, 20));
	}
	server.close();
});
