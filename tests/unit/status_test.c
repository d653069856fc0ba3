// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/status.c in a world of variables: what is not in force, not loaded or half there is told,
 * not an error, and the lock is not held where nothing of the maps is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup.h"
#include "enforcer.h"
#include "kernel.h"
#include "mark.h"
#include "object.h"
#include "pins.h"
#include "status.h"

/* ---- what is around ---- */

static struct {
	bool not_root;
	bool ftrace_off;
	int loaded, links; /* errors of these checks */
	int open, lock, store, whole;
	int anew; /* so often it is loaded anew before the lock */
	bool locked, alone;
	int policies;
	bool other_cgroup; /* of the name of the second one */
	bool drifts;
	bool observed; /* the third one */
	bool warm;     /* the same */
	bool no_logd;
	bool elsewhere; /* all of them */
	int mark;	/* is it there? or an error */
} world;

uid_t geteuid(void)
{
	return world.not_root;
}

int sn_kernel_check(bool to_load, void (*each)(const struct sn_requirement *req, void *data),
		    void *data, struct sn_err *err)
{
	struct sn_requirement req = { .id = "ftrace",
				      .what = "kernel.ftrace_enabled",
				      .met = !world.ftrace_off,
				      .needed = true };

	assert_false(to_load);
	each(&req, data);
	return 0;
}

int sn_object_check(struct sn_state *state, struct sn_requirement req[SN_LOADED_CHECKS])
{
	*state = (struct sn_state){ .programs = 76, .parent = "/safenode" };
	req[0] = (struct sn_requirement){ .id = "loaded", .met = !world.loaded, .needed = true };
	req[1] = (struct sn_requirement){ .id = "parent", .met = true, .needed = true };
	req[2] = (struct sn_requirement){ .id = "programs", .met = !world.links, .needed = true };
	return world.loaded ?: world.links;
}

int sn_enforcer_open_loaded(struct sn_enforcer *enforcer, struct sn_err *err)
{
	*enforcer = SN_ENFORCER_CLOSED;
	strcpy(enforcer->mount, "/cg");
	return world.open ? sn_fail(err, world.open, "no state; load it") : 0;
}

int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err)
{
	world.alone = sharing == SN_EXCLUSIVE;
	if (world.anew && world.anew--)
		return sn_fail(err, EAGAIN, "loaded anew; try again");
	world.locked = true;
	return world.whole || world.lock ? -EPROTO : 0;
}

void sn_enforcer_close(struct sn_enforcer *enforcer)
{
	world.locked = false;
}

int sn_enforcer_cgroup_of(const struct sn_enforcer *enforcer, const struct sn_policy *policy,
			  char path[PATH_MAX], struct sn_err *err)
{
	snprintf(path, PATH_MAX, "/cg/safenode/%s", policy->tenant);
	return world.elsewhere;
}

int sn_mark_open(const char *dir, struct sn_mark *mark, struct sn_err *err)
{
	*mark = SN_MARK_CLOSED;
	return 0;
}

void sn_mark_close(struct sn_mark *mark)
{
}

int open(const char *path, int flags, ...)
{
	if (strncmp(path, "/cg/", 4) != 0)
		return openat(AT_FDCWD, path, flags);
	assert_true(world.elsewhere);
	return openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_mark_is_there(const struct sn_mark *mark, int cgroup)
{
	return world.mark;
}

int sn_pins_check_whole(struct sn_err *err)
{
	return world.whole ? sn_fail(err, EPROTO, "a load was killed; run safenode-load") : 0;
}

int sn_store_open(struct sn_store *store, struct sn_err *err)
{
	return world.store ? sn_fail(err, world.store, "a map is missing; run safenode-load") : 0;
}

void sn_store_close(struct sn_store *store)
{
}

void sn_store_count(const struct sn_store *store, __u64 cgroup_id, struct sn_counters *counters)
{
	assert_true(world.locked);
	*counters = (struct sn_counters){ .denied[SN_OP_TASK_FORK] = cgroup_id + 1 };
}

/* Named "t3" to "t1", as a hash gives them. */
int sn_store_each(const struct sn_store *store,
		  int (*each)(const struct sn_policy *policy, void *data), void *data,
		  struct sn_err *err)
{
	assert_true(world.locked);
	for (int i = world.policies; i > 0; i--) {
		struct sn_policy policy = { .cgroup_id = i,
					    .safe_mode = 1,
					    .observe = world.observed && i == 3,
					    .warm = world.warm && i == 3 };
		int ret;

		snprintf(policy.tenant, sizeof(policy.tenant), "t%d", i);
		ret = each(&policy, data);
		if (ret)
			return ret;
	}
	return 0;
}

int sn_store_rules(const struct sn_store *store, __u64 scope, struct sn_entries *entries,
		   struct sn_err *err)
{
	assert_true(world.locked);
	return 0;
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	assert_false(world.locked);
	*id = world.other_cgroup && !strcmp(path, "/cg/safenode/t2") ? 77 : path[14] - '0';
	return 0;
}

int sn_cgroup_populated(const char *path)
{
	return 1;
}

int sn_cgroup_read(const char *path, const char *file, char *line, int size)
{
	return -ENOENT;
}

int sn_usage_read(const char *path, struct sn_usage *usage)
{
	assert_false(world.locked);
	*usage = (struct sn_usage){ .memory = *path ? 4096 : SN_NOT_KNOWN };
	return 0;
}

void sn_usage_free(struct sn_usage *usage)
{
}

size_t sn_limits_drift(const char *path, struct sn_drift *drift, size_t max)
{
	return world.drifts;
}

size_t sn_fill_read(struct sn_fill *fill)
{
	assert_false(world.locked);
	return 0;
}

int sn_logclient_lasts(int (*each)(const struct sn_event *ev, void *data), void *data,
		       struct sn_err *err)
{
	struct sn_event ev = { .op = SN_OP_FS_OPEN };

	assert_false(world.locked);
	for (int i = 1; i < 6 && !world.no_logd; i++) {
		ev.cgroup_id = i == 2 ? 77 : i; /* of the one that had the name before */
		snprintf(ev.tenant, sizeof(ev.tenant), "t%d", i);
		ev.pid = 100 + i;
		each(&ev, data);
	}
	return world.no_logd ? -ENOENT : 0;
}

/* ---- the tests ---- */

static int reset(void **state)
{
	memset(&world, 0, sizeof(world));
	world.policies = 3;
	return 0;
}

static const struct sn_requirement *check(const struct sn_status *status, const char *id)
{
	for (size_t i = 0; i < status->nr_checks; i++)
		if (!strcmp(status->checks[i].id, id))
			return &status->checks[i];
	return NULL;
}

static void found(const struct sn_status_query *query, struct sn_status *status)
{
	struct sn_err err = {};
	int ret = sn_status_collect(query, status, &err);

	if (ret)
		fail_msg("%s", err.text);
	assert_false(world.locked);
	assert_true(world.alone == !!query->user);
}

static void tenants_are_sorted_and_known(void **state)
{
	struct sn_status_query query = { .options = true, .maps = true };
	struct sn_status status;

	world.other_cgroup = true;
	found(&query, &status);
	assert_true(status.in_force && status.known);
	assert_int_equal(status.nr_tenants, 3);
	assert_string_equal(status.tenants[0].policy.tenant, "t1");
	assert_string_equal(status.tenants[2].cgroup, "/cg/safenode/t3");
	assert_true(status.tenants[0].running);
	assert_int_equal(status.tenants[0].usage.memory, 4096);
	assert_int_equal(status.tenants[0].counters.denied[SN_OP_TASK_FORK], 2);
	assert_int_equal(status.without_policy.denied[SN_OP_TASK_FORK], 1);
	assert_non_null(sn_inforce_find(&status.tenants[0].inforce, "safe-mode"));
	/* the cgroup of its name is another's by now */
	assert_false(status.tenants[1].running);
	assert_int_equal(status.tenants[1].usage.memory, SN_NOT_KNOWN);
	assert_true(check(&status, "limits")->met);
	sn_status_free(&status);
}

static void one_can_be_asked_for(void **state)
{
	struct sn_status_query query = { .tenant = "t2" };
	struct sn_err err = {};
	struct sn_status status;

	found(&query, &status);
	assert_int_equal(status.nr_tenants, 1);
	sn_status_free(&status);
	query.tenant = "t4";
	assert_int_equal(sn_status_collect(&query, &status, &err), -ENOENT);
	assert_string_equal(err.text, "no tenant 't4'; see safenode-status");
	/* of what is not known, nothing can be said */
	world.loaded = -ENOENT;
	found(&query, &status);
	sn_status_free(&status);
}

static void a_user_sees_what_begins_with_its_number(void **state)
{
	struct sn_status_query query = { .user = "t2" };
	struct sn_err err = {};
	struct sn_status status;

	found(&query, &status);
	assert_true(world.alone);
	assert_int_equal(status.nr_tenants, 1);
	assert_string_equal(status.tenants[0].policy.tenant, "t2");
	assert_int_equal(status.without_policy.denied[SN_OP_TASK_FORK], 0);
	sn_status_free(&status);
	query.tenant = "t3"; /* is there, and another's */
	assert_int_equal(sn_status_collect(&query, &status, &err), -ENOENT);
}

static void expect_not_in_force(const char *id, bool known)
{
	struct sn_status_query query = {};
	struct sn_err err = {};
	struct sn_status status;

	found(&query, &status);
	assert_false(status.in_force);
	assert_int_equal(sn_status_in_force(&status, &err), -ENOSYS);
	assert_int_equal(strncmp(err.text, "not in force: ", 14), 0);
	assert_non_null(check(&status, id));
	assert_false(check(&status, id)->met);
	assert_int_equal(status.known, known);
	assert_int_equal(status.nr_tenants, known ? 3 : 0);
	sn_status_free(&status);
	reset(NULL);
}

static void what_is_missing_is_told_with_the_tenants(void **state)
{
	world.ftrace_off = true;
	expect_not_in_force("ftrace", true);
	world.links = -EPROTO;
	expect_not_in_force("programs", true);
	world.whole = 1;
	expect_not_in_force("whole", true);
	world.store = ENOENT;
	world.lock = 1;
	expect_not_in_force("maps", false);
	world.loaded = -EPROTO;
	expect_not_in_force("loaded", false);
}

static void a_limit_that_no_longer_holds_weakens(void **state)
{
	struct sn_status_query query = {};
	struct sn_status status;

	world.drifts = true;
	found(&query, &status);
	assert_true(status.in_force);
	assert_false(check(&status, "limits")->met);
	assert_string_equal(check(&status, "limits")->found, "hold no longer for t1, t2, t3");
	sn_status_free(&status);
	world.policies = 5;
	found(&query, &status);
	assert_string_equal(check(&status, "limits")->found,
			    "hold no longer for t1, t2, t3 and 2 more");
	sn_status_free(&status);
}

static void who_is_observed_is_told(void **state)
{
	struct sn_status_query query = {};
	struct sn_status status;

	world.observed = true;
	found(&query, &status);
	assert_true(status.in_force);
	assert_false(check(&status, "observed")->met);
	assert_string_equal(check(&status, "observed")->found, "nothing is refused to t3");
	assert_string_equal(sn_status_mode(&status.tenants[2].policy), "observe");
	assert_string_equal(sn_status_mode(&status.tenants[0].policy), "enforce");
	assert_string_equal(sn_status_mode(&(struct sn_policy){ .observe = 1 }), "closed");
	sn_status_free(&status);
}

static void who_is_warm_is_told(void **state)
{
	struct sn_status_query query = {};
	struct sn_status status;

	found(&query, &status);
	assert_true(check(&status, "warm")->met);
	sn_status_free(&status);
	world.warm = true;
	found(&query, &status);
	assert_true(status.in_force);
	assert_false(check(&status, "warm")->met);
	assert_string_equal(check(&status, "warm")->found,
			    "files, native code and addresses are left to t3");
	assert_string_equal(sn_status_mode(&status.tenants[2].policy), "warm");
	assert_string_equal(sn_status_mode(&(struct sn_policy){ .warm = 1 }), "closed");
	sn_status_free(&status);
}

static void the_last_refusal_is_that_of_the_same_cgroup(void **state)
{
	struct sn_status_query query = { .lasts = true };
	struct sn_status status;

	found(&query, &status);
	assert_true(status.reader);
	assert_true(status.tenants[0].has_last);
	assert_int_equal(status.tenants[2].last.pid, 103);
	assert_false(status.tenants[1].has_last);
	sn_status_free(&status);
	world.no_logd = true;
	found(&query, &status);
	assert_false(status.reader);
	assert_false(status.tenants[0].has_last);
	sn_status_free(&status);
}

static void a_load_in_between_is_no_failure(void **state)
{
	struct sn_status_query query = {};
	struct sn_err err = {};
	struct sn_status status;

	world.anew = 1;
	found(&query, &status);
	assert_int_equal(status.nr_tenants, 3);
	sn_status_free(&status);
	world.anew = 2;
	assert_int_equal(sn_status_collect(&query, &status, &err), -EAGAIN);
}

static void root_is_needed(void **state)
{
	struct sn_status_query query = {};
	struct sn_err err = {};
	struct sn_status status;

	world.not_root = true;
	assert_int_equal(sn_status_collect(&query, &status, &err), -EPERM);
}

static const struct sn_requirement *check_of(const struct sn_status *status, const char *id)
{
	for (size_t i = 0; i < status->nr_checks; i++)
		if (!strcmp(status->checks[i].id, id))
			return &status->checks[i];
	fail_msg("no check %s", id);
	return NULL;
}

static void without_its_mark_a_tenant_is_free(void **state)
{
	static const struct {
		int mark;
		bool met, in_force;
		const char *found;
	} cases[] = {
		{ 1, true, true, "all are there" },
		{ 0, false, false, "missing for t1, t3" },
		{ -EPERM, false, true, "not known: Operation not permitted" },
	};
	const struct sn_status_query query = {};
	struct sn_status status;

	world.policies = 3;
	world.elsewhere = true;
	world.other_cgroup = true; /* the second one's is gone */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		world.mark = cases[i].mark;
		assert_int_equal(sn_status_collect(&query, &status, NULL), 0);
		assert_int_equal(check_of(&status, "marks")->met, cases[i].met);
		assert_string_equal(check_of(&status, "marks")->found, cases[i].found);
		assert_int_equal(status.in_force, cases[i].in_force);
		sn_status_free(&status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tenants_are_sorted_and_known, reset),
		cmocka_unit_test_setup(one_can_be_asked_for, reset),
		cmocka_unit_test_setup(a_user_sees_what_begins_with_its_number, reset),
		cmocka_unit_test_setup(what_is_missing_is_told_with_the_tenants, reset),
		cmocka_unit_test_setup(a_limit_that_no_longer_holds_weakens, reset),
		cmocka_unit_test_setup(who_is_observed_is_told, reset),
		cmocka_unit_test_setup(who_is_warm_is_told, reset),
		cmocka_unit_test_setup(the_last_refusal_is_that_of_the_same_cgroup, reset),
		cmocka_unit_test_setup(a_load_in_between_is_no_failure, reset),
		cmocka_unit_test_setup(root_is_needed, reset),
		cmocka_unit_test_setup(without_its_mark_a_tenant_is_free, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
