// SPDX-License-Identifier: GPL-2.0-only
/* Tenants that have ended: something ran in their cgroups, and nothing does. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "detach.h"
#include "ended.h"

struct search {
	const struct sn_enforcer *enforcer;
	char (*paths)[PATH_MAX]; /* of their cgroups */
	size_t nr, room;
	bool one; /* is enough */
};

/* The first line of cpu.stat, "usage_usec N", is there without any controller. */
static bool was_used(const char *cgroup)
{
	static const char used[] = "usage_usec ";
	char line[64];

	return !sn_cgroup_read(cgroup, "cpu.stat", line, sizeof(line)) &&
	       !strncmp(line, used, strlen(used)) && strcmp(line + strlen(used), "0") != 0;
}

/* The broker lets go of the lock when its caller has moved in: what is empty then stays so. */
static bool is_brokers(const char *tenant)
{
	return tenant[strspn(tenant, "0123456789")] == ':';
}

static bool has_ended(const struct sn_enforcer *enforcer, const struct sn_policy *policy,
		      char path[PATH_MAX])
{
	__u64 id;

	/* by its path there may be a later one */
	return !strchr(policy->tenant, '/') &&
	       sn_enforcer_cgroup_of(enforcer, policy, path, NULL) >= 0 &&
	       !sn_cgroup_id(path, &id, NULL) && id == policy->cgroup_id &&
	       sn_cgroup_populated(path) == 0 && (is_brokers(policy->tenant) || was_used(path));
}

static int note(const struct sn_policy *policy, void *data)
{
	struct search *search = data;
	char path[PATH_MAX];

	if (!has_ended(search->enforcer, policy, path))
		return 0;
	if (search->one)
		return 1;
	if (search->nr == search->room) {
		size_t room = search->room ? 2 * search->room : 8;
		char(*more)[PATH_MAX] = reallocarray(search->paths, room, PATH_MAX);

		if (!more)
			return -ENOMEM;
		search->paths = more;
		search->room = room;
	}
	strcpy(search->paths[search->nr++], path);
	return 0;
}

int sn_ended_any(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	struct search search = { .enforcer = enforcer, .one = true };

	return sn_store_each(&enforcer->store, note, &search, err);
}

/* Not while the policies are being read. */
int sn_ended_remove(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	struct search search = { .enforcer = enforcer };
	int ret = sn_store_each(&enforcer->store, note, &search, err);

	if (ret == -ENOMEM)
		sn_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; ret >= 0 && i < search.nr; i++)
		ret = sn_tenant_remove(enforcer, search.paths[i], err);
	free(search.paths);
	return ret < 0 ? ret : (int)search.nr;
}
