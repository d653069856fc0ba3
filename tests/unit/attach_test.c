// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/attach.c over a store in memory and a cgroup that is a few variables: everything is checked
 * first, then comes the lock, then the changes; and whatever fails, nothing is left.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "attach.h"
#include "cgroup.h"
#include "command.h"
#include "controllers.h"
#include "enforcer.h"
#include "elsewhere.h"
#include "fake_maps.h"
#include "identify.h"
#include "launch.h"
#include "mark.h"
#include "rehearse.h"
#include "kept.h"
#include "session.h"
#include "steps.h"

#define DIRECTORY "/tmp" /* any that is not root's own */
#define ELSEWHERE "/sys/kernel"
#define NAMESAKE  5555 /* the id of its cgroup */

/* ---- what is around ---- */

static struct {
	char steps[1024];     /* "baseline lock ..." */
	const char *fails;    /* the step that fails */
	bool exists, running; /* the tenant's cgroup */
	bool controllers;     /* are switched on for it */
	bool locked;
	bool no_jit;
	char said[256];
	bool observe;
	bool warm;
	uint64_t noticed; /* as the launch asks for it */
	__u64 id;
	bool elsewhere;	      /* the tenant is to be there */
	const char *namesake; /* where one of its name is, that... */
	bool namesake_runs;
	__u64 above;  /* the id of the cgroups above */
	bool keeps;   /* it is to keep standard error's descriptor once more */
	bool unnamed; /* and nobody has named that */
} world;

static int step(const char *name, struct sn_err *err)
{
	return take_step(world.steps, sizeof(world.steps), world.fails, name, err);
}

uid_t geteuid(void)
{
	return 0;
}

int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err)
{
	struct stat st;

	*id = (struct sn_inode){ .ino = fstat(fd, &st) ? 0 : st.st_ino, .dev = 1 };
	return 0;
}

int sn_identify_in_image(int fd, struct sn_inode *id, struct sn_err *err)
{
	return sn_identify_fd(fd, id, err);
}

int sn_identify_held_fd(int fd, struct sn_inode *id, struct sn_err *err)
{
	return sn_identify_fd(fd, id, err);
}

int sn_enforcer_open(struct sn_enforcer *enforcer, struct sn_err *err)
{
	*enforcer = SN_ENFORCER_CLOSED;
	return step("open", err);
}

int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err)
{
	int ret = step("lock", err);

	assert_int_equal(sharing, SN_EXCLUSIVE);
	if (ret)
		return ret;
	world.locked = true;
	enforcer->store = fake_store;
	return 0;
}

void sn_enforcer_close(struct sn_enforcer *enforcer)
{
	world.locked = false;
}

int sn_enforcer_cgroup(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		       struct sn_err *err)
{
	snprintf(path, PATH_MAX, "/sys");
	return 0;
}

/* Of detaching alone. */
int sn_enforcer_find(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		     struct sn_err *err)
{
	abort();
}

int sn_elsewhere_choose(const char *mount, const char *tenant, char path[PATH_MAX],
			struct sn_err *err)
{
	strcpy(path, ELSEWHERE);
	return 0;
}

/* The policy comes later: with the mark alone, everything is refused. */
int sn_elsewhere_mark(int map, __u64 id, const char *mount, const char *path, struct sn_err *err)
{
	struct sn_cgroup cgroup = {};

	assert_string_equal(path, ELSEWHERE);
	assert_int_equal(fake_count(fake_store.policies), 0);
	bpf_map_update_elem(map, &id, &cgroup, BPF_ANY);
	return step("mark", err);
}

int sn_elsewhere_each(int map, const char *mount,
		      int (*each)(__u64 id, const char *path, void *data), void *data,
		      struct sn_err *err)
{
	int ret = step("sweep", err);

	return ret || !world.namesake ? ret : each(NAMESAKE, world.namesake, data);
}

int sn_cgroup_open(const char *mount, const char *path, __u64 id)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_mark_check_powers(const char *path, struct sn_err *err)
{
	assert_false(world.locked);
	return step("powers", err);
}

int sn_cgroup_populated(const char *path)
{
	if (world.namesake && !strcmp(path, world.namesake))
		return world.namesake_runs;
	return world.exists ? world.running : -ENOENT;
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	bool above = world.elsewhere && !strcmp(path, "/sys");

	if (world.namesake && !strcmp(path, world.namesake)) {
		*id = NAMESAKE;
		return 0;
	}
	*id = above ? world.above : world.id;
	return above ? 0 : world.exists ? step("id", err) : -ENOENT;
}

int sn_cgroup_check_writable(const char *path, struct sn_err *err)
{
	assert_false(world.locked);
	assert_string_equal(path, world.elsewhere ? "/sys" : ""); /* of /sys */
	return 0;
}

int sn_cgroup_make(const char *path, struct sn_err *err)
{
	int ret = step("make", err);

	assert_true(world.locked);
	if (ret)
		return ret;
	world.exists = true;
	world.id++;
	return 1;
}

int sn_cgroup_remove(const char *path, struct sn_err *err)
{
	assert_true(world.locked);
	if (world.exists)
		step("remove", err);
	world.exists = false;
	return 0;
}

int sn_cgroup_kill(const char *path, struct sn_err *err)
{
	fail_msg("attach kills");
	return 0;
}

/* As controllers.c does it: on failure none is left switched on. */
int sn_limits_set(const char *mount, const char *from, const char *path,
		  const struct sn_limits *limits, struct sn_controllers *enabled,
		  struct sn_err *err)
{
	int ret = step("limits", err);

	assert_string_equal(limits->memory_max, "1000000");
	assert_string_equal(limits->pids_max, "10");
	assert_null(limits->cpu_max);
	world.controllers = !ret;
	enabled->from[SN_CONTROLLER_PIDS] = world.controllers ? strlen("/sys") : 0;
	return ret;
}

void sn_controllers_undo(const char *path, const struct sn_controllers *enabled)
{
	if (enabled->from[SN_CONTROLLER_PIDS])
		world.controllers = false;
}

int sn_command_resolve(struct sn_command *command, char *const argv[], struct sn_err *err)
{
	static char *words[] = { (char *)"node", NULL };

	*command = (struct sn_command){ .path = strdup("/usr/bin/node"), .argv = words };
	return step("resolve", err);
}

void sn_command_free(struct sn_command *command)
{
	free(command->path);
}

int sn_rehearse(const struct sn_launch *launch, struct sn_err *err)
{
	int ret = step(launch ? "rehearse" : "rehearse-nothing", err);

	assert_false(world.locked);
	if (!ret && launch) {
		assert_int_equal(launch->account->nr_groups, 2);
		assert_int_equal(launch->account->groups[1], 4242);
	}
	return ret || !world.no_jit ? ret : (sn_fail(err, EPERM, "no JIT"), 1);
}

static void add_baseline(struct sn_rules *rules)
{
	const struct sn_inode id = { .ino = 1, .dev = 2 };
	const struct sn_grant start = { .access = SN_MAY_START };

	assert_int_equal(sn_rules_put(rules, "/usr/bin/node", &id, "node", &start, NULL), 0);
}

int sn_kept_baseline(const char *dir, const struct sn_inode *program, const char *exe,
		     struct sn_rules *rules, struct sn_err *err)
{
	assert_false(world.locked); /* it takes longest */
	assert_int_not_equal(program->ino, 0);
	add_baseline(rules);
	return step("baseline", err);
}

int sn_session_take_terminals(bool keep, const int *more, size_t nr, struct sn_err *err)
{
	/* the operator's choice is left alone */
	assert_int_equal(nr, world.unnamed);
	assert_true(!nr || more[0] == 2);
	return step("terminals", err);
}

int sn_session_begin(bool terminal, struct sn_session *session, struct sn_err *err)
{
	return step("session", err);
}

void sn_session_undo(const struct sn_session *session)
{
}

/* As sn_launch() does it: on failure it has undone everything. */
int sn_launch(const struct sn_launch *launch, struct sn_err *err)
{
	int ret = step("launch", err);
	struct sn_counters counters = { .self_test = 7 };

	assert_true(world.locked);
	if (launch->noticed) {
		bpf_map_update_elem(fake_store.counters, &world.id, &counters, BPF_ANY);
		world.noticed = launch->noticed(launch->data);
	}
	if (ret)
		launch->undo(launch->data);
	return ret;
}

static void say(const char *text)
{
	snprintf(world.said, sizeof(world.said), "%s", text);
}

/* ---- the tests ---- */

static int attach(bool starts)
{
	char *argv[] = { starts ? (char *)"node" : NULL, NULL };
	struct sn_options options = {
		.tenant = (char *)"t1",
		.directory = (char *)DIRECTORY,
		.user = (char *)"nobody",
		.groups = { (char *)"4242" },
		.nr_groups = 1,
		.safe_mode = true,
		.memory_max = (char *)"1000000",
		.pids_max = (char *)"10",
	};
	struct sn_err err = {};
	int ret;

	options.observe = world.observe;
	options.warm = world.warm;
	options.delegated = world.elsewhere;
	options.keep_fd[0] = 2;
	options.nr_keep_fd = world.keeps;
	options.handed_over = world.unnamed;
	ret = sn_attach(&options, argv, say, &err);

	if (ret && !err.text[0])
		fail_msg("no reason for %d", ret);
	return ret;
}

static int reset(void **state)
{
	fake_reset();
	memset(&world, 0, sizeof(world));
	world.above = 5;
	return 0;
}

static void everything_is_checked_before_the_lock_and_changed_behind_it(void **state)
{
	assert_int_equal(attach(true), 0);
	assert_string_equal(world.steps,
			    "resolve rehearse open baseline terminals lock session sweep make "
			    "id limits launch");
	assert_int_equal(fake_count(fake_store.policies), 1);
}

static void the_baseline_is_put_where_it_is_not(void **state)
{
	struct sn_list_key complete = { .number = SN_LIST_COMPLETE };
	struct sn_rules rules = {};
	struct sn_list none = {};
	struct sn_policy policy;

	assert_int_equal(attach(true), 0);
	assert_int_equal(fake_count(fake_store.names), 1);
	reset(state);
	add_baseline(&rules);
	complete.scope = sn_rules_scope(&rules);
	sn_rules_free(&rules);
	bpf_map_update_elem(fake_store.lists, &complete, &none, BPF_ANY);
	assert_int_equal(attach(true), 0);
	assert_int_equal(fake_count(fake_store.names), 0);
	assert_int_equal(fake_count(fake_store.policies), 1);
	/* whatever was compiled */
	assert_int_equal(sn_store_get(&fake_store, world.id, &policy), 0);
	assert_true(policy.baseline_sum == complete.scope);
}

static void a_terminal_that_was_left_open_is_taken_and_one_that_was_named_is_not(void **state)
{
	world.keeps = true;
	assert_int_equal(attach(true), 0);
	reset(state);
	world.keeps = world.unnamed = true;
	assert_int_equal(attach(true), 0);
}

static void without_a_command_the_policy_is_written_and_that_is_all(void **state)
{
	assert_int_equal(attach(false), 0);
	assert_string_equal(world.steps,
			    "resolve rehearse-nothing open baseline lock sweep make id limits");
	assert_true(world.exists);
	assert_int_equal(fake_count(fake_store.policies), 1);
}

static void elsewhere_a_tenant_gets_its_mark_before_its_policy(void **state)
{
	static const char *const steps[] = { "powers", "sweep",	 "make",  "id",
					     "mark",   "limits", "launch" };

	world.elsewhere = true;
	assert_int_equal(attach(true), 0);
	assert_string_equal(world.steps, "resolve rehearse open powers baseline terminals lock "
					 "session sweep make id mark limits launch");
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		reset(NULL);
		world.elsewhere = true;
		world.fails = steps[i];
		assert_int_equal(attach(true), -EIO);
		if (world.exists || fake_left() || world.controllers)
			fail_msg("%s failed; cgroup %d, entries %zu", steps[i], world.exists,
				 fake_left());
	}
}

static void no_tenant_is_below_another(void **state)
{
	struct sn_slot slot = { .policy[0] = { .tenant = "other", .cgroup_id = 99 } };

	world.elsewhere = true;
	world.above = 99;
	bpf_map_update_elem(fake_store.policies, &world.above, &slot, BPF_ANY);
	assert_int_equal(attach(true), -EINVAL);
	assert_false(world.exists);
	assert_int_equal(fake_count(fake_store.policies), 1);
}

static void a_name_is_that_of_one_tenant(void **state)
{
	struct sn_slot slot = { .policy[0] = { .tenant = "t1", .cgroup_id = NAMESAKE } };
	__u64 id = NAMESAKE;

	world.namesake = "/other/t1";
	world.namesake_runs = true;
	bpf_map_update_elem(fake_store.policies, &id, &slot, BPF_ANY);
	assert_int_equal(attach(true), -EINVAL);
	assert_int_equal(fake_count(fake_store.policies), 1);
	world.namesake_runs = false;
	assert_int_equal(attach(true), 0);
	assert_int_equal(fake_count(fake_store.policies), 1);
}

static void where_node_has_no_jit_a_line_says_so(void **state)
{
	assert_int_equal(attach(true), 0);
	assert_string_equal(world.said, "");
	world.no_jit = true;
	assert_int_equal(attach(true), 0);
	assert_string_equal(world.said, "no JIT");
}

static void an_observed_tenant_is_said_to_be_confined_by_nothing(void **state)
{
	for (int starts = 0; starts < 2; starts++) {
		reset(NULL);
		world.observe = true;
		assert_int_equal(attach(starts), 0);
		assert_non_null(strstr(world.said, "NOT CONFINED: --observe"));
		assert_non_null(strstr(world.said, "'t1'"));
	}
}

static void a_warm_tenant_is_said_not_to_be_confined_and_has_a_program(void **state)
{
	world.warm = true;
	assert_int_equal(attach(true), 0);
	assert_non_null(strstr(world.said, "NOT CONFINED: files"));
	assert_non_null(strstr(world.said, "safenode-attach --narrow --cgroup t1"));
	reset(NULL);
	world.warm = true;
	assert_int_equal(attach(false), -EINVAL);
	assert_string_equal(world.said, "");
}

static void the_launcher_learns_what_was_noticed_if_it_is_observed(void **state)
{
	assert_int_equal(attach(true), 0);
	assert_int_equal(world.noticed, 0);
	reset(NULL);
	world.observe = true;
	assert_int_equal(attach(true), 0);
	assert_int_equal(world.noticed, 7);
}

static void whichever_step_fails_nothing_is_left(void **state)
{
	static const char *const steps[] = { "resolve",	  "rehearse", "open",	 "baseline",
					     "terminals", "lock",     "session", "make",
					     "limits",	  "id",	      "launch" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		reset(NULL);
		world.fails = steps[i];
		assert_int_equal(attach(true), -EIO);
		if (world.exists || fake_left() || world.locked || world.controllers)
			fail_msg("%s failed; cgroup %d, entries %zu", steps[i], world.exists,
				 fake_left());
	}
}

static void whichever_change_of_a_map_fails_nothing_is_left(void **state)
{
	int changes;

	assert_int_equal(attach(true), 0);
	changes = fake_changes;
	for (int i = 1; i <= changes; i++) {
		reset(NULL);
		fake_fail_at = i;
		assert_int_equal(attach(true), -ENOMEM);
		if (world.exists || fake_left() || world.controllers)
			fail_msg("change %d of %d failed; cgroup %d, entries %zu", i, changes,
				 world.exists, fake_left());
	}
}

/* It ended and was not detached: it is replaced, but only by one that is known to be good. */
static void an_ended_tenant_is_touched_only_when_all_is_checked(void **state)
{
	struct sn_policy policy;

	assert_int_equal(attach(true), 0);
	world.steps[0] = '\0';
	world.fails = "baseline";
	assert_int_equal(attach(true), -EIO);
	assert_string_equal(world.steps, "resolve rehearse open baseline");
	assert_true(world.exists);
	assert_int_equal(sn_store_get(&fake_store, world.id, &policy), 0);
	assert_int_equal(policy.safe_mode, 1);

	world.fails = NULL;
	world.steps[0] = '\0';
	assert_int_equal(attach(true), 0);
	assert_string_equal(world.steps,
			    "resolve rehearse open baseline terminals lock session sweep id "
			    "remove make id limits launch");
	assert_int_equal(fake_count(fake_store.policies), 1);
}

static void a_running_tenant_is_left_alone(void **state)
{
	assert_int_equal(attach(true), 0);
	world.running = true;
	world.steps[0] = '\0';
	fake_log[0] = '\0';
	assert_int_equal(attach(true), -EINVAL);
	assert_string_equal(world.steps, "resolve rehearse open");
	assert_string_equal(fake_log, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_baseline_is_put_where_it_is_not, reset),
		cmocka_unit_test_setup(everything_is_checked_before_the_lock_and_changed_behind_it,
				       reset),
		cmocka_unit_test_setup(
			a_terminal_that_was_left_open_is_taken_and_one_that_was_named_is_not,
			reset),
		cmocka_unit_test_setup(without_a_command_the_policy_is_written_and_that_is_all,
				       reset),
		cmocka_unit_test_setup(elsewhere_a_tenant_gets_its_mark_before_its_policy, reset),
		cmocka_unit_test_setup(no_tenant_is_below_another, reset),
		cmocka_unit_test_setup(a_name_is_that_of_one_tenant, reset),
		cmocka_unit_test_setup(where_node_has_no_jit_a_line_says_so, reset),
		cmocka_unit_test_setup(an_observed_tenant_is_said_to_be_confined_by_nothing, reset),
		cmocka_unit_test_setup(a_warm_tenant_is_said_not_to_be_confined_and_has_a_program,
				       reset),
		cmocka_unit_test_setup(the_launcher_learns_what_was_noticed_if_it_is_observed,
				       reset),
		cmocka_unit_test_setup(whichever_step_fails_nothing_is_left, reset),
		cmocka_unit_test_setup(whichever_change_of_a_map_fails_nothing_is_left, reset),
		cmocka_unit_test_setup(an_ended_tenant_is_touched_only_when_all_is_checked, reset),
		cmocka_unit_test_setup(a_running_tenant_is_left_alone, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	return failed;
}
