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
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "scratch.h"

static const char *attribute; /* user.delegate; NULL: there is none */

ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	size_t len = attribute ? strlen(attribute) : 0;

	if (!attribute || strcmp(name, "user.delegate") != 0 || len > size) {
		errno = attribute && len > size ? ERANGE : ENODATA;
		return -1;
	}
	memcpy(value, attribute, len);
	return len;
}

static int unreadable;	  /* errno of that; 0: there is none */
static __u64 ids[1];	  /* what the handle of any directory says; 0: the kernel's own */
static __u64 asked_for;	  /* by open_by_handle_at(), which fails with... */
static int by_handle;	  /* ...this; 0: it does not */
static bool in_namespace; /* of cgroups, not the first one */

int name_to_handle_at(int fd, const char *path, struct file_handle *handle, int *mount, int flags)
{
	errno = unreadable;
	if (unreadable)
		return -1;
	if (!ids[0])
		return syscall(SYS_name_to_handle_at, fd, path, handle, mount, flags);
	memcpy(handle->f_handle, ids, sizeof(ids[0]));
	return 0;
}

int open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
	memcpy(&asked_for, handle->f_handle, sizeof(asked_for));
	errno = by_handle;
	return by_handle ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int stat(const char *path, struct stat *st)
{
	if (strcmp(path, "/proc/self/ns/cgroup") != 0)
		return fstatat(AT_FDCWD, path, st, 0);
	*st = (struct stat){ .st_ino = in_namespace ? 4026532000UL : 0xeffffffbUL };
	return 0;
}

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

/* ---- delegation ---- */

static void what_was_delegated_says_so(void **state)
{
	static const struct {
		const char *value;
		bool delegated;
	} cases[] = { { "1", true }, { "0", false }, { "", false }, { "11", false } };

	assert_return_code(mkdir(at("a"), 0755), errno);
	assert_false(sn_cgroup_delegated(at("a")));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		attribute = cases[i].value;
		assert_int_equal(sn_cgroup_delegated(at("a")), cases[i].delegated);
	}
	attribute = NULL;
}

/* ---- by id ---- */

static void a_cgroup_is_opened_by_its_path_if_it_has_the_id(void **state)
{
	int fd;

	assert_return_code(mkdir(at("a"), 0755), errno);
	ids[0] = 7;
	fd = sn_cgroup_open(base, at("a"), 7);
	assert_return_code(fd, errno);
	close(fd);
}

static void one_that_is_not_there_is_asked_for_by_its_id(void **state)
{
	assert_return_code(mkdir(at("a"), 0755), errno);
	ids[0] = 8;
	in_namespace = true;
	by_handle = ESTALE;
	assert_int_equal(sn_cgroup_open(base, at("a"), 7), -ENOENT);
	assert_int_equal(asked_for, 7);
	assert_int_equal(sn_cgroup_open(base, at("no"), 7), -ENOENT);
	by_handle = EPERM;
	assert_int_equal(sn_cgroup_open(base, at("no"), 7), -EPERM);
	by_handle = 0; /* elsewhere, as others see it */
	assert_return_code(sn_cgroup_open(base, at("no"), 7), errno);
	/* who sees all believes what it sees */
	in_namespace = false;
	assert_int_equal(sn_cgroup_open(base, at("no"), 7), -ENOENT);
}

/* Or a load would leave a running tenant without the mark, and a sweep without its policy */
static void one_that_cannot_be_looked_at_is_not_gone(void **state)
{
	struct rlimit all, none;

	assert_return_code(mkdir(at("a"), 0755), errno);
	ids[0] = 7;
	unreadable = EOPNOTSUPP;
	assert_int_equal(sn_cgroup_open(base, at("a"), 7), -EOPNOTSUPP);
	in_namespace = true;
	assert_int_equal(sn_cgroup_open(base, at("a"), 7), -EOPNOTSUPP);
	in_namespace = false;
	unreadable = 0;
	assert_return_code(getrlimit(RLIMIT_NOFILE, &all), errno);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = all.rlim_max };
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), errno);
	assert_int_equal(sn_cgroup_open(base, at("a"), 7), -EMFILE);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &all), errno);
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
		cmocka_unit_test_setup_teardown(what_was_delegated_says_so, scratch_begin,
						scratch_end),
		cmocka_unit_test_setup_teardown(a_cgroup_is_opened_by_its_path_if_it_has_the_id,
						scratch_begin, scratch_end),
		cmocka_unit_test_setup_teardown(one_that_is_not_there_is_asked_for_by_its_id,
						scratch_begin, scratch_end),
		TEST(one_that_cannot_be_looked_at_is_not_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
