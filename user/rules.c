// SPDX-License-Identifier: GPL-2.0-only
/* Paths -> the rules that make them reachable. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "decide.h"
#include "identify.h"
#include "rules.h"

#define LINKS_MAX 40 /* MAXSYMLINKS in include/linux/namei.h */

#define WAY_DIR	 (SN_MAY_STAT | SN_MAY_SEARCH)
#define WAY_LINK (SN_MAY_STAT | SN_MAY_READ)

/* A path on its way: @dir is reached, @rest is not. */
struct walk {
	struct sn_rules rules; /* met so far; @path is granted as a whole or not at all */
	const char *path;      /* as asked for, for errors */
	int dir;	       /* or, at the end, a file that is known by inode */
	struct sn_inode id;    /* of @dir */
	char *buffer;	       /* holds @rest */
	char *rest;
	int links;
	bool keep_link;	   /* a last symbolic link is not followed */
	bool may_miss;	   /* the last component need not exist */
	const char *entry; /* at the end: what was asked for is this entry of @dir; NULL: @dir */
	struct sn_err *err;
};

static void walk_release(struct walk *walk)
{
	sn_rules_free(&walk->rules);
	free(walk->buffer);
	if (walk->dir >= 0)
		close(walk->dir);
}

/* For people, so what is cut is the front. */
static void set_path(struct sn_rule *rule, const char *path)
{
	size_t len = strlen(path);

	if (len < sizeof(rule->path)) {
		memcpy(rule->path, path, len + 1);
		return;
	}
	memcpy(rule->path, "...", 3);
	memcpy(rule->path + 3, path + len - (sizeof(rule->path) - 4), sizeof(rule->path) - 3);
}

/* The path of what @fd refers to, with "/@name" behind it if there is one. */
static void set_path_of(struct sn_rule *rule, int fd, const char *name)
{
	char link[32], path[PATH_MAX + NAME_MAX + 2];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, PATH_MAX);
	path[len < 0 ? 0 : len] = '\0';
	if (name) {
		if (strcmp(path, "/"))
			strcat(path, "/");
		strcat(path, name);
	}
	set_path(rule, path);
}

/* The same key again adds to the rule; with another generation it is another file, now. */
static void join(struct sn_rule *have, const struct sn_rule *more)
{
	if (have->generation != more->generation) {
		*have = *more;
		return;
	}
	have->access |= more->access;
	have->below |= more->below;
}

static int put_directory(struct sn_rules *rules, const struct sn_directory_rule *new)
{
	struct sn_directory_rule *all;

	for (size_t i = 0; i < rules->nr_directories; i++) {
		if (memcmp(&rules->directories[i].key, &new->key, sizeof(new->key)))
			continue;
		join(&rules->directories[i].rule, &new->rule);
		return 0;
	}
	all = reallocarray(rules->directories, rules->nr_directories + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all[rules->nr_directories++] = *new;
	rules->directories = all;
	return 0;
}

static int put_name(struct sn_rules *rules, const struct sn_name_rule *new)
{
	struct sn_name_rule *all;

	for (size_t i = 0; i < rules->nr_names; i++) {
		if (memcmp(&rules->names[i].key, &new->key, sizeof(new->key)))
			continue;
		join(&rules->names[i].rule, &new->rule);
		return 0;
	}
	all = reallocarray(rules->names, rules->nr_names + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all[rules->nr_names++] = *new;
	rules->names = all;
	return 0;
}

static int merge(struct sn_rules *into, const struct sn_rules *from)
{
	int error = 0;

	for (size_t i = 0; !error && i < from->nr_directories; i++)
		error = put_directory(into, &from->directories[i]);
	for (size_t i = 0; !error && i < from->nr_names; i++)
		error = put_name(into, &from->names[i]);
	return error;
}

static int add_inode(struct sn_rules *rules, int fd, const struct sn_inode *id, __u32 access,
		     __u32 below, struct sn_err *err)
{
	struct sn_directory_rule new = {
		.key = { .ino = id->ino, .dev = id->dev },
		.rule = { .generation = id->generation, .access = access, .below = below },
	};

	set_path_of(&new.rule, fd, NULL);
	return put_directory(rules, &new) ? sn_fail(err, ENOMEM, "out of memory") : 0;
}

/* The entry @name of the directory that the walk has reached. */
static int add_name(struct walk *walk, const char *name, __u32 access)
{
	struct sn_name_rule new = {
		.key.directory = { .ino = walk->id.ino, .dev = walk->id.dev },
		.rule = { .generation = walk->id.generation, .access = access },
	};

	if (strlen(name) >= SN_NAME_MAX)
		return sn_fail(walk->err, ENAMETOOLONG,
			       "'%s': the name '%s' is longer than %d bytes, the most for a single "
			       "file; name its directory instead",
			       walk->path, name, SN_NAME_MAX - 1);
	memcpy(new.key.name, name, strlen(name));
	set_path_of(&new.rule, walk->dir, name);
	return put_name(&walk->rules, &new) ? sn_fail(walk->err, ENOMEM, "out of memory") : 0;
}

/* Makes @fd (which is taken over) the directory that the walk has reached. */
static int enter(struct walk *walk, int fd)
{
	if (fd < 0)
		return sn_fail(walk->err, errno, "cannot open '%s': %m", walk->path);
	if (walk->dir >= 0)
		close(walk->dir);
	walk->dir = fd;
	return sn_identify_fd(fd, &walk->id, walk->err);
}

static int enter_root(struct walk *walk)
{
	return enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/*
 * Puts the text of the link at @fd before what is left to walk. Only what root or the caller has
 * linked: whoever else makes a link chooses where it leads, and would have root grant it.
 */
static int follow(struct walk *walk, int fd, const char *name, uid_t owner)
{
	char target[PATH_MAX], *rest;
	ssize_t len;
	int error;

	if (sn_is_strangers(owner))
		return sn_fail(walk->err, EPERM,
			       "'%s': the symbolic link '%s' in it is of user %u; "
			       "name the place itself",
			       walk->path, name, owner);
	error = add_name(walk, name, WAY_LINK);
	if (error)
		return error;
	if (++walk->links > LINKS_MAX)
		return sn_fail(walk->err, ELOOP, "'%s': too many symbolic links", walk->path);
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len < 0)
		return sn_fail(walk->err, errno, "'%s': cannot read a link: %m", walk->path);
	target[len] = '\0';
	if (asprintf(&rest, "%s/%s", target, walk->rest) < 0)
		return sn_fail(walk->err, ENOMEM, "out of memory");
	free(walk->buffer);
	walk->buffer = walk->rest = rest;
	return target[0] == '/' ? enter_root(walk) : 0;
}

static char *next_name(struct walk *walk)
{
	char *name = walk->rest + strspn(walk->rest, "/");

	walk->rest = name + strcspn(name, "/");
	if (*walk->rest)
		*walk->rest++ = '\0';
	return *name ? name : NULL;
}

/* One component further, or walk->entry is set. */
static int step(struct walk *walk, const char *name)
{
	sn_autoclose int fd = openat(walk->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool last = !walk->rest[strspn(walk->rest, "/")];
	struct statx st = {};
	int dir, error;

	if (fd < 0 && (errno != ENOENT || !last || !walk->may_miss))
		return sn_fail(walk->err, errno, "cannot reach '%s': %m", walk->path);
	if (fd >= 0 && statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_UID, &st))
		return sn_fail(walk->err, errno, "cannot stat '%s': %m", walk->path);
	error = add_inode(&walk->rules, walk->dir, &walk->id, WAY_DIR, 0, walk->err);
	if (error)
		return error;
	if (S_ISLNK(st.stx_mode) && !(last && walk->keep_link))
		return follow(walk, fd, name, st.stx_uid);
	/* A file that is a mount point has another directory and name; it is known by inode. */
	if (S_ISDIR(st.stx_mode) || (last && st.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
		dir = fd;
		fd = -1;
		return enter(walk, dir);
	}
	if (!last)
		return sn_fail(walk->err, ENOTDIR, "cannot reach '%s': '%s' is not a directory",
			       walk->path, name);
	walk->entry = name;
	return 0;
}

static int run(struct walk *walk)
{
	const char *name;
	int error;

	if (walk->path[0] != '/')
		return sn_fail(walk->err, EINVAL, "'%s' is not an absolute path", walk->path);
	walk->buffer = walk->rest = strdup(walk->path);
	if (!walk->buffer)
		return sn_fail(walk->err, ENOMEM, "out of memory");
	error = enter_root(walk);
	while (!error && !walk->entry && (name = next_name(walk)))
		if (strcmp(name, "."))
			error = step(walk, name);
	return error;
}

/* Runs @walk, grants @access and @below on what it came to, and adds all of it to @rules. */
static int add(struct sn_rules *rules, struct walk *walk, __u32 access, __u32 below)
{
	int error = run(walk);

	if (!error && walk->entry && access)
		error = add_name(walk, walk->entry, access);
	if (!error && !walk->entry && (access | below))
		error = add_inode(&walk->rules, walk->dir, &walk->id, access, below, walk->err);
	if (!error && merge(rules, &walk->rules))
		error = sn_fail(walk->err, ENOMEM, "out of memory");
	return error;
}

int sn_rules_add(struct sn_rules *rules, const char *path, __u32 access, __u32 below,
		 struct sn_err *err)
{
	struct walk walk __attribute__((cleanup(walk_release))) = {
		.path = path,
		.dir = -1,
		.may_miss = !below,
		.err = err,
	};

	return add(rules, &walk, access, below);
}

int sn_rules_add_if_there(struct sn_rules *rules, const char *path, __u32 access, __u32 below)
{
	return sn_rules_add(rules, path, access, below, NULL) == -ENOMEM ? -ENOMEM : 0;
}

int sn_rules_add_link_if_there(struct sn_rules *rules, const char *path)
{
	struct walk walk __attribute__((cleanup(walk_release))) = {
		.path = path,
		.dir = -1,
		.keep_link = true,
	};

	return add(rules, &walk, WAY_LINK, 0) == -ENOMEM ? -ENOMEM : 0;
}

int sn_rules_add_ancestors(struct sn_rules *rules, const char *path, struct sn_err *err)
{
	return sn_rules_add(rules, path, 0, 0, err);
}

int sn_rules_add_fd(struct sn_rules *rules, int fd, struct sn_err *err)
{
	struct sn_inode id;
	struct statfs fs;
	struct stat st;
	int error;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return sn_fail(err, errno, "descriptor %d: %m", fd);
	if (fs.f_type == PIPEFS_MAGIC || fs.f_type == SOCKFS_MAGIC ||
	    fs.f_type == ANON_INODE_FS_MAGIC)
		return 0;
	if (sn_device_access(st.st_mode, major(st.st_rdev) << 20 | minor(st.st_rdev)))
		return 0;
	error = sn_identify_fd(fd, &id, err);
	if (error)
		return error;
	return add_inode(rules, fd, &id, SN_MAY_STAT, 0, err);
}

static int by_directory(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sn_directory_key));
}

static int by_name(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sn_name_key));
}

/* FNV-1a */
static __u64 hash(__u64 sum, const void *data, size_t size)
{
	for (const unsigned char *byte = data; size--; byte++)
		sum = (sum ^ *byte) * 0x100000001b3ULL;
	return sum;
}

__u64 sn_rules_scope(struct sn_rules *rules)
{
	const size_t counts = offsetof(struct sn_rule, path); /* the path is for people */
	__u64 sum = 0xcbf29ce484222325ULL;

	if (rules->nr_directories)
		qsort(rules->directories, rules->nr_directories, sizeof(*rules->directories),
		      by_directory);
	if (rules->nr_names)
		qsort(rules->names, rules->nr_names, sizeof(*rules->names), by_name);
	for (size_t i = 0; i < rules->nr_directories; i++) {
		sum = hash(sum, &rules->directories[i].key, sizeof(struct sn_directory_key));
		sum = hash(sum, &rules->directories[i].rule, counts);
	}
	for (size_t i = 0; i < rules->nr_names; i++) {
		sum = hash(sum, &rules->names[i].key, sizeof(struct sn_name_key));
		sum = hash(sum, &rules->names[i].rule, counts);
	}
	/* kernfs counts its ids from 1; none has the top bit */
	return sum | 1ULL << 63;
}

void sn_rules_free(struct sn_rules *rules)
{
	free(rules->directories);
	free(rules->names);
	*rules = (struct sn_rules){};
}
