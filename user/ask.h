/* SPDX-License-Identifier: GPL-2.0-only */
/* From options to a running tenant, for an ordinary user: by way of safenode-broker. */
#ifndef SAFENODE_ASK_H
#define SAFENODE_ASK_H

#include "err.h"
#include "options.h"

/*
 * As sn_attach(), by who is not root: the caller becomes the command, as the user that it is, in a
 * cgroup below its own. @argv is not empty. What takes no privilege is done here; the broker gets
 * descriptors and options, and moves this process. Returns only on failure; once this process has
 * been moved it has to end then, and the broker removes what was made.
 */
int sn_ask(const struct sn_options *options, char *const argv[], void (*say)(const char *text),
	   struct sn_err *err);

#endif
