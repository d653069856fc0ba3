// SPDX-License-Identifier: GPL-2.0-only
/* --user, or the owner of a directory -> the user and group that a tenant runs as. */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>

#include "account.h"
#include "parse.h"

static bool parse_uid(const char *word, uid_t *uid)
{
	uint64_t number;

	/* the last one means "no user" to setresuid(2) */
	if (!sn_parse_number(word, (uid_t)-2, &number))
		return false;
	*uid = number;
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
		pw = parse_uid(word, &uid) ? getpwuid(uid) : getpwnam(word);
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
	if (!pw)
		return 0;
	account->name = strdup(pw->pw_name);
	return account->name ? 0 : sn_fail(err, ENOMEM, "out of memory");
}

void sn_account_free(struct sn_account *account)
{
	free(account->name);
	*account = (struct sn_account){};
}
