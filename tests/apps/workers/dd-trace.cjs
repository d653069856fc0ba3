// Datadog's tracer: a server and its client are traced, and the traces reach an agent
process.env.DD_TRACE_AGENT_URL = 'http://127.0.0.1:8081';
process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false';
process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';
process.env.DD_TRACE_STARTUP_LOGS = 'false';
const tracer = require('dd-trace').init({ service: 'tenant', flushInterval: 100, runtimeMetrics: false });
const http = require('http');

(async () => {
	const { collect } = await import('./lib/collector.mjs');
	const agent = await tracer.trace('untraced', () => collect(8081));
	const server = http.createServer((request, response) => {
		tracer.scope().active()?.setTag('seen', 'in the server');
		response.end('traced');
	});
	await new Promise(done => server.listen(8080, '127.0.0.1', done));
	await tracer.trace('outer', { tags: { answer: 42 } }, async () => {
		const answer = await new Promise(done => http.get('http://127.0.0.1:8080/page', done));
		for await (const part of answer)
			console.log(part.toString());
	});
	const words = ['outer', 'answer', 'web.request', 'http.request', 'in the server'];
	const seen = () => words.map(word => agent.got.some(({ body }) => body.includes(word)));
	for (let tries = 0; tries < 300 && seen().includes(false); tries++)
		await new Promise(done => setTimeout(done, 100));
	console.log(agent.got.find(({ body }) => body.includes('outer')).url, seen());
	process.exit();
})();
