// SPDX-License-Identifier: GPL-2.0-only
/*
 * Would the launch succeed? Units of systemd and containers take system calls, capabilities and
 * users away from what they start. A child process does the steps of the launch that meet this, so
 * that what fails has changed nothing. It also survives being killed: by a seccomp filter, the
 * launcher itself would end without a word.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child.h"
#include "rehearse.h"
#include "trial.h"

/* The result of the child, in memory that it shares with its parent. */
struct report {
	const struct sn_launch *launch;
	const char *calls; /* what it tries now */
	bool done;
	int ret;
	struct sn_err err;
};

/* Replacing an ended tenant, or undoing this one, needs a map (grace.c). */
static bool may_make_maps(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2] = {};

	return !syscall(SYS_capget, &header, have) &&
	       (have[CAP_TO_INDEX(CAP_BPF)].effective & CAP_TO_MASK(CAP_BPF) ||
		have[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN));
}

static int try_bpf(struct sn_err *err)
{
	const long none = 9999; /* of its commands has that number: the kernel says EINVAL */

	if (!syscall(SYS_bpf, none, NULL, 0) || errno != EINVAL)
		return sn_fail(err, EPERM,
			       "bpf(2) is refused here (%s); add bpf to SystemCallFilter= of the "
			       "unit, or allow it in the container's profile",
			       strerror(errno));
	if (may_make_maps())
		return 0;
	return sn_fail(err, EPERM,
		       "cannot make BPF maps; leave CAP_BPF in CapabilityBoundingSet= of the unit, "
		       "or in the container");
}

/* May the tenant's user execute the program? If not, because of which directory? */
static int try_program(const struct sn_launch *launch, struct sn_err *err)
{
	const char *path = launch->command->path, *slash = path;
	int error;

	if (!access(path, X_OK))
		return 0;
	error = errno;
	while ((slash = strchr(slash + 1, '/'))) {
		char dir[PATH_MAX];

		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		if (access(dir, X_OK))
			return sn_fail(
				err, errno,
				"user %u cannot start '%.180s', for it cannot enter '%.120s' "
				"(%s); install it elsewhere, such as below /usr/local",
				launch->account->uid, path, dir, strerror(errno));
	}
	return sn_fail(err, error,
		       "user %u cannot start '%.200s' (%s); chmod it, or add a group that may with "
		       "--supplementary-group",
		       launch->account->uid, path, strerror(error));
}

/* As V8 does: memory is written, and then made executable. */
static int try_jit(struct sn_err *err)
{
	size_t size = sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (page == MAP_FAILED)
		return sn_fail(err, ENOMEM, "out of memory");
	ret = mprotect(page, size, PROT_READ | PROT_EXEC) ? errno : 0;
	munmap(page, size);
	if (!ret)
		return 0;
	sn_fail(err, ret,
		"memory cannot be made executable here (%s), and node's JIT cannot start without; "
		"leave MemoryDenyWriteExecute= out of the unit, or start node with --jitless",
		strerror(ret));
	return 1;
}

static int try_all(struct report *report)
{
	const struct sn_launch *launch = report->launch;
	struct sn_err *err = &report->err;
	int ret;

	report->calls = "bpf";
	ret = launch && launch->own ? 0 : try_bpf(err); /* the broker does that */
	if (ret || !launch)
		return ret;
	report->calls = "close_range, unshare, prctl, sched_setattr, ioprio_set or setrlimit";
	ret = sn_launch_prepare(launch, err);
	report->calls = "setgroups, setresgid, setresuid, capset or prctl";
	if (!ret)
		ret = sn_launch_drop(launch, err);
	report->calls = "access";
	if (!ret)
		ret = try_program(launch, err);
	report->calls = "socket, openat, chdir or getsid";
	if (!ret)
		ret = sn_trial_control(err);
	report->calls = "mprotect";
	return ret ? ret : try_jit(err);
}

static void rehearse(void *data)
{
	struct report *report = data;

	report->ret = try_all(report);
	report->done = true;
}

static int judge(const struct report *report, int status, struct sn_err *err)
{
	if (report->done && report->ret)
		*err = report->err;
	if (report->done)
		return report->ret;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return sn_fail(err, EPERM,
			       "a seccomp filter kills whoever calls %s; add that to "
			       "SystemCallFilter= of the unit, or allow it in the container's "
			       "profile (SystemCallErrorNumber=EPERM tells more)",
			       report->calls);
	return sn_fail(err, EINTR,
		       "the process that tries whether the tenant can start was killed");
}

/*
 * May the child, which becomes the tenant's user, have the memory of this process, which is root?
 * The kernel lets nobody look into it then (commit_creds() in kernel/cred.c: not dumpable), unless
 * fs.suid_dumpable is 1: other processes of that user could write there.
 */
static bool may_share(void)
{
	sn_autoclose int fd = open("/proc/sys/fs/suid_dumpable", O_RDONLY | O_CLOEXEC);
	char word = '1';

	return fd >= 0 && read(fd, &word, 1) == 1 && (word == '0' || word == '2');
}

int sn_rehearse(const struct sn_launch *launch, struct sn_err *err)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, ret;

	if (report == MAP_FAILED)
		return sn_fail(err, ENOMEM, "out of memory");
	report->launch = launch;
	ret = may_share() ? sn_child_share(rehearse, report, &status, err)
			  : sn_child_run(rehearse, report, &status, err);
	if (!ret)
		ret = judge(report, status, err);
	munmap(report, sizeof(*report));
	return ret;
}
