// SPDX-License-Identifier: GPL-2.0-only
/* user/kept.c: when a baseline is taken as it was found the last time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "clock.h"
#include "kept.h"
#include "runtime.h"
#include "scratch.h"

static const struct sn_inode this = { .ino = 7, .dev = 8, .generation = 9 };
static int found;	/* times that a baseline was found anew */
static int error;	/* with which that ends */
static bool in_doubt;	/* about what was looked at */
static bool hidden;	/* is some of that, from others */
static __u64 inode = 1; /* in its rule, to tell one from the next */

int sn_runtime_baseline(struct sn_rules *rules, const char *exe, struct sn_err *err)
{
	const struct sn_inode id = { .ino = inode, .dev = 2, .generation = 3 };
	const struct sn_grant read = { .access = SN_MAY_READ };

	found++;
	assert_non_null(rules->looks);
	assert_int_equal(rules->nr_directories + rules->nr_names, 0);
	sn_looks_at(rules->looks, SN_LOOK_WHOLE, at("node"));
	rules->looks->doubtful |= in_doubt;
	rules->looks->hidden |= hidden;
	if (error)
		return sn_fail(err, error, "as it was told");
	assert_int_equal(sn_rules_put(rules, "/a", &id, NULL, &read, err), 0);
	return sn_rules_put(rules, "/b", &id, "name", &read, err);
}

static int setup(void **state)
{
	ahead = 1000;
	found = error = 0;
	in_doubt = hidden = false;
	inode = 1;
	if (scratch_begin(state))
		return -1;
	make_script("node", "#!/bin/sh\n");
	return 0;
}

/* Finds the baseline of @exe; its rules have to be the same each time. */
static void baseline(const struct sn_inode *program, const char *exe)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	__u64 sum;

	if (sn_kept_baseline(at("run"), program, exe, &rules, &err))
		fail_msg("%s", err.text);
	assert_null(rules.looks);
	assert_int_equal(rules.nr_directories, 1);
	assert_int_equal(rules.nr_names, 1);
	assert_int_equal(rules.directories[0].key.ino, inode);
	assert_int_equal(rules.directories[0].rule.access, SN_MAY_READ);
	assert_string_equal(rules.directories[0].rule.path, "/a");
	assert_string_equal(rules.names[0].key.name, "name");
	sum = sn_rules_scope(&rules);
	rules.scope = 0;
	assert_int_equal(sn_rules_scope(&rules), sum);
	sn_rules_free(&rules);
}

/* The one file that was kept. */
static const char *file(void)
{
	static char path[256];
	char command[256];
	FILE *list;

	snprintf(command, sizeof(command), "ls %s/baseline-*", at("run"));
	list = popen(command, "r");
	assert_non_null(list);
	assert_non_null(fgets(path, sizeof(path), list));
	assert_int_equal(getc(list), EOF);
	assert_int_equal(pclose(list), 0);
	path[strcspn(path, "\n")] = '\0';
	return path;
}

static void a_baseline_is_found_once(void **state)
{
	struct stat st;

	for (int i = 0; i < 3; i++)
		baseline(&this, at("node"));
	assert_int_equal(found, 1);
	assert_int_equal(stat(file(), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
}

static void others_may_read_what_they_could_see(void **state)
{
	mode_t before = umask(077);
	struct stat st;

	baseline(&this, at("node"));
	assert_int_equal(stat(file(), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(stat(at("run"), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0711);
	hidden = true;
	unlink(file());
	baseline(&this, at("node"));
	assert_int_equal(stat(file(), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	umask(before);
}

static __u64 scope; /* of what was found */

static __u64 find(void)
{
	return sn_kept_find(at("run"), &this, at("node"), &scope);
}

static int take(__u64 number)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	int ret = sn_kept_take(at("run"), number, scope, &rules, &err);

	assert_int_equal(rules.nr_directories, ret ? 0 : 1);
	assert_int_equal(rules.nr_names, ret ? 0 : 1);
	assert_true(rules.scope == (ret ? 0 : scope));
	assert_int_equal(!!*err.text, !!ret);
	sn_rules_free(&rules);
	return ret;
}

/* One process sees that it holds, and another one takes its rules. */
static void it_is_found_by_its_number(void **state)
{
	__u64 number;

	assert_int_equal(find(), 0);
	baseline(&this, at("node"));
	number = find();
	assert_int_not_equal(number, 0);
	assert_int_equal(take(number), 0);
	assert_int_equal(take(number + 1), -ESTALE);
	assert_int_equal(take(0), -ESTALE);
	scope++; /* of what was there before */
	assert_int_equal(take(number), -ESTALE);
	scope--;
	make_script("node", "#!/bin/bash\n");
	assert_int_equal(find(), 0);
	assert_int_equal(take(number), 0);
	assert_int_equal(found, 1);
}

static void what_others_may_not_read_they_cannot_name(void **state)
{
	__u64 number;
	struct stat st;

	baseline(&this, at("node"));
	number = find();
	assert_int_equal(chmod(file(), 0640), 0);
	assert_int_equal(find(), number);
	assert_int_equal(take(number), -ESTALE);
	assert_int_equal(chmod(file(), 0664), 0);
	assert_int_equal(find(), 0);
	assert_int_equal(take(number), -ESTALE);
	assert_int_equal(chmod(file(), 0644), 0);
	assert_int_equal(take(number), 0);
	assert_int_equal(stat(file(), &st), 0);
	for (off_t size = 0; size < st.st_size; size++) {
		assert_int_equal(truncate(file(), st.st_size - 1 - size), 0);
		assert_int_equal(take(number), -ESTALE);
		assert_int_equal(find(), 0);
	}
}

static void it_is_found_anew_when_something_has_changed(void **state)
{
	baseline(&this, at("node"));
	inode = 2;
	make_script("node", "#!/bin/bash\n");
	baseline(&this, at("node"));
	baseline(&this, at("node"));
	assert_int_equal(found, 2);
	file(); /* the new one is in its place */
}

static void it_is_that_of_one_executable_and_one_program(void **state)
{
	const struct sn_inode other = { .ino = 7, .dev = 8, .generation = 10 };

	baseline(&this, at("node"));
	inode = 2;
	baseline(&other, at("node"));
	inode = 3;
	baseline(&this, "/usr/bin/other");
	assert_int_equal(found, 3);
	inode = 1;
	baseline(&this, at("node"));
	assert_int_equal(found, 3);
}

/* As if the names of the files were the same. */
static void the_path_in_the_file_counts(void **state)
{
	char command[512], name[256];

	baseline(&this, at("node"));
	snprintf(name, sizeof(name), "%s", file());
	unlink(name);
	baseline(&this, at("other"));
	snprintf(command, sizeof(command), "mv %s %s", file(), name);
	assert_int_equal(system(command), 0);
	baseline(&this, at("node"));
	assert_int_equal(found, 3);
}

static void what_is_in_doubt_is_not_kept(void **state)
{
	in_doubt = true;
	baseline(&this, at("node"));
	baseline(&this, at("node"));
	assert_int_equal(found, 2);
	in_doubt = false;
	ahead = 0; /* and what has just been made */
	baseline(&this, at("node"));
	baseline(&this, at("node"));
	assert_int_equal(found, 4);
}

static void what_cannot_be_found_is_not_kept(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};

	error = ENOMEM;
	assert_int_equal(sn_kept_baseline(at("run"), &this, at("node"), &rules, &err), -ENOMEM);
	assert_string_equal(err.text, "as it was told");
	assert_null(rules.looks);
	sn_rules_free(&rules);
	error = 0;
	baseline(&this, at("node"));
	assert_int_equal(found, 2);
}

static void what_others_can_write_is_not_taken(void **state)
{
	const struct {
		const char *path;
		mode_t mode;
	} opened[] = { { "run", 0770 }, { "run", 0707 }, { NULL, 0660 }, { NULL, 0606 } };

	baseline(&this, at("node"));
	for (size_t i = 0; i < sizeof(opened) / sizeof(*opened); i++) {
		const char *path = opened[i].path ? at(opened[i].path) : file();
		bool is_dir = opened[i].path;

		assert_int_equal(chmod(path, opened[i].mode), 0);
		baseline(&this, at("node"));
		assert_int_equal(found, i + 2);
		assert_int_equal(chmod(path, is_dir ? 0700 : 0600), 0);
	}
	/* neither is a directory, or a file, that is elsewhere */
	assert_int_equal(rename(at("run"), at("away")), 0);
	assert_int_equal(symlink(at("away"), at("run")), 0);
	baseline(&this, at("node"));
	assert_int_equal(found, 6);
	assert_int_equal(unlink(at("run")), 0);
	assert_int_equal(rename(at("away"), at("run")), 0);
	assert_int_equal(rename(file(), at("away")), 0);
	assert_int_equal(symlink(at("away"), at("run/baseline-0")), 0);
	assert_int_equal(rename(at("run/baseline-0"), file()), 0);
	baseline(&this, at("node"));
	assert_int_equal(found, 7);
}

static void a_damaged_file_is_not_taken(void **state)
{
	struct stat st;

	baseline(&this, at("node"));
	assert_int_equal(stat(file(), &st), 0);
	for (off_t size = 0; size < st.st_size; size++) {
		found = 0;
		assert_int_equal(truncate(file(), size), 0);
		baseline(&this, at("node"));
		assert_int_equal(found, 1); /* and it is whole again */
	}
	assert_int_equal(truncate(file(), st.st_size + 1), 0);
	baseline(&this, at("node"));
	assert_int_equal(found, 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scratch_end)
	const struct CMUnitTest tests[] = {
		TEST(a_baseline_is_found_once),
		TEST(others_may_read_what_they_could_see),
		TEST(it_is_found_by_its_number),
		TEST(what_others_may_not_read_they_cannot_name),
		TEST(it_is_found_anew_when_something_has_changed),
		TEST(it_is_that_of_one_executable_and_one_program),
		TEST(the_path_in_the_file_counts),
		TEST(what_is_in_doubt_is_not_kept),
		TEST(what_cannot_be_found_is_not_kept),
		TEST(what_others_can_write_is_not_taken),
		TEST(a_damaged_file_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
