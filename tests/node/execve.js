// SPDX-License-Identifier: GPL-2.0-only
// process.execve: on its own, because it does not return, and where it fails node aborts.
'use strict';
const fs = require('fs');

fs.writeSync(1, 'asking\n');
process.execve(process.execPath, ['node', '-p', '"replaced"'], {});
