/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of one tenant -> the lines that its policy file lacks. What an event says, the tenant
 * can make it say: a person has to read the lines before they are used.
 */
#ifndef SAFENODE_SUGGEST_H
#define SAFENODE_SUGGEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "safenode_abi.h"

#define SN_SUGGEST_SEVERAL 3	/* files of a directory that have to be asked for to suggest it */
#define SN_SUGGEST_MAX	   4096 /* different things that are kept; the tenant chooses how many */

/* What there is to know beside the events. */
struct sn_suggest_about {
	const char *tenant;
	const char *directory;	   /* the tenant's, or NULL */
	const char *const *others; /* directories of other tenants, up to NULL */
	/* Is it a directory, as far as can be seen? */
	bool (*is_directory)(const char *path);
	/*
	 * Is it a directory of another tenant, or in one, whatever the name of that in @others?
	 * NULL: not known.
	 */
	bool (*is_others)(const char *path, const void *data);
	const void *data;    /* of is_others() */
	uint64_t unreported; /* refusals of the tenant of which there is no event */
};

struct sn_suggest;

/* NULL: out of memory. */
struct sn_suggest *sn_suggest_new(void);
void sn_suggest_free(struct sn_suggest *suggest);

/* In the order in which they happened. 0 or -ENOMEM. */
int sn_suggest_add(struct sn_suggest *suggest, const struct sn_event *ev);

/*
 * Writes a file for safenode-attach --policy: the options, each behind a comment that says how
 * often and by what it was asked for; then, as comments, what is left out and why. Directories are
 * suggested only where several files of them were asked for, and never those that the system, its
 * users or other tenants keep everything in. 0 or -ENOMEM.
 */
int sn_suggest_write(struct sn_suggest *suggest, const struct sn_suggest_about *about, FILE *out);

#endif
