// Puppeteer connects to a browser that somebody else started
import './lib/browser.cjs';
import puppeteer from 'puppeteer-core';

const connect = () => puppeteer.connect({ browserWSEndpoint: 'ws://127.0.0.1:8080/devtools' }).catch(connect);
const browser = await connect();
console.log(await browser.version());
await browser.disconnect();
process.exit();
