// SPDX-License-Identifier: GPL-2.0-only
/* user/child.c: what a process that ends has found, and how it ended. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_acts_in_a_process_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(a_signal_that_ends_it_is_told, begin, end),
		cmocka_unit_test_setup_teardown(sigchld_may_be_ignored_and_stays_so, begin, end),
		cmocka_unit_test_setup_teardown(where_it_cannot_be_made_the_cure_is_named, begin,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
