/* SPDX-License-Identifier: GPL-2.0-only */
/* The last steps: drop what the tenant may not have, join its cgroup, exec. */
#ifndef SAFENODE_LAUNCH_H
#define SAFENODE_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "err.h"
#include "command.h"

struct sn_launch {
	const char *cgroup;    /* absolute path */
	const char *directory; /* absolute path */
	int directory_fd;      /* of the same, the caller's */
	const struct sn_account *account;
	bool own; /* the account is that of the caller, who is not root */
	const struct sn_command *command;
	const int *keep_fd; /* descriptors above 2 that stay open */
	size_t nr_keep_fd;
	void (*undo)(void *data); /* runs as root, outside the tenant, when a step fails */
	bool warm;		  /* files are left to it, so that scripts need not be readable */
	/* as root as well: how many acts of the self-test were noticed; NULL: they are refused */
	uint64_t (*noticed)(void *data);
	void *data; /* of both */
};

/*
 * Becomes the command, in this order: sn_launch_prepare(), environment, sn_launch_drop(), the
 * cgroup, a self-test of the refusals or reports, can the scripts be read, exec. Returns only on
 * failure, when undo has run.
 */
int sn_launch(const struct sn_launch *launch, struct sn_err *err);

/*
 * The last of these steps, for a process that is in the cgroup: environment, self-test, scripts,
 * exec. Returns only on failure; there is no way back.
 */
int sn_launch_inside(const struct sn_launch *launch, struct sn_err *err);

/* Close-on-exec for each descriptor above 2 that is not kept; sn_inherit_nothing(). */
int sn_launch_prepare(const struct sn_launch *launch, struct sn_err *err);

/* From root to the tenant's user, in its directory. */
int sn_launch_drop(const struct sn_launch *launch, struct sn_err *err);

#endif
