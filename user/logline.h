/* SPDX-License-Identifier: GPL-2.0-only */
/* struct sn_event -> one line of text. Pure: no I/O but the mount table's. */
#ifndef SAFENODE_LOGLINE_H
#define SAFENODE_LOGLINE_H

#include <stddef.h>

#include "safenode_abi.h"

/* "fs.open", "net.connect", ...; "?" for a number that is none. */
const char *sn_op_name(__u16 op);
/* "outside", "not-listed", ... */
const char *sn_why_name(__u16 why);

#define SN_LOGLINE_MAX 4096 /* bytes that always suffice */

/*
 * time=2024-02-29T12:00:00.000Z tenant=t1 pid=123 comm="node" op=fs.open why=outside error=ENOENT
 * path="/etc/passwd"
 * Whatever the tenant can choose (comm, names in paths) is quoted, and in it the quote, the
 * backslash and what is not printable ASCII become \xNN, so no event can look like two. A path that
 * did not fit into the event begins with "..."; one whose file system is not mounted here as a
 * whole begins at that file system's root and has dev=MAJOR:MINOR in front. Returns the length,
 * cut to @size.
 */
size_t sn_logline(const struct sn_event *ev, char *line, size_t size);

/* Up to @max bytes of @text, or up to a NUL, with \xNN as above; in @to, cut to @size. */
const char *sn_printable(const char *text, size_t max, char *to, size_t size);

#endif
