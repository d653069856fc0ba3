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
 * Controllers that were enabled for a cgroup: for each the length of the path of the first cgroup
 * that was changed, or 0. A controller that is disabled in one cgroup is disabled in all below it,
 * so from there on all were changed.
 */
struct sn_controllers {
	size_t from[SN_CONTROLLER_NR];
};

/* The values of the files with these names; NULL: not written. */
struct sn_limits {
	const char *memory_max;
	const char *cpu_max;
	const char *pids_max;
};

/*
 * Sets the limits of the new cgroup @path. Enables the controllers that they need in every cgroup
 * from @from to the parent of @path, and records that in @enabled for sn_controllers_undo(). @from
 * is @mount, or what was delegated to the caller. A limit of memory other than "max" also forbids
 * swap and huge pages, which memory.max does not count; the controller of huge pages is enabled
 * from
 * @mount on, for systemd does not know it and delegates none. On failure no controller stays
 * enabled.
 */
int sn_limits_set(const char *mount, const char *from, const char *path,
		  const struct sn_limits *limits, struct sn_controllers *enabled,
		  struct sn_err *err);

/*
 * Remembers what the files of the cgroup's limits hold now, in an attribute that goes with it: for
 * whoever has changed them, sn_limits_set() included. Where the kernel keeps no such attributes,
 * nothing can be told of these limits later.
 */
void sn_limits_remember(const char *path);

/* A limit that was set, and holds no longer. */
struct sn_drift {
	char file[40]; /* "memory.max" */
	char set[64];
	char now[64]; /* "": there is no such file any more, for its controller was disabled */
};

/*
 * Compares the limits of the cgroup @path with what was remembered, and fills in at most @max of
 * those that differ. Returns how many there are: 0 also where nothing was remembered.
 */
size_t sn_limits_drift(const char *path, struct sn_drift *drift, size_t max);

/*
 * As sn_limits_set(), for a cgroup with processes in it; "max" for memory also lifts what a limit
 * forbids. It may fail in the middle: what was there before is in sn_limits_save().
 */
int sn_limits_change(const char *mount, const char *from, const char *path,
		     const struct sn_limits *limits, struct sn_controllers *enabled,
		     struct sn_err *err);

/* What the files of limits held, to be restored. Owns its texts. */
struct sn_saved {
	struct sn_saved_limit {
		char *file;
		char *value;
	} * all;
	size_t nr;
};

/* 0, or a negative errno with @err filled in and @saved empty. */
int sn_limits_save(const char *path, struct sn_saved *saved, struct sn_err *err);
/* Writes those that are different now. 0, or the negative errno of one that could not be written.
 */
int sn_limits_restore(const char *path, const struct sn_saved *saved);
void sn_saved_free(struct sn_saved *saved);

/* Disables them again. The cgroup @path need not exist any more. */
void sn_controllers_undo(const char *path, const struct sn_controllers *enabled);

#endif
