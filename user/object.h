/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs: choose, load, attach, pin, replace, undo. All or nothing. */
#ifndef SAFENODE_OBJECT_H
#define SAFENODE_OBJECT_H

#include "err.h"
#include "kernel.h"
#include "safenode_abi.h"

/*
 * Calls @each for what attaching takes, and for every LSM hook that a program needs. 0 when all are
 * met, otherwise -ENOSYS with the first that is not in @err. Without type information or BPF LSM
 * that is one of sn_kernel_check(), and @each is not called.
 */
int sn_object_check_hooks(void (*each)(const struct sn_requirement *req, void *data), void *data,
			  struct sn_err *err);

#define SN_DEFAULT_PARENT "/safenode"

/*
 * Loads, attaches and pins every program for the tenants below @parent, a cgroup's path from the
 * root of the hierarchy, which it makes. NULL: the one that is loaded, else the default. Loaded
 * already: the programs are replaced; the new ones are in force before the old ones go, and
 * policies stay; where they are of another version, they are carried over (upgrade.h). On failure
 * nothing has changed, unless it is that the old programs could not be removed. -ENOSYS where the
 * kernel lacks something, -EPROTO where something would be lost.
 */
int sn_object_load(const char *parent, struct sn_err *err);

/* Detaches and removes everything. -EBUSY while tenants are left. -ENOENT when not loaded. */
int sn_object_unload(struct sn_err *err);

/*
 * Is everything in force: every program attached, made for this version of the tools, and not
 * switched off? 0 with @state filled in; -ENOENT when not loaded; -ENOSYS or -EPROTO otherwise.
 */
int sn_object_state(struct sn_state *state, struct sn_err *err);

#define SN_LOADED_CHECKS 3

/*
 * The same, thing by thing: pins of this version, the parent cgroup, every program attached. 0, or
 * the error of the first that is not met. Without the first, @state is zero, and nothing is known
 * of the others.
 */
int sn_object_check(struct sn_state *state, struct sn_requirement req[SN_LOADED_CHECKS]);

#endif
