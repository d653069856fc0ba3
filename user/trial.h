/* SPDX-License-Identifier: GPL-2.0-only */
/* A self-test: does this kernel refuse what it should? */
#ifndef SAFENODE_TRIAL_H
#define SAFENODE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* What came of acts that safenode refuses; all zero: each was refused as safenode does it. */
struct sn_trial {
	const char *act; /* the first one that was not, */
	int error;	 /* but with this errno, by something else; 0: it was granted */
};

/*
 * Tries one act for each of four BPF programs, in a process below the parent cgroup. The expected
 * errors are those of a tenant in its directory, or, without @has_policy, of a process without a
 * policy.
 */
struct sn_trial sn_trial_acts(bool has_policy);

/*
 * Tries the same acts in a tenant that is observed: safenode grants them, and each must make @count
 * say more than before. What is returned was not noticed. Changes the working directory.
 */
struct sn_trial sn_trial_reports(uint64_t (*count)(void *data), void *data);

/*
 * The control: the same in an unconfined process. -EPERM if something else refuses an act, such as
 * a seccomp filter, for then it would prove nothing of safenode. Changes the working directory.
 */
int sn_trial_control(struct sn_err *err);

/* -EPERM: the act of @trial was refused with an errno that is not safenode's. Who may have? */
int sn_trial_refused_elsewhere(const struct sn_trial *trial, struct sn_err *err);

/*
 * Calls @act in a process without a policy in a new cgroup below @parent, a path (@round is 0),
 * then in a child cgroup of that (@round is 1). If @act returns an act, that was not refused, and
 * the result is -ENOSYS, or -EPERM if something else refused it. Removes both cgroups.
 */
#define SN_TRIAL_ROUNDS 2
int sn_trial_below(const char *parent, struct sn_trial (*act)(int round, void *data), void *data,
		   struct sn_err *err);

/* Removes what a killed self-test left below @parent. */
int sn_trial_clear(const char *parent, struct sn_err *err);

#endif
