/* SPDX-License-Identifier: GPL-2.0-only */
/* All that can be told of what is loaded and of the tenants, for any form of it. */
#ifndef SAFENODE_STATUS_H
#define SAFENODE_STATUS_H

#include <linux/limits.h>
#include <stdbool.h>

#include "controllers.h"
#include "err.h"
#include "fill.h"
#include "inforce.h"
#include "names.h"
#include "requirement.h"
#include "safenode_abi.h"
#include "usage.h"

#define SN_DRIFTS_MAX	     8 /* limits of a tenant that are told */
#define SN_STATUS_CHECKS_MAX 16

struct sn_tenant {
	struct sn_policy policy;
	struct sn_counters counters;
	char *cgroup;	/* its path */
	bool elsewhere; /* than below the parent: it has the mark for itself, or... */
	bool unmarked;	/* ...has not: nothing keeps it from anything */
	bool there;	/* its cgroup is at that path */
	bool running;	/* there are processes in the cgroup that the policy is for */
	struct sn_usage usage;
	const char *user; /* the name, or NULL */
	struct sn_drift drift[SN_DRIFTS_MAX];
	size_t drifts;		   /* how many limits hold no longer, or one more than are told */
	struct sn_entries own;	   /* its rules, until they are in... */
	struct sn_inforce inforce; /* ...its options, if they were asked for */
	bool has_last;
	struct sn_event last; /* what it was refused last */
};

/* Owns what it holds; see sn_status_free(). */
struct sn_status {
	bool in_force; /* every check that is needed is met */
	struct sn_requirement checks[SN_STATUS_CHECKS_MAX];
	size_t nr_checks;
	bool of_user; /* see struct sn_status_query: of others nothing is known */
	bool known;   /* the maps could be read; otherwise nothing is known of what follows */
	struct sn_state state;
	char mount[PATH_MAX];	   /* of cgroup v2 */
	struct sn_tenant *tenants; /* sorted by name */
	size_t nr_tenants;
	struct sn_counters without_policy; /* of processes below the parent that have none */
	struct sn_fill maps[SN_FILLS_MAX];
	size_t nr_maps;
	bool reader; /* safenode-logd runs; asked only with the last refusals */
	struct sn_names names;
};

struct sn_status_query {
	const char *tenant; /* only those of this name; NULL: all */
	/*
	 * "1000:": as an ordinary user has to see it, only those whose names begin so, and
	 * nothing of processes without a policy. Takes the lock exclusively then: holders who share
	 * it, one after the other for ever, would keep away who wants it alone. NULL: root
	 */
	const char *user;
	bool options; /* which options are in force for each? */
	bool maps;    /* how full are they? */
	bool lasts;   /* what was refused last to each? Only safenode-logd knows */
};

/*
 * Finds out. That nothing is in force, or loaded, is no failure: @status tells it. The lock is held
 * while policies, counters and rules are read, and not for the files of the cgroups. 0; or a
 * negative errno with @err filled in: -EPERM, -ENOMEM, -ENOENT: no tenant of that name.
 */
int sn_status_collect(const struct sn_status_query *query, struct sn_status *status,
		      struct sn_err *err);

/* The first check that is needed and not met: -ENOSYS and its text in @err; 0: all are. */
int sn_status_in_force(const struct sn_status *status, struct sn_err *err);

/* How often all that the tenant was refused, but for what node and libc always try. */
__u64 sn_status_refused(const struct sn_counters *counters);

/*
 * "enforce"; "observe", where nothing is; "warm", where files, mappings and addresses are left to
 * it; "closed", where all is refused, as without a policy.
 */
const char *sn_status_mode(const struct sn_policy *policy);

void sn_status_free(struct sn_status *status);

#endif
