// Node-RED: a flow that answers requests. At its start it asks npm for its version, by a subprocess
import fs from 'node:fs';
import http from 'node:http';
import RED from 'node-red';

const node = { z: 'tab', x: 1, y: 1 };
fs.writeFileSync('scratch/flows.json', JSON.stringify([
	{ id: 'tab', type: 'tab', label: 'flow' },
	{ ...node, id: 'in', type: 'http in', url: '/double', method: 'get', wires: [['twice']] },
	{ ...node, id: 'twice', type: 'function', func: 'msg.payload = `${2 * msg.req.query.n}`; return msg;', outputs: 1, wires: [['out']] },
	{ ...node, id: 'out', type: 'http response', wires: [] },
]));
const server = http.createServer();
RED.init(server, { userDir: `${process.cwd()}/scratch`, flowFile: 'flows.json', httpAdminRoot: false, httpNodeRoot: '/',
	logging: { errors: { level: 'error', handler: () => ({ msg }) => console.log(msg) } } });
server.on('request', RED.httpNode);
const started = new Promise(done => RED.events.once('flows:started', done));
await RED.start();
await started;
await new Promise(done => server.listen(8080, '127.0.0.1', done));
console.log(await (await fetch('http://127.0.0.1:8080/double?n=21')).text());
await RED.stop();
process.exit();
