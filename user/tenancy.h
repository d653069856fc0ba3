/* SPDX-License-Identifier: GPL-2.0-only */
/* A tenant's cgroup, mark, limits and policy, as they are made: all of it, or nothing. */
#ifndef SAFENODE_TENANCY_H
#define SAFENODE_TENANCY_H

#include <linux/limits.h>

#include "compiled.h"
#include "controllers.h"
#include "detach.h"
#include "enforcer.h"
#include "err.h"
#include "options.h"

struct sn_tenancy {
	const struct sn_options *options; /* name, limits, and where its cgroup goes */
	struct sn_enforcer *enforcer;
	char cgroup[PATH_MAX];
	char above[PATH_MAX];		   /* where that is made */
	__u64 cgroup_id;		   /* as soon as it is there */
	struct sn_survey survey;	   /* the tenants that there are */
	struct sn_controllers controllers; /* that were switched on for its limits */
	/* The policy for the cgroup, when that is there. 0 or a negative errno. */
	int (*compile)(void *data, struct sn_compiled *compiled, struct sn_err *err);
	void *data;
};

/* It is to be at @tenancy->cgroup: what is above that. */
void sn_tenancy_place(struct sn_tenancy *tenancy);

/* Can there be a cgroup, with the mark? Without the lock. 0 or a negative errno. */
int sn_tenancy_check(const struct sn_tenancy *tenancy, struct sn_err *err);

/* Does nothing run in it? Otherwise -EINVAL. */
int sn_tenancy_check_idle(const struct sn_tenancy *tenancy, struct sn_err *err);

/*
 * Sweeps, and looks who is there: the tenant of that name, and those whose names begin with
 * @prefix, which can be NULL. With the maps open, under the lock.
 */
int sn_tenancy_survey(struct sn_tenancy *tenancy, const char *prefix, struct sn_err *err);

/*
 * Makes it, in place of one of the same name that has ended. After sn_tenancy_survey(), under the
 * same lock. On failure nothing is left. -EINVAL: one of that name runs, or it cannot be there.
 */
int sn_tenancy_make(struct sn_tenancy *tenancy, struct sn_err *err);

/* Removes what sn_tenancy_make() has made, where no process is in it. Under the same lock. */
void sn_tenancy_undo(struct sn_tenancy *tenancy);

#endif
