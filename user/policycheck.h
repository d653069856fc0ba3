/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy file -> what is wrong in it, what is doubtful, and what it would put in force. */
#ifndef SAFENODE_POLICYCHECK_H
#define SAFENODE_POLICYCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "inforce.h"
#include "warnings.h"

struct sn_finding {
	bool wrong;	   /* safenode-attach would refuse it; otherwise a warning */
	char what[32];	   /* "wrong", or the stable word of a warning */
	char option[40];   /* that it is about, or "" */
	unsigned int line; /* in the file; 0: none */
	char *text;
};

/* What came of one file. Owns its texts; see sn_checked_free(). */
struct sn_checked {
	const char *file;
	struct sn_finding *all;
	size_t nr;
	bool wrong; /* one of the findings is */
	bool whole; /* paths, users and the program were looked at, which takes root */
	struct sn_inforce inforce; /* empty if something is wrong */
};

/*
 * Checks @file; paths are not copied. As root also whether what it names is there, and whether
 * @command, or "node" if it is empty, can be started. Goes on after what is wrong, as far as that
 * makes sense. 0; or -ENOMEM, with @err filled in.
 */
int sn_policy_check(const char *file, char *const command[], const struct sn_machine *machine,
		    struct sn_checked *checked, struct sn_err *err);

void sn_checked_free(struct sn_checked *checked);

#endif
