// SPDX-License-Identifier: GPL-2.0-only
/* user/lists.c: what is written can be read again, and what was not written by it is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lists.h"

#define SCOPE 0x1234567890abULL

static union sn_rule_key name_key(const char *name)
{
	union sn_rule_key key = {
		.name = { .directory = { .scope = SCOPE, .ino = 7, .dev = 0x800001 } },
	};

	strncpy(key.name.name, name, sizeof(key.name.name));
	return key;
}

static void keys_come_back_in_order(void **state)
{
	const union sn_rule_key keys[] = { name_key("a"), name_key("resolv.conf"), name_key("") };
	struct sn_list list = {};
	union sn_rule_key key;
	size_t used = 0, at = 0;

	for (size_t i = 0; i < 3; i++)
		assert_true(sn_list_append(&list, &used, SN_RULES_NAMES, &keys[i]));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sn_list_next(&list, &at, SCOPE, &key), 1);
		assert_memory_equal(&key, &keys[i], sizeof(key));
	}
	assert_int_equal(at, used);
	assert_int_equal(sn_list_next(&list, &at, SCOPE, &key), 0);
}

static void every_map_of_rules_has_a_key_that_fits(void **state)
{
	for (int map = 0; map < 256; map++) {
		struct sn_list list = {};
		union sn_rule_key full, key;
		size_t used = 0, at = 0, size = sn_rule_key_size(map);

		if (map > SN_RULES_NAMES) {
			assert_int_equal(size, 0);
			continue;
		}
		assert_in_range(size, sizeof(__u64) + 1, sizeof(full));
		memset(&full, 0, sizeof(full));
		memset(&full, 0xff, size);
		full.scope = SCOPE;
		assert_true(sn_list_append(&list, &used, map, &full));
		assert_int_equal(sn_list_next(&list, &at, SCOPE, &key), 1);
		assert_memory_equal(&key, &full, sizeof(key));
	}
}

static void a_list_has_keys_of_one_map(void **state)
{
	union sn_rule_key port = { .port = { .cgroup_id = SCOPE, .port = 80, .length = 16 } };
	union sn_rule_key name = name_key("a");
	struct sn_list list = {}, before;
	size_t used = 0;

	assert_true(sn_list_append(&list, &used, SN_RULES_NAMES, &name));
	before = list;
	assert_false(sn_list_append(&list, &used, SN_RULES_PORTS, &port));
	assert_memory_equal(&list, &before, sizeof(list));
}

static void a_full_list_says_so_and_stays_as_it_is(void **state)
{
	union sn_rule_key key = name_key("0123456789012345678901234567890123456789");
	struct sn_list list = {}, before;
	size_t used = 0;

	while (sn_list_append(&list, &used, SN_RULES_NAMES, &key))
		before = list;
	assert_memory_equal(&list, &before, sizeof(list));
	assert_true(used <= sizeof(list.keys));
}

/* Whatever is in it, nothing is read beside it or written beside the key. */
static void a_damaged_list_is_refused(void **state)
{
	struct sn_list list = { .map = SN_RULES_NAMES };
	struct {
		union sn_rule_key key;
		char behind[8];
	} out = { .behind = "behind" };
	size_t at = 0;

	list.keys[0] = (char)255; /* longer than any key */
	assert_int_equal(sn_list_next(&list, &at, SCOPE, &out.key), -EBADMSG);
	assert_int_equal(at, 0);

	list.keys[0] = sizeof(struct sn_name_key) - sizeof(__u64) + 2; /* by one */
	assert_int_equal(sn_list_next(&list, &at, SCOPE, &out.key), -EBADMSG);

	list.map = 200; /* no map */
	list.keys[0] = 2;
	assert_int_equal(sn_list_next(&list, &at, SCOPE, &out.key), -EBADMSG);

	list.map = SN_RULES_PORTS; /* longer than what is left */
	at = sizeof(list.keys) - 1;
	list.keys[at] = 3;
	assert_int_equal(sn_list_next(&list, &at, SCOPE, &out.key), -EBADMSG);

	at = sizeof(list.keys) + 100;
	assert_int_equal(sn_list_next(&list, &at, SCOPE, &out.key), 0);
	assert_string_equal(out.behind, "behind");
}

static void random_bytes_end(void **state)
{
	for (int round = 0; round < 100000; round++) {
		struct sn_list list;
		union sn_rule_key key;
		size_t at = 0, steps = 0;
		int more;

		for (size_t i = 0; i < sizeof(list); i++)
			((char *)&list)[i] = (char)random();
		list.map %= 5;
		while ((more = sn_list_next(&list, &at, SCOPE, &key)) == 1)
			assert_true(++steps <= sizeof(list.keys) && at <= sizeof(list.keys));
		assert_true(!more || more == -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_come_back_in_order),
		cmocka_unit_test(every_map_of_rules_has_a_key_that_fits),
		cmocka_unit_test(a_list_has_keys_of_one_map),
		cmocka_unit_test(a_full_list_says_so_and_stays_as_it_is),
		cmocka_unit_test(a_damaged_list_is_refused),
		cmocka_unit_test(random_bytes_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
