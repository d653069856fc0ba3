/* SPDX-License-Identifier: GPL-2.0-only */
/* Every difference between kernels, each with since / why / drop when. */
#ifndef SAFENODE_COMPAT_BPF_H
#define SAFENODE_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * SN_HOOK() of a hook whose first argument, which no program reads, is another type in older
 * kernels.
 * since: 6.3
 * why: struct mnt_idmap took the place of struct user_namespace
 * drop when: 6.1 is no longer supported
 */
#define SN_HOOK_IDMAP(hook, args...)                                         \
	SN_PROTOTYPE(hook##___before_6_3, struct user_namespace *ns, ##args) \
	SN_HOOK(hook, struct mnt_idmap *idmap, ##args)

/*
 * since: 7.3
 * why: d_alias left the union d_u of struct dentry
 * drop when: no kernel with d_u.d_alias is supported
 */
static __always_inline __u32 sn_dentry_alias_offset(void)
{
	if (bpf_core_field_exists(struct dentry, d_u.d_alias))
		return bpf_core_field_offset(struct dentry, d_u.d_alias);
	return bpf_core_field_offset(struct dentry___alias_outside, d_alias);
}

/*
 * Did current call socketpair(2)? Only for hooks that socket(2) and socketpair(2) reach: under
 * another ABI of the machine each of these numbers is another system call, but none that makes
 * sockets.
 * since: ever
 * why: each ABI of an architecture has its own numbers, and each architecture its place for them
 * drop when: never
 */
static __always_inline bool sn_in_socketpair(void)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
#if defined(__TARGET_ARCH_x86)
	unsigned long call = BPF_CORE_READ(regs, orig_ax);

	return call == 53 ||					     /* of 64-bit programs */
	       call == (53 | 0x40000000) ||			     /* of x32 */
	       call == 360 ||					     /* of 32-bit programs... */
	       (call == 102 && (__u32)BPF_CORE_READ(regs, bx) == 8); /* ...and by socketcall(2) */
#elif defined(__TARGET_ARCH_arm64)
	int call = BPF_CORE_READ((struct pt_regs___on_arm64 *)regs, syscallno);

	return call == 199 || call == 288; /* of 64-bit and of 32-bit programs */
#else
#error "which number has socketpair(2)?"
#endif
}

#endif
