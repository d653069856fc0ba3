// SPDX-License-Identifier: GPL-2.0-only
/* user/caller.c: a process is served that has nothing to lose, and only if it has sent it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "caller.h"

#define NONE "0000000000000000"
#define GOOD "7\t7\t7\t7", NONE, "1", "1"

/* As fs/proc/array.c writes it, with a name that tries to be more. */
static const char *status(const char *uids, const char *permitted, const char *threads,
			  const char *no_new_privs)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "Name:\tx\\nUid:\t7\nUmask:\t0022\nState:\tt (tracing stop)\nTgid:\t9\nUid:\t%s\n"
		 "Gid:\t7\t7\t7\t7\nThreads:\t%s\nCapInh:\t" NONE "\nCapPrm:\t%s\nCapEff:\t" NONE
		 "\nCapBnd:\t000001ffffffffff\nCapAmb:\t" NONE "\nNoNewPrivs:\t%s\nSeccomp:\t0\n",
		 uids, threads, permitted, no_new_privs);
	return text;
}

static void who_has_nothing_is_served(void **state)
{
	assert_int_equal(sn_caller_check_status(status(GOOD), 7, NULL), 0);
}

static void who_has_more_is_not(void **state)
{
	static const char *const wrong[][5] = {
		{ "7\t0\t0\t0", NONE, "1", "1", "several users" },
		{ "0\t7\t7\t7", NONE, "1", "1", "several users" },
		{ "7\t7\t0\t7", NONE, "1", "1", "several users" },
		{ "7\t7\t7\t8", NONE, "1", "1", "several users" },
		{ "8\t8\t8\t8", NONE, "1", "1", "several users" },
		{ "7\t7\t7\t7", "0000000000000001", "1", "1", "capabilities" },
		{ "7\t7\t7\t7", "1000000000000000", "1", "1", "capabilities" },
		{ "7\t7\t7\t7", NONE, "2", "1", "threads" },
		{ "7\t7\t7\t7", NONE, "11", "1", "threads" },
		{ "7\t7\t7\t7", NONE, "1", "0", "no_new_privs" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sn_err err = {};

		assert_int_equal(sn_caller_check_status(
					 status(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]),
					 7, &err),
				 -EPERM);
		if (!strstr(err.text, wrong[i][4]))
			fail_msg("%zu: %s", i, err.text);
	}
}

static void what_says_nothing_is_refused(void **state)
{
	assert_int_equal(sn_caller_check_status("", 7, NULL), -EIO);
	assert_int_equal(sn_caller_check_status("Name:\tx\nUid:\t7\t7\t7\t7\n", 7, NULL), -EPERM);
}

/* The two ends of a connection, of which the first is the broker's. */
static void connect_to(struct sn_caller *caller, int *end)
{
	int ends[2], on = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	*caller = SN_CALLER(ends[0]);
	caller->pid = getpid();
	caller->uid = geteuid();
	*end = ends[1];
}

static int hear(struct sn_caller *caller, size_t size, size_t *nr)
{
	char message[16];
	int fds[SN_PLACES_MAX];
	int ret = sn_caller_hear(caller, message, &size, fds, nr, NULL);

	for (size_t i = 0; i < *nr; i++)
		close(fds[i]);
	return ret;
}

static void what_another_process_sends_is_refused(void **state)
{
	struct sn_caller caller;
	size_t nr;
	int end, status;

	connect_to(&caller, &end);
	caller.pidfd = -1; /* poll(2) passes it over: it lives */
	assert_int_equal(send(end, "own", 3, 0), 3);
	assert_int_equal(hear(&caller, 16, &nr), 0);
	if (!fork()) {
		send(end, "its", 3, 0);
		_exit(0);
	}
	wait(&status);
	assert_int_equal(hear(&caller, 16, &nr), -EPERM);
	close(end);
	close(caller.socket);
}

static void what_is_cut_is_refused(void **state)
{
	struct sn_caller caller;
	size_t nr;
	int end;

	connect_to(&caller, &end);
	assert_int_equal(send(end, "long", 4, 0), 4);
	assert_int_equal(hear(&caller, 3, &nr), -EINVAL);
	close(end);
	assert_int_equal(hear(&caller, 16, &nr), -EPIPE);
	close(caller.socket);
}

static void a_nonce_is_of_one_connection(void **state)
{
	struct sn_caller caller = { .nonce = { "0123456789abcde" } };
	struct sn_nonce other = caller.nonce;

	assert_int_equal(sn_caller_check_nonce(&caller, &other, NULL), 0);
	other.bytes[15] ^= 1;
	assert_int_equal(sn_caller_check_nonce(&caller, &other, NULL), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_nothing_is_served),
		cmocka_unit_test(who_has_more_is_not),
		cmocka_unit_test(what_says_nothing_is_refused),
		cmocka_unit_test(what_another_process_sends_is_refused),
		cmocka_unit_test(what_is_cut_is_refused),
		cmocka_unit_test(a_nonce_is_of_one_connection),
	};

	return cmocka_run_group_tests_name("caller", tests, NULL, NULL);
}
