/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes: small acts that a test runs outside and inside a tenant, by the same user with the same
 * working directory, so that the tenant is the only difference.
 *
 *	PROBE(open_read)
 *	{
 *		return answer(open(arg, O_RDONLY | O_CLOEXEC));
 *	}
 *	TEST(a_neighbours_file_looks_missing)
 *	{
 *		EXPECT_ALLOWED(t1, "open_read", "/srv/t1/file");
 *		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open_read",
 *"/srv/t10/file");
 *	}
 *
 * main() is in tenant.c. It loads safenode if that was not done (and unloads it in the end), makes
 * the directories /srv/t1, /srv/t10, /srv/t1-evil (of user t1) and /srv/t2 (of user t2), calls
 * what SETUP() says, and empties the directories before every test. It deletes what is in these
 * directories, so it needs a throw-away machine, as tests/vm makes.
 */
#ifndef TENANT_H
#define TENANT_H

#include <limits.h>
#include <sys/types.h>

#include "safenode_abi.h"
#include "sn_test.h"

/* ---- probes ---- */

/*
 * A result of 0 or more: done; -errno: the kernel refused. Anything that keeps the probe from
 * trying (a missing file, a failed preparation) is neither: return could_not_try(...).
 */
#define COULD_NOT_TRY (-1000000L)

struct probe {
	const char *name;
	long (*run)(const char *arg);
	struct probe *next;
};

void probe_add(struct probe *probe);

#define PROBE(id)                                                                  \
	static long probe_##id(const char *arg);                                   \
	static struct probe probe_entry_##id = { .name = #id, .run = probe_##id }; \
	static void __attribute__((constructor)) probe_register_##id(void)         \
	{                                                                          \
		probe_add(&probe_entry_##id);                                      \
	}                                                                          \
	static long probe_##id(const char *arg)

/* What a system call's wrapper returned -> a probe's result. */
static inline long answer(long result)
{
	return result < 0 ? -errno : result;
}

/* Says why (with errno's text) on stderr. Returns COULD_NOT_TRY. */
long could_not_try(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- tenants ---- */

#define SEEN_MAX 64

struct tenant {
	char name[SN_TENANT_MAX];
	char cgroup[PATH_MAX];		/* path of its cgroup */
	__u64 id;			/* of its cgroup */
	pid_t pid;			/* of its process, which serves the probes */
	pid_t owner;			/* who started it */
	int to, from;			/* requests and answers */
	long result;			/* of the last inside() */
	struct sn_counters before;	/* when the last inside() began */
	struct sn_event seen[SEEN_MAX]; /* its events since then */
	int nr_seen;
	struct sn_event event; /* the one that EXPECT_EVENT() found */
};

/*
 * Starts safenode-attach --cgroup @name --dir /srv/@name --safe-mode with more options, up to
 * NULL, and this program inside. In SETUP() it serves all tests, in a test that one, and is
 * detached when they end. A --dir among the options replaces the usual one. Failing ends the test.
 */
struct tenant *tenant_start(const char *name, ...) __attribute__((sentinel));
void tenant_stop(struct tenant *t);

/* Runs a probe in the tenant. The format makes its arg. Ends the test if it could not try. */
long inside(struct tenant *t, const char *probe, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The control: in a new process of user t1, in /srv/t1, unconfined. */
long outside(const char *probe, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* From now on, in this test, outside() runs as this user; "root" keeps all its powers. */
void outside_as(const char *user);
/* From now on, in this test, those of outside() and moved_into() do not make a session. */
void outside_in_this_session(void);
/*
 * Like outside(), but the process has been moved into the cgroup at @cgroup. What is counted and
 * reported is looked for under @t->id; 0 is where processes without policy are counted.
 */
long moved_into(struct tenant *t, const char *cgroup, const char *probe, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A descriptor of safenode's pinned map @name. Failing ends the test. */
int open_map(const char *name);

/* The set of entries in "homes" where that cgroup has its place, or would have it. */
struct sn_homes_set homes_of(__u64 cgroup_id);
void put_homes_of(__u64 cgroup_id, const struct sn_homes_set *set);

/* The tenant's counters now. */
struct sn_counters tenant_counters(const struct tenant *t);

/* Run once, as root, before the first test. */
#define SETUP() void sn_setup(void)
void sn_setup(void);

/* ---- what tests say ---- */

/* The last inside() was counted as a denial of @op, and reported with @why and its result. */
#define EXPECT_EVENT(t, op, why) expect_event(__FILE__, __LINE__, t, op, why)
void expect_event(const char *file, int line, struct tenant *t, enum sn_op op, enum sn_why why);

/* The last inside() was refused nothing. */
#define EXPECT_QUIET(t) expect_quiet(__FILE__, __LINE__, t)
void expect_quiet(const char *file, int line, struct tenant *t);

/*
 * The tenant gets -@error, and an event; then the same user does the same outside. In this order
 * a refusal cannot come from what the control has changed.
 */
#define EXPECT_REFUSED(t, error, op, why, probe, ...)                                       \
	do {                                                                                \
		long got_ = inside(t, probe, __VA_ARGS__);                                  \
		if (got_ != -(error))                                                       \
			FAIL("inside: %s %s: want %d %s, got %ld %s", probe, sn_last_arg(), \
			     -(error), sn_test_errno(-(error)), got_, sn_test_errno(got_)); \
		else                                                                        \
			EXPECT_EVENT(t, op, why);                                           \
		got_ = outside(probe, __VA_ARGS__);                                         \
		if (got_ < 0)                                                               \
			FAIL("the control: %s %s: got %ld %s", probe, sn_last_arg(), got_,  \
			     sn_test_errno(got_));                                          \
	} while (0)

/* The tenant may, and no part of it is reported as a denial. */
#define EXPECT_ALLOWED(t, probe, ...)                                                 \
	do {                                                                          \
		long got_ = inside(t, probe, __VA_ARGS__);                            \
		if (got_ < 0)                                                         \
			FAIL("inside: %s %s: got %ld %s", probe, sn_last_arg(), got_, \
			     sn_test_errno(got_));                                    \
		EXPECT_QUIET(t);                                                      \
	} while (0)

/* The arg of the last inside() or outside(), printable. */
const char *sn_last_arg(void);

#endif
