// SPDX-License-Identifier: GPL-2.0-only
/* user/lasts.c: one event for each name, of a bounded number of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lasts.h"

static struct sn_lasts lasts;

static void put(const char *tenant, __u32 pid, __u64 time_ns)
{
	struct sn_event ev = { .pid = pid, .time_ns = time_ns };

	memcpy(ev.tenant, tenant, strnlen(tenant, sizeof(ev.tenant)));
	assert_int_equal(sn_lasts_put(&lasts, &ev), 0);
}

/* The process of the last event of @tenant; 0: there is none. */
static __u32 pid_of(const char *tenant)
{
	const struct sn_log_record *record;
	__u32 pid = 0;

	for (size_t i = 0; (record = sn_lasts_at(&lasts, i)); i++) {
		if (strncmp(record->event.tenant, tenant, sizeof(record->event.tenant)))
			continue;
		assert_int_equal(pid, 0);
		assert_int_equal(record->kind, SN_LOG_LAST);
		pid = record->event.pid;
	}
	return pid;
}

static void each_tenant_has_its_last(void **state)
{
	char longest[SN_TENANT_MAX + 1] = {};

	memset(longest, 'x', SN_TENANT_MAX);
	assert_null(sn_lasts_at(&lasts, 0));
	put("t1", 1, 1);
	put("t2", 2, 2);
	put("t1", 3, 3);
	put("", 4, 4); /* processes without a policy */
	put(longest, 5, 5);
	assert_int_equal(pid_of("t1"), 3);
	assert_int_equal(pid_of("t2"), 2);
	assert_int_equal(pid_of(""), 4);
	assert_int_equal(pid_of(longest), 5);
	assert_int_equal(lasts.nr, 4);
	sn_lasts_clear(&lasts);
	assert_int_equal(pid_of("t1"), 0);
}

static void who_was_silent_for_longest_is_forgotten(void **state)
{
	char name[16];

	for (int i = 0; i < SN_TENANTS_MAX; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		put(name, i + 1, i + 1);
	}
	put("t0", 9, SN_TENANTS_MAX + 1);
	put("more", 10, SN_TENANTS_MAX + 2);
	assert_int_equal(lasts.nr, SN_TENANTS_MAX);
	assert_int_equal(pid_of("t0"), 9);
	assert_int_equal(pid_of("t1"), 0);
	assert_int_equal(pid_of("t2"), 3);
	assert_int_equal(pid_of("more"), 10);
	sn_lasts_clear(&lasts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tenant_has_its_last),
		cmocka_unit_test(who_was_silent_for_longest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
