// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/launch.c in a process of its own: the order of its steps, what the program gets, and that
 * whatever fails, the guardian undoes. What needs root or a cgroup is recorded instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "command.h"
#include "inherit.h"
#include "launch.h"
#include "trial.h"

static char base[] = "/tmp/launch.XXXXXX"; /* "origin" and "t1" are cgroups, "home" the directory */

/* What the processes tell the test, in memory that they share. */
static struct world {
	char steps[256];
	const char *fails;    /* the step that fails */
	const char *dies;     /* the step at which the launcher is killed */
	char *script, *whole; /* which the command reads */
	bool observed;
	int undone, counted;
	pid_t launcher, undone_by, counted_by;
	int ret;
	struct sn_err err;
} * world;

static int step(const char *name)
{
	size_t used = strlen(world->steps);

	snprintf(world->steps + used, sizeof(world->steps) - used, "%s%s", used ? " " : "", name);
	if (world->dies && !strcmp(world->dies, name))
		raise(SIGKILL);
	if (!world->fails || strcmp(world->fails, name))
		return 0;
	errno = EPERM;
	return -1;
}

/* ---- in place of what needs root or a cgroup ---- */

int sn_inherit_nothing(struct sn_err *err)
{
	return step("inherit") ? sn_fail(err, errno, "inherit failed") : 0;
}

struct sn_trial sn_trial_acts(bool has_policy)
{
	assert_true(has_policy);
	if (step("trial"))
		return (struct sn_trial){ .act = "anything" };
	return step("trial-elsewhere") ? (struct sn_trial){ "a thing", EXDEV }
				       : (struct sn_trial){};
}

/* In the launcher; what it counts, the guardian says. */
struct sn_trial sn_trial_reports(uint64_t (*count)(void *data), void *data)
{
	for (uint64_t n = 1; n <= 3; n++)
		if (count(data) != n * 1000)
			return (struct sn_trial){ .act = "anything" };
	if (chdir("/") || step("reports"))
		return (struct sn_trial){ .act = "anything" };
	return step("reports-elsewhere") ? (struct sn_trial){ "a thing", EXDEV }
					 : (struct sn_trial){};
}

int sn_trial_refused_elsewhere(const struct sn_trial *trial, struct sn_err *err)
{
	return sn_fail(err, EPERM, "something else refuses %s (%d)", trial->act, trial->error);
}

int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err)
{
	strcpy(path, base);
	return 0;
}

int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	snprintf(path, PATH_MAX, "%s/origin", mount);
	return step("origin") ? sn_fail(err, errno, "origin failed") : 0;
}

int setgroups(size_t nr, const gid_t *groups)
{
	assert_int_equal(nr, 2);
	assert_int_equal(groups[0], 2002);
	assert_int_equal(groups[1], 44);
	return step("groups");
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	assert_true(real == 2002 && effective == 2002 && saved == 2002);
	return step("gid");
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	assert_true(real == 2001 && effective == 2001 && saved == 2001);
	return step("uid");
}

int prctl(int option, ...)
{
	va_list args;
	unsigned long value;

	va_start(args, option);
	value = va_arg(args, unsigned long);
	va_end(args);
	switch (option) {
	case PR_CAPBSET_DROP:
		if (value == 2 && step("bounding-set"))
			return -1;
		errno = EINVAL; /* there is no such capability */
		return value < 3 ? 0 : -1;
	case PR_CAP_AMBIENT:
		return step("ambient");
	case PR_SET_NO_NEW_PRIVS:
		return step("no-new-privs");
	}
	return 0;
}

/* ---- one launch ---- */

static uint64_t noticed(void *data)
{
	assert_ptr_equal(data, &base);
	world->counted_by = getpid();
	return ++world->counted * 1000;
}

static void undo(void *data)
{
	assert_ptr_equal(data, &base);
	world->undone++;
	world->undone_by = getpid();
}

static char *in(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", base, name) > 0);
	return path;
}

static int setup(void **state)
{
	static const char *const names[] = { "origin", "t1", "home" };

	strcpy(base, "/tmp/launch.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		sn_autofree char *path = in(names[i]), *procs = NULL;

		if (mkdir(path, 0755) || asprintf(&procs, "%s/cgroup.procs", path) < 0 ||
		    (i < 2 && close(creat(procs, 0600))))
			return -1;
	}
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	return world == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	char command[64];

	munmap(world, sizeof(*world));
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

static void __attribute__((noreturn)) launch(const char *script, const int *keep_fd, size_t nr)
{
	sn_autofree char *cgroup = in("t1"), *home = in("home");
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
	const struct sn_command command = {
		.path = script ? (char *)"/bin/sh" : home,
		.argv = argv,
		.scripts = { { world->script, world->whole } },
		.nr_scripts = !!world->script,
	};
	const struct sn_account account = {
		.uid = 2001,
		.gid = 2002,
		.name = (char *)"tester",
		.groups = { 2002, 44 },
		.nr_groups = 2,
	};
	const struct sn_launch what = {
		.cgroup = cgroup,
		.directory = home,
		.directory_fd = open(home, O_PATH | O_DIRECTORY),
		.account = &account,
		.command = &command,
		.keep_fd = keep_fd,
		.nr_keep_fd = nr,
		.undo = undo,
		.noticed = world->observed ? noticed : NULL,
		.data = &base,
	};

	world->launcher = getpid();
	world->ret = sn_launch(&what, &world->err);
	_exit(99);
}

/*
 * Launches "sh -c @script" (NULL: a directory, which cannot be started), and waits for all that
 * comes of it: the processes hold the end of a pipe. Its wait status; what it printed is in @text.
 */
static int run(const char *script, const int *keep_fd, size_t nr, char *text, size_t size)
{
	int ends[2], alive[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(alive), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ends[0]);
		close(alive[0]);
		dup2(ends[1], 1);
		launch(script, keep_fd, nr);
	}
	close(ends[1]);
	close(alive[1]);
	while ((got = read(ends[0], text + len, size - 1 - len)) > 0)
		len += got;
	text[len] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(read(alive[0], &(char){ 0 }, 1), 0); /* the guardian has ended as well */
	close(ends[0]);
	close(alive[0]);
	return status;
}

static int run_quietly(const char *script)
{
	char text[4096];

	return run(script, NULL, 0, text, sizeof(text));
}

static void expect_file(const char *name, const char *content)
{
	sn_autofree char *path = in(name);
	char text[16] = "";
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	assert_string_equal(text, content);
}

/* ---- the tests ---- */

#define ALL_STEPS \
	"inherit origin bounding-set groups gid uid ambient no-new-privs trial trial-elsewhere"

static void a_program_that_starts_is_not_undone(void **state)
{
	int status = run_quietly("exit 7");

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(world->undone, 0);
	assert_string_equal(world->steps, ALL_STEPS);
	expect_file("t1/cgroup.procs", "0");
	expect_file("origin/cgroup.procs", "");
}

static void the_program_gets_its_directory_and_user_and_nothing_else(void **state)
{
	sn_autofree char *home = in("home");
	char expected[256], text[4096];
	int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY);
	char script[256];

	assert_true(kept > 2 && closed > 2);
	snprintf(script, sizeof(script),
		 "echo \"$HOME $TMPDIR $PWD $(pwd -P) $USER $LOGNAME\"; "
		 "for fd in %d %d; do [ -e /proc/$$/fd/$fd ] && echo yes || echo no; done",
		 kept, closed);
	assert_int_equal(run(script, &kept, 1, text, sizeof(text)), 0);
	snprintf(expected, sizeof(expected), "%s %s %s %s tester tester\nyes\nno\n", home, home,
		 home, home);
	assert_string_equal(text, expected);
	close(kept);
	close(closed);
}

static void what_fails_is_undone_by_the_guardian_before_the_launcher_returns(void **state)
{
	static const struct {
		const char *step, *text;
		int error;
	} cases[] = {
		{ "origin", "origin failed", EPERM },
		{ "bounding-set", "leave CAP_SETPCAP in CapabilityBoundingSet= of the unit",
		  EPERM },
		{ "groups", "cannot change to user 2001, group 2002", EPERM },
		{ "gid", "cannot change to user 2001, group 2002", EPERM },
		{ "uid", "leave CAP_SETGID and CAP_SETUID in CapabilityBoundingSet=", EPERM },
		{ "ambient", "cannot drop capabilities", EPERM },
		{ "no-new-privs", "no_new_privs", EPERM },
		{ "trial", "the kernel does not refuse anything", ENOSYS },
		{ "trial-elsewhere", "something else refuses a thing", EPERM },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(world, 0, sizeof(*world));
		world->fails = cases[i].step;
		assert_int_equal(WEXITSTATUS(run_quietly("exit 7")), 99);
		assert_int_equal(world->ret, -cases[i].error);
		if (!strstr(world->err.text, cases[i].text))
			fail_msg("'%s' is not in '%s'", cases[i].text, world->err.text);
		assert_int_equal(world->undone, 1);
		assert_int_not_equal(world->undone_by, world->launcher);
	}
}

static void an_observed_tenant_is_started_when_the_guardian_has_seen_its_acts(void **state)
{
	sn_autofree char *home = in("home");
	char expected[256], text[4096];

	world->observed = true;
	assert_int_equal(run("pwd -P", NULL, 0, text, sizeof(text)), 0);
	snprintf(expected, sizeof(expected), "%s\n", home);
	assert_string_equal(text, expected); /* the self-test had left it */
	assert_string_equal(world->steps, "inherit origin bounding-set groups gid uid ambient "
					  "no-new-privs reports reports-elsewhere");
	assert_int_equal(world->counted, 3);
	assert_int_not_equal(world->counted_by, world->launcher);
	assert_int_equal(world->undone, 0);
}

static void an_observed_tenant_whose_acts_are_not_seen_is_not_started(void **state)
{
	static const char *const cases[][2] = {
		{ "reports", "the kernel does not report anything" },
		{ "reports-elsewhere", "something else refuses a thing" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(world, 0, sizeof(*world));
		world->observed = true;
		world->fails = cases[i][0];
		assert_int_equal(WEXITSTATUS(run_quietly("exit 7")), 99);
		assert_non_null(strstr(world->err.text, cases[i][1]));
		assert_int_equal(world->undone, 1);
		assert_int_not_equal(world->undone_by, world->launcher);
	}
}

static void what_fails_before_there_is_a_guardian_is_undone_by_the_launcher(void **state)
{
	const int missing = 900;
	char text[64];

	world->fails = "inherit";
	assert_int_equal(WEXITSTATUS(run_quietly("exit 7")), 99);
	assert_string_equal(world->err.text, "inherit failed");
	assert_int_equal(world->undone, 1);
	assert_int_equal(world->undone_by, world->launcher);

	memset(world, 0, sizeof(*world));
	assert_int_equal(WEXITSTATUS(run("exit 7", &missing, 1, text, sizeof(text))), 99);
	assert_int_equal(world->ret, -EINVAL);
	assert_string_equal(world->err.text, "descriptor 900 is not open");
	assert_string_equal(world->steps, "");
	assert_int_equal(world->undone, 1);
}

static void a_script_that_cannot_be_read_is_named_with_the_cure(void **state)
{
	sn_autofree char *script = in("home");

	world->script = script; /* anything that can be opened */
	assert_int_equal(WEXITSTATUS(run_quietly("exit 7")), 7);
	memset(world, 0, sizeof(*world));
	world->script = world->whole = (char *)"/no/such/app.js";
	assert_int_equal(WEXITSTATUS(run_quietly("exit 7")), 99);
	assert_int_equal(world->ret, -EINVAL);
	assert_string_equal(world->err.text, "the tenant cannot read the script '/no/such/app.js', "
					     "which is outside of its directory; add --read-only "
					     "/no/such/app.js");
	assert_int_equal(world->undone, 1);
	expect_file("origin/cgroup.procs", "0");
	memset(world, 0, sizeof(*world));
	world->script = (char *)"/no/such/app";
	world->whole = (char *)"/no/node_modules/app";
	assert_int_equal(WEXITSTATUS(run_quietly("exit 7")), 99);
	assert_non_null(strstr(world->err.text,
			       "--read-only /no/such/app --read-only /no/node_modules/app"));
}

static void a_program_that_cannot_start_leaves_the_cgroup_and_is_undone(void **state)
{
	assert_int_equal(WEXITSTATUS(run_quietly(NULL)), 99);
	assert_int_equal(world->ret, -EACCES);
	assert_non_null(strstr(world->err.text, "cannot start "));
	assert_string_equal(world->steps, ALL_STEPS);
	expect_file("t1/cgroup.procs", "0");
	expect_file("origin/cgroup.procs", "0");
	assert_int_equal(world->undone, 1);
	assert_int_not_equal(world->undone_by, world->launcher);
}

static void a_launcher_that_is_killed_is_undone(void **state)
{
	static const char *const steps[] = { "origin", "groups", "uid", "no-new-privs", "trial" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int status;

		memset(world, 0, sizeof(*world));
		world->dies = steps[i];
		status = run_quietly("exit 7");
		assert_true(WIFSIGNALED(status));
		assert_int_equal(world->undone, 1);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_program_that_starts_is_not_undone),
		TEST(the_program_gets_its_directory_and_user_and_nothing_else),
		TEST(what_fails_is_undone_by_the_guardian_before_the_launcher_returns),
		TEST(an_observed_tenant_is_started_when_the_guardian_has_seen_its_acts),
		TEST(an_observed_tenant_whose_acts_are_not_seen_is_not_started),
		TEST(what_fails_before_there_is_a_guardian_is_undone_by_the_launcher),
		TEST(a_script_that_cannot_be_read_is_named_with_the_cure),
		TEST(a_program_that_cannot_start_leaves_the_cgroup_and_is_undone),
		TEST(a_launcher_that_is_killed_is_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
