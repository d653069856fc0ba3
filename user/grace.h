/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting until no BPF program can still be reading what the maps held before. */
#ifndef SAFENODE_GRACE_H
#define SAFENODE_GRACE_H

#include "err.h"

/* What it takes to wait. Got beforehand, so that a lack of memory or descriptors shows in time. */
struct sn_grace {
	int inner, outer; /* descriptors of maps; -1: none */
};

#define SN_GRACE_CLOSED ((struct sn_grace){ -1, -1 })

int sn_grace_open(struct sn_grace *grace, struct sn_err *err);
void sn_grace_close(struct sn_grace *grace);

/* When this returns 0, every program that was running when it was called has ended. */
int sn_grace_wait(const struct sn_grace *grace, struct sn_err *err);

#endif
