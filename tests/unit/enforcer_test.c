// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/enforcer.c over directories in /tmp: what was read before the lock is what is locked, even
 * if safenode is unloaded and loaded anew at any moment in between.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "enforcer.h"
#include "object.h"
#include "pins.h"

/* ---- what is around ---- */

static struct {
	char base[32], pins[64];
	bool anew;	       /* safenode is loaded anew while the tool opens it */
	int fails;	       /* of the state */
	const char *parent;    /* of the tenants, by what is loaded now */
	bool opened_the_store; /* over maps that are in force */
} world;

static const char *pins_instead(const char *path)
{
	return strcmp(path, SN_PIN_DIR) ? path : world.pins;
}

int open(const char *path, int flags, ...)
{
	return openat(AT_FDCWD, pins_instead(path), flags);
}

int stat(const char *path, struct stat *st)
{
	return fstatat(AT_FDCWD, pins_instead(path), st, 0);
}

static void load_anew(void)
{
	char old[64];

	snprintf(old, sizeof(old), "%s/old", world.base);
	assert_return_code(rename(world.pins, old), errno);
	assert_return_code(mkdir(world.pins, 0700), errno);
	assert_return_code(rmdir(old), errno);
	world.parent = "/other";
}

int sn_object_state(struct sn_state *state, struct sn_err *err)
{
	*state = (struct sn_state){};
	if (world.fails)
		return sn_fail(err, world.fails, "the state failed");
	strcpy(state->parent, world.parent);
	if (world.anew)
		load_anew();
	return 0;
}

int sn_pins_state(struct sn_state *state, struct sn_err *err)
{
	*state = (struct sn_state){};
	strcpy(state->parent, world.parent);
	return 0;
}

int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err)
{
	strcpy(path, "/sys/fs/cgroup");
	return 0;
}

int sn_pins_check_whole(struct sn_err *err)
{
	return 0;
}

int sn_store_open(struct sn_store *store, struct sn_err *err)
{
	world.opened_the_store = true;
	return 0;
}

void sn_store_close(struct sn_store *store)
{
}

int sn_elsewhere_find(int map, const char *mount, const char *tenant, __u64 *id,
		      char path[PATH_MAX], struct sn_err *err)
{
	if (strcmp(tenant, "shop") != 0)
		return 0;
	snprintf(path, PATH_MAX, "%s/shop.service/shop", mount);
	return 1;
}

int sn_elsewhere_get(int map, __u64 id, const char *mount, char path[PATH_MAX])
{
	if (id != 7)
		return -ENOENT;
	snprintf(path, PATH_MAX, "%s/shop.service/shop", mount);
	return 0;
}

/* ---- the tests ---- */

static int setup(void **state)
{
	memset(&world, 0, sizeof(world));
	strcpy(world.base, "/tmp/enforcer.XXXXXX");
	world.parent = "/safenode";
	if (!mkdtemp(world.base))
		return -1;
	snprintf(world.pins, sizeof(world.pins), "%s/pins", world.base);
	return mkdir(world.pins, 0700);
}

static int teardown(void **state)
{
	rmdir(world.pins);
	return rmdir(world.base);
}

static int nr_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	assert_non_null(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static void what_is_loaded_is_locked(void **state)
{
	int before = nr_descriptors();
	struct sn_enforcer enforcer;
	struct sn_err err = {};

	assert_int_equal(sn_enforcer_open(&enforcer, &err), 0);
	assert_int_equal(sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, &err), 0);
	assert_true(world.opened_the_store);
	sn_enforcer_close(&enforcer);
	assert_int_equal(nr_descriptors(), before);
}

/* With the parent of before, the tenant's cgroup would be where no program looks. */
static void what_was_replaced_since_it_was_read_is_not_locked(void **state)
{
	struct sn_enforcer enforcer;
	struct sn_err err = {};

	world.anew = true;
	assert_int_equal(sn_enforcer_open(&enforcer, &err), 0);
	assert_string_equal(enforcer.state.parent, "/safenode");
	assert_int_equal(sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, &err), -EAGAIN);
	assert_false(world.opened_the_store);
	sn_enforcer_close(&enforcer);
}

static void after_a_failure_nothing_is_open(void **state)
{
	int before = nr_descriptors();
	struct sn_enforcer enforcer;
	struct sn_err err = {};

	world.fails = EPROTO;
	assert_int_equal(sn_enforcer_open(&enforcer, &err), -EPROTO);
	assert_string_equal(err.text, "the state failed");
	assert_int_equal(nr_descriptors(), before);
}

static void who_only_looks_sees_what_is_not_in_force(void **state)
{
	struct sn_enforcer enforcer;
	struct sn_err err = {};

	world.fails = EPROTO;
	assert_int_equal(sn_enforcer_open_loaded(&enforcer, &err), 0);
	assert_string_equal(enforcer.state.parent, "/safenode");
	assert_int_equal(sn_enforcer_lock(&enforcer, SN_SHARED, &err), 0);
	assert_true(world.opened_the_store);
	sn_enforcer_close(&enforcer);
}

static void a_tenant_is_below_the_parent_if_it_is_not_known_elsewhere(void **state)
{
	struct sn_policy policy = { .tenant = "shop", .cgroup_id = 7 };
	struct sn_enforcer enforcer;
	struct sn_err err = {};
	char path[PATH_MAX];

	assert_int_equal(sn_enforcer_open(&enforcer, &err), 0);
	assert_int_equal(sn_enforcer_find(&enforcer, "blog", path, &err), 0);
	assert_string_equal(path, "/sys/fs/cgroup/safenode/blog");
	assert_int_equal(sn_enforcer_find(&enforcer, "shop", path, &err), 1);
	assert_string_equal(path, "/sys/fs/cgroup/shop.service/shop");
	assert_int_equal(sn_enforcer_cgroup_of(&enforcer, &policy, path, &err), 1);
	assert_string_equal(path, "/sys/fs/cgroup/shop.service/shop");
	policy.cgroup_id = 8; /* another of that name, of before */
	assert_int_equal(sn_enforcer_cgroup_of(&enforcer, &policy, path, &err), 0);
	assert_string_equal(path, "/sys/fs/cgroup/safenode/shop");
	sn_enforcer_close(&enforcer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_only_looks_sees_what_is_not_in_force, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_loaded_is_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_replaced_since_it_was_read_is_not_locked,
						setup, teardown),
		cmocka_unit_test_setup_teardown(after_a_failure_nothing_is_open, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_tenant_is_below_the_parent_if_it_is_not_known_elsewhere, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
