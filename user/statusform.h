/* SPDX-License-Identifier: GPL-2.0-only */
/* What is loaded and the tenants, found out and written in one of its forms. */
#ifndef SAFENODE_STATUSFORM_H
#define SAFENODE_STATUSFORM_H

#include <stddef.h>

#include "err.h"

enum sn_status_form {
	SN_STATUS_TABLE, /* for people; of one tenant, all that is known of it */
	SN_STATUS_JSON,
	SN_STATUS_METRICS, /* of Prometheus */
};

/*
 * Into *@text, which is the caller's to free, of *@size bytes: of the tenant @tenant, or, if that
 * is NULL, of all; as @user, or, if that is NULL, as root sees them (struct sn_status_query). 0; 1:
 * it tells that nothing is in force, and why is in @err; or a negative errno of
 * sn_status_collect(), without a text.
 */
int sn_status_write(enum sn_status_form form, const char *tenant, const char *user, char **text,
		    size_t *size, struct sn_err *err);

#endif
