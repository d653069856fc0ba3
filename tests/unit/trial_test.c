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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "trial.h"

static char base[] = "/tmp/trial.XXXXXX";

/* What the processes saw, in memory that they share with the test. */
static struct seen {
	int rounds[8], nr;
	pid_t pids[8];
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

/* ---- in place of the kernel ---- */

static int filter_mode, odd_sockets;
/* What each act gets: 0 or an errno. */
static struct {
	int unix_socket, odd_socket, list_root, list_proc, chdir, getsid;
} answers;

static const struct {
	typeof(answers) tenant, no_policy, free;
} good = {
	.tenant = { EPERM, EPERM, ENOENT, ENOENT, EPERM, ESRCH },
	.no_policy = { EPERM, EPERM, ENOENT, ENOENT, EPERM, EPERM },
	.free = { 0, ESOCKTNOSUPPORT, 0, 0, 0, 0 },
};

static int answer(int error)
{
	errno = error;
	return error ? -1 : 1000; /* no descriptor */
}

/* Who notices: a bit for each kind of act. */
enum { SOCKETS = 1, ODD_SOCKETS = 2, OPENS = 4, CHDIRS = 8, SESSIONS = 16 };
static unsigned int noticing;
static uint64_t noticed;

static void notice(unsigned int kind)
{
	noticed += !!(noticing & kind);
}

int socket(int family, int type, int protocol)
{
	notice(family == AF_UNIX ? SOCKETS : ODD_SOCKETS);
	odd_sockets += family != AF_UNIX;
	return answer(family == AF_UNIX ? answers.unix_socket : answers.odd_socket);
}

int chdir(const char *path)
{
	notice(CHDIRS);
	errno = answers.chdir;
	return answers.chdir ? -1 : 0;
}

pid_t getsid(pid_t pid)
{
	notice(SESSIONS);
	assert_int_equal(pid, 1);
	return answer(answers.getsid);
}

int open(const char *path, int flags, ...)
{
	notice(OPENS);
	if (!strcmp(path, "/"))
		return answer(answers.list_root);
	if (!strcmp(path, "/proc"))
		return answer(answers.list_proc);
	return openat(AT_FDCWD, path, flags, 0600);
}

int prctl(int option, ...)
{
	return option == PR_GET_SECCOMP ? filter_mode : 0;
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

/* @data: what comes of it in the second round; "killed" and "filtered": the process dies there */
static struct sn_trial act(int round, void *data)
{
	const struct sn_trial *trial = data;

	seen->rounds[seen->nr] = round;
	seen->pids[seen->nr++] = getpid();
	if (!round || !trial)
		return (struct sn_trial){};
	if (!strcmp(trial->act, "killed"))
		raise(SIGKILL);
	if (!strcmp(trial->act, "filtered")) {
		signal(SIGSYS, SIG_DFL); /* which cmocka catches */
		raise(SIGSYS);
	}
	return *trial;
}

static int trial_of(const char *what, int error, struct sn_err *err)
{
	struct sn_trial trial = { what, error };

	return sn_trial_below(base, act, &trial, err);
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

	assert_int_equal(trial_of("a forbidden act", 0, &err), -ENOSYS);
	assert_non_null(strstr(err.text, "is not refused a forbidden act in "));
	assert_non_null(strstr(err.text, "/.self-test/child; nothing was changed"));
}

static void a_process_that_is_killed_has_refused_nothing(void **state)
{
	struct sn_err err = {};

	assert_int_equal(trial_of("killed", 0, &err), -EINTR);
	assert_non_null(strstr(err.text, "/.self-test/child was killed"));
	assert_int_equal(trial_of("filtered", 0, &err), -EPERM);
	assert_non_null(strstr(err.text, "a seccomp filter killed the self-test's process in "));
	assert_non_null(strstr(err.text, "SystemCallFilter= of the unit"));
}

static void what_something_else_refuses_is_told_from_what_is_granted(void **state)
{
	struct sn_err err = {};

	assert_int_equal(trial_of("a Unix socket", EAFNOSUPPORT, &err), -EPERM);
	assert_non_null(strstr(err.text, "cannot see that safenode refuses a Unix socket, for "
					 "something else does (Address family not supported"));
	assert_non_null(strstr(err.text, "add AF_UNIX to RestrictAddressFamilies="));
	assert_int_equal(trial_of("chdir", EIO, &err), -EPERM);
	assert_non_null(strstr(err.text, "another security module"));
	filter_mode = 2;
	assert_int_equal(trial_of("chdir", EIO, &err), -EPERM);
	assert_non_null(strstr(err.text, "a seccomp filter? Allow it in SystemCallFilter="));
	filter_mode = 0;
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

static void assert_trial(bool has_policy, const char *want, int error)
{
	struct sn_trial trial = sn_trial_acts(has_policy);

	assert_int_equal(trial.error, error);
	if (want)
		assert_string_equal(trial.act, want);
	else
		assert_null(trial.act);
}

static void whatever_is_granted_is_named(void **state)
{
	static const struct {
		size_t answer;
		int granted;
		const char *act;
	} cases[] = {
		{ offsetof(typeof(answers), unix_socket), 0, "a Unix socket" },
		{ offsetof(typeof(answers), odd_socket), ESOCKTNOSUPPORT, "a Unix socket" },
		{ offsetof(typeof(answers), list_root), 0, "listing /" },
		{ offsetof(typeof(answers), list_proc), 0, "listing /" },
		{ offsetof(typeof(answers), chdir), 0, "chdir" },
		{ offsetof(typeof(answers), getsid), 0, "asking for the session of process 1" },
	};

	answers = good.tenant;
	assert_trial(true, NULL, 0);
	assert_trial(false, "asking for the session of process 1", ESRCH);
	answers = good.no_policy;
	assert_trial(false, NULL, 0);
	assert_trial(true, "asking for the session of process 1", EPERM);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answers = good.tenant;
		*(int *)((char *)&answers + cases[i].answer) = cases[i].granted;
		assert_trial(true, cases[i].act, 0);
	}
}

static uint64_t count(void *data)
{
	assert_ptr_equal(data, &noticing);
	return noticed;
}

static void assert_reports(unsigned int programs, const char *want, int error)
{
	struct sn_trial trial;

	noticing = programs;
	trial = sn_trial_reports(count, &noticing);
	assert_int_equal(trial.error, error);
	if (want)
		assert_string_equal(trial.act, want);
	else
		assert_null(trial.act);
}

static void of_an_observed_tenant_each_act_has_to_be_noticed(void **state)
{
	answers = good.free;
	assert_reports(SOCKETS | OPENS | CHDIRS | SESSIONS, NULL, 0);
	assert_reports(OPENS | CHDIRS | SESSIONS, "a Unix socket", 0);
	assert_reports(SOCKETS | CHDIRS | SESSIONS, "listing /", 0);
	assert_reports(SOCKETS | OPENS | SESSIONS, "chdir", 0);
	assert_reports(SOCKETS | OPENS | CHDIRS, "asking for the session of process 1", 0);
	/* something else refuses an act before safenode is asked */
	answers.unix_socket = EAFNOSUPPORT;
	assert_reports(ODD_SOCKETS | OPENS | CHDIRS | SESSIONS, NULL, 0);
	answers.odd_socket = EAFNOSUPPORT;
	assert_reports(OPENS | CHDIRS | SESSIONS, "a Unix socket", EAFNOSUPPORT);
	/* or after */
	answers.chdir = EIO;
	assert_reports(ODD_SOCKETS | OPENS | CHDIRS | SESSIONS, NULL, 0);
}

/* RestrictAddressFamilies=AF_INET; a root directory that is closed to the tenant's user */
static void one_way_of_two_may_be_refused_by_something_else(void **state)
{
	answers = good.tenant;
	answers.unix_socket = EAFNOSUPPORT;
	answers.list_root = EACCES;
	assert_trial(true, NULL, 0);
	answers.odd_socket = EAFNOSUPPORT;
	assert_trial(true, "a Unix socket", EAFNOSUPPORT);
	answers.odd_socket = EIO; /* the first one tells more */
	assert_trial(true, "a Unix socket", EAFNOSUPPORT);
	answers = good.tenant;
	answers.list_root = answers.list_proc = EACCES;
	assert_trial(true, "listing /", EACCES);
	answers = good.tenant;
	answers.chdir = ENOSYS;
	assert_trial(true, "chdir", ENOSYS);
}

/* Also with the errno of safenode, which then would prove nothing */
static void what_is_refused_outside_cannot_be_tried(void **state)
{
	struct sn_err err = {};

	answers = good.free;
	odd_sockets = 0;
	assert_int_equal(sn_trial_control(NULL), 0);
	assert_int_equal(odd_sockets, 0);
	answers.unix_socket = EAFNOSUPPORT;
	answers.list_root = EACCES;
	assert_int_equal(sn_trial_control(NULL), 0);
	assert_int_equal(odd_sockets, 1);
	answers.odd_socket = EIO;
	assert_int_equal(sn_trial_control(&err), -EPERM);
	assert_non_null(strstr(err.text, "add AF_UNIX to RestrictAddressFamilies="));
	answers = good.free;
	answers.unix_socket = answers.odd_socket = EPERM;
	assert_int_equal(sn_trial_control(&err), -EPERM);
	assert_non_null(strstr(err.text, "a Unix socket, for something else does (Operation not"));
	answers = good.free;
	answers.list_root = answers.list_proc = ENOENT;
	assert_int_equal(sn_trial_control(&err), -EPERM);
	assert_non_null(strstr(err.text, "listing /"));
	answers = good.free;
	answers.getsid = ESRCH;
	assert_int_equal(sn_trial_control(&err), -EPERM);
	assert_non_null(strstr(err.text, "session"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_acts_are_tried_in_two_cgroups_by_processes_of_their_own),
		TEST(what_is_granted_fails_it_with_the_name),
		TEST(a_process_that_is_killed_has_refused_nothing),
		TEST(what_something_else_refuses_is_told_from_what_is_granted),
		TEST(whatever_is_granted_is_named),
		TEST(of_an_observed_tenant_each_act_has_to_be_noticed),
		TEST(one_way_of_two_may_be_refused_by_something_else),
		TEST(what_is_refused_outside_cannot_be_tried),
		TEST(a_cgroup_that_cannot_be_joined_is_an_error),
		TEST(what_a_killed_trial_left_is_removed_first),
		TEST(a_caller_that_ignores_sigchld_is_served_and_goes_on_ignoring_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
