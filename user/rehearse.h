/* SPDX-License-Identifier: GPL-2.0-only */
/* Would the launch succeed? Tried in a process that ends. */
#ifndef SAFENODE_REHEARSE_H
#define SAFENODE_REHEARSE_H

#include "err.h"
#include "launch.h"

/*
 * Does what attach and sn_launch() will do and a unit of systemd, a container or the mode of a file
 * can refuse; nothing of it lasts. Without @launch, only what attach does without a command. 0, or
 * a negative errno with what refuses, and the cure, in @err. 1: the command can start, but not
 * node's JIT, because memory cannot be made executable, as @err says.
 */
int sn_rehearse(const struct sn_launch *launch, struct sn_err *err);

#endif
