/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's LSM hooks: which are there, and whether their arguments are where the BPF programs
 * read them. By the kernel's own prototypes, not by its version, nor by what else it has:
 * distributions backport changes one by one.
 */
#ifndef SAFENODE_LSMHOOKS_H
#define SAFENODE_LSMHOOKS_H

#include <bpf/btf.h>
#include <stdbool.h>

#include "requirement.h"

/*
 * Does the kernel with the types @kernel have the LSM hook @hook, for BPF programs? It has a
 * function bpf_lsm_<hook> then, to which they are attached (kernel/bpf/bpf_lsm.c).
 */
bool sn_hook_exists(const struct btf *kernel, const char *hook);

/*
 * The index of the argument of @hook that is a pointer to struct @type, or -ENOENT. It is the
 * caller's to judge the hook first.
 */
int sn_hook_argument(const struct btf *kernel, const char *hook, const char *type);

/*
 * Fills in what the BPF programs need of @hook: is it there, and does its prototype begin as one
 * that SN_PROTOTYPE() has left among the types @programs? False: @hook is missing and need not be
 * there, because this kernel does not ask it; then its program has to be left out, and @req is not
 * changed.
 */
bool sn_hook_judge(const struct btf *kernel, const struct btf *programs, const char *hook,
		   struct sn_requirement *req);

#endif
