// SPDX-License-Identifier: GPL-2.0-only
/* A process that does one thing and ends. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

int sn_child_run(void (*act)(void *data), void *data, int *status, struct sn_err *err)
{
	/* if the caller ignores it, waitpid(2) fails with ECHILD */
	void (*before)(int) = signal(SIGCHLD, SIG_DFL);
	pid_t pid = fork();
	int ret = 0;

	if (!pid) {
		act(data);
		_exit(0);
	}
	if (pid < 0)
		ret = sn_fail(err, errno,
			      "cannot fork: %s; raise TasksMax= of the unit, or the "
			      "container's limit of processes",
			      strerror(errno));
	else if (waitpid(pid, status, 0) != pid)
		ret = sn_fail(err, errno, "cannot wait: %s", strerror(errno));
	signal(SIGCHLD, before);
	return ret;
}
