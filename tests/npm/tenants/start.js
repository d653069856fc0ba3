// SPDX-License-Identifier: GPL-2.0-only
// An observed tenant may start others.
'use strict';
const { spawn } = require('node:child_process');
const { isSafeMode } = require('safenode/tenant');
spawn('sleep', ['1000'], { stdio: 'ignore' });
console.log(isSafeMode());
setInterval(() => {}, 1000);
