/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF programs of others where ours go: who is there when the kernel takes no more. */
#ifndef SAFENODE_PEERS_H
#define SAFENODE_PEERS_H

#include <bpf/libbpf.h>

#include "err.h"

/*
 * The kernel did not attach @prog, for @error, to the LSM hook @hook; or the program that is open
 * as @prog to the cgroup @path, for its outgoing packets. Into @err: the limit, whose programs have
 * reached it, and the cure. Returns
 * -@error.
 */
int sn_peers_explain_hook(const struct bpf_program *prog, const char *hook, int error,
			  struct sn_err *err);
int sn_peers_explain_egress(int prog, const char *path, int error, struct sn_err *err);

#endif
