// SPDX-License-Identifier: GPL-2.0-only
/* Who can change a file: only root and the caller, or others? */
#include <errno.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "trust.h"

/* If unknown, yes. Through /proc, because fgetxattr(2) does not accept O_PATH. */
static bool has_acl(int fd)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (getxattr(name, "system.posix_acl_access", NULL, 0) >= 0)
		return true;
	return errno != ENODATA && errno != EOPNOTSUPP;
}

struct sn_fault sn_fault_of(int fd, const struct statx *st)
{
	if (sn_is_another_user(st->stx_uid))
		return (struct sn_fault){ SN_FAULT_OWNER, st->stx_uid };
	if (S_ISLNK(st->stx_mode)) /* has no permissions: only the owner matters */
		return (struct sn_fault){ SN_FAULT_NONE };
	if (S_ISDIR(st->stx_mode) && st->stx_mode & S_ISVTX)
		return (struct sn_fault){ SN_FAULT_NONE };
	if (st->stx_mode & S_IWOTH)
		return (struct sn_fault){ SN_FAULT_OTHERS };
	/*
	 * If there is an ACL, the bits of the group show its mask, which limits all of its entries
	 * but those for the owner and for others.
	 */
	if (!(st->stx_mode & S_IWGRP))
		return (struct sn_fault){ SN_FAULT_NONE };
	if (has_acl(fd))
		return (struct sn_fault){ SN_FAULT_ACL };
	if (st->stx_gid)
		return (struct sn_fault){ SN_FAULT_GROUP, st->stx_gid };
	return (struct sn_fault){ SN_FAULT_NONE };
}

int sn_fault_fail(struct sn_fault fault, const char *path, const char *at, struct sn_err *err)
{
	char why[96] = "";

	switch (fault.kind) {
	case SN_FAULT_NONE:
		break;
	case SN_FAULT_OWNER:
		snprintf(why, sizeof(why), "belongs to user %u; chown it to root", fault.id);
		break;
	case SN_FAULT_GROUP:
		snprintf(why, sizeof(why), "can be written by group %u; chmod g-w it", fault.id);
		break;
	case SN_FAULT_OTHERS:
		snprintf(why, sizeof(why), "can be written by everyone; chmod o-w it");
		break;
	case SN_FAULT_ACL:
		snprintf(why, sizeof(why), "has an ACL by which others may write; setfacl -b it");
		break;
	}
	return sn_fail(err, EPERM, "others than root could replace '%.180s': '%.180s' %s", path, at,
		       why);
}
