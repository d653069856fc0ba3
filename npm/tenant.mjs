// SPDX-License-Identifier: GPL-2.0-only
import tenant from './tenant.js';

export const { isSafeMode, directory, allowedOutgoingPorts, allowedListenPorts, mayConnect } = tenant;
export default tenant;
