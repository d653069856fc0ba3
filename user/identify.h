/* SPDX-License-Identifier: GPL-2.0-only */
/* A path or descriptor -> the inode as the kernel sees it. */
#ifndef SAFENODE_IDENTIFY_H
#define SAFENODE_IDENTIFY_H

#include "err.h"
#include "safenode_abi.h"

/*
 * What @fd (O_PATH will do) refers to: the number that fs/proc/fd.c seq_show() prints for it, the
 * s_dev of its mount in mountinfo, and the generation in its file handle. Not stat(2), whose
 * numbers are made up by overlayfs and btrfs. -EOPNOTSUPP with the reason in @err where inode
 * numbers are not unique below one s_dev (btrfs, overlayfs, bcachefs, ...), where the file system
 * is not known to be safe, and for what has no mount (pipes, sockets).
 */
int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err);

/* The same for a path, not following a last symbolic link. */
int sn_identify(const char *path, struct sn_inode *id, struct sn_err *err);

/*
 * Where the root of the file system with this s_dev is mounted, into @path: the shortest such
 * place. -ENOENT if only a part of it is mounted here, or nothing.
 */
int sn_mount_point(__u32 dev, char *path, size_t size);

#endif
