/* SPDX-License-Identifier: GPL-2.0-only */
/* What every runtime reads of the kernel's own file systems. */
#ifndef SAFENODE_PSEUDO_H
#define SAFENODE_PSEUDO_H

#include "rules.h"

/*
 * Grants what libuv and V8 read of /proc and /sys, the links to it, and the way to the devices and
 * the descriptors that every tenant has. What is not there is left out. 0; or -ENOMEM, -EMFILE or
 * -ENFILE.
 */
int sn_pseudo_places(struct sn_rules *rules);

#endif
