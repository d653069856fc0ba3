// SPDX-License-Identifier: GPL-2.0-only
/* All that can be told of what is loaded and of the tenants, for any form of it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "enforcer.h"
#include "kernel.h"
#include "logclient.h"
#include "mark.h"
#include "object.h"
#include "pins.h"
#include "status.h"

/* ---- checks ---- */

static void add_check(const struct sn_requirement *req, void *data)
{
	struct sn_status *status = data;

	if (status->nr_checks < SN_STATUS_CHECKS_MAX)
		status->checks[status->nr_checks++] = *req;
}

/* What the tools themselves would say if it failed. */
static int add_result(struct sn_status *status, const char *id, const char *what, int ret,
		      const struct sn_err *err)
{
	struct sn_requirement req = { .id = id, .what = what, .met = true, .needed = true };

	if (ret)
		sn_requirement_unmet(&req, err);
	else
		snprintf(req.found, sizeof(req.found), "yes");
	add_check(&req, status);
	return ret;
}

static bool has_drifted(const struct sn_tenant *tenant)
{
	return tenant->drifts;
}

static bool is_observed(const struct sn_tenant *tenant)
{
	return tenant->policy.safe_mode && tenant->policy.observe;
}

static bool is_warm(const struct sn_tenant *tenant)
{
	return tenant->policy.safe_mode && tenant->policy.warm;
}

#define NAMES_MAX (3 * SN_TENANT_MAX + 64)

/* The first names: "shop, blog and 3 more"; "" without one */
static void name_tenants(const struct sn_status *status,
			 bool (*is_one)(const struct sn_tenant *tenant), char text[NAMES_MAX])
{
	size_t nr = 0, len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < status->nr_tenants; i++) {
		if (!is_one(&status->tenants[i]) || nr++ >= 3)
			continue;
		len += snprintf(text + len, NAMES_MAX - len, "%s%s", len ? ", " : "",
				status->tenants[i].policy.tenant);
	}
	if (nr > 3)
		snprintf(text + len, NAMES_MAX - len, " and %zu more", nr - 3);
}

/* It weakens: what the policy refuses is refused all the same. */
static void check_limits(struct sn_status *status)
{
	struct sn_requirement req = { .id = "limits", .what = "limits that were set" };
	char names[NAMES_MAX];

	name_tenants(status, has_drifted, names);
	req.met = !names[0];
	snprintf(req.found, sizeof(req.found), "%s%.200s", req.met ? "hold" : "hold no longer for ",
		 names);
	if (!req.met)
		snprintf(req.cure, sizeof(req.cure),
			 "safenode-status TENANT names them; write them to the files again, or "
			 "end the tenant and attach it anew");
	add_check(&req, status);
}

static void check_observed(struct sn_status *status)
{
	struct sn_requirement req = { .id = "observed", .what = "all tenants are confined" };
	char names[NAMES_MAX];

	name_tenants(status, is_observed, names);
	req.met = !names[0];
	if (req.met)
		strcpy(req.found, "yes");
	else
		snprintf(req.found, sizeof(req.found), "nothing is refused to %.200s", names);
	if (!req.met)
		strcpy(req.cure, "end them and attach them anew without --observe");
	add_check(&req, status);
}

static void check_warm(struct sn_status *status)
{
	struct sn_requirement req = { .id = "warm", .what = "no tenant is warm" };
	char names[NAMES_MAX];

	name_tenants(status, is_warm, names);
	req.met = !names[0];
	if (req.met)
		strcpy(req.found, "yes");
	else
		snprintf(req.found, sizeof(req.found),
			 "files, native code and addresses are left to %.200s", names);
	if (!req.met)
		strcpy(req.cure, "safenode-attach --narrow confines them, or end them");
	add_check(&req, status);
}

static bool is_unmarked(const struct sn_tenant *tenant)
{
	return tenant->unmarked;
}

/* Looks at those that are there; where one cannot be looked at, the error is returned. */
static int look_for_marks(struct sn_status *status)
{
	struct sn_mark mark;
	int ret = sn_mark_open(SN_LINKS_DIR, &mark, NULL);

	for (size_t i = 0; i < status->nr_tenants && ret >= 0; i++) {
		struct sn_tenant *tenant = &status->tenants[i];
		sn_autoclose int cgroup = -1;

		if (!tenant->elsewhere || !tenant->there)
			continue;
		cgroup = open(tenant->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cgroup >= 0)
			ret = sn_mark_is_there(&mark, cgroup);
		tenant->unmarked = cgroup >= 0 && !ret;
	}
	sn_mark_close(&mark);
	return ret < 0 ? ret : 0;
}

/* By them the programs know tenants that are not below the parent. */
static void check_marks(struct sn_status *status)
{
	struct sn_requirement req = { .id = "marks", .what = "marks of tenants' cgroups" };
	char names[NAMES_MAX];
	int ret = look_for_marks(status);

	name_tenants(status, is_unmarked, names);
	req.met = !names[0] && !ret;
	req.needed = names[0];
	if (req.met)
		strcpy(req.found, "all are there");
	else if (req.needed)
		snprintf(req.found, sizeof(req.found), "missing for %.200s", names);
	else
		snprintf(req.found, sizeof(req.found), "not known: %s", strerror(-ret));
	if (!req.met)
		strcpy(req.cure, req.needed ? "run safenode-load"
					    : "to see them takes CAP_NET_ADMIN, and safenode-load");
	add_check(&req, status);
}

int sn_status_in_force(const struct sn_status *status, struct sn_err *err)
{
	struct sn_err why;
	size_t i;

	for (i = 0; i < status->nr_checks; i++)
		if (status->checks[i].needed && !status->checks[i].met)
			break;
	if (i == status->nr_checks)
		return 0;
	sn_requirement_fail(&status->checks[i], &why);
	return sn_fail(err, ENOSYS, "not in force: %.490s", why.text);
}

/* ---- what is in the maps ---- */

struct reading {
	const struct sn_status_query *query;
	struct sn_status *status;
	const struct sn_enforcer *enforcer;
	size_t room;
	struct sn_err *err;
};

static int out_of_memory(struct sn_err *err)
{
	return sn_fail(err, ENOMEM, "out of memory");
}

static struct sn_tenant *new_tenant(struct reading *reading)
{
	struct sn_status *status = reading->status;

	if (status->nr_tenants == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 8;
		struct sn_tenant *more = reallocarray(status->tenants, room, sizeof(*more));

		if (!more)
			return NULL;
		status->tenants = more;
		reading->room = room;
	}
	status->tenants[status->nr_tenants] = (struct sn_tenant){};
	return &status->tenants[status->nr_tenants++];
}

static bool is_asked_for(const struct sn_status_query *query, const char *tenant)
{
	if (query->user && strncmp(query->user, tenant, strlen(query->user)) != 0)
		return false;
	return !query->tenant || !strcmp(query->tenant, tenant);
}

static int read_tenant(const struct sn_policy *policy, void *data)
{
	struct reading *reading = data;
	const struct sn_store *store = &reading->enforcer->store;
	struct sn_tenant *tenant;
	char path[PATH_MAX];
	int ret;

	if (!is_asked_for(reading->query, policy->tenant))
		return 0;
	ret = sn_enforcer_cgroup_of(reading->enforcer, policy, path, reading->err);
	if (ret < 0)
		return ret;
	tenant = new_tenant(reading);
	if (!tenant)
		return out_of_memory(reading->err);
	tenant->policy = *policy;
	tenant->elsewhere = ret;
	tenant->cgroup = strdup(path);
	sn_store_count(store, policy->cgroup_id, &tenant->counters);
	if (!tenant->cgroup)
		return out_of_memory(reading->err);
	return reading->query->options
		       ? sn_store_rules(store, policy->scope, &tenant->own, reading->err)
		       : 0;
}

/* -EPROTO is what a load left that was killed; policies and counters can be read all the same. */
static int lock_and_open(struct sn_enforcer *enforcer, enum sn_sharing sharing,
			 struct sn_status *status, struct sn_err *err)
{
	int ret = sn_enforcer_lock(enforcer, sharing, err);
	struct sn_err why = {};

	if (ret == -EAGAIN)
		return ret;
	add_result(status, "whole", "the programs of one load", sn_pins_check_whole(&why), &why);
	sn_store_close(&enforcer->store);
	ret = sn_store_open(&enforcer->store, err);
	return add_result(status, "maps", "pinned maps", ret, err);
}

static int read_maps(const struct sn_status_query *query, struct sn_status *status,
		     struct sn_err *err)
{
	struct sn_enforcer enforcer;
	struct reading reading = {
		.query = query, .status = status, .enforcer = &enforcer, .err = err
	};
	int ret = sn_enforcer_open_loaded(&enforcer, err);

	if (!ret)
		ret = lock_and_open(&enforcer, query->user ? SN_EXCLUSIVE : SN_SHARED, status, err);
	if (!ret) {
		status->known = true;
		strcpy(status->mount, enforcer.mount);
		if (!query->user)
			sn_store_count(&enforcer.store, 0, &status->without_policy);
		ret = sn_store_each(&enforcer.store, read_tenant, &reading, err);
	} else if (ret != -EAGAIN) {
		ret = 0; /* what is missing was told */
	}
	sn_enforcer_close(&enforcer);
	return ret;
}

/* ---- what is in the cgroups ---- */

/* With another id, the cgroup was removed by hand, and the name was used again. */
static bool is_its_own(const struct sn_tenant *tenant)
{
	__u64 id;

	return !sn_cgroup_id(tenant->cgroup, &id, NULL) && id == tenant->policy.cgroup_id;
}

/* As the options name them; they last as long as @text. */
struct named {
	struct sn_options options;
	char text[SN_GROUPS_MAX][SN_TENANT_MAX];
};

static void name_groups(const struct sn_usage *usage, struct named *named)
{
	size_t nr = 0;

	for (size_t i = 0; i < usage->nr_groups && nr < SN_GROUPS_MAX; i++) {
		const struct group *group;

		if (usage->groups[i] == usage->group)
			continue;
		group = getgrgid(usage->groups[i]);
		if (group)
			snprintf(named->text[nr], SN_TENANT_MAX, "%s", group->gr_name);
		else
			snprintf(named->text[nr], SN_TENANT_MAX, "%u", usage->groups[i]);
		named->options.groups[nr] = named->text[nr];
		named->options.nr_groups = ++nr;
	}
}

static int add_account(struct sn_tenant *tenant)
{
	struct named named = {};
	char number[16];

	snprintf(number, sizeof(number), "%u", tenant->usage.user);
	named.options.user = tenant->user ? (char *)tenant->user : number;
	name_groups(&tenant->usage, &named);
	return sn_inforce_add_unmapped(&tenant->inforce, &named.options);
}

static int add_options(struct sn_tenant *tenant)
{
	int ret = sn_inforce_add_policy(&tenant->inforce, &tenant->policy, &tenant->own,
					tenant->cgroup);

	if (!ret && tenant->usage.has_user)
		ret = add_account(tenant);
	if (!ret)
		ret = sn_inforce_add_limits(&tenant->inforce, tenant->cgroup);
	sn_inforce_sort(&tenant->inforce);
	return ret;
}

static int look_at_cgroup(const struct sn_status_query *query, struct sn_status *status,
			  struct sn_tenant *tenant)
{
	int ret;

	tenant->there = is_its_own(tenant);
	ret = sn_usage_read(tenant->there ? tenant->cgroup : "", &tenant->usage);
	if (ret)
		return ret;
	tenant->running = tenant->there && sn_cgroup_populated(tenant->cgroup) == 1;
	if (tenant->there)
		tenant->drifts = sn_limits_drift(tenant->cgroup, tenant->drift, SN_DRIFTS_MAX);
	if (tenant->usage.has_user)
		tenant->user = sn_names_user(&status->names, tenant->usage.user);
	return query->options ? add_options(tenant) : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct sn_tenant *x = a, *y = b;
	int order = strcmp(x->policy.tenant, y->policy.tenant);

	/* two of one name: the older one's cgroup was removed by hand */
	return order ? order
		     : (x->policy.cgroup_id > y->policy.cgroup_id) -
			       (x->policy.cgroup_id < y->policy.cgroup_id);
}

static int look_at_cgroups(const struct sn_status_query *query, struct sn_status *status,
			   struct sn_err *err)
{
	for (size_t i = 0; i < status->nr_tenants; i++)
		if (look_at_cgroup(query, status, &status->tenants[i]))
			return out_of_memory(err);
	if (status->nr_tenants)
		qsort(status->tenants, status->nr_tenants, sizeof(*status->tenants), by_name);
	return 0;
}

/* ---- the last refusals ---- */

/* By name, and of two with one name the one whose cgroup it was. */
static int take_last(const struct sn_event *ev, void *data)
{
	struct sn_status *status = data;
	struct sn_tenant key = { .policy.cgroup_id = ev->cgroup_id }, *tenant;

	snprintf(key.policy.tenant, SN_TENANT_MAX, "%.*s", SN_TENANT_MAX - 1, ev->tenant);
	tenant = bsearch(&key, status->tenants, status->nr_tenants, sizeof(key), by_name);
	if (tenant) {
		tenant->last = *ev;
		tenant->has_last = true;
	}
	return 0;
}

/* From the service that keeps events, if it runs; without it nothing is known of them. */
static void read_lasts(struct sn_status *status)
{
	status->reader = !sn_logclient_lasts(take_last, status, NULL);
}

/* ---- all together ---- */

static int collect(const struct sn_status_query *query, struct sn_status *status,
		   struct sn_err *err)
{
	struct sn_requirement loaded[SN_LOADED_CHECKS];
	int ret;

	*status = (struct sn_status){ .of_user = query->user };
	sn_kernel_check(false, add_check, status, NULL);
	sn_object_check(&status->state, loaded);
	for (int i = 0; i < SN_LOADED_CHECKS && (!i || loaded[0].met); i++)
		add_check(&loaded[i], status);
	ret = loaded[0].met ? read_maps(query, status, err) : 0;
	if (!ret)
		ret = look_at_cgroups(query, status, err);
	if (ret)
		return ret;
	if (status->known) {
		check_marks(status);
		check_limits(status);
		check_observed(status);
		check_warm(status);
	}
	if (query->lasts)
		read_lasts(status);
	if (query->maps)
		status->nr_maps = sn_fill_read(status->maps);
	status->in_force = !sn_status_in_force(status, NULL);
	if (query->tenant && status->known && !status->nr_tenants)
		return sn_fail(err, ENOENT, "no tenant '%s'; see safenode-status", query->tenant);
	return 0;
}

int sn_status_collect(const struct sn_status_query *query, struct sn_status *status,
		      struct sn_err *err)
{
	int ret;

	*status = (struct sn_status){};
	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	ret = collect(query, status, err);
	if (ret == -EAGAIN) { /* loaded anew meanwhile: what was found is of before */
		sn_status_free(status);
		ret = collect(query, status, err);
	}
	if (ret)
		sn_status_free(status);
	return ret;
}

__u64 sn_status_refused(const struct sn_counters *counters)
{
	__u64 sum = 0;

	for (int op = 0; op < SN_OP_NR; op++)
		sum += counters->denied[op];
	return sum;
}

const char *sn_status_mode(const struct sn_policy *policy)
{
	if (!policy->safe_mode)
		return "closed";
	if (policy->warm)
		return "warm";
	return policy->observe ? "observe" : "enforce";
}

void sn_status_free(struct sn_status *status)
{
	for (size_t i = 0; i < status->nr_tenants; i++) {
		struct sn_tenant *tenant = &status->tenants[i];

		free(tenant->cgroup);
		free(tenant->own.all);
		sn_usage_free(&tenant->usage);
		sn_inforce_free(&tenant->inforce);
	}
	free(status->tenants);
	sn_names_free(&status->names);
	*status = (struct sn_status){};
}
