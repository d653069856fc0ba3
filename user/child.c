// SPDX-License-Identifier: GPL-2.0-only
/* A process that does one thing and ends. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static int wait_for(pid_t pid, int *status, struct sn_err *err)
{
	if (pid < 0)
		return sn_fail(err, errno,
			       "cannot fork: %s; raise TasksMax= of the unit, or the "
			       "container's limit of processes",
			       strerror(errno));
	if (waitpid(pid, status, 0) != pid)
		return sn_fail(err, errno, "cannot wait: %s", strerror(errno));
	return 0;
}

int sn_child_run(void (*act)(void *data), void *data, int *status, struct sn_err *err)
{
	/* if the caller ignores it, waitpid(2) fails with ECHILD */
	void (*before)(int) = signal(SIGCHLD, SIG_DFL);
	pid_t pid = fork();
	int ret;

	if (!pid) {
		act(data);
		_exit(0);
	}
	ret = wait_for(pid, status, err);
	signal(SIGCHLD, before);
	return ret;
}

/* ---- with the caller's memory ---- */

#define STACK (128 * 1024) /* bytes; of the pages that are not used there are none */

struct call {
	void (*act)(void *data);
	void *data;
};

static int call(void *data)
{
	const struct call *call = data;

	call->act(call->data);
	return 0;
}

int sn_child_share(void (*act)(void *data), void *data, int *status, struct sn_err *err)
{
	static char stack[STACK] __attribute__((aligned(16)));
	void (*before)(int) = signal(SIGCHLD, SIG_DFL);
	struct call what = { act, data };
	pid_t pid = clone(call, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, &what);
	int ret = wait_for(pid, status, err);

	signal(SIGCHLD, before);
	return ret;
}
