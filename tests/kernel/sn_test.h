/* SPDX-License-Identifier: GPL-2.0-only */
/* A test runner: TEST(name) { ... }, a process for each, TAP 13 on stdout. */
#ifndef SN_TEST_H
#define SN_TEST_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SN_TEST_SECONDS 400 /* then a test hangs; an emulated machine may share its CPU */

struct sn_test {
	const char *name;
	void (*run)(void);
	struct sn_test *next;
};

/* What a test tells its parent, in memory that both share. */
struct sn_test_result {
	bool failed;
	bool hung;
	bool left_out;
	char skipped[256];
};

/* Defined beside main(). */
extern struct sn_test *sn_tests;
extern struct sn_test_result *sn_test_result;

/* Tests run in the order in which they are written. */
static inline void sn_test_add(struct sn_test *test)
{
	struct sn_test **end = &sn_tests;

	while (*end)
		end = &(*end)->next;
	*end = test;
}

#define TEST(id)                                                                   \
	static void test_##id(void);                                               \
	static struct sn_test test_entry_##id = { .name = #id, .run = test_##id }; \
	static void __attribute__((constructor)) test_register_##id(void)          \
	{                                                                          \
		sn_test_add(&test_entry_##id);                                     \
	}                                                                          \
	static void test_##id(void)

/* Fails the test, and goes on with it. */
#define FAIL(fmt, ...)                                                           \
	do {                                                                     \
		sn_test_result->failed = true;                                   \
		printf("# %s:%d: " fmt "\n", __FILE__, __LINE__, ##__VA_ARGS__); \
	} while (0)

/* Fails the test, and ends it: what follows would make no sense. */
#define GIVE_UP(fmt, ...)                 \
	do {                              \
		FAIL(fmt, ##__VA_ARGS__); \
		exit(1);                  \
	} while (0)

/* @missing names what is not there. With SAFENODE_MUST_RUN=1 that is a failure. */
#define SKIP(missing)                                                                              \
	do {                                                                                       \
		const char *must_run_ = getenv("SAFENODE_MUST_RUN");                               \
		if (must_run_ && !strcmp(must_run_, "1"))                                          \
			GIVE_UP("cannot run without: %s", missing);                                \
		snprintf(sn_test_result->skipped, sizeof(sn_test_result->skipped), "%s", missing); \
		exit(0);                                                                           \
	} while (0)

static inline const char *sn_test_errno(long value)
{
	const char *name = value < 0 && value > -4096 ? strerrorname_np(-value) : NULL;

	return name ? name : "";
}

#define EXPECT_EQ(want, got)                                                                     \
	do {                                                                                     \
		long long want_ = (want), got_ = (got);                                          \
		if (want_ != got_)                                                               \
			FAIL("%s: want %lld %s, got %lld %s", #got, want_, sn_test_errno(want_), \
			     got_, sn_test_errno(got_));                                         \
	} while (0)

#define EXPECT_TRUE(condition)                              \
	do {                                                \
		if (!(condition))                           \
			FAIL("%s is not true", #condition); \
	} while (0)

/*
 * How often to try what is raced for: @all, or where runs on several kernels share the work
 * (SAFENODE_SHARE=1/3), a tenth on each.
 */
static inline int sn_test_rounds(int all)
{
	const char *share = getenv("SAFENODE_SHARE");

	return share && strcmp(share, "1/1") ? all / 10 : all;
}

/*
 * Is another run to do this test, of those that share the work (SAFENODE_SHARE=1/3)? @number is of
 * the run that does it.
 */
static inline bool sn_test_is_for_another(int number)
{
	const char *share = getenv("SAFENODE_SHARE");

	return share && atoi(share) != number;
}

/* Begins a test that takes long, and that hardly depends on the kernel. */
#define DONE_BY_RUN(number)                              \
	do {                                             \
		if (sn_test_is_for_another(number)) {    \
			sn_test_result->left_out = true; \
			exit(0);                         \
		}                                        \
	} while (0)

/* Runs one test in a process of its own. @ended is called in that process before it ends. */
static inline bool sn_test_one(const struct sn_test *test, int number, void (*ended)(void))
{
	int status;
	pid_t pid;

	*sn_test_result = (struct sn_test_result){ 0 };
	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* without its BPF program, a test may wait for a refusal that no longer comes
		 */
		alarm(getenv("SAFENODE_WITHOUT") ? SN_TEST_SECONDS / 4 : SN_TEST_SECONDS);
		atexit(ended);
		test->run();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	if (WIFSIGNALED(status))
		printf("# ended by signal %d, %s\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
	sn_test_result->hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
	if (status)
		sn_test_result->failed = true;
	if (sn_test_result->left_out) {
		printf("# left out: %s\n", test->name);
		return true;
	}
	printf("%sok %d - %s%s%s\n", sn_test_result->failed ? "not " : "", number, test->name,
	       *sn_test_result->skipped ? " # SKIP " : "", sn_test_result->skipped);
	fflush(stdout);
	return !sn_test_result->failed;
}

/* @filters: parts of names, or "=" and a whole name; none: all tests. */
static inline bool sn_test_is_asked_for(const struct sn_test *test, char *const filters[])
{
	for (int i = 0; filters[i]; i++)
		if (*filters[i] == '=' ? !strcmp(test->name, filters[i] + 1)
				       : !!strstr(test->name, filters[i]))
			return true;
	return !filters[0];
}

/* How many failed; none to run is one. After one that hangs, what it used cannot be trusted. */
static inline int sn_test_all(char *const filters[], void (*prepare)(void), void (*ended)(void))
{
	int number = 0, failed = 0;

	printf("TAP version 13\n");
	for (const struct sn_test *test = sn_tests; test; test = test->next) {
		if (!sn_test_is_asked_for(test, filters))
			continue;
		prepare();
		failed += !sn_test_one(test, number + 1, ended);
		number += !sn_test_result->left_out;
		if (sn_test_result->hung) {
			printf("Bail out! %s hangs\n", test->name);
			return failed;
		}
	}
	printf("1..%d\n", number);
	if (!number && !sn_test_result->left_out)
		printf("# no test has such a name\n");
	return number || sn_test_result->left_out ? failed : 1;
}

static inline void sn_test_list(void)
{
	for (const struct sn_test *test = sn_tests; test; test = test->next)
		printf("%s\n", test->name);
}

#endif
