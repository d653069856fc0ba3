// SPDX-License-Identifier: GPL-2.0-only
'use strict';
process.on('SIGINT', () => process.exit(9));
process.stdout.write('up\n');
setInterval(() => {}, 1000);
