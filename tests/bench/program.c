// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a whole program costs: program RUNS CLOCK CGROUPS COMMAND... starts it so often and prints
 * the cheapest start until the first byte of its output (or its end), the cheapest until its end,
 * and the least CPU time in nanoseconds that was spent in CGROUPS, a list of directories separated
 * by colons, meanwhile. CLOCK as for ops. In the emulator a nanosecond of CPU time is an
 * instruction, and waiting is not counted. Cgroups, because what bubblewrap starts is init's child
 * in the end.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Tenants' is there only while safenode is loaded. */
static unsigned long long cpu_time(const char *cgroups)
{
	unsigned long long sum = 0, usec;
	char path[PATH_MAX];

	for (size_t len; *cgroups; cgroups += len + (cgroups[len] == ':')) {
		FILE *f;

		len = strcspn(cgroups, ":");
		snprintf(path, sizeof(path), "%.*s/cpu.stat", (int)len, cgroups);
		f = fopen(path, "r");
		if (!f && errno == ENOENT)
			continue;
		if (!f || fscanf(f, "usage_usec %llu", &usec) != 1)
			die(path);
		sum += usec * 1000;
		fclose(f);
	}
	return sum;
}

static struct cost run(char **command, enum clock unit, const char *cgroups)
{
	struct cost cost = { .cpu = cpu_time(cgroups) };
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
	cost.cpu = cpu_time(cgroups) - cost.cpu;
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

	if (argc < 5 || !clock_named(argv[2], &unit)) {
		fprintf(stderr, "usage: program RUNS ns|instructions CGROUPS COMMAND...\n");
		return 2;
	}
	for (int i = 0; i < atoi(argv[1]); i++) {
		struct cost cost = run(argv + 4, unit, argv[3]);

		keep_least(&least.first, cost.first);
		keep_least(&least.end, cost.end);
		keep_least(&least.cpu, cost.cpu);
	}
	printf("%llu %llu %llu\n", least.first, least.end, least.cpu);
	return 0;
}
