// SPDX-License-Identifier: GPL-2.0-only
// What a startup snapshot is made of.
'use strict';
globalThis.answer = 42;
