// SPDX-License-Identifier: GPL-2.0-only
// A module of the tenant's own.
'use strict';
exports.answer = () => 42;
