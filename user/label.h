/* SPDX-License-Identifier: GPL-2.0-only */
/* What a container is called in the log and in the status. */
#ifndef SAFENODE_LABEL_H
#define SAFENODE_LABEL_H

#include "bundle.h"
#include "safenode_abi.h"

/*
 * "NAMESPACE/POD/CONTAINER" by the annotations of containerd and CRI-O; elsewhere "container/NAME",
 * with the annotation safenode.tenant, or with the beginning of the container's id. Every label has
 * a slash, which no name of safenode-attach has. One that is too long is cut and ends in a hash of
 * the whole, and what is no letter, digit, '.', '_' or '-' becomes '_'. A label is no key: two
 * containers may have the same.
 */
void sn_label(const struct sn_bundle *bundle, char label[SN_TENANT_MAX]);

#endif
