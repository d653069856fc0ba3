// SPDX-License-Identifier: GPL-2.0-only
/* user/ports.c: what a list of ports means, and what is said about a bad one. */
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

#include "ports.h"
#include "parse.h"

static void take(struct sn_port_list *list, const char *text)
{
	struct sn_err err = {};

	if (sn_ports_add(list, text, &err))
		fail_msg("%s: %s", text, err.text);
}

/* One line that names @text and says @cure; and nothing has changed. */
static void refuse_after(struct sn_port_list *list, const char *text, const char *cure)
{
	struct sn_port_list before = *list;
	struct sn_err err = {};

	assert_int_equal(sn_ports_add(list, text, &err), -EINVAL);
	if (!strstr(err.text, text) || !strstr(err.text, cure) || strchr(err.text, '\n'))
		fail_msg("%s: the message is \"%s\"", text, err.text);
	before.ranges = list->ranges;
	assert_memory_equal(list, &before, sizeof(before));
}

static void refuse(const char *text, const char *cure)
{
	struct sn_port_list list = {};

	refuse_after(&list, text, cure);
	sn_ports_free(&list);
}

static void ports_and_ranges_accumulate(void **state)
{
	static const struct sn_port_range expected[] = {
		{ 80, 80 }, { 443, 443 }, { 8000, 8100 }, { 1, 65535 }, { 65535, 65535 },
	};
	struct sn_port_list list = {};

	take(&list, "80,443,8000-8100,80-80");
	take(&list, "443,1-65535,65535");
	assert_int_equal(list.nr, 5);
	assert_memory_equal(list.ranges, expected, sizeof(expected));
	sn_ports_free(&list);
}

static void bad_ports_are_refused(void **state)
{
	refuse("0", "1 to 65535");
	refuse("65536", "1 to 65535");
	refuse("0-80", "1 to 65535");
	refuse("80-65536", "1 to 65535");
	refuse("80-", "1 to 65535");
	refuse("-80", "1 to 65535");
	refuse("-", "1 to 65535");
	refuse("1-2-3", "1 to 65535");
	refuse("080", "1 to 65535");
	refuse("+80", "1 to 65535");
	refuse("0x50", "1 to 65535");
	refuse("http", "1 to 65535");
	refuse("80/tcp", "1 to 65535");
	refuse("18446744073709551696", "1 to 65535");
	refuse("90-80", "use 80-90");
	refuse("", "empty list");
	refuse("80,,443", "empty entry");
	refuse("80, 443", "blank");
}

static void a_bad_port_takes_its_whole_list_with_it(void **state)
{
	struct sn_port_list list = {};
	struct sn_err err;

	take(&list, "80");
	assert_int_equal(sn_ports_add(&list, "81,82,x", &err), -EINVAL);
	assert_int_equal(list.nr, 1);
	sn_ports_free(&list);
}

static void port_lists_have_an_end(void **state)
{
	struct sn_port_list list = {};

	for (int port = 1; port <= SN_LIST_MAX; port++) {
		char text[12];

		snprintf(text, sizeof(text), "%d", port);
		take(&list, text);
	}
	take(&list, "80");
	refuse_after(&list, "5000", "one too many");
	sn_ports_free(&list);
}

static void assert_block(const struct sn_port_key *block, uint16_t port, uint8_t length)
{
	struct sn_port_key expected = { .port = port, .length = length };

	assert_memory_equal(block, &expected, sizeof(expected));
}

static void ranges_are_cut_into_the_fewest_blocks(void **state)
{
	struct sn_port_key blocks[SN_PORT_BLOCKS_MAX];

	assert_int_equal(sn_port_blocks((struct sn_port_range){ 80, 80 }, blocks), 1);
	assert_block(&blocks[0], 80, 16);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 0, 65535 }, blocks), 1);
	assert_block(&blocks[0], 0, 0);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 8000, 8100 }, blocks), 4);
	assert_block(&blocks[0], 8000, 10);
	assert_block(&blocks[1], 8064, 11);
	assert_block(&blocks[2], 8096, 14);
	assert_block(&blocks[3], 8100, 16);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 1, 65535 }, blocks), 16);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 1, 65534 }, blocks), 30);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 65535, 65535 }, blocks), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_and_ranges_accumulate),
		cmocka_unit_test(bad_ports_are_refused),
		cmocka_unit_test(a_bad_port_takes_its_whole_list_with_it),
		cmocka_unit_test(port_lists_have_an_end),
		cmocka_unit_test(ranges_are_cut_into_the_fewest_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
