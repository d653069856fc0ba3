// Puppeteer starts a browser
import puppeteer from 'puppeteer-core';

let browser;
// node 22 ends by the error of spawn(), node 24 by one of readline, which gets no stream of the subprocess
process.on('exit', () => browser || console.log('no browser was started'));
browser = await puppeteer.launch({ executablePath: process.execPath, args: ['lib/browser.cjs'], ignoreDefaultArgs: true,
	waitForInitialPage: false });
console.log(await browser.version());
await browser.close();
