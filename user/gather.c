// SPDX-License-Identifier: GPL-2.0-only
/* What the options of a tenant name: looked at, and each path opened once. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/vfs.h>

#include "gather.h"
#include "identify.h"

int sn_named_wrongly(int ret)
{
	switch (ret) {
	case -ENOENT:
	case -ENOTDIR:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -EOPNOTSUPP:
		return -EINVAL;
	}
	return ret;
}

/* ---- the directory ---- */

static int check_directory(struct sn_gathered *gathered, struct sn_err *err)
{
	const char *given = gathered->options->directory;
	struct statfs fs;

	if (fstat(gathered->directory_fd, &gathered->st) || fstatfs(gathered->directory_fd, &fs))
		return sn_fail(err, errno, "cannot look at %s: %s", gathered->directory,
			       strerror(errno));
	if (!S_ISDIR(gathered->st.st_mode))
		return sn_fail(err, EINVAL, "'%.200s' is not a directory", given);
	if (!strcmp(gathered->directory, "/"))
		return sn_fail(err, EINVAL,
			       "'/' cannot be a tenant's directory; "
			       "give it one of its own, such as /srv/t1");
	if (sn_identify_is_kernels(&fs))
		return sn_fail(err, EINVAL,
			       "'%.200s' belongs to the kernel; give a directory of files", given);
	return gathered->own.rooted
		       ? sn_identify_in_image(gathered->directory_fd, &gathered->dir, err)
		       : sn_identify_fd(gathered->directory_fd, &gathered->dir, err);
}

int sn_gather_directory(struct sn_gathered *gathered, struct sn_err *err)
{
	const struct sn_options *options = gathered->options;
	struct sn_err why = {};
	int ret = sn_rules_reach_directory(&gathered->own, options->directory, gathered->directory,
					   &why);

	gathered->directory_fd = ret < 0 ? -1 : ret;
	if (ret >= 0)
		ret = check_directory(gathered, &why);
	return sn_options_blame(options, "dir", 0, sn_named_wrongly(ret), &why, err);
}

/* ---- the user ---- */

int sn_gather_account(struct sn_gathered *gathered, struct sn_err *err)
{
	const struct sn_options *options = gathered->options;
	struct sn_err why = {};
	int ret = sn_account_find(&gathered->account, options->user, gathered->directory,
				  &gathered->st, &why);

	if (ret)
		return sn_options_blame(options, options->user ? "user" : "dir", 0, ret, &why, err);
	for (size_t i = 0; i < options->nr_groups && !ret; i++) {
		ret = sn_account_add_group(&gathered->account, options->groups[i], &why);
		ret = sn_options_blame(options, "supplementary-group", i, ret, &why, err);
	}
	return ret;
}

/* ---- extra paths ---- */

/* A path through the tenant's directory is the tenant's: it could plant a link to anywhere. */
static int check_way(const struct sn_gathered *gathered, struct sn_err *err)
{
	const struct sn_rules *own = &gathered->own;
	const struct sn_inode *dir = &gathered->dir;

	for (size_t i = 0; i < own->nr_directories; i++)
		if (own->directories[i].key.ino == dir->ino &&
		    own->directories[i].key.dev == dir->dev)
			return sn_fail(err, EINVAL,
				       "--read-only and --read-write give paths outside %s; "
				       "one of them leads through it",
				       gathered->directory);
	return 0;
}

/*
 * What leads to all of the machine, or to all processes. attach makes sure that a tenant may list
 * neither (trial.c), so none would start.
 */
static int check_width(const char *path, struct sn_err *err)
{
	static const char *const whole[] = { "/", "/proc" };
	struct stat given, st;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (!stat(path, &given) && !stat(whole[i], &st) && given.st_dev == st.st_dev &&
		    given.st_ino == st.st_ino)
			return sn_fail(err, EINVAL,
				       "no tenant may have all of '%s'; name what it needs there",
				       whole[i]);
	return 0;
}

/* inforce.c knows an extra path in the maps by SN_MAY_READ and SN_MAY_SEARCH together. */
static int add_paths(struct sn_gathered *gathered, const char *option, char *const paths[],
		     size_t nr, __u32 access, struct sn_err *err)
{
	struct sn_err why = {};
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++) {
		ret = sn_rules_add(&gathered->own, paths[i], access, access, &why);
		if (!ret)
			ret = check_way(gathered, &why);
		if (!ret && !gathered->own.rooted)
			ret = check_width(paths[i], &why);
		ret = sn_options_blame(gathered->options, option, i, sn_named_wrongly(ret), &why,
				       err);
	}
	return ret;
}

int sn_gather_paths(struct sn_gathered *gathered, struct sn_err *err)
{
	const struct sn_options *options = gathered->options;
	__u32 read = SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ;
	__u32 write = read | SN_MAY_WRITE | SN_MAY_CHANGE;
	int ret = add_paths(gathered, "read-only", options->read_only, options->nr_read_only, read,
			    err);

	if (!ret)
		ret = add_paths(gathered, "read-write", options->read_write, options->nr_read_write,
				write, err);
	return ret;
}

/* ---- the command ---- */

int sn_gather_command(const struct sn_gathered *gathered, const struct sn_command *command,
		      struct sn_err *err)
{
	size_t len = strlen(gathered->directory);

	if (!strncmp(command->path, gathered->directory, len) && command->path[len] == '/')
		return sn_fail(err, EINVAL,
			       "'%s' lies in the tenant's directory, where the tenant "
			       "could replace it; install it outside",
			       command->path);
	return 0;
}

/* ---- the cgroup ---- */

/* The tenant reads its cgroup's files; libuv also reads cpu.max of the cgroups above. */
int sn_gather_cgroup(struct sn_gathered *gathered, const char *mount, const char *cgroup,
		     struct sn_err *err)
{
	__u32 read = SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ;
	int ret = sn_rules_add(&gathered->own, cgroup, read, read, err);
	char path[PATH_MAX + sizeof("/cpu.max")];
	size_t len = strlen(cgroup);

	strcpy(path, cgroup);
	while (!ret) {
		while (len > strlen(mount) && path[--len] != '/')
			;
		if (len <= strlen(mount))
			break;
		strcpy(path + len, "/cpu.max");
		ret = sn_rules_add(&gathered->own, path, SN_MAY_STAT | SN_MAY_READ, 0, err);
	}
	return ret;
}

void sn_gathered_free(struct sn_gathered *gathered)
{
	if (gathered->directory_fd >= 0)
		close(gathered->directory_fd);
	gathered->directory_fd = -1;
	sn_rules_free(&gathered->own);
	sn_account_free(&gathered->account);
}
