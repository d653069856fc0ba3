// SPDX-License-Identifier: GPL-2.0-only
/* Rules in the maps -> "lists", over maps in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_maps.h"
#include "lists.h"
#include "relist.h"

static int relist(void)
{
	const int maps[SN_RULE_MAPS] = {
		[SN_RULES_ADDRESSES] = fake_store.addresses,
		[SN_RULES_PORTS] = fake_store.ports,
		[SN_RULES_DIRECTORIES] = fake_store.directories,
		[SN_RULES_NAMES] = fake_store.names,
	};
	struct sn_err err = {};

	return sn_relist(maps, fake_store.lists, &err);
}

static int reset(void **state)
{
	fake_reset();
	return 0;
}

static void put_port(__u64 scope, __u16 port)
{
	struct sn_port_key key = { .cgroup_id = scope, .port = port, .length = 16 };

	assert_int_equal(bpf_map_update_elem(fake_store.ports, &key, &(struct sn_text){}, BPF_ANY),
			 0);
}

static void put_name(__u64 scope, const char *name)
{
	struct sn_name_key key = { .directory = { .scope = scope, .ino = 5 } };

	strcpy(key.name, name);
	assert_int_equal(bpf_map_update_elem(fake_store.names, &key, &(struct sn_rule){}, BPF_ANY),
			 0);
}

/* How many rules are listed under that scope? Each is there, and the numbers have no hole. */
static size_t listed(__u64 scope)
{
	struct sn_list_key key = { .scope = scope };
	struct sn_list list;
	size_t nr = 0;

	for (; !bpf_map_lookup_elem(fake_store.lists, &key, &list); key.number++) {
		int fd = list.map == SN_RULES_PORTS ? fake_store.ports : fake_store.names;
		union sn_rule_key rule;
		size_t at = 0;

		while (sn_list_next(&list, &at, scope, &rule) > 0) {
			assert_non_null(fake_find(fake_map(fd), &rule));
			nr++;
		}
	}
	return nr;
}

static void each_rule_is_listed_under_its_scope(void **state)
{
	for (__u16 port = 1; port <= 50; port++) { /* more than one list has room for */
		put_port(7, port);
		put_port(port % 2 ? 8 : 9, 1000 + port);
	}
	put_name(8, "node");
	put_name(1ULL << 63, "libc.so.6");
	assert_int_equal(relist(), 0);
	assert_int_equal(listed(7), 50);
	assert_int_equal(listed(8), 26);
	assert_int_equal(listed(9), 25);
	assert_int_equal(listed(1ULL << 63), 1);
}

static void without_rules_nothing_is_listed(void **state)
{
	assert_int_equal(relist(), 0);
	assert_int_equal(fake_count(fake_store.lists), 0);
}

static void a_list_that_cannot_be_written_is_an_error(void **state)
{
	put_port(7, 80);
	fake_fail_at = fake_changes + 1;
	fake_error = E2BIG;
	assert_int_equal(relist(), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_rule_is_listed_under_its_scope, reset),
		cmocka_unit_test_setup(without_rules_nothing_is_listed, reset),
		cmocka_unit_test_setup(a_list_that_cannot_be_written_is_an_error, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	return failed;
}
