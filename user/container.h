/* SPDX-License-Identifier: GPL-2.0-only */
/* An engine's container becomes a tenant before its program starts. */
#ifndef SAFENODE_CONTAINER_H
#define SAFENODE_CONTAINER_H

#include "bundle.h"
#include "err.h"

/*
 * Gives the cgroup of the container's first process, which the engine has made and which has not
 * called exec yet, the policy that the annotations and the file @floor (floor.h) describe. -EINVAL
 * where the container cannot be a tenant, -ENOSYS where something is not in force. On failure
 * nothing is left, and the engine, told so, does not start the container.
 */
int sn_container_make(const struct sn_bundle *bundle, const char *floor, struct sn_err *err);

#endif
