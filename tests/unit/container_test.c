// SPDX-License-Identifier: GPL-2.0-only
/* user/container.c: what is checked before anything is changed, in which order that is, and what a
 * failure leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "cgroup.h"
#include "container.h"
#include "detach.h"
#include "elsewhere.h"
#include "engine.h"
#include "enforcer.h"
#include "rootfs.h"
#include "scratch.h"

#define CGROUP 77ULL

static char steps[256]; /* what was done, in its order */
static const char *fails;
static struct sn_policy put;
static char noted[PATH_MAX];
static uid_t euid;

static int step(const char *name, struct sn_err *err)
{
	snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "%s ", name);
	return fails && !strcmp(name, fails) ? sn_fail(err, EIO, "no %s", name) : 0;
}

uid_t geteuid(void)
{
	return euid;
}

int sn_enforcer_open(struct sn_enforcer *enforcer, struct sn_err *err)
{
	*enforcer = SN_ENFORCER_CLOSED;
	strcpy(enforcer->mount, "/cg");
	return step("open", err);
}

int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err)
{
	return step("lock", err);
}

void sn_enforcer_close(struct sn_enforcer *enforcer)
{
	step("close", NULL);
}

int sn_cgroup_of(pid_t pid, const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	assert_int_equal(pid, getpid());
	strcpy(path, "/cg/pod/c1");
	return step("of", err);
}

int sn_cgroup_check_alone(const char *path, pid_t pid, struct sn_err *err)
{
	return step("alone", err);
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	*id = CGROUP;
	return 0;
}

int sn_gather_cgroup(struct sn_gathered *gathered, const char *mount, const char *cgroup,
		     struct sn_err *err)
{
	return step("cgroup", err);
}

void sn_gathered_free(struct sn_gathered *gathered)
{
	sn_rules_free(&gathered->own);
}

int sn_rootfs_open(const struct sn_bundle *bundle, struct sn_err *err)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_rootfs_gather(int root, const struct sn_bundle *bundle, struct sn_gathered *named,
		     __u32 *layers, struct sn_err *err)
{
	strcpy(named->directory, named->options->directory);
	*layers = 5;
	return step("rootfs", err);
}

int sn_sweep_gone(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	return step("sweep", err);
}

int sn_elsewhere_mark(int map, __u64 id, const char *mount, const char *path, struct sn_err *err)
{
	assert_true(id == CGROUP);
	strcpy(noted, path);
	return step("mark", err);
}

int sn_store_put(const struct sn_store *store, const struct sn_compiled *compiled,
		 const struct sn_policy *old, struct sn_err *err)
{
	put = compiled->policy;
	return step("put", err);
}

int sn_store_forget(const struct sn_store *store, const struct sn_policy *policy, __u64 keep,
		    struct sn_err *err)
{
	assert_true(policy->cgroup_id == CGROUP);
	return step("forget", NULL);
}

/* ---- the tests ---- */

static struct sn_err err;

static int make(const char *config, const char *floor)
{
	struct sn_bundle bundle = {};
	int ret;

	steps[0] = '\0';
	err.text[0] = '\0';
	describe(&bundle, config);
	bundle.pid = getpid();
	if (floor)
		make_script("floor", floor);
	if (floor)
		chmod(at("floor"), 0644);
	ret = sn_container_make(&bundle, at(floor ? "floor" : "none"), &err);
	sn_bundle_free(&bundle);
	return ret;
}

#define SAFE NOTES("\"safenode.safe-mode\":\"true\"")
#define ALL  "open of alone cgroup rootfs lock sweep mark put close "

static void the_policy_comes_behind_the_mark(void **state)
{
	assert_int_equal(make(SAFE, NULL), 0);
	assert_string_equal(steps, ALL);
	assert_string_equal(put.tenant, "container/c1");
	assert_string_equal(put.directory, "/app");
	assert_true(put.safe_mode && put.runtime_init);
	assert_false(put.observe);
	assert_int_equal(put.layers_dev, 5);
	assert_true(put.cgroup_id == CGROUP);
	/* it is nobody's name */
	assert_string_equal(noted, "/cg/pod/c1/.");
}

static void a_floor_is_enough(void **state)
{
	assert_int_equal(make(CONFIG("", ""), "safe-mode\nrestricted-outgoing-addresses ::/0\n"),
			 0);
	assert_string_equal(steps, ALL);
	assert_string_equal(put.restricted_outgoing_addresses, "::/0");
	assert_int_equal(make(NOTES("\"safenode.restricted-outgoing-addresses\":\"10.0.0.0/8\""),
			      "safe-mode\nrestricted-outgoing-addresses ::/0\n"),
			 -EINVAL);
	assert_null(strstr(steps, "lock"));
}

static void what_is_wrong_changes_nothing(void **state)
{
	assert_int_equal(make(CONFIG("", ""), NULL), -EINVAL);
	assert_non_null(strstr(err.text, "nothing says how to confine"));
	assert_string_equal(steps, "close ");
	assert_int_equal(make(NOTES("\"safenode.safe\":\"true\""), "safe-mode\n"), -EINVAL);
	assert_string_equal(steps, "close ");
	assert_int_equal(make(SAFE, "safe-mode\nobserve\n"), -EINVAL);
	assert_string_equal(steps, "close ");
	euid = 1000;
	assert_int_equal(make(SAFE, NULL), -EINVAL);
	assert_non_null(strstr(err.text, "as root"));
	euid = 0;
}

static void a_failed_step_leaves_nothing(void **state)
{
	static const struct {
		const char *fails, *steps;
	} all[] = {
		{ "open", "open close " },
		{ "alone", "open of alone close " },
		{ "rootfs", "open of alone cgroup rootfs close " },
		{ "lock", "open of alone cgroup rootfs lock close " },
		{ "mark", "open of alone cgroup rootfs lock sweep mark forget close " },
		{ "put", "open of alone cgroup rootfs lock sweep mark put forget close " },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fails = all[i].fails;
		assert_int_equal(make(SAFE, NULL), -EIO);
		assert_string_equal(steps, all[i].steps);
		assert_non_null(strstr(err.text, "no "));
	}
	fails = "of"; /* version 1 */
	assert_int_equal(make(SAFE, NULL), -EINVAL);
	assert_non_null(strstr(err.text, "cgroup v2"));
	fails = NULL;
}

static int begin(void **state)
{
	struct stat ns;

	if (scratch_begin(state))
		return -1;
	/* the hook refuses an engine that is root of a user namespace, as these tests may be */
	if (!stat("/proc/self/ns/user", &ns) && ns.st_ino == 0xeffffffd)
		return 0;
	print_message("skipped: in a user namespace\n");
	return 1;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, scratch_end)
	const struct CMUnitTest tests[] = {
		TEST(the_policy_comes_behind_the_mark),
		TEST(a_floor_is_enough),
		TEST(what_is_wrong_changes_nothing),
		TEST(a_failed_step_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
