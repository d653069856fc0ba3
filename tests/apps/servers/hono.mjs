// Hono on node: middleware, JSON, a stream
import { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import { basicAuth } from 'hono/basic-auth';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';

const app = new Hono();
app.use('/admin/*', basicAuth({ username: 'anna', password: 'secret' }));
app.get('/admin/page', context => context.text('admin'));
app.get('/json/:n', context => context.json({ n: +context.req.param('n') }));
app.get('/stream', context => streamText(context, async stream => {
	for (const word of ['one', 'two', 'three'])
		await stream.writeln(word);
}));
app.use('/files/*', serveStatic({ root: './', rewriteRequestPath: path => path.replace('/files', '') }));

const server = serve({ fetch: app.fetch, port: 8080, hostname: '127.0.0.1' }, async () => {
	for (const [path, headers] of [['/json/42'], ['/stream'], ['/files/package.json'], ['/files/none'], ['/admin/page'],
		['/admin/page', { authorization: `Basic ${btoa('anna:secret')}` }]]) {
		const answer = await fetch(`http://127.0.0.1:8080${path}`, { headers });
		const text = await answer.text();
		console.log(path, answer.status, text.length, JSON.stringify(text.slice(0, 14)));
	}
	server.close();
	server.closeAllConnections();
});
