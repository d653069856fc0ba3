/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned maps: put, get and remove what one tenant has in them. */
#ifndef SAFENODE_STORE_H
#define SAFENODE_STORE_H

#include "compile.h"
#include "err.h"
#include "safenode_abi.h"

/* Descriptors of the pinned maps. */
struct sn_store {
	int policies;
	int counters;
	int addresses;
	int ports;
	int directories;
	int names;
	int homes;
	int lists;
};

#define SN_STORE_CLOSED ((struct sn_store){ -1, -1, -1, -1, -1, -1, -1, -1 })

/*
 * Opens all maps. -EPROTO if one has keys or values of another size than these tools use. Who
 * changes them, or must not see them half changed, holds the lock; see enforcer.h.
 */
int sn_store_open(struct sn_store *store, struct sn_err *err);
void sn_store_close(struct sn_store *store);

/*
 * Writes rules first and what permits anything last. On failure nothing of it is left. @old, unless
 * it is NULL, is what sn_store_empty() handed over; it is forgotten in between, so that a policy
 * that permits anything is the only one of its name.
 */
int sn_store_put(const struct sn_store *store, const struct sn_compiled *compiled,
		 const struct sn_policy *old, struct sn_err *err);

/* 0, or a negative errno; -ENOENT: it has no policy. */
int sn_store_get(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy);

/* The same for the counters; all zero where there are none. Key 0: of processes without a policy.
 */
void sn_store_count(const struct sn_store *store, __u64 cgroup_id, struct sn_counters *counters);

/*
 * Removes the policy of that cgroup in two steps. The first makes it refuse everything, removes its
 * own rules and hands it over. 1: it permitted something; 0: it did not, or there is none, and a
 * killed tool may have left another one of its name. The second, with what the first handed over,
 * removes what is left of it, and its baseline if that is neither @keep nor another tenant's.
 */
int sn_store_empty(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy,
		   struct sn_err *err);
int sn_store_forget(const struct sn_store *store, const struct sn_policy *policy, __u64 keep,
		    struct sn_err *err);

/*
 * Both for every policy with that name, for when its cgroup is gone: this looks at all policies.
 * How many there were, or a negative errno.
 */
int sn_store_remove_tenant(const struct sn_store *store, const char *tenant, struct sn_err *err);

/*
 * Calls @each for every policy until it returns non-zero; returns that, 0, or a negative errno with
 * @err filled in if the policies cannot be read to their end.
 */
int sn_store_each(const struct sn_store *store,
		  int (*each)(const struct sn_policy *policy, void *data), void *data,
		  struct sn_err *err);

#endif
