// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads of a tenant at once: none of them starts a program or a process. The grant of the
 * one exec is a mark on the process. The race is for an instant in which that mark is set.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tenant.h"

#define THREADS 64
#define TRIES	sn_test_rounds(800) /* of each thread, of two programs */

static struct tenant *t1;

SETUP()
{
	t1 = tenant_start("t1", NULL);
}

/* A program that leaves a mark: an empty file. In the tenant's directory, and its own. */
static void put_program(void)
{
	if (system("cp /usr/bin/touch /srv/t1/program && chown t1: /srv/t1/program"))
		GIVE_UP("cannot copy a program");
}

static struct {
	pthread_barrier_t start;
	int refused;
	int succeeded;
	int tries;
	int program, self; /* descriptors */
} race;

static void count(long result)
{
	if (result == -EACCES)
		__atomic_add_fetch(&race.refused, 1, __ATOMIC_SEQ_CST);
	if (result >= 0)
		__atomic_add_fetch(&race.succeeded, 1, __ATOMIC_SEQ_CST);
}

/* By path, and by descriptor, which is quicker and has no look-up of a path. */
static void *race_to_exec(void *unused)
{
	char *mark[] = { "program", "mark", NULL }, *serve[] = { "self", "--serve", NULL };
	char *envp[] = { NULL };

	pthread_barrier_wait(&race.start);
	for (int i = 0; i < race.tries; i++) {
		if (i % 8 == 0) {
			count(answer(execve("/srv/t1/program", mark, envp)));
			count(answer(execve("/proc/self/exe", serve, envp)));
			continue;
		}
		count(answer(execveat(race.program, "", mark, envp, AT_EMPTY_PATH)));
		count(answer(execveat(race.self, "", serve, envp, AT_EMPTY_PATH)));
	}
	return NULL;
}

static void *race_to_fork(void *unused)
{
	pthread_barrier_wait(&race.start);
	for (int i = 0; i < race.tries; i++) {
		struct clone_args args = { .flags = i & 1 ? CLONE_VFORK : 0,
					   .exit_signal = SIGCHLD };
		long pid = syscall(SYS_clone3, &args, sizeof(args));

		if (!pid)
			_exit(0);
		count(answer(pid));
		pid = syscall(SYS_fork);
		if (!pid)
			_exit(0);
		count(answer(pid));
	}
	return NULL;
}

/* Every eighth thread of @threads runs @other. false: they could not be started. */
static bool run_race(int threads, int tries, void *(*most)(void *), void *(*other)(void *))
{
	pthread_t thread[THREADS];

	race.refused = race.succeeded = 0;
	race.tries = tries;
	race.program = open("/srv/t1/program", O_PATH | O_CLOEXEC);
	race.self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (race.program < 0 || race.self < 0)
		return false;
	pthread_barrier_init(&race.start, NULL, threads);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, i % 8 == 7 ? other : most, NULL))
			return false;
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	close(race.program);
	close(race.self);
	return true;
}

/* How often they were refused. Where an exec succeeds, the tenant does not answer any more. */
PROBE(exec_race) /* TRIES */
{
	if (!run_race(THREADS, atoi(arg), race_to_exec, race_to_exec))
		return could_not_try("threads");
	return race.succeeded ? -race.succeeded : race.refused;
}

/* The same, while every eighth thread forks; an exec must not find the mark that a fork sets. */
PROBE(exec_and_fork_race)
{
	if (!run_race(THREADS, 40, race_to_exec, race_to_fork))
		return could_not_try("threads");
	return race.succeeded ? -race.succeeded : race.refused;
}

static long refused(enum sn_op op)
{
	return (long)(tenant_counters(t1).denied[op] - t1->before.denied[op]);
}

TEST(of_many_tries_of_64_threads_no_exec_succeeds)
{
	put_program();
	EXPECT_EQ(THREADS * TRIES * 2, inside(t1, "exec_race", "%d", TRIES));
	EXPECT_EQ(THREADS * TRIES * 2, refused(SN_OP_TASK_EXEC));
	EXPECT_TRUE(access("/srv/t1/mark", F_OK));
	EXPECT_EQ(0, inside(t1, "ready", "%s", ""));
	sleep(1); /* the flood is over when its second is */
}

TEST(forks_of_other_threads_do_not_help_an_exec)
{
	DONE_BY_RUN(2);
	put_program();
	EXPECT_EQ(THREADS * 40 * 2, inside(t1, "exec_and_fork_race", "%s", ""));
	EXPECT_EQ(THREADS * 40 * 2 / 8, refused(SN_OP_TASK_FORK));
	EXPECT_EQ(THREADS * 40 * 2 / 8 * 7, refused(SN_OP_TASK_EXEC));
	EXPECT_TRUE(access("/srv/t1/mark", F_OK));
	EXPECT_EQ(0, inside(t1, "ready", "%s", ""));
	sleep(1);
}

/* ---- before the one exec: a process that the server forked, and moved into the cgroup ---- */

static char self[PATH_MAX];

static void *race_for_the_one(void *number)
{
	char *mark[] = { "program", "mark", NULL }, *serve[] = { "self", "--serve", NULL };
	char *envp[] = { NULL };

	pthread_barrier_wait(&race.start);
	if ((long)number % 2)
		execve("/srv/t1/program", mark, envp);
	else
		execve(self, serve, envp);
	return NULL;
}

static void __attribute__((noreturn)) race_after_joining(const char *procs)
{
	int fd = open(procs, O_WRONLY | O_CLOEXEC), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pthread_t thread;

	if (fd < 0 || write(fd, "0", 1) != 1 || dup2(null, 0) || dup2(null, 1) != 1)
		_exit(100);
	pthread_barrier_init(&race.start, NULL, 16);
	for (long i = 0; i < 16; i++)
		if (pthread_create(&thread, NULL, race_for_the_one, (void *)i))
			_exit(101);
	sleep(10); /* one of them ends this thread as well */
	_exit(102);
}

TEST(sixteen_threads_of_a_process_that_was_moved_in_start_the_one_program)
{
	char procs[PATH_MAX + 16];
	int status;
	pid_t pid;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		GIVE_UP("readlink: %s", strerror(errno));
	put_program();
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", t1->cgroup);
	fflush(stdout);
	for (int i = 0; i < 10; i++) {
		pid = fork();
		if (!pid)
			race_after_joining(procs);
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status); /* it serves no probes, and ends */
	}
	EXPECT_TRUE(access("/srv/t1/mark", F_OK));
}
