/* SPDX-License-Identifier: GPL-2.0-only */
/* The last records, numbered: followers that are at different places read from it. */
#ifndef SAFENODE_BACKLOG_H
#define SAFENODE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>

#include "logrecord.h"

#define SN_BACKLOG_RECORDS 16384
#define SN_BACKLOG_BYTES   (4 << 20)

struct sn_kept {
	size_t size; /* bytes of the record that are there */
	struct sn_log_record record;
};

/* Records @first to @next - 1 are there. All zero: empty. */
struct sn_backlog {
	struct sn_kept *slots[SN_BACKLOG_RECORDS]; /* the number modulo their number */
	__u64 first;
	__u64 next;
	size_t bytes;
};

/* Has it room for a record of so many bytes? An empty one has. */
bool sn_backlog_has_room(const struct sn_backlog *backlog, size_t size);
/* Forgets the oldest one, which must be there. */
void sn_backlog_drop(struct sn_backlog *backlog);
/* Keeps a copy; there must be room. -ENOMEM. */
int sn_backlog_add(struct sn_backlog *backlog, const struct sn_log_record *record);
/* Record @number, or NULL where it was forgotten or is not there yet. */
const struct sn_kept *sn_backlog_at(const struct sn_backlog *backlog, __u64 number);
void sn_backlog_clear(struct sn_backlog *backlog);

#endif
