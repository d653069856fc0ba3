// SPDX-License-Identifier: GPL-2.0-only
// Node's options, one a line, with "value" for those that take the next word: what user/split.c has
// to know. Needs --expose-internals.
'use strict';
const { internalBinding } = require('internal/test/binding');

const binding = internalBinding('options');
const { options, aliases } = (binding.getCLIOptionsInfo || binding.getCLIOptions)();
const { kNoOp, kV8Option, kBoolean } = binding.types;

// Left out of it, for they take none, or nothing could follow: from 24 on configuration files have a
// default; V8 refuses a limit without "="; from 20 on a resolution is not looked at
const never = /^--((experimental-)?(default-)?config-file|stack-trace-limit|.*-specifier-resolution)$/;

function takesValue(name) {
	if (never.test(name))
		return false;
	if (aliases.has(`${name} <arg>`))
		return true;
	const [target, ...more] = aliases.get(name) || [name];

	if (target !== name)
		return !(more.length && !more[0].startsWith('-')) && [target, ...more].some(takesValue);
	return options.has(name) && ![kNoOp, kV8Option, kBoolean].includes(options.get(name).type);
}

for (const name of new Set([...options.keys(), ...aliases.keys()]))
	if (/^--?[^= ]+$/.test(name))
		console.log(name, takesValue(name) ? 'value' : '');
