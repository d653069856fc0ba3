// OpenTelemetry: a server and its client are instrumented, and the spans reach a collector
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { trace } = require('@opentelemetry/api');

const exporter = new OTLPTraceExporter({ url: 'http://127.0.0.1:8081/v1/traces' });
const sdk = new NodeSDK({ serviceName: 'tenant', spanProcessors: [new SimpleSpanProcessor({ exporter })],
	instrumentations: [new HttpInstrumentation({ ignoreOutgoingRequestHook: ({ port }) => +port === 8081 })] });
sdk.start();
const http = require('http');

(async () => {
	const { collect } = await import('./lib/collector.mjs');
	const collector = await collect(8081);
	const server = http.createServer((request, response) => response.end('traced')).listen(8080, '127.0.0.1');
	await new Promise(done => server.on('listening', done));
	await trace.getTracer('app').startActiveSpan('outer', async span => {
		const answer = await new Promise(done => http.get('http://127.0.0.1:8080/page', done));
		for await (const part of answer)
			console.log(part.toString());
		span.end();
	});
	await sdk.shutdown();
	const spans = collector.got.filter(({ url }) => url === '/v1/traces').flatMap(({ body }) => JSON.parse(body).resourceSpans)
		.flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans)
		.filter(({ attributes }) => !attributes.some(({ value }) => value.stringValue === '/v1/traces'));
	const outer = spans.find(({ name }) => name === 'outer');
	console.log(spans.map(({ name, kind, traceId }) => `${name} ${kind} ${traceId === outer.traceId}`).sort());
	server.close();
	collector.close();
})();
