// SPDX-License-Identifier: GPL-2.0-only
/* user/elsewhere.c: where a new cgroup goes, and what the map says of those that are there. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "fake_maps.h"
#include "mark.h"
#include "pins.h"

static const char *delegated; /* this cgroup is */
static const char *own;

bool sn_cgroup_delegated(const char *path)
{
	return delegated && !strcmp(path, delegated);
}

int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	strcpy(path, own);
	return 0;
}

/* ---- what marks a cgroup ---- */

static char steps[64];
static const char *failing;

static int step(const char *name, struct sn_err *err)
{
	strcat(strcat(steps, name), " ");
	return failing && !strcmp(failing, name) ? sn_fail(err, EPERM, "%s fails", name) : 0;
}

int sn_cgroup_open(const char *mount, const char *path, __u64 id)
{
	return step("open", NULL) ?: open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_mark_open(const char *dir, struct sn_mark *mark, struct sn_err *err)
{
	*mark = SN_MARK_CLOSED;
	assert_string_equal(dir, SN_LINKS_DIR);
	return step("program", err);
}

/* With the mark and no note the next load would not give its own mark to that cgroup. */
int sn_mark_put(const struct sn_mark *mark, int cgroup, const char *path, struct sn_err *err)
{
	assert_return_code(fcntl(cgroup, F_GETFD), errno);
	assert_string_equal(path, "/cg/a/shop");
	assert_int_equal(fake_left(), 1);
	return step("mark", err);
}

void sn_mark_close(struct sn_mark *mark)
{
	strcat(steps, "close ");
}

static void expect_below(const char *is_delegated, const char *caller, const char *expected)
{
	struct sn_err err = {};
	char path[PATH_MAX];

	delegated = is_delegated;
	own = caller;
	assert_int_equal(sn_elsewhere_choose("/cg", "shop", path, &err), 0);
	assert_string_equal(path, expected);
}

static void it_is_a_leaf_below_the_callers_or_beside_the_callers_leaf(void **state)
{
	expect_below(NULL, "/cg/a.service", "/cg/a.service/shop");
	expect_below("/cg/a.service", "/cg/a.service", "/cg/a.service/shop");
	expect_below("/cg/a.service", "/cg/a.service/server", "/cg/a.service/shop");
	/* no leaf of what was delegated, but something that is managed below it: a user's unit */
	expect_below("/cg/user.service", "/cg/user.service/app.slice/a.service",
		     "/cg/user.service/app.slice/a.service/shop");
	/* what was delegated to the caller itself, in something that was */
	expect_below("/cg/a.service/inner", "/cg/a.service/inner", "/cg/a.service/inner/shop");
	expect_below(NULL, "/cg", "/cg/shop");
}

static void what_is_too_long_is_refused(void **state)
{
	char path[PATH_MAX] = "/cg/", longer[SN_CGROUP_MAX + 8];
	struct sn_err err = {};

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	strcat(path, longer);
	assert_int_equal(sn_elsewhere_put(fake_store.cgroups, 1, "/cg", path, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "less deep"));
	assert_int_equal(fake_left(), 0);
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	delegated = NULL;
	assert_int_equal(sn_elsewhere_below("/cg", path, "shop", path, &err), -ENAMETOOLONG);
}

static void put(__u64 id, const char *path)
{
	assert_int_equal(sn_elsewhere_put(fake_store.cgroups, id, "/cg", path, NULL), 0);
}

static void what_was_put_is_found_by_id_and_by_name(void **state)
{
	char path[PATH_MAX];
	struct sn_err err = {};
	__u64 id;

	put(1, "/cg/a.service/shop");
	put(2, "/cg/b.service/workshop");
	assert_int_equal(sn_elsewhere_get(fake_store.cgroups, 1, "/cg", path), 0);
	assert_string_equal(path, "/cg/a.service/shop");
	/* mounted elsewhere by now */
	assert_int_equal(sn_elsewhere_get(fake_store.cgroups, 1, "/sys/fs/cgroup", path), 0);
	assert_string_equal(path, "/sys/fs/cgroup/a.service/shop");
	assert_int_equal(sn_elsewhere_get(fake_store.cgroups, 3, "/cg", path), -ENOENT);
	assert_int_equal(sn_elsewhere_find(fake_store.cgroups, "/cg", "shop", &id, path, &err), 1);
	assert_int_equal(id, 1);
	assert_int_equal(sn_elsewhere_find(fake_store.cgroups, "/cg", "workshop", &id, path, &err),
			 1);
	assert_string_equal(path, "/cg/b.service/workshop");
	assert_int_equal(sn_elsewhere_find(fake_store.cgroups, "/cg", "a.service", &id, path, &err),
			 0);
}

static int remove_it(__u64 id, const char *path, void *data)
{
	++*(int *)data;
	assert_int_equal(bpf_map_delete_elem(fake_store.cgroups, &id), 0);
	return 0;
}

static int stop_there(__u64 id, const char *path, void *data)
{
	return id == 3 ? -EIO : 0;
}

static void who_goes_through_them_may_remove_them(void **state)
{
	int seen = 0;

	for (__u64 id = 1; id <= 100; id++)
		put(id, "/cg/a.service/shop");
	assert_int_equal(sn_elsewhere_each(fake_store.cgroups, "/cg", stop_there, NULL, NULL),
			 -EIO);
	assert_int_equal(sn_elsewhere_each(fake_store.cgroups, "/cg", remove_it, &seen, NULL), 0);
	assert_int_equal(seen, 100);
	assert_int_equal(fake_left(), 0);
}

static void a_full_map_says_so(void **state)
{
	struct sn_err err = {};

	fake_fail_at = 1;
	fake_error = E2BIG;
	assert_int_equal(sn_elsewhere_put(fake_store.cgroups, 1, "/cg", "/cg/a/shop", &err),
			 -ENOSPC);
	assert_non_null(strstr(err.text, "'cgroups': it is full"));
}

static void expect_marked(const char *fails, int expected, const char *expected_steps)
{
	struct sn_err err = {};

	failing = fails;
	steps[0] = '\0';
	assert_int_equal(sn_elsewhere_mark(fake_store.cgroups, 1, "/cg", "/cg/a/shop", &err),
			 expected);
	assert_string_equal(steps, expected_steps);
	assert_int_equal(!err.text[0], !expected);
}

static void a_cgroup_is_noted_before_it_has_the_mark(void **state)
{
	expect_marked(NULL, 0, "open program mark close ");
	expect_marked("program", -EPERM, "open program close ");
	expect_marked("mark", -EPERM, "open program mark close ");
	fake_reset();
	expect_marked("open", -EPERM, "open ");
	assert_int_equal(fake_left(), 0);
	fake_fail_at = 1;
	fake_error = E2BIG;
	expect_marked(NULL, -ENOSPC, "open ");
}

static int reset(void **state)
{
	fake_reset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_is_a_leaf_below_the_callers_or_beside_the_callers_leaf,
				       reset),
		cmocka_unit_test_setup(what_is_too_long_is_refused, reset),
		cmocka_unit_test_setup(what_was_put_is_found_by_id_and_by_name, reset),
		cmocka_unit_test_setup(who_goes_through_them_may_remove_them, reset),
		cmocka_unit_test_setup(a_full_map_says_so, reset),
		cmocka_unit_test_setup(a_cgroup_is_noted_before_it_has_the_mark, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
