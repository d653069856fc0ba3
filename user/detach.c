// SPDX-License-Identifier: GPL-2.0-only
/* A tenant goes: its policy and its cgroup. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "detach.h"
#include "elsewhere.h"
#include "options.h"
#include "store.h"

int sn_tenant_is_running(const char *cgroup, const char *tenant, struct sn_err *err)
{
	int populated = sn_cgroup_populated(cgroup);

	if (populated >= 0 || populated == -ENOENT)
		return populated == 1;
	return sn_fail(err, -populated, "cannot tell whether tenant '%s' is running: %s", tenant,
		       strerror(-populated));
}

int sn_tenant_empty(const struct sn_enforcer *enforcer, const char *cgroup,
		    struct sn_policy *policy, struct sn_err *err)
{
	__u64 id;
	int ret = sn_cgroup_id(cgroup, &id, err);

	return ret ? ret : sn_store_empty(&enforcer->store, id, policy, err);
}

/* 1, 0 or a negative errno, as of sn_store_empty(). */
static int remove_policy(const struct sn_enforcer *enforcer, __u64 id, struct sn_err *err)
{
	struct sn_policy policy;
	int found = sn_store_empty(&enforcer->store, id, &policy, err), ret;

	policy.cgroup_id = id; /* also where there is no policy, but a note of its place */
	ret = found < 0 ? found : sn_store_forget(&enforcer->store, &policy, 0, err);
	return ret ? ret : found;
}

/*
 * The cgroup goes last: a tool that is killed before leaves it to be found, and without a policy
 * the processes in it are refused everything as well.
 */
int sn_tenant_remove(const struct sn_enforcer *enforcer, const char *cgroup, struct sn_err *err)
{
	__u64 id;
	int found = sn_cgroup_id(cgroup, &id, err), ret;

	if (!found)
		found = remove_policy(enforcer, id, err);
	ret = found < 0 ? found : sn_cgroup_remove(cgroup, err);
	return ret ? ret : found;
}

static int end_processes(const char *cgroup, const char *tenant, bool kill, struct sn_err *err)
{
	int running = sn_tenant_is_running(cgroup, tenant, err);

	if (running <= 0)
		return running;
	if (kill)
		return sn_cgroup_kill(cgroup, err);
	return sn_fail(err, EBUSY, "tenant '%s' is running; end it, or give --kill", tenant);
}

/* ---- cgroups that are gone ---- */

struct sweeping {
	const struct sn_enforcer *enforcer;
	struct sn_survey *survey; /* or NULL */
	struct sn_err *err;
};

/* Without a policy, an attach was killed between two steps, and nothing ever ran there. */
static bool is_left(const struct sn_enforcer *enforcer, __u64 id, const char *path)
{
	sn_autoclose int cgroup = sn_cgroup_open(enforcer->mount, path, id);
	struct sn_policy policy;

	if (cgroup < 0)
		return cgroup == -ENOENT;
	return sn_store_get(&enforcer->store, id, &policy) == -ENOENT &&
	       !sn_cgroup_populated(path) && !sn_cgroup_remove(path, NULL);
}

static void see(struct sn_survey *survey, __u64 id, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (!strcmp(name, survey->tenant))
		strcpy(survey->cgroup, path);
	if (!survey->prefix || strncmp(name, survey->prefix, strlen(survey->prefix)) != 0)
		return;
	if (survey->nr < SN_SURVEY_IDS)
		survey->ids[survey->nr] = id;
	survey->nr++;
}

static int sweep_one(__u64 id, const char *path, void *data)
{
	const struct sweeping *sweeping = data;
	int ret = 0;

	if (is_left(sweeping->enforcer, id, path))
		ret = remove_policy(sweeping->enforcer, id, sweeping->err);
	else if (sweeping->survey)
		see(sweeping->survey, id, path);
	return ret < 0 ? ret : 0;
}

static int sweep(struct sweeping *sweeping)
{
	const struct sn_enforcer *enforcer = sweeping->enforcer;

	return sn_elsewhere_each(enforcer->store.cgroups, enforcer->mount, sweep_one, sweeping,
				 sweeping->err);
}

int sn_sweep_gone(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	return sweep(&(struct sweeping){ enforcer, NULL, err });
}

int sn_sweep_and_survey(const struct sn_enforcer *enforcer, struct sn_survey *survey,
			struct sn_err *err)
{
	int ret;

	survey->cgroup[0] = '\0';
	survey->nr = 0;
	ret = sweep(&(struct sweeping){ enforcer, survey, err });
	if (ret || survey->cgroup[0])
		return ret;
	return sn_enforcer_cgroup(enforcer, survey->tenant, survey->cgroup, err);
}

/* ---- by name ---- */

static int detach(const struct sn_enforcer *enforcer, const char *tenant, bool kill,
		  struct sn_err *err)
{
	char cgroup[PATH_MAX];
	bool missing;
	int ret = sn_enforcer_find(enforcer, tenant, cgroup, err);

	if (ret >= 0)
		ret = end_processes(cgroup, tenant, kill, err);
	if (!ret)
		ret = sn_tenant_remove(enforcer, cgroup, err);
	missing = ret == -ENOENT;
	/* its cgroup was removed by hand, or an attach that was to replace it was killed */
	if (!ret || missing)
		ret = sn_store_remove_tenant(&enforcer->store, tenant, err);
	if (!ret && missing)
		ret = sn_fail(err, ENOENT, "no tenant '%s'; see safenode-status", tenant);
	return ret < 0 ? ret : 0;
}

int sn_detach(const char *tenant, bool kill, struct sn_err *err)
{
	struct sn_enforcer enforcer;
	int ret;

	if (strchr(tenant, '/'))
		return sn_fail(err, EINVAL,
			       "'%s' is a container's label; its policy goes when its engine ends "
			       "it",
			       tenant);
	ret = sn_enforcer_open(&enforcer, err);

	if (!ret)
		ret = sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, err);
	if (!ret)
		ret = detach(&enforcer, tenant, kill, err);
	if (!ret)
		ret = sn_sweep_gone(&enforcer, err);
	sn_enforcer_close(&enforcer);
	return ret;
}

/* "pid-123": an operator may have made cgroups by hand whose names only begin so. */
static bool is_unnamed(const char *name)
{
	const char *number = name + strlen(SN_UNNAMED);

	return !strncmp(name, SN_UNNAMED, strlen(SN_UNNAMED)) && *number &&
	       !number[strspn(number, "0123456789")];
}

/*
 * The number is that of the tenant's process. As long as there is a process of that number it is
 * the tenant, or, if it has ended, another that got the number later. To look at the cgroup of each
 * would make the start beside a thousand twice as expensive, so each start looks at some of them.
 */
static bool may_have_ended(const char *name)
{
	int number = atoi(name + strlen(SN_UNNAMED));

	return kill(number, 0) || (number + getpid()) % 17 == 0;
}

static int sweep_unnamed(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int ret = sn_enforcer_cgroup(enforcer, "", path, err);

	if (ret)
		return ret;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!is_unnamed(entry->d_name) || !may_have_ended(entry->d_name) ||
		    sn_enforcer_cgroup(enforcer, entry->d_name, path, NULL))
			continue;
		if (!sn_cgroup_populated(path))
			sn_tenant_remove(enforcer, path, NULL);
	}
	if (dir)
		closedir(dir);
	return 0;
}

static int locked(int (*act)(const struct sn_enforcer *enforcer, struct sn_err *err),
		  struct sn_err *err)
{
	struct sn_enforcer enforcer;
	int ret = sn_enforcer_open(&enforcer, err);

	if (!ret)
		ret = sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, err);
	if (!ret)
		ret = act(&enforcer, err);
	sn_enforcer_close(&enforcer);
	return ret;
}

int sn_sweep_unnamed(struct sn_err *err)
{
	return locked(sweep_unnamed, err);
}

int sn_sweep(struct sn_err *err)
{
	return locked(sn_sweep_gone, err);
}
