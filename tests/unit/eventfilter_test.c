// SPDX-License-Identifier: GPL-2.0-only
/* user/eventfilter.c: operations and times as operators write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "eventfilter.h"

static bool wants_op(const struct sn_filter *filter, enum sn_op op)
{
	return sn_filter_wants(filter, &(struct sn_event){ .op = op });
}

static void without_a_word_everything_is_wanted(void **state)
{
	struct sn_filter filter = {};

	assert_true(wants_op(&filter, SN_OP_FS_OPEN));
	assert_true(wants_op(&filter, SN_OP_NR + 3));
	assert_true(sn_filter_wants(&filter, &(struct sn_event){ .known = SN_KNOWN_NSCD }));
}

static void operations_and_families_add_up(void **state)
{
	struct sn_filter filter = {};

	assert_int_equal(sn_filter_add_op(&filter, "net.connect", NULL), 0);
	assert_true(wants_op(&filter, SN_OP_NET_CONNECT));
	assert_false(wants_op(&filter, SN_OP_NET_BIND));
	assert_int_equal(sn_filter_add_op(&filter, "fs", NULL), 0);
	assert_true(wants_op(&filter, SN_OP_FS_OPEN));
	assert_true(wants_op(&filter, SN_OP_FS_FCNTL));
	assert_true(wants_op(&filter, SN_OP_NET_CONNECT));
	assert_false(wants_op(&filter, SN_OP_TASK_FORK));
	assert_false(wants_op(&filter, SN_OP_NR + 3)); /* of a later version */
}

/* Is refused, with that at the end of the message? */
static void no_op(const char *word, const char *offered)
{
	struct sn_filter filter = {};
	struct sn_err err = {};
	size_t len;

	assert_int_equal(sn_filter_add_op(&filter, word, &err), -EINVAL);
	assert_false(filter.some_ops);
	len = strlen(err.text);
	assert_true(len > strlen(offered));
	assert_string_equal(err.text + len - strlen(offered), offered);
}

static void the_nearest_names_are_offered(void **state)
{
	no_op("net.conect", "; the nearest are net.connect");
	no_op("connect", "; the nearest are net.connect");
	no_op("fs.opn", "; the nearest are fs.open");
	no_op("exec", "; the nearest are task.exec");
	no_op("zzzzzzzz", "guard)");
	no_op("", "guard)");
	no_op("none", "guard)");
	no_op("net.", "guard)");
	no_op("0123456789012345678901234567890123456789012345678901234567890", "guard)");
}

static void a_tenant_and_the_known_are_left_out(void **state)
{
	struct sn_filter filter = { .tenant = "t1", .without_known = true };
	struct sn_event ev = { .tenant = "t1" };

	assert_true(sn_filter_wants(&filter, &ev));
	ev.known = SN_KNOWN_IO_URING;
	assert_false(sn_filter_wants(&filter, &ev));
	ev = (struct sn_event){ .tenant = "t12" };
	assert_false(sn_filter_wants(&filter, &ev));
}

#define NOW 1709208000000LL /* 2024-02-29T12:00:00Z */

static int64_t since(const char *text)
{
	struct sn_filter filter = {};
	struct sn_err err = {};

	if (sn_filter_set_since(&filter, text, NOW, &err)) {
		assert_non_null(strstr(err.text, text));
		return -1;
	}
	return filter.since_ms;
}

static void times_are_those_of_rfc_3339(void **state)
{
	assert_int_equal(since("2024-02-29T12:00:00Z"), NOW);
	assert_int_equal(since("2024-02-29T12:00:00z"), NOW);
	assert_int_equal(since("2024-02-29T12:00:00.123Z"), NOW + 123);
	assert_int_equal(since("2024-02-29T12:00:00.1Z"), NOW + 100);
	assert_int_equal(since("2024-02-29T12:00:00.1239999Z"), NOW + 123);
	assert_int_equal(since("2024-02-29T13:30:00+01:30"), NOW);
	assert_int_equal(since("2024-02-29T07:00:00-05:00"), NOW);
}

static void ages_are_before_now(void **state)
{
	assert_int_equal(since("90s"), NOW - 90000);
	assert_int_equal(since("10m"), NOW - 600000);
	assert_int_equal(since("3h"), NOW - 10800000);
	assert_int_equal(since("2d"), NOW - 172800000);
	assert_int_equal(since("0s"), NOW);
}

static void other_words_are_no_time(void **state)
{
	static const char *const words[] = {
		"",
		"10",
		"m",
		"10w",
		"10mm",
		"-10m",
		"1.5h",
		"9999999999d",
		"yesterday",
		"2024-02-29",
		"2024-02-29T12:00:00",
		"2024-02-30T12:00:00Z",
		"2024-02-29T12:00:00.Z",
		"2024-02-29T12:00:00+1",
		"2024-02-29T12:00:00+01:00x",
		"2024-02-29T12:00:00+-1:00",
		"2024-02-29T12:00:00+24:00",
		"2024-13-01T00:00:00Z",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(since(words[i]), -1);
}

static void what_is_older_is_left_out(void **state)
{
	struct timespec wall, boot;
	struct sn_filter filter = {};
	struct sn_event ev = {};

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	filter.since_ms = wall.tv_sec * 1000LL - 1000;
	ev.time_ns = boot.tv_sec * 1000000000ULL + boot.tv_nsec;
	assert_true(sn_filter_wants(&filter, &ev));
	ev.time_ns -= 5000000000ULL;
	assert_false(sn_filter_wants(&filter, &ev));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_everything_is_wanted),
		cmocka_unit_test(operations_and_families_add_up),
		cmocka_unit_test(the_nearest_names_are_offered),
		cmocka_unit_test(a_tenant_and_the_known_are_left_out),
		cmocka_unit_test(times_are_those_of_rfc_3339),
		cmocka_unit_test(ages_are_before_now),
		cmocka_unit_test(other_words_are_no_time),
		cmocka_unit_test(what_is_older_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
