// SPDX-License-Identifier: GPL-2.0-only
/* Waiting until no BPF program can still be reading what the maps held before. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "grace.h"

static int cannot(struct sn_err *err)
{
	return sn_fail(err, errno, "cannot wait for running BPF programs: %s", strerror(errno));
}

int sn_grace_open(struct sn_grace *grace, struct sn_err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int ret;

	*grace = SN_GRACE_CLOSED;
	grace->inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sn_grace_inner", 4, 4, 1, NULL);
	if (grace->inner < 0)
		return cannot(err);
	opts.inner_map_fd = grace->inner;
	grace->outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "sn_grace", 4, 4, 1, &opts);
	if (grace->outer >= 0)
		return 0;
	ret = cannot(err);
	sn_grace_close(grace);
	return ret;
}

void sn_grace_close(struct sn_grace *grace)
{
	sn_close_(&grace->inner);
	sn_close_(&grace->outer);
	*grace = SN_GRACE_CLOSED;
}

/*
 * safenode's programs are not sleepable, so each runs in one RCU read-side critical section. An
 * update of a map of maps ends with synchronize_rcu(), or its expedited form, "so that userspace,
 * when we return to it, knows that all programs that could be running use the new map value"
 * (maybe_wait_bpf_programs() in kernel/bpf/syscall.c). membarrier(2) would not do: where one CPU is
 * online it waits for nothing, and a preemptible kernel can have suspended a program there.
 */
int sn_grace_wait(const struct sn_grace *grace, struct sn_err *err)
{
	__u32 key = 0;

	return bpf_map_update_elem(grace->outer, &key, &grace->inner, BPF_ANY) ? cannot(err) : 0;
}
