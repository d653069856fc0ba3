// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for a lock: who holds it, when that is said, and when nothing is. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lock.h"

#define LINE "2: FLOCK  ADVISORY  WRITE 812 00:1d:17 0 EOF\n"

static void the_holder_is_the_one_of_that_file(void **state)
{
	assert_int_equal(sn_lock_holder(LINE, makedev(0, 0x1d), 17), 812);
	assert_int_equal(sn_lock_holder(LINE, makedev(0, 0x1d), 18), 0);
	assert_int_equal(sn_lock_holder(LINE, makedev(0, 0x1e), 17), 0);
	assert_int_equal(sn_lock_holder(LINE, makedev(1, 0x1d), 17), 0);
}

static void who_waits_or_has_another_kind_of_lock_is_no_holder(void **state)
{
	const dev_t dev = makedev(0, 0x1d);

	assert_int_equal(
		sn_lock_holder("2: -> FLOCK  ADVISORY  WRITE 812 00:1d:17 0 EOF\n", dev, 17), 0);
	assert_int_equal(sn_lock_holder("2: POSIX  ADVISORY  WRITE 812 00:1d:17 0 EOF\n", dev, 17),
			 0);
	assert_int_equal(sn_lock_holder("2: FLOCK  ADVISORY  WRITE 0 00:1d:17 0 EOF\n", dev, 17),
			 0);
	assert_int_equal(sn_lock_holder("", dev, 17), 0);
}

static char said[512];

static void hear(const char *text)
{
	snprintf(said, sizeof(said), "%s", text);
}

/* A process that locks the file for so many milliseconds */
static pid_t hold(const char *path, int how, int ms)
{
	int locked[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(locked), 0);
	pid = fork();
	if (!pid) {
		int fd = open(path, O_RDONLY | O_CREAT, 0600);

		if (fd < 0 || flock(fd, how) || write(locked[1], &byte, 1) != 1)
			_exit(1);
		poll(NULL, 0, ms);
		_exit(0);
	}
	assert_int_equal(read(locked[0], &byte, 1), 1);
	close(locked[0]);
	close(locked[1]);
	return pid;
}

static int lock_while_held(int theirs, int ours, int ms, char holder[64])
{
	char path[] = "/tmp/safenode-lock.XXXXXX";
	struct sn_err err = {};
	int fd = mkstemp(path), ret, status;
	pid_t pid = hold(path, theirs, ms);

	said[0] = '\0';
	snprintf(holder, 64, "lock_test (process %d)", pid);
	ret = sn_lock(fd, path, ours, &err);
	if (theirs == LOCK_SH)
		assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WIFEXITED(status), theirs == LOCK_EX);
	close(fd);
	unlink(path);
	return ret;
}

static void a_long_wait_is_said_with_whom_for(void **state)
{
	char holder[64];

	sn_lock_tell(hear);
	assert_int_equal(lock_while_held(LOCK_EX, LOCK_SH, 2500, holder), 0);
	assert_non_null(strstr(said, "waiting for "));
	assert_non_null(strstr(said, holder));
	assert_non_null(strstr(said, "/tmp/safenode-lock."));
}

static void a_moment_is_not_worth_a_word(void **state)
{
	char holder[64];

	sn_lock_tell(hear);
	assert_int_equal(lock_while_held(LOCK_EX, LOCK_EX, 100, holder), 0);
	assert_string_equal(said, "");
}

static void readers_do_not_wait_for_each_other(void **state)
{
	char holder[64];

	assert_int_equal(lock_while_held(LOCK_SH, LOCK_SH, 60000, holder), 0);
	assert_string_equal(said, "");
}

static void what_cannot_be_locked_is_an_error(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_lock(-1, "/there", LOCK_EX, &err), -EBADF);
	assert_string_equal(err.text, "cannot lock /there: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_holder_is_the_one_of_that_file),
		cmocka_unit_test(who_waits_or_has_another_kind_of_lock_is_no_holder),
		cmocka_unit_test(a_long_wait_is_said_with_whom_for),
		cmocka_unit_test(a_moment_is_not_worth_a_word),
		cmocka_unit_test(readers_do_not_wait_for_each_other),
		cmocka_unit_test(what_cannot_be_locked_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
