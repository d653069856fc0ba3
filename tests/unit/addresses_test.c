// SPDX-License-Identifier: GPL-2.0-only
/* user/addresses.c: what a list of addresses means, and what is said about a bad one. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addresses.h"
#include "parse.h"

static void take(struct sn_address_list *list, const char *text)
{
	struct sn_err err = {};

	if (sn_addresses_add(list, text, &err))
		fail_msg("%s: %s", text, err.text);
}

/* One line that names @text and says @cure; and nothing has changed. */
static void refuse_after(struct sn_address_list *list, const char *text, const char *cure)
{
	struct sn_address_list before = *list;
	struct sn_err err = {};

	assert_int_equal(sn_addresses_add(list, text, &err), -EINVAL);
	if (!strstr(err.text, text) || !strstr(err.text, cure) || strchr(err.text, '\n'))
		fail_msg("%s: the message is \"%s\"", text, err.text);
	before.rules = list->rules;
	assert_memory_equal(list, &before, sizeof(before));
}

static void refuse(const char *text, const char *cure)
{
	struct sn_address_list list = {};

	refuse_after(&list, text, cure);
	sn_addresses_free(&list);
}

static void assert_rule(const struct sn_address_list *list, size_t i, const char *address,
			unsigned int length, const char *text)
{
	uint8_t bytes[16];

	assert_true(i < list->nr);
	assert_int_equal(inet_pton(AF_INET6, address, bytes), 1);
	assert_memory_equal(list->rules[i].key.addr, bytes, 16);
	assert_int_equal(list->rules[i].key.length, length);
	assert_int_equal(list->rules[i].key.cgroup_id, 0);
	assert_int_equal(list->rules[i].key.pad, 0);
	assert_string_equal(list->rules[i].text.text, text);
}

static void addresses_of_both_families_are_stored_alike(void **state)
{
	struct sn_address_list list = {};

	take(&list, "10.0.0.0/8,192.0.2.7,2001:db8::/32,fe80::1");
	assert_int_equal(list.nr, 4);
	assert_rule(&list, 0, "::ffff:10.0.0.0", 104, "10.0.0.0/8");
	assert_rule(&list, 1, "::ffff:192.0.2.7", 128, "192.0.2.7");
	assert_rule(&list, 2, "2001:db8::", 32, "2001:db8::/32");
	assert_rule(&list, 3, "fe80::1", 128, "fe80::1");
	assert_false(list.self);
	assert_false(list.loopback);
	sn_addresses_free(&list);
}

static void prefixes_of_any_length_are_taken(void **state)
{
	struct sn_address_list list = {};

	take(&list, "172.16.240.0/20,10.0.0.2/31,10.0.0.4/32,128.0.0.0/1");
	take(&list, "8000::/1,1:2:3:4:5:6:7:8/127,1::1/128");
	assert_int_equal(list.nr, 7);
	assert_rule(&list, 0, "::ffff:172.16.240.0", 116, "172.16.240.0/20");
	assert_rule(&list, 1, "::ffff:10.0.0.2", 127, "10.0.0.2/31");
	assert_rule(&list, 5, "1:2:3:4:5:6:7:8", 127, "1:2:3:4:5:6:7:8/127");
	sn_addresses_free(&list);
}

static void everything_can_be_restricted(void **state)
{
	struct sn_address_list list = {};

	take(&list, "0.0.0.0/0,::/0");
	assert_int_equal(list.nr, 2);
	assert_rule(&list, 0, "::ffff:0.0.0.0", 96, "0.0.0.0/0");
	assert_rule(&list, 1, "::", 0, "::/0");
	assert_true(list.loopback);
	sn_addresses_free(&list);
}

static void duplicates_collapse_however_they_are_written(void **state)
{
	struct sn_address_list list = {};

	take(&list, "10.0.0.0/8,::ffff:10.0.0.0/104,10.0.0.0/8");
	take(&list, "::ffff:0a00:0000/104,1::,1:0:0:0:0:0:0:0/128");
	assert_int_equal(list.nr, 2);
	assert_rule(&list, 0, "::ffff:10.0.0.0", 104, "10.0.0.0/8");
	sn_addresses_free(&list);
}

static void a_text_that_is_too_long_becomes_the_short_form(void **state)
{
	struct sn_address_list list = {};

	take(&list, "1111:2222:3333:4444:5555:6666:255.255.255.255/128");
	assert_rule(&list, 0, "1111:2222:3333:4444:5555:6666:ffff:ffff", 128,
		    "1111:2222:3333:4444:5555:6666:ffff:ffff/128");
	sn_addresses_free(&list);
}

static bool restricts_loopback(const char *text)
{
	struct sn_address_list list = {};
	bool yes;

	take(&list, text);
	yes = list.loopback;
	sn_addresses_free(&list);
	return yes;
}

static void one_loopback_address_restricts_loopback(void **state)
{
	assert_true(restricts_loopback("127.0.0.1"));
	assert_true(restricts_loopback("127.0.0.0/8"));
	assert_true(restricts_loopback("127.200.0.0/16"));
	assert_true(restricts_loopback("126.0.0.0/7"));
	assert_true(restricts_loopback("0.0.0.0"));
	assert_true(restricts_loopback("0.0.0.0/8"));
	assert_true(restricts_loopback("::1"));
	assert_true(restricts_loopback("::"));
	assert_true(restricts_loopback("::/64"));
	assert_true(restricts_loopback("::ffff:127.0.0.0/104"));
	assert_true(restricts_loopback("10.0.0.1,::1"));
	assert_false(restricts_loopback("10.0.0.0/8"));
	assert_false(restricts_loopback("128.0.0.0/1"));
	assert_false(restricts_loopback("0.0.0.1"));
	assert_false(restricts_loopback("::2"));
	assert_false(restricts_loopback("8000::/1"));
}

static bool lists(const struct sn_address_list *list, const char *text)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->rules[i].text.text, text))
			return true;
	return false;
}

static void self_is_this_machine(void **state)
{
	struct sn_address_list list = {};
	size_t nr;

	take(&list, "self");
	assert_true(list.self);
	assert_true(list.loopback);
	assert_true(lists(&list, "self: 127.0.0.0/8"));
	assert_true(lists(&list, "self: ::1"));
	assert_true(lists(&list, "self: 0.0.0.0"));
	assert_true(lists(&list, "self: ::"));
	assert_true(lists(&list, "self: 224.0.0.0/4"));
	assert_true(lists(&list, "self: ff00::/8"));
	assert_true(lists(&list, "self: 255.255.255.255"));
	/* of the interface lo */
	assert_true(lists(&list, "self: 127.0.0.1"));

	nr = list.nr;
	take(&list, "self,127.0.0.1");
	assert_int_equal(list.nr, nr);
	sn_addresses_free(&list);
}

static void bad_addresses_are_refused(void **state)
{
	refuse("10.0.0.1/8", "use 10.0.0.0/8");
	refuse("10.0.0.3/31", "use 10.0.0.2/31");
	refuse("1.2.3.4/0", "use 0.0.0.0/0");
	refuse("2001:db8::1/32", "use 2001:db8::/32");
	refuse("::1/0", "use ::/0");
	refuse("::ffff:10.0.0.1/104", "use ::ffff:10.0.0.0/104");
	refuse("10.0.0.0/33", "/0 to /32");
	refuse("::/129", "/0 to /128");
	refuse("10.0.0.0/", "/0 to /32");
	refuse("10.0.0.0/-1", "/0 to /32");
	refuse("10.0.0.0/8/8", "/0 to /32");
	refuse("10.0.0.0/08", "/0 to /32");
	refuse("10.0.0.0/4294967304", "/0 to /32");
	refuse("10.0.0.0/255.0.0.0", "/0 to /32");
	refuse("10.0.0", "write IPv4");
	refuse("10.0.0.256", "write IPv4");
	refuse("010.0.0.1", "write IPv4");
	refuse("1.2.3.4.5", "write IPv4");
	refuse("10.0.0.1:80", "write IPv4");
	refuse("[::1]", "write IPv4");
	refuse("fe80::1%eth0", "write IPv4");
	refuse("1:2:3:4:5:6:7", "write IPv4");
	refuse("/8", "write IPv4");
	refuse("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", "write IPv4");
}

static void names_are_refused_because_they_can_change(void **state)
{
	refuse("localhost", "only addresses");
	refuse("example.com", "only addresses");
	refuse("Self", "only addresses");
	refuse("example.com/24", "only addresses");
}

static void bad_lists_are_refused(void **state)
{
	refuse("", "empty list");
	refuse(",", "empty entry");
	refuse("10.0.0.1,,10.0.0.2", "empty entry");
	refuse("10.0.0.1,", "empty entry");
	refuse(",10.0.0.1", "empty entry");
	refuse("10.0.0.1, 10.0.0.2", "blank");
	refuse("10.0.0.1\t", "blank");
}

static void a_bad_entry_takes_its_whole_list_with_it(void **state)
{
	struct sn_address_list list = {};
	struct sn_err err;

	take(&list, "10.0.0.1");
	assert_int_equal(sn_addresses_add(&list, "self,10.0.0.2,x", &err), -EINVAL);
	assert_non_null(strstr(err.text, "'x'"));
	assert_int_equal(list.nr, 1);
	assert_false(list.self);
	assert_false(list.loopback);
	sn_addresses_free(&list);
}

/* "1.0.0.0,1.0.0.1,...", @nr of them; the caller frees it. */
static char *many_addresses(unsigned int nr)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (unsigned int i = 0; i < nr; i++)
		fprintf(file, "%s1.0.%u.%u", i ? "," : "", i >> 8, i & 255);
	fclose(file);
	return text;
}

static void a_list_has_an_end(void **state)
{
	char *fits = many_addresses(SN_LIST_MAX), *too_many = many_addresses(SN_LIST_MAX + 1);
	struct sn_address_list list = {};
	struct sn_err err;

	assert_int_equal(sn_addresses_add(&list, too_many, &err), -EINVAL);
	assert_non_null(strstr(err.text, "1.0.16.0"));
	assert_non_null(strstr(err.text, "4096"));
	assert_int_equal(list.nr, 0);
	take(&list, fits);
	assert_int_equal(list.nr, SN_LIST_MAX);
	take(&list, "1.0.0.0");
	refuse_after(&list, "2.0.0.0", "one too many");
	sn_addresses_free(&list);
	free(fits);
	free(too_many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_both_families_are_stored_alike),
		cmocka_unit_test(prefixes_of_any_length_are_taken),
		cmocka_unit_test(everything_can_be_restricted),
		cmocka_unit_test(duplicates_collapse_however_they_are_written),
		cmocka_unit_test(a_text_that_is_too_long_becomes_the_short_form),
		cmocka_unit_test(one_loopback_address_restricts_loopback),
		cmocka_unit_test(self_is_this_machine),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(names_are_refused_because_they_can_change),
		cmocka_unit_test(bad_lists_are_refused),
		cmocka_unit_test(a_bad_entry_takes_its_whole_list_with_it),
		cmocka_unit_test(a_list_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
