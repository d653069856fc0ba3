// SPDX-License-Identifier: GPL-2.0-only
/* bpf/process.bpf.c: a tenant is one process that stays what it is and leaves others alone. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "int80.h"
#include "joined.h"
#include "tenant.h"

static struct tenant *t1;
static unsigned long known = 0x5afe; /* at the same address in every process that is forked off */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

SETUP()
{
	/* controls trace processes that are not their children */
	write_file("/proc/sys/kernel/yama/ptrace_scope", "0");
	t1 = tenant_start("t1", NULL);
}

/* ---- victims ---- */

/* A process of @user that does nothing, in a group and session of its own. */
static pid_t victim_start(const char *user)
{
	const struct passwd *pw = getpwnam(user);
	int ready[2];
	pid_t pid;
	char byte;

	if (!pw || pipe2(ready, O_CLOEXEC))
		GIVE_UP("cannot prepare a victim: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		if (setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
		    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) ||
		    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		GIVE_UP("the victim did not start");
	close(ready[0]);
	return pid;
}

static bool alive(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static void victim_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- new processes ---- */

static int leave(void *arg)
{
	_exit(0);
}

static void *stack_top(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	return stack + sizeof(stack);
}

/* A child was made: it is waited for. */
static long bury(long pid)
{
	int status = 0;

	if (pid < 0)
		return answer(pid);
	if (waitpid(pid, &status, __WALL) != pid)
		return could_not_try("waitpid");
	return status ? could_not_try("the child ended with %d", status) : 0;
}

/* By number, because none of the C library's preparations may fail first. */
static long forked(long number)
{
	long pid = syscall(number);

	if (!pid)
		_exit(0);
	return pid;
}

static long vforked(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	return pid;
}

static long cloned3(__u64 flags, int cgroup)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD, .cgroup = cgroup };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid)
		_exit(0);
	return pid;
}

static long spawned(void)
{
	char *argv[] = { "true", NULL };
	pid_t pid;

	errno = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL);
	return errno ? -1 : pid;
}

/* "HOW" */
PROBE(new_process)
{
	if (!strcmp(arg, "fork"))
		return bury(forked(SYS_fork));
	if (!strcmp(arg, "libc fork")) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		return bury(pid);
	}
	if (!strcmp(arg, "vfork"))
		return bury(vforked());
	if (!strcmp(arg, "clone"))
		return bury(clone(leave, stack_top(), SIGCHLD, NULL));
	if (!strcmp(arg, "clone sharing memory"))
		return bury(clone(leave, stack_top(), CLONE_VM | CLONE_FILES | SIGCHLD, NULL));
	if (!strcmp(arg, "clone sharing signals"))
		return bury(clone(leave, stack_top(), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
	if (!strcmp(arg, "clone without a signal"))
		return bury(clone(leave, stack_top(), 0, NULL));
	if (!strcmp(arg, "clone3"))
		return bury(cloned3(0, 0));
	if (!strcmp(arg, "posix_spawn"))
		return bury(spawned());
	return could_not_try("cannot understand %s", arg);
}

TEST(a_tenant_cannot_make_a_process)
{
	static const char *const ways[] = {
		"fork",
		"libc fork",
		"vfork",
		"clone",
		"clone sharing memory",
		"clone sharing signals",
		"clone without a signal",
		"clone3",
		"posix_spawn",
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		EXPECT_REFUSED(t1, EACCES, SN_OP_TASK_FORK, SN_NEVER, "new_process", "%s", ways[i]);
}

/* "FLAGS" of clone(2) */
PROBE(clone_with)
{
	return bury(clone(leave, stack_top(), strtoul(arg, NULL, 16) | SIGCHLD, NULL));
}

PROBE(clone3_with)
{
	return bury(cloned3(strtoul(arg, NULL, 16), 0));
}

TEST(new_namespaces_do_not_make_a_process_possible)
{
	static const unsigned long flags[] = { CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC,
					       CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP };

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_TASK_FORK, SN_NEVER, "clone_with", "%lx",
				    flags[i]);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_TASK_FORK, SN_NEVER, "clone3_with", "%x",
			    CLONE_NEWTIME);
	/* credentials come first: bpf/guard.bpf.c */
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_USERNS, SN_NEVER, "clone_with", "%x", CLONE_NEWUSER);
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_USERNS, SN_NEVER, "clone_with", "%x",
		       CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET);
}

/* "DIRECTORY" of a cgroup */
PROBE(clone_into_cgroup)
{
	int cgroup = open(arg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long result;

	if (cgroup < 0)
		return could_not_try("%s", arg);
	result = bury(cloned3(CLONE_INTO_CGROUP, cgroup));
	close(cgroup);
	return result;
}

TEST(a_process_cannot_be_made_in_another_cgroup_either)
{
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_TASK_FORK, SN_NEVER, "clone_into_cgroup", "%s",
			    t1->cgroup);
}

static void *add_one(void *number)
{
	__atomic_add_fetch((int *)number, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

PROBE(threads)
{
	pthread_t threads[16];
	int ran = 0;

	for (int i = 0; i < 16; i++) {
		errno = pthread_create(&threads[i], NULL, add_one, &ran);
		if (errno)
			return -errno;
	}
	for (int i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	return ran;
}

TEST(threads_work)
{
	EXPECT_ALLOWED(t1, "threads", "%s", "");
	EXPECT_EQ(16, inside(t1, "threads", "%s", ""));
}

/* ---- another program ---- */

static int memfd_of(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("program", MFD_CLOEXEC);
	char buffer[65536];
	ssize_t len;

	if (from < 0 || to < 0)
		return -1;
	while ((len = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, len) != len)
			return -1;
	close(from);
	return len ? -1 : to;
}

/* Only returns when it fails. */
static long exec_now(const char *how, const char *path)
{
	char *argv[] = { "program", "--serve", NULL }, *envp[] = { NULL };
	int fd = -1;

	if (!strcmp(how, "execve"))
		return answer(execve(path, argv, envp));
	if (!strcmp(how, "loader")) {
		char *loaded[] = { "loader", (char *)path, NULL };

		return answer(execve("/lib64/ld-linux-x86-64.so.2", loaded, envp));
	}
	if (!strcmp(how, "execveat"))
		return answer(syscall(SYS_execveat, AT_FDCWD, path, argv, envp, 0));
	if (!strcmp(how, "memfd"))
		fd = memfd_of(path);
	else if (!strcmp(how, "descriptor") || !strcmp(how, "proc"))
		fd = open(path, O_RDONLY);
	else if (!strcmp(how, "place"))
		fd = open(path, O_PATH);
	if (fd < 0)
		return could_not_try("%s %s", how, path);
	if (!strcmp(how, "proc")) {
		char link[32];

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		execve(link, argv, envp);
	} else {
		syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	}
	return answer((close(fd), -1));
}

/*
 * "HOW PATH": what exec says. The control does it in a child; the tenant, which has none, does it
 * at once, and would be gone if it worked.
 */
PROBE(exec)
{
	long result = 0;
	char how[16], path[128];
	int ends[2];
	pid_t pid;

	if (sscanf(arg, "%15s %127s", how, path) != 2 || pipe2(ends, O_CLOEXEC))
		return could_not_try("cannot understand %s", arg);
	pid = fork();
	if (pid <= 0)
		result = exec_now(how, path);
	if (!pid)
		_exit(write(ends[1], &result, sizeof(result)) != sizeof(result));
	close(ends[1]);
	/* exec closes the pipe, and nothing is written to it */
	if (pid > 0 && (read(ends[0], &result, sizeof(result)) < 0 || waitpid(pid, NULL, 0) < 0))
		result = could_not_try("asking the child");
	close(ends[0]);
	return result;
}

/* In the tenant's directory, and the tenant's own. */
static void put_program(const char *from, const char *to, const char *text)
{
	char command[512];

	if (from)
		snprintf(command, sizeof(command), "cp %s %s && chown t1: %s && chmod 755 %s", from,
			 to, to, to);
	else
		snprintf(command, sizeof(command),
			 "printf '%s' >%s && chown t1: %s && chmod 755 %s", text ?: "", to, to, to);
	if (system(command))
		GIVE_UP("%s failed", command);
}

/* exec's errno does not reach the fork's record, so the refusal of exec is the last event. */
#define EXPECT_EXEC_REFUSED(error, op, why, how, path) \
	EXPECT_REFUSED(t1, error, op, why, "exec", "%s %s", how, path)

TEST(a_tenant_cannot_start_another_program)
{
	put_program("/bin/true", "/srv/t1/program", NULL);
	put_program(NULL, "/srv/t1/script", "#!/bin/true\\n");
	put_program(NULL, "/srv/t1/own-script", "#!/srv/t1/program\\n");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "execve", "/srv/t1/program");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "execveat", "/srv/t1/program");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "execve", "program");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "descriptor", "/srv/t1/program");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "place", "/srv/t1/program");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "proc", "/srv/t1/program");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "execve", "/srv/t1/script");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "execve", "/srv/t1/own-script");
	/* a memfd lies nowhere: it is refused as a file already */
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_OUTSIDE, "memfd", "/srv/t1/program");
}

TEST(a_tenant_cannot_start_the_loader_or_its_own_program_again)
{
	put_program("/bin/true", "/srv/t1/program", NULL);
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "execve", "/proc/self/exe");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "descriptor", "/proc/self/exe");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_OUTSIDE, "memfd", "/proc/self/exe");
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "loader", "/srv/t1/program");
}

TEST(programs_of_the_system_look_missing)
{
	EXPECT_EXEC_REFUSED(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "execve", "/bin/true");
	EXPECT_EXEC_REFUSED(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "execve", "/usr/bin/env");
	EXPECT_EXEC_REFUSED(ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "execveat", "/usr/sbin/ip");
}

/* AT_EXECVE_CHECK, since Linux 6.14 */
PROBE(exec_check)
{
	char *argv[] = { "program", NULL }, *envp[] = { NULL };

	return answer(syscall(SYS_execveat, AT_FDCWD, arg, argv, envp, 0x10000));
}

/* It asks about the file only, and is granted; the exec itself is not. */
TEST(asking_whether_a_program_may_be_executed_starts_nothing)
{
	long got;

	put_program("/bin/true", "/srv/t1/program", NULL);
	got = outside("exec_check", "/srv/t1/program");
	EXPECT_TRUE(got == 0 || got == -EINVAL);
	EXPECT_EQ(got, inside(t1, "exec_check", "/srv/t1/program"));
	EXPECT_EXEC_REFUSED(EACCES, SN_OP_TASK_EXEC, SN_NEVER, "execve", "/srv/t1/program");
}

/* Forked outside, and moved in before its first exec. "PATH" of the program that it then is. */
static int exec_after_joining(const struct tenant *t, const char *path)
{
	char *argv[] = { "program", "--serve", NULL }, *envp[] = { NULL }, procs[PATH_MAX + 16];
	int status = -1;
	pid_t pid;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", t->cgroup);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (dup2(null, 0) || dup2(null, 1) != 1 || !write_file(procs, "0"))
			_exit(100);
		execve(path, argv, envp);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_process_that_is_moved_into_the_tenant_can_start_the_tenants_program_only)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		GIVE_UP("readlink: %s", strerror(errno));
	put_program("/bin/true", "/srv/t1/program", NULL);
	EXPECT_EQ(0, exec_after_joining(t1, self)); /* serves no probes, and ends */
	EXPECT_EQ(EACCES, exec_after_joining(t1, "/srv/t1/program"));
	EXPECT_EQ(ENOENT, exec_after_joining(t1, "/bin/true"));
}

/* ---- signals ---- */

/* "HOW PID SIGNAL"; by pidfd, PID is the descriptor. */
PROBE(signal)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	char how[16];
	int pid, sig;

	if (sscanf(arg, "%15s %d %d", how, &pid, &sig) != 3)
		return could_not_try("cannot understand %s", arg);
	info.si_signo = sig;
	if (!strcmp(how, "kill"))
		return answer(kill(pid, sig));
	if (!strcmp(how, "tkill"))
		return answer(syscall(SYS_tkill, pid, sig));
	if (!strcmp(how, "tgkill"))
		return answer(syscall(SYS_tgkill, pid, pid, sig));
	if (!strcmp(how, "sigqueue"))
		return answer(syscall(SYS_rt_sigqueueinfo, pid, sig, &info));
	if (!strcmp(how, "tgsigqueue"))
		return answer(syscall(SYS_rt_tgsigqueueinfo, pid, pid, sig, &info));
	if (!strcmp(how, "pidfd"))
		return answer(syscall(SYS_pidfd_send_signal, pid, sig, NULL, 0));
	return could_not_try("cannot understand %s", arg);
}

static const char *const senders[] = { "kill", "tkill", "tgkill", "sigqueue", "tgsigqueue" };
#define NR_SENDERS (sizeof(senders) / sizeof(*senders))

/* Sent to a process that ignores the one and stays for the other. */
static void expect_unreachable(pid_t pid)
{
	static const int harmless[] = { 0, SIGURG };

	for (size_t i = 0; i < NR_SENDERS; i++) {
		for (size_t j = 0; j < 2; j++) {
			EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_KILL, SN_OTHER_TASK, "signal",
				       "%s %d %d", senders[i], pid, harmless[j]);
			EXPECT_EQ(harmless[j], t1->event.number);
			EXPECT_EQ(pid, t1->event.target);
		}
	}
}

TEST(a_tenant_cannot_signal_another_process_of_its_user)
{
	pid_t victim = victim_start("t1");

	expect_unreachable(victim);
	for (size_t i = 0; i < NR_SENDERS; i++) {
		EXPECT_EQ(-EPERM, inside(t1, "signal", "%s %d %d", senders[i], victim, SIGKILL));
		EXPECT_EVENT(t1, SN_OP_TASK_KILL, SN_OTHER_TASK);
	}
	EXPECT_TRUE(alive(victim));
	EXPECT_EQ(0, outside("signal", "kill %d %d", victim, SIGKILL));
	EXPECT_EQ(victim, waitpid(victim, NULL, 0));
}

TEST(a_tenant_cannot_signal_another_tenant_of_the_same_user)
{
	struct tenant *other = tenant_start("other", "--dir", "/srv/t10", NULL);

	expect_unreachable(other->pid);
	EXPECT_EQ(-EPERM, inside(t1, "signal", "kill %d %d", other->pid, SIGKILL));
	EXPECT_EVENT(t1, SN_OP_TASK_KILL, SN_OTHER_TASK);
	EXPECT_EQ(0, inside(other, "ready", "%s", ""));
}

TEST(a_tenant_cannot_signal_a_group_or_everyone)
{
	pid_t victim = victim_start("t1");

	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_KILL, SN_OTHER_TASK, "signal", "kill %d 0", -victim);
	EXPECT_EQ(-EPERM, inside(t1, "signal", "kill %d %d", -victim, SIGKILL));
	/* kill(-1) says 0 when all it got was EPERM: kernel/signal.c kill_something_info() */
	inside(t1, "signal", "kill -1 %d", SIGKILL);
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_TASK_KILL, SN_OTHER_TASK);
	EXPECT_TRUE(alive(victim));
	EXPECT_EQ(0, outside("signal", "kill %d %d", -victim, SIGKILL));
	EXPECT_EQ(victim, waitpid(victim, NULL, 0));
}

TEST(a_tenant_that_runs_as_root_cannot_signal_roots_processes)
{
	struct tenant *t = tenant_start("rooted", "--dir", "/srv/t10", "--user", "root", NULL);
	pid_t victim = victim_start("root");

	for (size_t i = 0; i < NR_SENDERS; i++) {
		EXPECT_EQ(-EPERM, inside(t, "signal", "%s %d %d", senders[i], victim, SIGKILL));
		EXPECT_EVENT(t, SN_OP_TASK_KILL, SN_OTHER_TASK);
	}
	EXPECT_EQ(-EPERM, inside(t, "signal", "kill 1 0"));
	EXPECT_EVENT(t, SN_OP_TASK_KILL, SN_OTHER_TASK);
	EXPECT_TRUE(alive(victim));
	EXPECT_EQ(0, ROOT_OUTSIDE("signal", "kill %d %d", victim, SIGKILL));
	EXPECT_EQ(victim, waitpid(victim, NULL, 0));
}

/* With every capability, the kernel's own check passes for any process. */
TEST(capabilities_do_not_help_to_signal)
{
	pid_t victim = victim_start("t2");

	for (size_t i = 0; i < NR_SENDERS; i++)
		EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_CAPABLE, SN_NEVER, "signal", "%s %d 0",
				    senders[i], victim);
	EXPECT_TRUE(alive(victim));
	victim_stop(victim);
}

PROBE(pidfd_open)
{
	int fd = syscall(SYS_pidfd_open, atoi(arg), 0);

	if (fd < 0)
		return answer(fd);
	close(fd);
	return 0;
}

/* "PID SIGNAL" */
PROBE(signal_by_pidfd)
{
	int pid, sig, fd;
	long result;

	if (sscanf(arg, "%d %d", &pid, &sig) != 2)
		return could_not_try("cannot understand %s", arg);
	fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return could_not_try("pidfd_open");
	result = answer(syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0));
	close(fd);
	return result;
}

/* Since Linux 6.9 a pidfd is a file, and is refused as one; before, it opens and leads nowhere. */
TEST(a_pidfd_does_not_help_to_signal)
{
	pid_t victim = victim_start("t1");

	if (inside(t1, "pidfd_open", "%d", victim) < 0) {
		EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "pidfd_open", "%d",
			       victim);
	} else {
		EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_KILL, SN_OTHER_TASK, "signal_by_pidfd",
			       "%d %d", victim, SIGURG);
		EXPECT_EQ(-EPERM, inside(t1, "signal_by_pidfd", "%d %d", victim, SIGKILL));
	}
	EXPECT_TRUE(alive(victim));
	victim_stop(victim);
}

static volatile sig_atomic_t heard;

static void hear(int sig)
{
	heard++;
}

/* @before: how many signals came before this one was sent, which may be before the thread runs. */
static void *hear_in_a_thread(void *before)
{
	struct timespec moment = { .tv_nsec = 10000000 };

	while (heard == (intptr_t)before)
		nanosleep(&moment, NULL);
	return NULL;
}

/* Itself, one of its threads, and by timers. How many signals came. */
PROBE(signal_self)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	struct itimerval also_soon = { .it_value.tv_usec = 1000 };
	siginfo_t info = { .si_code = SI_QUEUE, .si_signo = SIGUSR1 };
	pid_t pid = getpid(), tid = gettid();
	pthread_t thread;
	timer_t timer;

	heard = 0;
	signal(SIGUSR1, hear);
	signal(SIGALRM, hear);
	if (kill(pid, 0) || kill(pid, SIGUSR1) || raise(SIGUSR1) ||
	    syscall(SYS_tkill, tid, SIGUSR1) || syscall(SYS_tgkill, pid, tid, SIGUSR1) ||
	    syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info) || kill(0, SIGUSR1))
		return answer(-1);
	if (pthread_create(&thread, NULL, hear_in_a_thread, (void *)(intptr_t)heard))
		return could_not_try("thread");
	errno = pthread_kill(thread, SIGUSR1);
	if (errno)
		return -errno;
	pthread_join(thread, NULL);
	event._sigev_un._tid = tid;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &soon, NULL))
		return answer(-1);
	for (int i = 0; i < 200 && heard < 8; i++)
		usleep(10000);
	timer_delete(timer);
	if (setitimer(ITIMER_REAL, &also_soon, NULL))
		return answer(-1);
	for (int i = 0; i < 200 && heard < 9; i++)
		usleep(10000);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	return heard;
}

TEST(a_tenant_may_signal_itself_and_its_threads)
{
	EXPECT_EQ(9, inside(t1, "signal_self", "%s", ""));
	EXPECT_QUIET(t1);
}

/* ---- signals that the kernel sends on request ---- */

/* "PID": a timer whose signal goes to that thread */
PROBE(timer_for)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG };
	timer_t timer;

	event._sigev_un._tid = atoi(arg);
	return answer(timer_create(CLOCK_MONOTONIC, &event, &timer));
}

PROBE(signal_at_parents_death)
{
	return answer(prctl(PR_SET_PDEATHSIG, SIGURG) ?: prctl(PR_SET_PDEATHSIG, 0));
}

/* The kernel takes threads of the caller only: good_sigevent(). */
TEST(timers_and_death_signals_reach_nobody_but_the_caller)
{
	pid_t victim = victim_start("t1");

	EXPECT_EQ(-EINVAL, inside(t1, "timer_for", "%d", victim));
	EXPECT_EQ(-EINVAL, outside("timer_for", "%d", victim));
	EXPECT_ALLOWED(t1, "timer_for", "%d", t1->pid);
	EXPECT_ALLOWED(t1, "signal_at_parents_death", "%s", "");
	victim_stop(victim);
}

/* "OPTION VALUE" */
PROBE(prctl)
{
	unsigned long option, value;

	if (sscanf(arg, "%lu %lu", &option, &value) != 2)
		return could_not_try("cannot understand %s", arg);
	return answer(prctl(option, value, 0, 0, 0));
}

/* Each of them grants others something, or concerns children, of which there are none. */
TEST(what_prctl_grants_is_about_the_caller_itself)
{
	EXPECT_ALLOWED(t1, "prctl", "%d 1", PR_SET_DUMPABLE);
	EXPECT_ALLOWED(t1, "prctl", "%d 0", PR_SET_KEEPCAPS);
	EXPECT_ALLOWED(t1, "prctl", "%d 1", PR_SET_NO_NEW_PRIVS);
	EXPECT_ALLOWED(t1, "prctl", "%d 1", PR_SET_CHILD_SUBREAPER);
	EXPECT_ALLOWED(t1, "prctl", "%d 50000", PR_SET_TIMERSLACK);
	EXPECT_ALLOWED(t1, "prctl", "%d %lu", PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_PTRACE, SN_NEVER, "be_traced", "%s", "");
}

/* ---- other processes' memory and descriptors ---- */

/* "HOW PID ADDRESS", where that process has the number known */
PROBE(meddle)
{
	unsigned long address, got = 0, node = 1;
	struct iovec here = { .iov_base = &got, .iov_len = sizeof(got) }, there = here;
	size_t len;
	char how[24];
	void *head;
	int pid;

	if (sscanf(arg, "%23s %d %lx", how, &pid, &address) != 3)
		return could_not_try("cannot understand %s", arg);
	there.iov_base = (void *)address;
	if (!strcmp(how, "attach") || !strcmp(how, "seize")) {
		if (ptrace(*how == 'a' ? PTRACE_ATTACH : PTRACE_SEIZE, pid, 0, 0))
			return answer(-1);
		if (*how == 's')
			ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		waitpid(pid, NULL, __WALL);
		/* or the victim's end would be the tracer's to wait for */
		return answer(ptrace(PTRACE_DETACH, pid, 0, 0));
	}
	if (!strcmp(how, "readv")) {
		if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
			return answer(-1);
		return got == known ? 0 : could_not_try("read %lx", got);
	}
	if (!strcmp(how, "writev")) {
		got = known;
		return answer(process_vm_writev(pid, &here, 1, &there, 1, 0));
	}
	if (!strcmp(how, "kcmp"))
		return answer(syscall(SYS_kcmp, getpid(), pid, KCMP_FILES, 0, 0));
	if (!strcmp(how, "robust-list"))
		return answer(syscall(SYS_get_robust_list, pid, &head, &len));
	if (!strcmp(how, "move-pages"))
		return answer(syscall(SYS_move_pages, pid, 0UL, NULL, NULL, NULL, 0));
	if (!strcmp(how, "migrate-pages"))
		return answer(syscall(SYS_migrate_pages, pid, 64UL, &node, &node));
	return could_not_try("cannot understand %s", arg);
}

TEST(a_tenant_cannot_reach_into_another_process_of_its_user)
{
	static const char *const ways[] = {
		"attach", "seize",	 "readv",      "writev",
		"kcmp",	  "robust-list", "move-pages", "migrate-pages"
	};
	pid_t victim = victim_start("t1");

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (outside("meddle", "%s %d %lx", ways[i], victim, (unsigned long)&known) ==
		    -ENOSYS)
			continue; /* a kernel without NUMA */
		EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_PTRACE, SN_NEVER, "meddle", "%s %d %lx",
			       ways[i], victim, (unsigned long)&known);
		EXPECT_EQ(victim, t1->event.target);
	}
	victim_stop(victim);
}

TEST(a_tenant_cannot_reach_into_another_tenant)
{
	struct tenant *other = tenant_start("other", "--dir", "/srv/t10", NULL);

	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_PTRACE, SN_NEVER, "meddle", "attach %d 0", other->pid);
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_PTRACE, SN_NEVER, "meddle", "kcmp %d 0", other->pid);
}

/* "HOW PIDFD"; the first descriptor of that process, or its memory */
PROBE(meddle_by_pidfd)
{
	struct iovec there = { .iov_base = (void *)((unsigned long)&known & ~0xfffUL),
			       .iov_len = 4096 };
	char how[16];
	int pidfd, fd;

	if (sscanf(arg, "%15s %d", how, &pidfd) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(how, "getfd")) {
		fd = syscall(SYS_pidfd_getfd, pidfd, 0, 0);
		if (fd < 0)
			return answer(fd);
		close(fd);
		return 0;
	}
	if (!strcmp(how, "madvise"))
		return answer(syscall(SYS_process_madvise, pidfd, &there, 1, MADV_COLD, 0));
	return could_not_try("cannot understand %s", arg);
}

/* A moved process has inherited the pidfd, which a tenant could not open. */
TEST(a_pidfd_does_not_help_to_reach_into_a_process)
{
	pid_t victim = victim_start("root");
	int pidfd = syscall(SYS_pidfd_open, victim, 0);

	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_KILL, SN_OTHER_TASK, "signal", "pidfd %d %d",
			    pidfd, SIGURG);
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_PTRACE, SN_NEVER, "meddle_by_pidfd", "getfd %d",
			    pidfd);
	/* mm_access() answers EACCES for whatever the hook said */
	EXPECT_EQ(-EACCES, JOINED(t1, "meddle_by_pidfd", "madvise %d", pidfd));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_TASK_PTRACE, SN_NEVER);
	EXPECT_TRUE(ROOT_OUTSIDE("meddle_by_pidfd", "madvise %d", pidfd) >= 0);
	victim_stop(victim);
}

/* PIDFD_GET_INFO of Linux 6.13 */
PROBE(ask_pidfd)
{
	struct {
		__u64 mask, rest[15];
	} info = { .mask = 1 };

	return answer(ioctl(atoi(arg), _IOC(_IOC_READ | _IOC_WRITE, 0xff, 11, 64), &info));
}

TEST(a_pidfd_tells_nothing_about_a_process)
{
	pid_t victim = victim_start("root");
	int pidfd = syscall(SYS_pidfd_open, victim, 0);
	long got = ROOT_OUTSIDE("ask_pidfd", "%d", pidfd);

	EXPECT_TRUE(got != -EPERM); /* older kernels know other requests only */
	EXPECT_EQ(-EPERM, JOINED(t1, "ask_pidfd", "%d", pidfd));
	EXPECT_EVENT(t1, SN_OP_FS_IOCTL, SN_NEVER);
	close(pidfd);
	victim_stop(victim);
}

/* "WHAT PID" */
PROBE(ask_about)
{
	struct timespec time;
	char what[16];
	int pid;

	if (sscanf(arg, "%15s %d", what, &pid) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "clock")) /* MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) */
		return answer(clock_gettime(~(clockid_t)pid << 3 | 2, &time));
	errno = 0;
	pid = getpriority(PRIO_PROCESS, pid);
	return errno ? -errno : pid + 20;
}

/* No hook is asked: docs/ways-out.md says what that is worth. */
TEST(the_cpu_time_and_the_priority_of_another_process_can_be_asked_for)
{
	pid_t victim = victim_start("t2");

	EXPECT_ALLOWED(t1, "ask_about", "clock %d", victim);
	EXPECT_ALLOWED(t1, "ask_about", "priority %d", victim);
	victim_stop(victim);
	EXPECT_EQ(-EINVAL, inside(t1, "ask_about", "clock %d", victim));
	EXPECT_EQ(-ESRCH, inside(t1, "ask_about", "priority %d", victim));
}

PROBE(be_traced)
{
	return answer(ptrace(PTRACE_TRACEME, 0, 0, 0));
}

TEST(a_tenant_cannot_offer_itself_for_tracing)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_PTRACE, SN_NEVER, "be_traced", "%s", "");
}

PROBE(read_own_memory)
{
	unsigned long got = 0;
	struct iovec here = { .iov_base = &got, .iov_len = sizeof(got) };
	struct iovec there = { .iov_base = &known, .iov_len = sizeof(known) };

	if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) < 0)
		return answer(-1);
	return got == known ? 0 : -EBADMSG;
}

TEST(a_tenant_may_look_at_its_own_memory)
{
	EXPECT_ALLOWED(t1, "read_own_memory", "%s", "");
}

/* ---- other processes' resources ---- */

/* struct sched_attr of linux/sched/types.h, which the C library's headers do not go with */
struct scheduling {
	__u32 size, policy;
	__u64 flags;
	__s32 nice;
	__u32 priority;
	__u64 runtime, deadline, period;
};

/* "WHAT PID": asks for, or sets, what is meant to change nothing much. 0 is oneself. */
PROBE(resources)
{
	struct scheduling attr = { .size = sizeof(attr), .policy = SCHED_BATCH, .nice = 1 };
	struct sched_param param = {};
	struct rlimit limit;
	cpu_set_t cpus;
	char what[24];
	int pid;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CPU_SET(1, &cpus);
	if (sscanf(arg, "%23s %d", what, &pid) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "set-nice"))
		return answer(setpriority(PRIO_PROCESS, pid, 1));
	if (!strcmp(what, "set-group-nice"))
		return answer(setpriority(PRIO_PGRP, pid, 1));
	if (!strcmp(what, "set-scheduler"))
		return answer(sched_setscheduler(pid, SCHED_BATCH, &param));
	if (!strcmp(what, "set-param"))
		return answer(sched_setparam(pid, &param));
	if (!strcmp(what, "set-attr"))
		return answer(syscall(SYS_sched_setattr, pid, &attr, 0));
	if (!strcmp(what, "set-affinity"))
		return answer(sched_setaffinity(pid, sizeof(cpus), &cpus));
	if (!strcmp(what, "set-ioprio"))
		return answer(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid,
				      IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 5)));
	if (!strcmp(what, "set-limit")) {
		if (getrlimit(RLIMIT_NOFILE, &limit))
			return could_not_try("getrlimit");
		return answer(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
	}
	if (!strcmp(what, "get-scheduler"))
		return answer(sched_getscheduler(pid));
	if (!strcmp(what, "get-param"))
		return answer(sched_getparam(pid, &param));
	if (!strcmp(what, "get-attr"))
		return answer(syscall(SYS_sched_getattr, pid, &attr, sizeof(attr), 0));
	if (!strcmp(what, "get-affinity"))
		return answer(sched_getaffinity(pid, sizeof(cpus), &cpus));
	if (!strcmp(what, "get-interval"))
		return answer(sched_rr_get_interval(pid, &(struct timespec){ 0 }));
	if (!strcmp(what, "get-ioprio"))
		return answer(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid));
	if (!strcmp(what, "get-limit"))
		return answer(prlimit(pid, RLIMIT_CORE, NULL, &limit));
	if (!strcmp(what, "get-group"))
		return answer(getpgid(pid));
	if (!strcmp(what, "get-session"))
		return answer(getsid(pid));
	return could_not_try("cannot understand %s", arg);
}

static const struct {
	const char *what;
	enum sn_op op;
} resources[] = {
	{ "set-nice", SN_OP_TASK_SCHED },      { "set-group-nice", SN_OP_TASK_SCHED },
	{ "set-scheduler", SN_OP_TASK_SCHED }, { "set-param", SN_OP_TASK_SCHED },
	{ "set-attr", SN_OP_TASK_SCHED },      { "set-affinity", SN_OP_TASK_SCHED },
	{ "set-ioprio", SN_OP_TASK_SCHED },    { "set-limit", SN_OP_TASK_SCHED },
	{ "get-scheduler", SN_OP_TASK_SCHED }, { "get-param", SN_OP_TASK_SCHED },
	{ "get-attr", SN_OP_TASK_SCHED },      { "get-affinity", SN_OP_TASK_SCHED },
	{ "get-interval", SN_OP_TASK_SCHED },  { "get-ioprio", SN_OP_TASK_SCHED },
	{ "get-limit", SN_OP_TASK_SCHED },     { "get-group", SN_OP_TASK_PGRP },
	{ "get-session", SN_OP_TASK_PGRP },
};

TEST(another_process_looks_missing_to_whoever_asks_for_its_resources)
{
	pid_t victim = victim_start("t1");

	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++)
		EXPECT_REFUSED(t1, ESRCH, resources[i].op, SN_OTHER_TASK, "resources", "%s %d",
			       resources[i].what, victim);
	victim_stop(victim);
}

TEST(a_tenant_may_ask_for_and_set_its_own_resources)
{
	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
		EXPECT_ALLOWED(t1, "resources", "%s 0", resources[i].what);
		EXPECT_ALLOWED(t1, "resources", "%s %d", resources[i].what, t1->pid);
	}
}

static void *own_thread(void *result)
{
	struct sched_param param = {};
	pid_t tid = getpid();

	/* the first thread, from another one */
	*(long *)result = answer(sched_setscheduler(tid, SCHED_BATCH, &param));
	if (!*(long *)result)
		*(long *)result = answer(setpriority(PRIO_PROCESS, tid, 1));
	if (!*(long *)result)
		*(long *)result = answer(prlimit(tid, RLIMIT_CORE, NULL, &(struct rlimit){ 0 }));
	return NULL;
}

PROBE(resources_of_a_thread)
{
	pthread_t thread;
	long result = 0;

	if (pthread_create(&thread, NULL, own_thread, &result))
		return could_not_try("thread");
	pthread_join(thread, NULL);
	return result;
}

TEST(threads_may_set_each_others_resources)
{
	EXPECT_ALLOWED(t1, "resources_of_a_thread", "%s", "");
}

/* It goes over all processes of the user, and sets those that it may. */
PROBE(set_users_nice)
{
	return answer(setpriority(PRIO_USER, getuid(), 2));
}

TEST(a_tenant_cannot_renice_its_users_other_processes)
{
	pid_t victim = victim_start("t1");

	inside(t1, "set_users_nice", "%s", "");
	t1->result = -ESRCH;
	EXPECT_EVENT(t1, SN_OP_TASK_SCHED, SN_OTHER_TASK);
	EXPECT_EQ(0, getpriority(PRIO_PROCESS, victim));
	EXPECT_EQ(0, outside("set_users_nice", "%s", ""));
	EXPECT_EQ(2, getpriority(PRIO_PROCESS, victim));
	victim_stop(victim);
}

/* "PID": puts it into a group of its own; only a child or oneself is possible at all */
PROBE(set_group_of_child)
{
	pid_t pid = fork();
	long result;

	if (!pid)
		for (;;)
			pause();
	if (pid < 0)
		return answer(pid);
	result = answer(setpgid(pid, pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return result;
}

TEST(there_are_no_children_to_put_into_groups)
{
	EXPECT_REFUSED(t1, EACCES, SN_OP_TASK_FORK, SN_NEVER, "set_group_of_child", "%s", "");
}

/* ---- identities ---- */

/* "WHAT": asks for what it is already, which takes no privilege */
PROBE(same_identity)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = {};
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (!strcmp(arg, "setuid"))
		return answer(syscall(SYS_setuid, uid));
	if (!strcmp(arg, "setgid"))
		return answer(syscall(SYS_setgid, gid));
	if (!strcmp(arg, "setreuid"))
		return answer(syscall(SYS_setreuid, uid, uid));
	if (!strcmp(arg, "setregid"))
		return answer(syscall(SYS_setregid, gid, gid));
	if (!strcmp(arg, "capset")) {
		if (syscall(SYS_capget, &header, caps))
			return could_not_try("capget");
		return answer(syscall(SYS_capset, &header, caps));
	}
	return could_not_try("cannot understand %s", arg);
}

TEST(a_tenant_cannot_set_its_identity_even_to_what_it_is)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_SETID, SN_NEVER, "same_identity", "setuid");
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_SETID, SN_NEVER, "same_identity", "setgid");
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_SETID, SN_NEVER, "same_identity", "setreuid");
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_SETID, SN_NEVER, "same_identity", "setregid");
	EXPECT_REFUSED(t1, EPERM, SN_OP_TASK_CAPSET, SN_NEVER, "same_identity", "capset");
}

static bool can_ambient(void)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) == 1;
}

/* "WHAT": becomes user t2, or changes the capabilities. setfsuid(2) tells nothing: it is asked. */
PROBE(other_identity)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = {};
	id_t id = 2002;

	if (!strcmp(arg, "setuid"))
		return answer(syscall(SYS_setuid, id));
	if (!strcmp(arg, "setgid"))
		return answer(syscall(SYS_setgid, id));
	if (!strcmp(arg, "setreuid"))
		return answer(syscall(SYS_setreuid, id, id));
	if (!strcmp(arg, "setregid"))
		return answer(syscall(SYS_setregid, id, id));
	if (!strcmp(arg, "setresuid"))
		return answer(syscall(SYS_setresuid, id, id, id));
	if (!strcmp(arg, "setresgid"))
		return answer(syscall(SYS_setresgid, id, id, id));
	if (!strcmp(arg, "setgroups"))
		return answer(syscall(SYS_setgroups, 1, &id));
	if (!strcmp(arg, "setfsuid")) {
		setfsuid(id);
		return (id_t)setfsuid(-1) == id ? 0 : -EPERM;
	}
	if (!strcmp(arg, "setfsgid")) {
		setfsgid(id);
		return (id_t)setfsgid(-1) == id ? 0 : -EPERM;
	}
	if (!strcmp(arg, "drop-bound"))
		return answer(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0));
	if (!strcmp(arg, "securebits"))
		return answer(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
	if (!strcmp(arg, "ambient")) {
		/* which needs the capability to be inheritable first */
		if (syscall(SYS_capget, &header, caps))
			return could_not_try("capget");
		caps[0].inheritable |= 1 << CAP_CHOWN;
		if (syscall(SYS_capset, &header, caps) ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0))
			return answer(-1);
		return can_ambient() ? 0 : could_not_try("the capability was not raised");
	}
	return could_not_try("cannot understand %s", arg);
}

static const struct {
	const char *what;
	enum sn_op op;
} identities[] = {
	/* a moved root's powers are looked for before what it asks; without op: not by a hook */
	{ "setuid", SN_OP_TASK_CAPABLE },    { "setgid", SN_OP_TASK_CAPABLE },
	{ "setreuid", SN_OP_TASK_CAPABLE },  { "setregid", SN_OP_TASK_CAPABLE },
	{ "setresuid", SN_OP_TASK_CAPABLE }, { "setresgid", SN_OP_TASK_CAPABLE },
	{ "setgroups", SN_OP_TASK_CAPABLE }, { "setfsuid", SN_OP_TASK_CAPABLE },
	{ "setfsgid", SN_OP_TASK_CAPABLE },  { "drop-bound", SN_OP_TASK_CAPABLE },
	{ "ambient", SN_OP_TASK_CAPSET },    { "securebits", SN_OP_NONE },
};
#define NR_IDENTITIES (sizeof(identities) / sizeof(*identities))

TEST(root_with_every_capability_stays_who_it_is_in_a_tenant)
{
	for (size_t i = 0; i < NR_IDENTITIES && identities[i].op; i++)
		EXPECT_ROOT_REFUSED(t1, EPERM, identities[i].op, SN_NEVER, "other_identity", "%s",
				    identities[i].what);
}

/* safenode-attach has taken all its capabilities: here it is the kernel itself that refuses. */
TEST(a_tenant_that_runs_as_root_cannot_change_its_identity)
{
	struct tenant *t = tenant_start("rooted", "--dir", "/srv/t10", "--user", "root", NULL);

	for (size_t i = 0; i < NR_IDENTITIES; i++) {
		EXPECT_EQ(-EPERM, inside(t, "other_identity", "%s", identities[i].what));
		EXPECT_EQ(0, ROOT_OUTSIDE("other_identity", "%s", identities[i].what));
	}
	EXPECT_EQ(-EPERM, inside(t, "same_identity", "setuid"));
	EXPECT_EVENT(t, SN_OP_TASK_SETID, SN_NEVER);
	EXPECT_EQ(-EPERM, inside(t, "same_identity", "setgid"));
	EXPECT_EVENT(t, SN_OP_TASK_SETID, SN_NEVER);
	EXPECT_EQ(-EPERM, inside(t, "same_identity", "capset"));
	EXPECT_EVENT(t, SN_OP_TASK_CAPSET, SN_NEVER);
}

/* ---- the working directory ---- */

/* "HOW DIRECTORY" */
PROBE(change_directory)
{
	char how[16], path[128];
	int fd;
	long result;

	if (sscanf(arg, "%15s %127s", how, path) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(how, "chdir"))
		return answer(chdir(path));
	if (!strcmp(how, "chroot"))
		return answer(chroot(path));
	fd = open(path, (strcmp(how, "fchdir-path") ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return could_not_try("%s", path);
	if (!strcmp(how, "openat")) {
		int file = openat(fd, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		result = answer(file);
		close(file);
	} else {
		result = answer(fchdir(fd));
	}
	close(fd);
	return result;
}

TEST(a_tenant_stays_in_its_directory)
{
	if (mkdir("/srv/t1/below", 0777) || chmod("/srv/t1/below", 0777))
		GIVE_UP("mkdir: %s", strerror(errno));
	/* to where it is already changes nothing, and programs do it in their first line */
	EXPECT_ALLOWED(t1, "change_directory", "chdir .");
	EXPECT_ALLOWED(t1, "change_directory", "chdir /srv/t1");
	EXPECT_ALLOWED(t1, "change_directory", "chdir below/..");
	EXPECT_ALLOWED(t1, "change_directory", "fchdir .");
	EXPECT_ALLOWED(t1, "change_directory", "fchdir-path /srv/t1");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "change_directory", "chdir below");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "change_directory", "chdir ..");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "change_directory", "chdir /");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "change_directory", "fchdir below");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "change_directory", "fchdir-path /");
	/* hidden like the rest of what is outside */
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "change_directory",
		       "chdir /var/lib/misc");
	/* what a program can do instead */
	EXPECT_ALLOWED(t1, "change_directory", "openat below");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "change_directory",
			    "chroot below");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_CAPABLE, SN_NEVER, "change_directory",
			    "chroot .");
}

/* ---- the 32-bit entry ---- */

#ifdef __x86_64__
static long exec32(char *path)
{
	__u32 *argv = (void *)(path + 1024);

	argv[0] = (__u32)(unsigned long)path;
	argv[1] = argv[2] = 0;
	return int80(11, (long)path, (long)argv, (long)(argv + 2));
}

static long exec32_in_child(char *path)
{
	int ends[2];
	long result = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return could_not_try("pipe");
	pid = fork();
	if (pid <= 0)
		result = exec32(path);
	if (!pid)
		_exit(write(ends[1], &result, sizeof(result)) != sizeof(result));
	close(ends[1]);
	if (pid > 0 && (read(ends[0], &result, sizeof(result)) < 0 || waitpid(pid, NULL, 0) < 0))
		result = could_not_try("asking the child");
	close(ends[0]);
	return result;
}

/* "WHAT [VALUE]" */
PROBE(by_int80)
{
	char what[16], value[64] = "";
	char *memory = low_page(), *name = memory + 3072;
	__u32 *args = (void *)(memory + 2048);
	long result;
	int fd;

	if (memory == MAP_FAILED || sscanf(arg, "%15s %63s", what, value) < 1)
		return could_not_try("cannot understand %s", arg);
	strcpy(memory, value);
	if (!strcmp(what, "fork")) {
		result = int80(2, 0, 0, 0);
		if (!result)
			_exit(0);
		return result < 0 ? result : bury(result);
	}
	if (!strcmp(what, "execve"))
		return exec32_in_child(memory);
	if (!strcmp(what, "kill"))
		return int80(37, atoi(value), 0, 0);
	if (!strcmp(what, "open")) {
		fd = int80(5, (long)memory, O_RDONLY, 0);
		if (fd >= 0)
			close(fd);
		return fd;
	}
	if (!strcmp(what, "chdir"))
		return int80(12, (long)memory, 0, 0);
	if (!strcmp(what, "setuid"))
		return int80(213, getuid(), 0, 0);
	if (!strcmp(what, "attach"))
		return int80(26, PTRACE_ATTACH, atoi(value), 0);
	if (!strcmp(what, "unshare"))
		return int80(310, CLONE_NEWUSER, 0, 0);
	if (!strcmp(what, "session"))
		return int80(288, 1, 0, 0); /* KEYCTL_JOIN_SESSION_KEYRING */
	if (!strcmp(what, "segment")) {
		result = int80(117, 23, 0, 4096); /* ipc(SHMGET) */
		return result < 0 ? result : answer(shmctl(result, IPC_RMID, NULL));
	}
	if (!strcmp(what, "ring"))
		return int80(425, 4, (long)args, 0); /* io_uring_setup() */
	if (!strcmp(what, "map")) {
		/* old_mmap() */
		fd = open(value, O_RDONLY | O_CLOEXEC);
		args[1] = 4096;
		args[2] = PROT_READ | PROT_EXEC;
		args[3] = MAP_PRIVATE;
		args[4] = fd;
		result = int80(90, (long)args, 0, 0);
		close(fd);
		return result < -4095 ? 0 : result; /* an address may have the top bit */
	}
	if (!strcmp(what, "socket")) {
		/* socketcall(SYS_SOCKET, { AF_UNIX, SOCK_STREAM, 0 }) */
		args[0] = AF_UNIX;
		args[1] = SOCK_STREAM;
		fd = int80(102, 1, (long)args, 0);
		if (fd >= 0)
			close(fd);
		return fd;
	}
	if (!strcmp(what, "connect")) {
		/* socketcall(SYS_CONNECT): a UDP socket to port 9 of 127.0.0.1 */
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		memcpy(name, "\2\0\0\11\177\0\0\1\0\0\0\0\0\0\0\0", 16);
		args[0] = fd;
		args[1] = (__u32)(unsigned long)name;
		args[2] = 16;
		result = int80(102, 3, (long)args, 0);
		close(fd);
		return result;
	}
	return could_not_try("cannot understand %s", arg);
}

TEST(the_32_bit_entry_is_no_way_around)
{
	struct tenant *t;
	pid_t victim;

	if (outside("has_int80", "%s", ""))
		SKIP("a kernel with the 32-bit system calls");
	t = tenant_start("compat", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			 "127.0.0.1", NULL);
	victim = victim_start("t1");
	put_program("/bin/true", "/srv/t10/program", NULL);
	EXPECT_REFUSED(t, EACCES, SN_OP_TASK_FORK, SN_NEVER, "by_int80", "fork");
	EXPECT_REFUSED(t, EACCES, SN_OP_TASK_EXEC, SN_NEVER, "by_int80", "execve /srv/t10/program");
	EXPECT_REFUSED(t, EPERM, SN_OP_TASK_KILL, SN_OTHER_TASK, "by_int80", "kill %d", victim);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "by_int80", "open /etc/passwd");
	EXPECT_ALLOWED(t, "by_int80", "open /srv/t10/program");
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "by_int80", "chdir /");
	EXPECT_REFUSED(t, EPERM, SN_OP_TASK_SETID, SN_NEVER, "by_int80", "setuid");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "by_int80", "socket");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "by_int80", "connect");
	EXPECT_REFUSED(t, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "by_int80",
		       "map /srv/t10/program");
	EXPECT_REFUSED(t, EPERM, SN_OP_GUARD_USERNS, SN_NEVER, "by_int80", "unshare");
	EXPECT_REFUSED(t, EPERM, SN_OP_GUARD_KEY, SN_NEVER, "by_int80", "session");
	EXPECT_REFUSED(t, EPERM, SN_OP_GUARD_IPC, SN_NEVER, "by_int80", "segment");
	EXPECT_REFUSED(t, EPERM, SN_OP_GUARD_ANON, SN_NEVER, "by_int80", "ring");
	EXPECT_REFUSED(t, EPERM, SN_OP_TASK_PTRACE, SN_NEVER, "by_int80", "attach %d", victim);
	victim_stop(victim);
}

/* ---- the entry for programs with 32-bit pointers ---- */

/* __X32_SYSCALL_BIT and the number of fork, or of getpid */
PROBE(by_x32)
{
	long result = syscall(0x40000000 + atol(arg));

	if (!result)
		_exit(0);
	return result < 0 ? answer(result) : atol(arg) == SYS_fork ? bury(result) : 0;
}

/* Most kernels do not have it. */
TEST(the_x32_entry_is_no_way_around)
{
	if (outside("by_x32", "%d", SYS_getpid) == -ENOSYS)
		EXPECT_EQ(-ENOSYS, inside(t1, "by_x32", "%d", SYS_fork));
	else
		EXPECT_REFUSED(t1, EACCES, SN_OP_TASK_FORK, SN_NEVER, "by_x32", "%d", SYS_fork);
}
#endif
