// SPDX-License-Identifier: GPL-2.0-only
/* user/ended.c: which tenants have ended, over cgroups that are rows of a table. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup.h"
#include "detach.h"
#include "ended.h"

static struct tenant {
	const char *name;
	int populated; /* of its cgroup; or a negative errno */
	const char *usage;
	__u64 found; /* the id of what is at its path */
	bool removed;
} tenants[8];
static const char *fails; /* the tenant that cannot be removed */

static struct tenant *tenant_at(const char *path)
{
	for (struct tenant *tenant = tenants; tenant->name; tenant++)
		if (!strcmp(path + strlen("/c/"), tenant->name))
			return tenant;
	fail_msg("no cgroup %s", path);
	return NULL;
}

int sn_store_each(const struct sn_store *store,
		  int (*each)(const struct sn_policy *policy, void *data), void *data,
		  struct sn_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && tenants[i].name; i++) {
		struct sn_policy policy = { .cgroup_id = i + 1 };

		if (tenants[i].removed)
			continue;
		snprintf(policy.tenant, sizeof(policy.tenant), "%s", tenants[i].name);
		ret = each(&policy, data);
	}
	return ret;
}

int sn_enforcer_cgroup_of(const struct sn_enforcer *enforcer, const struct sn_policy *policy,
			  char path[PATH_MAX], struct sn_err *err)
{
	snprintf(path, PATH_MAX, "/c/%s", policy->tenant);
	return 0;
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	*id = tenant_at(path)->found;
	return *id ? 0 : -ENOENT;
}

int sn_cgroup_populated(const char *path)
{
	return tenant_at(path)->populated;
}

int sn_cgroup_read(const char *path, const char *file, char *line, int size)
{
	assert_string_equal(file, "cpu.stat");
	if (!tenant_at(path)->usage)
		return -ENOENT;
	snprintf(line, size, "usage_usec %s", tenant_at(path)->usage);
	return 0;
}

int sn_tenant_remove(const struct sn_enforcer *enforcer, const char *cgroup, struct sn_err *err)
{
	if (fails && !strcmp(tenant_at(cgroup)->name, fails))
		return sn_fail(err, EBUSY, "busy");
	tenant_at(cgroup)->removed = true;
	return 1;
}

static int reset(void **state)
{
	const struct tenant all[] = {
		{ "runs", 1, "5", 1 },	     { "ended", 0, "5", 2 },
		{ "never", 0, "0", 3 },	     { "1000:ended", 0, "0", 4 },
		{ "1000:runs", 1, "5", 5 },  { "replaced", 0, "5", 99 },
		{ "pods/ended", 0, "5", 7 }, {},
	};

	memcpy(tenants, all, sizeof(all));
	fails = NULL;
	return 0;
}

static void those_that_have_ended_go(void **state)
{
	struct sn_enforcer enforcer = {};

	assert_int_equal(sn_ended_any(&enforcer, NULL), 1);
	assert_int_equal(sn_ended_remove(&enforcer, NULL), 2);
	assert_true(tenants[1].removed && tenants[3].removed);
	assert_int_equal(sn_ended_any(&enforcer, NULL), 0);
	assert_int_equal(sn_ended_remove(&enforcer, NULL), 0);
}

static void what_cannot_be_told_stays(void **state)
{
	struct sn_enforcer enforcer = {};

	tenants[1].populated = -EIO;
	tenants[3].found = 0;
	tenants[5].usage = NULL;
	assert_int_equal(sn_ended_remove(&enforcer, NULL), 0);
}

static void one_that_cannot_be_removed_is_told(void **state)
{
	struct sn_enforcer enforcer = {};
	struct sn_err err = {};

	fails = "ended";
	assert_int_equal(sn_ended_remove(&enforcer, &err), -EBUSY);
	assert_string_equal(err.text, "busy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(those_that_have_ended_go, reset),
		cmocka_unit_test_setup(what_cannot_be_told_stays, reset),
		cmocka_unit_test_setup(one_that_cannot_be_removed_is_told, reset),
	};

	return cmocka_run_group_tests_name("ended", tests, NULL, NULL);
}
