/* SPDX-License-Identifier: GPL-2.0-only */
/* The last event of each tenant. */
#ifndef SAFENODE_LASTS_H
#define SAFENODE_LASTS_H

#include <stddef.h>

#include "logrecord.h"

/* All zero: none. */
struct sn_lasts {
	void *by_name;				   /* of tsearch(3) */
	struct sn_log_record *all[SN_TENANTS_MAX]; /* those that are there, in no order */
	size_t nr;
};

/* Keeps a copy. Of more than SN_TENANTS_MAX names, the one without news for longest goes. -ENOMEM.
 */
int sn_lasts_put(struct sn_lasts *lasts, const struct sn_event *ev);
/* The one in place @index, of kind SN_LOG_LAST; NULL: there are no more. Places can change. */
const struct sn_log_record *sn_lasts_at(const struct sn_lasts *lasts, size_t index);
void sn_lasts_clear(struct sn_lasts *lasts);

#endif
