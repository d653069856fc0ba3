/* SPDX-License-Identifier: GPL-2.0-only */
/* A descriptor -> the inode as the kernel sees it. */
#ifndef SAFENODE_IDENTIFY_H
#define SAFENODE_IDENTIFY_H

#include "err.h"
#include "safenode_abi.h"

/*
 * What @fd (O_PATH will do) refers to: inode->i_ino and s_dev, and the generation in its file
 * handle. Only on file systems where stat(2) tells the first two and inode numbers are unique below
 * one s_dev; -EOPNOTSUPP with the reason in @err on others (btrfs, overlayfs, bcachefs, ...), and
 * for what has no mount (pipes, sockets).
 */
int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err);

#endif
