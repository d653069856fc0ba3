// SPDX-License-Identifier: GPL-2.0-only
/* A runtime's baseline, kept from one attach to the next. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "hash.h"
#include "kept.h"
#include "looks.h"
#include "runtime.h"
#include "trust.h"

#define FORM	 1	   /* of the file; its program can change without it */
#define KEPT_MAX (1 << 20) /* bytes; that of Debian's node takes some 50 000 */

/* Then come the path of the executable, what was looked at, and the rules. */
struct header {
	__u32 form, exe; /* bytes of the path, padded with zeros */
	__u32 looks;	 /* bytes */
	__u32 nr_directories, nr_names, pad;
	__u64 scope; /* of these rules */
};

/* A kept one, in memory. */
struct kept {
	char *bytes;
	size_t size;
	mode_t mode;
};

static __u64 number_of(const struct sn_inode *program, const char *exe)
{
	__u64 sum = sn_hash(SN_HASH_BEGIN, program, sizeof(*program));

	return sn_hash(sum, exe, strlen(exe)) ?: 1;
}

static void name_of(__u64 number, char name[32])
{
	snprintf(name, 32, "baseline-%016llx", number);
}

/* Root's or the caller's, and nobody else may write it. */
static bool is_own(int fd, mode_t type, struct stat *st)
{
	return !fstat(fd, st) && (st->st_mode & S_IFMT) == type &&
	       !sn_is_another_user(st->st_uid) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_dir(const char *dir)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !is_own(fd, S_IFDIR, &st)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- from the file ---- */

static bool read_file(const char *dir, const char *name, struct kept *kept)
{
	sn_autoclose int in = open_dir(dir);
	sn_autoclose int fd =
		in < 0 ? -1 : openat(in, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || !is_own(fd, S_IFREG, &st) || st.st_size > KEPT_MAX)
		return false;
	kept->mode = st.st_mode;
	kept->size = st.st_size;
	kept->bytes = malloc(kept->size);
	return kept->bytes && read(fd, kept->bytes, kept->size) == (ssize_t)kept->size;
}

static bool is_whole(const struct kept *kept)
{
	const struct header *header = (const void *)kept->bytes;

	return kept->size >= sizeof(*header) && header->form == FORM &&
	       kept->size == sizeof(*header) + (size_t)header->exe + header->looks +
				     header->nr_directories * sizeof(struct sn_directory_rule) +
				     header->nr_names * sizeof(struct sn_name_rule);
}

/* One that is whole: is it that of @exe, and as it was? */
static bool holds(const struct kept *kept, const char *exe)
{
	const struct header *header = (const void *)kept->bytes;
	const char *path = kept->bytes + sizeof(*header);

	return header->exe > strlen(exe) && !strcmp(path, exe) &&
	       sn_looks_hold(path + header->exe, header->looks);
}

static void *copy(const void *bytes, size_t size)
{
	void *copied = malloc(size);

	return copied ? memcpy(copied, bytes, size) : NULL;
}

static bool take(const struct kept *kept, struct sn_rules *rules)
{
	const struct header *header = (const void *)kept->bytes;
	const char *at = kept->bytes + sizeof(*header) + header->exe + header->looks;
	size_t size = header->nr_directories * sizeof(*rules->directories);

	rules->directories = copy(at, size);
	rules->names = copy(at + size, header->nr_names * sizeof(*rules->names));
	if (!rules->directories || !rules->names) {
		sn_rules_free(rules);
		return false;
	}
	rules->nr_directories = header->nr_directories;
	rules->nr_names = header->nr_names;
	rules->scope = header->scope;
	return true;
}

static bool load(const char *dir, __u64 number, const char *exe, struct kept *kept)
{
	char name[32];

	name_of(number, name);
	return read_file(dir, name, kept) && is_whole(kept) && holds(kept, exe);
}

/* ---- to the file ---- */

static bool write_file(int fd, const char *exe, const struct sn_looks *looks,
		       struct sn_rules *rules)
{
	const char zeros[sizeof(__u64)] = {};
	size_t len = strlen(exe), pad = sizeof(zeros) - len % sizeof(zeros);
	struct header header = {
		.form = FORM,
		.exe = len + pad,
		.looks = looks->size,
		.nr_directories = rules->nr_directories,
		.nr_names = rules->nr_names,
		.scope = sn_rules_scope(rules),
	};
	struct iovec parts[] = {
		{ &header, sizeof(header) },
		{ (void *)exe, len },
		{ (void *)zeros, pad },
		{ looks->bytes, looks->size },
		{ rules->directories, rules->nr_directories * sizeof(*rules->directories) },
		{ rules->names, rules->nr_names * sizeof(*rules->names) },
	};
	ssize_t size = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		size += (ssize_t)parts[i].iov_len;
	return size <= KEPT_MAX && writev(fd, parts, sizeof(parts) / sizeof(*parts)) == size;
}

/* Others may go through it, whatever the umask. */
static int make_dir(const char *dir)
{
	if (!mkdir(dir, 0700) && chmod(dir, 0711))
		return -1;
	return open_dir(dir);
}

/* Others find the old file, none, or all of the new one. If it cannot be kept, it is not. */
static void keep(const char *dir, __u64 number, const char *exe, const struct sn_looks *looks,
		 struct sn_rules *rules)
{
	sn_autoclose int in = make_dir(dir), fd = -1;
	char name[32], new[64];

	if (in < 0)
		return;
	name_of(number, name);
	snprintf(new, sizeof(new), "%s.%d", name, getpid());
	fd = openat(in, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!write_file(fd, exe, looks, rules) || (!looks->hidden && fchmod(fd, 0644)) ||
	    renameat(in, new, in, name))
		unlinkat(in, new, 0);
}

/* An update can bring another idea of what a baseline is. */
static void note_program(struct sn_looks *looks)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len < 0 ? 0 : len] = '\0';
	sn_looks_at(looks, SN_LOOK_WHOLE, path);
}

int sn_kept_baseline(const char *dir, const struct sn_inode *program, const char *exe,
		     struct sn_rules *rules, struct sn_err *err)
{
	__u64 number = number_of(program, exe);
	struct sn_looks looks = {};
	struct kept kept = {};
	bool taken = load(dir, number, exe, &kept) && take(&kept, rules);
	int ret;

	free(kept.bytes);
	if (taken)
		return 0;
	note_program(&looks);
	rules->looks = &looks;
	ret = sn_runtime_baseline(rules, exe, err);
	rules->looks = NULL;
	if (!ret && !looks.doubtful)
		keep(dir, number, exe, &looks, rules);
	sn_looks_free(&looks);
	return ret;
}

/* ---- for another process ---- */

__u64 sn_kept_find(const char *dir, const struct sn_inode *program, const char *exe, __u64 *scope)
{
	__u64 number = number_of(program, exe);
	struct kept kept = {};

	if (load(dir, number, exe, &kept))
		*scope = ((const struct header *)kept.bytes)->scope;
	else
		number = 0;
	free(kept.bytes);
	return number;
}

int sn_kept_take(const char *dir, __u64 number, __u64 scope, struct sn_rules *rules,
		 struct sn_err *err)
{
	struct kept kept = {};
	char name[32];
	bool taken;

	name_of(number, name);
	taken = read_file(dir, name, &kept) && kept.mode & S_IROTH && is_whole(&kept) &&
		((const struct header *)kept.bytes)->scope == scope && take(&kept, rules);
	free(kept.bytes);
	return taken ? 0 : sn_fail(err, ESTALE, "no such baseline is kept as %s/%s", dir, name);
}
