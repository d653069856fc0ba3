/* SPDX-License-Identifier: GPL-2.0-only */
/* The node's own policy for containers, which annotations can only narrow. */
#ifndef SAFENODE_FLOOR_H
#define SAFENODE_FLOOR_H

#include "err.h"
#include "options.h"

#define SN_FLOOR_FILE "/etc/safenode/containers.conf"

/*
 * Reads the file @path, of sn_container_opts, one a line. 0, also where there is none: @floor is
 * empty then; -EPERM where others than root could change it; or another negative errno.
 */
int sn_floor_read(struct sn_options *floor, const char *path, struct sn_err *err);

/*
 * What @options does not say of addresses and ports it gets from @floor, whose lists move over.
 * What it says must be as narrow, option by option: addresses cover those of the floor; ports and
 * paths are among those of the floor. Of the floor's paths a container gets those that it names.
 * -EINVAL where something is wider, and names the option.
 */
int sn_floor_apply(struct sn_options *floor, struct sn_options *options, struct sn_err *err);

#endif
