// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read back from the map "lists", however damaged: keys come out whole, or it is an error.
 * And what comes out and is written again reads as the same keys.
 */
#include <errno.h>

#include "fuzz.h"
#include "lists.h"

#define SCOPE	 0x0102030405060708ULL
#define KEYS_MAX sizeof(((struct sn_list *)0)->keys)

/* All keys of @list; how many there are, or -EBADMSG. */
static int read_all(const struct sn_list *list, union sn_rule_key keys[KEYS_MAX])
{
	size_t at = 0, before = 0;
	int nr = 0, more;

	for (;; nr++) {
		union sn_rule_key key;

		/* whatever is in it before */
		memset(&key, 0xee, sizeof(key));
		more = sn_list_next(list, &at, SCOPE, &key);
		if (more <= 0)
			return more ? more : nr;
		MUST(at > before && at <= sizeof(list->keys) && (size_t)nr < KEYS_MAX);
		MUST(key.scope == SCOPE && sn_rule_key_size(list->map));
		before = at;
		memset(&keys[nr], 0, sizeof(keys[nr]));
		memcpy(&keys[nr], &key, sn_rule_key_size(list->map));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union sn_rule_key keys[KEYS_MAX], again[KEYS_MAX];
	struct sn_list list = {}, written = {};
	size_t used = 0;
	int nr;

	memcpy(&list, data, size < sizeof(list) ? size : sizeof(list));
	nr = read_all(&list, keys);
	if (nr < 0) {
		MUST(nr == -EBADMSG);
		return 0;
	}
	for (int i = 0; i < nr; i++)
		MUST(sn_list_append(&written, &used, list.map, &keys[i]));
	MUST(read_all(&written, again) == nr);
	for (int i = 0; i < nr; i++)
		MUST(!memcmp(&again[i], &keys[i], sn_rule_key_size(list.map)));
	return 0;
}
