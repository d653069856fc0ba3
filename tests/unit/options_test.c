// SPDX-License-Identifier: GPL-2.0-only
/* user/options.c: what the options mean, and what is said about those that mean nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"

static const struct sn_opt *row(const struct sn_opt *opts, const char *name)
{
	while (opts->name && strcmp(opts->name, name))
		opts++;
	return opts->name ? opts : NULL;
}

/* What the option --@name does with @value. */
static int set(struct sn_options *options, const char *name, const char *value, struct sn_err *err)
{
	const struct sn_opt *opt = row(sn_attach_opts, name);

	assert_non_null(opt);
	assert_int_equal(!opt->arg, !value);
	return opt->set(options, value, err);
}

static void take(struct sn_options *options, const char *name, const char *value)
{
	struct sn_err err = {};
	int error = set(options, name, value, &err);

	if (error)
		fail_msg("--%s %s: %s", name, value, err.text);
}

/* One line that names @value and says @cure; and nothing has changed. */
static void refuse_after(struct sn_options *options, const char *name, const char *value,
			 const char *cure)
{
	struct sn_options before = *options;
	struct sn_err err = {};

	assert_int_equal(set(options, name, value, &err), -EINVAL);
	if (!strstr(err.text, value) || !strstr(err.text, cure) || strchr(err.text, '\n'))
		fail_msg("--%s %s: the message is \"%s\"", name, value, err.text);

	before.restricted.rules = options->restricted.rules;
	before.outgoing.ranges = options->outgoing.ranges;
	before.listen.ranges = options->listen.ranges;
	assert_memory_equal(options, &before, sizeof(before));
}

static void refuse(const char *name, const char *value, const char *cure)
{
	struct sn_options options = {};

	refuse_after(&options, name, value, cure);
	sn_options_free(&options);
}

#define ADDRESSES "restricted-outgoing-addresses"
#define PORTS	  "allowed-outgoing-ports"

static void lists_accumulate(void **state)
{
	struct sn_options options = {};

	take(&options, ADDRESSES, "10.0.0.0/8");
	take(&options, ADDRESSES, "self");
	take(&options, PORTS, "80,443");
	take(&options, PORTS, "8000-8100");
	assert_true(options.restricted.nr > 1 && options.restricted.self);
	assert_int_equal(options.outgoing.nr, 3);
	assert_int_equal(options.listen.nr, 0);
	assert_false(options.restrict_listen);
	take(&options, "allowed-listen-ports", "3000");
	assert_int_equal(options.listen.nr, 1);
	assert_true(options.restrict_listen);
	assert_int_equal(options.outgoing.nr, 3);
	sn_options_free(&options);
	refuse(ADDRESSES, "10.0.0.1/8", "use 10.0.0.0/8");
	refuse(PORTS, "0", "1 to 65535");
	refuse("allowed-listen-ports", "0", "1 to 65535");
}

static void a_containers_label_is_shown(void **state)
{
	assert_int_equal(sn_check_shown_name("t1", NULL), 0);
	assert_int_equal(sn_check_shown_name("shop/web-1/node", NULL), 0);
	assert_int_equal(sn_check_shown_name("container/x", NULL), 0);
	assert_int_equal(sn_check_shown_name("1000:t1", NULL), 0);
	assert_int_equal(sn_check_shown_name("x:t1", NULL), -EINVAL);
	assert_int_equal(sn_check_shown_name(":t1", NULL), -EINVAL);
	assert_int_equal(sn_check_shown_name("1000:", NULL), -EINVAL);
	assert_int_equal(sn_check_shown_name("1000:1:t1", NULL), -EINVAL);
	assert_int_equal(sn_check_shown_name("/x", NULL), -EINVAL);
	assert_int_equal(sn_check_shown_name("a/b c", NULL), -EINVAL);
	assert_int_equal(sn_check_shown_name("", NULL), -EINVAL);
}

static void names_of_tenants_are_plain(void **state)
{
	char longest[65] = {};

	memset(longest, 'a', 63);
	assert_int_equal(sn_check_tenant_name("t1", NULL), 0);
	assert_int_equal(sn_check_tenant_name("A_b-c.9", NULL), 0);
	assert_int_equal(sn_check_tenant_name("_", NULL), 0);
	assert_int_equal(sn_check_tenant_name("1000:t1", NULL), -EINVAL);
	assert_int_equal(sn_check_tenant_name(longest, NULL), 0);
	longest[63] = 'a';
	refuse("cgroup", longest, "1 to 63");
	refuse("cgroup", "", "1 to 63");
	refuse("cgroup", ".", "do not begin");
	refuse("cgroup", "..", "do not begin");
	refuse("cgroup", "-x", "do not begin");
	refuse("cgroup", "pid-backup", "choose another");
	refuse("cgroup", "a/b", "A-Z");
	refuse("cgroup", "a b", "A-Z");
	refuse("cgroup", "t\xc3\xa9", "A-Z");
}

static void what_stands_for_one_thing_is_given_once(void **state)
{
	static const char *const pairs[][3] = {
		{ "cgroup", "t1", "t2" },     { "dir", "/a", "/b" },	{ "user", "alice", "1000" },
		{ "memory-max", "1M", "2M" }, { "pids-max", "1", "2" }, { "cpu-max", "10%", "20%" },
	};
	struct sn_options options = {};
	struct sn_err err;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		take(&options, pairs[i][0], pairs[i][1]);
		assert_int_equal(set(&options, pairs[i][0], pairs[i][2], &err), -EINVAL);
		assert_non_null(strstr(err.text, "given twice"));
	}
	assert_string_equal(options.tenant, "t1");
	assert_string_equal(options.directory, "/a");
	assert_string_equal(options.user, "alice");
	sn_options_free(&options);
	refuse("dir", "", "empty");
	refuse("user", "", "empty");
}

static void switches_may_be_repeated(void **state)
{
	struct sn_options options = {};

	take(&options, "safe-mode", NULL);
	take(&options, "safe-mode", NULL);
	take(&options, "log-granted", NULL);
	assert_true(options.safe_mode);
	assert_true(options.log_granted);
	sn_options_free(&options);
}

static void paths_groups_and_descriptors_accumulate(void **state)
{
	struct sn_options options = {};

	take(&options, "read-only", "/a");
	take(&options, "read-only", "/b");
	take(&options, "read-write", "/c");
	take(&options, "keep-fd", "3");
	take(&options, "keep-fd", "100");
	take(&options, "keep-fd", "3");
	assert_int_equal(options.nr_read_only, 2);
	assert_string_equal(options.read_only[1], "/b");
	assert_int_equal(options.nr_read_write, 1);
	assert_int_equal(options.nr_keep_fd, 2);
	assert_int_equal(options.keep_fd[1], 100);
	take(&options, "supplementary-group", "www");
	take(&options, "supplementary-group", "33");
	assert_int_equal(options.nr_groups, 2);
	assert_string_equal(options.groups[1], "33");
	while (options.nr_groups < SN_GROUPS_MAX)
		take(&options, "supplementary-group", "www");
	refuse_after(&options, "supplementary-group", "disk", "one too many");
	while (options.nr_read_only < SN_PATHS_MAX)
		take(&options, "read-only", "/a");
	refuse_after(&options, "read-only", "/d", "one too many");
	for (int fd = 200; options.nr_keep_fd < SN_FDS_MAX; fd++) {
		char text[12];

		snprintf(text, sizeof(text), "%d", fd);
		take(&options, "keep-fd", text);
	}
	refuse_after(&options, "keep-fd", "99", "one too many");
	sn_options_free(&options);
	refuse("read-write", "", "empty");
	refuse("supplementary-group", "", "empty");
	refuse("keep-fd", "2", "above 2");
	refuse("keep-fd", "-1", "above 2");
	refuse("keep-fd", "x", "above 2");
	refuse("keep-fd", "2147483648", "above 2");
}

static void assert_limit(const char *name, const char *value, const char *expected)
{
	struct sn_options options = {};

	take(&options, name, value);
	if (!strcmp(name, "memory-max"))
		assert_string_equal(options.memory_max, expected);
	else if (!strcmp(name, "cpu-max"))
		assert_string_equal(options.cpu_max, expected);
	else
		assert_string_equal(options.pids_max, expected);
	sn_options_free(&options);
}

static void limits_become_what_cgroup_files_take(void **state)
{
	assert_limit("memory-max", "1", "1");
	assert_limit("memory-max", "4K", "4096");
	assert_limit("memory-max", "512M", "536870912");
	assert_limit("memory-max", "2G", "2147483648");
	assert_limit("memory-max", "max", "max");
	assert_limit("cpu-max", "50%", "50000 100000");
	assert_limit("cpu-max", "1%", "1000 100000");
	assert_limit("cpu-max", "400%", "400000 100000");
	assert_limit("cpu-max", "5000 1000000", "5000 1000000");
	assert_limit("pids-max", "64", "64");
	assert_limit("pids-max", "max", "max");
}

static void bad_limits_are_refused(void **state)
{
	static const char *const sizes[] = { "",
					     "0",
					     "-1",
					     "M",
					     "12T",
					     "12MB",
					     "1.5G",
					     "4k",
					     "MAX",
					     "1 M",
					     "18446744073709551616",
					     "18014398509481984K",
					     "9999999999999999999999999" };
	static const char *const shares[] = { "",    "0%",    "50",	      "%",	    "50%%",
					      "-5%", "5 5",   "999 100000",   "1000 999",   "5000 ",
					      "max", " 5000", "5000 1000001", "5000  10000" };
	static const char *const counts[] = { "", "0", "-1", "x", "4194305", "1K" };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		refuse("memory-max", sizes[i], "512M");
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		refuse("cpu-max", shares[i], "50%");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		refuse("pids-max", counts[i], "4194304");
}

/* ---- files ---- */

/* Writes @text to a temporary file and lets --policy read it. */
static int set_file(struct sn_options *options, const char *text, struct sn_err *err)
{
	char path[] = "/tmp/policy_test.XXXXXX";
	int fd = mkstemp(path), error;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	error = set(options, "policy", path, err);
	unlink(path);
	return error;
}

static void a_file_has_the_same_options(void **state)
{
	struct sn_options options = {};
	struct sn_err err = {};

	assert_int_equal(set_file(&options,
				  "# a tenant\n"
				  "cgroup t1\n"
				  "safe-mode\n"
				  "restricted-outgoing-addresses=10.0.0.0/8,self # all of it\n"
				  "cpu-max 5000 10000\n",
				  &err),
			 0);
	take(&options, ADDRESSES, "192.0.2.7");
	assert_string_equal(options.tenant, "t1");
	assert_true(options.safe_mode && options.restricted.self);
	assert_string_equal(options.cpu_max, "5000 10000");
	assert_false(options.in_file);
	sn_options_free(&options);
}

static void a_file_that_others_can_change_is_refused(void **state)
{
	struct sn_options options = {};
	struct sn_err err = {};
	char path[] = "/tmp/policy_test.XXXXXX";
	int fd = mkstemp(path);

	if (geteuid()) {
		unlink(path);
		skip();
	}
	assert_int_equal(write(fd, "safe-mode\n", 10), 10);
	assert_int_equal(fchmod(fd, 0602), 0);
	close(fd);
	assert_int_equal(set(&options, "policy", path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "can be written by everyone; chmod o-w it; or keep pol"));
	assert_false(options.safe_mode);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(set(&options, "policy", path, &err), 0);
	assert_true(options.safe_mode);
	unlink(path);
	sn_options_free(&options);
}

static void a_file_names_no_further_file(void **state)
{
	struct sn_options options = {};
	struct sn_err err = {};

	assert_int_equal(set_file(&options, "safe-mode\npolicy /etc/other\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, ":2: '/etc/other': a policy file cannot name another"));
	assert_false(options.in_file);
	assert_int_equal(set_file(&options, "allowed-outgoing-ports 0\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, ":1: '0' is not a port"));
	sn_options_free(&options);
}

static void observing_lifts_no_policy_file_that_does_not_say_so(void **state)
{
	static const char complete[] = "cgroup t\ndir /d\nsafe-mode\n";
	struct sn_options options = {};
	struct sn_err err = {};

	assert_int_equal(set_file(&options, complete, &err), 0);
	assert_int_equal(sn_options_check(&options, &err), 0);
	take(&options, "observe", NULL);
	assert_int_equal(sn_options_check(&options, &err), -EINVAL);
	assert_non_null(strstr(err.text, "write 'observe' into the file"));
	sn_options_free(&options);

	assert_int_equal(set_file(&options, "observe\n", &err), 0); /* before it as well */
	assert_int_equal(set_file(&options, complete, &err), 0);
	assert_int_equal(sn_options_check(&options, &err), -EINVAL);
	sn_options_free(&options);

	take(&options, "observe", NULL); /* before the file as well */
	assert_int_equal(set_file(&options, complete, &err), 0);
	assert_int_equal(set_file(&options, "observe\n", &err), 0); /* another one says so */
	assert_int_equal(sn_options_check(&options, &err), -EINVAL);
	sn_options_free(&options);

	assert_int_equal(set_file(&options, complete, &err), 0);
	assert_int_equal(set_file(&options, "observe\n", &err), 0);
	assert_int_equal(sn_options_check(&options, &err), -EINVAL);
	sn_options_free(&options);

	assert_int_equal(set_file(&options, "cgroup t\ndir /d\nsafe-mode\nobserve\n", &err), 0);
	take(&options, "observe", NULL);
	assert_int_equal(sn_options_check(&options, &err), 0);
	assert_true(options.observe);
	sn_options_free(&options);
}

/* ---- all of them together ---- */

/* The options "a=b c d=e" given together. */
static int check(const char *given, struct sn_err *err)
{
	char *copy = strdup(given), *rest = copy, *word;
	struct sn_options options = {};
	int error;

	while ((word = strsep(&rest, " "))) {
		char *name = strsep(&word, "=");

		take(&options, name, word);
	}
	error = sn_options_check(&options, err);
	sn_options_free(&options);
	free(copy);
	return error;
}

static void incomplete_options_are_refused(void **state)
{
	struct sn_err err = {};

	assert_int_equal(check("cgroup=t dir=/d safe-mode", &err), 0);
	assert_int_equal(check("cgroup=t dir=/d memory-max=1G", &err), 0);
	assert_int_equal(check("dir=/d safe-mode", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--cgroup"));
	assert_int_equal(check("cgroup=t safe-mode", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--dir"));
}

static void restrictions_need_safe_mode(void **state)
{
	static const char *const restricting[] = {
		ADDRESSES "=::1", PORTS "=80",	   "allowed-listen-ports=80",
		"read-only=/a",	  "read-write=/a", "user=u",
		"log-granted",	  "observe",	   "supplementary-group=g",
		"warm",
	};
	struct sn_err err = {};

	for (size_t i = 0; i < sizeof(restricting) / sizeof(restricting[0]); i++) {
		char given[128], message[64];

		snprintf(given, sizeof(given), "cgroup=t dir=/d %s", restricting[i]);
		snprintf(message, sizeof(message), "--%.*s without --safe-mode",
			 (int)strcspn(restricting[i], "="), restricting[i]);
		assert_int_equal(check(given, &err), -EINVAL);
		assert_non_null(strstr(err.text, message));
	}
}

static void what_a_policy_says_of_files_and_addresses_comes_when_it_is_narrowed(void **state)
{
	static const char *const later[] = {
		ADDRESSES "=::1", PORTS "=80",	   "allowed-listen-ports=80",
		"read-only=/a",	  "read-write=/a", "log-granted",
	};
	struct sn_err err = {};

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		char given[128], message[64];

		snprintf(given, sizeof(given), "cgroup=t dir=/d safe-mode warm %s", later[i]);
		snprintf(message, sizeof(message), "--%.*s says nothing of a tenant that is warm",
			 (int)strcspn(later[i], "="), later[i]);
		assert_int_equal(check(given, &err), -EINVAL);
		assert_non_null(strstr(err.text, message));
	}
	assert_int_equal(check("cgroup=t dir=/d safe-mode warm memory-max=1G", &err), 0);
	assert_int_equal(check("cgroup=t safe-mode narrow read-only=/a", &err), 0);
	assert_int_equal(check("cgroup=t dir=/d safe-mode narrow", &err), 0);
}

static void one_of_warm_narrow_and_replace_is_given(void **state)
{
	struct sn_err err = {};

	assert_int_equal(check("cgroup=t dir=/d safe-mode warm narrow", &err), -EINVAL);
	assert_int_equal(check("cgroup=t dir=/d safe-mode warm replace", &err), -EINVAL);
	assert_int_equal(check("cgroup=t dir=/d safe-mode narrow replace", &err), -EINVAL);
	assert_non_null(strstr(err.text, "give one of them"));
	assert_int_equal(check("cgroup=t dir=/d safe-mode warm observe", &err), -EINVAL);
	assert_int_equal(check("cgroup=t dir=/d safe-mode narrow observe", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--observe with --narrow"));
}

static void ports_without_addresses_are_refused(void **state)
{
#define COMPLETE "cgroup=t dir=/d safe-mode "
	struct sn_err err = {};

	assert_int_equal(check(COMPLETE PORTS "=80", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--" ADDRESSES " 0.0.0.0/0,::/0"));
	assert_int_equal(check(COMPLETE PORTS "=80 " ADDRESSES "=::/0", &err), 0);
	assert_int_equal(check(COMPLETE ADDRESSES "=::/0", &err), 0);
}

static void the_dropin_takes_a_part_of_the_same_options(void **state)
{
	for (const struct sn_opt *opt = sn_dropin_opts; opt->name; opt++) {
		const struct sn_opt *same = row(sn_attach_opts, opt->name);

		assert_non_null(same);
		assert_ptr_equal(same->set, opt->set);
	}
	assert_null(row(sn_dropin_opts, "policy"));
	assert_non_null(row(sn_dropin_opts, "user"));
}

static void write_policy(char path[64], const char *text)
{
	int fd;

	strcpy(path, "/tmp/options_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Whatever is found wrong later. */
static void what_is_from_a_file_has_its_line(void **state)
{
	struct sn_options options = {};
	struct sn_err err = {}, why = { .text = "is bad" };
	char path[64], where[160];

	write_policy(path, "\nread-only /a\nread-write /b\nread-only /c\nuser app\n"
			   "allowed-outgoing-ports 80\n");
	take(&options, "read-only", "/first");
	take(&options, "policy", path);
	snprintf(where, sizeof(where), "%s:4", path);
	assert_null(sn_options_where(&options, "read-only", 0));
	assert_string_equal(sn_options_where(&options, "read-only", 2), where);
	assert_null(sn_options_where(&options, "read-only", 3));
	snprintf(where, sizeof(where), "%s:3", path);
	assert_string_equal(sn_options_where(&options, "read-write", 0), where);
	assert_int_equal(sn_options_blame(&options, "user", 0, -EINVAL, &why, &err), -EINVAL);
	snprintf(where, sizeof(where), "%s:5: is bad", path);
	assert_string_equal(err.text, where);
	assert_int_equal(sn_options_blame(&options, "read-only", 0, -EPERM, &why, &err), -EPERM);
	assert_string_equal(err.text, "is bad");
	assert_int_equal(sn_options_blame(&options, "user", 0, 0, &why, &err), 0);
	take(&options, "cgroup", "t1");
	take(&options, "dir", "/srv/t1");
	assert_int_equal(sn_options_check(&options, &err), -EINVAL);
	snprintf(where, sizeof(where), "%s:6: --allowed-outgoing-ports without --safe-mode", path);
	assert_memory_equal(err.text, where, strlen(where));
	take(&options, "safe-mode", NULL);
	assert_int_equal(sn_options_check(&options, &err), -EINVAL);
	snprintf(where, sizeof(where), "%s:6: --allowed-outgoing-ports without --restricted", path);
	assert_memory_equal(err.text, where, strlen(where));
	assert_int_equal(sn_options_check_alone(&options, &err), -EINVAL);
	take(&options, "restricted-outgoing-addresses", "::1");
	assert_int_equal(sn_options_check_alone(&options, &err), 0);
	unlink(path);
	sn_options_free(&options);
}

static void no_file_says_that_it_replaces_or_of_whom_it_is_the_policy(void **state)
{
	static const char *const all[] = { "replace\n", "warm\n", "narrow\n" };
	struct sn_options options = {};
	struct sn_err err = {};
	char path[64];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		write_policy(path, all[i]);
		assert_int_equal(set(&options, "policy", path, &err), -EINVAL);
		assert_non_null(strstr(err.text, ":1: is no part of a policy"));
		unlink(path);
	}
	assert_false(options.replace || options.warm || options.narrow);
	take(&options, "replace", NULL);
	assert_true(options.replace);
	sn_options_free(&options);
}

static void count_wrong(void *data, const struct sn_err *err)
{
	++*(int *)data;
}

static void all_that_is_wrong_in_a_file_can_be_told(void **state)
{
	int nr = 0;
	const struct sn_watch watch = { .wrong = count_wrong, .data = &nr };
	struct sn_options options = {};
	struct sn_err err = {};
	char path[64];

	write_policy(path, "nope\nuser app\nmemory-max x\ncgroup a/b\npids-max 7\n");
	assert_int_equal(sn_options_read(&options, path, &watch, &err), -EINVAL);
	assert_int_equal(nr, 3);
	assert_string_equal(options.user, "app");
	assert_string_equal(options.pids_max, "7");
	assert_non_null(strstr(err.text, ":4: 'a/b'"));
	unlink(path);
	sn_options_free(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_accumulate),
		cmocka_unit_test(a_containers_label_is_shown),
		cmocka_unit_test(names_of_tenants_are_plain),
		cmocka_unit_test(what_stands_for_one_thing_is_given_once),
		cmocka_unit_test(switches_may_be_repeated),
		cmocka_unit_test(paths_groups_and_descriptors_accumulate),
		cmocka_unit_test(limits_become_what_cgroup_files_take),
		cmocka_unit_test(bad_limits_are_refused),
		cmocka_unit_test(a_file_has_the_same_options),
		cmocka_unit_test(observing_lifts_no_policy_file_that_does_not_say_so),
		cmocka_unit_test(a_file_that_others_can_change_is_refused),
		cmocka_unit_test(a_file_names_no_further_file),
		cmocka_unit_test(incomplete_options_are_refused),
		cmocka_unit_test(restrictions_need_safe_mode),
		cmocka_unit_test(
			what_a_policy_says_of_files_and_addresses_comes_when_it_is_narrowed),
		cmocka_unit_test(one_of_warm_narrow_and_replace_is_given),
		cmocka_unit_test(ports_without_addresses_are_refused),
		cmocka_unit_test(the_dropin_takes_a_part_of_the_same_options),
		cmocka_unit_test(what_is_from_a_file_has_its_line),
		cmocka_unit_test(no_file_says_that_it_replaces_or_of_whom_it_is_the_policy),
		cmocka_unit_test(all_that_is_wrong_in_a_file_can_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
