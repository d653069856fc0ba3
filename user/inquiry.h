/* SPDX-License-Identifier: GPL-2.0-only */
/* What an ordinary user learns of its own tenants, and how it ends them: by the broker. */
#ifndef SAFENODE_INQUIRY_H
#define SAFENODE_INQUIRY_H

#include "caller.h"
#include "err.h"
#include "request.h"

/*
 * Does what @request asks for, of tenants of the caller's user and no others: any act but
 * SN_ACT_START. 0: it was answered; or a negative errno, and it was not. What depends on the caller
 * has to be limited by SIGALRM (broker.h).
 */
int sn_inquiry(const struct sn_caller *caller, const struct sn_request *request,
	       struct sn_err *err);

#endif
