// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies of tenants that do not exist, stored as safenode-attach stores them: fill FIRST COUNT
 * RULES adds tenants FIRST to FIRST+COUNT-1 with so many rules each, fill --empty removes all.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "enforcer.h"

#define STRANGER (0x5afeULL << 40) /* no cgroup's id in a young machine, no baseline's number */

static __attribute__((noreturn)) void die(const struct sn_err *err)
{
	fprintf(stderr, "fill: %s\n", err->text);
	exit(1);
}

static void add(const struct sn_store *store, unsigned long number, size_t nr_rules)
{
	struct sn_directory_rule *directories = calloc(nr_rules + 1, sizeof(*directories));
	struct sn_options options = { .safe_mode = true };
	struct sn_rules own = { .directories = directories, .nr_directories = nr_rules };
	struct sn_rules none = {};
	struct sn_source source = {
		.options = &options,
		.cgroup_id = STRANGER + number,
		.directory = "/nowhere",
		.own = &own,
		.baseline = &none,
	};
	struct sn_compiled compiled;
	struct sn_err err = {};
	char name[32];

	if (!directories)
		exit(1);
	snprintf(name, sizeof(name), "fill-%lu", number);
	options.tenant = name;
	for (size_t i = 0; i < nr_rules; i++)
		directories[i].key.ino = i + 1;
	if (sn_compile(&source, &compiled, &err) || sn_store_put(store, &compiled, NULL, &err))
		die(&err);
	sn_compiled_free(&compiled);
	free(directories);
}

/* Of all of them, with what the tools themselves remove. */
static void empty(const struct sn_store *store)
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
	struct sn_enforcer enforcer;
	struct sn_err err = {};

	if (argc != 4 && (argc != 2 || strcmp(argv[1], "--empty"))) {
		fprintf(stderr, "usage: fill FIRST COUNT RULES | fill --empty\n");
		return 2;
	}
	if (sn_enforcer_open(&enforcer, &err) || sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, &err))
		die(&err);
	if (argc == 2)
		empty(&enforcer.store);
	else
		for (unsigned long i = 0; i < strtoul(argv[2], NULL, 10); i++)
			add(&enforcer.store, strtoul(argv[1], NULL, 10) + i,
			    strtoul(argv[3], NULL, 10));
	sn_enforcer_close(&enforcer);
	return 0;
}
