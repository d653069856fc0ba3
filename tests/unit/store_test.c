// SPDX-License-Identifier: GPL-2.0-only
/* user/store.c over maps in memory: the order of what is written and removed, and every failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_maps.h"

#define CGROUP 77ULL

static struct sn_entry own[] = {
	{ .map = SN_RULES_ADDRESSES, .key.address = { .cgroup_id = CGROUP, .length = 104 } },
	{ .map = SN_RULES_PORTS, .key.port = { .cgroup_id = CGROUP, .port = 80, .length = 16 } },
	{ .map = SN_RULES_DIRECTORIES, .key.directory = { .scope = CGROUP, .ino = 2 } },
};
static struct sn_entry shared[] = {
	{ .map = SN_RULES_NAMES,
	  .key.name = { .directory = { .scope = 1ULL << 63 }, .name = "node" } },
};

static struct sn_compiled compiled(__u64 cgroup_id)
{
	static struct sn_entry copy[3];
	struct sn_compiled c = {
		.policy = { .tenant = "t1", .safe_mode = 1, .baseline = 1ULL << 63, .dir.ino = 9 },
		.own = { copy, 3 },
		.baseline = { shared, 1 },
	};

	c.policy.cgroup_id = cgroup_id;
	memcpy(copy, own, sizeof(copy));
	for (int i = 0; i < 3; i++)
		copy[i].key.scope = cgroup_id;
	return c;
}

static int put(__u64 cgroup_id, const struct sn_policy *old)
{
	struct sn_compiled c = compiled(cgroup_id);
	struct sn_err err = {};

	return sn_store_put(&fake_store, &c, old, &err);
}

static int reset(void **state)
{
	fake_reset();
	return 0;
}

static __u8 safe_mode(__u64 cgroup_id)
{
	struct sn_policy policy;

	assert_int_equal(sn_store_get(&fake_store, cgroup_id, &policy), 0);
	return policy.safe_mode;
}

static bool has_home(__u64 cgroup_id)
{
	__u32 index = sn_homes_index(cgroup_id);
	struct sn_homes_set set;

	bpf_map_lookup_elem(fake_store.homes, &index, &set);
	return set.home[0].cgroup_id == cgroup_id;
}

static void what_permits_anything_is_written_last(void **state)
{
	assert_int_equal(put(CGROUP, NULL), 0);
	assert_string_equal(fake_log,
			    "policies+ lists+ lists+ lists+ addresses+ ports+ directories+ "
			    "lists+ names+ lists+ counters+ policies+ homes+");
	assert_int_equal(safe_mode(CGROUP), 1);
	assert_true(has_home(CGROUP));
}

static void a_baseline_that_is_there_is_left_alone(void **state)
{
	assert_int_equal(put(CGROUP, NULL), 0);
	fake_log[0] = '\0';
	assert_int_equal(put(CGROUP + 1, NULL), 0);
	assert_null(strstr(fake_log, "names"));
	assert_int_equal(fake_count(fake_store.names), 1);
}

static void a_baseline_that_is_there_need_not_be_compiled(void **state)
{
	struct sn_compiled c = compiled(CGROUP + 1);
	struct sn_err err = {};

	assert_int_equal(sn_store_has_baseline(&fake_store, c.policy.baseline), 0);
	assert_int_equal(put(CGROUP, NULL), 0);
	assert_int_equal(sn_store_has_baseline(&fake_store, c.policy.baseline), 1);
	c.baseline.nr = 0;
	assert_int_equal(sn_store_put(&fake_store, &c, NULL, &err), 0);
	assert_int_equal(safe_mode(CGROUP + 1), 1);
	/* nor is nothing taken for another one, which the next tenant would then be without */
	c = compiled(CGROUP + 2);
	c.policy.baseline |= 2;
	c.baseline.nr = 0;
	assert_int_equal(sn_store_put(&fake_store, &c, NULL, &err), 0);
	assert_int_equal(sn_store_has_baseline(&fake_store, c.policy.baseline), 0);
}

/* Every change in turn: nothing stays, whichever it is. */
static void whatever_fails_nothing_of_it_is_left(void **state)
{
	int changes;

	assert_int_equal(put(CGROUP, NULL), 0);
	changes = fake_changes;
	for (int i = 1; i <= changes; i++) {
		fake_reset();
		fake_fail_at = i;
		assert_int_equal(put(CGROUP, NULL), -ENOMEM);
		if (fake_left() || has_home(CGROUP))
			fail_msg("change %d of %d failed, and something is left: %s", i, changes,
				 fake_log);
	}
}

static void a_full_map_has_a_cure(void **state)
{
	struct sn_compiled c = compiled(CGROUP);
	struct sn_err err = {};

	fake_fail_at = 5;
	fake_error = E2BIG;
	assert_int_equal(sn_store_put(&fake_store, &c, NULL, &err), -ENOSPC);
	assert_string_equal(err.text, "the map 'addresses' is full; detach tenants that ended");
}

/* Two steps: it refuses everything before its rules go, and its name is there until the end. */
static void what_permits_anything_is_removed_first(void **state)
{
	struct sn_policy policy;
	struct sn_err err = {};

	assert_int_equal(put(CGROUP, NULL), 0);
	fake_log[0] = '\0';
	assert_int_equal(sn_store_empty(&fake_store, CGROUP, &policy, &err), 1);
	assert_string_equal(fake_log, "homes+ policies+ grace directories- lists- ports- "
				      "lists- addresses- lists-");
	assert_int_equal(safe_mode(CGROUP), 0);
	fake_log[0] = '\0';
	assert_int_equal(sn_store_forget(&fake_store, &policy, 0, &err), 0);
	assert_string_equal(fake_log, "lists- names- lists- counters- policies-");
	assert_int_equal(fake_left(), 0);
}

static void a_baseline_goes_with_its_last_tenant(void **state)
{
	struct sn_err err = {};

	assert_int_equal(put(CGROUP, NULL), 0);
	assert_int_equal(put(CGROUP + 1, NULL), 0);
	assert_int_equal(sn_store_remove_tenant(&fake_store, "t1", &err), 2);
	assert_int_equal(fake_left(), 0);
}

/* Each call is a system call: with one for each tenant, a detach among a thousand costs twice. */
static void a_tenant_is_found_among_thousands_by_few_calls(void **state)
{
	struct sn_slot slot = { .policy[0] = { .tenant = "other", .cgroup_id = 1, .baseline = 7 } };
	int reads;

	for (__u64 id = 1000; id < 2000; id++)
		bpf_map_update_elem(fake_store.policies, &id, &slot, BPF_ANY);
	assert_int_equal(put(CGROUP, NULL), 0);
	fake_reads = 0;
	assert_int_equal(sn_store_remove_tenant(&fake_store, "t1", NULL), 1);
	reads = fake_reads;
	if (reads > 100)
		fail_msg("%d calls", reads);
	assert_int_equal(fake_count(fake_store.policies), 1000);
	assert_int_equal(fake_left(), 1000);
}

static void a_tenant_is_replaced_without_a_second_policy_that_permits(void **state)
{
	struct sn_policy old;
	struct sn_err err = {};

	assert_int_equal(put(CGROUP, NULL), 0);
	assert_int_equal(sn_store_empty(&fake_store, CGROUP, &old, &err), 1);
	assert_int_equal(put(CGROUP + 1, &old), 0);
	assert_int_equal(fake_count(fake_store.policies), 1);
	assert_int_equal(fake_count(fake_store.names), 1);
	assert_int_equal(safe_mode(CGROUP + 1), 1);
}

/* ---- replacing ---- */

/* The baseline, the directory and the number of own rules are others. */
static int replace(__u64 cgroup_id)
{
	static struct sn_entry other = {
		.map = SN_RULES_NAMES,
		.key.name = { .directory = { .scope = 1ULL << 63 | 1 }, .name = "other" },
	};
	struct sn_compiled c = compiled(cgroup_id);
	struct sn_err err = {};

	c.own.nr = 2;
	c.policy.baseline |= 1;
	c.policy.dir.ino = 10;
	c.baseline.all = &other;
	return sn_store_replace(&fake_store, &c, &err);
}

static __u64 home_of(__u64 cgroup_id)
{
	__u32 index = sn_homes_index(cgroup_id);
	struct sn_homes_set set;

	bpf_map_lookup_elem(fake_store.homes, &index, &set);
	return set.home[0].cgroup_id == cgroup_id ? set.home[0].dir.ino : 0;
}

/* All that is there is that of the one policy in force: what put() or replace() writes. */
static void assert_alone(bool replaced)
{
	struct sn_slot slot;
	__u64 id = CGROUP;

	assert_int_equal(bpf_map_lookup_elem(fake_store.policies, &id, &slot), 0);
	assert_int_equal(slot.policy[slot.in_force].cgroup_id, CGROUP);
	assert_int_equal(slot.policy[slot.in_force].dir.ino, replaced ? 10 : 9);
	assert_int_equal(slot.policy[slot.in_force].scope, sn_own_scope(CGROUP, slot.in_force));
	assert_int_equal(slot.policy[!slot.in_force].scope, 0);
	assert_int_equal(home_of(CGROUP), replaced ? 10 : 9);
	assert_int_equal(fake_count(fake_store.policies), 1);
	assert_int_equal(fake_count(fake_store.counters), 1);
	assert_int_equal(fake_count(fake_store.addresses), 1);
	assert_int_equal(fake_count(fake_store.ports), 1);
	assert_int_equal(fake_count(fake_store.directories), replaced ? 0 : 1);
	assert_int_equal(fake_count(fake_store.names), 1);
	assert_int_equal(fake_count(fake_store.lists), replaced ? 4 : 5);
}

static void
a_policy_is_complete_before_it_is_in_force_and_removed_after_a_grace_period(void **state)
{
	assert_int_equal(put(CGROUP, NULL), 0);
	fake_log[0] = '\0';
	assert_int_equal(replace(CGROUP), 0);
	assert_string_equal(fake_log,
			    "policies+ lists+ lists+ addresses+ ports+ lists+ names+ lists+ "
			    "homes+ policies+ homes+ grace "
			    "directories- lists- ports- lists- addresses- lists- "
			    "lists- names- lists- policies+");
	assert_alone(true);
	assert_int_equal(put(CGROUP + 1, NULL), 0);
	assert_int_equal(sn_store_remove_tenant(&fake_store, "t1", NULL), 2);
	assert_int_equal(fake_left(), 0);
}

/* Every change in turn. One that fails after the switch leaves rules, which the next removes. */
static void
if_replacing_fails_the_old_policy_is_in_force_and_nothing_of_the_new_is_left(void **state)
{
	bool switched = false;

	for (int i = 1; !switched; i++) {
		fake_reset();
		assert_int_equal(put(CGROUP, NULL), 0);
		fake_changes = 0;
		fake_fail_at = i;
		switched = !replace(CGROUP);
		if (!switched)
			assert_alone(false);
	}
	fake_fail_at = 0;
	assert_int_equal(replace(CGROUP), 0);
	assert_alone(true);
}

static void a_tool_that_is_killed_while_it_replaces_leaves_what_the_next_one_removes(void **state)
{
	int changes;

	assert_int_equal(put(CGROUP, NULL), 0);
	fake_changes = 0;
	assert_int_equal(replace(CGROUP), 0);
	changes = fake_changes;
	for (int i = 1; i <= 2 * changes; i++) {
		fake_reset();
		assert_int_equal(put(CGROUP, NULL), 0);
		fake_changes = 0;
		fake_fail_at = (i + 1) / 2;
		fake_killed = true;
		replace(CGROUP);
		fake_fail_at = 0;
		if (i % 2) {
			assert_int_equal(replace(CGROUP), 0);
			assert_alone(true);
		}
		assert_int_equal(sn_store_remove_tenant(&fake_store, "t1", NULL), 1);
		assert_int_equal(fake_left(), 0);
	}
}

static void only_a_policy_in_force_is_replaced(void **state)
{
	struct sn_policy policy;

	assert_int_equal(replace(CGROUP), -ENOENT);
	assert_int_equal(put(CGROUP, NULL), 0);
	assert_int_equal(sn_store_empty(&fake_store, CGROUP, &policy, NULL), 1);
	fake_log[0] = '\0';
	assert_int_equal(replace(CGROUP), -ENOENT);
	assert_string_equal(fake_log, "");
}

/* A tool of another version, or a hand at bpftool: its rules are found without the list. */
static void a_damaged_list_keeps_no_rule_alive(void **state)
{
	struct sn_list_key key = { .scope = CGROUP, .number = 1 };
	struct sn_list damaged;
	struct sn_err err = {};

	assert_int_equal(put(CGROUP, NULL), 0);
	assert_int_equal(put(CGROUP + 1, NULL), 0);
	memset(&damaged, 0xff, sizeof(damaged));
	bpf_map_update_elem(fake_store.lists, &key, &damaged, BPF_ANY);
	{
		struct sn_policy policy;

		assert_int_equal(sn_store_empty(&fake_store, CGROUP, &policy, &err), 1);
		assert_int_equal(sn_store_forget(&fake_store, &policy, 0, &err), 0);
	}
	assert_int_equal(fake_count(fake_store.addresses), 1);
	assert_int_equal(fake_count(fake_store.ports), 1);
	assert_int_equal(fake_count(fake_store.directories), 1);
	assert_int_equal(sn_store_remove_tenant(&fake_store, "t1", &err), 1);
	assert_int_equal(fake_left(), 0);
}

/* The name does not end, and the policy says that it is another's. */
static void a_damaged_policy_can_be_removed(void **state)
{
	struct sn_policy policy;
	struct sn_slot slot;
	__u64 id = CGROUP;
	struct sn_err err = {};

	memset(&slot, 'x', sizeof(slot));
	bpf_map_update_elem(fake_store.policies, &id, &slot, BPF_ANY);
	assert_int_equal(sn_store_get(&fake_store, id, &policy), 0);
	assert_int_equal(strlen(policy.tenant), sizeof(policy.tenant) - 1);
	assert_int_equal(policy.cgroup_id, CGROUP);
	assert_int_equal(sn_store_remove_tenant(&fake_store, policy.tenant, &err), 1);
	assert_int_equal(fake_left(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_permits_anything_is_written_last, reset),
		cmocka_unit_test_setup(a_baseline_that_is_there_is_left_alone, reset),
		cmocka_unit_test_setup(a_baseline_that_is_there_need_not_be_compiled, reset),
		cmocka_unit_test_setup(whatever_fails_nothing_of_it_is_left, reset),
		cmocka_unit_test_setup(a_full_map_has_a_cure, reset),
		cmocka_unit_test_setup(what_permits_anything_is_removed_first, reset),
		cmocka_unit_test_setup(a_baseline_goes_with_its_last_tenant, reset),
		cmocka_unit_test_setup(a_tenant_is_found_among_thousands_by_few_calls, reset),
		cmocka_unit_test_setup(a_tenant_is_replaced_without_a_second_policy_that_permits,
				       reset),
		cmocka_unit_test_setup(
			a_policy_is_complete_before_it_is_in_force_and_removed_after_a_grace_period,
			reset),
		cmocka_unit_test_setup(
			if_replacing_fails_the_old_policy_is_in_force_and_nothing_of_the_new_is_left,
			reset),
		cmocka_unit_test_setup(
			a_tool_that_is_killed_while_it_replaces_leaves_what_the_next_one_removes,
			reset),
		cmocka_unit_test_setup(only_a_policy_in_force_is_replaced, reset),
		cmocka_unit_test_setup(a_damaged_list_keeps_no_rule_alive, reset),
		cmocka_unit_test_setup(a_damaged_policy_can_be_removed, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	return failed;
}
