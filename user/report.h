/* SPDX-License-Identifier: GPL-2.0-only */
/* What a maintainer needs to see of a machine -> text, without what is the operator's or tenants'.
 */
#ifndef SAFENODE_REPORT_H
#define SAFENODE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "status.h"

/*
 * Writes all of it: checks, versions, the kernel and how it is configured, BPF programs, maps,
 * tenants, what the kernel said about BPF. @names: also names and options of tenants, which
 * @status has to have; otherwise they are numbered, and no text of theirs is in it.
 */
void sn_report(const struct sn_status *status, bool names, FILE *out);

/* Is this word of the kernel's command line one that matters here? No other is told. */
bool sn_report_boot_word(const char *word);

/*
 * The text of a record of /dev/kmsg, if it is the kernel's and about BPF or safenode, else NULL.
 * Changes @record: of a path below @parent, "/safenode", only the beginning stays, for a tenant's
 * name follows, and nothing of a process that was killed.
 */
char *sn_report_message(char *record, const char *parent);

#endif
