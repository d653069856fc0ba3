/* SPDX-License-Identifier: GPL-2.0-only */
/* What safenode-logd reads -> the journal, with fields of their own. */
#ifndef SAFENODE_JOURNAL_H
#define SAFENODE_JOURNAL_H

#include <stdbool.h>

#include "err.h"
#include "logrecord.h"

/* Is there a journal? */
bool sn_journal_is_there(void);

/*
 * Sends an event, a loss or what was passed over to the journal: MESSAGE= is the line, PRIORITY= 5
 * (7: what node and libc always try; 6: granted; 4: lost), and SAFENODE_…= what it is made of.
 * Waits while the journal takes nothing. 0, or a negative errno with @err filled in.
 */
int sn_journal_send(const struct sn_log_record *record, struct sn_err *err);

/*
 * The whole life of the process that writes: calls @write, such as sn_journal_send(), for each
 * event, loss or what was passed over that comes from the socket @fd, until that ends. 0, or a
 * negative errno with @err filled in.
 */
int sn_journal_write_all(int fd,
			 int (*write)(const struct sn_log_record *record, struct sn_err *err),
			 struct sn_err *err);

#endif
