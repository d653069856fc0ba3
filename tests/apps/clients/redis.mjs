// redis: commands, a pipeline, a subscription, an error
import { createClient } from 'redis';
import { serve } from './lib/redis-server.mjs';

const server = await serve(8080);
const client = await createClient({ url: 'redis://127.0.0.1:8080', RESP: 2 }).connect();
console.log(await client.set('a', 'one'), await client.get('a'), await client.get('none'));
console.log(await Promise.all([1, 2, 3].map(() => client.incr('n'))));
const subscriber = await client.duplicate().connect();
const got = new Promise(done => subscriber.subscribe('news', (message, channel) => done([channel, message])).then(() =>
	client.publish('news', 'hello')));
console.log(await got);
console.log(await client.sendCommand(['NONSENSE']).catch(error => error.message));
client.destroy();
subscriber.destroy();
server.close();
