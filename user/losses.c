// SPDX-License-Identifier: GPL-2.0-only
/* What tenants did that never was on the ring: counters that grow. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "losses.h"

#define AT_ONCE 64 /* entries that one call reads; more than a bucket of the map has */

static int compare(const void *a, const void *b)
{
	const struct sn_told *one = a, *other = b;

	return (one->cgroup_id > other->cgroup_id) - (one->cgroup_id < other->cgroup_id);
}

static int keep(struct sn_losses *found, __u64 id, const struct sn_counters *counters)
{
	struct sn_told *more;

	if (!counters->lost && !counters->suppressed)
		return 0;
	more = reallocarray(found->told, found->nr + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	more[found->nr++] = (struct sn_told){ id, counters->lost, counters->suppressed };
	found->told = more;
	return 0;
}

/* All entries that have lost something. */
static int collect(int map, struct sn_losses *found)
{
	static struct sn_counters counters[AT_ONCE];
	__u64 ids[AT_ONCE];
	__u32 at, nr, *after = NULL;
	int ret, error = 0;

	do {
		nr = AT_ONCE;
		ret = bpf_map_lookup_batch(map, after, &at, ids, counters, &nr, NULL);
		if (ret && errno != ENOENT) /* ENOENT: these are the last ones */
			return -errno;
		after = &at;
		for (__u32 i = 0; i < nr && !error; i++)
			error = keep(found, ids[i], &counters[i]);
	} while (!ret && !error);
	return error;
}

static void tell(const struct sn_told *loss, const struct sn_store *store,
		 void (*each)(const struct sn_log_record *record, void *data), void *data)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_LOSS };
	struct sn_policy policy;
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	record.loss = (struct sn_log_loss){ .time_ns = now.tv_sec * 1000000000ULL + now.tv_nsec,
					    .cgroup_id = loss->cgroup_id,
					    .lost = loss->lost,
					    .suppressed = loss->suppressed };
	if (loss->cgroup_id && !sn_store_get(store, loss->cgroup_id, &policy))
		memcpy(record.loss.tenant, policy.tenant, sizeof(record.loss.tenant));
	each(&record, data);
}

int sn_losses_read(struct sn_losses *losses, const struct sn_store *store,
		   void (*each)(const struct sn_log_record *record, void *data), void *data,
		   struct sn_err *err)
{
	struct sn_losses found = {};
	int ret = collect(store->counters, &found);

	if (ret) {
		free(found.told);
		return sn_fail(err, -ret, "cannot read the counters: %s", strerror(-ret));
	}
	if (found.nr)
		qsort(found.told, found.nr, sizeof(*found.told), compare);
	for (size_t i = 0; i < found.nr; i++) {
		const struct sn_told *before =
			losses->nr ? bsearch(&found.told[i], losses->told, losses->nr,
					     sizeof(*before), compare)
				   : NULL;

		if (!before || before->lost < found.told[i].lost ||
		    before->suppressed < found.told[i].suppressed)
			tell(&found.told[i], store, each, data);
	}
	free(losses->told);
	*losses = found;
	return 0;
}

void sn_losses_clear(struct sn_losses *losses)
{
	free(losses->told);
	*losses = (struct sn_losses){};
}
