// SPDX-License-Identifier: GPL-2.0-only
/* user/account.c: whom a tenant runs as. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "account.h"

/* ---- passwd(5), in memory ---- */

static struct passwd users[] = {
	{ .pw_name = (char *)"root", .pw_uid = 0, .pw_gid = 0 },
	{ .pw_name = (char *)"alice", .pw_uid = 1000, .pw_gid = 1001 },
	{ .pw_name = (char *)"operator", .pw_uid = 11, .pw_gid = 0 },
	{ .pw_name = (char *)"4242", .pw_uid = 1002, .pw_gid = 1002 },
};

struct passwd *getpwuid(uid_t uid)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (users[i].pw_uid == uid)
			return &users[i];
	return NULL;
}

struct passwd *getpwnam(const char *name)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (!strcmp(users[i].pw_name, name))
			return &users[i];
	return NULL;
}

static struct group groups[] = {
	{ .gr_name = (char *)"root", .gr_gid = 0 },
	{ .gr_name = (char *)"www", .gr_gid = 33 },
	{ .gr_name = (char *)"33", .gr_gid = 44 },
};

struct group *getgrnam(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!strcmp(groups[i].gr_name, name))
			return &groups[i];
	return NULL;
}

static void assert_account(const char *word, uid_t owner, gid_t group, uid_t uid, gid_t gid,
			   const char *name)
{
	struct stat st = { .st_uid = owner, .st_gid = group };
	struct sn_account account;
	struct sn_err err = {};

	if (sn_account_find(&account, word, "/srv/t1", &st, &err))
		fail_msg("%s", err.text);
	assert_int_equal(account.uid, uid);
	assert_int_equal(account.gid, gid);
	assert_int_equal(account.nr_groups, 1); /* none but its own */
	assert_int_equal(account.groups[0], gid);
	if (name)
		assert_string_equal(account.name, name);
	else
		assert_null(account.name);
	sn_account_free(&account);
}

static void assert_refused(const char *word, uid_t owner, gid_t group, const char *cure)
{
	struct stat st = { .st_uid = owner, .st_gid = group };
	struct sn_account account;
	struct sn_err err = {};

	assert_int_equal(sn_account_find(&account, word, "/srv/t1", &st, &err), -EINVAL);
	if (!strstr(err.text, cure))
		fail_msg("the message is \"%s\"", err.text);
	sn_account_free(&account);
}

static void the_owner_of_the_directory_with_his_own_group(void **state)
{
	assert_account(NULL, 1000, 50, 1000, 1001, "alice");
}

static void an_owner_without_an_entry_has_the_directorys_group(void **state)
{
	assert_account(NULL, 5000, 5001, 5000, 5001, NULL);
}

static void root_and_its_group_are_asked_for_by_name(void **state)
{
	assert_refused(NULL, 0, 50, "belongs to root; chown it");
	assert_refused(NULL, 5000, 0, "the group of '/srv/t1' is root's");
	assert_refused(NULL, 11, 50, "the group of user 'operator'");
	assert_account("root", 1000, 50, 0, 0, "root");
	assert_account("operator", 1000, 50, 11, 0, "operator");
}

static void a_user_is_a_name_or_a_number_of_passwd(void **state)
{
	assert_account("alice", 0, 0, 1000, 1001, "alice");
	assert_account("1000", 0, 0, 1000, 1001, "alice");
	assert_refused("bob", 1000, 1000, "unknown user 'bob'");
	assert_refused("5000", 1000, 1000, "unknown user '5000'");
	assert_refused("-1", 1000, 1000, "unknown user");
	assert_refused("4294967295", 1000, 1000, "unknown user");
	assert_refused("4294968296", 1000, 1000, "unknown user"); /* 1000 in 32 bits */
	assert_refused(" 1000", 1000, 1000, "unknown user");
	assert_refused("", 1000, 1000, "unknown user");
}

static void groups_are_added_by_name_or_number(void **state)
{
	static const char *const wrong[] = { "no-such", "-1", "4294967295", "4294967296", " 33" };
	struct sn_account account = { .gid = 1001, .groups = { 1001 }, .nr_groups = 1 };
	struct sn_err err = {};
	char word[12];

	assert_int_equal(sn_account_add_group(&account, "www", &err), 0);
	assert_int_equal(sn_account_add_group(&account, "5000", &err), 0); /* without an entry */
	assert_int_equal(sn_account_add_group(&account, "33", &err), 0); /* the number, and again */
	assert_int_equal(sn_account_add_group(&account, "1001", &err), 0); /* has it */
	assert_int_equal(sn_account_add_group(&account, "root", &err), 0); /* it is asked for */
	assert_int_equal(account.nr_groups, 4);
	assert_int_equal(account.groups[1], 33);
	assert_int_equal(account.groups[2], 5000);
	assert_int_equal(account.groups[3], 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(sn_account_add_group(&account, wrong[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, wrong[i]));
		assert_non_null(strstr(err.text, "see getent group"));
	}
	for (int gid = 6000; account.nr_groups < 1 + SN_GROUPS_MAX; gid++) {
		snprintf(word, sizeof(word), "%d", gid);
		assert_int_equal(sn_account_add_group(&account, word, &err), 0);
	}
	assert_int_equal(sn_account_add_group(&account, "7000", &err), -EINVAL);
	assert_non_null(strstr(err.text, "one too many: at most 64 groups"));
}

static void a_process_has_the_account_that_it_runs_with(void **state)
{
	struct sn_account account;

	assert_int_equal(sn_account_of(&account, getpid()), 0);
	assert_int_equal(account.uid, getuid());
	assert_int_equal(account.gid, getgid());
	assert_int_equal(account.groups[0], getgid());
	if (!getuid())
		assert_string_equal(account.name, "root");
	sn_account_free(&account);
	assert_int_equal(sn_account_of(&account, 1 << 23), -ESRCH);
}

/* One that a server moved into a cgroup can have more groups than a tenant. */
static void of_many_groups_as_many_are_taken_as_there_is_room(void **state)
{
	struct sn_account account;
	gid_t many[200];
	int ends[2], ret;
	pid_t pid;
	char byte;

	if (geteuid())
		skip();
	for (int i = 0; i < 200; i++)
		many[i] = 5000 + i;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		if (setgroups(200, many) || write(ends[1], "r", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	ret = sn_account_of(&account, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(ret, 0);
	assert_int_equal(account.nr_groups, sizeof(account.groups) / sizeof(account.groups[0]));
	assert_int_equal(account.groups[account.nr_groups - 1], 5000 + account.nr_groups - 2);
	sn_account_free(&account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_of_the_directory_with_his_own_group),
		cmocka_unit_test(an_owner_without_an_entry_has_the_directorys_group),
		cmocka_unit_test(root_and_its_group_are_asked_for_by_name),
		cmocka_unit_test(a_user_is_a_name_or_a_number_of_passwd),
		cmocka_unit_test(groups_are_added_by_name_or_number),
		cmocka_unit_test(a_process_has_the_account_that_it_runs_with),
		cmocka_unit_test(of_many_groups_as_many_are_taken_as_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
