/* SPDX-License-Identifier: GPL-2.0-only */
/* struct sn_event -> one line of text. Reads nothing but the mount table and the clock. */
#ifndef SAFENODE_LOGLINE_H
#define SAFENODE_LOGLINE_H

#include <stddef.h>

#include "safenode_abi.h"

/* "fs.open", "net.connect", ...; "?" for an unknown number. */
const char *sn_op_name(__u16 op);
/* "outside", "not-listed", ... */
const char *sn_why_name(__u16 why);

#define SN_LOGLINE_MAX 4096 /* bytes; the longest line fits */

/*
 * time=2024-02-29T12:00:00.000Z tenant=t1 pid=123 comm="node" op=fs.open why=outside error=ENOENT
 * path="/etc/passwd"
 * Text that the tenant chooses (comm, names in paths) is quoted. In it quotes, backslashes and all
 * bytes but printable ASCII are written as \xNN, so one event cannot look like two. A path that did
 * not fit into the event begins with "...". If the root of its file system is not mounted here, the
 * path begins at that root, with dev=MAJOR:MINOR in front. Returns the length, cut to @size.
 */
size_t sn_logline(const struct sn_event *ev, char *line, size_t size);

/* @text up to a NUL or @max bytes, escaped as above, into @to, cut to @size. Returns @to. */
const char *sn_printable(const char *text, size_t max, char *to, size_t size);

#endif
