// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/rehearse.c: its process is real, and so are the filters that kill it; the steps of the
 * launch are in place of those that need root.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "rehearse.h"
#include "scratch.h"
#include "trial.h"

static char steps[64]; /* of the child, whose parent sees them if both have one memory */
static const char *fails;
static const char *dumpable = "/proc/sys/fs/suid_dumpable"; /* what is read in its place */

/* ---- in place of what needs root ---- */

static int step(const char *name, struct sn_err *err)
{
	snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "%s ", name);
	return fails && !strcmp(fails, name) ? sn_fail(err, EXDEV, "%s failed", name) : 0;
}

static int capability = CAP_BPF; /* the only one that there is */

/* All but capget(2) is real, for the filters. */
long syscall(long number, ...)
{
	long (*next)(long number, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	struct __user_cap_data_struct *data;
	long args[3];
	va_list rest;

	va_start(rest, number);
	for (int i = 0; i < 3; i++)
		args[i] = va_arg(rest, long);
	va_end(rest);
	if (number != SYS_capget)
		return next(number, args[0], args[1], args[2]);
	data = (struct __user_cap_data_struct *)args[1];
	data[CAP_TO_INDEX(capability)].effective = CAP_TO_MASK(capability);
	return 0;
}

int open(const char *path, int flags, ...)
{
	return openat(AT_FDCWD, strcmp(path, "/proc/sys/fs/suid_dumpable") ? path : dumpable,
		      flags);
}

int sn_launch_prepare(const struct sn_launch *launch, struct sn_err *err)
{
	return step("prepare", err);
}

int sn_launch_drop(const struct sn_launch *launch, struct sn_err *err)
{
	if (fails && !strcmp(fails, "killed"))
		raise(SIGKILL);
	if (!geteuid() && setresuid(65534, 65534, 65534)) /* whom modes mean something to */
		return sn_fail(err, errno, "cannot drop root");
	return step("drop", err);
}

int sn_trial_control(struct sn_err *err)
{
	int ret = step("control", err);

	assert_string_equal(steps, "prepare drop control ");
	return ret;
}

/* ---- filters ---- */

/* @call ends as @action says; with @exec only if its third argument has PROT_EXEC. */
static void filter(int call, unsigned int action, bool exec)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, exec ? 2 : 1),
		exec ? (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, args[2]))
		     : (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, exec ? PROT_EXEC : 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	const struct sock_fprog prog = { sizeof(code) / sizeof(*code), (void *)code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &prog))
		_exit(99);
}

/* ---- one rehearsal ---- */

static struct shared {
	int ret;
	struct sn_err err;
} * shared;

static bool shares = true; /* the child has its parent's memory */

/* In a process of its own, which may have a filter: @call is 0 for none. */
static int rehearse(const char *program, int call, unsigned int action, bool exec)
{
	const struct sn_command command = { .path = (char *)program };
	const struct sn_account account = { .uid = 2001 };
	const struct sn_launch launch = { .account = &account, .command = &command };
	pid_t pid;
	int status;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (!pid) {
		signal(SIGSYS, SIG_DFL); /* which cmocka catches */
		if (call)
			filter(call, action, exec);
		shared->ret = sn_rehearse(program ? &launch : NULL, &shared->err);
		_exit(*steps && !shares ? 98 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return shared->ret;
}

static void assert_said(const char *text)
{
	if (!strstr(shared->err.text, text))
		fail_msg("'%s' is not in '%s'", text, shared->err.text);
}

static int setup(void **state)
{
	fails = NULL;
	shares = true;
	dumpable = "/proc/sys/fs/suid_dumpable";
	capability = CAP_BPF;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED ? -1 : scratch_begin(state);
}

static int teardown(void **state)
{
	munmap(shared, sizeof(*shared));
	return scratch_end(state);
}

/* Where others of the tenant's user could look into it, that is not shared with root. */
static void memory_is_shared_only_where_nobody_can_look_into_it(void **state)
{
	static const char *const values[] = { "1", "3", "", "x" };

	make_script("dumpable", "0");
	dumpable = at("dumpable");
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), 0);
	make_script("dumpable", "2\n");
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), 0);
	shares = false;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		make_script("dumpable", values[i]);
		assert_int_equal(rehearse("/bin/sh", 0, 0, false), 0);
	}
	dumpable = at("none");
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), 0);
	fails = "drop";
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), -EXDEV);
	fails = "killed";
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), -EINTR);
}

static void a_caller_that_ignores_sigchld_is_served_and_goes_on_ignoring_it(void **state)
{
	void (*before)(int) = signal(SIGCHLD, SIG_IGN);
	struct sn_err err = {};
	int ret = sn_rehearse(NULL, &err);

	assert_ptr_equal(signal(SIGCHLD, before), SIG_IGN);
	assert_string_equal(err.text, "");
	assert_int_equal(ret, 0);
}

static void what_can_start_is_let_through_and_nothing_lasts(void **state)
{
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), 0);
	assert_int_equal(rehearse(NULL, 0, 0, false), 0);
	assert_string_equal(shared->err.text, "");
}

static void whichever_step_fails_says_why(void **state)
{
	static const char *const names[] = { "prepare", "drop", "control" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fails = names[i];
		assert_int_equal(rehearse("/bin/sh", 0, 0, false), -EXDEV);
		assert_said(names[i]);
		assert_int_equal(rehearse(NULL, 0, 0, false), 0); /* takes none of them */
	}
}

/* SystemCallFilter= with and without SystemCallErrorNumber= */
static void a_filter_of_bpf_is_named_whatever_it_does(void **state)
{
	static const struct {
		unsigned int action;
		const char *text;
	} filters[] = {
		{ SECCOMP_RET_KILL_PROCESS, "a seccomp filter kills whoever calls bpf; add that" },
		{ SECCOMP_RET_ERRNO | EPERM, "bpf(2) is refused here (Operation not permitted)" },
		{ SECCOMP_RET_ERRNO | ENOSYS, "bpf(2) is refused here (Function not implemented)" },
		{ SECCOMP_RET_ERRNO | 0, "bpf(2) is refused here" },
	};

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		for (int j = 0; j < 2; j++) {
			assert_int_equal(
				rehearse(j ? "/bin/sh" : NULL, SYS_bpf, filters[i].action, false),
				-EPERM);
			assert_said(filters[i].text);
			assert_said("SystemCallFilter= of the unit");
		}
}

static void a_capability_that_bpf_needs_is_named(void **state)
{
	static const int others[] = { CAP_SETPCAP, CAP_PERFMON };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (int j = 0; j < 2; j++) {
			capability = others[i];
			assert_int_equal(rehearse(j ? "/bin/sh" : NULL, 0, 0, false), -EPERM);
			assert_said("leave CAP_BPF in CapabilityBoundingSet= of the unit");
		}
	capability = CAP_SYS_ADMIN; /* has always had its place */
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), 0);
}

static void another_call_that_kills_is_named_with_its_neighbours(void **state)
{
	assert_int_equal(rehearse("/bin/sh", SYS_access, SECCOMP_RET_KILL_PROCESS, false), -EPERM);
	assert_said("kills whoever calls access; ");
	assert_int_equal(rehearse("/bin/sh", SYS_mprotect, SECCOMP_RET_KILL_PROCESS, false),
			 -EPERM);
	assert_said("kills whoever calls mprotect; ");
}

static void a_process_that_is_killed_otherwise_is_no_success(void **state)
{
	fails = "killed";
	assert_int_equal(rehearse("/bin/sh", 0, 0, false), -EINTR);
	assert_said("was killed");
}

/* MemoryDenyWriteExecute= */
static void memory_that_cannot_be_executable_is_told_and_no_failure(void **state)
{
	assert_int_equal(rehearse("/bin/sh", SYS_mprotect, SECCOMP_RET_ERRNO | EPERM, true), 1);
	assert_said("leave MemoryDenyWriteExecute= out of the unit, or start node with --jitless");
}

static void what_the_user_cannot_execute_is_named_down_to_the_directory(void **state)
{
	char text[300];

	assert_return_code(chmod(base, 0755), errno);
	assert_return_code(mkdir(at("closed"), 0755), errno);
	assert_return_code(mkdir(at("closed/bin"), 0755), errno);
	assert_return_code(symlink("/bin/sh", at("closed/bin/node")), errno);
	assert_return_code(chmod(at("closed"), 0644), errno);
	assert_int_equal(rehearse(at("closed/bin/node"), 0, 0, false), -EACCES);
	snprintf(text, sizeof(text), "user 2001 cannot start '%s', for it cannot enter '%s' (",
		 at("closed/bin/node"), at("closed"));
	assert_said(text);
	assert_return_code(chmod(at("closed"), 0755), errno);
	assert_int_equal(rehearse(at("closed/bin/node"), 0, 0, false), 0);
	assert_int_equal(rehearse("/etc/passwd", 0, 0, false), -EACCES);
	assert_said("user 2001 cannot start '/etc/passwd' (Permission denied); chmod it");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_can_start_is_let_through_and_nothing_lasts),
		TEST(memory_is_shared_only_where_nobody_can_look_into_it),
		TEST(whichever_step_fails_says_why),
		TEST(a_caller_that_ignores_sigchld_is_served_and_goes_on_ignoring_it),
		TEST(a_filter_of_bpf_is_named_whatever_it_does),
		TEST(a_capability_that_bpf_needs_is_named),
		TEST(another_call_that_kills_is_named_with_its_neighbours),
		TEST(a_process_that_is_killed_otherwise_is_no_success),
		TEST(memory_that_cannot_be_executable_is_told_and_no_failure),
		TEST(what_the_user_cannot_execute_is_named_down_to_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
