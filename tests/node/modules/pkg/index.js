// SPDX-License-Identifier: GPL-2.0-only
// A package; the runner puts it into node_modules.
'use strict';
exports.name = require('./package.json').name;
