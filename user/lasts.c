// SPDX-License-Identifier: GPL-2.0-only
/* The last event of each tenant. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lasts.h"

static int compare(const void *a, const void *b)
{
	const struct sn_log_record *one = a, *other = b;

	return strncmp(one->event.tenant, other->event.tenant, SN_TENANT_MAX);
}

static struct sn_log_record *find(const struct sn_lasts *lasts, const struct sn_log_record *record)
{
	struct sn_log_record **found = tfind(record, &lasts->by_name, compare);

	return found ? *found : NULL;
}

static size_t oldest(const struct sn_lasts *lasts)
{
	size_t best = 0;

	for (size_t i = 1; i < lasts->nr; i++)
		if (lasts->all[i]->event.time_ns < lasts->all[best]->event.time_ns)
			best = i;
	return best;
}

static void forget(struct sn_lasts *lasts, size_t index)
{
	struct sn_log_record *record = lasts->all[index];

	tdelete(record, &lasts->by_name, compare);
	lasts->all[index] = lasts->all[--lasts->nr];
	free(record);
}

/* Adds one of a tenant that has none. */
static int add(struct sn_lasts *lasts, const struct sn_log_record *record)
{
	struct sn_log_record *kept = malloc(sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	memcpy(kept, record, sn_log_size(record));
	if (lasts->nr == SN_TENANTS_MAX)
		forget(lasts, oldest(lasts));
	if (!tsearch(kept, &lasts->by_name, compare)) {
		free(kept);
		return -ENOMEM;
	}
	lasts->all[lasts->nr++] = kept;
	return 0;
}

int sn_lasts_put(struct sn_lasts *lasts, const struct sn_event *ev)
{
	struct sn_log_record record, *kept;

	sn_log_set_event(&record, ev);
	record.kind = SN_LOG_LAST;
	kept = find(lasts, &record);
	if (!kept)
		return add(lasts, &record);
	memcpy(kept, &record, sn_log_size(&record));
	return 0;
}

const struct sn_log_record *sn_lasts_at(const struct sn_lasts *lasts, size_t index)
{
	return index < lasts->nr ? lasts->all[index] : NULL;
}

void sn_lasts_clear(struct sn_lasts *lasts)
{
	while (lasts->nr)
		forget(lasts, lasts->nr - 1);
}
