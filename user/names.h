/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of users, for a list of many: what passwd(5) lists is read once. */
#ifndef SAFENODE_NAMES_H
#define SAFENODE_NAMES_H

#include <stddef.h>
#include <sys/types.h>

struct sn_name {
	uid_t uid;
	char *name;
};

/* All zero: nothing was read yet. See sn_names_free(). */
struct sn_names {
	struct sn_name *all; /* by their numbers */
	size_t nr;
	int read;
};

/* The name of @uid, which lives as long as @names; NULL: it has none. */
const char *sn_names_user(struct sn_names *names, uid_t uid);

void sn_names_free(struct sn_names *names);

#endif
