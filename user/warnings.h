/* SPDX-License-Identifier: GPL-2.0-only */
/* What in a tenant's options is allowed and probably not meant. Pure. */
#ifndef SAFENODE_WARNINGS_H
#define SAFENODE_WARNINGS_H

#include <stddef.h>

#include "options.h"

/* What the machine has that a policy is judged by. All zero: nothing is known. */
struct sn_machine {
	const char *const *servers; /* addresses of name servers, as in resolv.conf(5) */
	size_t nr_servers;
	unsigned int first_port; /* net.ipv4.ip_unprivileged_port_start; 0: every port is free */
};

struct sn_warning {
	const char *what;   /* a stable word: "metadata-free" */
	const char *option; /* the option that it is about, which may be one that is missing */
	size_t number;	    /* which of its values, from 0 on */
	char text[320];	    /* what may happen; and what helps */
};

/* Calls @each for every warning. The options need not be complete. */
void sn_warnings(const struct sn_options *options, const struct sn_machine *machine,
		 void (*each)(const struct sn_warning *warning, void *data), void *data);

#endif
