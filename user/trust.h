/* SPDX-License-Identifier: GPL-2.0-only */
/* Who can change a file: only root and the caller, or others? */
#ifndef SAFENODE_TRUST_H
#define SAFENODE_TRUST_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

/* Neither root nor the caller. It can be a tenant's user. */
static inline bool sn_is_another_user(uid_t uid)
{
	return uid && uid != geteuid();
}

/* Why others can change a file, or put another one in its place. */
struct sn_fault {
	enum {
		SN_FAULT_NONE,
		SN_FAULT_OWNER,	 /* @id is the user */
		SN_FAULT_GROUP,	 /* @id is the group */
		SN_FAULT_OTHERS, /* everyone may write */
		SN_FAULT_ACL,	 /* an access control list can name anybody */
	} kind;
	__u32 id;
};

#define SN_FAULT_STATX (STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID)

/*
 * The first reason by which others than root and the caller can change what @fd refers to: @st
 * tells its type, mode, owner and group. Root's group counts as root. In a sticky directory others
 * cannot replace what is not theirs, so it may be writable.
 */
struct sn_fault sn_fault_of(int fd, const struct statx *st);

/*
 * -EPERM, and in @err that @path cannot be used because of @fault, which is that of the file or
 * directory @at, with the cure.
 */
int sn_fault_fail(struct sn_fault fault, const char *path, const char *at, struct sn_err *err);

#endif
