// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last steps: drop what the tenant may not have, join its cgroup, exec.
 *
 * Once it has dropped root, this process can no longer undo what was made for the tenant. A
 * guardian can: a process that stays root and outside the cgroup, reads from a pipe, and ends when
 * the exec closes that pipe. It is not a child of the tenant, which would get SIGCHLD for a child
 * that it never started.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "drop.h"
#include "environment.h"
#include "inherit.h"
#include "launch.h"
#include "trial.h"

/* What the launcher tells its guardian before its end of the pipe closes. */
enum {
	WORD_EXEC = 'e',  /* the next thing that closes the pipe is exec */
	WORD_FAIL = 'f',  /* undo, and close your end when it is done */
	WORD_COUNT = 'c', /* say how many acts were noticed */
};

struct guardian {
	int to;	  /* words for the guardian */
	int done; /* brings its answers; closes when it has undone everything */
};

/* ---- the guardian ---- */

static void say_count(const struct sn_launch *launch, int done)
{
	uint64_t count = launch->noticed(launch->data);

	if (write(done, &count, sizeof(count)) != sizeof(count))
		_exit(1); /* the launcher has gone */
}

static void __attribute__((noreturn)) guard(const struct sn_launch *launch, int from, int done)
{
	char word = 0, last = 0;

	signal(SIGPIPE, SIG_IGN);
	setsid(); /* a signal to the launcher's group must not end the guardian */
	while (read(from, &word, 1) == 1 && (last = word) != WORD_FAIL)
		if (word == WORD_COUNT)
			say_count(launch, done);
	if (last != WORD_EXEC)
		launch->undo(launch->data);
	_exit(0);
}

static int start_guardian(const struct sn_launch *launch, struct guardian *g, struct sn_err *err)
{
	int to[2], done[2], status = 0;
	void (*before)(int);
	pid_t pid;

	if (pipe2(to, O_CLOEXEC))
		return sn_fail(err, errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(done, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return sn_fail(err, errno, "cannot make a pipe: %s", strerror(errno));
	}
	/* if the caller ignores it, waitpid(2) fails with ECHILD */
	before = signal(SIGCHLD, SIG_DFL);
	/* vfork: no copy of the memory, for the child only forks again, which glibc and Linux allow
	 */
	pid = vfork();
	/* NOLINTBEGIN(clang-analyzer-unix.Vfork) */
	if (!pid) {
		close(to[1]);
		close(done[0]);
		pid = fork();
		if (pid)
			_exit(pid < 0 ? errno : 0); /* the guardian is init's child */
		guard(launch, to[0], done[1]);
	}
	/* NOLINTEND(clang-analyzer-unix.Vfork) */
	close(to[0]);
	close(done[1]);
	*g = (struct guardian){ .to = to[1], .done = done[0] };
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -errno;
	signal(SIGCHLD, before);
	if (status < 0)
		return sn_fail(err, -status, "cannot fork: %s", strerror(-status));
	if (!status)
		return 0;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return sn_fail(err, status, "cannot fork a guardian process: %s", strerror(status));
}

static int tell(const struct guardian *g, char word, struct sn_err *err)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	bool told = write(g->to, &word, 1) == 1;

	signal(SIGPIPE, before); /* for the tenant's program */
	return told ? 0 : sn_fail(err, EPIPE, "the guardian process has gone");
}

/* 0 if the guardian has gone. */
static uint64_t ask_count(void *data)
{
	const struct guardian *g = data;
	uint64_t count = 0;

	if (tell(g, WORD_COUNT, NULL) || read(g->done, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

static void let_undo(const struct guardian *g)
{
	char byte;

	tell(g, WORD_FAIL, NULL);
	while (read(g->done, &byte, 1) < 0 && errno == EINTR)
		;
}

/* ---- dropping ---- */

static int set_environment(const struct sn_launch *launch, struct sn_err *err)
{
	sn_environment_forget(launch->keep_fd, launch->nr_keep_fd);
	if (setenv("HOME", launch->directory, 1) || setenv("TMPDIR", launch->directory, 1) ||
	    setenv("PWD", launch->directory, 1))
		return sn_fail(err, errno, "cannot set the environment: %s", strerror(errno));
	if (!launch->account->name) { /* the uid has no name, and the caller's would be wrong */
		unsetenv("USER");
		unsetenv("LOGNAME");
		return 0;
	}
	if (setenv("USER", launch->account->name, 1) || setenv("LOGNAME", launch->account->name, 1))
		return sn_fail(err, errno, "cannot set the environment: %s", strerror(errno));
	return 0;
}

/* As the tenant's user, who must be able to. */
static int enter_directory(const struct sn_launch *launch, struct sn_err *err)
{
	if (!fchdir(launch->directory_fd) && !access(".", R_OK | X_OK))
		return 0;
	return sn_fail(err, errno,
		       "user %u cannot enter %s: %s; chown or chmod it, or add a group that may "
		       "with --supplementary-group",
		       launch->account->uid, launch->directory, strerror(errno));
}

int sn_launch_drop(const struct sn_launch *launch, struct sn_err *err)
{
	int ret = launch->own ? sn_drop_own(err) : sn_drop_root(launch->account, err);

	return ret ? ret : enter_directory(launch, err);
}

/* ---- inside ---- */

/* Not reported: this process is the policy's launcher. */
static int try_refusals(struct sn_err *err)
{
	struct sn_trial trial = sn_trial_acts(true);

	if (trial.error)
		return sn_trial_refused_elsewhere(&trial, err);
	if (trial.act)
		return sn_fail(err, ENOSYS,
			       "the kernel does not refuse %s in the tenant's cgroup; "
			       "see safenode-load --check",
			       trial.act);
	return 0;
}

/* The same for a tenant that is observed. One of the acts leaves the directory. */
static int try_reports(const struct sn_launch *launch, struct guardian *g, struct sn_err *err)
{
	struct sn_trial trial = sn_trial_reports(ask_count, g);

	if (trial.error)
		return sn_trial_refused_elsewhere(&trial, err);
	if (trial.act)
		return sn_fail(err, ENOSYS,
			       "the kernel does not report %s in the tenant's cgroup; "
			       "see safenode-load --check",
			       trial.act);
	return enter_directory(launch, err);
}

/* A script that its interpreter cannot read would only make that complain of it. */
static int try_scripts(const struct sn_launch *launch, struct sn_err *err)
{
	const struct sn_command *command = launch->command;

	for (size_t i = 0; i < command->nr_scripts; i++) {
		const struct sn_script *script = &command->scripts[i];
		sn_autoclose int fd = open(script->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		bool more = script->whole && strcmp(script->whole, script->path);

		if (fd >= 0)
			continue;
		if (errno != ENOENT)
			return sn_fail(err, errno,
				       "user %u cannot read the script '%.200s' (%s); chmod it",
				       launch->account->uid, script->path, strerror(errno));
		return sn_fail(
			err, EINVAL,
			"the tenant cannot read the script '%.140s', which is outside of its "
			"directory; add --read-only %.140s%s%.140s",
			script->path, script->path, more ? " --read-only " : "",
			more ? script->whole : "");
	}
	return 0;
}

static int execute(const struct sn_command *command, struct sn_err *err)
{
	execv(command->path, command->argv);
	return sn_fail(err, errno, "cannot start %s: %s", command->path, strerror(errno));
}

int sn_launch_inside(const struct sn_launch *launch, struct sn_err *err)
{
	int ret = set_environment(launch, err);

	if (!ret)
		ret = try_refusals(err);
	if (!ret)
		ret = try_scripts(launch, err);
	return ret ? ret : execute(launch->command, err);
}

static int start(const struct sn_launch *launch, struct guardian *g, struct sn_err *err)
{
	int ret = launch->noticed ? try_reports(launch, g, err) : try_refusals(err);

	if (!ret && !launch->warm)
		ret = try_scripts(launch, err);
	if (!ret)
		ret = tell(g, WORD_EXEC, err);
	return ret ? ret : execute(launch->command, err);
}

/*
 * If the program does not start, the process goes back to @origin, for an occupied cgroup cannot be
 * removed. The kernel checked the permissions of both cgroup.procs when root opened them.
 */
static int become(const struct sn_launch *launch, int procs, int origin, struct guardian *g,
		  struct sn_err *err)
{
	struct sn_err why = {};
	int ret;

	if (write(procs, "0", 1) != 1)
		return sn_fail(err, errno, "cannot join %s: %s", launch->cgroup, strerror(errno));
	ret = start(launch, g, &why);
	if (write(origin, "0", 1) != 1)
		return sn_fail(err, errno, "%.200s; and cannot leave %s: %s", why.text,
			       launch->cgroup, strerror(errno));
	return sn_fail(err, -ret, "%s", why.text);
}

static int open_procs(const char *cgroup, struct sn_err *err)
{
	sn_autofree char *name = NULL;
	int fd;

	if (asprintf(&name, "%s/cgroup.procs", cgroup) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	fd = open(name, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? sn_fail(err, errno, "cannot open %s: %s", name, strerror(errno)) : fd;
}

/* cgroup.procs of the cgroup that the process is in now. */
static int open_origin(struct sn_err *err)
{
	char mount[PATH_MAX], origin[PATH_MAX];
	int ret = sn_cgroup_mount(mount, err);

	if (!ret)
		ret = sn_cgroup_own(mount, origin, err);
	return ret ? ret : open_procs(origin, err);
}

static int drop_and_become(const struct sn_launch *launch, struct guardian *g, struct sn_err *err)
{
	sn_autoclose int procs = open_procs(launch->cgroup, err);
	sn_autoclose int origin = procs < 0 ? -1 : open_origin(err);
	int ret;

	if (procs < 0 || origin < 0)
		return procs < 0 ? procs : origin;
	ret = set_environment(launch, err);
	if (!ret)
		ret = sn_launch_drop(launch, err);
	if (!ret)
		ret = become(launch, procs, origin, g, err);
	return ret;
}

int sn_launch_prepare(const struct sn_launch *launch, struct sn_err *err)
{
	int ret = sn_drop_descriptors(launch->keep_fd, launch->nr_keep_fd, err);

	return ret ? ret : sn_inherit_nothing(err);
}

int sn_launch(const struct sn_launch *launch, struct sn_err *err)
{
	struct guardian g;
	int ret = sn_launch_prepare(launch, err);

	if (!ret)
		ret = start_guardian(launch, &g, err);
	if (ret) {
		launch->undo(launch->data);
		return ret;
	}
	ret = drop_and_become(launch, &g, err);
	let_undo(&g);
	close(g.to);
	close(g.done);
	return ret;
}
