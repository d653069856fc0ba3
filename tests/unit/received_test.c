// SPDX-License-Identifier: GPL-2.0-only
/* user/received.c: what is known of a descriptor before its file system is asked. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "received.h"
#include "identify.h"

/* Whatever this machine's file systems are. */
int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err)
{
	struct stat st;

	*id = (struct sn_inode){ .ino = fstat(fd, &st) ? 0 : st.st_ino };
	return 0;
}

int sn_identify_held_fd(int fd, struct sn_inode *id, struct sn_err *err)
{
	return sn_identify_fd(fd, id, err);
}

static void fdinfo_is_read(void **state)
{
	bool is_path = false;
	int mount = 0;

	assert_true(sn_received_parse("pos:\t0\nflags:\t010000000\nmnt_id:\t27\nino:\t5\n",
				      &is_path, &mount));
	assert_true(is_path);
	assert_int_equal(mount, 27);
	assert_true(sn_received_parse("pos:\t0\nflags:\t0100000\nmnt_id:\t9\n", &is_path, &mount));
	assert_false(is_path);
	assert_false(sn_received_parse("pos:\t0\nmnt_id:\t9\n", &is_path, &mount));
	assert_false(sn_received_parse("pos:\t0\nflags:\t0100000\n", &is_path, &mount));
	assert_false(sn_received_parse("", &is_path, &mount));
}

static int look(const char *path, int flags, struct sn_received *handed, struct sn_err *err)
{
	int fd = open(path, flags | O_CLOEXEC), ret;

	assert_true(fd >= 0);
	ret = sn_received_look(&fd, 1, getpid(), handed, err);
	close(fd);
	return ret;
}

static void a_path_of_the_kernels_is_known(void **state)
{
	struct sn_received handed = {};

	assert_int_equal(look("/proc", O_PATH, &handed, NULL), 0);
	assert_true(handed.is_directory && handed.is_kernels && !handed.is_held);
	assert_string_equal(handed.path, "/proc");
	handed = (struct sn_received){};
	assert_int_equal(look("/proc/version", O_PATH, &handed, NULL), 0);
	assert_false(handed.is_directory || handed.is_held);
}

static void what_is_open_for_more_is_refused(void **state)
{
	struct sn_received handed = {};
	struct sn_err err = {};

	assert_int_equal(look("/proc", O_RDONLY | O_DIRECTORY, &handed, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not O_PATH"));
}

static void what_is_on_no_mount_is_refused(void **state)
{
	struct sn_received handed = {};
	struct sn_err err = {};
	char path[32];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	assert_int_equal(look(path, O_PATH, &handed, &err), -EINVAL);
	assert_non_null(strstr(err.text, "mounted nowhere"));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fdinfo_is_read),
		cmocka_unit_test(a_path_of_the_kernels_is_known),
		cmocka_unit_test(what_is_open_for_more_is_refused),
		cmocka_unit_test(what_is_on_no_mount_is_refused),
	};

	return cmocka_run_group_tests_name("received", tests, NULL, NULL);
}
