// SPDX-License-Identifier: GPL-2.0-only
/* user/hash.c: the vectors that FNV's authors give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hash.h"

static __u64 of(const char *text)
{
	return sn_hash(SN_HASH_BEGIN, text, strlen(text));
}

static void it_is_fnv_1a(void **state)
{
	assert_true(of("") == 0xcbf29ce484222325ULL);
	assert_true(of("a") == 0xaf63dc4c8601ec8cULL);
	assert_true(of("foobar") == 0x85944171f73967e8ULL);
}

static void in_pieces_it_is_the_same(void **state)
{
	assert_true(sn_hash(of("foo"), "bar", 3) == of("foobar"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_fnv_1a),
		cmocka_unit_test(in_pieces_it_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
