// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a whole program costs: program RUNS CLOCK COMMAND... starts it so often and prints the
 * cheapest start until the first byte of its output (or its end), the cheapest until its end, and
 * the least CPU time in nanoseconds of it and what it waited for. CLOCK as for ops. In the emulator
 * a nanosecond of CPU time is an instruction, too, and waiting is not among them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "program: %s: %s\n", what, strerror(errno));
	exit(1);
}

struct cost {
	unsigned long long first, end, cpu;
};

/* Of all children that have ended. */
static unsigned long long cpu_time(void)
{
	struct rusage use;

	getrusage(RUSAGE_CHILDREN, &use);
	return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000ULL +
	       (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000ULL;
}

static struct cost run(char **command, enum clock unit)
{
	struct cost cost = { .cpu = cpu_time() };
	unsigned long long start;
	int out[2], status;
	char bytes[512];
	pid_t pid;

	if (pipe(out))
		die("pipe");
	start = clock_now(unit);
	pid = vfork();
	if (!pid) {
		if (dup2(out[1], 1) == 1)
			execvp(command[0], command);
		_exit(127);
	}
	close(out[1]);
	if (pid < 0 || read(out[0], bytes, sizeof(bytes)) < 0)
		die(command[0]);
	cost.first = clock_now(unit) - start;
	while (read(out[0], bytes, sizeof(bytes)) > 0)
		;
	if (waitpid(pid, &status, 0) != pid || status)
		die("it failed");
	cost.end = clock_now(unit) - start;
	cost.cpu = cpu_time() - cost.cpu;
	close(out[0]);
	return cost;
}

static void keep_least(unsigned long long *least, unsigned long long value)
{
	if (value < *least)
		*least = value;
}

int main(int argc, char **argv)
{
	struct cost least = { ULLONG_MAX, ULLONG_MAX, ULLONG_MAX };
	enum clock unit;

	if (argc < 4 || !clock_named(argv[2], &unit)) {
		fprintf(stderr, "usage: program RUNS ns|instructions COMMAND...\n");
		return 2;
	}
	for (int i = 0; i < atoi(argv[1]); i++) {
		struct cost cost = run(argv + 3, unit);

		keep_least(&least.first, cost.first);
		keep_least(&least.end, cost.end);
		keep_least(&least.cpu, cost.cpu);
	}
	printf("%llu %llu %llu\n", least.first, least.end, least.cpu);
	return 0;
}
