// SPDX-License-Identifier: GPL-2.0-only
/* user/utf8.c: what is UTF-8, by the table of RFC 3629. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

#define IS(text)  assert_true(sn_is_utf8(text, sizeof(text) - 1))
#define NOT(text) assert_false(sn_is_utf8(text, sizeof(text) - 1))

static void every_length_has_its_smallest_and_largest(void **state)
{
	IS("");
	IS("\0\x01\x7f");
	IS("\xc2\x80\xdf\xbf");
	IS("\xe0\xa0\x80\xef\xbf\xbf");
	IS("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
	IS("a\xc3\xa9z");
}

static void overlong_forms_are_none(void **state)
{
	NOT("\xc0\x80");
	NOT("\xc1\xbf");
	NOT("\xe0\x9f\xbf");
	NOT("\xf0\x8f\xbf\xbf");
}

static void surrogates_and_what_is_too_large_are_none(void **state)
{
	IS("\xed\x9f\xbf");
	NOT("\xed\xa0\x80");
	NOT("\xed\xbf\xbf");
	IS("\xee\x80\x80");
	NOT("\xf4\x90\x80\x80");
	NOT("\xf8\x88\x80\x80\x80");
	NOT("\xff");
}

static void torn_characters_are_none(void **state)
{
	uint32_t code = 0;

	NOT("\x80");
	NOT("a\xc3");
	NOT("\xc3z");
	NOT("\xe2\x82");
	NOT("\xf0\x9f\x98");
	NOT("\xe2\x28\xa1");
	/* what follows is another's */
	assert_int_equal(sn_utf8_next("\xe2\x82\xac", 2, &code), 0);
}

static void a_character_has_its_number(void **state)
{
	uint32_t code = 0;

	assert_int_equal(sn_utf8_next("\xe2\x82\xac!", 4, &code), 3);
	assert_int_equal(code, 0x20ac);
	assert_int_equal(sn_utf8_next("\xf0\x9f\x98\x80", 4, &code), 4);
	assert_int_equal(code, 0x1f600);
	assert_int_equal(sn_utf8_next("", 0, &code), 0);
}

static void bytes_become_digits(void **state)
{
	char hex[9];

	assert_string_equal(sn_hex("\x00\xff\x2f\xe9", 4, hex), "00ff2fe9");
	assert_string_equal(sn_hex("", 0, hex), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_has_its_smallest_and_largest),
		cmocka_unit_test(overlong_forms_are_none),
		cmocka_unit_test(surrogates_and_what_is_too_large_are_none),
		cmocka_unit_test(torn_characters_are_none),
		cmocka_unit_test(a_character_has_its_number),
		cmocka_unit_test(bytes_become_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
