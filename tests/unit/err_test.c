// SPDX-License-Identifier: GPL-2.0-only
/* user/err.c: a failure is never taken for success. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "err.h"

static void the_error_is_returned_negative(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_fail(&err, ENOENT, "no '%s' in %d", "x", 3), -ENOENT);
	assert_string_equal(err.text, "no 'x' in 3");
	assert_int_equal(sn_fail(NULL, EPERM, "not %s", "kept"), -EPERM);
}

static void what_is_no_errno_is_an_error_all_the_same(void **state)
{
	static const int none[] = { 0, -ENOENT, INT_MIN };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct sn_err err = {};

		assert_int_equal(sn_fail(&err, none[i], "cannot read %s", "it"), -EIO);
		assert_string_equal(err.text, "cannot read it");
		assert_int_equal(sn_fail(NULL, none[i], "cannot read it"), -EIO);
	}
}

static void a_long_text_is_cut(void **state)
{
	char text[2 * sizeof(struct sn_err)];
	struct sn_err err;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(sn_fail(&err, EINVAL, "%s", text), -EINVAL);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_error_is_returned_negative),
		cmocka_unit_test(what_is_no_errno_is_an_error_all_the_same),
		cmocka_unit_test(a_long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
