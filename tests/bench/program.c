// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a whole program costs: program RUNS CLOCK COMMAND... starts it so often and prints the
 * cheapest start until the first byte of its output (or its end), and the cheapest until its end.
 * CLOCK as for ops.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "program: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void run(char **command, enum clock unit, unsigned long long *first, unsigned long long *end)
{
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
	*first = clock_now(unit) - start;
	while (read(out[0], bytes, sizeof(bytes)) > 0)
		;
	if (waitpid(pid, &status, 0) != pid || status)
		die("it failed");
	*end = clock_now(unit) - start;
	close(out[0]);
}

int main(int argc, char **argv)
{
	unsigned long long first = ULLONG_MAX, end = ULLONG_MAX, f, e;
	enum clock unit;

	if (argc < 4 || !clock_named(argv[2], &unit)) {
		fprintf(stderr, "usage: program RUNS ns|instructions COMMAND...\n");
		return 2;
	}
	for (int i = 0; i < atoi(argv[1]); i++) {
		run(argv + 3, unit, &f, &e);
		first = f < first ? f : first;
		end = e < end ? e : end;
	}
	printf("%llu %llu\n", first, end);
	return 0;
}
