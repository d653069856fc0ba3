// SPDX-License-Identifier: GPL-2.0-only
// What a customer may reach, unless its entry says otherwise: the internet, and of this machine a
// resolver.
'use strict';

// where clouds hand out the credentials of the machine
const RESTRICTED = ['169.254.169.254', 'fd00:ec2::254'];
const ALLOWED_PORTS = 53;

// Each listens on its own port alone, which nobody else can take then.
function policyOf(port) {
	return {
		restrictedOutgoingAddresses: ['self', ...RESTRICTED],
		allowedOutgoingPorts: ALLOWED_PORTS,
		allowedListenPorts: port,
	};
}

module.exports = { ALLOWED_PORTS, RESTRICTED, policyOf };
