// Next.js as `next build` with standalone output made it: a page, a component of the client's, a route
const { log } = console;
console.log = console.info = () => {}; // Next.js tells how long it took
process.env.PORT = '8080';
process.env.HOSTNAME = '127.0.0.1';
await import('./server.js');

const url = 'http://127.0.0.1:8080';
const ask = (...args) => fetch(...args).catch(() => new Promise(done => setTimeout(done, 100)).then(() => ask(...args)));
const text = async path => (await (await ask(url + path)).text()).replaceAll('<!-- -->', '').match(/<main>.*<\/main>|not be found/)?.[0];
log(await text('/'));
log(await text('/?name=anna'));
log(await text('/missing'));
log(await (await ask(`${url}/sum`, { method: 'POST', body: '[1, 2, 39]' })).json());
process.exit();
