// SPDX-License-Identifier: GPL-2.0-only
/* user/trial.c: its processes are real, the cgroups are directories with a file cgroup.procs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "trial.h"

static char base[] = "/tmp/trial.XXXXXX";

/* What the processes saw, in memory that they share with the test. */
static struct seen {
	int rounds[4], nr;
	pid_t pids[4];
} * seen;

static struct {
	const char *procs; /* what cgroup.procs is a link to, or NULL: a file */
	int killed;
	bool stuck; /* the cgroup stays populated until it is killed */
} fake;

/* ---- in place of user/cgroup.c ---- */

int sn_cgroup_make(const char *path, struct sn_err *err)
{
	char procs[PATH_MAX];

	if (mkdir(path, 0755))
		return sn_fail(err, errno, "cannot make it");
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	if (fake.procs)
		assert_return_code(symlink(fake.procs, procs), errno);
	else
		assert_return_code(close(creat(procs, 0600)), errno);
	return 1;
}

int sn_cgroup_populated(const char *path)
{
	return access(path, F_OK) ? -ENOENT : fake.stuck;
}

int sn_cgroup_kill(const char *path, struct sn_err *err)
{
	fake.killed++;
	fake.stuck = false;
	return 0;
}

int sn_cgroup_remove(const char *path, struct sn_err *err)
{
	void (*before)(int) = signal(SIGCHLD, SIG_DFL); /* system(3) waits */
	char command[PATH_MAX];
	int status;

	snprintf(command, sizeof(command), "rm -r '%s'", path);
	status = system(command);
	signal(SIGCHLD, before);
	return status ? sn_fail(err, EBUSY, "cannot remove it") : 0;
}

/* ---- the tests ---- */

static int setup(void **state)
{
	memset(&fake, 0, sizeof(fake));
	strcpy(base, "/tmp/trial.XXXXXX");
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return seen == MAP_FAILED || !mkdtemp(base) ? -1 : 0;
}

static int teardown(void **state)
{
	munmap(seen, sizeof(*seen));
	return rmdir(base); /* which is empty again after every test */
}

/* @data: what is granted in the second round; "killed": or the process dies there */
static const char *act(int round, void *data)
{
	const char *granted = data;

	seen->rounds[seen->nr] = round;
	seen->pids[seen->nr++] = getpid();
	if (!round || !granted)
		return NULL;
	if (!strcmp(granted, "killed"))
		raise(SIGKILL);
	return granted;
}

static void the_acts_are_tried_in_two_cgroups_by_processes_of_their_own(void **state)
{
	assert_int_equal(sn_trial_below(base, act, NULL, NULL), 0);
	assert_int_equal(seen->nr, 2);
	assert_int_equal(seen->rounds[0], 0);
	assert_int_equal(seen->rounds[1], 1);
	assert_int_not_equal(seen->pids[0], getpid());
	assert_int_not_equal(seen->pids[1], seen->pids[0]);
}

static void what_is_granted_fails_it_with_the_name(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_trial_below(base, act, (void *)"a forbidden act", &err), -ENOSYS);
	assert_non_null(strstr(err.text, "is not refused a forbidden act in "));
	assert_non_null(strstr(err.text, "/.self-test/child; nothing was changed"));
}

static void a_process_that_is_killed_has_refused_nothing(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_trial_below(base, act, (void *)"killed", &err), -EINTR);
	assert_non_null(strstr(err.text, "/.self-test/child was killed"));
}

static void a_cgroup_that_cannot_be_joined_is_an_error(void **state)
{
	struct sn_err err = {};

	fake.procs = "/dev/full";
	assert_int_equal(sn_trial_below(base, act, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "cannot join "));
	fake.procs = "/nowhere/at/all";
	assert_int_equal(sn_trial_below(base, act, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "cannot open cgroup.procs of "));
	assert_int_equal(seen->nr, 0);
}

static void what_a_killed_trial_left_is_removed_first(void **state)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/.self-test", base);
	assert_int_equal(sn_cgroup_make(path, NULL), 1);
	fake.stuck = true;
	assert_int_equal(sn_trial_below(base, act, NULL, NULL), 0);
	assert_int_equal(fake.killed, 1);
	assert_int_equal(seen->nr, 2);
	assert_int_equal(sn_trial_clear(base, NULL), 0); /* nothing is left */
}

static void a_caller_that_ignores_sigchld_is_served_and_goes_on_ignoring_it(void **state)
{
	void (*before)(int) = signal(SIGCHLD, SIG_IGN);
	int ret = sn_trial_below(base, act, NULL, NULL);

	assert_ptr_equal(signal(SIGCHLD, before), SIG_IGN);
	assert_int_equal(ret, 0);
	assert_int_equal(seen->nr, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_acts_are_tried_in_two_cgroups_by_processes_of_their_own),
		TEST(what_is_granted_fails_it_with_the_name),
		TEST(a_process_that_is_killed_has_refused_nothing),
		TEST(a_cgroup_that_cannot_be_joined_is_an_error),
		TEST(what_a_killed_trial_left_is_removed_first),
		TEST(a_caller_that_ignores_sigchld_is_served_and_goes_on_ignoring_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
