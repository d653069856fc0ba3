// SPDX-License-Identifier: GPL-2.0-only
/* user/looks.c: what is noticed of a path that was looked at, and what is not told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "clock.h"
#include "looks.h"
#include "scratch.h"

static struct sn_looks looks;

static int setup(void **state)
{
	ahead = 1000;
	return scratch_begin(state);
}

static int teardown(void **state)
{
	sn_looks_free(&looks);
	return scratch_end(state);
}

/* The kernel's clock for files goes in steps. */
static void wait_for_clock(void)
{
	usleep(20000);
}

static void run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

/* A file, a directory with one in it, and a link. */
static void make_all(void)
{
	run("cd %s && echo one >file && mkdir -m 755 dir && echo two >dir/file && ln -s file link",
	    base);
	wait_for_clock();
}

static void look_at_link(void)
{
	struct statx st;

	assert_int_equal(statx(AT_FDCWD, at("link"), AT_SYMLINK_NOFOLLOW, SN_LOOK_STATX, &st), 0);
	sn_looks_add(&looks, SN_LOOK_WHOLE, at("link"), &st);
}

static void look_at_all(void)
{
	sn_looks_free(&looks);
	sn_looks_at(&looks, SN_LOOK_PLACE, base);
	sn_looks_at(&looks, SN_LOOK_WHOLE, at("file"));
	sn_looks_at(&looks, SN_LOOK_PLACE, at("dir"));
	sn_looks_at(&looks, SN_LOOK_TYPE, at("dir/file"));
	sn_looks_at(&looks, SN_LOOK_MISSING, at("none"));
	look_at_link();
	assert_false(looks.doubtful);
}

static void what_is_as_it_was_holds(void **state)
{
	make_all();
	look_at_all();
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	/* nobody cares what is in it, or beside it */
	run("cd %s && echo three >dir/file && echo >dir/other && echo >other && chmod 600 dir/file",
	    base);
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	assert_false(sn_looks_hold(NULL, 0)); /* nothing was looked at */
}

static void each_change_is_noticed(void **state)
{
	static const char *const changes[] = {
		"echo eno >file",
		"echo more >>file",
		"chmod 700 file",
		"cp -p file new && mv new file",
		"rm file",
		"rm file && ln -s dir/file file",
		"rm file && mkdir file",
		"chmod 700 dir",
		"chmod 1755 dir",
		"cp -r dir new && chmod 755 new && rm -r dir && mv new dir",
		"rm -r dir && mkdir -m 755 dir && echo two >dir/file", /* mostly the same number */
		"mv dir new && ln -s new dir",
		"rm dir/file",
		"rm dir/file && mkdir dir/file",
		"rm dir/file && ln -s ../file dir/file",
		"echo >none",
		"ln -s nowhere none",
		"ln -sf dir/file link",
		"rm link && ln -s file link",
		"rm link && cp file link",
		"chmod 711 .",
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		run("cd %s && rm -rf ./* && chmod 700 .", base);
		make_all();
		look_at_all();
		run("cd %s && { %s; }", base, changes[i]);
		if (sn_looks_hold(looks.bytes, looks.size))
			fail_msg("not noticed: %s", changes[i]);
	}
}

static void another_user_is_noticed(void **state)
{
	if (geteuid())
		skip();
	make_all();
	look_at_all();
	assert_int_equal(chown(at("dir"), 1, -1), 0);
	assert_false(sn_looks_hold(looks.bytes, looks.size));
	assert_int_equal(chown(at("dir"), 0, 1), 0);
	assert_false(sn_looks_hold(looks.bytes, looks.size));
	assert_int_equal(chown(at("dir"), 0, 0), 0);
	assert_true(sn_looks_hold(looks.bytes, looks.size));
}

static void what_has_just_changed_is_doubtful(void **state)
{
	make_all();
	ahead = 0;
	sn_looks_at(&looks, SN_LOOK_WHOLE, at("file"));
	assert_true(looks.doubtful);
	sn_looks_free(&looks);
	sn_looks_at(&looks, SN_LOOK_PLACE, at("dir"));
	assert_true(looks.doubtful);
	sn_looks_free(&looks);
	ahead = -1000; /* it is of the future: the clock was set */
	sn_looks_at(&looks, SN_LOOK_WHOLE, at("file"));
	assert_true(looks.doubtful);
	sn_looks_free(&looks);
	sn_looks_at(&looks, SN_LOOK_TYPE, at("file"));
	sn_looks_at(&looks, SN_LOOK_MISSING, at("none"));
	assert_false(looks.doubtful);
}

static void what_was_not_looked_at_well_is_doubtful(void **state)
{
	make_all();
	sn_looks_at(&looks, SN_LOOK_WHOLE, at("link")); /* and what does it lead to? */
	assert_true(looks.doubtful);
	sn_looks_free(&looks);
	sn_looks_at(&looks, SN_LOOK_MISSING, at("file"));
	assert_true(looks.doubtful);
	sn_looks_free(&looks);
	sn_looks_at(&looks, SN_LOOK_TYPE, at("file/file"));
	assert_true(looks.doubtful);
}

static void two_looks_that_differ_are_doubtful(void **state)
{
	static const char *const changes[] = { "chmod 700 file", "rm file", "echo more >>file" };

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		run("rm -rf %s/*", base);
		make_all();
		sn_looks_free(&looks);
		sn_looks_at(&looks, SN_LOOK_WHOLE, at("file"));
		sn_looks_at(&looks, SN_LOOK_WHOLE, at("file"));
		sn_looks_at(&looks, SN_LOOK_TYPE, at("file"));
		assert_false(looks.doubtful);
		run("cd %s && %s", base, changes[i]);
		sn_looks_at(&looks, SN_LOOK_TYPE, at("file"));
		if (!looks.doubtful)
			fail_msg("not doubtful: %s", changes[i]);
	}
	sn_looks_free(&looks);
	sn_looks_at(&looks, SN_LOOK_MISSING, at("none"));
	run("echo >%s", at("none"));
	sn_looks_at(&looks, SN_LOOK_TYPE, at("none"));
	assert_true(looks.doubtful);
}

static void of_two_looks_the_closer_one_is_kept(void **state)
{
	make_all();
	sn_looks_at(&looks, SN_LOOK_TYPE, at("file"));
	sn_looks_at(&looks, SN_LOOK_WHOLE, at("file"));
	sn_looks_at(&looks, SN_LOOK_TYPE, at("file"));
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	run("echo more >>%s", at("file"));
	assert_false(sn_looks_hold(looks.bytes, looks.size));
}

/* user::rwx user:1:rwx group::r-x mask::rwx other::r-x, as the kernel has it in the attribute */
static int put_acl(const char *path)
{
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entries[5];
	} acl = { 2, { { 1, 7, -1 }, { 2, 7, 1 }, { 4, 5, -1 }, { 16, 7, -1 }, { 32, 5, -1 } } };

	return setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0);
}

static void what_an_access_control_list_opens_is_noticed(void **state)
{
	make_all();
	run("chmod 775 %s", at("dir"));
	wait_for_clock();
	look_at_all();
	if (put_acl(at("dir")))
		skip();
	assert_false(sn_looks_hold(looks.bytes, looks.size));
	sn_looks_free(&looks);
	sn_looks_at(&looks, SN_LOOK_PLACE, at("dir"));
	assert_true(looks.doubtful);
}

static void damaged_looks_do_not_hold(void **state)
{
	make_all();
	look_at_all();
	for (size_t size = 0; size < looks.size; size++) {
		char *cut = malloc(size + 1); /* where memory is watched, its end is known */

		assert_non_null(cut);
		memcpy(cut, looks.bytes, size);
		sn_looks_hold(cut, size); /* the first ones of them may, but not half of one */
		free(cut);
	}
	memset(looks.bytes + looks.size - 8, 'x', 8); /* a path without an end */
	assert_false(sn_looks_hold(looks.bytes, looks.size));
}

static void nothing_is_below_a_file(void **state)
{
	make_all();
	sn_looks_at(&looks, SN_LOOK_MISSING, at("file/none"));
	sn_looks_at(&looks, SN_LOOK_MISSING, at("link/."));
	assert_false(looks.doubtful);
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	run("rm %s", at("file"));
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	run("mkdir %s", at("file"));
	assert_false(sn_looks_hold(looks.bytes, looks.size)); /* link leads to it */
}

/* What others cannot see anyway they need not read of, either. */
static void what_is_in_a_directory_of_few_is_hidden(void **state)
{
	run("mkdir -m 711 %s && mkdir -m 750 %s", at("all"), at("few"));
	sn_looks_at(&looks, SN_LOOK_PLACE, at("all"));
	sn_looks_at(&looks, SN_LOOK_MISSING, at("all/none"));
	assert_false(looks.hidden);
	sn_looks_at(&looks, SN_LOOK_PLACE, at("few"));
	assert_true(looks.hidden);
	assert_false(looks.doubtful);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_as_it_was_holds),
		TEST(each_change_is_noticed),
		TEST(another_user_is_noticed),
		TEST(what_has_just_changed_is_doubtful),
		TEST(what_was_not_looked_at_well_is_doubtful),
		TEST(two_looks_that_differ_are_doubtful),
		TEST(of_two_looks_the_closer_one_is_kept),
		TEST(what_an_access_control_list_opens_is_noticed),
		TEST(nothing_is_below_a_file),
		TEST(what_is_in_a_directory_of_few_is_hidden),
		TEST(damaged_looks_do_not_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
