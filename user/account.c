// SPDX-License-Identifier: GPL-2.0-only
/* --user, or the owner of a directory -> the user and groups that a tenant runs as. */
#include <errno.h>
#include <grp.h>
#include <linux/types.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "parse.h"

/* A uid or gid. */
static bool parse_id(const char *word, __u32 *id)
{
	uint64_t number;

	/* the last one means "as it is" to setresuid(2) */
	if (!sn_parse_number(word, (__u32)-2, &number))
		return false;
	*id = number;
	return true;
}

/* No entry in passwd(5) is no error: the directory's own owner and group will do. */
static int find_owner(struct sn_account *account, const char *directory, const struct stat *dir,
		      const struct passwd **pw, struct sn_err *err)
{
	*pw = getpwuid(dir->st_uid);
	account->uid = dir->st_uid;
	account->gid = *pw ? (*pw)->pw_gid : dir->st_gid;
	if (!account->uid)
		return sn_fail(err, EINVAL,
			       SN_QUOTED " belongs to root; chown it to the tenant's user, or name "
					 "one with --user",
			       directory);
	if (!account->gid && *pw)
		return sn_fail(err, EINVAL,
			       "the group of user '%s', the owner of " SN_QUOTED
			       ", is root's; chown it to another user, or ask for it with --user",
			       (*pw)->pw_name, directory);
	if (!account->gid)
		return sn_fail(err, EINVAL,
			       "the group of " SN_QUOTED " is root's, and its owner %u is unknown; "
			       "chgrp it to the tenant's group, or name a user with --user",
			       directory, account->uid);
	return 0;
}

int sn_account_find(struct sn_account *account, const char *word, const char *directory,
		    const struct stat *dir, struct sn_err *err)
{
	const struct passwd *pw;
	uid_t uid;
	int ret;

	*account = (struct sn_account){};
	if (word) {
		pw = parse_id(word, &uid) ? getpwuid(uid) : getpwnam(word);
		if (!pw)
			return sn_fail(err, EINVAL, "unknown user " SN_QUOTED "; see getent passwd",
				       word);
		account->uid = pw->pw_uid;
		account->gid = pw->pw_gid;
	} else {
		ret = find_owner(account, directory, dir, &pw, err);
		if (ret)
			return ret;
	}
	account->groups[account->nr_groups++] = account->gid;
	if (!pw)
		return 0;
	account->name = strdup(pw->pw_name);
	return account->name ? 0 : sn_fail(err, ENOMEM, "out of memory");
}

int sn_account_add_group(struct sn_account *account, const char *word, struct sn_err *err)
{
	const struct group *group;
	gid_t gid;

	if (!parse_id(word, &gid)) {
		group = getgrnam(word);
		if (!group)
			return sn_fail(err, EINVAL, "unknown group " SN_QUOTED "; see getent group",
				       word);
		gid = group->gr_gid;
	}
	for (size_t i = 0; i < account->nr_groups; i++)
		if (account->groups[i] == gid)
			return 0;
	if (account->nr_groups == sizeof(account->groups) / sizeof(account->groups[0]))
		return sn_fail(err, EINVAL, SN_QUOTED " is one too many: at most %d groups", word,
			       SN_GROUPS_MAX);
	account->groups[account->nr_groups++] = gid;
	return 0;
}

/* "4 24 27": what does not fit into @account is left out; a tenant has no more. */
static void read_groups(struct sn_account *account, const char *list)
{
	const size_t room = sizeof(account->groups) / sizeof(account->groups[0]);
	char *end;

	account->groups[account->nr_groups++] = account->gid;
	for (gid_t gid = strtoul(list, &end, 10); end != list && account->nr_groups < room;
	     gid = strtoul(list, &end, 10)) {
		if (gid != account->gid)
			account->groups[account->nr_groups++] = gid;
		list = end;
	}
}

int sn_account_of(struct sn_account *account, pid_t pid)
{
	char line[4096], path[32];
	const struct passwd *pw;
	FILE *f;

	*account = (struct sn_account){};
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return -ESRCH;
	while (!account->nr_groups && fgets(line, sizeof(line), f))
		if (sscanf(line, "Uid: %u", &account->uid) != 1 &&
		    sscanf(line, "Gid: %u", &account->gid) != 1 && !strncmp(line, "Groups:", 7))
			read_groups(account, line + 7);
	fclose(f);
	if (!account->nr_groups)
		return -ESRCH;
	pw = getpwuid(account->uid);
	account->name = pw ? strdup(pw->pw_name) : NULL;
	return pw && !account->name ? -ENOMEM : 0;
}

void sn_account_free(struct sn_account *account)
{
	free(account->name);
	*account = (struct sn_account){};
}
