// SPDX-License-Identifier: GPL-2.0-only
/* The last records, numbered: followers that are at different places read from it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backlog.h"

bool sn_backlog_has_room(const struct sn_backlog *backlog, size_t size)
{
	return backlog->first == backlog->next ||
	       (backlog->next - backlog->first < SN_BACKLOG_RECORDS &&
		backlog->bytes + size <= SN_BACKLOG_BYTES);
}

void sn_backlog_drop(struct sn_backlog *backlog)
{
	struct sn_kept **slot = &backlog->slots[backlog->first++ % SN_BACKLOG_RECORDS];

	backlog->bytes -= (*slot)->size;
	free(*slot);
	*slot = NULL;
}

int sn_backlog_add(struct sn_backlog *backlog, const struct sn_log_record *record)
{
	size_t size = sn_log_size(record);
	struct sn_kept *kept = malloc(offsetof(struct sn_kept, record) + size);

	if (!kept)
		return -ENOMEM;
	kept->size = size;
	memcpy(&kept->record, record, size);
	backlog->slots[backlog->next++ % SN_BACKLOG_RECORDS] = kept;
	backlog->bytes += size;
	return 0;
}

const struct sn_kept *sn_backlog_at(const struct sn_backlog *backlog, __u64 number)
{
	if (number < backlog->first || number >= backlog->next)
		return NULL;
	return backlog->slots[number % SN_BACKLOG_RECORDS];
}

void sn_backlog_clear(struct sn_backlog *backlog)
{
	while (backlog->first != backlog->next)
		sn_backlog_drop(backlog);
}
