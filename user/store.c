// SPDX-License-Identifier: GPL-2.0-only
/* The pinned maps: put, replace, get and remove what one tenant has in them. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grace.h"
#include "pins.h"
#include "store.h"

/* Every map, where struct sn_store has it, and what it holds. */
static const struct {
	const char *name;
	size_t fd;
	__u32 key_size, value_size;
} maps[] = {
#define MAP(name, key, value)                                                      \
	{                                                                          \
#name, offsetof(struct sn_store, name), sizeof(key), sizeof(value) \
	}
	MAP(policies, __u64, struct sn_slot),
	MAP(counters, __u64, struct sn_counters),
	MAP(addresses, struct sn_address_key, struct sn_text),
	MAP(ports, struct sn_port_key, struct sn_text),
	MAP(directories, struct sn_directory_key, struct sn_rule),
	MAP(names, struct sn_name_key, struct sn_rule),
	MAP(homes, __u32, struct sn_homes_set),
	MAP(lists, struct sn_list_key, struct sn_list),
	MAP(cgroups, __u64, struct sn_cgroup),
#undef MAP
};

static int *fd_at(struct sn_store *store, size_t offset)
{
	return (int *)((char *)store + offset);
}

static int open_map(struct sn_store *store, size_t i, struct sn_err *err)
{
	int fd = sn_pins_open(maps[i].name, maps[i].key_size, maps[i].value_size, err);

	*fd_at(store, maps[i].fd) = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static size_t row_of(const char *name)
{
	size_t i = 0;

	while (strcmp(maps[i].name, name) != 0)
		i++;
	return i;
}

int sn_store_open(struct sn_store *store, struct sn_err *err)
{
	int ret = 0;

	*store = SN_STORE_CLOSED;
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps) && !ret; i++)
		ret = open_map(store, i, err);
	if (ret)
		sn_store_close(store);
	return ret;
}

void sn_store_close(struct sn_store *store)
{
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		int *fd = fd_at(store, maps[i].fd);

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

static int not_written(const char *name, struct sn_err *err)
{
	if (errno == E2BIG)
		return sn_fail(err, ENOSPC, "the map '%s' is full; detach tenants that ended",
			       name);
	return sn_fail(err, errno, "cannot write to the map '%s': %s", name, strerror(errno));
}

static int put_as(__u64 flags, int map, const char *name, const void *key, const void *value,
		  struct sn_err *err)
{
	return bpf_map_update_elem(map, key, value, flags) ? not_written(name, err) : 0;
}

static int put(int map, const char *name, const void *key, const void *value, struct sn_err *err)
{
	return put_as(BPF_ANY, map, name, key, value, err);
}

static int erase(int map, const void *key)
{
	return bpf_map_delete_elem(map, key) && errno != ENOENT ? -errno : 0;
}

/* ---- rules, and the list of their keys ---- */

/* The map of rules with that number, or -1. */
static int rules_fd(const struct sn_store *store, __u8 map)
{
	switch ((enum sn_rule_map)map) {
	case SN_RULES_ADDRESSES:
		return store->addresses;
	case SN_RULES_PORTS:
		return store->ports;
	case SN_RULES_DIRECTORIES:
		return store->directories;
	case SN_RULES_NAMES:
		return store->names;
	}
	return -1;
}

/* Keys and values of one map, each side by side, as bpf_map_update_batch() takes them. */
struct batch {
	char *keys, *values;
	size_t key_size, value_size;
	__u32 nr;
};

static int batch_open(struct batch *batch, size_t row, size_t most, struct sn_err *err)
{
	*batch = (struct batch){
		.keys = calloc(most ?: 1, maps[row].key_size),
		.values = calloc(most ?: 1, maps[row].value_size),
		.key_size = maps[row].key_size,
		.value_size = maps[row].value_size,
	};
	return batch->keys && batch->values ? 0 : sn_fail(err, ENOMEM, "out of memory");
}

static void batch_close(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
}

static void batch_add(struct batch *batch, const void *key, const void *value)
{
	memcpy(batch->keys + batch->nr * batch->key_size, key, batch->key_size);
	memcpy(batch->values + batch->nr * batch->value_size, value, batch->value_size);
	batch->nr++;
}

/* In one system call: a tenant's rules are some hundreds. What fails may leave the first of them.
 */
static int batch_put(struct batch *batch, int map, const char *name, struct sn_err *err)
{
	if (!batch->nr || !bpf_map_update_batch(map, batch->keys, batch->values, &batch->nr, NULL))
		return 0;
	return not_written(name, err);
}

/* A listed rule may be missing, for the list is written first and removed last. */
static void list_keys(struct batch *batch, const struct sn_entries *entries, __u64 scope)
{
	struct sn_list_key key = { .scope = scope };
	struct sn_list list = {};
	size_t used = 0;

	for (size_t i = 0; i < entries->nr; i++) {
		const struct sn_entry *entry = &entries->all[i];

		if (sn_list_append(&list, &used, entry->map, &entry->key))
			continue;
		batch_add(batch, &key, &list);
		key.number++;
		list = (struct sn_list){};
		used = 0;
		sn_list_append(&list, &used, entry->map, &entry->key);
	}
	if (used)
		batch_add(batch, &key, &list);
}

static int put_list(const struct sn_store *store, const struct sn_entries *entries, __u64 scope,
		    struct sn_err *err)
{
	struct batch batch;
	int ret = batch_open(&batch, row_of("lists"), entries->nr, err);

	if (!ret) {
		list_keys(&batch, entries, scope);
		ret = batch_put(&batch, store->lists, "lists", err);
	}
	batch_close(&batch);
	return ret;
}

static size_t count(const struct sn_entries *entries, __u8 map)
{
	size_t nr = 0;

	for (size_t i = 0; i < entries->nr; i++)
		nr += entries->all[i].map == map;
	return nr;
}

/* Those of @entries that are of that map, under @scope, whatever scope they were compiled for. */
static int put_rules(const struct sn_store *store, __u8 map, const struct sn_entries *entries,
		     __u64 scope, struct sn_err *err)
{
	const char *name = sn_rules_name(map);
	struct batch batch;
	int ret = batch_open(&batch, row_of(name), count(entries, map), err);

	for (size_t i = 0; i < entries->nr && !ret; i++) {
		union sn_rule_key key = entries->all[i].key;

		key.scope = scope;
		if (entries->all[i].map == map)
			batch_add(&batch, &key, &entries->all[i].text);
	}
	if (!ret)
		ret = batch_put(&batch, rules_fd(store, map), name, err);
	batch_close(&batch);
	return ret;
}

static int put_entries(const struct sn_store *store, const struct sn_entries *entries, __u64 scope,
		       struct sn_err *err)
{
	int ret = put_list(store, entries, scope, err);

	for (__u8 map = 0; map < SN_RULE_MAPS && !ret; map++)
		ret = put_rules(store, map, entries, scope, err);
	return ret;
}

int sn_store_has_baseline(const struct sn_store *store, __u64 scope)
{
	struct sn_list_key complete = { .scope = scope, .number = SN_LIST_COMPLETE };
	struct sn_list none;

	if (!bpf_map_lookup_elem(store->lists, &complete, &none))
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

/*
 * An existing baseline is left alone: running tenants share it, and the kernel reuses the memory of
 * a replaced entry while a BPF program may still read it.
 */
static int put_baseline(const struct sn_store *store, const struct sn_compiled *compiled,
			struct sn_err *err)
{
	__u64 scope = compiled->policy.baseline;
	struct sn_list_key complete = { .scope = scope, .number = SN_LIST_COMPLETE };
	const struct sn_list none = {};
	int ret = sn_store_has_baseline(store, scope);

	if (ret < 0)
		return sn_fail(err, -ret, "cannot read the map 'lists': %s", strerror(-ret));
	if (ret || !compiled->baseline.nr) /* nothing is not all of it */
		return 0;
	ret = put_entries(store, &compiled->baseline, scope, err);
	return ret ? ret : put(store->lists, "lists", &complete, &none, err);
}

/* -EBADMSG: the list is damaged. */
static int remove_listed(const struct sn_store *store, __u64 scope, const struct sn_list *list)
{
	union sn_rule_key key;
	size_t at = 0;
	int more, ret = 0;

	while (!ret && (more = sn_list_next(list, &at, scope, &key)))
		ret = more < 0 ? more : erase(rules_fd(store, list->map), &key);
	return ret;
}

/* Removes all rules of @scope in one map without a list, by looking at every tenant's. */
static int remove_unlisted(const struct sn_store *store, __u8 map, __u64 scope)
{
	int fd = rules_fd(store, map), ret = 0;
	union sn_rule_key key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more && !ret) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (key.scope == scope)
			ret = erase(fd, &key);
	}
	return ret;
}

/* Removes the rules of @scope that @list names, or if the list is damaged, all of them. */
static int remove_of_list(const struct sn_store *store, __u64 scope, const struct sn_list *list)
{
	int ret = remove_listed(store, scope, list);

	if (ret != -EBADMSG)
		return ret;
	ret = 0;
	for (__u8 map = 0; map < SN_RULE_MAPS && !ret; map++)
		ret = remove_unlisted(store, map, scope);
	return ret;
}

static int remove_rules(const struct sn_store *store, __u64 scope)
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
	/* from the end, so that what is left always begins at 0 */
	while (key.number-- && !ret) {
		if (bpf_map_lookup_elem(store->lists, &key, &list))
			return -errno;
		ret = remove_of_list(store, scope, &list);
		if (!ret)
			ret = erase(store->lists, &key);
	}
	return ret;
}

/* The rule with that key, if it is there. */
static int read_rule(const struct sn_store *store, const struct sn_list *list,
		     const union sn_rule_key *key, struct sn_entries *entries)
{
	struct sn_entry rule = { .map = list->map, .key = *key }, *entry;

	if (bpf_map_lookup_elem(rules_fd(store, list->map), key, &rule.rule))
		return errno == ENOENT ? 0 : -errno;
	entry = sn_entries_add(entries, list->map, key->scope);
	if (!entry)
		return -ENOMEM;
	*entry = rule;
	/* it may be damaged: terminate the text */
	if (list->map == SN_RULES_ADDRESSES || list->map == SN_RULES_PORTS)
		entry->text.text[sizeof(entry->text.text) - 1] = '\0';
	else
		entry->rule.path[sizeof(entry->rule.path) - 1] = '\0';
	return 0;
}

int sn_store_rules(const struct sn_store *store, __u64 scope, struct sn_entries *entries,
		   struct sn_err *err)
{
	struct sn_list_key key = { .scope = scope };
	struct sn_list list;
	int ret = 0, more = 0;

	for (; !ret && !bpf_map_lookup_elem(store->lists, &key, &list); key.number++) {
		union sn_rule_key rule;
		size_t at = 0;

		while (!ret && (more = sn_list_next(&list, &at, scope, &rule)))
			ret = more < 0 ? more : read_rule(store, &list, &rule, entries);
	}
	if (!ret && errno != ENOENT)
		ret = -errno;
	return ret ? sn_fail(err, -ret, "cannot read a tenant's rules: %s", strerror(-ret)) : 0;
}

/* ---- policies ---- */

static int read_slot(const struct sn_store *store, __u64 cgroup_id, struct sn_slot *slot)
{
	if (bpf_map_lookup_elem(store->policies, &cgroup_id, slot))
		return -errno;
	slot->in_force &= 1;
	return 0;
}

/* In place, if the slot exists: see struct sn_slot. */
static int put_slot(const struct sn_store *store, __u64 cgroup_id, const struct sn_slot *slot,
		    struct sn_err *err)
{
	return put_as(BPF_F_LOCK, store->policies, "policies", &cgroup_id, slot, err);
}

static bool is_open(const struct sn_slot *slot)
{
	return slot->policy[slot->in_force].cgroup_id;
}

/* What is read back may be damaged: terminate the texts, and trust the key. */
static void tidy(struct sn_policy *policy, __u64 cgroup_id)
{
	policy->cgroup_id = cgroup_id;
	policy->tenant[sizeof(policy->tenant) - 1] = '\0';
	policy->directory[sizeof(policy->directory) - 1] = '\0';
}

int sn_store_get(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy)
{
	struct sn_slot slot;
	int ret = read_slot(store, cgroup_id, &slot);

	if (ret)
		return ret;
	*policy = slot.policy[slot.in_force];
	if (!is_open(&slot))
		policy->safe_mode = 0;
	tidy(policy, cgroup_id);
	return 0;
}

void sn_store_count(const struct sn_store *store, __u64 cgroup_id, struct sn_counters *counters)
{
	if (bpf_map_lookup_elem(store->counters, &cgroup_id, counters))
		*counters = (struct sn_counters){};
}

/*
 * Looks through all policies for one that @is_wanted, and puts the id of its cgroup into @found. 1,
 * 0 or a negative errno. Many at a time: for a detach among thousands, one system call for each
 * would cost more than all the rest.
 */
static int find_slot(const struct sn_store *store,
		     bool (*is_wanted)(__u64 id, const struct sn_slot *slot, const void *data),
		     const void *data, __u64 *found)
{
	static struct sn_slot slots[64];
	__u64 ids[64];
	__u32 at, nr, *after = NULL;
	int ret;

	do {
		nr = sizeof(ids) / sizeof(*ids);
		ret = bpf_map_lookup_batch(store->policies, after, &at, ids, slots, &nr, NULL);
		if (ret && errno != ENOENT) /* ENOENT: these are the last */
			return -errno;
		for (__u32 i = 0; i < nr; i++) {
			if (!is_wanted(ids[i], &slots[i], data))
				continue;
			*found = ids[i];
			return 1;
		}
		after = &at;
	} while (!ret);
	return 0;
}

struct use {
	__u64 baseline;
	__u64 but; /* not by this cgroup's */
};

static bool uses_baseline(__u64 id, const struct sn_slot *slot, const void *data)
{
	const struct use *use = data;

	return id != use->but && (slot->policy[0].baseline == use->baseline ||
				  slot->policy[1].baseline == use->baseline);
}

/*
 * Replaces the entry of the tenant of cgroup @of (0: one that is free) in the set of cgroup @id. 1,
 * 0 if there is none, or a negative errno.
 */
static int replace_home(const struct sn_store *store, __u64 id, __u64 of,
			const struct sn_home *home)
{
	struct sn_homes_set set;
	__u32 index = sn_homes_index(id);

	if (bpf_map_lookup_elem(store->homes, &index, &set))
		return -errno;
	for (int i = 0; i < SN_HOMES_WAYS; i++) {
		if (set.home[i].cgroup_id != of)
			continue;
		set.home[i] = *home;
		return bpf_map_update_elem(store->homes, &index, &set, BPF_ANY) ? -errno : 1;
	}
	return 0;
}

static int remove_home(const struct sn_store *store, __u64 id)
{
	int ret = replace_home(store, id, id, &(struct sn_home){});

	return ret < 0 ? ret : 0;
}

static int home_failed(int ret, struct sn_err *err)
{
	return sn_fail(err, -ret, "cannot write to the map 'homes': %s", strerror(-ret));
}

static bool has_home(const struct sn_policy *policy)
{
	return policy->safe_mode && !policy->audit;
}

static int put_home(const struct sn_store *store, const struct sn_policy *policy,
		    struct sn_err *err)
{
	struct sn_home home = { .cgroup_id = policy->cgroup_id, .dir = policy->dir };
	int ret = 0;

	/* no entry is free: its policy is enough */
	if (has_home(policy))
		ret = replace_home(store, home.cgroup_id, home.cgroup_id, &home)
			      ?: replace_home(store, home.cgroup_id, 0, &home);
	return ret < 0 ? home_failed(ret, err) : 0;
}

/* Removes a baseline unless it is @keep, or one of another tenant than that of cgroup @id. */
static int remove_baseline(const struct sn_store *store, __u64 baseline, __u64 id, __u64 keep)
{
	const struct use use = { .baseline = baseline, .but = id };
	__u64 other;
	int ret = 0;

	if (baseline && baseline != keep)
		ret = find_slot(store, uses_baseline, &use, &other)
			      ?: remove_rules(store, baseline);
	return ret < 0 ? ret : 0;
}

/* Removes what is in the place that is not in force, and that no program may be reading. */
static int clear_spare(const struct sn_store *store, __u64 id, struct sn_slot *slot)
{
	struct sn_policy *spare = &slot->policy[!slot->in_force];
	int ret = remove_rules(store, sn_own_scope(id, !slot->in_force));

	if (!ret)
		ret = remove_baseline(store, spare->baseline, id,
				      slot->policy[slot->in_force].baseline);
	if (ret)
		return ret;
	*spare = (struct sn_policy){};
	return put_slot(store, id, slot, NULL);
}

/* Nothing is in force any more, and no program still decides by what was. */
static int close_slot(const struct sn_store *store, __u64 id, struct sn_slot *slot)
{
	struct sn_grace grace = SN_GRACE_CLOSED;
	bool open = is_open(slot);
	int ret;

	slot->policy[0].cgroup_id = slot->policy[1].cgroup_id = 0;
	ret = put_slot(store, id, slot, NULL);
	if (!ret && open)
		ret = sn_grace_open(&grace, NULL) ?: sn_grace_wait(&grace, NULL);
	sn_grace_close(&grace);
	return ret;
}

/* Removes all that refers to the tenant's cgroup, except its slot and counters. */
static int close_and_empty(const struct sn_store *store, __u64 id)
{
	struct sn_slot slot;
	int ret = remove_home(store, id);

	if (!ret)
		ret = read_slot(store, id, &slot);
	if (!ret)
		ret = close_slot(store, id, &slot);
	if (!ret && slot.policy[!slot.in_force].scope)
		ret = clear_spare(store, id, &slot);
	return ret ? ret : remove_rules(store, sn_own_scope(id, slot.in_force));
}

static int forget(const struct sn_store *store, const struct sn_policy *policy, __u64 keep)
{
	__u64 id = policy->cgroup_id;
	int ret = remove_baseline(store, policy->baseline, id, keep);

	if (ret)
		return ret;
	erase(store->counters, &id);
	erase(store->cgroups, &id);
	return erase(store->policies, &id);
}

static int remove_all(const struct sn_store *store, const struct sn_policy *policy)
{
	return close_and_empty(store, policy->cgroup_id) ?: forget(store, policy, 0);
}

static bool is_named(__u64 id, const struct sn_slot *slot, const void *data)
{
	const struct sn_policy *policy = &slot->policy[slot->in_force & 1];

	/* the last byte may be damaged, as tidy() says */
	return !strncmp(policy->tenant, data, sizeof(policy->tenant) - 1);
}

static int not_removed(const struct sn_policy *policy, int ret, struct sn_err *err)
{
	return sn_fail(err, -ret, "cannot remove all rules of tenant '%s': %s", policy->tenant,
		       strerror(-ret));
}

static int not_read(int ret, struct sn_err *err)
{
	return sn_fail(err, -ret, "cannot read the policies: %s", strerror(-ret));
}

int sn_store_empty(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy,
		   struct sn_err *err)
{
	int ret = sn_store_get(store, cgroup_id, policy);

	if (!ret) {
		ret = close_and_empty(store, cgroup_id);
		if (!ret)
			return policy->safe_mode;
		ret = not_removed(policy, ret, err);
	} else if (ret != -ENOENT) {
		ret = not_read(ret, err);
	}
	*policy = (struct sn_policy){};
	return ret == -ENOENT ? 0 : ret;
}

int sn_store_forget(const struct sn_store *store, const struct sn_policy *policy, __u64 keep,
		    struct sn_err *err)
{
	int ret = policy->cgroup_id ? forget(store, policy, keep) : 0;

	return ret ? not_removed(policy, ret, err) : 0;
}

int sn_store_remove_tenant(const struct sn_store *store, const char *tenant, struct sn_err *err)
{
	struct sn_policy policy;
	int removed = 0, ret;
	__u64 id;

	while ((ret = find_slot(store, is_named, tenant, &id)) > 0) {
		ret = sn_store_get(store, id, &policy);
		if (ret)
			break;
		ret = remove_all(store, &policy);
		if (ret)
			return not_removed(&policy, ret, err);
		removed++;
	}
	return ret ? not_read(ret, err) : removed;
}

/*
 * Writes a policy into that place, where no program uses it yet, and then its rules. It is written
 * first and removed last: as long as a policy has rules, its slot tells their scope and the
 * tenant's name, so that a later tool can clean up after one that was killed.
 */
static int prepare(const struct sn_store *store, const struct sn_compiled *compiled,
		   struct sn_slot *slot, __u32 place, struct sn_err *err)
{
	__u64 id = compiled->policy.cgroup_id;
	struct sn_policy *policy = &slot->policy[place];
	int ret;

	if (id & (SN_SCOPE_SECOND | SN_SCOPE_BASELINE))
		return sn_fail(err, EOVERFLOW, "the id of the tenant's cgroup is too large");
	*policy = compiled->policy;
	policy->scope = sn_own_scope(id, place);
	if (place == slot->in_force)
		policy->cgroup_id = 0;
	ret = put_slot(store, id, slot, err);
	if (!ret)
		ret = put_entries(store, &compiled->own, policy->scope, err);
	return ret ? ret : put_baseline(store, compiled, err);
}

int sn_store_put(const struct sn_store *store, const struct sn_compiled *compiled,
		 const struct sn_policy *old, struct sn_err *err)
{
	const struct sn_policy *policy = &compiled->policy;
	__u64 id = policy->cgroup_id;
	struct sn_counters none = {};
	struct sn_slot slot = {};
	int ret = prepare(store, compiled, &slot, 0, err);

	if (!ret)
		ret = put(store->counters, "counters", &id, &none, err);
	if (!ret && old) /* not before: the new one mostly has the same baseline */
		ret = sn_store_forget(store, old, policy->baseline, err);
	slot.policy[0].cgroup_id = id;
	if (!ret)
		ret = put_slot(store, id, &slot, err);
	if (!ret)
		ret = put_home(store, policy, err);
	if (ret)
		remove_all(store, policy);
	return ret;
}

/* What is not in force may have been until just now; what it left, if anything, goes. */
static int clear_old(const struct sn_store *store, __u64 id, struct sn_slot *slot,
		     const struct sn_grace *grace, struct sn_err *err)
{
	int ret;

	if (!slot->policy[!slot->in_force].scope)
		return 0;
	ret = sn_grace_wait(grace, err);
	if (ret)
		return ret;
	ret = clear_spare(store, id, slot);
	return ret ? not_removed(&slot->policy[slot->in_force], ret, err) : 0;
}

/* Puts the other policy in force. "homes" grants nothing that the policy in force does not. */
static int switch_policies(const struct sn_store *store, __u64 id, struct sn_slot *slot,
			   struct sn_err *err)
{
	const struct sn_policy *old = &slot->policy[slot->in_force];
	const struct sn_policy *new = &slot->policy[!slot->in_force];
	bool keeps_home =
		has_home(old) && has_home(new) && !memcmp(&old->dir, &new->dir, sizeof(old->dir));
	int ret = keeps_home ? 0 : remove_home(store, id);

	if (ret)
		return home_failed(ret, err);
	slot->in_force = !slot->in_force;
	ret = put_slot(store, id, slot, err);
	if (ret)
		slot->in_force = !slot->in_force;
	put_home(store, &slot->policy[slot->in_force], NULL); /* without it all is only slower */
	return ret;
}

int sn_store_replace(const struct sn_store *store, const struct sn_compiled *compiled,
		     struct sn_err *err)
{
	__u64 id = compiled->policy.cgroup_id;
	struct sn_grace grace;
	struct sn_slot slot;
	int ret = read_slot(store, id, &slot);

	if (ret || !is_open(&slot))
		return sn_fail(err, ret ? -ret : ENOENT, "no policy of tenant '%s' is in force",
			       compiled->policy.tenant);
	ret = sn_grace_open(&grace, err);
	if (ret)
		return ret;
	ret = clear_old(store, id, &slot, &grace, err); /* of a tool that was killed */
	if (!ret) {
		ret = prepare(store, compiled, &slot, !slot.in_force, err);
		if (!ret)
			ret = switch_policies(store, id, &slot, err);
		if (ret)
			clear_spare(store, id, &slot);
		else /* what is left of it goes with the next one, or with the tenant */
			clear_old(store, id, &slot, &grace, NULL);
	}
	sn_grace_close(&grace);
	return ret;
}

int sn_store_each(const struct sn_store *store,
		  int (*each)(const struct sn_policy *policy, void *data), void *data,
		  struct sn_err *err)
{
	__u64 id, *after = NULL;
	int ret = 0;

	while (!ret) {
		struct sn_policy policy;

		if (bpf_map_get_next_key(store->policies, after, &id))
			return errno == ENOENT ? 0 : not_read(-errno, err);
		after = &id;
		ret = sn_store_get(store, id, &policy);
		if (!ret)
			ret = each(&policy, data);
		else
			ret = ret == -ENOENT ? 0 : not_read(ret, err); /* removed meanwhile? */
	}
	return ret;
}
