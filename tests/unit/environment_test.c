// SPDX-License-Identifier: GPL-2.0-only
/* user/environment.c: variables that name a descriptor go with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "environment.h"

/* Sets @name to @value, and those that belong to it; and forgets with 3, 4 and 6 open. */
static bool stays(const char *name, const char *value)
{
	static const int kept[] = { 4, 3, 6 };

	setenv(name, value, 1);
	sn_environment_forget(kept, 3);
	return getenv(name);
}

/* Not all: cmocka reads some, too. */
static int begin(void **state)
{
	static const char *const names[] = {
		"NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE",
		"NODE_UNIQUE_ID",  "LISTEN_FDS",
		"LISTEN_PID",	   "LISTEN_PIDFDID",
		"LISTEN_FDNAMES",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
	return 0;
}

static void the_channel_goes_if_its_descriptor_does(void **state)
{
	assert_true(stays("NODE_CHANNEL_FD", "3"));
	assert_true(stays("NODE_CHANNEL_FD", "6"));
	assert_true(stays("NODE_CHANNEL_FD", "0"));
	assert_false(stays("NODE_CHANNEL_FD", "5"));
	assert_false(stays("NODE_CHANNEL_FD", "2147483648"));
	assert_false(stays("NODE_CHANNEL_FD", "4294967299"));
	assert_false(stays("NODE_CHANNEL_FD", "3x"));
	assert_false(stays("NODE_CHANNEL_FD", "-1"));
	assert_false(stays("NODE_CHANNEL_FD", ""));
}

static void what_belongs_to_the_channel_goes_with_it(void **state)
{
	setenv("NODE_CHANNEL_SERIALIZATION_MODE", "advanced", 1);
	setenv("NODE_UNIQUE_ID", "1", 1);
	assert_true(stays("NODE_CHANNEL_FD", "3"));
	assert_string_equal(getenv("NODE_CHANNEL_SERIALIZATION_MODE"), "advanced");
	assert_string_equal(getenv("NODE_UNIQUE_ID"), "1");
	assert_false(stays("NODE_CHANNEL_FD", "7"));
	assert_null(getenv("NODE_CHANNEL_SERIALIZATION_MODE"));
	assert_null(getenv("NODE_UNIQUE_ID"));
	/* without a channel they say nothing, and stay the caller's */
	assert_true(stays("NODE_UNIQUE_ID", "1"));
}

static void sockets_of_systemd_stay_or_go_together(void **state)
{
	assert_true(stays("LISTEN_FDS", "0"));
	assert_true(stays("LISTEN_FDS", "1"));
	setenv("LISTEN_PID", "17", 1);
	setenv("LISTEN_FDNAMES", "a:b", 1);
	assert_true(stays("LISTEN_FDS", "2"));
	assert_string_equal(getenv("LISTEN_PID"), "17");
	assert_string_equal(getenv("LISTEN_FDNAMES"), "a:b");
	assert_false(stays("LISTEN_FDS", "3")); /* 3, 4 and 5 */
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDNAMES"));
	assert_false(stays("LISTEN_FDS", "4"));
	assert_false(stays("LISTEN_FDS", "2147483647"));
	assert_false(stays("LISTEN_FDS", "many"));
}

static void where_nothing_is_kept_both_go_and_others_stay(void **state)
{
	setenv("NODE_CHANNEL_FD", "3", 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("NODE_OPTIONS", "--trace-warnings", 1);
	sn_environment_forget(NULL, 0);
	assert_null(getenv("NODE_CHANNEL_FD"));
	assert_null(getenv("LISTEN_FDS"));
	assert_string_equal(getenv("NODE_OPTIONS"), "--trace-warnings");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_channel_goes_if_its_descriptor_does, begin),
		cmocka_unit_test_setup(what_belongs_to_the_channel_goes_with_it, begin),
		cmocka_unit_test_setup(sockets_of_systemd_stay_or_go_together, begin),
		cmocka_unit_test_setup(where_nothing_is_kept_both_go_and_others_stay, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
