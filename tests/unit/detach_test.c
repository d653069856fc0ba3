// SPDX-License-Identifier: GPL-2.0-only
/* user/detach.c: what a sweep removes, and what it sees on its way. Over maps in memory. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_maps.h"
#include "cgroup.h"
#include "detach.h"
#include "elsewhere.h"

#define GONE 7ULL /* the cgroup with that id */

static struct sn_enforcer maps;

int sn_cgroup_open(const char *mount, const char *path, __u64 id)
{
	return id == GONE ? -ENOENT : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sn_cgroup_populated(const char *path)
{
	return 1;
}

int sn_enforcer_cgroup(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		       struct sn_err *err)
{
	snprintf(path, PATH_MAX, "/cg/safenode/%s", tenant);
	return 0;
}

/* ---- of what a sweep does not do ---- */

int sn_enforcer_open(struct sn_enforcer *enforcer, struct sn_err *err)
{
	abort();
}

int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err)
{
	abort();
}

void sn_enforcer_close(struct sn_enforcer *enforcer)
{
	abort();
}

int sn_enforcer_find(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		     struct sn_err *err)
{
	abort();
}

int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err)
{
	abort();
}

int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	abort();
}

bool sn_cgroup_delegated(const char *path)
{
	abort();
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	abort();
}

int sn_cgroup_remove(const char *path, struct sn_err *err)
{
	abort();
}

int sn_cgroup_kill(const char *path, struct sn_err *err)
{
	abort();
}

/* ---- the tests ---- */

static void there_is(__u64 id, const char *path)
{
	assert_int_equal(sn_elsewhere_put(maps.store.cgroups, id, "/cg", path, NULL), 0);
}

static int reset(void **state)
{
	fake_reset();
	maps = SN_ENFORCER_CLOSED;
	maps.store = fake_store;
	strcpy(maps.mount, "/cg");
	there_is(1, "/cg/a.service/1000:t1");
	there_is(2, "/cg/b.service/1000:t2");
	there_is(3, "/cg/a.service/10000:t1");
	there_is(GONE, "/cg/a.service/1000:t3");
	return 0;
}

static void what_is_gone_is_removed_and_neither_found_nor_counted(void **state)
{
	struct sn_survey survey = { .tenant = "1000:t3", .prefix = "1000:" };

	assert_int_equal(sn_sweep_and_survey(&maps, &survey, NULL), 0);
	assert_int_equal(fake_count(fake_store.cgroups), 3);
	assert_string_equal(survey.cgroup, "/cg/safenode/1000:t3");
	assert_int_equal(survey.nr, 2);
	assert_int_equal(survey.ids[0], 1);
	assert_int_equal(survey.ids[1], 2);
}

static void who_is_there_is_found_by_its_whole_name(void **state)
{
	struct sn_survey survey = { .tenant = "1000:t2", .nr = 9 };

	assert_int_equal(sn_sweep_and_survey(&maps, &survey, NULL), 0);
	assert_string_equal(survey.cgroup, "/cg/b.service/1000:t2");
	assert_int_equal(survey.nr, 0);
	survey.tenant = "t2";
	assert_int_equal(sn_sweep_and_survey(&maps, &survey, NULL), 0);
	assert_string_equal(survey.cgroup, "/cg/safenode/t2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_gone_is_removed_and_neither_found_nor_counted,
				       reset),
		cmocka_unit_test_setup(who_is_there_is_found_by_its_whole_name, reset),
	};

	return cmocka_run_group_tests_name("detach", tests, NULL, NULL);
}
