// SPDX-License-Identifier: GPL-2.0-only
// Is refused three acts.
'use strict';
const fs = require('node:fs');
for (const file of ['/etc/passwd', '/etc/group', '/srv'])
	try {
		fs.readFileSync(file);
	} catch {
		// that is what it is for
	}
