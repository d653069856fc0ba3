/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process has from who started it, and its tenant must not have. */
#ifndef SAFENODE_INHERIT_H
#define SAFENODE_INHERIT_H

#include "err.h"

/*
 * Makes of the caller, as root, what an ordinary process is: no weight against others, nothing in
 * common with who started it, no core dumps. What takes weight away stays.
 */
int sn_inherit_nothing(struct sn_err *err);

#endif
