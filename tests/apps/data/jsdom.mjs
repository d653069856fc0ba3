// jsdom: a page with scripts, a form, a timer, a request to a server
import { createServer } from 'node:http';
import { JSDOM } from 'jsdom';

const server = createServer((request, response) => response.setHeader('access-control-allow-origin', '*').end(request.url));
await new Promise(done => server.listen(8080, '127.0.0.1', done));
const { window } = new JSDOM(`<!doctype html><title>page</title><form><input name=a value=1></form><ul></ul>
	<script>
		setTimeout(() => {
			for (const text of ['one', 'two'])
				document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }));
			const request = new XMLHttpRequest();
			request.open('GET', '/asked');
			request.onload = () => window.dispatchEvent(new CustomEvent('done', { detail: request.responseText }));
			request.send();
		}, 10);
	</script>`, { runScripts: 'dangerously', url: 'http://localhost:8080/' });
console.log(await new Promise(done => window.addEventListener('done', ({ detail }) => done(detail))));
console.log(window.document.title, window.document.querySelector('ul').outerHTML,
	[...new window.FormData(window.document.forms[0])]);
window.close();
server.close();
server.closeAllConnections();
