// ioredis: commands, a pipeline, a subscription, an error
import { Redis } from 'ioredis';
import { serve } from './lib/redis-server.mjs';

const server = await serve(8080);
const options = { host: '127.0.0.1', port: 8080, protocol: 2 };
const client = new Redis(options);
console.log(await client.set('a', 'one'), await client.get('a'), await client.get('none'));
console.log(await client.pipeline().incr('n').incr('n').get('n').exec());
const subscriber = new Redis(options);
const got = new Promise(done => subscriber.on('message', (channel, message) => done([channel, message])));
await subscriber.subscribe('news');
await client.publish('news', 'hello');
console.log(await got);
console.log(await client.call('NONSENSE').catch(error => error.message));
client.disconnect();
subscriber.disconnect();
server.close();
