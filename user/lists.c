// SPDX-License-Identifier: GPL-2.0-only
/* The codec of the map "lists": keys of rules <-> struct sn_list. */
#include <errno.h>
#include <string.h>

#include "lists.h"

#define SCOPE_SIZE sizeof(__u64)

_Static_assert(1 + sizeof(union sn_rule_key) - SCOPE_SIZE <= sizeof(((struct sn_list *)0)->keys),
	       "the largest key finds room");

const char *sn_rules_name(__u8 map)
{
	static const char *const names[SN_RULE_MAPS] = {
		[SN_RULES_ADDRESSES] = "addresses",
		[SN_RULES_PORTS] = "ports",
		[SN_RULES_DIRECTORIES] = "directories",
		[SN_RULES_NAMES] = "names",
	};

	return names[map];
}

size_t sn_rule_key_size(__u8 map)
{
	switch ((enum sn_rule_map)map) {
	case SN_RULES_ADDRESSES:
		return sizeof(struct sn_address_key);
	case SN_RULES_PORTS:
		return sizeof(struct sn_port_key);
	case SN_RULES_DIRECTORIES:
		return sizeof(struct sn_directory_key);
	case SN_RULES_NAMES:
		return sizeof(struct sn_name_key);
	}
	return 0;
}

bool sn_list_append(struct sn_list *list, size_t *used, __u8 map, const union sn_rule_key *key)
{
	const char *tail = (const char *)key + SCOPE_SIZE;
	size_t len = sn_rule_key_size(map) - SCOPE_SIZE;

	while (len && !tail[len - 1])
		len--;
	if (*used && list->map != map)
		return false;
	if (*used + 1 + len > sizeof(list->keys))
		return false;
	list->map = map;
	list->keys[(*used)++] = (char)(len + 1);
	memcpy(list->keys + *used, tail, len);
	*used += len;
	return true;
}

int sn_list_next(const struct sn_list *list, size_t *at, __u64 scope, union sn_rule_key *key)
{
	size_t size = sn_rule_key_size(list->map), len;

	if (*at >= sizeof(list->keys) || !list->keys[*at])
		return 0;
	len = (unsigned char)list->keys[*at] - 1;
	if (!size || len > size - SCOPE_SIZE || len > sizeof(list->keys) - *at - 1)
		return -EBADMSG;
	memset(key, 0, sizeof(*key));
	key->scope = scope;
	memcpy((char *)key + SCOPE_SIZE, list->keys + *at + 1, len);
	*at += 1 + len;
	return 1;
}
