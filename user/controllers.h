/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of a tenant's cgroup, and the controllers that they need. */
#ifndef SAFENODE_CONTROLLERS_H
#define SAFENODE_CONTROLLERS_H

#include <stddef.h>

#include "err.h"

enum sn_controller {
	SN_CONTROLLER_MEMORY,
	SN_CONTROLLER_HUGETLB,
	SN_CONTROLLER_CPU,
	SN_CONTROLLER_PIDS,
	SN_CONTROLLER_NR,
};

/*
 * Controllers that were switched on for a cgroup. Where one was off, it was off in all cgroups
 * below as well, so the length of the first path is enough; 0: it was on everywhere.
 */
struct sn_controllers {
	size_t from[SN_CONTROLLER_NR];
};

/* What is written to the files of these names; NULL: nothing. */
struct sn_limits {
	const char *memory_max;
	const char *cpu_max;
	const char *pids_max;
};

/*
 * Limits the new cgroup @path, and switches the controllers on that this needs, in every cgroup
 * from @mount down to its parent; @enabled is for sn_controllers_undo(). A limit of memory that is
 * not "max" forbids swap and huge pages, which would not count in it. On failure all controllers
 * are as before.
 */
int sn_limits_set(const char *mount, const char *path, const struct sn_limits *limits,
		  struct sn_controllers *enabled, struct sn_err *err);

/* Switches them off again, for the cgroup @path, which need not be there any more. */
void sn_controllers_undo(const char *path, const struct sn_controllers *enabled);

#endif
