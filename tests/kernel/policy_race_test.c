// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tenants are judged by while others come and go, and while it changes. The kernel gives the
 * memory of a map's entry away at once when the entry is replaced or removed, so a program that
 * has just looked one up may read another's.
 */
#include <bpf/bpf.h>
#include <poll.h>
#include <stdarg.h>

#include "compile.h"
#include "enforcer.h"
#include "joined.h"
#include "rounds.h"
#include "runtime.h"
#include "tenant.h"

#define ACTS sn_test_rounds(100000) /* of two tenants together */

static char self[PATH_MAX];

SETUP()
{
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		GIVE_UP("readlink: %s", strerror(errno));
}

static void run(const char *fmt, ...)
{
	char command[PATH_MAX + 256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	if (system(command))
		GIVE_UP("%s failed", command);
}

/* ---- neighbours ---- */

/* As attach and detach write and remove one, without the processes around it. */
static void come_and_go(const struct sn_store *store, struct sn_rules *baseline)
{
	struct sn_options options = { .tenant = (char *)"neighbour", .safe_mode = true };
	struct sn_rules none = {};
	struct sn_source source = {
		.options = &options,
		.cgroup_id = 1ULL << 40, /* no cgroup's */
		.directory = "/nowhere",
		.own = &none,
		.baseline = baseline,
	};
	struct sn_compiled neighbour;
	struct sn_err err;

	if (sn_compile(&source, &neighbour, &err) || sn_store_put(store, &neighbour, NULL, &err) ||
	    sn_store_remove_tenant(store, "neighbour", &err) != 1)
		GIVE_UP("%s", err.text);
	sn_compiled_free(&neighbour);
}

/* The tenant's list gets one more address, and loses it again: what both lists say must stay. */
static void list_and_unlist(const struct sn_store *store, const struct tenant *t)
{
	struct sn_address_key address = { .cgroup_id = t->id,
					  .length = 120,
					  .addr = { [10] = 0xff, 0xff, 10, 9, 1 } };
	struct sn_port_key port = { .cgroup_id = t->id, .port = 8081, .length = 16 };
	struct sn_text text = { "by hand" };

	if (bpf_map_update_elem(store->addresses, &address, &text, BPF_ANY) ||
	    bpf_map_update_elem(store->ports, &port, &text, BPF_ANY) ||
	    bpf_map_delete_elem(store->addresses, &address) ||
	    bpf_map_delete_elem(store->ports, &port))
		GIVE_UP("the lists of %s: %s", t->name, strerror(errno));
}

static void change_much(const struct tenant *t, struct sn_rules *baseline)
{
	struct sn_enforcer enforcer;
	struct sn_err err;

	if (sn_enforcer_open(&enforcer, &err) || sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, &err))
		GIVE_UP("%s", err.text);
	for (int i = 0; i < 8; i++) {
		come_and_go(&enforcer.store, baseline);
		list_and_unlist(&enforcer.store, t);
	}
	sn_enforcer_close(&enforcer);
}

TEST(answers_stay_the_same_while_neighbours_come_and_go_and_programs_are_replaced)
{
	struct tenant *a = tenant_start("t1", ROUNDS_OPTIONS, NULL);
	struct tenant *b = tenant_start("busy", "--dir", "/srv/t10", ROUNDS_OPTIONS, NULL);
	long acts_a, acts_b, changes = 0;
	struct sn_rules baseline = { 0 };
	struct sn_err err;

	DONE_BY_RUN(1);
	if (sn_runtime_baseline(&baseline, self, &err))
		GIVE_UP("%s", err.text);
	rounds_begin(a, "/srv/t1", ACTS / 2);
	rounds_begin(b, "/srv/t10", ACTS / 2);
	for (; !rounds_are_done(a) || !rounds_are_done(b); changes++) {
		change_much(a, &baseline);
		if (changes % 8 == 0)
			run("safenode-attach --cgroup come --dir /srv/t2 --safe-mode -- %s --serve "
			    "</dev/null && safenode-detach --cgroup come",
			    self);
		if (changes % 8 == 1)
			run("safenode-load");
		if (changes == 2) {
			rounds_stop("/srv/t1");
			rounds_stop("/srv/t10");
		}
	}
	acts_a = rounds_end(a);
	acts_b = rounds_end(b);
	printf("# %ld and %ld acts, %ld times eight neighbours\n", acts_a, acts_b, changes);
	EXPECT_TRUE(acts_a >= ACTS / 2);
	EXPECT_TRUE(acts_b >= ACTS / 2);
	sn_rules_free(&baseline);
}

/* ---- what neighbours share ---- */

#define MARK "marked by hand"

/* A rule of the tenant's baseline: any. */
static struct sn_name_key shared_rule(const struct sn_store *store, const struct tenant *t)
{
	struct sn_name_key key;
	struct sn_policy policy;
	void *after = NULL;

	if (sn_store_get(store, t->id, &policy))
		GIVE_UP("%s has no policy", t->name);
	while (!bpf_map_get_next_key(store->names, after, &key)) {
		if (key.directory.scope == policy.baseline)
			return key;
		after = &key;
	}
	GIVE_UP("%s has no baseline", t->name);
}

/*
 * A program that has just looked a rule up goes on reading it, and the kernel gives the memory of
 * one that is replaced away at once: so those that are in use are left alone. The text in a rule
 * is for people, and makes no other rule of it.
 */
TEST(a_neighbour_with_the_same_baseline_does_not_write_it_again)
{
	struct tenant *t = tenant_start("t1", NULL);
	struct sn_store store;
	struct sn_name_key key;
	struct sn_rule rule;
	struct sn_err err;

	if (sn_store_open(&store, &err))
		GIVE_UP("%s", err.text);
	key = shared_rule(&store, t);
	if (bpf_map_lookup_elem(store.names, &key, &rule))
		GIVE_UP("lookup: %s", strerror(errno));
	strcpy(rule.path, MARK);
	if (bpf_map_update_elem(store.names, &key, &rule, BPF_EXIST))
		GIVE_UP("update: %s", strerror(errno));
	tenant_start("second", "--dir", "/srv/t10", NULL);
	EXPECT_EQ(0, bpf_map_lookup_elem(store.names, &key, &rule));
	EXPECT_EQ(0, strcmp(rule.path, MARK));
	sn_store_close(&store);
}
