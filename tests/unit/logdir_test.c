// SPDX-License-Identifier: GPL-2.0-only
/* user/logdir.c: who may use the directory, and how many. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "logdir.h"
#include "scratch.h"

static struct sn_err err;

static void the_directory_is_made_or_checked(void **state)
{
	struct stat st;

	assert_int_equal(sn_logdir_make(at("d"), &err), 0);
	assert_int_equal(stat(at("d"), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(sn_logdir_make(at("d"), &err), 0);
	chmod(at("d"), 0777);
	assert_int_equal(sn_logdir_make(at("d"), &err), -EPERM);
	assert_non_null(strstr(err.text, "can be changed by others"));
	assert_int_equal(symlink(at("d"), at("l")), 0);
	assert_int_equal(sn_logdir_make(at("l"), &err), -ENOTDIR);
	assert_int_equal(sn_logdir_make(at("no/d"), &err), -ENOENT);
}

/* What another user has made, that user can exchange. */
static void the_directory_of_another_user_is_refused(void **state)
{
	if (geteuid())
		skip();
	assert_int_equal(mkdir(at("d"), 0700), 0);
	assert_int_equal(chown(at("d"), 2001, 2001), 0);
	assert_int_equal(sn_logdir_make(at("d"), &err), -EPERM);
	assert_non_null(strstr(err.text, "chown it to root"));
}

static void there_is_one_service(void **state)
{
	char process[32];
	int fd = sn_logdir_lock(at("lock"), &err);

	assert_true(fd >= 0);
	assert_int_equal(sn_logdir_lock(at("lock"), &err), -EBUSY);
	snprintf(process, sizeof(process), "already, as process %d", getpid());
	assert_non_null(strstr(err.text, process));
	close(fd);
	fd = sn_logdir_lock(at("lock"), &err);
	assert_true(fd >= 0);
	close(fd);
}

static void the_ring_has_one_reader_or_some_that_share(void **state)
{
	int one = sn_logdir_lock_ring(at("ring"), false, &err);
	int two = sn_logdir_lock_ring(at("ring"), false, &err);

	assert_true(one >= 0 && two >= 0);
	close(one);
	assert_int_equal(sn_logdir_lock_ring(at("ring"), true, &err), -EBUSY);
	assert_string_equal(err.text, "a safenode-log reads the events itself");
	close(two);
	one = sn_logdir_lock_ring(at("ring"), true, &err);
	assert_true(one >= 0);
	assert_int_equal(sn_logdir_lock_ring(at("ring"), false, &err), -EBUSY);
	assert_string_equal(err.text, "safenode-logd reads the events itself");
	close(one);
}

static void the_socket_is_its_owners(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int left = sn_logdir_listen(at("log"), &err), fd, client;
	struct stat st;

	assert_true(left >= 0);
	fd = sn_logdir_listen(at("log"), &err); /* the first one was killed */
	assert_true(fd >= 0);
	assert_int_equal(stat(at("log"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	strcpy(address.sun_path, at("log"));
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	close(accept(fd, NULL, NULL));
	close(client);
	close(left);
	close(fd);
	assert_int_equal(sn_logdir_listen(at("no/log"), &err), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_begin, scratch_end)
	const struct CMUnitTest tests[] = {
		TEST(the_directory_is_made_or_checked),
		TEST(the_directory_of_another_user_is_refused),
		TEST(there_is_one_service),
		TEST(the_ring_has_one_reader_or_some_that_share),
		TEST(the_socket_is_its_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
