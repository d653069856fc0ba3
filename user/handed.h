/* SPDX-License-Identifier: GPL-2.0-only */
/* What the caller of the drop-in left open on purpose. */
#ifndef SAFENODE_HANDED_H
#define SAFENODE_HANDED_H

#include "err.h"
#include "options.h"

/*
 * Names in @options, as --keep-fd does, all descriptors above 2: exec has closed those that the
 * caller did not mean to hand over (FD_CLOEXEC), if this is called before anything is opened. A
 * tenant keeps files, pipes, terminals, TCP and UDP sockets, and the connected Unix stream that
 * $NODE_CHANNEL_FD names, over which node talks to a child. Whatever else is open is refused by its
 * number and name: closed without a word, the program would take another descriptor for it. 0, or a
 * negative errno with @err filled in: -EINVAL for one that is refused.
 */
int sn_handed_keep(struct sn_options *options, struct sn_err *err);

#endif
