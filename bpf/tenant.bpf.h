/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of tenant.bpf.c. They are global, so that the kernel verifies each of them once and
 * not at each call; a global function takes no pointer to a kernel object, hence the addresses.
 */
#ifndef SAFENODE_TENANT_BPF_H
#define SAFENODE_TENANT_BPF_H

#include "vmlinux.h"

/*
 * The level of current's cgroup where the mark is among the egress programs in force for it; -1: it
 * is not. The cgroup's own programs come first, which in a tenant's cgroup is the mark; a unit of
 * systemd's with IPAddressDeny=, for one, has others. Looks at all: an unconfined process is never
 * refused because there are many.
 */
int sn_marked_level(void);

/*
 * The id of the cgroup of current's tenant: current's own cgroup, which is at @level, or the
 * nearest above it that has a policy in force, so that a child cgroup belongs to its tenant. 0:
 * none has.
 */
__u64 sn_current_tenant(int level);

/* The cgroup at an address, which may be 0; and the id of what is or is not an ancestor of it. */
struct sn_descent {
	__u64 cgroup;
	__u64 ancestor_id;
};
int sn_descends(const struct sn_descent *descent);

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
