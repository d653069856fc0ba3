// SPDX-License-Identifier: GPL-2.0-only
/* user/usage.c on files that read as those of a cgroup. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "usage.h"

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void what_the_cgroup_counts_is_read(void **state)
{
	struct sn_usage usage;

	put("memory.current", "4096000\n");
	put("memory.max", "314572800\n");
	put("cpu.stat", "nr_usage_usec 1\nusage_usec 123456\nuser_usec 100000\n");
	put("pids.current", "11\n");
	put("cgroup.procs", "");
	assert_int_equal(sn_usage_read(base, &usage), 0);
	assert_int_equal(usage.memory, 4096000);
	assert_int_equal(usage.memory_max, 314572800);
	assert_int_equal(usage.cpu_usec, 123456);
	assert_int_equal(usage.threads, 11);
	assert_int_equal(usage.nr_pids, 0);
	assert_false(usage.has_user);
	sn_usage_free(&usage);
}

static void nothing_is_known_without_controllers_or_a_cgroup(void **state)
{
	struct sn_usage usage;

	put("cpu.stat", "usage_usec 7\n");
	put("memory.max", "max\n");
	assert_int_equal(sn_usage_read(base, &usage), 0);
	assert_int_equal(usage.memory, SN_NOT_KNOWN);
	assert_int_equal(usage.memory_max, SN_NOT_KNOWN);
	assert_int_equal(usage.threads, SN_NOT_KNOWN);
	assert_int_equal(usage.cpu_usec, 7);
	assert_int_equal(sn_usage_read(at("missing"), &usage), 0);
	assert_int_equal(usage.cpu_usec, SN_NOT_KNOWN);
	assert_int_equal(usage.nr_pids, 0);
}

/* More than fit into what is read at once, and this process is the first. */
static void the_user_is_that_of_the_first_process(void **state)
{
	struct sn_usage usage;
	char list[4096];
	size_t len = snprintf(list, sizeof(list), "%d\n", getpid());

	for (int i = 1; i < 500; i++)
		len += snprintf(list + len, sizeof(list) - len, "%d\n", 100000 + i);
	put("cgroup.procs", list);
	assert_int_equal(sn_usage_read(base, &usage), 0);
	assert_int_equal(usage.nr_pids, 500);
	assert_int_equal(usage.pids[0], getpid());
	assert_int_equal(usage.pids[499], 100499);
	assert_true(usage.has_user);
	assert_int_equal(usage.user, getuid());
	assert_int_equal(usage.group, getgid());
	sn_usage_free(&usage);
	/* one that has ended meanwhile */
	put("cgroup.procs", "4194304\n");
	assert_int_equal(sn_usage_read(base, &usage), 0);
	assert_int_equal(usage.nr_pids, 1);
	assert_false(usage.has_user);
	sn_usage_free(&usage);
}

static void the_real_user_and_all_groups_are_taken(void **state)
{
	char status[] = "Name:\tUid: 5\nUid:\t998\t0\t0\t0\nGid:\t997\t0\t0\t0\n"
			"FDSize:\t64\nGroups:\t4 20 997 \nThreads:\t1\n";
	char half[] = "Uid:\t998\t0\t0\t0\n";
	struct sn_usage usage = {};

	assert_true(sn_usage_take_user(status, &usage));
	assert_int_equal(usage.user, 998);
	assert_int_equal(usage.group, 997);
	assert_int_equal(usage.nr_groups, 3);
	assert_int_equal(usage.groups[2], 997);
	sn_usage_free(&usage);
	assert_false(sn_usage_take_user(half, &usage));
	assert_false(usage.has_user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_cgroup_counts_is_read, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(nothing_is_known_without_controllers_or_a_cgroup,
						scratch_begin, scratch_end),
		cmocka_unit_test_setup_teardown(the_user_is_that_of_the_first_process,
						scratch_begin, scratch_end),
		cmocka_unit_test(the_real_user_and_all_groups_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
