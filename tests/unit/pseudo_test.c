// SPDX-License-Identifier: GPL-2.0-only
/* user/pseudo.c: what is read of the kernel's file systems, and nothing beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pseudo.h"

static struct sn_rules rules;

/* What is granted on the file or link at that path; 0: nothing. */
static __u32 granted(const char *path)
{
	for (size_t i = 0; i < rules.nr_names; i++)
		if (!strcmp(rules.names[i].rule.path, path))
			return rules.names[i].rule.access;
	return 0;
}

static __u32 below(const char *path)
{
	for (size_t i = 0; i < rules.nr_directories; i++)
		if (!strcmp(rules.directories[i].rule.path, path))
			return rules.directories[i].rule.below;
	return 0;
}

static void files_are_read_and_never_written(void **state)
{
	assert_int_equal(sn_pseudo_places(&rules), 0);
	assert_int_equal(granted("/proc/meminfo"), SN_MAY_STAT | SN_MAY_READ);
	assert_int_equal(granted("/proc/self"), SN_MAY_STAT);
	assert_int_equal(granted("/proc/kcore"), 0);
	assert_int_equal(below("/proc"), 0);
	assert_int_equal(below("/sys"), 0);
	assert_int_equal(below("/dev"), 0);
	for (size_t i = 0; i < rules.nr_directories; i++)
		assert_false((rules.directories[i].rule.access | rules.directories[i].rule.below) &
			     (SN_MAY_WRITE | SN_MAY_CHANGE | SN_MAY_MAP | SN_MAY_START));
	for (size_t i = 0; i < rules.nr_names; i++)
		assert_false(rules.names[i].rule.access &
			     (SN_MAY_WRITE | SN_MAY_CHANGE | SN_MAY_MAP | SN_MAY_START));
	sn_rules_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_and_never_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
