/* SPDX-License-Identifier: GPL-2.0-only */
/* A tenant goes: its policy and its cgroup. */
#ifndef SAFENODE_DETACH_H
#define SAFENODE_DETACH_H

#include <linux/limits.h>
#include <stdbool.h>

#include "enforcer.h"
#include "err.h"

/*
 * Removes the tenant's policy and cgroup. -EBUSY while processes run, unless @kill. -EINVAL for a
 * container's label: its cgroup is its engine's.
 */
int sn_detach(const char *tenant, bool kill, struct sn_err *err);

/* Removes tenants of the drop-in that have ended: no other tool does. */
int sn_sweep_unnamed(struct sn_err *err);

/*
 * Removes what is left of tenants whose cgroups, elsewhere than below the parent, are gone, or were
 * never finished. With the maps open, under the lock.
 */
int sn_sweep_gone(const struct sn_enforcer *enforcer, struct sn_err *err);

#define SN_SURVEY_IDS 8

/* What else there is to know of the tenants that stay: a way through the map takes long. */
struct sn_survey {
	const char *tenant;    /* which one is looked for */
	const char *prefix;    /* which are counted: those whose names begin so; NULL: none */
	char cgroup[PATH_MAX]; /* of the tenant, be it there or not */
	int nr;
	__u64 ids[SN_SURVEY_IDS]; /* of the cgroups of the first of them */
};

/* As sn_sweep_gone(), and fills in the rest of @survey. */
int sn_sweep_and_survey(const struct sn_enforcer *enforcer, struct sn_survey *survey,
			struct sn_err *err);

/* The same, by a tool that has nothing else to do with tenants. */
int sn_sweep(struct sn_err *err);

/* 1 or 0: do processes run in the tenant's cgroup? Not to know is an error; no cgroup is 0. */
int sn_tenant_is_running(const char *cgroup, const char *tenant, struct sn_err *err);

/*
 * The first of two steps for the tenant whose cgroup has the path @cgroup, under the lock: as
 * sn_store_empty(), which it calls. -ENOENT: no such cgroup.
 */
int sn_tenant_empty(const struct sn_enforcer *enforcer, const char *cgroup,
		    struct sn_policy *policy, struct sn_err *err);

/* Both steps, and the cgroup goes last. Under the lock; the cgroup has no processes. As above. */
int sn_tenant_remove(const struct sn_enforcer *enforcer, const char *cgroup, struct sn_err *err);

#endif
