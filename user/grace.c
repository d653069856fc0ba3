// SPDX-License-Identifier: GPL-2.0-only
/* Waiting until no BPF program can still be reading what maps had before. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "grace.h"

/*
 * safenode's programs are not sleepable, so each runs in one RCU read section. An update of a map
 * of maps ends with synchronize_rcu(), or its expedited form, "so that userspace, when we return to
 * it, knows that all programs that could be running use the new map value"
 * (maybe_wait_bpf_programs() in kernel/bpf/syscall.c). membarrier(2) would not do: on one CPU it
 * waits for nothing, though a program can be preempted there.
 */
static int update_map_of_maps(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	sn_autoclose int inner =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "sn_grace_inner", 4, 4, 1, NULL);
	sn_autoclose int outer = -1;
	__u32 key = 0;

	if (inner < 0)
		return -errno;
	opts.inner_map_fd = inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "sn_grace", 4, 4, 1, &opts);
	if (outer < 0 || bpf_map_update_elem(outer, &key, &inner, BPF_ANY))
		return -errno;
	return 0;
}

int sn_grace_period(struct sn_err *err)
{
	int ret = update_map_of_maps();

	return ret ? sn_fail(err, -ret, "cannot wait for running BPF programs: %s", strerror(-ret))
		   : 0;
}
