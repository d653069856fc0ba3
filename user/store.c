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
	    open_map(&store->names, SN_PIN_DIR "/names", err) ||
	    open_map(&store->homes, SN_PIN_DIR "/homes", err) ||
	    open_map(&store->lists, SN_PIN_DIR "/lists", err)) {
		sn_store_close(store);
		return -EPROTO;
	}
	return 0;
}

void sn_store_close(struct sn_store *store)
{
	int *fds[] = { &store->policies, &store->counters,    &store->addresses,
		       &store->ports,	 &store->directories, &store->names,
		       &store->homes,	 &store->lists,	      &store->lock };

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

/* ---- rules, and the list of their keys ---- */

/* The maps of rules. Their keys begin with a scope: a tenant's cgroup_id or a policy's baseline. */
enum rule_map { ADDRESSES, PORTS, DIRECTORIES, NAMES };

static const struct {
	const char *name;
	size_t key_size;
	size_t fd; /* where struct sn_store has it */
} rule_maps[] = {
	[ADDRESSES] = { "addresses", sizeof(struct sn_address_key),
			offsetof(struct sn_store, addresses) },
	[PORTS] = { "ports", sizeof(struct sn_port_key), offsetof(struct sn_store, ports) },
	[DIRECTORIES] = { "directories", sizeof(struct sn_directory_key),
			  offsetof(struct sn_store, directories) },
	[NAMES] = { "names", sizeof(struct sn_name_key), offsetof(struct sn_store, names) },
};
#define KEY_MAX sizeof(struct sn_name_key) /* the largest */

static int fd_of(const struct sn_store *store, enum rule_map map)
{
	return *(const int *)((const char *)store + rule_maps[map].fd);
}

/* What is listed need not be there, for the list is written first and removed last. */
struct list {
	struct sn_list_key key;
	struct sn_list value;
	size_t used;
};

static int put_list(struct sn_store *store, struct list *list, struct sn_err *err)
{
	int ret;

	if (!list->used)
		return 0;
	ret = put(store->lists, "lists", &list->key, &list->value, err);
	list->key.number++;
	list->used = 0;
	memset(&list->value, 0, sizeof(list->value));
	return ret;
}

_Static_assert(1 + KEY_MAX - sizeof(__u64) <= sizeof(((struct sn_list *)0)->keys),
	       "the largest key finds room");

/* What is done with every rule of a scope: first all are listed, then all are written. */
typedef int (*rule_step)(struct sn_store *store, struct list *list, enum rule_map map,
			 const void *key, const void *value, struct sn_err *err);

static int list_rule(struct sn_store *store, struct list *list, enum rule_map map, const void *key,
		     const void *value, struct sn_err *err)
{
	const char *tail = (const char *)key + sizeof(list->key.scope);
	size_t len = rule_maps[map].key_size - sizeof(list->key.scope);
	int ret = 0;

	while (len && !tail[len - 1])
		len--;
	if (map != list->value.map || list->used + 1 + len > sizeof(list->value.keys))
		ret = put_list(store, list, err);
	list->value.map = map;
	list->value.keys[list->used++] = (char)(len + 1);
	memcpy(list->value.keys + list->used, tail, len);
	list->used += len;
	return ret;
}

static int write_rule(struct sn_store *store, struct list *list, enum rule_map map, const void *key,
		      const void *value, struct sn_err *err)
{
	return put(fd_of(store, map), rule_maps[map].name, key, value, err);
}

static int each_address(struct sn_store *store, struct sn_tenant *tenant, struct list *list,
			rule_step step, struct sn_err *err)
{
	const struct sn_options *options = tenant->options;
	sn_autofree struct sn_address_rule *rules = NULL;
	ssize_t nr = sn_addresses_cut(&options->restricted, &tenant->policy, &rules);
	int ret = nr < 0 ? sn_fail(err, ENOMEM, "out of memory") : 0;

	for (ssize_t i = 0; i < nr && !ret; i++) {
		rules[i].key.cgroup_id = list->key.scope;
		ret = step(store, list, ADDRESSES, &rules[i].key, &rules[i].text, err);
	}
	return ret;
}

static int each_port(struct sn_store *store, const struct sn_port_list *ports, enum sn_port_use use,
		     __u32 *lengths, struct list *list, rule_step step, struct sn_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < ports->nr && !ret; i++) {
		struct sn_port_key blocks[SN_PORT_BLOCKS_MAX];
		size_t nr_blocks = sn_port_blocks(ports->ranges[i], blocks);
		struct sn_text text = sn_port_text(ports->ranges[i]);

		for (size_t b = 0; b < nr_blocks && !ret; b++) {
			blocks[b].cgroup_id = list->key.scope;
			blocks[b].use = use;
			*lengths |= 1U << blocks[b].length;
			ret = step(store, list, PORTS, &blocks[b], &text, err);
		}
	}
	return ret;
}

/* A short list goes into the policy, and nowhere else. */
static int each_outgoing_port(struct sn_store *store, struct sn_tenant *tenant, struct list *list,
			      rule_step step, struct sn_err *err)
{
	const struct sn_options *options = tenant->options;
	struct sn_policy *policy = &tenant->policy;

	if (options->outgoing.nr > SN_PORT_RANGES_MAX)
		return each_port(store, &options->outgoing, SN_PORT_OUTGOING, &policy->port_lengths,
				 list, step, err);
	for (size_t i = 0; i < options->outgoing.nr; i++)
		policy->port_ranges[i] = options->outgoing.ranges[i];
	policy->port_ranges_nr = options->outgoing.nr;
	return 0;
}

static int each_path(struct sn_store *store, const struct sn_rules *rules, struct list *list,
		     rule_step step, struct sn_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < rules->nr_directories && !ret; i++) {
		struct sn_directory_rule rule = rules->directories[i];

		rule.key.scope = list->key.scope;
		ret = step(store, list, DIRECTORIES, &rule.key, &rule.rule, err);
	}
	for (size_t i = 0; i < rules->nr_names && !ret; i++) {
		struct sn_name_rule rule = rules->names[i];

		rule.key.directory.scope = list->key.scope;
		ret = step(store, list, NAMES, &rule.key, &rule.rule, err);
	}
	return ret;
}

static int each_own(struct sn_store *store, struct sn_tenant *tenant, struct list *list,
		    rule_step step, struct sn_err *err)
{
	const struct sn_options *options = tenant->options;
	struct sn_policy *policy = &tenant->policy;
	int ret = each_address(store, tenant, list, step, err);

	if (!ret)
		ret = each_outgoing_port(store, tenant, list, step, err);
	if (!ret)
		ret = each_port(store, &options->listen, SN_PORT_LISTEN, &policy->listen_lengths,
				list, step, err);
	return ret ? ret : each_path(store, &tenant->own, list, step, err);
}

static int put_own(struct sn_store *store, struct sn_tenant *tenant, struct sn_err *err)
{
	struct list list = { .key.scope = tenant->policy.cgroup_id };
	int ret = each_own(store, tenant, &list, list_rule, err);

	if (!ret)
		ret = put_list(store, &list, err);
	return ret ? ret : each_own(store, tenant, &list, write_rule, err);
}

/*
 * A baseline that is there already is left alone: running tenants share it, and the kernel would
 * give the memory of an entry that is replaced away while a program still reads it.
 */
static int put_baseline(struct sn_store *store, const struct sn_tenant *tenant, struct sn_err *err)
{
	struct list list = { .key.scope = tenant->policy.baseline };
	struct sn_list_key complete = { .scope = list.key.scope, .number = SN_LIST_COMPLETE };
	struct sn_list none = {};
	int ret;

	if (!bpf_map_lookup_elem(store->lists, &complete, &none))
		return 0;
	if (errno != ENOENT)
		return sn_fail(err, errno, "cannot read the map 'lists': %s", strerror(errno));
	ret = each_path(store, &tenant->baseline, &list, list_rule, err);
	if (!ret)
		ret = put_list(store, &list, err);
	if (!ret)
		ret = each_path(store, &tenant->baseline, &list, write_rule, err);
	return ret ? ret : put(store->lists, "lists", &complete, &none, err);
}

static int erase(int map, const void *key)
{
	return bpf_map_delete_elem(map, key) && errno != ENOENT ? -errno : 0;
}

static int remove_listed(struct sn_store *store, __u64 scope, const struct sn_list *list)
{
	size_t used = 0;
	int ret = 0;

	while (!ret && used < sizeof(list->keys) && list->keys[used]) {
		__u64 key[KEY_MAX / sizeof(__u64)] = { scope };
		size_t len = (unsigned char)list->keys[used++] - 1;

		memcpy(key + 1, list->keys + used, len);
		used += len;
		ret = erase(fd_of(store, list->map), key);
	}
	return ret;
}

static int remove_rules(struct sn_store *store, __u64 scope)
{
	struct sn_list_key key = { .scope = scope, .number = SN_LIST_COMPLETE };
	int ret = erase(store->lists, &key);
	struct sn_list list;

	if (ret)
		return ret;
	key.number = 0;
	while (!bpf_map_lookup_elem(store->lists, &key, &list))
		key.number++;
	if (errno != ENOENT)
		return -errno;
	/* from its end, so that what is left of it begins at 0 at any time */
	while (key.number-- && !ret) {
		if (bpf_map_lookup_elem(store->lists, &key, &list))
			return -errno;
		ret = remove_listed(store, scope, &list);
		if (!ret)
			ret = erase(store->lists, &key);
	}
	return ret;
}

int sn_store_get(struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy)
{
	return bpf_map_lookup_elem(store->policies, &cgroup_id, policy) ? -errno : 0;
}

/* By another tenant than @but? 1, 0 or a negative errno. */
static int baseline_in_use(struct sn_store *store, __u64 baseline, __u64 but)
{
	static struct sn_policy policies[64];
	__u64 ids[64];
	__u32 at, nr, *after = NULL;
	int ret;

	do {
		nr = sizeof(ids) / sizeof(*ids);
		ret = bpf_map_lookup_batch(store->policies, after, &at, ids, policies, &nr, NULL);
		if (ret && errno != ENOENT) /* which is the end, and comes with the last of them */
			return -errno;
		for (__u32 i = 0; i < nr; i++)
			if (ids[i] != but && policies[i].baseline == baseline)
				return 1;
		after = &at;
	} while (!ret);
	return 0;
}

/* Replaces the entry of the tenant of cgroup @of (0: one that is free) in the set of cgroup @id. */
static int replace_home(struct sn_store *store, __u64 id, __u64 of, const struct sn_home *home)
{
	struct sn_homes_set set;
	__u32 index = sn_homes_index(id);

	if (bpf_map_lookup_elem(store->homes, &index, &set))
		return -errno;
	for (int i = 0; i < SN_HOMES_WAYS; i++) {
		if (set.home[i].cgroup_id != of)
			continue;
		set.home[i] = *home;
		return bpf_map_update_elem(store->homes, &index, &set, BPF_ANY) ? -errno : 0;
	}
	return 0; /* there is none; its policy is enough */
}

/* Before anybody lives under the policy: what the programs read meanwhile is still nobody's. */
static int put_home(struct sn_store *store, const struct sn_policy *policy, struct sn_err *err)
{
	struct sn_home home = { .cgroup_id = policy->cgroup_id, .dir = policy->dir };
	int ret = 0;

	if (policy->safe_mode && !policy->audit)
		ret = replace_home(store, home.cgroup_id, 0, &home);
	if (ret)
		return sn_fail(err, -ret, "cannot write to the map 'homes': %s", strerror(-ret));
	return 0;
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

/* What refers to the tenant's cgroup, but for the policy and what it counted. */
static int close_and_empty(struct sn_store *store, const struct sn_policy *policy)
{
	__u64 id = policy->cgroup_id;
	int ret = replace_home(store, id, id, &(struct sn_home){});

	if (ret)
		return ret;
	if (put_closed(store, policy, NULL))
		bpf_map_delete_elem(store->policies, &id); /* that refuses, too */
	return remove_rules(store, id);
}

static int forget(struct sn_store *store, const struct sn_policy *policy, __u64 keep)
{
	__u64 id = policy->cgroup_id, baseline = policy->baseline;
	int ret = 0;

	if (baseline && baseline != keep)
		ret = baseline_in_use(store, baseline, id) ?: remove_rules(store, baseline);
	if (ret < 0)
		return ret;
	erase(store->counters, &id);
	return erase(store->policies, &id);
}

static int remove_all(struct sn_store *store, const struct sn_policy *policy)
{
	return close_and_empty(store, policy) ?: forget(store, policy, 0);
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

static int not_removed(const struct sn_policy *policy, int ret, struct sn_err *err)
{
	return sn_fail(err, -ret, "cannot remove all rules of tenant '%s': %s", policy->tenant,
		       strerror(-ret));
}

int sn_store_empty(struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy,
		   struct sn_err *err)
{
	int ret = sn_store_get(store, cgroup_id, policy);

	if (!ret) {
		ret = close_and_empty(store, policy);
		if (!ret)
			return policy->safe_mode;
		ret = not_removed(policy, ret, err);
	} else if (ret != -ENOENT) {
		ret = sn_fail(err, -ret, "cannot read the policies: %s", strerror(-ret));
	}
	*policy = (struct sn_policy){};
	return ret == -ENOENT ? 0 : ret;
}

int sn_store_forget(struct sn_store *store, const struct sn_policy *policy, __u64 keep,
		    struct sn_err *err)
{
	int ret = policy->cgroup_id ? forget(store, policy, keep) : 0;

	return ret ? not_removed(policy, ret, err) : 0;
}

int sn_store_remove_tenant(struct sn_store *store, const char *tenant, struct sn_err *err)
{
	struct named named = { .tenant = tenant };
	int removed = 0, ret;

	while (sn_store_each(store, find_named, &named)) {
		ret = remove_all(store, &named.policy);
		if (ret)
			return not_removed(&named.policy, ret, err);
		removed++;
	}
	return removed;
}

int sn_store_put(struct sn_store *store, struct sn_tenant *tenant, const struct sn_policy *old,
		 struct sn_err *err)
{
	struct sn_policy *policy = &tenant->policy;
	struct sn_counters none = {};
	int ret;

	policy->baseline = sn_rules_scope(&tenant->baseline);
	ret = put_closed(store, policy, err);
	if (!ret)
		ret = put_own(store, tenant, err);
	if (!ret)
		ret = put_baseline(store, tenant, err);
	if (!ret)
		ret = put(store->counters, "counters", &policy->cgroup_id, &none, err);
	if (!ret && old) /* not before: the new one mostly has the same baseline */
		ret = sn_store_forget(store, old, policy->baseline, err);
	if (!ret)
		ret = put(store->policies, "policies", &policy->cgroup_id, policy, err);
	if (!ret)
		ret = put_home(store, policy, err);
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
