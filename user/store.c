// SPDX-License-Identifier: GPL-2.0-only
/* The pinned policies: put, get, remove. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "store.h"

static int open_map(int *fd, const char *path, struct sn_err *err)
{
	*fd = bpf_obj_get(path);
	if (*fd < 0)
		return sn_fail(err, errno, "cannot open %s: %s", path, strerror(errno));
	return 0;
}

int sn_store_open(struct sn_store *store, struct sn_err *err)
{
	*store = SN_STORE_CLOSED;
	store->lock = open(SN_PIN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->lock < 0 || flock(store->lock, LOCK_EX))
		return sn_fail(err, errno, "cannot lock %s: %s", SN_PIN_DIR, strerror(errno));
	if (open_map(&store->policies, SN_PIN_DIR "/policies", err) ||
	    open_map(&store->counters, SN_PIN_DIR "/counters", err) ||
	    open_map(&store->addresses, SN_PIN_DIR "/addresses", err) ||
	    open_map(&store->ports, SN_PIN_DIR "/ports", err) ||
	    open_map(&store->directories, SN_PIN_DIR "/directories", err) ||
	    open_map(&store->names, SN_PIN_DIR "/names", err)) {
		sn_store_close(store);
		return -EPROTO;
	}
	return 0;
}

void sn_store_close(struct sn_store *store)
{
	int *fds[] = { &store->policies,    &store->counters, &store->addresses, &store->ports,
		       &store->directories, &store->names,    &store->lock };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static int put(int map, const char *name, const void *key, const void *value, struct sn_err *err)
{
	if (!bpf_map_update_elem(map, key, value, BPF_ANY))
		return 0;
	if (errno == E2BIG)
		return sn_fail(err, ENOSPC, "the map '%s' is full; detach tenants that ended",
			       name);
	return sn_fail(err, errno, "cannot write to the map '%s': %s", name, strerror(errno));
}

static int put_addresses(struct sn_store *store, struct sn_tenant *tenant, struct sn_err *err)
{
	for (size_t i = 0; i < tenant->words->nr_restricted; i++) {
		struct sn_address_rule rule = tenant->words->restricted[i];
		int ret;

		rule.key.cgroup_id = tenant->policy.cgroup_id;
		ret = put(store->addresses, "addresses", &rule.key, &rule.text, err);
		if (ret)
			return ret;
		tenant->policy.address_lengths[rule.key.length / 64] |= 1ULL
									<< rule.key.length % 64;
	}
	return 0;
}

static int put_ports(struct sn_store *store, struct sn_tenant *tenant,
		     const struct sn_port_range *ranges, size_t nr, enum sn_port_use use,
		     __u32 *lengths, struct sn_err *err)
{
	for (size_t i = 0; i < nr; i++) {
		struct sn_port_key blocks[30];
		size_t nr_blocks = sn_port_blocks(ranges[i], blocks);
		struct sn_text text = sn_port_text(ranges[i]);

		for (size_t b = 0; b < nr_blocks; b++) {
			int ret;

			blocks[b].cgroup_id = tenant->policy.cgroup_id;
			blocks[b].use = use;
			ret = put(store->ports, "ports", &blocks[b], &text, err);
			if (ret)
				return ret;
			*lengths |= 1U << blocks[b].length;
		}
	}
	return 0;
}

/*
 * A rule that is there already is left alone: running tenants share it, and the kernel would give
 * the memory of the entry that it replaces away while a program still reads it.
 */
static int put_rule(int map, const char *name, const void *key, const struct sn_rule *rule,
		    struct sn_err *err)
{
	struct sn_rule there;

	if (!bpf_map_lookup_elem(map, key, &there) &&
	    !memcmp(&there, rule, offsetof(struct sn_rule, path))) /* which is for people */
		return 0;
	return put(map, name, key, rule, err);
}

static int put_rules(struct sn_store *store, const struct sn_rules *rules, __u64 scope,
		     struct sn_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < rules->nr_directories && !ret; i++) {
		struct sn_directory_rule rule = rules->directories[i];

		rule.key.scope = scope;
		ret = put_rule(store->directories, "directories", &rule.key, &rule.rule, err);
	}
	for (size_t i = 0; i < rules->nr_names && !ret; i++) {
		struct sn_name_rule rule = rules->names[i];

		rule.key.directory.scope = scope;
		ret = put_rule(store->names, "names", &rule.key, &rule.rule, err);
	}
	return ret;
}

int sn_store_get(struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy)
{
	return bpf_map_lookup_elem(store->policies, &cgroup_id, policy) ? -errno : 0;
}

/* Deletes every entry whose key begins with @scope, as the keys of all four rule maps do. */
static int remove_scope(int map, __u64 scope)
{
	__u64 key[16], next[16]; /* room for the largest key, struct sn_name_key */
	bool more = !bpf_map_get_next_key(map, NULL, next);

	_Static_assert(sizeof(struct sn_name_key) <= sizeof(key), "the largest key fits");
	while (more) {
		memcpy(key, next, sizeof(key));
		more = !bpf_map_get_next_key(map, key, next);
		if (key[0] == scope && bpf_map_delete_elem(map, key) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* By another tenant than @but? */
static bool baseline_in_use(struct sn_store *store, __u64 baseline, __u64 but)
{
	struct sn_policy policy;
	__u64 id, *after = NULL;

	while (!bpf_map_get_next_key(store->policies, after, &id)) {
		if (id != but && !bpf_map_lookup_elem(store->policies, &id, &policy) &&
		    policy.baseline == baseline)
			return true;
		after = &id;
	}
	return false;
}

static int remove_rules(struct sn_store *store, __u64 scope)
{
	int ret = remove_scope(store->directories, scope);

	return ret ? ret : remove_scope(store->names, scope);
}

/*
 * A policy that refuses everything. It is there first and goes last: as long as there is a rule of
 * the tenant, there is its name, and whoever is killed in between can be followed by a detach.
 */
static int put_closed(struct sn_store *store, const struct sn_policy *policy, struct sn_err *err)
{
	struct sn_policy closed = *policy;

	closed.safe_mode = 0;
	return put(store->policies, "policies", &closed.cgroup_id, &closed, err);
}

static int remove_all(struct sn_store *store, const struct sn_policy *policy)
{
	__u64 id = policy->cgroup_id, baseline = policy->baseline;
	int ret;

	if (put_closed(store, policy, NULL))
		bpf_map_delete_elem(store->policies, &id); /* no memory: that refuses, too */
	ret = remove_scope(store->addresses, id);
	if (!ret)
		ret = remove_scope(store->ports, id);
	if (!ret)
		ret = remove_rules(store, id);
	if (!ret && baseline && !baseline_in_use(store, baseline, id))
		ret = remove_rules(store, baseline);
	bpf_map_delete_elem(store->counters, &id);
	if (!ret && bpf_map_delete_elem(store->policies, &id) && errno != ENOENT)
		ret = -errno;
	return ret;
}

struct named {
	const char *tenant;
	struct sn_policy policy;
};

static int find_named(const struct sn_policy *policy, const struct sn_counters *counters,
		      void *data)
{
	struct named *named = data;

	if (strcmp(policy->tenant, named->tenant))
		return 0;
	named->policy = *policy;
	return 1;
}

int sn_store_remove_tenant(struct sn_store *store, const char *tenant, struct sn_err *err)
{
	struct named named = { .tenant = tenant };
	int removed = 0, ret;

	while (sn_store_each(store, find_named, &named)) {
		ret = remove_all(store, &named.policy);
		if (ret)
			return sn_fail(err, -ret, "cannot remove all rules of tenant '%s': %s",
				       tenant, strerror(-ret));
		removed++;
	}
	return removed;
}

int sn_store_put(struct sn_store *store, struct sn_tenant *tenant, struct sn_err *err)
{
	const struct sn_words *words = tenant->words;
	struct sn_policy *policy = &tenant->policy;
	struct sn_counters none = {};
	int ret;

	policy->baseline = sn_rules_scope(&tenant->baseline);
	ret = put_closed(store, policy, err);
	if (!ret)
		ret = put_addresses(store, tenant, err);
	if (!ret)
		ret = put_ports(store, tenant, words->outgoing, words->nr_outgoing,
				SN_PORT_OUTGOING, &policy->port_lengths, err);
	if (!ret)
		ret = put_ports(store, tenant, words->listen, words->nr_listen, SN_PORT_LISTEN,
				&policy->listen_lengths, err);
	if (!ret)
		ret = put_rules(store, &tenant->own, policy->cgroup_id, err);
	if (!ret)
		ret = put_rules(store, &tenant->baseline, policy->baseline, err);
	if (!ret)
		ret = put(store->counters, "counters", &policy->cgroup_id, &none, err);
	if (!ret)
		ret = put(store->policies, "policies", &policy->cgroup_id, policy, err);
	if (ret)
		remove_all(store, policy);
	return ret;
}

int sn_store_each(struct sn_store *store,
		  int (*each)(const struct sn_policy *policy, const struct sn_counters *counters,
			      void *data),
		  void *data)
{
	__u64 id, *after = NULL;
	int ret = 0;

	while (!ret && !bpf_map_get_next_key(store->policies, after, &id)) {
		struct sn_counters counters = {};
		struct sn_policy policy;

		after = &id;
		if (bpf_map_lookup_elem(store->policies, &id, &policy))
			continue;
		bpf_map_lookup_elem(store->counters, &id, &counters);
		ret = each(&policy, &counters, data);
	}
	return ret;
}
