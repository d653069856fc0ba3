/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting until no BPF program can still be reading what maps had before. */
#ifndef SAFENODE_GRACE_H
#define SAFENODE_GRACE_H

#include "err.h"

/* When this returns 0, every program that was running when it was called has ended. */
int sn_grace_period(struct sn_err *err);

#endif
