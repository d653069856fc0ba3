// SPDX-License-Identifier: GPL-2.0-only
/* user/logrecord.c: what is sent is what is read back, and nothing else is taken for a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "logrecord.h"

static void an_event_comes_back_with_its_path(void **state)
{
	struct sn_event ev = { .tenant = "t1", .op = SN_OP_FS_OPEN, .path_len = 4 }, want = ev;
	struct sn_log_record record;

	memset(&record, 0xff, sizeof(record));
	memset(ev.path, 'x', sizeof(ev.path));
	memset(want.path, 'x', 4);
	sn_log_set_event(&record, &ev);
	assert_int_equal(sn_log_size(&record), offsetof(struct sn_log_record, event.path) + 4);
	assert_true(sn_log_check(&record, sn_log_size(&record)));
	assert_memory_equal(&record.event, &want, sizeof(want));
}

static void a_path_is_never_longer_than_its_room(void **state)
{
	struct sn_event ev = { .path_len = 65535 };
	struct sn_log_record record;

	sn_log_set_event(&record, &ev);
	assert_int_equal(sn_log_size(&record), sizeof(record));
}

static void other_sizes_and_versions_are_no_records(void **state)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_STATE };
	size_t size = sn_log_size(&record);

	assert_true(sn_log_check(&record, size));
	assert_false(sn_log_check(&record, size - 1));
	assert_false(sn_log_check(&record, size + 1));
	assert_false(sn_log_check(&record, 0));
	assert_false(sn_log_check(&record, sizeof(record) + 1));
	record.abi++;
	assert_false(sn_log_check(&record, size));
	record = (struct sn_log_record){ .abi = SN_ABI_VERSION, .kind = 99 };
	assert_true(sn_log_check(&record, 8)); /* of a kind that is passed over */
}

/* Behind the time. */
static const char *rest(const char *text, const char *before)
{
	assert_memory_equal(text, before, strlen(before));
	return text + strlen(before) + strlen("2024-02-29T12:00:00.000Z");
}

static void losses_are_lines(void **state)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_LOSS };
	char line[SN_LOG_LINE_MAX], *json;

	record.loss = (struct sn_log_loss){ .tenant = "t1", .lost = 3, .suppressed = 12 };
	assert_string_equal(rest(sn_log_line(&record, line), "time="),
			    " tenant=t1 lost=3 suppressed=12");
	json = sn_log_json(&record);
	assert_string_equal(rest(json, "{\"v\":1,\"time\":\""),
			    "\",\"tenant\":\"t1\",\"lost\":3,\"suppressed\":12}");
	free(json);
	record.loss.tenant[0] = '\0';
	assert_string_equal(rest(sn_log_line(&record, line), "time="),
			    " tenant=- lost=3 suppressed=12");
	json = sn_log_json(&record);
	assert_string_equal(rest(json, "{\"v\":1,\"time\":\""),
			    "\",\"tenant\":null,\"lost\":3,\"suppressed\":12}");
	free(json);
}

static void what_was_passed_over_is_a_line(void **state)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_PASSED };
	char line[SN_LOG_LINE_MAX], *json;

	record.passed = 17;
	assert_string_equal(rest(sn_log_line(&record, line), "time="), " passed-over=17");
	json = sn_log_json(&record);
	assert_string_equal(rest(json, "{\"v\":1,\"time\":\""), "\",\"passed_over\":17}");
	free(json);
}

static void an_event_is_its_line(void **state)
{
	struct sn_event ev = {
		.tenant = "t1", .pid = 7, .tid = 7, .op = SN_OP_TASK_EXEC, .why = SN_NEVER
	};
	struct sn_log_record record;
	char line[SN_LOG_LINE_MAX], *json;

	sn_log_set_event(&record, &ev);
	assert_string_equal(rest(sn_log_line(&record, line), "time="),
			    " tenant=t1 pid=7 comm=\"\" op=task.exec why=never error=0");
	assert_string_equal(sn_log_tenant(&record), "t1");
	json = sn_log_json(&record);
	assert_non_null(strstr(json, "\"op\":\"task.exec\""));
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_comes_back_with_its_path),
		cmocka_unit_test(a_path_is_never_longer_than_its_room),
		cmocka_unit_test(other_sizes_and_versions_are_no_records),
		cmocka_unit_test(losses_are_lines),
		cmocka_unit_test(what_was_passed_over_is_a_line),
		cmocka_unit_test(an_event_is_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
