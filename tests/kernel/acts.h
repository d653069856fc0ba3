/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An act of each operation that a tenant is refused, for tests that compare tenants by them. Each
 * is done with files of its own, right in /srv.
 */
#ifndef ACTS_H
#define ACTS_H

#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "fs_places.h"
#include "logline.h"
#include "net_probes.h"

static pid_t victim; /* another process of the same user */
static int lend[2];  /* a Unix socket whose one end both have */

static void start_victim(void)
{
	victim = fork();
	if (victim)
		return;
	if (setresgid(2001, 2001, 2001) || setresuid(2001, 2001, 2001) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) /* another user is told no more */ ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
		_exit(1);
	for (;;)
		pause();
}

static void write_number(const char *path, const char *number)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, number, strlen(number)) < 0)
		printf("# %s: %s\n", path, strerror(errno));
	close(fd);
}

/* What the acts need. Call it in SETUP(), before the tenants get the descriptors 50 and 51. */
static void prepare_acts(void)
{
	put_dir("/srv");
	write_number("/proc/sys/kernel/perf_event_paranoid", "-1");
	write_number("/proc/sys/kernel/dmesg_restrict", "0");
	hand_over(open("/srv/log", O_RDWR | O_APPEND | O_CREAT, 0666), 50);
	if (write(50, "text\n", 5) != 5 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, lend))
		GIVE_UP("making what is handed over: %s", strerror(errno));
	lend[1] = hand_over(lend[1], 51);
	listener(SOCK_STREAM, 7009);
	listener(SOCK_DGRAM, 7009);
	start_victim();
}

/* ---- acts that no header has; the argument is the beginning of the paths, or a number ---- */

static long made(long fd)
{
	return opened(fd);
}

PROBE(share_log)
{
	void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, 50, 0);

	return at == MAP_FAILED ? -errno : munmap(at, 4096);
}

PROBE(go)
{
	return answer(chdir(arg));
}

PROBE(make_socket)
{
	int family = number(&arg), type = number(&arg);

	return made(socket(family, type | SOCK_CLOEXEC, 0));
}

PROBE(make_pair)
{
	int ends[2], ret = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);

	if (ret)
		return -errno;
	close(ends[0]);
	return *arg ? -1 : close(ends[1]);
}

PROBE(bind_to)
{
	struct dest to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long ret;

	if (fd < 0 || !read_one(arg, &to))
		return could_not_try("socket");
	ret = answer(bind(fd, (void *)&to.address, to.len));
	close(fd);
	return ret;
}

PROBE(listen_anywhere)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long ret = fd < 0 ? could_not_try("socket") : answer(listen(fd, 1));

	close(fd);
	return *arg ? -1 : ret;
}

PROBE(set_option)
{
	int level = number(&arg), name = number(&arg), one = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long ret = fd < 0 ? could_not_try("socket")
			  : answer(setsockopt(fd, level, name, &one, sizeof(one)));

	close(fd);
	return ret;
}

PROBE(ask_for_routes)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg body;
	} message = { .header = { .nlmsg_len = sizeof(message),
				  .nlmsg_type = RTM_GETROUTE,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	long ret =
		fd < 0 ? could_not_try("netlink") : answer(send(fd, &message, sizeof(message), 0));

	close(fd);
	return *arg ? -1 : ret;
}

/* connect(2) to port 0 is granted, for getaddrinfo(3) does it; the packet is not. */
PROBE(send_to_port_0)
{
	struct dest to;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long ret;

	if (fd < 0 || !read_one(arg, &to) || connect(fd, (void *)&to.address, to.len))
		return could_not_try("connect");
	ret = answer(send(fd, "hello", 5, 0));
	close(fd);
	return ret;
}

PROBE(make_process)
{
	pid_t pid = fork();

	if (pid < 0 || *arg)
		return -errno;
	if (!pid)
		_exit(0);
	return answer(waitpid(pid, NULL, 0)) > 0 ? 0 : -errno;
}

/* In a process of its own: the result is what that ends with. */
PROBE(run_program)
{
	execl(arg, arg, NULL);
	return -errno;
}

PROBE(kill_it)
{
	return answer(kill(atoi(arg), 0));
}

PROBE(same_user)
{
	return *arg ? -1 : answer(setuid(getuid()));
}

PROBE(capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3,
						   .pid = atoi(arg) };
	struct __user_cap_data_struct data[2] = {};

	return answer(syscall(SYS_capget, &header, data));
}

PROBE(no_capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	return *arg ? -1 : answer(syscall(SYS_capset, &header, data));
}

PROBE(look_into)
{
	void *head;
	size_t len;

	return answer(syscall(SYS_get_robust_list, atoi(arg), &head, &len));
}

PROBE(be_traced)
{
	return *arg ? -1 : answer(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

PROBE(affinity_of)
{
	unsigned long mask[16];

	return answer(syscall(SYS_sched_getaffinity, atoi(arg), sizeof(mask), mask)) < 0 ? -errno
											 : 0;
}

PROBE(limit_cores)
{
	return *arg ? -1 : answer(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }));
}

PROBE(make_cookie)
{
	return *arg ? -1 : answer(prctl(62 /* PR_SCHED_CORE */, 0, 0, 0, 0));
}

PROBE(session_of)
{
	return answer(getsid(atoi(arg))) < 0 ? -errno : 0;
}

PROBE(map_code)
{
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (fd < 0)
		return could_not_try("%s", arg);
	return at == MAP_FAILED ? -errno : munmap(at, 4096);
}

PROBE(protect_code)
{
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (fd < 0 || at == MAP_FAILED)
		return could_not_try("%s", arg);
	return answer(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

PROBE(bpf)
{
	return *arg ? -1 : made(syscall(SYS_bpf, 9999, NULL, 0));
}

PROBE(measure)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK };

	return *arg ? -1 : made(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

PROBE(make_namespace)
{
	return *arg ? -1 : answer(unshare(CLONE_NEWUSER));
}

PROBE(userfaultfd)
{
	return *arg ? -1 : made(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
}

PROBE(mount_here)
{
	return answer(syscall(SYS_mount, "none", arg, "tmpfs", 0, NULL));
}

PROBE(quota)
{
	return *arg ? -1 : answer(quotactl(QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL));
}

PROBE(key)
{
	return *arg								 ? -1
	       : answer(syscall(SYS_add_key, "user", "observe", "x", 1, -2)) < 0 ? -errno
										 : 0;
}

PROBE(segment)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	return id < 0 || *arg ? -errno : answer(shmctl(id, IPC_RMID, NULL));
}

PROBE(kernel_log)
{
	int size = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);

	return size < 0 || *arg ? -errno : 0;
}

/* ---- the list ---- */

/* @arg has %s for the beginning of the act's own paths, or %d for the other process. */
#define FILES(op, why, probe, arg)                               \
	{                                                        \
		SN_OP_##op, SN_##why, #probe, probe_##probe, arg \
	}
static const struct act {
	enum sn_op op;
	enum sn_why why;
	const char *name;
	long (*run)(const char *arg);
	const char *arg;
} acts[] = {
	FILES(FS_OPEN, OUTSIDE, open, "0 %sf"),
	FILES(FS_LOOKUP, OUTSIDE, open, "0 %sd/f"),
	FILES(FS_STAT, OUTSIDE, stat, "%sf"),
	FILES(FS_READLINK, OUTSIDE, readlink, "%sl"),
	FILES(FS_ACCESS, OUTSIDE, access, "4 %sf"),
	FILES(FS_STATFS, OUTSIDE, statfs, "%sf"),
	FILES(FS_WATCH, OUTSIDE, watch, "%sf"),
	FILES(FS_GETXATTR, OUTSIDE, getxattr, "user.x\t%sf"),
	FILES(FS_OPEN_WRITE, OUTSIDE, open, "1 %sf"),
	FILES(FS_CREATE, READ_ONLY, open, "65 %snew"),
	FILES(FS_MKDIR, READ_ONLY, mkdir, "493 %snew"),
	FILES(FS_RMDIR, READ_ONLY, rmdir, "%se"),
	FILES(FS_UNLINK, READ_ONLY, unlink, "%sf"),
	FILES(FS_SYMLINK, READ_ONLY, symlink, "text\t%snew"),
	FILES(FS_LINK, OUTSIDE, link, "%sf\t%snew"),
	FILES(FS_RENAME, READ_ONLY, rename, "0 %sf\t%snew"),
	FILES(FS_MODIFY_DIR, READ_ONLY, tmpfile, "420 /srv"),
	FILES(FS_TRUNCATE, OUTSIDE, truncate, "%sf"),
	FILES(FS_CHMOD, OUTSIDE, chmod, "384 %sf"),
	FILES(FS_CHOWN, OUTSIDE, chown, "%sf"),
	FILES(FS_UTIMES, OUTSIDE, utimes, "%sf"),
	FILES(FS_SETXATTR, OUTSIDE, setxattr, "user.y\t%sf"),
	FILES(FS_LOCK, READ_ONLY, flock, "2 /etc/hosts"),
	FILES(FS_MMAP, READ_ONLY, share_log, ""),
	FILES(FS_CHDIR, NEVER, go, "/"),
	FILES(FS_RECEIVE, OUTSIDE, receive, "51"),
	FILES(FS_IOCTL, NEVER, ioctl, "2 /etc/hosts"),	  /* FIGETBSZ */
	FILES(FS_FCNTL, NEVER, fcntl, "10 0 /etc/hosts"), /* F_SETSIG */
	FILES(NET_SOCKET, FAMILY, make_socket, "1 1"),
	FILES(NET_SOCKETPAIR, FAMILY, make_pair, ""),
	FILES(NET_BIND, NOT_LISTED, bind_to, "127.0.0.1 7003"),
	FILES(NET_LISTEN, NOT_LISTED, listen_anywhere, ""),
	FILES(NET_CONNECT, NOT_LISTED, reach, "tcp-connect 4 127.0.0.1 7009"),
	FILES(NET_SEND, NOT_LISTED, reach, "udp-sendto 4 127.0.0.1 7009"),
	FILES(NET_SETSOCKOPT, NEVER, set_option, "0 15"), /* IP_FREEBIND */
	FILES(NET_NETLINK, NEVER, ask_for_routes, ""),
	FILES(NET_EGRESS, NOT_LISTED, send_to_port_0, "127.0.0.1 0"),
	FILES(TASK_FORK, NEVER, make_process, ""),
	FILES(TASK_EXEC, OUTSIDE, run_program, "%sx"),
	FILES(TASK_KILL, OTHER_TASK, kill_it, "%d"),
	FILES(TASK_SETID, NEVER, same_user, ""),
	FILES(TASK_CAPGET, OTHER_TASK, capabilities, "%d"),
	FILES(TASK_CAPSET, NEVER, no_capabilities, ""),
	FILES(TASK_PTRACE, NEVER, look_into, "%d"),
	FILES(TASK_PTRACE, NEVER, be_traced, ""),
	FILES(TASK_SCHED, OTHER_TASK, affinity_of, "%d"),
	FILES(TASK_RLIMIT, NEVER, limit_cores, ""),
	FILES(TASK_PRCTL, NEVER, make_cookie, ""),
	FILES(TASK_PGRP, OTHER_TASK, session_of, "%d"),
	FILES(CODE_MMAP, NOT_RUNTIME, map_code, "/etc/hosts"),
	FILES(CODE_MPROTECT, NOT_RUNTIME, protect_code, "/etc/hosts"),
	FILES(GUARD_BPF, NEVER, bpf, ""),
	FILES(GUARD_PERF, NEVER, measure, ""),
	FILES(GUARD_USERNS, NEVER, make_namespace, ""),
	FILES(GUARD_ANON, NEVER, userfaultfd, ""),
	FILES(GUARD_MOUNT, NEVER, mount_here, "/srv"),
	FILES(GUARD_QUOTA, NEVER, quota, ""),
	FILES(GUARD_KEY, NEVER, key, ""),
	FILES(GUARD_IPC, NEVER, segment, ""),
	FILES(GUARD_SYSLOG, NEVER, kernel_log, ""),
};
#undef FILES
#define NR_ACTS (sizeof(acts) / sizeof(*acts))

/* "NUMBER ARG" in a new process; that a program ran is its exit status. */
PROBE(alone)
{
	const struct act *act = &acts[number(&arg)];
	long result = 0;
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return could_not_try("pipe");
	pid = fork();
	if (!pid) {
		result = act->run(arg);
		_exit(write(ends[1], &result, sizeof(result)) != sizeof(result));
	}
	close(ends[1]);
	if (pid < 0 || read(ends[0], &result, sizeof(result)) < 0)
		result = could_not_try("fork");
	close(ends[0]);
	waitpid(pid, &status, 0);
	return result ? result : -WEXITSTATUS(status);
}

/* What the act takes from the socket that both have: a descriptor of @path. */
static void lend_file(const char *path)
{
	struct iovec byte = { .iov_base = (char *)"x", .iov_len = 1 };
	char room[CMSG_SPACE(sizeof(int))] = {};
	struct msghdr msg = { .msg_iov = &byte,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						 .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	if (sendmsg(lend[0], &msg, 0) != 1)
		GIVE_UP("sendmsg: %s", strerror(errno));
	close(fd);
}

/* @prefix and a name; the next call overwrites it. */
static const char *own(const char *prefix, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", prefix, name);
	return path;
}

/* The act's own files lie right in /srv, where the way to its directory leads. What it makes is not
   there, though another test has done the same. */
static void lay_out_for(const struct act *act, const char *prefix)
{
	char command[PATH_MAX];

	put_file(own(prefix, "f"));
	if (setxattr(own(prefix, "f"), "user.x", "value", 5, 0))
		GIVE_UP("%sf: %s", prefix, strerror(errno));
	if (act->op == SN_OP_FS_RECEIVE)
		lend_file(own(prefix, "f"));
	put_dir(own(prefix, "d"));
	put_file(own(prefix, "d/f"));
	put_dir(own(prefix, "e"));
	unlink(own(prefix, "l"));
	put_file("/srv/linked"); /* of one length for all, which is what readlink() answers */
	if (symlink("linked", own(prefix, "l"))) /* of root: --read-only follows no other */
		GIVE_UP("%sl: %s", prefix, strerror(errno));
	snprintf(command, sizeof(command), "rm -rf %snew; cp -p /usr/bin/true %sx", prefix, prefix);
	must_run(command);
}

/* Returns the argument of the act. */
static const char *prepare(const struct act *act, const char *who)
{
	static char arg[2 * PATH_MAX];
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "/srv/%s%td-", who, act - acts);
	lay_out_for(act, prefix);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strstr(act->arg, "%d"))
		snprintf(arg, sizeof(arg), act->arg, victim);
	else
		snprintf(arg, sizeof(arg), act->arg, prefix, prefix);
#pragma GCC diagnostic pop
	return arg;
}

/* The first refusal of the last act, or what would have been one; not of @but, which only forks. */
static const struct sn_event *first(const struct tenant *t, pid_t but)
{
	for (int i = 0; i < t->nr_seen; i++)
		if ((t->seen[i].error || t->seen[i].would) && (pid_t)t->seen[i].pid != but)
			return &t->seen[i];
	return NULL;
}

#endif
