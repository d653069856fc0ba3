/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of tenant.bpf.c. They are global, so that the kernel verifies each of them once and
 * not at each call; a global function takes no pointer to a kernel object, hence the addresses.
 */
#ifndef SAFENODE_TENANT_BPF_H
#define SAFENODE_TENANT_BPF_H

#include "vmlinux.h"

/*
 * The id of the cgroup of current's tenant: the ancestor of current's own cgroup that is one level
 * below the parent, so that a child cgroup belongs to its tenant. 0: current is unconfined.
 */
__u64 sn_current_tenant(void);

/*
 * Is the dentry at @dentry below the home of current, which is confined? For a hook whose arguments
 * have another order on other kernels.
 */
int sn_address_is_at_home(__u64 dentry);

/*
 * Is the first dentry of the inode at @inode the home of current, which is confined, or below? For
 * hooks that have no dentry. A directory has no other; of a file, this one is enough, as in
 * sn_access_to_inode().
 */
int sn_alias_is_at_home(__u64 inode);

#endif
