// Sentry: an error with its context and a breadcrumb reaches a server; the lines of source around it, too
const Sentry = require('@sentry/node');

Sentry.init({ dsn: 'http://key@127.0.0.1:8081/1', tracesSampleRate: 1, release: 'tenant@1' });

(async () => {
	const { collect } = await import('./lib/collector.mjs');
	const server = await collect(8081);
	Sentry.setUser({ id: 'anna' });
	Sentry.addBreadcrumb({ message: 'before it broke' });
	try {
		undefined.property;
	} catch (error) {
		Sentry.captureException(error);
	}
	Sentry.startSpan({ name: 'work' }, () => {});
	console.log(await Sentry.flush(20000));
	const items = server.got.flatMap(({ body }) => body.toString().split('\n')).filter(Boolean).map(line => JSON.parse(line));
	const { exception, user, breadcrumbs, release, contexts } = items.find(item => item.exception);
	const { type, value, stacktrace } = exception.values[0];
	console.log(type, value, user.id, release, breadcrumbs.map(({ message }) => message), contexts.runtime.name);
	console.log(stacktrace.frames.at(-1).context_line.trim(), stacktrace.frames.at(-1).filename.split('/').pop());
	// Sentry's own requests are traced by their server, and may have ended or not
	console.log(items.flatMap(({ items }) => items ?? []).filter(({ name }) => name !== 'POST')
		.map(({ name, status }) => `${name} ${status}`));
	server.close();
	process.exit();
})();
