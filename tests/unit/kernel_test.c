// SPDX-License-Identifier: GPL-2.0-only
/* What --check makes of the texts by which kernels tell what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel.h"

#define DEBIAN_12 "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-08-01)"
#define BUILT	  "#1 SMP PREEMPT Tue Aug 29 00:00:00 UTC 2023"

static void expect_version(const char *release, const char *version, const char *signature,
			   const char *found, bool met)
{
	struct sn_requirement req = {};

	sn_kernel_judge_version(release, version, signature, &req);
	assert_string_equal(req.what, "kernel version");
	assert_int_equal(req.met, met);
	assert_string_equal(req.found, found);
	assert_int_equal(!strncmp(req.cure, "run Linux 6.1.54", 16), !met);
}

static void kernels_before_6_1_54_are_refused(void **state)
{
	expect_version("6.1.53", BUILT, "", "6.1.53", false);
	expect_version("6.1.9-arch1-1", BUILT, "", "6.1.9", false);
	expect_version("6.1", BUILT, "", "6.1.0", false);
	expect_version("6.1.0-rc8+", BUILT, "", "6.1.0", false);
	expect_version("6.0.19", BUILT, "", "6.0.19", false);
	expect_version("5.15.179", BUILT, "", "5.15.179", false);
	expect_version("4.18.0-553.el8.x86_64", BUILT, "", "4.18.0", false);
	expect_version("5.99.99", BUILT, "", "5.99.99", false);
}

static void kernels_from_6_1_54_on_are_not(void **state)
{
	expect_version("6.1.54", BUILT, "", "6.1.54", true);
	expect_version("6.1.155-178.amzn2023.x86_64", BUILT, "", "6.1.155", true);
	expect_version("6.2.0", BUILT, "", "6.2.0", true);
	expect_version("6.12.0-1.el10.x86_64", BUILT, "", "6.12.0", true);
	expect_version("6.10.1", BUILT, "", "6.10.1", true);
	expect_version("7.0-rc1", BUILT, "", "7.0.0", true);
	expect_version("7.3.4+deb14-cloud-amd64", "#1 SMP Debian 7.3.4-1 (2026-09-01)", "", "7.3.4",
		       true);
	expect_version("10.0.1", BUILT, "", "10.0.1", true);
}

static void debians_version_is_behind_its_release(void **state)
{
	expect_version("6.1.0-56-cloud-amd64", DEBIAN_12, "", "6.1.192", true);
	expect_version("6.1.0-11-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.38-4 (2023-08-08)", "",
		       "6.1.38", false);
	expect_version("6.1.0-13-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 (2023-09-29)", "",
		       "6.1.55", true);
	expect_version("6.12.95+deb12-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.12.95-1~bpo12+1", "",
		       "6.12.95", true);
	/* a user's own build, on Debian */
	expect_version("6.1.20", "#2 SMP Debian GNU/Linux", "", "6.1.20", false);
}

static void ubuntus_version_is_in_its_signature(void **state)
{
	expect_version("6.5.0-45-generic", "#45~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC",
		       "Ubuntu 6.5.0-45.45~22.04.1-generic 6.5.13", "6.5.13", true);
	expect_version("6.1.0-1010-oem", "#10-Ubuntu SMP", "Ubuntu 6.1.0-1010.10-oem 6.1.6",
		       "6.1.6", false);
	expect_version("6.1.0-1035-oem", "#35-Ubuntu SMP", "Ubuntu 6.1.0-1035.35-oem 6.1.57",
		       "6.1.57", true);
}

static void another_kernels_version_does_not_count(void **state)
{
	expect_version("6.1.0-1-custom", "#1 SMP Debian 6.12.5-1", "", "6.1.0", false);
	expect_version("6.1.0-1-custom", BUILT, "Ubuntu 6.2.0-1 6.2.16", "6.1.0", false);
	expect_version("6.1.0-1-custom", BUILT, "Ubuntu ", "6.1.0", false);
	expect_version("6.1.0-1-custom", "Debian ", "Ubuntu", "6.1.0", false);
}

static void what_is_no_version_is_refused(void **state)
{
	expect_version("", "", "", "'' is none", false);
	expect_version("linux", DEBIAN_12, "", "'linux' is none", false);
}

static void expect_lockdown(const char *line, const char *found, bool met)
{
	struct sn_requirement req = {};

	sn_kernel_judge_lockdown(line, &req);
	assert_string_equal(req.what, "lockdown");
	assert_int_equal(req.met, met);
	if (met)
		assert_string_equal(req.found, found);
	else
		assert_non_null(strstr(req.cure, "boot without lockdown=confidentiality"));
	assert_memory_equal(req.found, found, strlen(found));
}

static void lockdown_keeps_programs_from_reading_only_for_confidentiality(void **state)
{
	expect_lockdown("[none] integrity confidentiality", "none", true);
	expect_lockdown("none [integrity] confidentiality", "integrity", true);
	expect_lockdown("none integrity [confidentiality]", "confidentiality: ", false);
}

static void an_unknown_lockdown_is_refused(void **state)
{
	expect_lockdown("none integrity [more] confidentiality", "more: ", false);
	expect_lockdown("none integrity confidentiality", ": ", false);
	expect_lockdown("[", ": ", false);
	expect_lockdown("", ": ", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_before_6_1_54_are_refused),
		cmocka_unit_test(kernels_from_6_1_54_on_are_not),
		cmocka_unit_test(debians_version_is_behind_its_release),
		cmocka_unit_test(ubuntus_version_is_in_its_signature),
		cmocka_unit_test(another_kernels_version_does_not_count),
		cmocka_unit_test(what_is_no_version_is_refused),
		cmocka_unit_test(lockdown_keeps_programs_from_reading_only_for_confidentiality),
		cmocka_unit_test(an_unknown_lockdown_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
