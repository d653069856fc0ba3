/* SPDX-License-Identifier: GPL-2.0-only */
/* A container's annotations -> options. */
#ifndef SAFENODE_ANNOTATIONS_H
#define SAFENODE_ANNOTATIONS_H

#include "bundle.h"
#include "err.h"
#include "options.h"

#define SN_ANNOTATION "safenode." /* what those for safenode begin with */

/*
 * "safenode.NAME": the option NAME of sn_container_opts, "true" for one without a value; of paths
 * more than one, with commas between. "safenode.tenant" is for label.c. -EINVAL, naming the
 * annotation, for any other that begins so, and for a wrong value.
 */
int sn_annotations_read(const struct sn_bundle *bundle, struct sn_options *options,
			struct sn_err *err);

/*
 * What holds for a container's options, from annotations or from a file: paths are plain, and no
 * list has "self", which is the addresses of whoever asks, not of the container.
 */
int sn_container_options_check(const struct sn_options *options, struct sn_err *err);

#endif
