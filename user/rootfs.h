/* SPDX-License-Identifier: GPL-2.0-only */
/* A container's root, as it is mounted before its first process starts -> its rules. */
#ifndef SAFENODE_ROOTFS_H
#define SAFENODE_ROOTFS_H

#include "bundle.h"
#include "err.h"
#include "gather.h"
#include "safenode_abi.h"

/*
 * The root of the container of @bundle, mounts and all, as its first process sees it. Returns an
 * O_PATH descriptor, which the caller closes, or a negative errno.
 */
int sn_rootfs_open(const struct sn_bundle *bundle, struct sn_err *err);

/*
 * Adds to @named, whose options have cwd as their directory, all that a container's policy has of
 * files below @root:
 *  - the image can be read; programs in its bin directories and the container's own program can be
 *    started; code can be mapped from those, from its lib directories and from --native-code;
 *  - the working directory is the tenant's directory;
 *  - of what is mounted, the options' paths, the engine's files of /etc, and what a runtime reads
 * of /proc, /sys and /dev. No link of the image is followed, nothing of it is run. @layers is as in
 * sn_identify_layers(). -EINVAL where something is named wrongly or in the wrong place, with the
 * cure.
 */
int sn_rootfs_gather(int root, const struct sn_bundle *bundle, struct sn_gathered *named,
		     __u32 *layers, struct sn_err *err);

#endif
