/* SPDX-License-Identifier: GPL-2.0-only */
/* An executable -> its read-only baseline: what it must reach outside the tenant's directory. */
#ifndef SAFENODE_RUNTIME_H
#define SAFENODE_RUNTIME_H

#include "err.h"
#include "rules.h"

/*
 * The baseline of the ELF file @exe: the file (SN_MAY_START), its interpreter and all libraries
 * that it needs (SN_MAY_MAP), resolver and TLS configuration, time zones, ICU, the files in /proc
 * and /sys that libuv and V8 read, and the JavaScript of Debian's node.
 */
int sn_runtime_baseline(struct sn_rules *rules, const char *exe, struct sn_err *err);

#endif
