// SPDX-License-Identifier: GPL-2.0-only
/* What was looked at to find something out: is all of it as it was? */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "looks.h"

#define FRESH 2 /* seconds */

/* What is compared; zero where that kind of look does not care. */
struct facts {
	__u64 ino;
	__s64 changed, born; /* seconds */
	__u32 changed_ns, born_ns;
	__u32 dev_major, dev_minor;
	__u32 mode, uid, gid;
	__u32 is_mount;
};

struct entry {
	struct facts facts;
	__u32 kind;
	__u32 length; /* of what follows: the path, padded with zeros */
};
_Static_assert(sizeof(struct entry) == 64, "no hidden padding");

static struct facts facts_of(enum sn_look kind, const struct statx *st)
{
	struct facts facts = {
		.mode = st->stx_mode & S_IFMT,
		.is_mount = !!(st->stx_attributes & STATX_ATTR_MOUNT_ROOT),
	};

	if (kind < SN_LOOK_PLACE)
		return facts;
	facts.mode = st->stx_mode;
	facts.uid = st->stx_uid;
	facts.gid = st->stx_gid;
	facts.ino = st->stx_ino;
	facts.dev_major = st->stx_dev_major;
	facts.dev_minor = st->stx_dev_minor;
	if (st->stx_mask & STATX_BTIME) {
		facts.born = st->stx_btime.tv_sec;
		facts.born_ns = st->stx_btime.tv_nsec;
	}
	if (kind < SN_LOOK_WHOLE)
		return facts;
	facts.changed = st->stx_ctime.tv_sec;
	facts.changed_ns = st->stx_ctime.tv_nsec;
	return facts;
}

/* If unknown, yes. Where there is one, the bits of the group show its mask. */
static bool has_acl(const char *path, const struct facts *facts)
{
	if (!(facts->mode & S_IWGRP) || S_ISLNK(facts->mode))
		return false;
	if (lgetxattr(path, "system.posix_acl_access", NULL, 0) >= 0)
		return true;
	return errno != ENODATA && errno != EOPNOTSUPP;
}

static bool is_fresh(const struct facts *facts)
{
	__s64 now = time(NULL);

	return facts->changed >= now - FRESH || facts->born >= now - FRESH;
}

/* Also where a file is in the place of a directory: while it is, nothing is below. */
static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

/* ---- noting ---- */

static size_t padded(const char *path)
{
	return (strlen(path) + sizeof(__u64)) & ~(sizeof(__u64) - 1);
}

static struct entry *next(char *bytes, size_t size, size_t *at)
{
	struct entry *entry = (struct entry *)(bytes + *at);

	if (*at >= size)
		return NULL;
	*at += sizeof(*entry) + entry->length;
	return entry;
}

static struct entry *find(struct sn_looks *looks, const char *path)
{
	struct entry *entry;
	size_t at = 0;

	while ((entry = next(looks->bytes, looks->size, &at)))
		if (!strcmp((const char *)(entry + 1), path))
			return entry;
	return NULL;
}

static struct entry *append(struct sn_looks *looks, const char *path)
{
	size_t length = padded(path), size = looks->size + sizeof(struct entry) + length;
	char *bytes = realloc(looks->bytes, size);
	struct entry *entry;

	if (!bytes)
		return NULL;
	entry = (struct entry *)(bytes + looks->size);
	memset(entry, 0, sizeof(*entry) + length);
	entry->length = length;
	memcpy(entry + 1, path, strlen(path));
	looks->bytes = bytes;
	looks->size = size;
	return entry;
}

/* What two looks at one path have seen. */
static bool agrees(const struct entry *entry, const struct statx *st)
{
	struct facts facts;

	if (!st || entry->kind == SN_LOOK_MISSING)
		return !st && entry->kind == SN_LOOK_MISSING;
	facts = facts_of(entry->kind, st);
	return !memcmp(&facts, &entry->facts, sizeof(facts));
}

void sn_looks_add(struct sn_looks *looks, enum sn_look kind, const char *path,
		  const struct statx *st)
{
	struct entry *entry;

	if (looks->doubtful)
		return;
	entry = find(looks, path);
	if (entry && !agrees(entry, st))
		looks->doubtful = true;
	if (looks->doubtful || (entry && entry->kind >= kind)) /* the one that says more is kept */
		return;
	entry = entry ?: append(looks, path);
	if (!entry) {
		looks->doubtful = true;
		return;
	}
	entry->kind = kind;
	if (!st)
		return;
	entry->facts = facts_of(kind, st);
	looks->hidden |= S_ISDIR(st->stx_mode) && !(st->stx_mode & S_IXOTH);
	looks->doubtful = is_fresh(&entry->facts) || has_acl(path, &entry->facts);
}

void sn_looks_at(struct sn_looks *looks, enum sn_look kind, const char *path)
{
	struct statx st;
	int error = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, SN_LOOK_STATX, &st) ? errno : 0;

	if (error == ENOENT || (kind == SN_LOOK_MISSING && is_missing(error)))
		sn_looks_add(looks, SN_LOOK_MISSING, path, NULL);
	else if (error || kind == SN_LOOK_MISSING || S_ISLNK(st.stx_mode))
		looks->doubtful = true;
	else
		sn_looks_add(looks, kind, path, &st);
}

void sn_looks_free(struct sn_looks *looks)
{
	free(looks->bytes);
	*looks = (struct sn_looks){};
}

/* ---- comparing ---- */

static bool holds(const struct entry *entry)
{
	const char *path = (const char *)(entry + 1);
	struct facts facts;
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, SN_LOOK_STATX, &st))
		return is_missing(errno) && entry->kind == SN_LOOK_MISSING;
	if (entry->kind == SN_LOOK_MISSING)
		return false;
	facts = facts_of(entry->kind, &st);
	return !memcmp(&facts, &entry->facts, sizeof(facts)) && !has_acl(path, &facts);
}

static bool is_sound(const struct entry *entry, size_t left)
{
	return left >= sizeof(*entry) && entry->length && entry->length <= left - sizeof(*entry) &&
	       !(entry->length % sizeof(__u64)) && !((const char *)(entry + 1))[entry->length - 1];
}

bool sn_looks_hold(const char *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		const struct entry *entry = (const struct entry *)(bytes + at);

		if (!is_sound(entry, size - at) || !holds(entry))
			return false;
		at += sizeof(*entry) + entry->length;
	}
	return size;
}
