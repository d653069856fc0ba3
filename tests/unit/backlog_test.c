// SPDX-License-Identifier: GPL-2.0-only
/* user/backlog.c: bounded in records and in bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backlog.h"

static struct sn_backlog backlog;

static void add(__u32 pid, __u16 path_len)
{
	struct sn_event ev = { .pid = pid, .path_len = path_len };
	struct sn_log_record record;

	memset(ev.path, 'x', path_len);
	sn_log_set_event(&record, &ev);
	while (!sn_backlog_has_room(&backlog, sn_log_size(&record)))
		sn_backlog_drop(&backlog);
	assert_int_equal(sn_backlog_add(&backlog, &record), 0);
}

static void records_are_numbered_and_complete(void **state)
{
	assert_null(sn_backlog_at(&backlog, 0));
	add(7, 3);
	add(8, SN_EVENT_PATH_MAX);
	assert_int_equal(sn_backlog_at(&backlog, 0)->record.event.pid, 7);
	assert_int_equal(sn_backlog_at(&backlog, 0)->size,
			 offsetof(struct sn_log_record, event.path) + 3);
	assert_memory_equal(sn_backlog_at(&backlog, 0)->record.event.path, "xxx", 3);
	assert_int_equal(sn_backlog_at(&backlog, 1)->size, sizeof(struct sn_log_record));
	assert_null(sn_backlog_at(&backlog, 2));
	sn_backlog_clear(&backlog);
	assert_null(sn_backlog_at(&backlog, 1));
	assert_int_equal(backlog.bytes, 0);
}

static void small_ones_are_bounded_in_number(void **state)
{
	__u64 first = backlog.next;

	for (__u32 i = 0; i < SN_BACKLOG_RECORDS + 100; i++)
		add(i, 0);
	assert_int_equal(backlog.next - backlog.first, SN_BACKLOG_RECORDS);
	assert_null(sn_backlog_at(&backlog, first + 99));
	assert_int_equal(sn_backlog_at(&backlog, first + 100)->record.event.pid, 100);
	sn_backlog_clear(&backlog);
}

static void large_ones_are_bounded_in_bytes(void **state)
{
	for (__u32 i = 0; i < SN_BACKLOG_RECORDS; i++) {
		add(i, SN_EVENT_PATH_MAX);
		assert_true(backlog.bytes <= SN_BACKLOG_BYTES);
	}
	assert_in_range(backlog.next - backlog.first, 6000, SN_BACKLOG_RECORDS / 2);
	assert_int_equal(sn_backlog_at(&backlog, backlog.next - 1)->record.event.pid,
			 SN_BACKLOG_RECORDS - 1);
	sn_backlog_clear(&backlog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_numbered_and_complete),
		cmocka_unit_test(small_ones_are_bounded_in_number),
		cmocka_unit_test(large_ones_are_bounded_in_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
