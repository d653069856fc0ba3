// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/broker.c over a caller, a cgroup and maps that are a few variables: what depends on the
 * caller comes before the lock, each failure is answered, and nothing is left.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker.h"
#include "caller.h"
#include "cgroup.h"
#include "detach.h"
#include "elsewhere.h"
#include "ended.h"
#include "gather.h"
#include "inquiry.h"
#include "kept.h"
#include "received.h"
#include "steps.h"
#include "tenancy.h"

static struct {
	char steps[512];
	const char *fails; /* the step that fails */
	struct sn_request_rule rule;
	struct sn_policy other;	      /* of a tenant of the same user */
	struct sn_received handed[2]; /* the directory, and what the rule is about */
	int tenants, ended;	      /* of that user */
	bool dies;		      /* the caller, when it is moved */
	bool inquires;		      /* it does not want to be a tenant */
	__u64 kept;		      /* the baseline that it names */
	bool in_force;		      /* that of root's tenants is */
	int answer;
	struct sn_err said;
	struct sn_policy policy;
	size_t own, baseline; /* entries */
} world;

static int step(const char *name, struct sn_err *err)
{
	return take_step(world.steps, sizeof(world.steps), world.fails, name, err);
}

/* ---- the caller ---- */

int sn_caller_meet(struct sn_caller *caller, struct sn_err *err)
{
	caller->pid = 42;
	caller->uid = 1000;
	return step("meet", err);
}

int sn_caller_hear(const struct sn_caller *caller, char *message, size_t *size,
		   int fds[SN_PLACES_MAX], size_t *nr, struct sn_err *err)
{
	struct sn_request request = {
		.act = SN_ACT_START, .nr_places = 2, .rules = &world.rule, .nr_rules = 1
	};
	size_t length;
	char *text;

	if (world.inquires)
		request = (struct sn_request){ .act = SN_ACT_STATUS };
	request.options.tenant = (char *)"t1";
	request.kept = world.kept;
	request.kept_scope = 4712;
	assert_int_equal(sn_request_write(&request, &text, &length, err), 0);
	assert_true(length <= *size);
	memcpy(message, text, length);
	free(text);
	*size = length;
	*nr = request.nr_places;
	for (size_t i = 0; i < *nr; i++)
		fds[i] = dup(0);
	return step("hear", err);
}

int sn_caller_check_nonce(const struct sn_caller *caller, const struct sn_nonce *nonce,
			  struct sn_err *err)
{
	return step("nonce", err);
}

int sn_caller_hold(struct sn_caller *caller, struct sn_err *err)
{
	caller->launcher.ino = 77;
	return step("hold", err);
}

int sn_caller_tell(const struct sn_caller *caller, int error, const struct sn_err *why)
{
	world.answer = error;
	if (why)
		world.said = *why;
	return step("tell", NULL);
}

void sn_caller_close(struct sn_caller *caller)
{
}

int sn_inquiry(const struct sn_caller *caller, const struct sn_request *request, struct sn_err *err)
{
	assert_int_equal(caller->uid, 1000);
	assert_int_equal(request->act, SN_ACT_STATUS);
	assert_string_equal(request->options.tenant, "t1");
	return step("inquire", err);
}

int sn_received_look(const int *fds, size_t nr, pid_t from, struct sn_received *handed,
		     struct sn_err *err)
{
	assert_int_equal(nr, 2);
	assert_int_equal(from, 42);
	memcpy(handed, world.handed, sizeof(world.handed));
	return step("look", err);
}

/* ---- cgroups and maps ---- */

int sn_enforcer_open(struct sn_enforcer *enforcer, struct sn_err *err)
{
	*enforcer = SN_ENFORCER_CLOSED;
	return step("open", err);
}

int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err)
{
	return step(sharing == SN_EXCLUSIVE ? "lock" : "share", err);
}

void sn_enforcer_close(struct sn_enforcer *enforcer)
{
}

int sn_cgroup_of(pid_t pid, const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	assert_int_equal(pid, 42);
	strcpy(path, "/c/server");
	return step("where", err);
}

int sn_elsewhere_below(const char *mount, const char *own, const char *tenant, char path[PATH_MAX],
		       struct sn_err *err)
{
	snprintf(path, PATH_MAX, "%s/%s", own, tenant);
	return 0;
}

int sn_gather_cgroup(struct sn_gathered *gathered, const char *mount, const char *cgroup,
		     struct sn_err *err)
{
	return 0;
}

void sn_gathered_free(struct sn_gathered *gathered)
{
	sn_rules_free(&gathered->own);
}

int sn_cgroup_write(const char *path, const char *file, const char *value)
{
	assert_string_equal(path, "/c/server/1000:t1");
	assert_string_equal(file, "cgroup.procs");
	assert_string_equal(value, "42");
	return step("move", NULL);
}

int sn_cgroup_populated(const char *path)
{
	return !world.dies;
}

int sn_sweep_gone(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	return step("gone", err);
}

void sn_tenancy_place(struct sn_tenancy *tenancy)
{
}

int sn_tenancy_check(const struct sn_tenancy *tenancy, struct sn_err *err)
{
	assert_true(tenancy->options->delegated);
	return step("check", err);
}

int sn_tenancy_make(struct sn_tenancy *tenancy, struct sn_err *err)
{
	struct sn_compiled compiled;
	int ret = step("make", err);

	if (ret)
		return ret;
	tenancy->cgroup_id = 5;
	assert_int_equal(tenancy->compile(tenancy->data, &compiled, err), 0);
	world.policy = compiled.policy;
	world.own = compiled.own.nr;
	world.baseline = compiled.baseline.nr;
	sn_compiled_free(&compiled);
	return 0;
}

void sn_tenancy_undo(struct sn_tenancy *tenancy)
{
	step("undo", NULL);
}

int sn_tenancy_survey(struct sn_tenancy *tenancy, const char *prefix, struct sn_err *err)
{
	assert_string_equal(prefix, "1000:");
	tenancy->survey.nr = world.tenants;
	for (int i = 0; i < SN_SURVEY_IDS; i++)
		tenancy->survey.ids[i] = 77;
	return 0;
}

int sn_store_get(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy)
{
	assert_int_equal(cgroup_id, 77);
	*policy = world.other;
	return world.other.baseline ? 0 : -ENOENT;
}

/* Two rules of root's, whose sum has been kept as well. */
static __u64 kept_rules(struct sn_rules *rules)
{
	const struct sn_inode id = { .ino = 8, .dev = 9 };
	const struct sn_grant read = { .access = SN_MAY_READ };

	assert_int_equal(sn_rules_put(rules, "/usr", &id, NULL, &read, NULL), 0);
	assert_int_equal(sn_rules_put(rules, "/usr", &id, "lib", &read, NULL), 0);
	return rules->scope = sn_rules_scope(rules);
}

int sn_kept_take(const char *dir, __u64 number, __u64 scope, struct sn_rules *rules,
		 struct sn_err *err)
{
	int ret = step("take", err);

	assert_string_equal(dir, SN_KEPT_DIR);
	assert_int_equal(rules->nr_directories + rules->nr_names, 0);
	if (!ret && (number != 4711 || scope != 4712))
		ret = sn_fail(err, ESTALE, "no such number");
	if (!ret)
		kept_rules(rules);
	return ret;
}

int sn_store_has_baseline(const struct sn_store *store, __u64 scope)
{
	assert_true(scope & SN_SCOPE_BASELINE);
	return world.in_force;
}

int sn_ended_remove(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	int nr = world.ended;

	world.tenants -= nr;
	world.ended = 0;
	return step("remove", err) ?: nr;
}

int sn_ended_any(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	return world.ended > 0;
}

/* ---- the tests ---- */

static int reset(void **state)
{
	memset(&world, 0, sizeof(world));
	world.handed[0] =
		(struct sn_received){ .id = { .ino = 1 }, .is_directory = true, .path = "/srv/t1" };
	world.handed[1] =
		(struct sn_received){ .id = { .ino = 2 }, .is_directory = true, .path = "/lib" };
	world.rule = (struct sn_request_rule){
		.place = 1, .baseline = 1, .is_name = 1, .access = 5, .name = "libc.so"
	};
	world.answer = 1;
	return 0;
}

static int serve(void)
{
	struct sn_err err = {};
	int ret = sn_broker_serve(0, 4, &err);

	assert_int_equal(world.answer, ret);
	if (ret && (!strstr(err.text, "process 42 of user 1000: ") || !*world.said.text))
		fail_msg("said '%s' and '%s'", err.text, world.said.text);
	return ret;
}

#define BEFORE "meet hear nonce look hold open where check"

static void a_tenant_is_made_behind_the_lock(void **state)
{
	assert_int_equal(serve(), 0);
	assert_string_equal(world.steps, BEFORE " lock make move tell");
	assert_string_equal(world.policy.tenant, "1000:t1");
	assert_string_equal(world.policy.directory, "/srv/t1");
	assert_int_equal(world.policy.dir.ino, 1);
	assert_int_equal(world.policy.launcher.ino, 77);
	assert_true(world.policy.safe_mode && !world.policy.observe);
	assert_int_equal(world.own, 0);
	assert_int_equal(world.baseline, 1);
	/* nobody else's, whatever is in it */
	assert_int_equal(world.policy.baseline, 5 | SN_SCOPE_BASELINE);
}

static void a_step_that_fails_is_answered(void **state)
{
	static const char *const steps[] = { "meet",  "hear",  "nonce", "look", "hold", "open",
					     "where", "check", "lock",	"make", "move" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		bool moved = !strcmp(steps[i], "move");

		reset(NULL);
		world.fails = steps[i];
		assert_int_equal(serve(), -EIO);
		assert_int_equal(!!strstr(world.steps, "undo"), moved);
		assert_int_equal(!!strstr(world.steps, "make"), moved || !strcmp(steps[i], "make"));
	}
}

static void who_dies_on_the_way_in_leaves_nothing(void **state)
{
	world.dies = true;
	assert_int_equal(serve(), -ESRCH);
	assert_string_equal(world.steps, BEFORE " lock make move undo tell");
}

static void other_directories_are_refused(void **state)
{
	world.handed[0].is_directory = false;
	assert_int_equal(serve(), -EINVAL);
	reset(NULL);
	world.handed[0].is_kernels = true;
	assert_int_equal(serve(), -EINVAL);
	reset(NULL);
	strcpy(world.handed[0].path, "/");
	assert_int_equal(serve(), -EINVAL);
	assert_null(strstr(world.steps, "hold"));
}

/* A name is in a directory; what is known only as long as it is open can be looked at. */
static void other_rules_are_refused(void **state)
{
	world.handed[1].is_directory = false;
	assert_int_equal(serve(), -EINVAL);
	reset(NULL);
	world.rule = (struct sn_request_rule){ .place = 1, .access = SN_MAY_STAT };
	world.handed[1].is_directory = false;
	world.handed[1].is_held = true;
	assert_int_equal(serve(), 0);
	assert_int_equal(world.own, 1);
	reset(NULL);
	world.rule = (struct sn_request_rule){ .place = 1, .access = SN_MAY_READ };
	world.handed[1].is_held = true;
	assert_int_equal(serve(), -EINVAL);
}

static void a_baseline_is_shared_with_tenants_of_the_same_user_that_have_the_same(void **state)
{
	const __u64 own = 5 | SN_SCOPE_BASELINE, others = 77 | SN_SCOPE_BASELINE;
	__u64 sum;

	assert_int_equal(serve(), 0);
	assert_true(world.policy.baseline == own);
	sum = world.policy.baseline_sum;
	for (int same = 0; same < 2; same++) {
		reset(NULL);
		world.tenants = 1;
		world.other = (struct sn_policy){ .baseline = others, .baseline_sum = sum - !same };
		assert_int_equal(serve(), 0);
		assert_true(world.policy.baseline == (same ? others : own));
	}
}

/* As root's tenants of that program have it, and written only where none of them is there. */
static void a_kept_baseline_is_that_of_roots_tenants(void **state)
{
	struct sn_rules rules = {};
	__u64 sum = kept_rules(&rules);

	for (int in_force = 0; in_force < 2; in_force++) {
		reset(NULL);
		world.kept = 4711;
		world.rule.baseline = 0;
		world.in_force = in_force;
		assert_int_equal(serve(), 0);
		assert_true(world.policy.baseline == sum && world.policy.baseline_sum == sum);
		assert_int_equal(world.baseline, in_force ? 0 : 2);
		assert_int_equal(world.own, 1);
	}
	sn_rules_free(&rules);
}

static void one_that_is_not_kept_is_said(void **state)
{
	world.kept = 4712;
	world.rule.baseline = 0;
	assert_int_equal(serve(), -ESTALE);
	assert_null(strstr(world.steps, "hold"));
	/* and nobody adds to it */
	reset(NULL);
	world.kept = 4711;
	assert_int_equal(serve(), -EINVAL);
	assert_null(strstr(world.steps, "take"));
}

/* Rules of a caller's own with the same sum would be written where root's tenants look. */
static void rules_of_a_caller_are_never_in_force_for_roots_tenants(void **state)
{
	__u64 sum;

	assert_int_equal(serve(), 0);
	sum = world.policy.baseline_sum;
	reset(NULL);
	world.tenants = 1;
	world.in_force = true;
	world.other = (struct sn_policy){ .baseline = sum, .baseline_sum = sum };
	assert_int_equal(serve(), 0);
	assert_true(world.policy.baseline == (5 | SN_SCOPE_BASELINE));
	assert_int_equal(world.baseline, 1);
}

static void a_quota_counts_who_has_not_ended(void **state)
{
	world.tenants = 4;
	world.ended = 1;
	assert_int_equal(serve(), 0);
	assert_string_equal(world.steps, BEFORE " lock remove make move tell");
	reset(NULL);
	world.tenants = 4;
	assert_int_equal(serve(), -EDQUOT);
	assert_string_equal(world.steps, BEFORE " lock remove tell");
}

/* By who may be any program of that user; what it is told has been sent. */
static void who_only_asks_is_not_held(void **state)
{
	struct sn_err err = {};

	world.inquires = true;
	assert_int_equal(sn_broker_serve(0, 4, &err), 0);
	assert_string_equal(world.steps, "meet hear nonce inquire");
	reset(NULL);
	world.inquires = true;
	world.fails = "inquire";
	assert_int_equal(serve(), -EIO);
	assert_string_equal(world.steps, "meet hear nonce inquire tell");
}

static void a_sweep_locks_others_out_only_if_it_has_to(void **state)
{
	assert_int_equal(sn_broker_sweep(NULL), 0);
	assert_string_equal(world.steps, "open share");
	reset(NULL);
	world.ended = 1;
	assert_int_equal(sn_broker_sweep(NULL), 0);
	assert_string_equal(world.steps, "open share open lock remove gone");
	reset(NULL);
	world.fails = "open";
	assert_int_equal(sn_broker_sweep(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_tenant_is_made_behind_the_lock, reset),
		cmocka_unit_test_setup(a_step_that_fails_is_answered, reset),
		cmocka_unit_test_setup(who_dies_on_the_way_in_leaves_nothing, reset),
		cmocka_unit_test_setup(other_directories_are_refused, reset),
		cmocka_unit_test_setup(other_rules_are_refused, reset),
		cmocka_unit_test_setup(
			a_baseline_is_shared_with_tenants_of_the_same_user_that_have_the_same,
			reset),
		cmocka_unit_test_setup(a_kept_baseline_is_that_of_roots_tenants, reset),
		cmocka_unit_test_setup(one_that_is_not_kept_is_said, reset),
		cmocka_unit_test_setup(rules_of_a_caller_are_never_in_force_for_roots_tenants,
				       reset),
		cmocka_unit_test_setup(a_quota_counts_who_has_not_ended, reset),
		cmocka_unit_test_setup(who_only_asks_is_not_held, reset),
		cmocka_unit_test_setup(a_sweep_locks_others_out_only_if_it_has_to, reset),
	};

	return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
