/* SPDX-License-Identifier: GPL-2.0-only */
/* One thing that safenode needs: what is there, and the cure. */
#ifndef SAFENODE_REQUIREMENT_H
#define SAFENODE_REQUIREMENT_H

#include <stdbool.h>

#include "err.h"

/* One thing that safenode needs. */
struct sn_requirement {
	const char *id;	  /* for programs: "ftrace"; stays what it is */
	const char *what; /* for people */
	bool met;
	bool needed;  /* without it nothing is in force; else it only weakens, or hinders a load */
	bool to_load; /* asked by who is about to load, not by who looks at what is loaded */
	char found[256]; /* what is there */
	char cure[256];	 /* what helps, or "" */
};

/* It is not met, for @err: what failed is found, and the cure is what comes after "; ". */
void sn_requirement_unmet(struct sn_requirement *req, const struct sn_err *err);

/* -ENOSYS, with what is not met and its cure in @err. */
int sn_requirement_fail(const struct sn_requirement *req, struct sn_err *err);

#endif
