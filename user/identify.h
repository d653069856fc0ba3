/* SPDX-License-Identifier: GPL-2.0-only */
/* A descriptor -> the inode as the kernel sees it. */
#ifndef SAFENODE_IDENTIFY_H
#define SAFENODE_IDENTIFY_H

#include "err.h"
#include "safenode_abi.h"

/*
 * The inode of @fd, which may be O_PATH: i_ino and s_dev, and the generation from its file handle.
 * Only on file systems where stat(2) shows i_ino and s_dev, and i_ino is unique within one s_dev.
 * -EOPNOTSUPP with the reason in @err on others (btrfs, overlayfs, bcachefs, ...) and for pipes and
 * sockets. Of a ramfs only the root is identified, and has the generation SN_RAMFS_ROOT.
 */
int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err);

/* The same for a file that a tenant holds open by @fd: on a ramfs, any file. */
int sn_identify_held_fd(int fd, struct sn_inode *id, struct sn_err *err);

#endif
