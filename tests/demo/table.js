// SPDX-License-Identifier: GPL-2.0-only
// Judges both rounds and the denial log, prints the table; exits 0 if every row is as it should be.
//
// usage: node table.js DIRECTORY [--pretty]
// DIRECTORY holds outside.json and inside.json, and the tenants' logs, from server.js.
'use strict';
const fs = require('fs');
const { acts, seenByServer } = require('./acts.js');

const NAMES = ['t1', 't2'];
const FIRST_LINES = 10; // of the log
const SLACK = 4;	// ms: the log cuts its times to whole ones

const directory = process.argv[2];
const pretty = process.argv[3] === '--pretty';
const [YES, NO] = pretty ? ['\u2713', '\u2717'] : ['yes', 'NO'];

// ---- what is there ----

// A round that left no results has none: every row of it is missing.
function readResults(round) {
	try {
		return JSON.parse(fs.readFileSync(`${directory}/${round}.json`, 'utf8'));
	} catch (error) {
		console.log(`no results of the round ${round}: ${error.message}`);
		return {};
	}
}

// What was refused, of all that a tenant's log has
function readLog(name) {
	const text = fs.readFileSync(`${directory}/logs/inside/${name}.log`, 'utf8');
	return text.split('\n').filter(Boolean).map((line) => ({ line, ...JSON.parse(line) }))
		.filter(({ op }) => op).map((record) => ({ ...record, time: Date.parse(record.time) }));
}

const rounds = { outside: readResults('outside'), inside: readResults('inside') };
const log = NAMES.flatMap(readLog).sort((a, b) => a.time - b.time);

// ---- judging ----

function resultOf(round, name, row) {
	const found = (rounds[round][name] || []).filter((result) => result.what === row.what);
	if (found.length !== 1)
		return { outcome: found.length ? 'several results' : 'no result' };
	return found[0];
}

// The line that the kernel's refusal of this act left in the log
function lineOf(name, row) {
	const { start, end } = resultOf('inside', name, row);
	return log.find((l) => l.tenant === name && l.op === row.op && l.error === row.errno &&
		l.time >= start - SLACK && l.time <= end + SLACK);
}

// One cell for both tenants
function cell(values) {
	if (values.every((value) => value === values[0]))
		return values[0] || '';
	return values.map((value, i) => `${NAMES[i]} ${value}`).join(', ');
}

function judge(row) {
	const outside = NAMES.map((name) => resultOf('outside', name, row).outcome);
	const inside = NAMES.map((name) => resultOf('inside', name, row).outcome);
	const lines = row.op ? NAMES.map((name) => lineOf(name, row)) : [];
	const texts = lines.map((l) => (l ? `${l.op} ${l.error} ${l.why}` : 'nothing'));
	const right = outside.every((outcome) => outcome === row.outside) &&
		inside.every((outcome) => outcome === row.inside) &&
		lines.every(Boolean);
	return {
		right,
		cells: [row.what, cell(outside), cell(inside), cell(texts), right ? YES : NO],
		expected: `outside ${row.outside}, inside ${row.inside}` +
			(row.op ? `, in the log ${row.op} ${row.errno}` : ''),
	};
}

// ---- printing ----

function printTable(rows) {
	const head = ['what a tenant does', 'outside', 'inside', 'denial log', 'right'];
	const table = [head, ...rows.map((row) => row.cells)];
	const widths = head.map((_, i) => Math.max(...table.map((cells) => cells[i].length)));
	const print = (cells) => {
		console.log(cells.map((text, i) => text.padEnd(widths[i])).join('  ').trimEnd());
	};
	print(head);
	print(widths.map((width) => (pretty ? '\u2500' : '-').repeat(width)));
	for (const row of rows) {
		print(row.cells);
		if (!row.right)
			console.log(`    should be: ${row.expected}`);
	}
}

const rows = [seenByServer.work, ...acts, seenByServer.harm, seenByServer.alive].map(judge);
const right = rows.filter((row) => row.right).length;

printTable(rows);
console.log(`\nThe first of ${log.length} lines of the denial log:`);
for (const { line } of log.slice(0, FIRST_LINES))
	console.log(line);
console.log(`\n${rows.length} acts, ${right} as they should be`);
process.exit(acts.length && right === rows.length ? 0 : 1);
