// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session, process group and terminals of the process that becomes a tenant.
 *
 * The kernel signals a whole process group for what one member does with the session's terminal,
 * and no LSM hook is asked: a background group gets SIGTTOU if one member changes the modes of the
 * terminal. So a tenant shares neither session nor group. In another session, job control does not
 * keep it from reading the input of others; so it gets no terminal that it could read.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

#include "session.h"

/* ---- terminals ---- */

/* Not the master of a pseudo-terminal: opening that again makes a new pair. */
static bool is_terminal(int fd)
{
	unsigned int number;

	return isatty(fd) && ioctl(fd, TIOCGPTN, &number);
}

/* The kernel tells the session of a terminal only to members of that session. */
static bool is_controlling(int fd)
{
	return tcgetsid(fd) >= 0;
}

static int put(int from, int fd, struct sn_err *err)
{
	int ret = dup2(from, fd);

	if (ret < 0)
		ret = sn_fail(err, errno, "cannot replace descriptor %d: %s", fd, strerror(errno));
	close(from);
	return ret < 0 ? ret : 0;
}

static int put_null(int fd, struct sn_err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return sn_fail(err, errno, "cannot open /dev/null: %s", strerror(errno));
	return put(null, fd, err);
}

/* 0, 1 and 2 usually share one open file description, which can be read through each of them. */
static int make_write_only(int fd, struct sn_err *err)
{
	char name[32];
	int terminal, error;

	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	/* O_NONBLOCK: do not wait for the carrier of a serial line */
	terminal = open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (terminal >= 0 && !fcntl(terminal, F_SETFL, 0))
		return put(terminal, fd, err);
	error = sn_fail(err, errno,
			"cannot open the terminal on descriptor %d for writing only: %s; "
			"redirect it",
			fd, strerror(errno));
	if (terminal >= 0)
		close(terminal);
	return error;
}

/* A terminal at @fd that is another's. */
static int take(int fd, bool leads, struct sn_err *err)
{
	if (!is_terminal(fd) || (leads && is_controlling(fd)))
		return 0;
	return fd ? make_write_only(fd, err) : put_null(fd, err);
}

int sn_session_take_terminals(bool keep, const int *more, size_t nr, struct sn_err *err)
{
	bool on_stdin = is_terminal(0), leads = getsid(0) == getpid();
	int ret = 0;

	if (keep)
		return on_stdin ? 0
				: sn_fail(err, EINVAL,
					  "--terminal, and standard input is no terminal; "
					  "leave the option out, or do not redirect the input");
	if (leads && on_stdin && is_controlling(0))
		on_stdin = false;
	for (int fd = 0; fd <= 2 && !ret; fd++)
		ret = take(fd, leads, err);
	for (size_t i = 0; i < nr && !ret; i++)
		ret = take(more[i], leads, err);
	return ret ? ret : on_stdin;
}

/* ---- the session ---- */

/*
 * Moves the caller into the process group of a zombie child, so that its old group, whose id is the
 * caller's process id, can be empty. 0 or a negative errno.
 *
 * The child is cloned without an exit signal: it stays a zombie even if SIGCHLD is ignored.
 */
static int step_aside(pid_t *child, struct sn_err *err)
{
	*child = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (!*child)
		_exit(0);
	if (*child < 0)
		return sn_fail(err, errno, "cannot fork: %s", strerror(errno));
	if (setpgid(*child, *child) || setpgid(0, *child))
		return sn_fail(err, errno, "cannot leave the process group: %s", strerror(errno));
	return 0;
}

static void reap(pid_t child)
{
	if (child > 0)
		waitpid(child, NULL, __WALL);
}

/* The caller leads a process group, and setsid(2) refuses that. */
static int leave_group(struct sn_err *err)
{
	pid_t child;
	int ret = step_aside(&child, err);

	if (!ret && setsid() < 0) {
		setpgid(0, 0);
		ret = sn_fail(err, EINVAL,
			      "leads a process group that has other members, such as a pipeline; "
			      "put 'setsid -w' in front of the command");
	}
	reap(child);
	return ret;
}

static int check_alone(struct sn_err *err)
{
	pid_t child;
	int ret = step_aside(&child, err);

	if (!ret && (!kill(-getpid(), 0) || errno != ESRCH))
		ret = sn_fail(err, EINVAL,
			      "--terminal, and it leads a process group that has other members, "
			      "such as a pipeline; start it alone");
	setpgid(0, 0);
	reap(child);
	return ret;
}

/* Works from the background as well, where SIGTTOU would stop the caller. */
static int set_foreground(pid_t group)
{
	sigset_t ttou, before;
	int ret;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &before);
	ret = tcsetpgrp(0, group);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

static int begin_group(struct sn_session *session, struct sn_err *err)
{
	pid_t before = getpgrp();

	if (before == getpid())
		return check_alone(err);
	if (!before) /* then tcgetpgrp(3) cannot tell whether it is in the foreground */
		return sn_fail(err, EINVAL,
			       "--terminal, and its process group is outside of its PID namespace; "
			       "start it from a shell inside");
	if (!kill(-getpid(), 0) ||
	    errno != ESRCH) /* its leader has left it, other members have not */
		return sn_fail(err, EINVAL,
			       "--terminal, and its process id is that of another group; "
			       "start it again");
	if (setpgid(0, 0))
		return sn_fail(err, errno, "cannot make a process group: %s", strerror(errno));
	session->group = before;
	session->foreground = tcgetpgrp(0) == before;
	if (session->foreground && set_foreground(getpid()))
		return sn_fail(err, errno, "cannot come to the terminal's foreground: %s",
			       strerror(errno));
	return 0;
}

int sn_session_begin(bool terminal, struct sn_session *session, struct sn_err *err)
{
	*session = (struct sn_session){};
	if (getsid(0) == getpid())
		return 0;
	if (terminal && is_controlling(0))
		return begin_group(session, err);
	if (getpgrp() == getpid())
		return leave_group(err);
	if (setsid() < 0)
		return sn_fail(err, errno, "cannot make a session: %s", strerror(errno));
	return 0;
}

void sn_session_undo(const struct sn_session *session)
{
	if (session->foreground)
		set_foreground(session->group);
	if (session->group)
		setpgid(0, session->group);
}
