// Koa: middleware around middleware, cookies, a stream as a body
import fs from 'node:fs';
import Koa from 'koa';

const app = new Koa({ keys: ['secret'] });
app.silent = true;
app.use(async (context, next) => {
	await next();
	context.set('x-after', context.path);
});
app.use(async context => {
	if (context.path === '/cookie')
		context.cookies.set('who', 'anna', { signed: true });
	if (context.path === '/throw')
		context.throw(418, 'teapot');
	context.body = context.path === '/file' ? fs.createReadStream('package.json') : { path: context.path };
});

const server = app.listen(8080, '127.0.0.1', async () => {
	for (const path of ['/', '/cookie', '/file', '/throw']) {
		const answer = await fetch(`http://127.0.0.1:8080${path}`, { headers: { connection: 'close' } });
		console.log(path, answer.status, answer.headers.get('x-after'), answer.headers.getSetCookie(),
			(await answer.text()).length);
	}
	server.close();
});
