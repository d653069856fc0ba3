/* SPDX-License-Identifier: GPL-2.0-only */
/* A runtime's baseline, kept from one attach to the next. */
#ifndef SAFENODE_KEPT_H
#define SAFENODE_KEPT_H

#include "err.h"
#include "rules.h"
#include "safenode_abi.h"

/*
 * As sn_runtime_baseline(), with what that found the last time, if everything that it then looked
 * at, and that the loader did, is as it was (looks.h). Otherwise it is found anew, and kept below
 * @dir, a directory that the caller makes if need be, and nobody else may write. @program is that
 * which runs: it decides what a baseline is. @rules is empty.
 */
int sn_kept_baseline(const char *dir, const struct sn_inode *program, const char *exe,
		     struct sn_rules *rules, struct sn_err *err);

#endif
