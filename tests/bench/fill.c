// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies of tenants that do not exist, stored as safenode-attach stores them: fill FIRST COUNT
 * RULES adds tenants FIRST to FIRST+COUNT-1 with so many rules each, fill --empty removes all.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

#define STRANGER (0x5afeULL << 40) /* no cgroup's id in a young machine, no baseline's number */

static __attribute__((noreturn)) void die(const struct sn_err *err)
{
	fprintf(stderr, "fill: %s\n", err->text);
	exit(1);
}

static void add(struct sn_store *store, unsigned long number, size_t nr_rules)
{
	struct sn_directory_rule *rules = calloc(nr_rules + 1, sizeof(*rules));
	struct sn_options options = { .safe_mode = true };
	struct sn_tenant tenant = {
		.policy = { .safe_mode = 1, .cgroup_id = STRANGER + number },
		.options = &options,
		.own = { .directories = rules, .nr_directories = nr_rules },
	};
	struct sn_err err = {};

	if (!rules)
		exit(1);
	snprintf(tenant.policy.tenant, sizeof(tenant.policy.tenant), "fill-%lu", number);
	for (size_t i = 0; i < nr_rules; i++)
		rules[i].key.ino = i + 1;
	if (sn_store_put(store, &tenant, NULL, &err))
		die(&err);
	free(rules);
}

/* Of all of them, with what the tools themselves remove. */
static void empty(struct sn_store *store)
{
	struct sn_err err = {};
	__u64 id, next;
	bool more = !bpf_map_get_next_key(store->policies, NULL, &next);

	while (more) {
		struct sn_policy policy;

		id = next;
		more = !bpf_map_get_next_key(store->policies, &id, &next);
		if (id >> 40 == STRANGER >> 40 && (sn_store_empty(store, id, &policy, &err) < 0 ||
						   sn_store_forget(store, &policy, 0, &err)))
			die(&err);
	}
}

int main(int argc, char **argv)
{
	struct sn_store store;
	struct sn_err err = {};

	if (argc != 4 && (argc != 2 || strcmp(argv[1], "--empty"))) {
		fprintf(stderr, "usage: fill FIRST COUNT RULES | fill --empty\n");
		return 2;
	}
	if (sn_store_open(&store, &err))
		die(&err);
	if (argc == 2)
		empty(&store);
	else
		for (unsigned long i = 0; i < strtoul(argv[2], NULL, 10); i++)
			add(&store, strtoul(argv[1], NULL, 10) + i, strtoul(argv[3], NULL, 10));
	sn_store_close(&store);
	return 0;
}
