// SPDX-License-Identifier: GPL-2.0-only
// Looks like a safenode-attach that fails.
'use strict';
const [status, title] = process.argv.slice(2);
if (title)
	process.title = 'safenode-attach';
process.stderr.write('safenode-attach: safenode is not loaded; run safenode-load\n', () => process.exit(Number(status)));
