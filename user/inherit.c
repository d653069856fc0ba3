// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tenant must not inherit: fork and exec pass on privileges that the server was given for
 * itself. Settings that lower the priority stay: a positive nice value or oom_score_adj,
 * SCHED_BATCH, SCHED_IDLE, the set of CPUs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "inherit.h"

/* struct sched_attr of linux/sched/types.h, which newer C libraries define as well */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

enum { RESET_ON_FORK = 1, UTIL_CLAMP_MIN = 0x20 }; /* SCHED_FLAG_... */

static bool is_ordinary(uint32_t policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static int reset_scheduling(struct sn_err *err)
{
	struct scheduling is = {}, to = { .size = sizeof(to), .util_min = -1 };
	int nice = getpriority(PRIO_PROCESS, 0);

	if (syscall(SYS_sched_getattr, 0, &is, sizeof(is), 0))
		return sn_fail(err, errno, "cannot learn the scheduling: %s", strerror(errno));
	to.policy = is_ordinary(is.policy) ? is.policy : SCHED_OTHER;
	to.nice = nice > 0 ? nice : 0;
	to.flags = (is.flags & RESET_ON_FORK) | UTIL_CLAMP_MIN; /* util_min -1: the default */
	if (!syscall(SYS_sched_setattr, 0, &to, 0))
		return 0;
	to.flags &=
		~(uint64_t)UTIL_CLAMP_MIN; /* many kernels are built without CONFIG_UCLAMP_TASK */
	if (errno == EOPNOTSUPP && !syscall(SYS_sched_setattr, 0, &to, 0))
		return 0;
	return sn_fail(err, errno, "cannot reset the scheduling: %s", strerror(errno));
}

static int reset_io_priority(struct sn_err *err)
{
	int is = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);

	if (is < 0 || IOPRIO_PRIO_CLASS(is) != IOPRIO_CLASS_RT)
		return 0;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0))
		return sn_fail(err, errno, "cannot reset the I/O priority: %s", strerror(errno));
	return 0;
}

/* A small file of /proc/self, as a string. */
static int read_own(const char *name, char *text, size_t size, struct sn_err *err)
{
	sn_autoclose int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (len < 0)
		return sn_fail(err, errno, "cannot read %s: %s", name, strerror(errno));
	text[len] = '\0';
	return 0;
}

static int reset_oom_score(struct sn_err *err)
{
	static const char name[] = "/proc/self/oom_score_adj";
	sn_autoclose int fd = -1;
	char text[16];
	int ret = read_own(name, text, sizeof(text), err);

	if (ret || *text != '-')
		return ret;
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		return sn_fail(err, errno, "cannot reset %s: %s", name, strerror(errno));
	return 0;
}

/*
 * PR_SET_IO_FLUSHER: allocations do not wait for I/O, and writes are not throttled. Resetting it
 * needs CAP_SYS_RESOURCE, so it is reset only if it is set.
 */
static int reset_io_flusher(struct sn_err *err)
{
	enum { PF_MEMALLOC_NOIO = 0x80000, PF_LOCAL_THROTTLE = 0x100000 };
	unsigned long flags = 0;
	char text[1024], *name;
	int ret = read_own("/proc/self/stat", text, sizeof(text), err);

	if (ret)
		return ret;
	name = strrchr(text, ')'); /* next: state, ppid, pgrp, session, tty_nr, tpgid */
	if (!name || sscanf(name, ") %*c %*d %*d %*d %*d %*d %lu", &flags) != 1)
		return sn_fail(err, EIO, "cannot understand /proc/self/stat");
	if (!(flags & (PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE)))
		return 0;
	if (prctl(PR_SET_IO_FLUSHER, 0, 0, 0, 0))
		return sn_fail(err, errno, "cannot reset PR_SET_IO_FLUSHER: %s", strerror(errno));
	return 0;
}

/*
 * With RLIMIT_CORE 1 the kernel writes no core file and does not start the program in core_pattern
 * (6.12: fs/coredump.c do_coredump(), 7.3: coredump_pipe()). With 0 it starts that program, as root
 * and unconfined.
 */
static int reset_limits(struct sn_err *err)
{
	static const struct {
		const char *name;
		int resource;
		rlim_t value;
	} limits[] = {
		{ "RLIMIT_CORE", RLIMIT_CORE, 1 },
		{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO, 0 },
		{ "RLIMIT_NICE", RLIMIT_NICE, 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (setrlimit(limits[i].resource,
			      &(struct rlimit){ limits[i].value, limits[i].value }))
			return sn_fail(err, errno,
				       "cannot set %s to %d: %s; leave CAP_SYS_RESOURCE, or a hard "
				       "limit of %d or more",
				       limits[i].name, (int)limits[i].value, strerror(errno),
				       (int)limits[i].value);
	return 0;
}

/* Most important is the working directory: who shares it could change the tenant's. */
static int share_nothing(struct sn_err *err)
{
	if (unshare(CLONE_FS | CLONE_SYSVSEM))
		return sn_fail(err, errno, "cannot have a working directory of its own: %s",
			       strerror(errno));
	/* otherwise the guardian would become its child */
	if (prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0))
		return sn_fail(err, errno, "cannot reset PR_SET_CHILD_SUBREAPER: %s",
			       strerror(errno));
	return 0;
}

int sn_inherit_nothing(struct sn_err *err)
{
	int ret = share_nothing(err);

	if (!ret)
		ret = reset_scheduling(err);
	if (!ret)
		ret = reset_io_priority(err);
	if (!ret)
		ret = reset_oom_score(err);
	if (!ret)
		ret = reset_io_flusher(err);
	if (!ret)
		ret = reset_limits(err);
	return ret;
}
