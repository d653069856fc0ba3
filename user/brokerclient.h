/* SPDX-License-Identifier: GPL-2.0-only */
/* An ordinary user's tools, to safenode-broker: a request, and what it answers. */
#ifndef SAFENODE_BROKERCLIENT_H
#define SAFENODE_BROKERCLIENT_H

#include <stdbool.h>

#include "err.h"
#include "request.h"
#include "safenode_abi.h"
#include "statusform.h"

/* Can it be asked at all? What would fail at the end is said at the beginning. */
int sn_brokerclient_check(struct sn_err *err);

/*
 * For SN_ACT_START: fills in the nonce of @request, and hands @fds over, as many as it has places.
 * From the nonce to the answer, nothing of this process may change. 0, or the broker's error.
 */
int sn_brokerclient_start(struct sn_request *request, const int *fds, struct sn_err *err);

/* As sn_status_write(), of the caller's own tenants. @tenant as sn_brokerclient_name() takes it. */
int sn_brokerclient_status(enum sn_status_form form, const char *tenant, char **text, size_t *size,
			   struct sn_err *err);

/* As sn_logclient_open(), of the caller's own tenants. */
int sn_brokerclient_log(__u32 want, const char *tenant, struct sn_err *err);

/* As sn_detach(), one of the caller's own. */
int sn_brokerclient_detach(const char *tenant, bool kill, struct sn_err *err);

/* A tenant of the caller's, "t1" or "1000:t1", as log and status show it. -EPERM: of another's. */
int sn_brokerclient_name(const char *tenant, char name[SN_TENANT_MAX], struct sn_err *err);

#endif
