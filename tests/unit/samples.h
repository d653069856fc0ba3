/* SPDX-License-Identifier: GPL-2.0-only */
/* What safenode-status could have found, for the tests of its forms. */
#ifndef SAFENODE_SAMPLES_H
#define SAFENODE_SAMPLES_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

static struct sn_tenant sample_tenants[2];

/* Two tenants, in force; "shop" runs as user 998, and "blog" has ended. */
static inline struct sn_status sample(void)
{
	static pid_t pids[] = { 184, 185 };
	struct sn_status status = {
		.in_force = true,
		.checks = { { .id = "ftrace",
			      .what = "kernel.ftrace_enabled",
			      .met = true,
			      .needed = true,
			      .found = "1" } },
		.nr_checks = 1,
		.known = true,
		.state = { .programs = 76, .parent = "/safenode" },
		.mount = "/sys/fs/cgroup",
		.tenants = sample_tenants,
		.nr_tenants = 2,
		.maps = { { "policies", 2, 16384 } },
		.nr_maps = 1,
	};

	sample_tenants[0] = (struct sn_tenant){
		.policy = { .tenant = "blog", .directory = "/srv/blog", .safe_mode = 1 },
		.cgroup = "/sys/fs/cgroup/safenode/blog",
		.usage = { .memory = SN_NOT_KNOWN,
			   .memory_max = SN_NOT_KNOWN,
			   .cpu_usec = 3723000000,
			   .threads = SN_NOT_KNOWN },
	};
	sample_tenants[1] = (struct sn_tenant){
		.policy = { .tenant = "shop", .directory = "/srv/shop", .safe_mode = 1 },
		.counters = { .known = 2, .lost = 3, .suppressed = 4 },
		.cgroup = "/sys/fs/cgroup/safenode/shop",
		.running = true,
		.usage = { .pids = pids,
			   .nr_pids = 2,
			   .has_user = true,
			   .user = 998,
			   .memory = 47395635,
			   .memory_max = 314572800,
			   .cpu_usec = 3210000,
			   .threads = 11 },
		.user = "shop",
	};
	sample_tenants[1].counters.denied[SN_OP_FS_OPEN] = 10;
	sample_tenants[1].counters.denied[SN_OP_NET_CONNECT] = 2;
	return status;
}

/* Not met, and whether that matters */
static inline void break_check(struct sn_status *status, bool needed)
{
	status->checks[0].met = false;
	status->checks[0].needed = needed;
	strcpy(status->checks[0].found, "0");
	strcpy(status->checks[0].cure, "set it");
	status->in_force = !needed;
}

static inline void drift_limit(struct sn_status *status)
{
	status->tenants[1].drifts = 1;
	status->tenants[1].drift[0] = (struct sn_drift){ "pids.max", "20", "" };
}

/* What it prints, which the caller frees. */
static inline char *printed(void (*print)(const struct sn_status *status, FILE *out),
			    const struct sn_status *status)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(status, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

#endif
