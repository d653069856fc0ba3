/* SPDX-License-Identifier: GPL-2.0-only */
/* Do the refusals work, here and now? Tried for real. */
#ifndef SAFENODE_TRIAL_H
#define SAFENODE_TRIAL_H

#include <stdbool.h>

#include "err.h"

/*
 * Below the parent: NULL, or what is not refused there. One act for each of four programs; the
 * errors are those of a tenant in its directory, or of a process that @has_policy says has none.
 */
const char *sn_trial_acts(bool has_policy);

/*
 * Calls @act in a process that joined a new cgroup of @parent, a path, and has no policy; and then
 * in one that joined a child of that: @round is 0, and then 1. What @act names was not refused
 * there, which is -ENOSYS. Afterwards both cgroups are gone.
 */
#define SN_TRIAL_ROUNDS 2
int sn_trial_below(const char *parent, const char *(*act)(int round, void *data), void *data,
		   struct sn_err *err);

/* Removes what a trial below @parent left that was killed. */
int sn_trial_clear(const char *parent, struct sn_err *err);

#endif
