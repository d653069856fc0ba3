/* SPDX-License-Identifier: GPL-2.0-only */
/* A follower of safenode-logd. */
#ifndef SAFENODE_LOGCLIENT_H
#define SAFENODE_LOGCLIENT_H

#include "err.h"
#include "logrecord.h"

/*
 * Connects, and asks for a sum of enum sn_log_want, of @tenant or, if it is NULL, of all. The
 * socket; -ENOENT: the service does not run; or another negative errno.
 */
int sn_logclient_open(__u32 want, const char *tenant, struct sn_err *err);

/*
 * Waits for the next record. 1; 0: the service has ended; or a negative errno, with @err filled in:
 * -EPROTO where the service is of another version, -EBUSY where it refuses.
 */
int sn_logclient_next(int fd, struct sn_log_record *record, struct sn_err *err);

/*
 * The last event of each tenant: calls @each until it returns non-zero; returns that, 0, or a
 * negative errno as above. Waits no longer than five seconds for a service that does not answer.
 */
int sn_logclient_lasts(int (*each)(const struct sn_event *ev, void *data), void *data,
		       struct sn_err *err);

#endif
