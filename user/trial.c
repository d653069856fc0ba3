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
#include "child.h"
#include "trial.h"

#define TRIAL ".self-test" /* the name of a tenant cannot begin with a dot */

/* ---- the acts: 0 or an errno ---- */

static int close_or_errno(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int make_unix_socket(void)
{
	return close_or_errno(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* No protocol has this type, so the kernel itself says ESOCKTNOSUPPORT. */
static int make_odd_socket(void)
{
	return close_or_errno(socket(AF_INET, SOCK_RDM | SOCK_CLOEXEC, 0));
}

static int list_root(void)
{
	return close_or_errno(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int list_proc(void)
{
	return close_or_errno(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int go_to_root(void)
{
	return chdir("/") ? errno : 0;
}

static int ask_for_session(void)
{
	return getsid(1) < 0 ? errno : 0;
}

/* A way to do an act, and what the kernel itself says: 0 or an errno. */
struct way {
	int (*try)(void);
	int kernel;
};

#define NR_WAYS 2

/*
 * What is tried, one act for each of four BPF programs. Some have a second way, for something else
 * may refuse the first before any BPF program is asked: RestrictAddressFamilies= of a unit without
 * AF_UNIX; a mode of / that is closed to the tenant's user.
 */
static const struct act {
	const char *name;
	int tenant, no_policy; /* what safenode says */
	struct way ways[NR_WAYS];
} acts[] = {
	{ "a Unix socket",
	  EPERM,
	  EPERM,
	  { { make_unix_socket, 0 }, { make_odd_socket, ESOCKTNOSUPPORT } } },
	{ "listing /", ENOENT, ENOENT, { { list_root, 0 }, { list_proc, 0 } } },
	{ "chdir", EPERM, EPERM, { { go_to_root, 0 } } },
	{ "asking for the session of process 1", ESRCH, EPERM, { { ask_for_session, 0 } } },
};
#define NR_ACTS (sizeof(acts) / sizeof(*acts))

#define NO_ERRNO (-1) /* nobody is expected to refuse */

/*
 * No way may be granted, and one must be refused as safenode does it. Ends with the first that is
 * granted: for an odd socket, the kernel starts modprobe, twice.
 */
static struct sn_trial try_act(const struct act *act, int expected)
{
	struct sn_trial trial = { .act = act->name };
	bool refused = false;

	for (size_t i = 0; i < NR_WAYS && act->ways[i].try; i++) {
		int error = act->ways[i].try();

		if (error == act->ways[i].kernel)
			return (struct sn_trial){ .act = act->name };
		if (error == expected)
			refused = true;
		else if (!trial.error)
			trial.error = error;
	}
	if (refused)
		return (struct sn_trial){};
	return trial;
}

struct sn_trial sn_trial_acts(bool has_policy)
{
	struct sn_trial trial = {};

	for (size_t i = 0; i < NR_ACTS && !trial.act; i++)
		if (acts[i].ways[0].try != ask_for_session || getpid() != 1) /* of itself it may */
			trial = try_act(&acts[i], has_policy ? acts[i].tenant : acts[i].no_policy);
	return trial;
}

/* As try_act(), but what counts is whether @count goes up. */
static struct sn_trial watch_act(const struct act *act, uint64_t (*count)(void *data), void *data)
{
	struct sn_trial trial = { .act = act->name };

	for (size_t i = 0; i < NR_WAYS && act->ways[i].try; i++) {
		uint64_t before = count(data);
		int error = act->ways[i].try();

		if (count(data) > before)
			return (struct sn_trial){};
		if (error == act->ways[i].kernel)
			return (struct sn_trial){ .act = act->name };
		if (!trial.error)
			trial.error = error;
	}
	return trial;
}

struct sn_trial sn_trial_reports(uint64_t (*count)(void *data), void *data)
{
	struct sn_trial trial = {};

	for (size_t i = 0; i < NR_ACTS && !trial.act; i++)
		if (acts[i].ways[0].try != ask_for_session || getpid() != 1)
			trial = watch_act(&acts[i], count, data);
	return trial;
}

int sn_trial_control(struct sn_err *err)
{
	for (size_t i = 0; i < NR_ACTS; i++) {
		struct sn_trial trial = try_act(&acts[i], NO_ERRNO);

		if (trial.error)
			return sn_trial_refused_elsewhere(&trial, err);
	}
	return 0;
}

int sn_trial_refused_elsewhere(const struct sn_trial *trial, struct sn_err *err)
{
	const char *who = "another security module (see /sys/kernel/security/lsm)?";

	if (trial->error == EAFNOSUPPORT)
		who = "add AF_UNIX to RestrictAddressFamilies= of the unit; the tenant is refused "
		      "such sockets all the same";
	else if (prctl(PR_GET_SECCOMP) > 0)
		who = "a seccomp filter? Allow it in SystemCallFilter= of the unit, or in the "
		      "container's profile; the tenant is refused it all the same";
	return sn_fail(err, EPERM,
		       "cannot see that safenode refuses %s, for something else does (%s): %s",
		       trial->act, strerror(trial->error), who);
}

/* ---- in cgroups of its own ---- */

/* The result of the process in the cgroup, in memory that it shares with its parent. */
struct report {
	int procs; /* cgroup.procs of the cgroup */
	int round;
	struct sn_trial (*act)(int round, void *data);
	void *data;
	bool done;
	int error; /* why it could not join */
	struct sn_trial trial;
};

static void join_and_act(void *data)
{
	struct report *report = data;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(report->procs, "0", 1) == 1)
		report->trial = report->act(report->round, report->data);
	else
		report->error = errno;
	report->done = true;
}

static int judge(const char *cgroup, int status, const struct report *report, struct sn_err *err)
{
	if (!report->done && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return sn_fail(err, EPERM,
			       "a seccomp filter killed the self-test's process in %s; allow its "
			       "system calls in SystemCallFilter= of the unit",
			       cgroup);
	if (!report->done)
		return sn_fail(err, EINTR, "the self-test's process in %s was killed", cgroup);
	if (report->error)
		return sn_fail(err, report->error, "cannot join %s: %s", cgroup,
			       strerror(report->error));
	if (report->trial.error)
		return sn_trial_refused_elsewhere(&report->trial, err);
	if (report->trial.act)
		return sn_fail(err, ENOSYS,
			       "a process without a policy is not refused %s in %s; "
			       "nothing was changed; see safenode-load --check",
			       report->trial.act, cgroup);
	return 0;
}

static int try_in(const char *cgroup, int round, struct sn_trial (*act)(int round, void *data),
		  void *data, struct sn_err *err)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sn_autofree char *name = NULL;
	sn_autoclose int procs = -1;
	int ret, status;

	if (report == MAP_FAILED)
		return sn_fail(err, ENOMEM, "out of memory");
	if (asprintf(&name, "%s/cgroup.procs", cgroup) >= 0)
		procs = open(name, O_WRONLY | O_CLOEXEC);
	if (procs < 0) {
		ret = sn_fail(err, errno, "cannot open cgroup.procs of %s: %s", cgroup,
			      strerror(errno));
	} else {
		*report =
			(struct report){ .procs = procs, .round = round, .act = act, .data = data };
		ret = sn_child_run(join_and_act, report, &status, err);
		if (!ret)
			ret = judge(cgroup, status, report, err);
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

int sn_trial_below(const char *parent, struct sn_trial (*act)(int round, void *data), void *data,
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
