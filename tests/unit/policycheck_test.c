// SPDX-License-Identifier: GPL-2.0-only
/* user/policycheck.c: all that is wrong in a file is found, each in its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "policycheck.h"
#include "scratch.h"

static uid_t euid;

uid_t geteuid(void)
{
	return euid;
}

/* The findings as "!LINE OPTION/WHAT: TEXT" without the text of warnings; "!" is wrong. */
static char found[2048];
static char shown[2048];
static bool whole;

static void check(const char *policy)
{
	static char *const command[] = { (char *)"/bin/true", NULL };
	const struct sn_machine machine = {};
	struct sn_checked checked;
	struct sn_err err = {};
	char *text = NULL;
	size_t size;
	FILE *file;

	if (policy) {
		file = fopen(at("policy"), "we");
		fputs(policy, file);
		fclose(file);
	}
	if (sn_policy_check(at("policy"), command, &machine, &checked, &err))
		fail_msg("%s", err.text);
	found[0] = '\0';
	for (size_t i = 0; i < checked.nr; i++)
		if (checked.all[i].wrong)
			sprintf(found + strlen(found), "!%u %s\n", checked.all[i].line,
				checked.all[i].text);
		else
			sprintf(found + strlen(found), "%u %s/%s\n", checked.all[i].line,
				checked.all[i].option, checked.all[i].what);
	file = open_memstream(&text, &size);
	sn_inforce_print(&checked.inforce, file);
	fclose(file);
	snprintf(shown, sizeof(shown), "%s", text);
	free(text);
	whole = checked.whole;
	sn_checked_free(&checked);
}

#define CAREFUL                                                                                \
	"restricted-outgoing-addresses 0.0.0.0/0,::/0\nallowed-outgoing-ports 53\nmemory-max " \
	"64M\npids-max 50\n"
#define CAREFUL_SHOWN                                                                          \
	"restricted-outgoing-addresses ::/0\nallowed-outgoing-ports 53\nmemory-max 67108864\n" \
	"pids-max 50\n"

static int begin(void **state)
{
	euid = 1000;
	return scratch_begin(state);
}

static void what_would_be_in_force_is_shown(void **state)
{
	check(CAREFUL);
	assert_string_equal(found, "");
	assert_string_equal(shown, CAREFUL_SHOWN);
	assert_false(whole);
	check("cgroup t1\ndir /srv/t1\nsafe-mode\nuser app\nread-only /b\nread-only /a\n" CAREFUL);
	assert_string_equal(found, "");
	assert_non_null(strstr(shown, "cgroup t1\ndir /srv/t1\nsafe-mode\nrestricted-"));
	assert_non_null(strstr(shown, "\nuser app\nread-only /a\nread-only /b\nmemory-max"));
}

static void every_wrong_line_is_found(void **state)
{
	check("nope\nmemory-max 1Q\n\npids-max 5\nuser\n");
	assert_non_null(strstr(found, "!1 unknown option 'nope'"));
	assert_non_null(strstr(found, "!2 '1Q' is not a size"));
	assert_non_null(strstr(found, "!5 "));
	assert_string_equal(shown, "");
}

static void what_only_all_lines_tell_is_found(void **state)
{
	check("\nallowed-outgoing-ports 80\n");
	assert_non_null(strstr(found, "!2 --allowed-outgoing-ports without"));
	assert_string_equal(shown, "");
}

static void every_error_has_its_line(void **state)
{
	check("safe-mode yes\nread-only\n--user app\n");
	assert_string_equal(found, "!1 safe-mode takes no value, remove 'yes'\n"
				   "!2 read-only needs a value: PATH\n"
				   "!3 '--user': leave the dashes out\n");
}

static void warnings_have_the_line_that_they_are_about(void **state)
{
	check(CAREFUL "read-only /a\nread-only /etc\n");
	assert_string_equal(found, "6 read-only/wide-path\n");
	check("restricted-outgoing-addresses 0.0.0.0/0,::/0\nallowed-outgoing-ports 53\n");
	assert_string_equal(found, "0 memory-max/no-memory-limit\n0 pids-max/no-pids-limit\n");
}

static void a_file_that_cannot_be_read_is_wrong(void **state)
{
	check(NULL);
	assert_non_null(strstr(found, "!0 cannot open"));
}

/* Only root can open every path. */
static void what_is_named_is_looked_at_as_root(void **state)
{
	char policy[1024];

	if (getuid())
		skip();
	euid = 0;
	chmod(base, 0755);
	mkdir(at("t1"), 0755);
	if (chown(at("t1"), 1234, 1234))
		fail();
	snprintf(policy, sizeof(policy), CAREFUL "dir %s\nread-only /etc/passwd\n", at("t1"));
	check(policy);
	assert_null(strchr(found, '!'));
	assert_true(whole);
	snprintf(policy, sizeof(policy),
		 CAREFUL "dir %s\nread-only /nowhere/at/all\nuser no-such-user\n", at("t1"));
	check(policy);
	assert_non_null(strstr(found, "!7 unknown user 'no-such-user'"));
	assert_non_null(strstr(found, "!6 cannot reach '/nowhere/at/all'"));
	/* beside a wrong line */
	snprintf(policy, sizeof(policy), "nope\ndir %s\nread-only /nowhere/at/all\n", base);
	check(policy);
	assert_non_null(strstr(found, "!1 unknown option"));
	assert_non_null(strstr(found, "!3 cannot reach '/nowhere/at/all'"));
	assert_null(strstr(found, "belongs to root"));
	check(CAREFUL "dir /nowhere\nsupplementary-group no-such-group\n");
	assert_non_null(strstr(found, "!5 cannot reach '/nowhere'"));
}

static void a_file_of_others_is_wrong(void **state)
{
	if (getuid())
		skip();
	euid = 0;
	check(CAREFUL);
	assert_string_equal(found, "");
	if (chown(at("policy"), 1234, 0))
		fail();
	check(CAREFUL);
	assert_non_null(strstr(found, "!0 others than root could replace '"));
	assert_non_null(strstr(found, "belongs to user 1234"));
	assert_string_equal(shown, "");
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, begin, scratch_end)
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(what_would_be_in_force_is_shown),
		IN_SCRATCH(every_wrong_line_is_found),
		IN_SCRATCH(every_error_has_its_line),
		IN_SCRATCH(what_only_all_lines_tell_is_found),
		IN_SCRATCH(warnings_have_the_line_that_they_are_about),
		IN_SCRATCH(a_file_that_cannot_be_read_is_wrong),
		IN_SCRATCH(what_is_named_is_looked_at_as_root),
		IN_SCRATCH(a_file_of_others_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
