/* SPDX-License-Identifier: GPL-2.0-only */
/* Every difference between kernels, each with since / why / drop when. */
#ifndef SAFENODE_COMPAT_BPF_H
#define SAFENODE_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>

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

#endif
