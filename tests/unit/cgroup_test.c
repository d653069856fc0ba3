// SPDX-License-Identifier: GPL-2.0-only
/* user/cgroup.c on directories that look like cgroups, and what it makes of the kernel's paths. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cmocka.h>

#include "cgroup.h"
#include "scratch.h"

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* ---- making and removing ---- */

static void a_cgroup_is_open_to_its_tenant_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before = umask(masks[i]);
		int made = sn_cgroup_make(at("t1"), NULL);
		struct stat st;

		umask(before);
		assert_int_equal(made, 1);
		assert_return_code(stat(at("t1"), &st), errno);
		assert_int_equal(st.st_mode & 07777, 0755);
		assert_int_equal(sn_cgroup_remove(at("t1"), NULL), 0);
	}
}

static void one_that_is_there_is_left_as_it_is(void **state)
{
	struct sn_err err = {};
	struct stat st;

	assert_return_code(mkdir(at("t1"), 0700), errno);
	assert_int_equal(sn_cgroup_make(at("t1"), &err), 0);
	assert_return_code(stat(at("t1"), &st), errno);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(sn_cgroup_make(at("no/t1"), &err), -ENOENT);
	assert_non_null(strstr(err.text, at("no/t1")));
}

/* In place of the file system's. */
static unsigned long mount_flags;

int statvfs(const char *path, struct statvfs *fs)
{
	*fs = (struct statvfs){ .f_flag = mount_flags };
	return 0;
}

static void where_it_is_read_only_the_option_of_the_unit_is_named(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_cgroup_check_writable(at("parent"), &err), 0);
	mount_flags = ST_RDONLY | ST_NOSUID;
	assert_int_equal(sn_cgroup_check_writable(at("parent"), &err), -EROFS);
	mount_flags = 0;
	assert_non_null(strstr(err.text, at("parent")));
	assert_non_null(strstr(err.text, "leave ProtectControlGroups= out of the unit"));
}

static void a_cgroup_is_removed_with_those_below_it(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_cgroup_make(at("t1"), NULL), 1);
	assert_int_equal(sn_cgroup_make(at("t1/a"), NULL), 1);
	assert_int_equal(sn_cgroup_make(at("t1/a/b"), NULL), 1);
	assert_int_equal(sn_cgroup_make(at("t1/c"), NULL), 1);
	assert_int_equal(sn_cgroup_remove(at("t1"), NULL), 0);
	assert_int_equal(access(at("t1"), F_OK), -1);
	assert_int_equal(sn_cgroup_remove(at("t1"), NULL), 0); /* gone is as good */
	assert_int_equal(sn_cgroup_make(at("t1"), NULL), 1);
	put("t1/file", ""); /* no cgroup has one that can keep it */
	assert_int_equal(sn_cgroup_remove(at("t1"), &err), -ENOTEMPTY);
	assert_non_null(strstr(err.text, at("t1")));
}

static void processes_are_looked_for_in_cgroup_events(void **state)
{
	assert_int_equal(sn_cgroup_populated(at("t1")), -ENOENT);
	assert_int_equal(sn_cgroup_make(at("t1"), NULL), 1);
	put("t1/cgroup.events", "populated 0\nfrozen 1\n");
	assert_int_equal(sn_cgroup_populated(at("t1")), 0);
	put("t1/cgroup.events", "frozen 0\npopulated 1\n");
	assert_int_equal(sn_cgroup_populated(at("t1")), 1);
	put("t1/cgroup.events", "frozen 0\n"); /* not to know is neither, nor a missing cgroup */
	assert_int_equal(sn_cgroup_populated(at("t1")), -EIO);
}

static void a_missing_cgroup_is_an_error_with_its_name(void **state)
{
	struct sn_err err = {};
	__u64 id;

	assert_int_equal(sn_cgroup_id(at("t1"), &id, &err), -ENOENT);
	assert_non_null(strstr(err.text, at("t1")));
	assert_int_equal(sn_cgroup_kill(at("t1"), &err), -ENOENT);
	assert_non_null(strstr(err.text, at("t1")));
	assert_int_equal(sn_cgroup_write(at("t1"), "cgroup.procs", "0"), -ENOENT);
}

/* ---- the caller's own ---- */

static void expect_below(const char *root, const char *own, const char *expected)
{
	char path[PATH_MAX] = "";

	if (!expected) {
		assert_int_equal(sn_cgroup_below("/cg", root, own, path), -ENOENT);
		return;
	}
	assert_int_equal(sn_cgroup_below("/cg", root, own, path), 0);
	assert_string_equal(path, expected);
}

static void a_cgroup_is_found_below_what_is_mounted(void **state)
{
	expect_below("/", "/", "/cg");
	expect_below("/", "/a/b", "/cg/a/b");
	/* a container that sees the host's paths, and has its own part mounted */
	expect_below("/docker/1", "/docker/1", "/cg");
	expect_below("/docker/1", "/docker/1/init", "/cg/init");
	/* the mount was made outside of the cgroup namespace, two levels above its root */
	expect_below("/../..", "/../../a", "/cg/a");
	expect_below("/", "/..a", "/cg/..a"); /* only a name */
}

static void one_that_is_elsewhere_is_not_found(void **state)
{
	expect_below("/docker/1", "/", NULL);
	expect_below("/docker/1", "/docker/12", NULL);
	expect_below("/docker/1", "/docker", NULL);
	expect_below("/", "/..", NULL);
	expect_below("/", "/../a", NULL);
	expect_below("/..", "/", NULL); /* below it, but under a name that the caller cannot see */
	expect_below("/..", "/../../a", NULL);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	char own[PATH_MAX], path[PATH_MAX];

	memset(own, 'a', sizeof(own));
	own[0] = '/';
	own[sizeof(own) - 1] = '\0';
	assert_int_equal(sn_cgroup_below("/cg", "/", own, path), -ENAMETOOLONG);
}

static void the_callers_own_is_there(void **state)
{
	char mount[PATH_MAX], path[PATH_MAX], procs[PATH_MAX + 16];
	struct sn_err err = {};

	if (sn_cgroup_mount(mount, &err)) {
		assert_non_null(strstr(err.text, "mount -t cgroup2"));
		skip();
	}
	if (sn_cgroup_own(mount, path, &err)) {
		assert_non_null(strstr(err.text, "cgroup"));
		skip();
	}
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	assert_return_code(access(procs, F_OK), errno);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_begin, scratch_end)
	const struct CMUnitTest tests[] = {
		TEST(a_cgroup_is_open_to_its_tenant_whatever_the_umask),
		TEST(one_that_is_there_is_left_as_it_is),
		TEST(where_it_is_read_only_the_option_of_the_unit_is_named),
		TEST(a_cgroup_is_removed_with_those_below_it),
		TEST(processes_are_looked_for_in_cgroup_events),
		TEST(a_missing_cgroup_is_an_error_with_its_name),
		cmocka_unit_test(a_cgroup_is_found_below_what_is_mounted),
		cmocka_unit_test(one_that_is_elsewhere_is_not_found),
		cmocka_unit_test(a_path_that_is_too_long_is_refused),
		cmocka_unit_test(the_callers_own_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
