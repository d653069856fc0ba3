// SPDX-License-Identifier: GPL-2.0-only
// What a customer may reach, unless its entry says otherwise: the internet, and of this machine a
// resolver.
'use strict';

module.exports = {
	// where clouds hand out the credentials of the machine
	RESTRICTED: ['169.254.169.254', 'fd00:ec2::254'],
	ALLOWED_PORTS: 53,
};
