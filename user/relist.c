// SPDX-License-Identifier: GPL-2.0-only
/* The maps of rules -> the map "lists", for when the bytes of their keys have changed. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "lists.h"
#include "relist.h"

struct rule {
	union sn_rule_key key;
	__u8 map;
};

struct rules {
	struct rule *all;
	size_t nr, room;
};

static int add(struct rules *rules, const struct rule *rule, struct sn_err *err)
{
	if (rules->nr == rules->room) {
		size_t room = rules->room ? 2 * rules->room : 1024;
		struct rule *all = reallocarray(rules->all, room, sizeof(*all));

		if (!all)
			return sn_fail(err, ENOMEM, "out of memory");
		rules->all = all;
		rules->room = room;
	}
	rules->all[rules->nr++] = *rule;
	return 0;
}

static int collect(struct rules *rules, int fd, __u8 map, struct sn_err *err)
{
	struct rule rule = { .map = map };
	int end = bpf_map_get_next_key(fd, NULL, &rule.key), ret = 0;

	while (!end && !ret) {
		ret = add(rules, &rule, err);
		end = bpf_map_get_next_key(fd, &rule.key, &rule.key);
	}
	if (!ret && errno != ENOENT)
		ret = sn_fail(err, errno, "cannot read the rules: %s", strerror(errno));
	return ret;
}

/* By scope, and within it by map: a list has keys of one map. */
static int compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->key.scope != y->key.scope)
		return x->key.scope < y->key.scope ? -1 : 1;
	return x->map - y->map;
}

static int put(int lists, struct sn_list_key *key, struct sn_list *list, struct sn_err *err)
{
	if (bpf_map_update_elem(lists, key, list, BPF_ANY))
		return sn_fail(err, errno, "cannot write to the map 'lists': %s", strerror(errno));
	key->number++;
	memset(list, 0, sizeof(*list));
	return 0;
}

/* The rules from @from on that are of one scope; behind the last of them is *@to. */
static int list_scope(const struct rules *rules, size_t from, size_t *to, int lists,
		      struct sn_err *err)
{
	struct sn_list_key key = { .scope = rules->all[from].key.scope };
	struct sn_list list = {};
	size_t used = 0, i = from;
	int ret = 0;

	while (!ret && i < rules->nr && rules->all[i].key.scope == key.scope) {
		const struct rule *rule = rules->all + i;

		if (sn_list_append(&list, &used, rule->map, &rule->key)) {
			i++;
			continue;
		}
		ret = put(lists, &key, &list, err);
		used = 0;
	}
	*to = i;
	return ret ? ret : put(lists, &key, &list, err);
}

int sn_relist(const int maps[SN_RULE_MAPS], int lists, struct sn_err *err)
{
	struct rules rules = {};
	int ret = 0;

	for (__u8 map = 0; map < SN_RULE_MAPS && !ret; map++)
		ret = collect(&rules, maps[map], map, err);
	if (!ret && rules.nr)
		qsort(rules.all, rules.nr, sizeof(*rules.all), compare);
	for (size_t i = 0; i < rules.nr && !ret;)
		ret = list_scope(&rules, i, &i, lists, err);
	free(rules.all);
	return ret;
}
