// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is served: a process for each connection, and so many of each user at a time. Whatever a
 * caller hands over is first touched in that process: to close a file on a FUSE can take for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "desk.h"
#include "request.h"

#define GUESTS_MAX  512 /* at a time */
#define OF_ONE_USER 16
#define SWEEP_EVERY 10 /* seconds */
#define NO_USER	    ((uid_t)-1)

struct hall {
	const struct sn_desk *desk;
	int signals;
	struct {
		pid_t pid;
		uid_t uid;
	} guests[GUESTS_MAX]; /* the first @nr */
	size_t nr;
	pid_t sweeper; /* or 0 */
	bool ends;
};

/* ---- the socket ---- */

static int listen_at(const char *path, gid_t gid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
			chown(path, 0, gid) || chmod(path, 0660) || listen(fd, SOMAXCONN))) {
		int error = errno;

		close(fd);
		errno = error;
		fd = -1;
	}
	umask(before);
	return fd;
}

static int take_over(struct sn_err *err)
{
	int fd = SD_LISTEN_FDS_START;

	if (sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0) <= 0)
		return sn_fail(err, EINVAL,
			       "was not started with one listening Unix socket of "
			       "SOCK_SEQPACKET; write ListenSequentialPacket= in its unit");
	if (fcntl(fd, F_SETFL, O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return sn_fail(err, errno, "cannot use the socket: %s", strerror(errno));
	return fd;
}

int sn_desk_listen(const char *path, const char *group, struct sn_err *err)
{
	const struct group *of;
	int fd;

	if (sd_listen_fds(1) > 0)
		return take_over(err);
	of = getgrnam(group);
	if (!of)
		return sn_fail(err, ENOENT,
			       "there is no group '%s', whose members may start tenants; "
			       "groupadd --system %s",
			       group, group);
	fd = listen_at(path, of->gr_gid);
	return fd < 0 ? sn_fail(err, errno, "cannot listen at %s: %s", path, strerror(errno)) : fd;
}

/* ---- processes ---- */

static size_t guests_of(const struct hall *hall, uid_t uid)
{
	size_t nr = 0;

	for (size_t i = 0; i < hall->nr; i++)
		nr += hall->guests[i].uid == uid;
	return nr;
}

static void forget(struct hall *hall, pid_t pid)
{
	if (pid == hall->sweeper)
		hall->sweeper = 0;
	for (size_t i = 0; i < hall->nr; i++)
		if (hall->guests[i].pid == pid)
			hall->guests[i--] = hall->guests[--hall->nr];
}

static void reap(struct hall *hall)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		forget(hall, pid);
}

/* What has begun is ended by itself: the signals that end the service stay blocked. */
static pid_t start(struct hall *hall, int socket)
{
	const struct sn_desk *desk = hall->desk;
	pid_t pid = fork();
	sigset_t ends;

	if (pid)
		return pid;
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &ends, NULL);
	close(hall->signals);
	close(desk->listening);
	_exit(socket < 0 ? desk->sweep(desk->data) : desk->serve(socket, desk->data));
}

/* ---- guests ---- */

static void turn_away(int socket)
{
	struct sn_reply reply = { .error = -EAGAIN };

	sn_fail(&reply.err, EAGAIN, "safenode-broker is busy with others of this user; try again");
	send(socket, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static uid_t user_of(int socket)
{
	struct ucred peer = { .uid = NO_USER };
	socklen_t size = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? NO_USER : peer.uid;
}

static void admit(struct hall *hall, int socket)
{
	uid_t uid = user_of(socket);
	pid_t pid = -1;

	if (hall->nr < GUESTS_MAX && guests_of(hall, uid) < OF_ONE_USER)
		pid = start(hall, socket);
	if (pid > 0) {
		hall->guests[hall->nr].pid = pid;
		hall->guests[hall->nr++].uid = uid;
	} else {
		turn_away(socket);
	}
	close(socket);
}

static void accept_all(struct hall *hall)
{
	int socket;

	/* no more in a turn, for signals get theirs */
	for (int i = 0; i < GUESTS_MAX; i++) {
		socket = accept4(hall->desk->listening, NULL, NULL, SOCK_CLOEXEC);
		if (socket < 0)
			return;
		reap(hall); /* who has been served makes room */
		admit(hall, socket);
	}
}

/* ---- from beginning to end ---- */

static void hear_signals(struct hall *hall)
{
	struct signalfd_siginfo info;

	while (read(hall->signals, &info, sizeof(info)) == sizeof(info))
		hall->ends |= info.ssi_signo != SIGCHLD;
	reap(hall);
}

static int wait_for_any(struct hall *hall, struct sn_err *err)
{
	struct pollfd fds[] = { { .fd = hall->signals, .events = POLLIN },
				{ .fd = hall->desk->listening, .events = POLLIN } };
	int nr = poll(fds, hall->ends ? 1 : 2, hall->ends ? -1 : SWEEP_EVERY * 1000);

	if (nr < 0 && errno != EINTR)
		return sn_fail(err, errno, "cannot wait for anything: %s", strerror(errno));
	hear_signals(hall);
	if (nr > 0 && !hall->ends && fds[1].revents)
		accept_all(hall);
	return 0;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* They are read, like what a socket gets. */
static int take_signals(struct sn_err *err)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? sn_fail(err, errno, "cannot wait for signals: %s", strerror(errno)) : fd;
}

static void sweep_in_time(struct hall *hall, time_t *last)
{
	if (hall->ends || hall->sweeper || now() - *last < SWEEP_EVERY)
		return;
	*last = now();
	hall->sweeper = start(hall, -1);
	if (hall->sweeper < 0)
		hall->sweeper = 0;
}

int sn_desk_run(const struct sn_desk *desk, struct sn_err *err)
{
	struct hall hall = { .desk = desk, .signals = take_signals(err) };
	int ret = hall.signals < 0 ? hall.signals : 0;
	time_t swept = now();

	while (!ret && (!hall.ends || hall.nr || hall.sweeper)) {
		ret = wait_for_any(&hall, err);
		sweep_in_time(&hall, &swept);
	}
	sn_close_(&hall.signals);
	return ret;
}
