/* SPDX-License-Identifier: GPL-2.0-only */
/* Tenants' cgroups that are not below the parent: where a new one goes, and where they are. */
#ifndef SAFENODE_ELSEWHERE_H
#define SAFENODE_ELSEWHERE_H

#include <linux/limits.h>

#include "err.h"
#include "safenode_abi.h"

/*
 * The path of a new cgroup for @tenant, into @path: a leaf below the cgroup that the caller is in,
 * which is never a tenant's itself, for that would confine the caller. Where the caller sits in a
 * leaf of what was delegated to it (DelegateSubgroup= of a unit), the leaf is beside that one.
 * -ENAMETOOLONG.
 */
int sn_elsewhere_choose(const char *mount, const char *tenant, char path[PATH_MAX],
			struct sn_err *err);

/* The same where the caller's own cgroup is @own. */
int sn_elsewhere_below(const char *mount, const char *own, const char *tenant, char path[PATH_MAX],
		       struct sn_err *err);

/*
 * @map is the pinned map "cgroups". Notes that the cgroup with that id, which is to be a tenant's,
 * is at @path; the rest of the functions give it back. -ENAMETOOLONG, or what the map says.
 */
int sn_elsewhere_put(int map, __u64 id, const char *mount, const char *path, struct sn_err *err);

/*
 * The same, and the cgroup gets the mark. Before there is a policy for it: with the mark alone,
 * everything is refused there. On failure the note may be left: sn_store_forget() removes it.
 */
int sn_elsewhere_mark(int map, __u64 id, const char *mount, const char *path, struct sn_err *err);

/* Into @path; -ENOENT: it is below the parent, or no tenant's. */
int sn_elsewhere_get(int map, __u64 id, const char *mount, char path[PATH_MAX]);

/*
 * Calls @each for every one until it returns non-zero; returns that, 0, or a negative errno with
 * @err filled in. @each may remove the entry.
 */
int sn_elsewhere_each(int map, const char *mount,
		      int (*each)(__u64 id, const char *path, void *data), void *data,
		      struct sn_err *err);

/* The one whose path ends in "/@tenant". 1, 0 or a negative errno with @err filled in. */
int sn_elsewhere_find(int map, const char *mount, const char *tenant, __u64 *id,
		      char path[PATH_MAX], struct sn_err *err);

#endif
