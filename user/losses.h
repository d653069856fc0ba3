/* SPDX-License-Identifier: GPL-2.0-only */
/* What tenants did that never was on the ring: counters that grow. */
#ifndef SAFENODE_LOSSES_H
#define SAFENODE_LOSSES_H

#include <stddef.h>

#include "err.h"
#include "logrecord.h"
#include "store.h"

struct sn_told {
	__u64 cgroup_id, lost, suppressed;
};

/* All zero: nobody was told of any loss. */
struct sn_losses {
	struct sn_told *told; /* by cgroup_id, ascending */
	size_t nr;
};

/*
 * Reads the counters of all tenants, and calls @each for those that lost more than it was called
 * for before, with the totals. @store has "counters" and "policies" open. 0, or a negative errno
 * with @err filled in.
 */
int sn_losses_read(struct sn_losses *losses, const struct sn_store *store,
		   void (*each)(const struct sn_log_record *record, void *data), void *data,
		   struct sn_err *err);
void sn_losses_clear(struct sn_losses *losses);

#endif
