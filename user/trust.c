// SPDX-License-Identifier: GPL-2.0-only
/* Who can change a file: only root and the caller, or others? */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
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

/* ---- a whole way ---- */

#define LINKS_MAX 40 /* as the kernel follows */

struct way {
	const char *path;    /* as asked for, for errors */
	char at[PATH_MAX];   /* is reached, without links and without a slash at its end */
	char rest[PATH_MAX]; /* is still to walk */
	int links;
	struct sn_err *err;
};

static int look_at(const struct way *way, struct statx *st)
{
	const char *at = *way->at ? way->at : "/";
	sn_autoclose int fd = open(at, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct sn_fault fault;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, SN_FAULT_STATX, st))
		return sn_fail(way->err, errno, "cannot look at '%.200s': %s", at, strerror(errno));
	fault = sn_fault_of(fd, st);
	return fault.kind == SN_FAULT_NONE ? 0 : sn_fault_fail(fault, way->path, at, way->err);
}

static void leave(struct way *way)
{
	char *slash = strrchr(way->at, '/');

	if (slash)
		*slash = '\0';
}

static int too_long(const struct way *way)
{
	return sn_fail(way->err, ENAMETOOLONG, "'%.200s' is too long", way->path);
}

/* What a link leads to takes its place. */
static int follow(struct way *way)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlink(way->at, target, sizeof(target) - 1);

	if (len < 0)
		return sn_fail(way->err, errno, "cannot read the link '%.200s': %s", way->at,
			       strerror(errno));
	target[len] = '\0';
	if (++way->links > LINKS_MAX)
		return sn_fail(way->err, ELOOP, "'%.200s': too many symbolic links", way->path);
	if (snprintf(rest, sizeof(rest), "%s/%s", target, way->rest) >= (int)sizeof(rest))
		return too_long(way);
	strcpy(way->rest, rest);
	leave(way);
	if (*target == '/')
		way->at[0] = '\0';
	return 0;
}

/* One name further. */
static int step(struct way *way)
{
	char *name = way->rest + strspn(way->rest, "/");
	size_t len = strcspn(name, "/"), have = strlen(way->at);
	struct statx st = {};
	int ret;

	if (len == 2 && !strncmp(name, "..", 2)) {
		leave(way);
	} else if (len && (len != 1 || *name != '.')) {
		if (have + 1 + len >= sizeof(way->at))
			return too_long(way);
		way->at[have] = '/';
		memcpy(way->at + have + 1, name, len);
		way->at[have + 1 + len] = '\0';
	}
	memmove(way->rest, name + len, strlen(name + len) + 1);
	ret = look_at(way, &st);
	return ret || !S_ISLNK(st.stx_mode) ? ret : follow(way);
}

int sn_trust_path(const char *path, struct sn_err *err)
{
	struct way way = { .path = path, .err = err };
	char cwd[PATH_MAX] = "";
	struct statx st;
	int ret;

	if (*path != '/' && !getcwd(cwd, sizeof(cwd)))
		return sn_fail(err, errno, "cannot get the current directory: %s", strerror(errno));
	if (snprintf(way.rest, sizeof(way.rest), "%s/%s", cwd, path) >= (int)sizeof(way.rest))
		return too_long(&way);
	ret = look_at(&way, &st);
	while (!ret && *way.rest)
		ret = step(&way);
	return ret;
}
