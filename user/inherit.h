/* SPDX-License-Identifier: GPL-2.0-only */
/* What a tenant must not inherit. */
#ifndef SAFENODE_INHERIT_H
#define SAFENODE_INHERIT_H

#include "err.h"

/*
 * Makes the caller, which is root, an ordinary process: no raised priority, nothing shared with its
 * parent, no core dumps. Lowered priorities stay.
 */
int sn_inherit_nothing(struct sn_err *err);

#endif
