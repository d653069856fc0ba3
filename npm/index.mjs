// SPDX-License-Identifier: GPL-2.0-only
import safenode from './index.js';

export const { spawn, fork, check, status } = safenode;
export default safenode;
