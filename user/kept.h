/* SPDX-License-Identifier: GPL-2.0-only */
/* A runtime's baseline, kept from one attach to the next. */
#ifndef SAFENODE_KEPT_H
#define SAFENODE_KEPT_H

#include "err.h"
#include "rules.h"
#include "safenode_abi.h"

#define SN_KEPT_DIR "/run/safenode-kept"

/*
 * As sn_runtime_baseline(), with what that found the last time, if everything that it then looked
 * at, and that the loader did, is as it was (looks.h). Otherwise it is found anew, and kept below
 * @dir, a directory that the caller makes if need be, and nobody else may write; others may read
 * what says nothing that they could not see. @program is that which runs: it decides what a
 * baseline is. @rules is empty.
 */
int sn_kept_baseline(const char *dir, const struct sn_inode *program, const char *exe,
		     struct sn_rules *rules, struct sn_err *err);

/*
 * For who has no use for its rules: is one kept that holds for this process, by root or itself? Its
 * number, and what sn_rules_scope() says of it; or 0.
 */
__u64 sn_kept_find(const char *dir, const struct sn_inode *program, const char *exe, __u64 *scope);

/*
 * The rules of the one with that number and scope, which the caller has kept and everyone may read;
 * that it holds is for others to say. @rules is empty. -ESTALE: there is none.
 */
int sn_kept_take(const char *dir, __u64 number, __u64 scope, struct sn_rules *rules,
		 struct sn_err *err);

#endif
