// MQTT: the broker Aedes and a client; subscriptions with wildcards, a retained message
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';

const broker = await Aedes.createBroker();
const server = createServer(broker.handle);
await new Promise(done => server.listen(8080, '127.0.0.1', done));
const client = await mqtt.connectAsync('mqtt://127.0.0.1:8080');
await client.publishAsync('house/kept', 'retained', { qos: 1, retain: true });
const got = [];
const all = new Promise(done => client.on('message', (topic, payload) => {
	if (got.push(`${topic}: ${payload}`) === 3)
		done();
}));
await client.subscribeAsync('house/#', { qos: 1 });
await client.publishAsync('garden/door', 'not subscribed');
await client.publishAsync('house/door', 'open', { qos: 1 });
await client.publishAsync('house/window', 'closed', { qos: 1 });
await all;
console.log(got.sort());
await client.endAsync();
await new Promise(done => broker.close(done));
server.close();
