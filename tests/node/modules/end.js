// SPDX-License-Identifier: GPL-2.0-only
// A program that ends at once, whoever holds a channel to it.
'use strict';
process.exit(0);
