// NestJS: dependency injection, a controller, a pipe, a guard; decorators called as functions
import 'reflect-metadata';
import { Controller, Get, Injectable, Module, Param, ParseIntPipe, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class Squares {
	of(n) { return n * n; }
}
Injectable()(Squares);

class Guard {
	canActivate(context) { return context.switchToHttp().getRequest().headers['x-key'] === 'right'; }
}
Injectable()(Guard);

class Numbers {
	constructor(squares) { this.squares = squares; }
	square(n) { return { square: this.squares.of(n) }; }
	secret() { return 'secret'; }
}
const method = (name, ...decorators) => decorators.forEach(decorate =>
	decorate(Numbers.prototype, name, Object.getOwnPropertyDescriptor(Numbers.prototype, name)));
Reflect.defineMetadata('design:paramtypes', [Squares], Numbers);
Controller('numbers')(Numbers);
method('square', Get('square/:n'));
Param('n', ParseIntPipe)(Numbers.prototype, 'square', 0);
method('secret', Get('secret'), UseGuards(Guard));

class App {}
Module({ controllers: [Numbers], providers: [Squares] })(App);

const app = await NestFactory.create(App, { logger: ['error'] });
await app.listen(8080, '127.0.0.1');
for (const [path, key] of [['square/12'], ['square/twelve'], ['secret'], ['secret', 'right']]) {
	const answer = await fetch(`http://127.0.0.1:8080/numbers/${path}`, { headers: key ? { 'x-key': key } : {} });
	console.log(path, answer.status, await answer.text());
}
await app.close();
