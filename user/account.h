/* SPDX-License-Identifier: GPL-2.0-only */
/* --user, or the owner of a directory -> the user and groups that a tenant runs as. */
#ifndef SAFENODE_ACCOUNT_H
#define SAFENODE_ACCOUNT_H

#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"

#define SN_GROUPS_MAX 64 /* --supplementary-group */

/* Owns @name. */
struct sn_account {
	uid_t uid;
	gid_t gid;
	char *name;			 /* in passwd(5), or NULL: there is no entry */
	gid_t groups[1 + SN_GROUPS_MAX]; /* @gid, and what the operator added */
	size_t nr_groups;
};

/*
 * The user @word, a name or a uid of passwd(5). If @word is NULL, the owner of the directory @dir
 * of the path @directory; then neither the user nor the group may be root's, which have to be asked
 * for by name. 0, -EINVAL or -ENOMEM.
 */
int sn_account_find(struct sn_account *account, const char *word, const char *directory,
		    const struct stat *dir, struct sn_err *err);

/*
 * Adds the group @word, a name of group(5) or a number, of which no entry is needed. Those of the
 * user in group(5) are left out, for they can be as strong as "disk" or "shadow". 0 or -EINVAL.
 */
int sn_account_add_group(struct sn_account *account, const char *word, struct sn_err *err);

/* That of the running process @pid. 0; -ESRCH if it is gone, -ENOMEM. */
int sn_account_of(struct sn_account *account, pid_t pid);

void sn_account_free(struct sn_account *account);

#endif
