// SPDX-License-Identifier: GPL-2.0-only
// Answers each message with what came.
'use strict';
process.on('message', (message, handle) => {
	process.send({ message, handle: handle ? handle.constructor.name : null });
	if (message === 'socket' && handle)
		handle.end('from the tenant');
	else if (message === 'server' && handle)
		handle.on('connection', (socket) => socket.end('from the tenant'));
	else if (message === 'end')
		process.disconnect();
});
