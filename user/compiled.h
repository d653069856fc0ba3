/* SPDX-License-Identifier: GPL-2.0-only */
/* What the maps hold for one tenant: made by compile.c, written by store.c. */
#ifndef SAFENODE_COMPILED_H
#define SAFENODE_COMPILED_H

#include <stddef.h>

#include "lists.h"
#include "safenode_abi.h"

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

/* One more, zeroed but for its map and scope; NULL if there is no memory. */
struct sn_entry *sn_entries_add(struct sn_entries *entries, enum sn_rule_map map, __u64 scope);

/* Owns its entries; see sn_compiled_free(). */
struct sn_compiled {
	struct sn_policy policy;
	struct sn_entries own;	    /* under policy.cgroup_id */
	struct sn_entries baseline; /* under policy.baseline, shared by all tenants with the same */
};

void sn_compiled_free(struct sn_compiled *compiled);

#endif
