// SPDX-License-Identifier: GPL-2.0-only
/* bpf/process.bpf.c: a tenant's process group, its limit of core files, and what it asks of others.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>

#include "joined.h"
#include "tenant.h"

static struct tenant *t1;

SETUP()
{
	t1 = tenant_start("t1", NULL);
}

/* Of root, in a group of its own, of this test's session */
static pid_t victim_start(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0 || setpgid(pid, pid))
		GIVE_UP("cannot prepare a victim: %s", strerror(errno));
	return pid;
}

static void victim_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- groups ---- */

PROBE(join_group) /* GROUP, or 0 for one of its own */
{
	return answer(setpgid(0, atoi(arg)));
}

/*
 * For what a member does to the session's terminal the kernel stops its whole group. A tenant that
 * attach starts leads a session, and the kernel itself says no; here is one that a server moved in.
 */
TEST(a_tenant_joins_no_process_group)
{
	pid_t victim = victim_start();

	EXPECT_EQ(-EPERM, inside(t1, "join_group", "%d", victim));
	outside_in_this_session();
	EXPECT_EQ(-EPERM, moved_into(t1, t1->cgroup, "join_group", "%d", victim));
	EXPECT_EVENT(t1, SN_OP_TASK_PGRP, SN_NEVER);
	EXPECT_EQ(-EPERM, moved_into(t1, t1->cgroup, "join_group", "%d", 0));
	EXPECT_EVENT(t1, SN_OP_TASK_PGRP, SN_NEVER);
	EXPECT_EQ(0, outside("join_group", "%d", victim));
	EXPECT_EQ(0, outside("join_group", "%d", 0));
	victim_stop(victim);
}

/* ---- limits ---- */

PROBE(limit) /* HOW RESOURCE: to what it is, or to 0 */
{
	struct rlimit limit;
	int resource;
	char how[16];

	if (sscanf(arg, "%15s %d", how, &resource) != 2 || getrlimit(resource, &limit))
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(how, "zero"))
		limit.rlim_cur = limit.rlim_max = 0;
	if (!strcmp(how, "prlimit"))
		return answer(prlimit(getpid(), resource, &limit, NULL));
	return answer(setrlimit(resource, &limit));
}

TEST(a_tenant_does_not_set_its_limit_of_core_files)
{
	static const char *const ways[] = { "same", "prlimit", "zero" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_RLIMIT, SN_NEVER, "limit", "%s %d", ways[i],
			       RLIMIT_CORE);
		EXPECT_EQ(RLIMIT_CORE, t1->event.number);
	}
	EXPECT_ALLOWED(t1, "limit", "same %d", RLIMIT_NOFILE);
	EXPECT_ALLOWED(t1, "limit", "prlimit %d", RLIMIT_STACK);
}

/* ---- core dumps ---- */

PROBE(die)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) || !limit.rlim_max)
		return could_not_try("no core files");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		GIVE_UP("%s: %s", path, strerror(errno));
}

static void name_core_files(const char *pattern)
{
	write_file("/proc/sys/kernel/core_pattern", pattern);
}

static bool dies_with_core(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		GIVE_UP("it did not die");
	return WCOREDUMP(status);
}

/* One that attach starts, with no limit of its own on core files */
static bool tenant_dies_with_core(void)
{
	struct tenant *t;
	bool dumped;

	t = tenant_start("t10", NULL);
	if (write(t->to, "die\0\0", 5) != 5)
		GIVE_UP("tenant %s: %s", t->name, strerror(errno));
	dumped = dies_with_core(t->pid);
	tenant_stop(t);
	return dumped;
}

/* One that was moved into @t's cgroup, or with NULL one outside; both in /srv/t10 */
static bool other_dies_with_core(const struct tenant *t)
{
	char procs[PATH_MAX + 16];
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		int fd;

		snprintf(procs, sizeof(procs), "%s/cgroup.procs", t ? t->cgroup : "");
		fd = t ? open(procs, O_WRONLY | O_CLOEXEC) : 0;
		if (fd >= 0 && !chdir("/srv/t10") && !setresgid(2001, 2001, 2001) &&
		    !setresuid(2001, 2001, 2001) && !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) &&
		    (!t || write(fd, "0", 1) == 1))
			probe_die("");
		_exit(1);
	}
	return dies_with_core(pid);
}

TEST(a_tenant_leaves_no_core_file_and_no_work_for_helpers)
{
	static const char helper[] = "/srv/helper", marks[] = "/srv/marks";

	chmod("/srv", 0777); /* where the control's core file goes */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	name_core_files("/srv/core");
	EXPECT_TRUE(!tenant_dies_with_core());
	EXPECT_TRUE(access("/srv/core", F_OK));
	EXPECT_TRUE(other_dies_with_core(NULL));
	EXPECT_EQ(0, unlink("/srv/core"));
	name_core_files("core");
	EXPECT_TRUE(!tenant_dies_with_core());
	EXPECT_TRUE(access("/srv/t10/core", F_OK));
	EXPECT_TRUE(other_dies_with_core(NULL));
	EXPECT_EQ(0, unlink("/srv/t10/core"));

	/* it leaves its mark before it reads, and the dying process waits until it has read */
	write_file(helper, "#!/bin/sh\necho $1 >>/srv/marks\ncat >/dev/null\n");
	if (chmod(helper, 0755))
		GIVE_UP("%s: %s", helper, strerror(errno));
	name_core_files("|/srv/helper %p");
	EXPECT_TRUE(!tenant_dies_with_core());
	EXPECT_TRUE(access(marks, F_OK));
	EXPECT_TRUE(other_dies_with_core(NULL));
	EXPECT_EQ(0, unlink(marks));
	unlink(helper);
	name_core_files("core");
	chmod("/srv", 0755);
}

/* It has its server's limit. */
TEST(the_core_file_of_a_process_that_was_moved_in_is_written_inside_only)
{
	struct tenant *t = tenant_start("t10", NULL);
	struct sn_counters before = tenant_counters(t), now;

	setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	chmod("/srv", 0777);
	name_core_files("/srv/core");
	EXPECT_TRUE(!other_dies_with_core(t));
	now = tenant_counters(t);
	EXPECT_EQ(1, now.denied[SN_OP_FS_CREATE] - before.denied[SN_OP_FS_CREATE]);
	EXPECT_TRUE(access("/srv/core", F_OK));
	EXPECT_TRUE(other_dies_with_core(NULL));
	EXPECT_EQ(0, unlink("/srv/core"));
	name_core_files("core");
	EXPECT_TRUE(other_dies_with_core(t));
	EXPECT_EQ(0, access("/srv/t10/core", F_OK));
	chmod("/srv", 0755);
}

/* ---- prctl ---- */

PROBE(make_cookie)
{
	return answer(prctl(62 /* PR_SCHED_CORE */, 1 /* ..._CREATE */, 0, 0, 0));
}

/* It takes the CPU beside its own from all others. A machine without such CPUs has none: ENODEV. */
TEST(a_tenant_has_no_core_scheduling_cookie_of_its_own)
{
	long control;

	EXPECT_EQ(-EPERM, inside(t1, "make_cookie", "%s", ""));
	EXPECT_EVENT(t1, SN_OP_TASK_PRCTL, SN_NEVER);
	EXPECT_EQ(62, t1->event.number);
	control = outside("make_cookie", "%s", "");
	EXPECT_TRUE(control == 0 || control == -ENODEV || control == -EINVAL);
}

/* ---- others' capabilities and clocks ---- */

PROBE(capabilities_of) /* PID, or 0 */
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, atoi(arg) };
	struct __user_cap_data_struct caps[2];

	return answer(syscall(SYS_capget, &header, caps));
}

TEST(another_process_looks_missing_to_whoever_asks_for_its_capabilities)
{
	pid_t victim = victim_start();

	EXPECT_ALLOWED(t1, "capabilities_of", "%d", 0);
	EXPECT_ALLOWED(t1, "capabilities_of", "%d", t1->pid);
	EXPECT_REFUSED(t1, ESRCH, SN_OP_TASK_CAPGET, SN_OTHER_TASK, "capabilities_of", "%d",
		       victim);
	EXPECT_EQ(victim, t1->event.target);
	EXPECT_REFUSED(t1, ESRCH, SN_OP_TASK_CAPGET, SN_OTHER_TASK, "capabilities_of", "%d", 1);
	victim_stop(victim);
}

PROBE(cpu_clock_timer_for) /* PID: how often can it be made, up to 100? */
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct itimerspec in_a_day = { .it_value.tv_sec = 86400 };
	long number;
	timer_t timer;

	for (number = 0; number < 100; number++) {
		/* MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) */
		if (timer_create(~(clockid_t)atoi(arg) << 3 | 2, &event, &timer) ||
		    timer_settime(timer, 0, &in_a_day, NULL))
			return answer(-1);
	}
	return number;
}

/* No hook is asked: docs/ways-out.md says what that is worth. */
TEST(timers_on_the_cpu_clock_of_another_process_can_be_made)
{
	pid_t victim = victim_start();

	EXPECT_EQ(100, inside(t1, "cpu_clock_timer_for", "%d", victim));
	EXPECT_QUIET(t1);
	EXPECT_EQ(100, outside("cpu_clock_timer_for", "%d", victim));
	victim_stop(victim);
}

/* ---- terminals ---- */

PROBE(terminal_modes) /* REQUEST FD: sets what is set */
{
	struct termios modes;
	unsigned int request;
	int fd, value;

	if (sscanf(arg, "%u %d", &request, &fd) != 2 || ioctl(fd, TCGETS, &modes))
		return could_not_try("cannot understand %s", arg);
	return answer(ioctl(fd, request, request == FIONREAD ? (void *)&value : (void *)&modes));
}

/* Otherwise a process that may only write to it could switch off the echo of what others type. */
TEST(a_terminal_that_cannot_be_read_cannot_be_set)
{
	static const unsigned int requests[] = { TCSETS, TCSETSW, TCSETSF, FIONREAD };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), both, write_only;
	struct tenant *t;
	char name[64];

	if (master < 0 || grantpt(master) || unlockpt(master) ||
	    ptsname_r(master, name, sizeof(name)))
		SKIP("a pseudo-terminal");
	both = open(name, O_RDWR | O_NOCTTY);
	write_only = open(name, O_WRONLY | O_NOCTTY);
	if (both < 0 || write_only < 0 || dup2(both, 50) != 50 || dup2(write_only, 51) != 51)
		GIVE_UP("%s: %s", name, strerror(errno));
	chmod(name, 0666);
	t = tenant_start("t10", "--keep-fd", "50", "--keep-fd", "51", NULL);
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		EXPECT_ALLOWED(t, "terminal_modes", "%u 50", requests[i]);
		EXPECT_REFUSED(t, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "terminal_modes", "%u 51",
			       requests[i]);
	}
	EXPECT_ALLOWED(t, "terminal_modes", "%u 51", TCGETS);
	EXPECT_EQ(-EBADF, inside(t, "read_terminal", "51"));
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "read_terminal_again", "51");
}

PROBE(read_terminal) /* FD */
{
	char byte;

	return answer(read(atoi(arg), &byte, 1));
}

PROBE(read_terminal_again) /* FD */
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", atoi(arg));
	fd = open(name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return answer(fd);
}
