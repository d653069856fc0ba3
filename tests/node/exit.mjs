// SPDX-License-Identifier: GPL-2.0-only
// An ES module as the program: its exit status says that its imports have worked.
import lib from './modules/lib.mjs';

process.exit(lib[0] === 42 && lib[1] === 'data' ? 3 : 4);
