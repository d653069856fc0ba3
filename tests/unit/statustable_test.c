// SPDX-License-Identifier: GPL-2.0-only
/* user/statustable.c: what people read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "samples.h"
#include "statustable.h"

static void prints(void (*print)(const struct sn_status *status, FILE *out),
		   const struct sn_status *status, const char *expected)
{
	sn_autofree char *text = printed(print, status);

	assert_string_equal(text, expected);
}

static void has(void (*print)(const struct sn_status *status, FILE *out),
		const struct sn_status *status, const char *part)
{
	sn_autofree char *text = printed(print, status);

	if (!strstr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

static void each_tenant_has_a_line(void **state)
{
	struct sn_status status = sample();

	prints(sn_status_table, &status,
	       "in force: 76 programs, for the cgroups below /sys/fs/cgroup/safenode\n"
	       "2 tenants, 1 running; 12 refusals, of which 7 were not reported\n"
	       "\n"
	       "TENANT  STATE    MODE     USER  PROCS   MEMORY      CPU   REFUSED  MOSTLY          "
	       "DIRECTORY\n"
	       "blog    ended    enforce  -         0        -    1h02m         0                  "
	       "/srv/blog\n"
	       "shop    running  enforce  shop      2    45.2M    3.21s        12  fs.open         "
	       "/srv/shop\n");
}

static void what_is_not_met_comes_first(void **state)
{
	struct sn_status status = sample();

	break_check(&status, false);
	has(sn_status_table, &status, "/safenode\nWEAKENED kernel.ftrace_enabled: 0; set it\n2 ");
	break_check(&status, true);
	has(sn_status_table, &status,
	    "NOT IN FORCE: nothing keeps the tenants from what their policies refuse\n"
	    "MISSING  kernel.ftrace_enabled: 0; set it\n2 tenants");
	status.known = false;
	status.nr_tenants = 0;
	prints(sn_status_table, &status,
	       "NOT IN FORCE\nMISSING  kernel.ftrace_enabled: 0; set it\n");
}

static void those_without_a_policy_come_last(void **state)
{
	struct sn_status status = sample();

	status.nr_tenants = 0;
	status.without_policy.denied[SN_OP_TASK_FORK] = 1;
	prints(sn_status_table, &status,
	       "in force: 76 programs, for the cgroups below /sys/fs/cgroup/safenode\n"
	       "0 tenants, 0 running; 1 refusals, of which 0 were not reported\n"
	       "processes without a policy:\n"
	       "    task.fork                     1 refused\n");
}

/* A tenant's name and directory could be damaged, or chosen to look like another line. */
static void text_of_others_is_one_word(void **state)
{
	struct sn_status status = sample();

	strcpy(status.tenants[1].policy.directory, "/srv/a\nb\x1b[2J");
	has(sn_status_table, &status, "fs.open         /srv/a\\x0ab\\x1b[2J\n");
	has(sn_status_details, &status, "\nshop: /srv/a\\x0ab\\x1b[2J, running\n");
}

static void all_is_told_of_one(void **state)
{
	struct sn_status status = sample();
	struct sn_value value = { .option = "memory-max", .text = "314572800" };

	drift_limit(&status);
	status.tenants++;
	status.nr_tenants = 1;
	status.tenants[0].inforce = (struct sn_inforce){ &value, 1, 1 };
	prints(sn_status_details, &status,
	       "in force: 76 programs, for the cgroups below /sys/fs/cgroup/safenode\n"
	       "\n"
	       "shop: /srv/shop, running\n"
	       "  cgroup     /sys/fs/cgroup/safenode/shop\n"
	       "  mode       enforce\n"
	       "  user       shop\n"
	       "  processes  2, 11 threads: 184 185\n"
	       "  memory     45.2M of 300.0M\n"
	       "  CPU        3.21s\n"
	       "  options in force\n"
	       "    memory-max 314572800\n"
	       "  limits that hold no longer\n"
	       "    pids.max was set to 20, and is gone, for its controller was disabled\n"
	       "  refused\n"
	       "    fs.open                      10 refused\n"
	       "    net.connect                   2 refused\n"
	       "    known                         2 refused, as node and libc always try\n"
	       "    not reported                  4 above 256 a second\n"
	       "    not reported                  3 found the ring full\n");
}

static void numbers_are_short(void **state)
{
	char text[SN_SIZE_TEXT];

	assert_string_equal(sn_size_text(SN_NOT_KNOWN, text), "-");
	assert_string_equal(sn_size_text(0, text), "0");
	assert_string_equal(sn_size_text(1023, text), "1023");
	assert_string_equal(sn_size_text(1024, text), "1.0K");
	assert_string_equal(sn_size_text(1536LL << 20, text), "1.5G");
	assert_string_equal(sn_size_text(5000LL << 40, text), "5000.0T");
	assert_string_equal(sn_cpu_text(SN_NOT_KNOWN, text), "-");
	assert_string_equal(sn_cpu_text(0, text), "0.00s");
	assert_string_equal(sn_cpu_text(59990000, text), "59.99s");
	assert_string_equal(sn_cpu_text(60000000, text), "1m00s");
	assert_string_equal(sn_cpu_text(3600LL * 1000000, text), "1h00m");
	assert_string_equal(sn_cpu_text(100 * 3600LL * 1000000, text), "4d04h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tenant_has_a_line),
		cmocka_unit_test(what_is_not_met_comes_first),
		cmocka_unit_test(those_without_a_policy_come_last),
		cmocka_unit_test(text_of_others_is_one_word),
		cmocka_unit_test(all_is_told_of_one),
		cmocka_unit_test(numbers_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
