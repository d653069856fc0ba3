/* SPDX-License-Identifier: GPL-2.0-only */
/* Who can change a file: only root and the caller, or others? */
#ifndef SAFENODE_TRUST_H
#define SAFENODE_TRUST_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

/* Neither root nor the caller: possibly the user of a tenant. */
static inline bool sn_is_another_user(uid_t uid)
{
	return uid && uid != geteuid();
}

/* Why users other than root and the caller can change or replace a file. */
struct sn_fault {
	enum {
		SN_FAULT_NONE,
		SN_FAULT_OWNER,	 /* @id is the user */
		SN_FAULT_GROUP,	 /* @id is the group */
		SN_FAULT_OTHERS, /* everyone may write */
		SN_FAULT_ACL,	 /* an access control list lets others write */
	} kind;
	__u32 id;
};

#define SN_FAULT_STATX (STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID)

/*
 * The first fault of the file or directory @fd, whose type, mode, owner and group are in @st.
 * Root's group counts as root. A sticky directory may be writable: others cannot replace root's
 * files there.
 */
struct sn_fault sn_fault_of(int fd, const struct statx *st);

/*
 * -EPERM. @err says that @path cannot be trusted because the file or directory @at has @fault, and
 * names the cure.
 */
int sn_fault_fail(struct sn_fault fault, const char *path, const char *at, struct sn_err *err);

/*
 * Can only root and the caller change what is at @path, a file or directory? That is asked of each
 * directory and symbolic link on the way, too. 0; -EPERM as sn_fault_fail(); or another negative
 * errno: it cannot be reached, -ENOENT also if it is a pipe that was handed over (/dev/fd/63).
 */
int sn_trust_path(const char *path, struct sn_err *err);

#endif
