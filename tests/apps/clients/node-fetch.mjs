// node-fetch: a form with a file, a redirect, an abort, a blob
import fetch, { FormData, File, fileFromSync } from 'node-fetch';
import { serve, url } from './lib/server.mjs';

const server = await serve();
const form = new FormData();
form.set('name', 'value');
form.set('made', new File(['made here'], 'made.txt'));
form.set('file', fileFromSync('package.json', 'application/json'));
const { method, length } = await (await fetch(`${url}/echo`, { method: 'POST', body: form })).json();
console.log(method, length);
const redirected = await fetch(`${url}/redirect`);
console.log(redirected.redirected, redirected.url, (await redirected.json()).path);
console.log((await (await fetch(`${url}/gzip`)).blob()).size);
console.log(await fetch(`${url}/slow`, { signal: AbortSignal.timeout(200) }).catch(error => error.name));
console.log(await fetch('http://localhost:8099').catch(error => [error.type, error.code]));
server.close();
