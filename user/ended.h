/* SPDX-License-Identifier: GPL-2.0-only */
/* Tenants that have ended: something ran in their cgroups, and nothing does. */
#ifndef SAFENODE_ENDED_H
#define SAFENODE_ENDED_H

#include "enforcer.h"
#include "err.h"

/*
 * Removes policies and cgroups of all that have ended, but for containers, which are their
 * engines'. One of root's that never began is left alone: it may have been made for a process to
 * come. With the maps open, under the exclusive lock. Returns how many, or a negative errno.
 */
int sn_ended_remove(const struct sn_enforcer *enforcer, struct sn_err *err);

/* Would sn_ended_remove() remove any? 1, 0 or a negative errno. The shared lock will do. */
int sn_ended_any(const struct sn_enforcer *enforcer, struct sn_err *err);

#endif
