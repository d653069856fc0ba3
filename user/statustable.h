/* SPDX-License-Identifier: GPL-2.0-only */
/* What is loaded and the tenants -> text for people. */
#ifndef SAFENODE_STATUSTABLE_H
#define SAFENODE_STATUSTABLE_H

#include <stdio.h>

#include "status.h"

/* What is in force and what weakens it, and a line for each tenant. */
void sn_status_table(const struct sn_status *status, FILE *out);

/* The same, but each tenant with all that is known of it: for one of them. */
void sn_status_details(const struct sn_status *status, FILE *out);

#define SN_SIZE_TEXT 16

/* "812", "45.2K", "1.5G": bytes, as the options take them, into @text. Returns @text. */
const char *sn_size_text(__s64 bytes, char text[SN_SIZE_TEXT]);

/* "3.21s", "12m03s", "5h02m", "3d04h": CPU time. Returns @text. */
const char *sn_cpu_text(__s64 usec, char text[SN_SIZE_TEXT]);

#endif
