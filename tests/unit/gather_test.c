// SPDX-License-Identifier: GPL-2.0-only
/* user/gather.c: what the options name becomes rules, and what is named wrongly is a wrong value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gather.h"
#include "scratch.h"

static struct sn_options options;
static struct sn_gathered gathered;

static int begin(void **state)
{
	int ret = scratch_begin(state);

	options = (struct sn_options){ .tenant = strdup("t1"), .directory = strdup(at("t1")) };
	gathered = SN_GATHERED(&options);
	return ret ?: mkdir(at("t1"), 0700);
}

static int end(void **state)
{
	sn_gathered_free(&gathered);
	sn_options_free(&options);
	return scratch_end(state);
}

static void refused(int ret, const char *text, const struct sn_err *err)
{
	assert_int_equal(ret, -EINVAL);
	if (!strstr(err->text, text))
		fail_msg("the message is \"%s\"", err->text);
}

static void name_directory(const char *path)
{
	free(options.directory);
	options.directory = strdup(path);
}

static void the_directory_is_opened_once(void **state)
{
	struct sn_err err = {};
	struct stat st;

	assert_int_equal(sn_gather_directory(&gathered, &err), 0);
	assert_string_equal(gathered.directory, at("t1"));
	assert_int_equal(fstat(gathered.directory_fd, &st), 0);
	assert_int_equal(st.st_ino, gathered.st.st_ino);
}

static void what_can_be_no_directory_is_a_wrong_value(void **state)
{
	struct sn_err err = {};

	name_directory("/");
	refused(sn_gather_directory(&gathered, &err), "'/' cannot be", &err);
	sn_gathered_free(&gathered);
	name_directory("/proc");
	refused(sn_gather_directory(&gathered, &err), "belongs to the kernel", &err);
	sn_gathered_free(&gathered);
	name_directory(at("nowhere"));
	refused(sn_gather_directory(&gathered, &err), "nowhere", &err);
	make_script("file", "");
	name_directory(at("file"));
	refused(sn_gather_directory(&gathered, &err), "is not a directory", &err);
}

static __u8 access_of(const char *name)
{
	for (size_t i = 0; i < gathered.own.nr_directories; i++)
		if (!strcmp(gathered.own.directories[i].rule.path, at(name)))
			return gathered.own.directories[i].rule.below;
	return 0;
}

static void extra_paths_are_read_or_changed(void **state)
{
	struct sn_err err = {};

	mkdir(at("read"), 0700);
	mkdir(at("write"), 0700);
	options.read_only[options.nr_read_only++] = strdup(at("read"));
	options.read_write[options.nr_read_write++] = strdup(at("write"));
	assert_int_equal(sn_gather_directory(&gathered, &err), 0);
	assert_int_equal(sn_gather_paths(&gathered, &err), 0);
	assert_int_equal(access_of("read"), SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ);
	assert_int_equal(access_of("write"),
			 SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ | SN_MAY_WRITE | SN_MAY_CHANGE);
}

static void an_extra_path_does_not_lead_through_the_directory(void **state)
{
	struct sn_err err = {};

	mkdir(at("t1/inside"), 0700);
	options.read_only[options.nr_read_only++] = strdup(at("t1/inside"));
	assert_int_equal(sn_gather_directory(&gathered, &err), 0);
	refused(sn_gather_paths(&gathered, &err), "leads through it", &err);
}

static void an_extra_path_is_not_the_whole_machine(void **state)
{
	const char *const whole[] = { "/", "/proc", "/srv/../proc/", at("link") };
	struct sn_err err = {};

	assert_int_equal(symlink("/", at("link")), 0);
	assert_int_equal(sn_gather_directory(&gathered, &err), 0);
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		options.read_only[options.nr_read_only++] = strdup(whole[i]);
		refused(sn_gather_paths(&gathered, &err), "no tenant may have all of '/", &err);
		options.read_write[options.nr_read_write++] = options.read_only[0];
		options.nr_read_only = 0;
		refused(sn_gather_paths(&gathered, &err), "no tenant may have all of '/", &err);
		free(options.read_write[--options.nr_read_write]);
	}
}

/* The third option of a file, in its third line. */
static void what_is_wrong_has_its_line(void **state)
{
	struct sn_err err = {};
	char text[300];

	make_script("policy", "read-only /etc\nread-only /etc/passwd\nread-only /no/where\n");
	assert_int_equal(sn_options_read(&options, at("policy"), NULL, &err), 0);
	assert_int_equal(sn_gather_directory(&gathered, &err), 0);
	snprintf(text, sizeof(text), "%s:3: cannot reach '/no/where'", at("policy"));
	refused(sn_gather_paths(&gathered, &err), text, &err);
	make_script("policy", "\nuser no-such-user\n");
	assert_int_equal(sn_options_read(&options, at("policy"), NULL, &err), 0);
	snprintf(text, sizeof(text), "%s:2: unknown user", at("policy"));
	refused(sn_gather_account(&gathered, &err), text, &err);
}

static void a_tenant_is_not_started_by_what_it_can_write(void **state)
{
	struct sn_command command = { .path = (char *)at("t1/node") };
	struct sn_err err = {};

	assert_int_equal(sn_gather_directory(&gathered, &err), 0);
	refused(sn_gather_command(&gathered, &command, &err), "lies in the tenant's directory",
		&err);
	command.path = (char *)at("t10/node");
	assert_int_equal(sn_gather_command(&gathered, &command, &err), 0);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(the_directory_is_opened_once),
		IN_SCRATCH(what_can_be_no_directory_is_a_wrong_value),
		IN_SCRATCH(extra_paths_are_read_or_changed),
		IN_SCRATCH(an_extra_path_is_not_the_whole_machine),
		IN_SCRATCH(an_extra_path_does_not_lead_through_the_directory),
		IN_SCRATCH(what_is_wrong_has_its_line),
		IN_SCRATCH(a_tenant_is_not_started_by_what_it_can_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
