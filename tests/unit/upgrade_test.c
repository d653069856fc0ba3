// SPDX-License-Identifier: GPL-2.0-only
/* user/upgrade.c: which versions' maps are carried over. The rest needs maps: tests/cli/parts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "upgrade.h"

/* Refused before a map is looked at? */
static void expect_other_meaning(__u32 version, __u32 oldest)
{
	struct sn_state old = { .abi_version = version, .abi_oldest = oldest };
	struct sn_upgrade *upgrade;
	struct sn_err err = {};
	int ret = sn_upgrade_plan(NULL, &old, &upgrade, &err);

	sn_upgrade_free(upgrade);
	assert_int_equal(ret, -EPROTO);
	assert_non_null(strstr(err.text, "which mean something else"));
	assert_non_null(strstr(err.text, "safenode-load --unload"));
}

static void maps_that_mean_something_else_are_refused_of_an_older_version(void **state)
{
	expect_other_meaning(SN_ABI_OLDEST - 1, 0);
}

static void and_of_a_newer_one(void **state)
{
	expect_other_meaning(SN_ABI_VERSION + 1, SN_ABI_VERSION + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_that_mean_something_else_are_refused_of_an_older_version),
		cmocka_unit_test(and_of_a_newer_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
