/* SPDX-License-Identifier: GPL-2.0-only */
/* A descriptor -> the inode as the kernel sees it. */
#ifndef SAFENODE_IDENTIFY_H
#define SAFENODE_IDENTIFY_H

#include <linux/magic.h>
#include <stdbool.h>
#include <sys/vfs.h>

#include "err.h"
#include "safenode_abi.h"

/*
 * The inode of @fd, which may be O_PATH: i_ino and s_dev, and the generation from its file handle.
 * Only on file systems where stat(2) shows i_ino and s_dev, and i_ino is unique within one s_dev.
 * -EOPNOTSUPP with the reason in @err on others (btrfs, overlayfs, bcachefs, ...) and for pipes and
 * sockets. Of a ramfs only the root is identified, and has the generation SN_RAMFS_ROOT.
 */
int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err);

/*
 * The same in a container, whose root is often an overlay. On one whose layers are all on one file
 * system, a number is that of one file (ovl_map_ino() in fs/overlayfs/inode.c); on others it is
 * -EOPNOTSUPP. A number can be that of a later directory once the first is removed, so only where
 * nobody does that: in an image, and for a working directory.
 */
int sn_identify_in_image(int fd, struct sn_inode *id, struct sn_err *err);

/*
 * The s_dev of the layers of the overlay that @fd is on, into @dev, and 0 if it is on none.
 * -EOPNOTSUPP where that cannot be told, or they are on several file systems.
 */
int sn_identify_layers(int fd, __u32 *dev, struct sn_err *err);

/* As sn_identify_fd() for a file that a tenant holds open by @fd: on a ramfs, any file. */
int sn_identify_held_fd(int fd, struct sn_inode *id, struct sn_err *err);

/*
 * One of those file systems of the kernel's own that are known: proc, sysfs, cgroups, bpf, devpts.
 * Others are unknown to sn_identify_fd().
 */
static inline bool sn_identify_is_kernels(const struct statfs *fs)
{
	switch (fs->f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case BPF_FS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
		return true;
	}
	return false;
}

#endif
