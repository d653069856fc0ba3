// SPDX-License-Identifier: GPL-2.0-only
/* user/report.c: what is in it, and what of tenants and the machine is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "report.h"
#include "samples.h"

static void without_names(const struct sn_status *status, FILE *out)
{
	sn_report(status, false, out);
}

static void with_names(const struct sn_status *status, FILE *out)
{
	sn_report(status, true, out);
}

static struct sn_status weakened(void)
{
	struct sn_status status = sample();

	strcpy(status.checks[0].found, "hold no longer for shop");
	status.checks[0].id = "limits";
	status.checks[0].met = false;
	return status;
}

static void tenants_are_numbers(void **state)
{
	struct sn_status status = weakened();
	sn_autofree char *text = printed(without_names, &status);

	assert_non_null(strstr(text, "\ntenant 1: ended, enforce, 0 processes, "));
	assert_non_null(strstr(text, "\ntenant 2: running, enforce, 2 processes, memory 45.2M, CPU "
				     "3.21s, 0 limits do not hold; fs.open=10 net.connect=2 "
				     "known=2 lost=3 suppressed=4\n"));
	assert_non_null(strstr(text, ": not of all tenants"));
	assert_non_null(strstr(text, "\npolicies: 2 of 16384 entries\n"));
	assert_null(strstr(text, "shop"));
	assert_null(strstr(text, "/srv"));
	assert_null(strstr(text, "998"));
}

static void tenants_have_names_where_that_is_asked_for(void **state)
{
	struct sn_status status = weakened();
	sn_autofree char *text = printed(with_names, &status);

	assert_non_null(strstr(text, "\nshop: /srv/shop, running\n"));
	assert_non_null(strstr(text, ": hold no longer for shop"));
}

/* Others have secrets there: root=, a key for an encrypted disk */
static void of_the_boot_only_what_matters_is_told(void **state)
{
	assert_true(sn_report_boot_word("lsm=lockdown,bpf"));
	assert_true(sn_report_boot_word("cgroup_no_v1=all"));
	assert_true(sn_report_boot_word("mitigations=off"));
	assert_false(sn_report_boot_word("root=UUID=1"));
	assert_false(sn_report_boot_word("ro"));
	assert_false(sn_report_boot_word("rd.luks.key=/secret"));
	assert_false(sn_report_boot_word(""));
}

static void expect_message(const char *record, const char *expected)
{
	char text[256], *message;

	snprintf(text, sizeof(text), "%s", record);
	message = sn_report_message(text, "/safenode");
	if (expected)
		assert_string_equal(message, expected);
	else
		assert_null(message);
}

/* A tenant that is in its unit: its name is in both names. */
static void nothing_of_a_unit_is_named(void **state)
{
	expect_message("6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),"
		       "oom_memcg=/system.slice/safenode@shop.service,"
		       "task_memcg=/system.slice/safenode@shop.service/shop,task=node,pid=160\n",
		       "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/,"
		       "task_memcg=/");
	expect_message("6,1,2,-;safenode: /safenode.slice/a.scope and /sys/fs/bpf\n",
		       "safenode: / and /sys/fs/bpf");
}

static void of_the_kernels_messages_only_those_about_it(void **state)
{
	expect_message("6,1,2,-;LSM: initializing lsm=lockdown,bpf\n", "LSM: initializing "
								       "lsm=lockdown,bpf");
	expect_message("4,1,2,-;WARNING: at bpf_trampoline_link_prog+0x1/0x2\n SUBSYSTEM=x\n",
		       "WARNING: at bpf_trampoline_link_prog+0x1/0x2");
	expect_message("5,1,2,-;audit: type=1334 prog-id=12 op=LOAD comm=\"bpftool\"\n", NULL);
	expect_message("6,1,2,-;eth0: link up\n", NULL);
	expect_message("no record", NULL);
	/* systemd writes there until there is a journal */
	expect_message("30,1,2,-;systemd[1]: Started safenode@shop.service - Tenant shop.\n", NULL);
	/* the words of the command line are chosen one by one */
	expect_message("5,1,2,-;Kernel command line: root=/dev/vda rd.luks.key=/secret lsm=bpf\n",
		       NULL);
	expect_message("6,1,2,-;Command line: rd.luks.key=/secret lsm=lockdown,bpf\n", NULL);
	expect_message(
		"5,1,2,-;Unknown kernel command line parameters \"bpf=secret\", will be passed "
		"to user space.\n",
		NULL);
}

/* As the kernel names the cgroup of a process that it killed for memory */
static void names_of_tenants_are_masked(void **state)
{
	expect_message("6,1,2,-;oom-kill:cpuset=/,oom_memcg=/safenode/shop,task_memcg=/safenode/"
		       "shop,task=node,pid=160,uid=2001\n",
		       "oom-kill:cpuset=/,oom_memcg=/safenode/,task_memcg=/safenode/");
	expect_message("6,1,2,-;in /safenode and /safenode/a.b-c\n", "in /safenode and /safenode/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tenants_are_numbers),
		cmocka_unit_test(tenants_have_names_where_that_is_asked_for),
		cmocka_unit_test(of_the_boot_only_what_matters_is_told),
		cmocka_unit_test(of_the_kernels_messages_only_those_about_it),
		cmocka_unit_test(names_of_tenants_are_masked),
		cmocka_unit_test(nothing_of_a_unit_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
