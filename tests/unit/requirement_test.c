// SPDX-License-Identifier: GPL-2.0-only
/* user/requirement.c: an error of the tools -> what was found, and the cure. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "requirement.h"

static void what_failed_and_the_cure_are_told_apart(void **state)
{
	struct sn_err err = { "it is not loaded; run safenode-load; or do not" }, again = {};
	struct sn_requirement req = { .what = "loaded", .met = true };

	sn_requirement_unmet(&req, &err);
	assert_false(req.met);
	assert_string_equal(req.found, "it is not loaded");
	assert_string_equal(req.cure, "run safenode-load; or do not");
	assert_int_equal(sn_requirement_fail(&req, &again), -ENOSYS);
	assert_string_equal(again.text, "loaded: it is not loaded; run safenode-load; or do not");
}

static void an_error_without_a_cure_is_all_found(void **state)
{
	struct sn_err err = { "cannot read it: Input/output error" }, again = {};
	struct sn_requirement req = { .what = "cgroup v2", .cure = "of before" };

	sn_requirement_unmet(&req, &err);
	assert_string_equal(req.found, err.text);
	assert_string_equal(req.cure, "");
	sn_requirement_fail(&req, &again);
	assert_string_equal(again.text, "cgroup v2: cannot read it: Input/output error");
}

static void what_is_too_long_is_cut(void **state)
{
	struct sn_requirement req = {};
	struct sn_err err;

	memset(err.text, 'x', sizeof(err.text) - 1);
	err.text[sizeof(err.text) - 1] = '\0';
	memcpy(err.text + 100, "; ", 2);
	sn_requirement_unmet(&req, &err);
	assert_int_equal(strlen(req.found), 100);
	assert_int_equal(strlen(req.cure), sizeof(req.cure) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_and_the_cure_are_told_apart),
		cmocka_unit_test(an_error_without_a_cure_is_all_found),
		cmocka_unit_test(what_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
