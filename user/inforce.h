/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that are in force for a tenant, by the names that a policy file has for them. */
#ifndef SAFENODE_INFORCE_H
#define SAFENODE_INFORCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "compiled.h"
#include "err.h"
#include "options.h"
#include "safenode_abi.h"
#include "store.h"

/* One value of one option; an option with a list has as many as there are entries in it. */
struct sn_value {
	const char *option; /* its row's name in sn_attach_opts: "allowed-outgoing-ports" */
	char *text;	    /* "8000-8100"; "" if the option takes no value */
	bool cut;	    /* of a path only the end is known, behind "..." */
	bool by_self;	    /* an address that "self" stood for; "self" is a value, too */
	__u64 which;	    /* of a path: tells what has that name now from what had it before */
	__u8 rank[17];	    /* the order of the values of one option: addresses, ports */
};

/*
 * The values, in the order of sn_attach_opts, and of one option sorted. Owns them; all zero is
 * empty.
 *
 * What cannot be told from the maps, the cgroup and the process is not among them:
 *  - an address, path or range that another entry of the same kind covers; "self" is shown with the
 *    addresses that the machine had then
 *  - links by which paths were named: a path is shown without them
 *  - a directory of 123 bytes or more, of which the maps hold nothing ("dir" is left out then), and
 *    the beginning of an extra path of 128 bytes or more (@cut)
 *  - "user" and "supplementary-group" of a tenant without a process; there is no telling whether
 *    the operator named the user or it is the directory's owner
 *  - "keep-fd" and "terminal", which last as long as the process
 *  - limits that were set to "max", which limit nothing
 */
struct sn_inforce {
	struct sn_value *all;
	size_t nr;
	size_t room;
};

/*
 * Adds the options that a policy and the rules under its scope hold. @cgroup: the path of the
 * tenant's cgroup, whose own rules are not the operator's. 0 or -ENOMEM.
 */
int sn_inforce_add_policy(struct sn_inforce *inforce, const struct sn_policy *policy,
			  const struct sn_entries *own, const char *cgroup);

/* Adds what the operator says that is in no map: user, groups and limits. 0 or -ENOMEM. */
int sn_inforce_add_unmapped(struct sn_inforce *inforce, const struct sn_options *options);

/* Only the limits of these. */
int sn_inforce_add_wanted(struct sn_inforce *inforce, const struct sn_options *options);

/* Adds the extra paths as the operator wrote them, for options that are not compiled. */
int sn_inforce_add_paths(struct sn_inforce *inforce, const struct sn_options *options);

/* Adds the limits that the files of the cgroup @cgroup hold. 0 or -ENOMEM. */
int sn_inforce_add_limits(struct sn_inforce *inforce, const char *cgroup);

/* Sorts and drops what is there twice; to be called when all is added. */
void sn_inforce_sort(struct sn_inforce *inforce);

/*
 * All that is in force for the tenant with that policy, of sn_store_get(), and that cgroup, sorted.
 * Under the lock. 0; or a negative errno with @err filled in and @inforce empty.
 */
int sn_inforce_read(const struct sn_store *store, const struct sn_policy *policy,
		    const char *cgroup, struct sn_inforce *inforce, struct sn_err *err);

/* The first value of @option, or NULL. The others follow it, up to another option. */
const struct sn_value *sn_inforce_find(const struct sn_inforce *inforce, const char *option);

/*
 * Writes a policy file: lists of addresses and ports in one line each, what is cut as a comment.
 * Bytes that are not printable ASCII as \xNN.
 */
void sn_inforce_print(const struct sn_inforce *inforce, FILE *out);

/*
 * Writes a line for each option that differs, each after two blanks: "memory-max: 64M -> none".
 * Returns how many.
 */
size_t sn_inforce_differ(const struct sn_inforce *before, const struct sn_inforce *after,
			 FILE *out);

void sn_inforce_free(struct sn_inforce *inforce);

#endif
