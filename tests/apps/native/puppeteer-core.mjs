// Puppeteer starts a browser
import puppeteer from 'puppeteer-core';

const browser = await puppeteer.launch({ executablePath: process.execPath, args: ['lib/browser.cjs'], ignoreDefaultArgs: true,
	waitForInitialPage: false });
console.log(await browser.version());
await browser.close();
