// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process at the other end of a socket: who it is, and that it stays that. SO_PEERCRED has the
 * number that it had when it connected, which can be another process's by now; SO_PEERPIDFD came
 * with Linux 6.5. So: a pidfd of that number, then a nonce, and with the answer the number of its
 * sender, by the kernel. If the pidfd's process still lives, the number has been its own all along.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "caller.h"
#include "identify.h"

#define PIECE 32768 /* bytes of a message; the kernel takes them whole */

int sn_caller_meet(struct sn_caller *caller, struct sn_err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int on = 1;

	if (getsockopt(caller->socket, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return sn_fail(err, errno, "cannot learn who calls: %s", strerror(errno));
	if (!peer.uid)
		return sn_fail(err, EPERM, "root needs no broker");
	caller->pid = peer.pid;
	caller->uid = peer.uid;
	caller->pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
	if (caller->pidfd < 0)
		return sn_fail(err, errno, "cannot hold on to process %d: %s", peer.pid,
			       strerror(errno));
	if (getrandom(&caller->nonce, sizeof(caller->nonce), 0) != sizeof(caller->nonce))
		return sn_fail(err, errno, "no random numbers: %s", strerror(errno));
	/* before it answers: what is sent from now on has its sender's credentials */
	if (setsockopt(caller->socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    send(caller->socket, &caller->nonce, sizeof(caller->nonce), MSG_NOSIGNAL) < 0)
		return sn_fail(err, errno, "cannot answer process %d: %s", peer.pid,
			       strerror(errno));
	return 0;
}

/* ---- the request ---- */

static void take(struct msghdr *msg, struct ucred *sender, int fds[SN_PLACES_MAX], size_t *nr)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS && size == sizeof(*sender))
			memcpy(sender, CMSG_DATA(c), size);
		if (c->cmsg_type != SCM_RIGHTS || size > SN_PLACES_MAX * sizeof(*fds))
			continue;
		memcpy(fds, CMSG_DATA(c), size);
		*nr = size / sizeof(*fds);
	}
}

static bool lives(const struct sn_caller *caller)
{
	struct pollfd ends = { .fd = caller->pidfd, .events = POLLIN };

	return !poll(&ends, 1, 0);
}

static int check_sender(const struct sn_caller *caller, const struct ucred *sender,
			struct sn_err *err)
{
	if (sender->pid != caller->pid || sender->uid != caller->uid)
		return sn_fail(err, EPERM,
			       "process %d of user %u has sent what process %d of user %u began",
			       sender->pid, sender->uid, caller->pid, caller->uid);
	return lives(caller) ? 0 : sn_fail(err, ESRCH, "process %d has ended", caller->pid);
}

int sn_caller_hear(const struct sn_caller *caller, char *message, size_t *size,
		   int fds[SN_PLACES_MAX], size_t *nr, struct sn_err *err)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(SN_PLACES_MAX * sizeof(int)) +
			   CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { message, *size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct ucred sender = {};
	ssize_t len = recvmsg(caller->socket, &msg, MSG_CMSG_CLOEXEC);

	*nr = 0;
	if (len < 0)
		return sn_fail(err, errno, "cannot read the request: %s", strerror(errno));
	take(&msg, &sender, fds, nr);
	if (!len)
		return sn_fail(err, EPIPE, "it has gone");
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return sn_fail(err, EINVAL, "malformed request: it is too long");
	*size = len;
	return check_sender(caller, &sender, err);
}

int sn_caller_check_nonce(const struct sn_caller *caller, const struct sn_nonce *nonce,
			  struct sn_err *err)
{
	if (!memcmp(&caller->nonce, nonce, sizeof(*nonce)))
		return 0;
	return sn_fail(err, EPERM, "the request is of another connection");
}

/* ---- the process ---- */

/* The line of @name in @status, behind its tab; "" if there is none. */
static const char *value_of(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? line + strlen(name) : "";
}

static int check_uids(const char *status, uid_t uid, struct sn_err *err)
{
	unsigned int ids[4];

	if (sscanf(value_of(status, "\nUid:\t"), "%u %u %u %u", &ids[0], &ids[1], &ids[2],
		   &ids[3]) != 4)
		return sn_fail(err, EIO, "cannot understand the state of a process");
	for (size_t i = 0; i < 4; i++)
		if (ids[i] != uid)
			return sn_fail(err, EPERM, "it has several users, %u and %u", uid, ids[i]);
	return 0;
}

int sn_caller_check_status(const char *status, uid_t uid, struct sn_err *err)
{
	static const char *const sets[] = { "\nCapInh:\t", "\nCapPrm:\t", "\nCapEff:\t",
					    "\nCapAmb:\t" };
	int ret = check_uids(status, uid, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (strncmp(value_of(status, sets[i]), "0000000000000000\n", 17) != 0)
			return sn_fail(err, EPERM, "it has capabilities");
	if (strncmp(value_of(status, "\nThreads:\t"), "1\n", 2) != 0)
		return sn_fail(err, EPERM, "it has threads");
	if (strncmp(value_of(status, "\nNoNewPrivs:\t"), "1\n", 2) != 0)
		return sn_fail(err, EPERM, "it has not set no_new_privs");
	return 0;
}

static int check_status(const struct sn_caller *caller, struct sn_err *err)
{
	char name[32], status[4096];
	sn_autoclose int fd = -1;
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/%d/status", caller->pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (len < 0)
		return sn_fail(err, errno, "cannot read %s: %s", name, strerror(errno));
	status[len] = '\0';
	return sn_caller_check_status(status, caller->uid, err);
}

/* Elsewhere, others' numbers mean others: of users, and of their capabilities. */
static int check_namespace(const struct sn_caller *caller, struct sn_err *err)
{
	struct stat own, its;
	char name[32];

	snprintf(name, sizeof(name), "/proc/%d/ns/user", caller->pid);
	if (stat("/proc/self/ns/user", &own) || stat(name, &its))
		return sn_fail(err, errno, "cannot look at %s: %s", name, strerror(errno));
	if (own.st_ino == its.st_ino && own.st_dev == its.st_dev)
		return 0;
	return sn_fail(err, EPERM, "it is in a user namespace; start it outside");
}

static int identify_program(const char *path, struct sn_inode *id, struct sn_err *err)
{
	sn_autoclose int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return sn_fail(err, errno, "cannot look at %s: %s", path, strerror(errno));
	return sn_identify_fd(fd, id, err);
}

/* Both are where this program is. */
static int check_program(struct sn_caller *caller, struct sn_err *err)
{
	static const char *const names[] = { "safenode-attach", "safenode" };
	char path[PATH_MAX + 32], own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	struct sn_inode id;
	int ret;

	if (len < 0)
		return sn_fail(err, errno, "cannot read /proc/self/exe: %s", strerror(errno));
	own[len] = '\0';
	*strrchr(own, '/') = '\0';
	snprintf(path, sizeof(path), "/proc/%d/exe", caller->pid);
	ret = identify_program(path, &caller->launcher, err);
	for (size_t i = 0; !ret && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", own, names[i]);
		if (!identify_program(path, &id, NULL) &&
		    !memcmp(&id, &caller->launcher, sizeof(id)))
			return 0;
	}
	return ret ? ret
		   : sn_fail(err, EPERM,
			     "it is not the safenode-attach or safenode in %s; start that", own);
}

/*
 * A tracee that was seized is not disturbed until it is interrupted. What is sent to it while it
 * stands still is delivered when this process ends, which detaches it.
 */
static int stop(const struct sn_caller *caller, struct sn_err *err)
{
	int status;

	if (ptrace(PTRACE_SEIZE, caller->pid, NULL, NULL))
		return sn_fail(err, errno,
			       "cannot stop process %d: %s; is it traced, or "
			       "kernel.yama.ptrace_scope 3?",
			       caller->pid, strerror(errno));
	if (!lives(caller))
		return sn_fail(err, ESRCH, "process %d has ended", caller->pid);
	if (ptrace(PTRACE_INTERRUPT, caller->pid, NULL, NULL) ||
	    waitpid(caller->pid, &status, __WALL) != caller->pid || !WIFSTOPPED(status))
		return sn_fail(err, ESRCH, "process %d has ended", caller->pid);
	return 0;
}

int sn_caller_hold(struct sn_caller *caller, struct sn_err *err)
{
	int ret = stop(caller, err);

	if (!ret)
		ret = check_namespace(caller, err);
	if (!ret)
		ret = check_status(caller, err);
	return ret ? ret : check_program(caller, err);
}

/* ---- the answer ---- */

int sn_caller_answer(const struct sn_caller *caller, const struct sn_reply *reply, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .align = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)reply, sizeof(*reply) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	return sendmsg(caller->socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int sn_caller_tell(const struct sn_caller *caller, int error, const struct sn_err *why)
{
	struct sn_reply reply = { .error = error };

	if (why)
		reply.err = *why;
	return sn_caller_answer(caller, &reply, -1);
}

int sn_caller_send(const struct sn_caller *caller, const char *text, size_t size)
{
	for (size_t at = 0, len; at < size; at += len) {
		len = size - at < PIECE ? size - at : PIECE;
		if (send(caller->socket, text + at, len, MSG_NOSIGNAL) < 0)
			return -errno;
	}
	return 0;
}

void sn_caller_close(struct sn_caller *caller)
{
	if (caller->pidfd >= 0)
		close(caller->pidfd);
	caller->pidfd = -1;
}
