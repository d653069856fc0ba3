/* SPDX-License-Identifier: GPL-2.0-only */
/* A self-test: does this kernel refuse what it should? */
#ifndef SAFENODE_TRIAL_H
#define SAFENODE_TRIAL_H

#include <stdbool.h>

#include "err.h"

/*
 * Tries one act for each of four BPF programs, in a process below the parent cgroup. NULL, or the
 * name of an act that is not refused. The expected errors are those of a tenant in its directory,
 * or, without @has_policy, of a process without a policy.
 */
const char *sn_trial_acts(bool has_policy);

/*
 * Calls @act in a process without a policy in a new cgroup below @parent, a path (@round is 0),
 * then in a child cgroup of that (@round is 1). If @act returns the name of an act, that was not
 * refused, and the result is -ENOSYS. Removes both cgroups.
 */
#define SN_TRIAL_ROUNDS 2
int sn_trial_below(const char *parent, const char *(*act)(int round, void *data), void *data,
		   struct sn_err *err);

/* Removes what a killed self-test left below @parent. */
int sn_trial_clear(const char *parent, struct sn_err *err);

#endif
