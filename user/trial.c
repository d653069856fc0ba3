// SPDX-License-Identifier: GPL-2.0-only
/* A self-test: does this kernel refuse what it should? */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "trial.h"

#define TRIAL ".self-test" /* the name of a tenant cannot begin with a dot */

static bool refused(long result, int error)
{
	return result == -1 && errno == error;
}

const char *sn_trial_acts(bool has_policy)
{
	int root;

	if (!refused(socket(AF_UNIX, SOCK_STREAM, 0), EPERM))
		return "a Unix socket";
	root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EACCES: the mode of / refuses the tenant's user before any BPF program is asked */
	if (!refused(root, ENOENT) && !(has_policy && refused(root, EACCES)))
		return "listing /";
	if (!refused(chdir("/"), EPERM))
		return "chdir";
	if (getpid() != 1 && !refused(getsid(1), has_policy ? ESRCH : EPERM))
		return "asking for the session of process 1";
	return NULL;
}

/* The result of the process in the cgroup, in memory that it shares with its parent. */
struct report {
	bool done;
	int error; /* why it could not join */
	const char *granted;
};

static pid_t start(int procs, int round, const char *(*act)(int round, void *data), void *data,
		   struct report *report)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(procs, "0", 1) == 1)
		report->granted = act(round, data);
	else
		report->error = errno;
	report->done = true;
	_exit(0);
}

static int judge(const char *cgroup, const struct report *report, struct sn_err *err)
{
	if (!report->done)
		return sn_fail(err, EINTR, "the self-test's process in %s was killed", cgroup);
	if (report->error)
		return sn_fail(err, report->error, "cannot join %s: %s", cgroup,
			       strerror(report->error));
	if (report->granted)
		return sn_fail(err, ENOSYS,
			       "a process without a policy is not refused %s in %s; "
			       "nothing was changed; see safenode-load --check",
			       report->granted, cgroup);
	return 0;
}

static int try_in(const char *cgroup, int round, const char *(*act)(int round, void *data),
		  void *data, struct sn_err *err)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sn_autofree char *name = NULL;
	sn_autoclose int procs = -1;
	void (*before)(int);
	pid_t pid;
	int ret;

	if (report == MAP_FAILED)
		return sn_fail(err, ENOMEM, "out of memory");
	if (asprintf(&name, "%s/cgroup.procs", cgroup) >= 0)
		procs = open(name, O_WRONLY | O_CLOEXEC);
	if (procs < 0) {
		ret = sn_fail(err, errno, "cannot open cgroup.procs of %s: %s", cgroup,
			      strerror(errno));
	} else {
		/* if the caller ignores it, waitpid(2) fails with ECHILD */
		before = signal(SIGCHLD, SIG_DFL);
		pid = start(procs, round, act, data, report);
		if (pid < 0)
			ret = sn_fail(err, errno, "cannot fork: %s", strerror(errno));
		else if (waitpid(pid, NULL, 0) != pid)
			ret = sn_fail(err, errno, "cannot wait: %s", strerror(errno));
		else
			ret = judge(cgroup, report, err);
		signal(SIGCHLD, before);
	}
	munmap(report, sizeof(*report));
	return ret;
}

int sn_trial_clear(const char *parent, struct sn_err *err)
{
	char path[PATH_MAX];
	int populated, ret;

	snprintf(path, sizeof(path), "%s/" TRIAL, parent);
	populated = sn_cgroup_populated(path);
	if (populated == -ENOENT)
		return 0;
	/* the cgroup of a process that has just ended can stay populated for a moment */
	ret = populated ? sn_cgroup_kill(path, err) : 0;
	return ret ? ret : sn_cgroup_remove(path, err);
}

int sn_trial_below(const char *parent, const char *(*act)(int round, void *data), void *data,
		   struct sn_err *err)
{
	static const char *const below[SN_TRIAL_ROUNDS] = { TRIAL, TRIAL "/child" };
	int ret = sn_trial_clear(parent, err), cleared;

	for (int round = 0; round < SN_TRIAL_ROUNDS && !ret; round++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", parent, below[round]);
		ret = sn_cgroup_make(path, err);
		if (ret >= 0)
			ret = try_in(path, round, act, data, err);
	}
	cleared = sn_trial_clear(parent, ret ? NULL : err);
	return ret ? ret : cleared;
}
