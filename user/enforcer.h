/* SPDX-License-Identifier: GPL-2.0-only */
/* What is loaded, as every tool opens it: state, cgroup mount, maps and their lock. */
#ifndef SAFENODE_ENFORCER_H
#define SAFENODE_ENFORCER_H

#include <linux/limits.h>

#include "err.h"
#include "safenode_abi.h"
#include "store.h"

struct sn_enforcer {
	struct sn_state state;
	char mount[PATH_MAX];  /* of cgroup v2 */
	struct sn_store store; /* open while the lock is held */
	int lock;	       /* the pin directory, or -1 */
};

#define SN_ENFORCER_CLOSED ((struct sn_enforcer){ .store = SN_STORE_CLOSED, .lock = -1 })

/* How the maps are used while the lock is held. */
enum sn_sharing {
	SN_SHARED,    /* any number of tools at a time */
	SN_EXCLUSIVE, /* one tool, and nobody reads */
};

/*
 * Is everything in force? 0, or what sn_object_state() and sn_cgroup_mount() say. Changes nothing,
 * takes no lock, and leaves the maps closed. On failure there is nothing to close.
 */
int sn_enforcer_open(struct sn_enforcer *enforcer, struct sn_err *err);

/* The same where not everything is in force, as long as the state can be read: for who only looks.
 */
int sn_enforcer_open_loaded(struct sn_enforcer *enforcer, struct sn_err *err);

/*
 * Waits for the lock and opens the maps. -EAGAIN if what sn_enforcer_open() saw was unloaded
 * meanwhile. The lock goes with sn_enforcer_close().
 */
int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err);

void sn_enforcer_close(struct sn_enforcer *enforcer);

/*
 * The path that the cgroup of @tenant, a valid name, has below the parent, into @path; with "", of
 * the parent. -ENAMETOOLONG.
 */
int sn_enforcer_cgroup(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		       struct sn_err *err);

/*
 * With the maps open, the path of the cgroup of the tenant of that name, wherever it is, into
 * @path: below the parent, if no other is known. 1: it is elsewhere; 0: it is not; or a negative
 * errno.
 */
int sn_enforcer_find(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		     struct sn_err *err);

/* The same by the cgroup that the policy is for, also where that is gone. */
int sn_enforcer_cgroup_of(const struct sn_enforcer *enforcer, const struct sn_policy *policy,
			  char path[PATH_MAX], struct sn_err *err);

#endif
