// SPDX-License-Identifier: GPL-2.0-only
/* user/trust.c: owners, modes and access control lists by which others can change a file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "trust.h"
#include "scratch.h"

static struct sn_fault fault_of(const char *name)
{
	int fd = open(at(name), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct sn_fault fault;
	struct statx st;

	assert_return_code(fd, errno);
	assert_return_code(statx(fd, "", AT_EMPTY_PATH, SN_FAULT_STATX, &st), errno);
	fault = sn_fault_of(fd, &st);
	close(fd);
	return fault;
}

static void expect(const char *name, int kind, __u32 id)
{
	struct sn_fault fault = fault_of(name);

	assert_int_equal(fault.kind, kind);
	assert_int_equal(fault.id, id);
}

static void make(const char *name, uid_t uid, gid_t gid, mode_t mode)
{
	if (S_ISDIR(mode))
		assert_return_code(mkdir(at(name), 0700), errno);
	else
		assert_return_code(close(creat(at(name), 0600)), errno);
	assert_return_code(chown(at(name), uid, gid), errno);
	assert_return_code(chmod(at(name), mode & 07777), errno);
}

/* What is made here is root's. */
static void need_root(void)
{
	if (geteuid())
		skip();
}

static void what_only_root_can_change_has_no_fault(void **state)
{
	need_root();
	make("file", 0, 0, 0755);
	expect("file", SN_FAULT_NONE, 0);
	make("group", 0, 60, 0755);
	expect("group", SN_FAULT_NONE, 0);
	make("root-group", 0, 0, 0775);
	expect("root-group", SN_FAULT_NONE, 0);
	make("dir", 0, 0, S_IFDIR | 0775);
	expect("dir", SN_FAULT_NONE, 0);
	assert_return_code(symlink("nowhere", at("link")), errno);
	expect("link", SN_FAULT_NONE, 0); /* its mode is 0777 */
}

static void an_owner_can_change_what_it_has(void **state)
{
	need_root();
	make("file", 2001, 0, 0400);
	expect("file", SN_FAULT_OWNER, 2001);
	make("dir", 2001, 0, S_IFDIR | 0500);
	expect("dir", SN_FAULT_OWNER, 2001);
	make("sticky", 2001, 0, S_IFDIR | 01777); /* its owner may remove everything all the same */
	expect("sticky", SN_FAULT_OWNER, 2001);
	assert_return_code(symlink("nowhere", at("link")), errno);
	assert_return_code(lchown(at("link"), 2001, 2001), errno);
	expect("link", SN_FAULT_OWNER, 2001);
}

static void whom_the_mode_lets_write_can_change_it(void **state)
{
	need_root();
	make("group", 0, 60, 0775);
	expect("group", SN_FAULT_GROUP, 60);
	make("group-dir", 0, 60, S_IFDIR | 02775);
	expect("group-dir", SN_FAULT_GROUP, 60);
	make("all", 0, 0, 0757);
	expect("all", SN_FAULT_OTHERS, 0);
	make("all-dir", 0, 0, S_IFDIR | 0777);
	expect("all-dir", SN_FAULT_OTHERS, 0);
	make("sticky-file", 0, 0, 01757); /* there the bit means nothing */
	expect("sticky-file", SN_FAULT_OTHERS, 0);
}

static void in_a_sticky_directory_nothing_of_roots_is_replaced(void **state)
{
	need_root();
	make("all", 0, 0, S_IFDIR | 01777);
	expect("all", SN_FAULT_NONE, 0);
	make("group", 0, 60, S_IFDIR | 01770);
	expect("group", SN_FAULT_NONE, 0);
}

/* User 2001 has @perm, which @mask limits; the mode of the file shows the mask for its group. */
static void set_acl(const char *name, int perm, int mask)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} acl = {
		{ POSIX_ACL_XATTR_VERSION },
		{
			{ ACL_USER_OBJ, 7, ACL_UNDEFINED_ID },
			{ ACL_USER, perm, 2001 },
			{ ACL_GROUP_OBJ, 5, ACL_UNDEFINED_ID },
			{ ACL_MASK, mask, ACL_UNDEFINED_ID },
			{ ACL_OTHER, 5, ACL_UNDEFINED_ID },
		},
	};

	if (!setxattr(at(name), "system.posix_acl_access", &acl, sizeof(acl), 0))
		return;
	assert_int_equal(errno, EOPNOTSUPP);
	if (getenv("SAFENODE_MUST_RUN"))
		fail_msg("no ACLs on /tmp");
	print_message("skipped: ACLs on /tmp\n");
	skip();
}

static void an_acl_can_let_others_write(void **state)
{
	struct stat st;

	need_root();
	make("file", 0, 0, 0755);
	set_acl("file", 7, 7);
	assert_return_code(stat(at("file"), &st), errno);
	assert_int_equal(st.st_mode & 0777, 0775);
	expect("file", SN_FAULT_ACL, 0);
	make("dir", 0, 0, S_IFDIR | 0755);
	set_acl("dir", 7, 7);
	expect("dir", SN_FAULT_ACL, 0);
	make("masked", 0, 0, S_IFDIR | 0755);
	set_acl("masked", 7, 5); /* no entry gives more than the mask */
	expect("masked", SN_FAULT_NONE, 0);
	make("sticky", 0, 0, S_IFDIR | 01755);
	set_acl("sticky", 7, 7);
	assert_return_code(stat(at("sticky"), &st), errno);
	assert_true(st.st_mode & S_ISVTX);
	expect("sticky", SN_FAULT_NONE, 0);
}

static void every_fault_has_a_cure(void **state)
{
	static const struct {
		struct sn_fault fault;
		const char *text;
	} cases[] = {
		{ { SN_FAULT_OWNER, 7 }, "'/b' belongs to user 7; chown it to root" },
		{ { SN_FAULT_GROUP, 50 }, "'/b' can be written by group 50; chmod g-w it" },
		{ { SN_FAULT_OTHERS }, "'/b' can be written by everyone; chmod o-w it" },
		{ { SN_FAULT_ACL }, "'/b' has an ACL by which others may write; setfacl -b it" },
	};
	char path[4096];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sn_err err = {};

		assert_int_equal(sn_fault_fail(cases[i].fault, "/b/node", "/b", &err), -EPERM);
		assert_string_equal(strstr(err.text, "'/b' "), cases[i].text);
		assert_non_null(strstr(err.text, "could replace '/b/node'"));
		memset(path, 'p', sizeof(path)); /* however long the paths are */
		path[sizeof(path) - 1] = '\0';
		sn_fault_fail(cases[i].fault, path, path, &err);
		assert_non_null(strstr(err.text, strchr(cases[i].text, ';')));
	}
}

static void expect_way(const char *path, int want, const char *fault)
{
	struct sn_err err = {};

	if (sn_trust_path(path, &err) != want)
		fail_msg("'%s': not %d: %s", path, want, err.text);
	if (fault && !strstr(err.text, fault))
		fail_msg("no '%s' in: %s", fault, err.text);
}

static void the_whole_way_is_looked_at(void **state)
{
	char text[300];

	need_root();
	make("dir", 0, 0, S_IFDIR | 0755);
	make("dir/file", 0, 0, 0644);
	make("theirs", 2001, 0, S_IFDIR | 0755);
	make("theirs/file", 0, 0, 0644);
	expect_way(at("dir/file"), 0, NULL);
	expect_way(at("dir"), 0, NULL);
	snprintf(text, sizeof(text), "'%s' belongs to user 2001", at("theirs"));
	expect_way(at("theirs/file"), -EPERM, text);
	/* and back again: it could be another directory's parent tomorrow */
	expect_way(at("theirs/../dir/file"), -EPERM, text);
	expect_way(at("./dir/./..//dir/file"), 0, NULL);
	expect_way(at("dir/none"), -ENOENT, NULL);
	expect_way(at("dir/file/x"), -ENOTDIR, NULL);
	assert_return_code(chown(at("dir/file"), 2001, 0), errno);
	expect_way(at("dir/file"), -EPERM, "belongs to user 2001");
	assert_return_code(chdir(base), errno);
	expect_way("dir/file", -EPERM, "belongs to user 2001");
	expect_way("dir", 0, NULL);
	assert_return_code(chdir("/"), errno);
}

static void a_link_is_a_part_of_the_way(void **state)
{
	need_root();
	make("dir", 0, 0, S_IFDIR | 0755);
	make("dir/file", 0, 0, 0644);
	make("theirs", 2001, 0, S_IFDIR | 0755);
	assert_return_code(symlink(at("dir/file"), at("absolute")), errno);
	assert_return_code(symlink("../dir/file", at("dir/relative")), errno);
	assert_return_code(symlink("../dir/file", at("theirs/link")), errno);
	assert_return_code(symlink("theirs/link", at("through")), errno);
	assert_return_code(symlink("loop", at("loop")), errno);
	expect_way(at("absolute"), 0, NULL);
	expect_way(at("dir/relative"), 0, NULL);
	expect_way(at("theirs/link"), -EPERM, "belongs to user 2001");
	expect_way(at("through"), -EPERM, "belongs to user 2001");
	expect_way(at("loop"), -ELOOP, NULL);
	assert_return_code(lchown(at("absolute"), 2001, 0), errno);
	expect_way(at("absolute"), -EPERM, "belongs to user 2001");
}

/* "<(command)" of a shell */
static void a_pipe_that_was_handed_over_has_no_way(void **state)
{
	char path[32];
	int ends[2];

	need_root();
	assert_return_code(pipe(ends), errno);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	expect_way(path, -ENOENT, NULL);
	close(ends[0]);
	close(ends[1]);
	/* but a named one has */
	make("theirs", 2001, 0, S_IFDIR | 0755);
	assert_return_code(mkfifo(at("theirs/fifo"), 0600), errno);
	expect_way(at("theirs/fifo"), -EPERM, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_begin, scratch_end)
	const struct CMUnitTest tests[] = {
		TEST(what_only_root_can_change_has_no_fault),
		TEST(an_owner_can_change_what_it_has),
		TEST(whom_the_mode_lets_write_can_change_it),
		TEST(in_a_sticky_directory_nothing_of_roots_is_replaced),
		TEST(an_acl_can_let_others_write),
		cmocka_unit_test(every_fault_has_a_cure),
		TEST(the_whole_way_is_looked_at),
		TEST(a_link_is_a_part_of_the_way),
		TEST(a_pipe_that_was_handed_over_has_no_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
