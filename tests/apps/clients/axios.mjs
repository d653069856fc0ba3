// axios: JSON, parameters, redirects, compression, errors, a time limit, interceptors, a port where nobody listens
import axios from 'axios';
import { serve, url } from './lib/server.mjs';

const server = await serve();
const client = axios.create({ baseURL: url, headers: { 'x-test': 'axios' } });
client.interceptors.response.use(answer => (answer.data.seen = true, answer));
console.log((await client.get('/echo', { params: { a: 1, b: 'ü' } })).data);
console.log((await client.post('/echo', { some: 'data' })).data);
console.log((await client.get('/redirect')).data);
console.log((await axios.get(`${url}/gzip`)).data);
const failing = [client.get('/error'), client.get('/slow', { timeout: 200 }), axios.get('http://127.0.0.1:8099/')];
for (const { reason } of await Promise.allSettled(failing))
	console.log(reason.code, reason.message, reason.response?.status);
server.close();
