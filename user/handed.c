// SPDX-License-Identifier: GPL-2.0-only
/* What the caller of the drop-in left open on purpose. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "decide.h"
#include "handed.h"
#include "identify.h"
#include "parse.h"

/* ---- which stay ---- */

static int socket_option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -1 : value;
}

/* Over such a channel node sends messages and, with SCM_RIGHTS, sockets. */
static bool is_channel(int fd)
{
	const char *named = getenv("NODE_CHANNEL_FD");
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	uint64_t number;

	return named && sn_parse_number(named, INT_MAX, &number) && (int)number == fd &&
	       socket_option(fd, SO_DOMAIN) == AF_UNIX &&
	       socket_option(fd, SO_TYPE) == SOCK_STREAM &&
	       !getpeername(fd, (struct sockaddr *)&peer, &len);
}

/* Those that a tenant may make itself: bpf/decide.h sn_decide_socket(). */
static bool is_tcp_or_udp(int fd)
{
	int domain = socket_option(fd, SO_DOMAIN);

	return (domain == AF_INET || domain == AF_INET6) &&
	       sn_decide_socket(domain, socket_option(fd, SO_TYPE),
				socket_option(fd, SO_PROTOCOL)) == SN_ALLOWED;
}

/* Others that are unknown, of processes (pidfs) and namespaces for two, sn_rules_add_fd() refuses.
 */
static bool is_on_disk(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && !sn_identify_is_kernels(&fs);
}

/* The master of a pseudo-terminal is the other end of another's terminal. */
static bool is_terminal(int fd)
{
	unsigned int number;

	return isatty(fd) && ioctl(fd, TIOCGPTN, &number);
}

/* With @path, what /proc calls it. */
static bool stays(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) || fcntl(fd, F_GETFL) & O_PATH)
		return false;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return *path == '/' && is_on_disk(fd);
	case S_IFIFO:
		return true;
	case S_IFCHR:
		return is_terminal(fd) ||
		       sn_device_access(st.st_mode, major(st.st_rdev) << 20 | minor(st.st_rdev));
	case S_IFSOCK:
		return is_tcp_or_udp(fd) || is_channel(fd);
	}
	return false;
}

/* ---- all of them ---- */

static const char *kind_of(int fd)
{
	struct stat st;

	if (fcntl(fd, F_GETFL) & O_PATH)
		return "a path (O_PATH)";
	if (fstat(fd, &st))
		return "of an unknown kind";
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	case S_IFSOCK:
		return socket_option(fd, SO_DOMAIN) == AF_UNIX
			       ? "a Unix socket, and no connected stream that NODE_CHANNEL_FD names"
			       : "a socket, and none of TCP or UDP";
	}
	return "an object of the kernel's";
}

static int keep(struct sn_options *options, int fd, struct sn_err *err)
{
	char link[32], path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	if (!stays(fd, path))
		return sn_fail(
			err, EINVAL,
			"descriptor %d ('%.100s') is open, and is %s: the drop-in hands over "
			"files, pipes, terminals, TCP and UDP sockets and node's IPC "
			"channel; close it (FD_CLOEXEC), or start the tenant by "
			"safenode-attach, with --keep-fd if it needs it",
			fd, path, kind_of(fd));
	if (options->nr_keep_fd == SN_FDS_MAX)
		return sn_fail(err, EINVAL,
			       "more than %d descriptors above 2 are open; close what the tenant "
			       "does not need (FD_CLOEXEC)",
			       SN_FDS_MAX);
	options->keep_fd[options->nr_keep_fd++] = fd;
	return 0;
}

int sn_handed_keep(struct sn_options *options, struct sn_err *err)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return sn_fail(err, errno, "cannot open /proc/self/fd: %s", strerror(errno));
	options->handed_over = true;
	while (!ret && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name); /* 0 for "." and ".." */

		if (fd > 2 && fd != dirfd(dir))
			ret = keep(options, fd, err);
	}
	closedir(dir);
	return ret;
}
