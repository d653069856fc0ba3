// SPDX-License-Identifier: GPL-2.0-only
/*
 * user/object.c, its unload, over two directories that are variables: wherever it is killed, what
 * it leaves is either loaded or not, and a load or unload goes on from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "kernel.h"
#include "mark.h"
#include "object.h"
#include "pins.h"
#include "trial.h"
#include "upgrade.h"

/* ---- what is around ---- */

static struct {
	bool pins, new;	   /* there are such directories */
	bool tenants;	   /* are left */
	bool stuck;	   /* the pins cannot be removed */
	bool half_removed; /* at some moment, of what counts as loaded */
	int links;	   /* of programs; 60 of them belong there */
	bool loading;	   /* until the lock on loads is free */
	bool detached;	   /* the program on the cgroup, whose link is pinned */
	bool other_version;
	bool parent;	 /* there is the cgroup */
	__u64 parent_id; /* and its id; when safenode was loaded, it was 1 */
} world;

static bool *directory(const char *path)
{
	if (!strcmp(path, SN_PIN_DIR))
		return &world.pins;
	assert_string_equal(path, SN_NEW_DIR);
	return &world.new;
}

int access(const char *path, int mode)
{
	if (strncmp(path, SN_PIN_DIR, strlen(SN_PIN_DIR)))
		return faccessat(AT_FDCWD, path, mode, 0);
	errno = ENOENT;
	return *directory(path) ? 0 : -1;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	assert_int_equal(flags, RENAME_NOREPLACE);
	assert_true(*directory(from));
	assert_false(*directory(to));
	*directory(from) = false;
	*directory(to) = true;
	return 0;
}

int sn_pins_remove(const char *path)
{
	if (!*directory(path))
		return 0;
	if (!strcmp(path, SN_PIN_DIR))
		world.half_removed = true;
	if (world.stuck)
		return -EBUSY;
	*directory(path) = false;
	return 0;
}

int sn_pins_lock_loads(struct sn_err *err)
{
	if (world.loading)
		world.links = 60;
	world.loading = false;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_pins_lock_maps(struct sn_err *err)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool sn_pins_have_entries(const char *map)
{
	return world.tenants;
}

int sn_upgrade_read_state(struct bpf_object *obj, struct sn_state *state, struct sn_err *err)
{
	*state = (struct sn_state){ .abi_version = SN_ABI_VERSION, .parent = "/safenode" };
	return 0;
}

int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err)
{
	strcpy(path, "/sys/fs/cgroup");
	return 0;
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	assert_string_equal(path, "/sys/fs/cgroup/safenode");
	*id = world.parent_id;
	return world.parent ? 0 : -ENOENT;
}

int sn_pins_state(struct sn_state *state, struct sn_err *err)
{
	*state = (struct sn_state){ .programs = 60, .parent = "/safenode", .parent_id = 1 };
	return world.other_version ? sn_fail(err, EPROTO, "of another version; load it") : 0;
}

int sn_pins_check_link(const char *name, __u64 cgroup_id, struct sn_err *err)
{
	assert_int_equal(cgroup_id, 1);
	return world.detached && !strcmp(name, "sn_egress")
		       ? sn_fail(err, EPROTO, "%s is detached; run safenode-load", name)
		       : 0;
}

int sn_pins_check_links(__u64 cgroup_id, struct sn_err *err)
{
	return sn_pins_check_link("sn_egress", cgroup_id, err);
}

int sn_pins_count(const char *path)
{
	assert_string_equal(path, SN_LINKS_DIR);
	return world.links;
}

int sn_cgroup_populated(const char *path)
{
	return 0;
}

int sn_cgroup_remove(const char *path, struct sn_err *err)
{
	assert_string_equal(path, "/sys/fs/cgroup/safenode");
	world.parent = false;
	return 0;
}

/* Only a load calls these. */
#define NOT_CALLED(type, name, ...)       \
	type name(__VA_ARGS__)            \
	{                                 \
		fail_msg("it is called"); \
		return 0;                 \
	}
NOT_CALLED(int, sn_pins_make_new, struct sn_err *err)
NOT_CALLED(int, sn_pins_put_maps, struct bpf_object *obj, const char *dir, struct sn_err *err)
NOT_CALLED(int, sn_pins_put_link, struct bpf_link *link, const char *dir, const char *name,
	   struct sn_err *err)
NOT_CALLED(int, sn_cgroup_make, const char *path, struct sn_err *err)
NOT_CALLED(int, sn_cgroup_kill, const char *path, struct sn_err *err)
NOT_CALLED(int, sn_upgrade_plan, struct bpf_object *obj, const struct sn_state *old,
	   struct sn_upgrade **upgrade, struct sn_err *err)
NOT_CALLED(bool, sn_upgrade_is_needed, const struct sn_upgrade *upgrade)
NOT_CALLED(int, sn_upgrade_carry, struct sn_upgrade *upgrade, struct sn_err *err)
NOT_CALLED(int, sn_upgrade_carry_again, struct sn_upgrade *upgrade, const char *map,
	   struct sn_err *err)

NOT_CALLED(int, sn_pins_put_mark, const struct bpf_program *prog, const char *dir,
	   struct sn_err *err)
NOT_CALLED(__u32, sn_pins_program, const char *path)
NOT_CALLED(int, sn_cgroup_open, const char *mount, const char *path, __u64 id)
NOT_CALLED(int, sn_mark_open, const char *dir, struct sn_mark *mark, struct sn_err *err)
NOT_CALLED(int, sn_mark_put, const struct sn_mark *mark, int cgroup, const char *path,
	   struct sn_err *err)
NOT_CALLED(int, sn_mark_remove_others, const struct sn_mark *mark, int cgroup)
NOT_CALLED(int, sn_elsewhere_each, int map, const char *mount,
	   int (*each)(__u64 id, const char *path, void *data), void *data, struct sn_err *err)

void sn_mark_close(struct sn_mark *mark)
{
}

void sn_upgrade_free(struct sn_upgrade *upgrade)
{
}

/* ---- the tests ---- */

static int reset(void **state)
{
	memset(&world, 0, sizeof(world));
	world.pins = world.parent = true;
	world.parent_id = 1;
	world.links = 60;
	return 0;
}

static void unload_removes_what_does_not_count_as_loaded_any_more(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_object_unload(&err), 0);
	assert_false(world.pins || world.new || world.parent);
	assert_false(world.half_removed);
}

static void unload_goes_on_where_one_has_stopped(void **state)
{
	struct sn_err err = {};

	world.stuck = true;
	assert_int_equal(sn_object_unload(&err), -EBUSY);
	assert_non_null(strstr(err.text, SN_NEW_DIR));
	assert_true(world.parent);
	/* and still does not take that for done */
	assert_int_equal(sn_object_unload(&err), -EBUSY);
	world.stuck = false;
	assert_int_equal(sn_object_unload(&err), 0);
	assert_false(world.pins || world.new);
}

static void while_tenants_are_left_it_changes_nothing(void **state)
{
	struct sn_err err = {};

	world.tenants = true;
	assert_int_equal(sn_object_unload(&err), -EBUSY);
	assert_true(world.pins && world.parent);
}

static void what_is_not_loaded_is_not_unloaded(void **state)
{
	struct sn_err err = {};

	world.pins = false;
	assert_int_equal(sn_object_unload(&err), -ENOENT);
}

/* Unload is no cure: it refuses while tenants are left, and detach refuses without the cgroup. */
static void when_the_parent_was_removed_a_load_is_the_cure(void **state)
{
	struct sn_state found;
	struct sn_err err = {};

	world.parent = false;
	assert_int_equal(sn_object_state(&found, &err), -EPROTO);
	assert_non_null(strstr(err.text, "; run safenode-load"));
	assert_null(strstr(err.text, "--unload"));

	world.parent = true;
	world.parent_id = 2;
	assert_int_equal(sn_object_state(&found, &err), -EPROTO);
	assert_non_null(strstr(err.text, "; run safenode-load"));
	assert_null(strstr(err.text, "--unload"));
}

static void programs_that_are_missing_are_missing(void **state)
{
	struct sn_state found;
	struct sn_err err = {};

	world.links = 59;
	assert_int_equal(sn_object_state(&found, &err), -EPROTO);
	assert_string_equal(err.text, "59 of 60 programs are attached; run safenode-load");
}

static void a_link_that_was_detached_is_missing(void **state)
{
	struct sn_state found;
	struct sn_err err = {};

	world.detached = true;
	assert_int_equal(sn_object_state(&found, &err), -EPROTO);
	assert_string_equal(err.text, "sn_egress is detached; run safenode-load");
}

static void expect_checks(int ret, const char *ids)
{
	struct sn_requirement req[SN_LOADED_CHECKS];
	struct sn_state found;
	char unmet[64] = "";

	assert_int_equal(sn_object_check(&found, req), ret);
	for (int i = 0; i < SN_LOADED_CHECKS; i++) {
		assert_true(req[i].needed);
		if (!req[i].met)
			strcat(strcat(unmet, " "), req[i].id);
		assert_int_equal(req[i].met, !*req[i].cure);
	}
	assert_string_equal(unmet, ids);
}

static void each_thing_that_is_missing_is_told_with_its_cure(void **state)
{
	expect_checks(0, "");
	world.detached = true;
	expect_checks(-EPROTO, " programs");
	world.parent_id = 2;
	expect_checks(-EPROTO, " parent programs");
	world.detached = false;
	expect_checks(-EPROTO, " parent");
	world.other_version = true;
	expect_checks(-EPROTO, " loaded parent programs");
	reset(NULL);
	world.links = 59;
	expect_checks(-EPROTO, " programs");
	world.loading = true;
	expect_checks(0, "");
}

/* Between two steps of it, the links are those of one version and the state that of another. */
static void a_load_that_is_at_work_is_waited_for(void **state)
{
	struct sn_state found;
	struct sn_err err = {};

	world.links = 59;
	world.loading = true;
	assert_int_equal(sn_object_state(&found, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unload_removes_what_does_not_count_as_loaded_any_more,
				       reset),
		cmocka_unit_test_setup(unload_goes_on_where_one_has_stopped, reset),
		cmocka_unit_test_setup(while_tenants_are_left_it_changes_nothing, reset),
		cmocka_unit_test_setup(what_is_not_loaded_is_not_unloaded, reset),
		cmocka_unit_test_setup(when_the_parent_was_removed_a_load_is_the_cure, reset),
		cmocka_unit_test_setup(programs_that_are_missing_are_missing, reset),
		cmocka_unit_test_setup(a_link_that_was_detached_is_missing, reset),
		cmocka_unit_test_setup(each_thing_that_is_missing_is_told_with_its_cure, reset),
		cmocka_unit_test_setup(a_load_that_is_at_work_is_waited_for, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
