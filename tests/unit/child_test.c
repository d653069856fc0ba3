// SPDX-License-Identifier: GPL-2.0-only
/* user/child.c: what a process that ends has found, and how it ended. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"

/* In memory that both share. */
struct shared {
	pid_t pid;
	int signal; /* to end by; 0: none */
};

static int begin(void **state)
{
	*state = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return *state == MAP_FAILED ? -1 : 0;
}

static int end(void **state)
{
	return munmap(*state, sizeof(struct shared));
}

static void act(void *data)
{
	struct shared *shared = data;

	shared->pid = getpid();
	if (shared->signal)
		raise(shared->signal);
}

static void it_acts_in_a_process_of_its_own(void **state)
{
	struct shared *shared = *state;
	int status = -1;

	assert_int_equal(sn_child_run(act, shared, &status, NULL), 0);
	assert_int_equal(status, 0);
	assert_int_not_equal(shared->pid, 0);
	assert_int_not_equal(shared->pid, getpid());
}

static void a_signal_that_ends_it_is_told(void **state)
{
	struct shared *shared = *state;
	int status = 0;

	shared->signal = SIGKILL;
	assert_int_equal(sn_child_run(act, shared, &status, NULL), 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void sigchld_may_be_ignored_and_stays_so(void **state)
{
	void (*before)(int) = signal(SIGCHLD, SIG_IGN);
	int status = -1;

	assert_int_equal(sn_child_run(act, *state, &status, NULL), 0);
	assert_int_equal(status, 0);
	assert_ptr_equal(signal(SIGCHLD, before), SIG_IGN);
}

/* ---- in place of fork(2) ---- */

static bool no_process;

pid_t fork(void)
{
	if (!no_process)
		return _Fork();
	errno = EAGAIN;
	return -1;
}

static void where_it_cannot_be_made_the_cure_is_named(void **state)
{
	struct sn_err err = {};
	int status;

	no_process = true;
	assert_int_equal(sn_child_run(act, *state, &status, &err), -EAGAIN);
	no_process = false;
	assert_non_null(strstr(err.text, "cannot fork: Resource temporarily unavailable; "
					 "raise TasksMax= of the unit"));
}

/* ---- with the caller's memory ---- */

static int (*clone_of_libc(void))(int (*)(void *), void *, int, void *, ...)
{
	return (int (*)(int (*)(void *), void *, int, void *, ...))dlsym(RTLD_NEXT, "clone");
}

int clone(int (*function)(void *), void *stack, int flags, void *data, ...)
{
	if (!no_process)
		return clone_of_libc()(function, stack, flags, data);
	errno = EAGAIN;
	return -1;
}

static struct {
	pid_t pid;
	bool dies;
} own; /* memory of this process */

static void act_on_own(void *data)
{
	char room[32 * 1024]; /* a path, a line, what printf(3) needs: less than that */

	memset(room, 1, sizeof(room));
	own.pid = getpid() + !room[77];
	assert_int_equal(chdir("/proc"), 0);
	assert_int_equal(close(0), 0);
	signal(SIGUSR1, SIG_IGN);
	setrlimit(RLIMIT_CORE, &(struct rlimit){});
	if (own.dies)
		raise(SIGKILL);
}

static void what_it_writes_is_the_callers_and_what_it_is_its_own(void **state)
{
	char before[PATH_MAX], after[PATH_MAX];
	struct rlimit limit = {}, now = {};
	int status = -1;

	own = (typeof(own)){};
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(sn_child_share(act_on_own, NULL, &status, NULL), 0);
	assert_int_equal(status, 0);
	assert_int_not_equal(own.pid, 0);
	assert_int_not_equal(own.pid, getpid());
	assert_string_equal(getcwd(after, sizeof(after)), before);
	assert_true(fcntl(0, F_GETFD) >= 0);
	assert_ptr_equal(signal(SIGUSR1, SIG_DFL), SIG_DFL);
	assert_int_equal(getrlimit(RLIMIT_CORE, &now), 0);
	assert_int_equal(now.rlim_max, limit.rlim_max);
}

static void its_end_is_told_as_well(void **state)
{
	struct sn_err err = {};
	int status = 0;

	own.dies = true;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(sn_child_share(act_on_own, NULL, &status, NULL), 0);
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	no_process = true;
	assert_int_equal(sn_child_share(act_on_own, NULL, &status, &err), -EAGAIN);
	no_process = false;
	assert_non_null(strstr(err.text, "raise TasksMax= of the unit"));
}

static struct {
	bool is_open; /* to its user, which no child of attach is */
	bool seen;
} memory;

/* Becomes another user, and a process of that user tries to look at it. */
static void be_looked_at(void *data)
{
	char name[32], byte;
	pid_t pid = getpid(), other;
	int status = 0;

	if (setresgid(2001, 2001, 2001) || setresuid(2001, 2001, 2001))
		return;
	if (memory.is_open)
		prctl(PR_SET_DUMPABLE, 1);
	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	other = fork();
	if (!other)
		_exit(read(open(name, O_RDONLY), &byte, 1) == 1);
	waitpid(other, &status, 0);
	memory.seen = WEXITSTATUS(status);
}

/* See may_share() in user/rehearse.c. */
static void others_of_its_user_cannot_look_into_the_callers_memory(void **state)
{
	char word = '1';
	int fd = open("/proc/sys/fs/suid_dumpable", O_RDONLY), status = -1;

#ifdef __SANITIZE_ADDRESS__
	/* it would go on guarding what an ended child had on the stack that the next one gets */
	return;
#endif
	if (geteuid() || read(fd, &word, 1) != 1 || word == '1')
		skip();
	close(fd);
	memory.is_open = true;
	assert_int_equal(sn_child_share(be_looked_at, NULL, &status, NULL), 0);
	assert_int_equal(status, 0);
	assert_true(memory.seen);
	memory.is_open = memory.seen = false;
	assert_int_equal(sn_child_share(be_looked_at, NULL, &status, NULL), 0);
	assert_int_equal(status, 0);
	assert_false(memory.seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_acts_in_a_process_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(a_signal_that_ends_it_is_told, begin, end),
		cmocka_unit_test_setup_teardown(sigchld_may_be_ignored_and_stays_so, begin, end),
		cmocka_unit_test_setup_teardown(where_it_cannot_be_made_the_cure_is_named, begin,
						end),
		cmocka_unit_test(what_it_writes_is_the_callers_and_what_it_is_its_own),
		cmocka_unit_test(its_end_is_told_as_well),
		cmocka_unit_test(others_of_its_user_cannot_look_into_the_callers_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
