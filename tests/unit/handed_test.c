// SPDX-License-Identifier: GPL-2.0-only
/* user/handed.c: which descriptors stay open for a tenant of the drop-in, and which are refused. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "handed.h"

/* Nothing is open above 2, and no channel has a name. */
static int begin(void **state)
{
	unsetenv("NODE_CHANNEL_FD");
	return syscall(SYS_close_range, 3, ~0U, 0);
}

static int keep(struct sn_options *options, struct sn_err *err)
{
	*options = (struct sn_options){};
	*err = (struct sn_err){};
	return sn_handed_keep(options, err);
}

static void stays(int fd)
{
	struct sn_options options;
	struct sn_err err;

	assert_true(fd > 2);
	if (keep(&options, &err))
		fail_msg("%s", err.text);
	assert_true(options.handed_over);
	assert_int_equal(options.nr_keep_fd, 1);
	assert_int_equal(options.keep_fd[0], fd);
	close(fd);
}

/* By its number and by @name, and by what it is. */
static void is_refused(int fd, const char *name, const char *kind)
{
	struct sn_options options;
	struct sn_err err;
	char number[32];

	assert_true(fd > 2);
	snprintf(number, sizeof(number), "descriptor %d (", fd);
	assert_int_equal(keep(&options, &err), -EINVAL);
	if (!strstr(err.text, number) || !strstr(err.text, name) || !strstr(err.text, kind))
		fail_msg("no '%s', '%s', '%s' in: %s", number, name, kind, err.text);
	if (!strstr(err.text, "close it"))
		fail_msg("no cure in: %s", err.text);
	close(fd);
}

static void name_channel(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	setenv("NODE_CHANNEL_FD", number, 1);
}

static void where_nothing_is_open_nothing_is_kept(void **state)
{
	struct sn_options options;
	struct sn_err err;

	assert_int_equal(keep(&options, &err), 0);
	assert_int_equal(options.nr_keep_fd, 0);
	assert_true(options.handed_over);
}

static void files_and_what_is_like_them_stay(void **state)
{
	char name[] = "/tmp/handed.XXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	stays(fd);
	stays(memfd_create("handed", 0));
	stays(open("/dev/null", O_RDWR));
	stays(open("/dev/urandom", O_RDONLY));
}

static void pipes_stay(void **state)
{
	struct sn_options options;
	struct sn_err err;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(keep(&options, &err), 0);
	assert_int_equal(options.nr_keep_fd, 2);
	assert_int_equal(options.keep_fd[0] + options.keep_fd[1], ends[0] + ends[1]);
}

static void a_terminal_stays_and_the_other_end_of_one_does_not(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int slave;
	pid_t pid;

	assert_true(master > 2);
	assert_int_equal(grantpt(master) || unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave > 2);
	assert_int_equal(dup2(master, 200), 200);
	close(master);
	pid = fork(); /* has the other end: otherwise the terminal hangs up, and is none any more */
	if (!pid)
		pause();
	is_refused(200, "ptmx", "a device");
	stays(slave);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void tcp_and_udp_sockets_stay(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const int families[] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			stays(socket(families[i], types[j], 0));
}

static void sockets_of_other_kinds_are_refused(void **state)
{
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP),
	    mptcp = socket(AF_INET, SOCK_STREAM, 262);

	if (mptcp > 2) { /* not every kernel has it, and only root has raw ones */
		close(raw);
		is_refused(mptcp, "socket:[", "none of TCP or UDP");
		raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	}
	if (raw > 2)
		is_refused(raw, "socket:[", "none of TCP or UDP");
	is_refused(socket(AF_NETLINK, SOCK_RAW, 0), "socket:[", "none of TCP or UDP");
	is_refused(socket(AF_UNIX, SOCK_STREAM, 0), "socket:[", "a Unix socket");
	is_refused(socket(AF_UNIX, SOCK_DGRAM, 0), "socket:[", "a Unix socket");
}

/* One end of a pair; the other one is closed at exec. */
static int pair(int type)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
	assert_int_equal(dup2(ends[1], 2 + 200), 202);
	close(ends[1]);
	return ends[0];
}

static void the_channel_of_node_stays(void **state)
{
	struct sn_options options;
	struct sn_err err;
	int fd = pair(SOCK_STREAM);

	name_channel(fd);
	/* the other end is a Unix socket as well, and nobody named it */
	assert_int_equal(keep(&options, &err), -EINVAL);
	assert_non_null(strstr(err.text, "descriptor 202 ("));
	close(202);
	/* without a peer there is nothing to talk to, but the kernel still knows it as connected */
	stays(fd);
}

static void another_unix_socket_is_refused_whatever_names_it(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX }; /* the kernel finds one */
	int fd = pair(SOCK_DGRAM);

	close(202);
	name_channel(fd);
	is_refused(fd, "socket:[", "a Unix socket");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	name_channel(fd);
	is_refused(fd, "socket:[", "a Unix socket");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (void *)&name, sizeof(name.sun_family)), 0);
	assert_int_equal(listen(fd, 1), 0);
	name_channel(fd);
	is_refused(fd, "socket:[", "a Unix socket");
	fd = pair(SOCK_STREAM);
	close(202);
	name_channel(fd + 1);
	is_refused(fd, "socket:[", "a Unix socket");
}

static void what_is_more_than_a_file_is_refused(void **state)
{
	int pidfd;

	is_refused(open("/tmp", O_RDONLY | O_DIRECTORY), "/tmp", "a directory");
	is_refused(open("/dev/null", O_PATH), "/dev/null", "a path (O_PATH)");
	is_refused(open("/proc/self/status", O_RDONLY), "/status", "the kernel's");
	is_refused(epoll_create1(0), "anon_inode:[eventpoll]", "the kernel's");
	pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd > 2) /* a filter of the container */
		is_refused(pidfd, "pidfd", "the kernel's");
}

static void too_many_are_too_many(void **state)
{
	struct sn_options options;
	struct sn_err err;

	for (int i = 0; i < SN_FDS_MAX; i++)
		assert_true(open("/dev/null", O_RDONLY) > 2);
	assert_int_equal(keep(&options, &err), 0);
	assert_int_equal(options.nr_keep_fd, SN_FDS_MAX);
	assert_true(open("/dev/null", O_RDONLY) > 2);
	assert_int_equal(keep(&options, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than 64 descriptors"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(where_nothing_is_open_nothing_is_kept, begin),
		cmocka_unit_test_setup(files_and_what_is_like_them_stay, begin),
		cmocka_unit_test_setup(pipes_stay, begin),
		cmocka_unit_test_setup(a_terminal_stays_and_the_other_end_of_one_does_not, begin),
		cmocka_unit_test_setup(tcp_and_udp_sockets_stay, begin),
		cmocka_unit_test_setup(sockets_of_other_kinds_are_refused, begin),
		cmocka_unit_test_setup(the_channel_of_node_stays, begin),
		cmocka_unit_test_setup(another_unix_socket_is_refused_whatever_names_it, begin),
		cmocka_unit_test_setup(what_is_more_than_a_file_is_refused, begin),
		cmocka_unit_test_setup(too_many_are_too_many, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
