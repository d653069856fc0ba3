/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned policies: put, get, remove. */
#ifndef SAFENODE_STORE_H
#define SAFENODE_STORE_H

#include "err.h"
#include "options.h"
#include "rules.h"
#include "safenode_abi.h"

/* The pinned maps, open. */
struct sn_store {
	int policies;
	int counters;
	int addresses;
	int ports;
	int directories;
	int names;
	int homes;
	int lists;
	int lock; /* the pin directory, locked: one tool changes policies at a time */
};

#define SN_STORE_CLOSED ((struct sn_store){ -1, -1, -1, -1, -1, -1, -1, -1, -1 })

/* Everything that is written for one tenant. policy.cgroup_id is the scope of @own. */
struct sn_tenant {
	struct sn_policy policy;
	const struct sn_options *options;
	struct sn_rules own; /* its directory's ancestors, extra paths, handed-over files */
	struct sn_rules
		baseline; /* shared by all tenants with the same; policy.baseline names it */
};

/* Opens the maps and takes the lock, which sn_store_close() gives back. */
int sn_store_open(struct sn_store *store, struct sn_err *err);
void sn_store_close(struct sn_store *store);

/*
 * Writes rules first and what permits anything last. On failure nothing of it is left. @old, unless
 * it is NULL, is what sn_store_empty() handed over; it is forgotten in between, so that a policy
 * that permits anything is the only one of its name.
 */
int sn_store_put(struct sn_store *store, struct sn_tenant *tenant, const struct sn_policy *old,
		 struct sn_err *err);

/* 0, or -ENOENT. */
int sn_store_get(struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy);

/*
 * Removes the policy of that cgroup in two steps. The first makes it refuse everything, removes its
 * own rules and hands it over. 1: it permitted something; 0: it did not, or there is none, and a
 * killed tool may have left another one of its name. The second, with what the first handed over,
 * removes what is left of it, and its baseline if that is neither @keep nor another tenant's.
 */
int sn_store_empty(struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy,
		   struct sn_err *err);
int sn_store_forget(struct sn_store *store, const struct sn_policy *policy, __u64 keep,
		    struct sn_err *err);

/*
 * Both for every policy with that name, for when its cgroup is gone: this looks at all policies.
 * How many there were, or a negative errno.
 */
int sn_store_remove_tenant(struct sn_store *store, const char *tenant, struct sn_err *err);

/* Calls @each for every policy, with its counters, until it returns non-zero; returns that. */
int sn_store_each(struct sn_store *store,
		  int (*each)(const struct sn_policy *policy, const struct sn_counters *counters,
			      void *data),
		  void *data);

#endif
