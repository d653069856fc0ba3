// SPDX-License-Identifier: GPL-2.0-only
/* user/inforcejson.c: each option has the shape that its values have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inforcejson.h"

static void is_json(struct sn_value *values, size_t nr, const char *expected)
{
	struct sn_inforce inforce = { .all = values, .nr = nr };
	struct json_object *object = sn_inforce_json(&inforce);

	assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE),
			    expected);
	json_object_put(object);
}

static void each_option_is_a_member(void **state)
{
	struct sn_value values[] = {
		{ .option = "cgroup", .text = "t1" },
		{ .option = "dir", .text = "/srv/\"t1\"" },
		{ .option = "safe-mode", .text = "" },
		{ .option = "restricted-outgoing-addresses", .text = "10.0.0.0/8" },
		{ .option = "restricted-outgoing-addresses", .text = "127.0.0.1" },
		{ .option = "allowed-outgoing-ports", .text = "80" },
		{ .option = "read-only", .text = "/etc/app" },
		{ .option = "memory-max", .text = "67108864" },
		{ .option = "cpu-max", .text = "50000 100000" },
		{ .option = "pids-max", .text = "100" },
	};

	is_json(values, sizeof(values) / sizeof(*values),
		"{\"cgroup\":\"t1\",\"dir\":\"/srv/\\\"t1\\\"\",\"safe-mode\":true,"
		"\"restricted-outgoing-addresses\":[\"10.0.0.0/8\",\"127.0.0.1\"],"
		"\"allowed-outgoing-ports\":[\"80\"],\"read-only\":[\"/etc/app\"],"
		"\"memory-max\":67108864,\"cpu-max\":\"50000 100000\",\"pids-max\":100}");
}

static void what_self_stood_for_is_apart(void **state)
{
	struct sn_value values[] = {
		{ .option = "restricted-outgoing-addresses", .text = "self" },
		{ .option = "restricted-outgoing-addresses", .text = "self: ::1", .by_self = true },
	};

	is_json(values, 2,
		"{\"restricted-outgoing-addresses\":[\"self\"],\"self-addresses\":[\"::1\"]}");
}

static void nothing_is_an_empty_object(void **state)
{
	is_json(NULL, 0, "{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_is_a_member),
		cmocka_unit_test(what_self_stood_for_is_apart),
		cmocka_unit_test(nothing_is_an_empty_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
