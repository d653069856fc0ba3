/* SPDX-License-Identifier: GPL-2.0-only */
/* How full the pinned maps are. */
#ifndef SAFENODE_FILL_H
#define SAFENODE_FILL_H

#include <linux/types.h>
#include <stddef.h>

#define SN_FILLS_MAX 16 /* more maps than are pinned */

struct sn_fill {
	char name[16];
	__u32 entries;
	__u32 capacity;
};

/*
 * Of each pinned map whose entries come and go, sorted by name, at most SN_FILLS_MAX of them.
 * Returns how many. A map that cannot be read to its end is left out. Needs no lock.
 */
size_t sn_fill_read(struct sn_fill *fill);

#endif
