/* SPDX-License-Identifier: GPL-2.0-only */
/* The codec of the map "lists": keys of rules <-> struct sn_list. Pure. */
#ifndef SAFENODE_LISTS_H
#define SAFENODE_LISTS_H

#include <stdbool.h>
#include <stddef.h>

#include "safenode_abi.h"

/* A key of any of the maps of rules. Each begins with its scope. */
union sn_rule_key {
	__u64 scope;
	struct sn_address_key address;
	struct sn_port_key port;
	struct sn_directory_key directory;
	struct sn_name_key name;
};

#define SN_RULE_MAPS (SN_RULES_NAMES + 1)

/* The name of the map @map (enum sn_rule_map), below SN_RULE_MAPS. */
const char *sn_rules_name(__u8 map);

/* Bytes of the keys of @map (enum sn_rule_map); 0 for a number that is none. */
size_t sn_rule_key_size(__u8 map);

/*
 * Appends @key, of a rule in @map, behind the @used bytes of @list, and raises *@used. False if it
 * does not fit there, or @list has keys of another map: then a new list has to begin. @list is all
 * zero to begin with, and *@used is 0.
 */
bool sn_list_append(struct sn_list *list, size_t *used, __u8 map, const union sn_rule_key *key);

/*
 * The key that begins at byte *@at of @list, as a key of @scope, into @key; *@at moves behind it.
 * 1, or 0 at the end, or -EBADMSG if what is there was not written by sn_list_append().
 */
int sn_list_next(const struct sn_list *list, size_t *at, __u64 scope, union sn_rule_key *key);

#endif
