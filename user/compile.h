/* SPDX-License-Identifier: GPL-2.0-only */
/* Options, identities and rules -> exactly what the maps will hold for one tenant. Pure. */
#ifndef SAFENODE_COMPILE_H
#define SAFENODE_COMPILE_H

#include <stddef.h>

#include "err.h"
#include "lists.h"
#include "options.h"
#include "rules.h"
#include "safenode_abi.h"

/* All that a policy is made of. Nothing in it is owned. */
struct sn_source {
	const struct sn_options *options;
	__u64 cgroup_id;	    /* of the tenant's cgroup: the scope of its own rules */
	const char *directory;	    /* its path, without symbolic links */
	struct sn_inode dir;	    /* the same as the kernel sees it */
	struct sn_inode launcher;   /* the program that will exec() once in the tenant's cgroup */
	const struct sn_rules *own; /* the way to the directory, extra paths, descriptors, cgroup */
	struct sn_rules *baseline;  /* what the runtime needs; sorted here */
};

/* One entry of a map of rules: its key with the scope, and its value. */
struct sn_entry {
	__u8 map; /* enum sn_rule_map */
	union sn_rule_key key;
	union {
		struct sn_text text; /* of addresses and ports */
		struct sn_rule rule; /* of directories and names */
	};
};

struct sn_entries {
	struct sn_entry *all;
	size_t nr;
};

/* Owns its entries; see sn_compiled_free(). */
struct sn_compiled {
	struct sn_policy policy;
	struct sn_entries own;	    /* under policy.cgroup_id */
	struct sn_entries baseline; /* under policy.baseline, shared by all tenants with the same */
};

/* 0, or -ENOMEM with @err filled in and @compiled empty. */
int sn_compile(const struct sn_source *source, struct sn_compiled *compiled, struct sn_err *err);

void sn_compiled_free(struct sn_compiled *compiled);

#endif
