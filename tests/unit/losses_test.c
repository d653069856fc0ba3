// SPDX-License-Identifier: GPL-2.0-only
/* user/losses.c over a map in memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include <cmocka.h>

#include "losses.h"

/* ---- in place of the kernel's maps ---- */

#define ENTRIES 200

static struct {
	__u64 id;
	struct sn_counters counters;
} entries[ENTRIES];
static int fails;

int bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *count,
			 const struct bpf_map_batch_opts *opts)
{
	__u32 from = in ? *(__u32 *)in : 0, nr = 0;

	if (fails) {
		errno = fails;
		return -1;
	}
	for (; nr < *count && from + nr < ENTRIES; nr++) {
		((__u64 *)keys)[nr] = entries[from + nr].id;
		((struct sn_counters *)values)[nr] = entries[from + nr].counters;
	}
	*count = nr;
	*(__u32 *)out = from + nr;
	errno = ENOENT;
	return from + nr < ENTRIES ? 0 : -1;
}

int sn_store_get(const struct sn_store *store, __u64 cgroup_id, struct sn_policy *policy)
{
	if (cgroup_id == 1003)
		return -ENOENT;
	snprintf(policy->tenant, sizeof(policy->tenant), "t%llu", cgroup_id);
	return 0;
}

/* ---- the tests ---- */

static char told[512];

static void tell(const struct sn_log_record *record, void *data)
{
	size_t len = strlen(told);

	assert_int_equal(record->kind, SN_LOG_LOSS);
	assert_true(record->loss.time_ns > 0);
	snprintf(told + len, sizeof(told) - len, "%s:%llu/%llu ", record->loss.tenant,
		 record->loss.lost, record->loss.suppressed);
}

static const char *read_all(struct sn_losses *losses)
{
	told[0] = '\0';
	assert_int_equal(sn_losses_read(losses, &SN_STORE_CLOSED, tell, NULL, NULL), 0);
	return told;
}

static int set_up(void **state)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		entries[i].id = i ? 1000 + ENTRIES - i : 0; /* in no order */
		entries[i].counters = (struct sn_counters){ .known = 3 };
	}
	fails = 0;
	return 0;
}

static void what_grows_is_told_once(void **state)
{
	struct sn_losses losses = {};

	assert_string_equal(read_all(&losses), "");
	entries[199].counters.lost = 5;	      /* 1001 */
	entries[100].counters.suppressed = 7; /* 1100 */
	assert_string_equal(read_all(&losses), "t1001:5/0 t1100:0/7 ");
	assert_string_equal(read_all(&losses), "");
	entries[100].counters.lost = 1;
	entries[50].counters.lost = 2; /* 1150 */
	assert_string_equal(read_all(&losses), "t1100:1/7 t1150:2/0 ");
	assert_string_equal(read_all(&losses), "");
	sn_losses_clear(&losses);
	assert_string_equal(read_all(&losses), "t1001:5/0 t1100:1/7 t1150:2/0 ");
	sn_losses_clear(&losses);
}

static void those_without_a_policy_have_no_name(void **state)
{
	struct sn_losses losses = {};

	entries[0].counters.lost = 1;
	entries[197].counters.lost = 2; /* 1003, which was detached meanwhile */
	assert_string_equal(read_all(&losses), ":1/0 :2/0 ");
	sn_losses_clear(&losses);
}

static void a_failure_has_a_reason_and_forgets_nothing(void **state)
{
	struct sn_losses losses = {};
	struct sn_err err = {};

	entries[1].counters.lost = 1;
	read_all(&losses);
	fails = EPERM;
	assert_int_equal(sn_losses_read(&losses, &SN_STORE_CLOSED, tell, NULL, &err), -EPERM);
	assert_string_equal(err.text, "cannot read the counters: Operation not permitted");
	fails = 0;
	assert_string_equal(read_all(&losses), "");
	sn_losses_clear(&losses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_grows_is_told_once, set_up),
		cmocka_unit_test_setup(those_without_a_policy_have_no_name, set_up),
		cmocka_unit_test_setup(a_failure_has_a_reason_and_forgets_nothing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
