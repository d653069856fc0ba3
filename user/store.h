/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned maps: put, replace, get and remove what one tenant has in them. */
#ifndef SAFENODE_STORE_H
#define SAFENODE_STORE_H

#include "compiled.h"
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
	int cgroups; /* see elsewhere.h */
};

#define SN_STORE_CLOSED ((struct sn_store){ -1, -1, -1, -1, -1, -1, -1, -1, -1 })

/*
 * Opens all maps. -EPROTO if one has keys or values of another size than these tools use. Tools
 * that change them, or must not see them half changed, hold the lock: enforcer.h.
 */
int sn_store_open(struct sn_store *store, struct sn_err *err);
void sn_store_close(struct sn_store *store);

/* Are the rules of that baseline there, all of them? 1, 0 or a negative errno. */
int sn_store_has_baseline(const struct sn_store *store, __u64 scope);

/*
 * Writes the rules first and the policy that permits anything last. Rules of a baseline are left
 * out where they are there already, and need not be compiled then. On failure nothing of it is
 * left. @old, or NULL, is a policy from sn_store_empty() that this one replaces: it is forgotten
 * before this one permits anything.
 */
int sn_store_put(const struct sn_store *store, const struct sn_compiled *compiled,
		 const struct sn_policy *old, struct sn_err *err);

/*
 * Puts another policy in force for a cgroup that has one, in one step: at any time each act of the
 * tenant is judged by the old policy alone or the new one alone, and when this returns 0, by the
 * new one. Counters go on. On failure nothing of the new policy is left, and the old one is in
 * force. -ENOENT: no policy is in force.
 */
int sn_store_replace(const struct sn_store *store, const struct sn_compiled *compiled,
		     struct sn_err *err);

/* 0, or a negative errno; -ENOENT: it has no policy. */
int sn_store_get(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy);

/*
 * Adds the rules under @scope to @entries, whose memory is the caller's to free. What is listed and
 * not there, because a tool was killed, is left out. 0, or a negative errno with @err filled in.
 */
int sn_store_rules(const struct sn_store *store, __u64 scope, struct sn_entries *entries,
		   struct sn_err *err);

/* As sn_store_get() for the counters; all zero where there are none. Key 0: of processes without a
 * policy.
 */
void sn_store_count(const struct sn_store *store, __u64 cgroup_id, struct sn_counters *counters);

/*
 * Remove the policy of that cgroup in two steps. sn_store_empty() makes it refuse everything,
 * removes its own rules and copies it to @policy. 1: it permitted something; 0: it did not, or
 * there is none, and a killed tool may have left another policy of the same name. sn_store_forget()
 * takes that copy and removes the rest, with the baseline unless it is @keep or another tenant uses
 * it.
 */
int sn_store_empty(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy,
		   struct sn_err *err);
int sn_store_forget(const struct sn_store *store, const struct sn_policy *policy, __u64 keep,
		    struct sn_err *err);

/*
 * Both steps for every policy with that name, if its cgroup is gone. Looks at all policies. Returns
 * how many it removed, or a negative errno.
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
