/* SPDX-License-Identifier: GPL-2.0-only */
/* What the options of a tenant name: looked at, and each path opened once. */
#ifndef SAFENODE_GATHER_H
#define SAFENODE_GATHER_H

#include <linux/limits.h>
#include <sys/stat.h>

#include "account.h"
#include "command.h"
#include "err.h"
#include "options.h"
#include "rules.h"
#include "safenode_abi.h"

/* Filled in by the functions below, in their order; see sn_gathered_free(). */
struct sn_gathered {
	const struct sn_options *options;
	char directory[PATH_MAX]; /* without symbolic links */
	int directory_fd;	  /* looked at and entered by this alone; or -1 */
	struct stat st;		  /* of it */
	struct sn_inode dir;	  /* what it is */
	struct sn_account account;
	struct sn_rules own; /* the way to the directory, extra paths, descriptors, cgroup */
};

/* With nothing gathered yet. */
#define SN_GATHERED(of) ((struct sn_gathered){ .options = (of), .directory_fd = -1 })

/*
 * 0; -EINVAL where the operator named something wrongly, that is missing or cannot be used; or
 * another negative errno. @err begins with file and line, if the option is in a policy file.
 */
int sn_gather_directory(struct sn_gathered *gathered, struct sn_err *err);
int sn_gather_account(struct sn_gathered *gathered, struct sn_err *err);
int sn_gather_paths(struct sn_gathered *gathered, struct sn_err *err);

/*
 * May @command start a tenant with that directory? Otherwise -EINVAL: a program that the tenant can
 * write must not, for the dynamic loader looks at it, as root, before there is a tenant.
 */
int sn_gather_command(const struct sn_gathered *gathered, const struct sn_command *command,
		      struct sn_err *err);

/* The rules for the tenant's own cgroup @cgroup, which has to be there. 0 or a negative errno. */
int sn_gather_cgroup(struct sn_gathered *gathered, const char *mount, const char *cgroup,
		     struct sn_err *err);

/* A path that is missing or cannot be used is a wrong value, as any other. */
int sn_named_wrongly(int ret);

void sn_gathered_free(struct sn_gathered *gathered);

#endif
