/* SPDX-License-Identifier: GPL-2.0-only */
/* A running tenant gets another policy. */
#ifndef SAFENODE_REPLACE_H
#define SAFENODE_REPLACE_H

#include <stdio.h>

#include "err.h"
#include "options.h"

/*
 * Puts the policy that @options describe, as for sn_attach(), in force for the running tenant of
 * that name: addresses, ports, extra paths and limits. Directory, user, groups and program have to
 * be what they are. --keep-fd and --terminal say nothing about a tenant that runs already.
 *
 * Each act of the tenant is judged by the old policy or by the new one, and by the new one once
 * this returns 0. On failure, and if the caller is killed, the policy is the old one or the new one
 * with the limits of the same, and never parts of both. Writes to @out what has changed. 0, or a
 * negative errno with @err filled in; -EINVAL for wrong options.
 */
/*
 * With options->narrow: of one that is warm, once. Its directory is its working directory, which
 * --dir may name, and --keep-fd says which of its descriptors it keeps. Limits that are not named
 * stay. -EBUSY: something else is open (opened.h).
 */
int sn_replace(const struct sn_options *options, FILE *out, struct sn_err *err);

#endif
