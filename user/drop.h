/* SPDX-License-Identifier: GPL-2.0-only */
/* What a tenant may not have of the caller: descriptors, root, capabilities. */
#ifndef SAFENODE_DROP_H
#define SAFENODE_DROP_H

#include <stddef.h>

#include "account.h"
#include "err.h"

/* Close-on-exec for all above 2 but the @nr in @keep. -EINVAL if one of those is not open. */
int sn_drop_descriptors(const int *keep, size_t nr, struct sn_err *err);

/*
 * Becomes @account, without capabilities and with no_new_privs. There is no way back. Where a unit
 * or a container does not leave what this takes, @err names it.
 */
int sn_drop_root(const struct sn_account *account, struct sn_err *err);

/* The same for who is no root, and stays who it is: no capabilities, no_new_privs. */
int sn_drop_own(struct sn_err *err);

#endif
