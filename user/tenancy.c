// SPDX-License-Identifier: GPL-2.0-only
/* A tenant's cgroup, mark, limits and policy, as they are made: all of it, or nothing. */
#include <errno.h>
#include <string.h>

#include "cgroup.h"
#include "detach.h"
#include "elsewhere.h"
#include "mark.h"
#include "tenancy.h"

void sn_tenancy_place(struct sn_tenancy *tenancy)
{
	strcpy(tenancy->above, tenancy->cgroup);
	*strrchr(tenancy->above, '/') = '\0';
}

int sn_tenancy_check(const struct sn_tenancy *tenancy, struct sn_err *err)
{
	int ret = sn_cgroup_check_writable(tenancy->above, err);

	if (!ret && tenancy->options->delegated)
		ret = sn_mark_check_powers(tenancy->cgroup, err);
	return ret;
}

/* Does nothing run in @cgroup, which is or was the tenant's? @where tells people, too. */
static int check_idle(const char *tenant, const char *cgroup, const char *where, struct sn_err *err)
{
	const char *users = strchr(tenant, ':'); /* behind the number of a user */
	int running = sn_tenant_is_running(cgroup, tenant, err);

	if (running != 1)
		return running;
	tenant = users ? users + 1 : tenant;
	return sn_fail(err, EINVAL,
		       "tenant '%s' is running%s%s; choose another name, or "
		       "safenode-detach --cgroup %s --kill first",
		       tenant, *where ? ", in " : "", where, tenant);
}

int sn_tenancy_check_idle(const struct sn_tenancy *tenancy, struct sn_err *err)
{
	return check_idle(tenancy->options->tenant, tenancy->cgroup, "", err);
}

static int set_limits(struct sn_tenancy *tenancy, struct sn_err *err)
{
	const struct sn_options *options = tenancy->options;
	const struct sn_limits limits = {
		.memory_max = options->memory_max,
		.cpu_max = options->cpu_max,
		.pids_max = options->pids_max,
	};
	const char *mount = tenancy->enforcer->mount;

	return sn_limits_set(mount, options->delegated ? tenancy->above : mount, tenancy->cgroup,
			     &limits, &tenancy->controllers, err);
}

void sn_tenancy_undo(struct sn_tenancy *tenancy)
{
	struct sn_enforcer *enforcer = tenancy->enforcer;

	if (sn_tenant_remove(enforcer, tenancy->cgroup, NULL) < 0 &&
	    /* the cgroup's id cannot be read: find the policy by its name */
	    sn_store_remove_tenant(&enforcer->store, tenancy->options->tenant, NULL) >= 0)
		sn_cgroup_remove(tenancy->cgroup, NULL);
	sn_controllers_undo(tenancy->cgroup, &tenancy->controllers);
}

/* Replaces @old, which is empty if there was none. */
static int make(struct sn_tenancy *tenancy, const struct sn_policy *old, struct sn_err *err)
{
	struct sn_enforcer *enforcer = tenancy->enforcer;
	struct sn_compiled compiled = {};
	int ret = sn_cgroup_make(tenancy->cgroup, err);

	if (!ret) /* who manages the one above could: what is theirs is no tenant's */
		ret = sn_fail(err, EEXIST, "somebody else made the cgroup %s; try again",
			      tenancy->cgroup);
	if (ret < 0)
		return ret;
	ret = sn_cgroup_id(tenancy->cgroup, &tenancy->cgroup_id, err);
	if (!ret && tenancy->options->delegated)
		ret = sn_elsewhere_mark(enforcer->store.cgroups, tenancy->cgroup_id,
					enforcer->mount, tenancy->cgroup, err);
	if (!ret)
		ret = set_limits(tenancy, err);
	if (!ret)
		ret = tenancy->compile(tenancy->data, &compiled, err);
	if (!ret)
		ret = sn_store_put(&enforcer->store, &compiled, old, err);
	sn_compiled_free(&compiled);
	if (ret)
		sn_tenancy_undo(tenancy);
	return ret;
}

/* No cgroup above may be a tenant's: what is below that is the same tenant. */
static int check_above(const struct sn_tenancy *tenancy, struct sn_err *err)
{
	const struct sn_enforcer *enforcer = tenancy->enforcer;
	sn_autofree char *path = strdup(tenancy->above);
	struct sn_policy policy;
	__u64 id;

	for (; path && strlen(path) > strlen(enforcer->mount); *strrchr(path, '/') = '\0') {
		if (sn_cgroup_id(path, &id, NULL))
			continue;
		if (!sn_store_get(&enforcer->store, id, &policy))
			return sn_fail(err, EINVAL,
				       "%s is the cgroup of tenant '%s', and no tenant can be in "
				       "another; start it from elsewhere",
				       path, policy.tenant);
		if (id == enforcer->state.parent_id)
			return sn_fail(err, EINVAL,
				       "%s is where tenants without --delegated are; leave that "
				       "out, or start it from elsewhere",
				       path);
	}
	return path ? 0 : sn_fail(err, ENOMEM, "out of memory");
}

/* One of this name that is in another cgroup: it has to go as well, for names are unique. */
static int remove_namesake(const struct sn_tenancy *tenancy, struct sn_err *err)
{
	const char *other = tenancy->survey.cgroup;
	int ret;

	if (!strcmp(other, tenancy->cgroup))
		return 0;
	ret = check_idle(tenancy->options->tenant, other, other, err);
	if (!ret)
		ret = sn_tenant_remove(tenancy->enforcer, other, err);
	return ret < 0 && ret != -ENOENT ? ret : 0;
}

/* Once more what was checked, now that no other tool can change it. */
static int check_again(const struct sn_tenancy *tenancy, struct sn_err *err)
{
	int ret = sn_tenancy_check_idle(tenancy, err);

	if (!ret && tenancy->options->delegated)
		ret = check_above(tenancy, err);
	return ret ? ret : remove_namesake(tenancy, err);
}

int sn_tenancy_survey(struct sn_tenancy *tenancy, const char *prefix, struct sn_err *err)
{
	tenancy->survey = (struct sn_survey){
		.tenant = tenancy->options->tenant,
		.prefix = prefix,
	};
	return sn_sweep_and_survey(tenancy->enforcer, &tenancy->survey, err);
}

int sn_tenancy_make(struct sn_tenancy *tenancy, struct sn_err *err)
{
	const struct sn_enforcer *enforcer = tenancy->enforcer;
	struct sn_policy old = {}; /* of a tenant of this name that ended and was not detached */
	int ret = check_again(tenancy, err);

	if (!ret)
		ret = sn_tenant_empty(enforcer, tenancy->cgroup, &old, err);
	if (ret >= 0)
		ret = sn_cgroup_remove(tenancy->cgroup, err);
	if (!ret || ret == -ENOENT)
		ret = make(tenancy, &old, err);
	if (ret)
		sn_store_forget(&enforcer->store, &old, 0, NULL);
	return ret;
}
