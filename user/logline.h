/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct sn_event -> one line of text, and the parts that its other forms have as well. Reads
 * nothing but the mount table and the clock.
 */
#ifndef SAFENODE_LOGLINE_H
#define SAFENODE_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "safenode_abi.h"

/* "fs.open", "net.connect", ...; "?" for an unknown number. */
const char *sn_op_name(__u16 op);
/* "outside", "not-listed", ... */
const char *sn_why_name(__u16 why);
/* "io_uring", ...; NULL: nothing that node or libc always try. */
const char *sn_known_name(__u8 known);
/* "signal=%lld", for a long long; NULL: events of this operation have no number. */
const char *sn_number_format(__u16 op);

/* Milliseconds since 1970 of a time of CLOCK_BOOTTIME in nanoseconds, as the clocks are now. */
int64_t sn_wall_ms(uint64_t boot_ns);
#define SN_TIME_MAX 32
/* "2024-02-29T12:00:00.000Z". Returns @text. */
const char *sn_time_text(int64_t wall_ms, char text[SN_TIME_MAX]);

#define SN_ADDRESS_MAX 46 /* INET6_ADDRSTRLEN */
/* The address of an event that has one. Returns @text. */
const char *sn_address_text(const struct sn_event *ev, char text[SN_ADDRESS_MAX]);

#define SN_MOUNT_POINT_MAX 256
#define SN_EVENT_PATH_TEXT (SN_MOUNT_POINT_MAX + SN_EVENT_PATH_MAX + 1)
/*
 * The bytes of the path of an event that has a file, without a NUL; how many. It begins with "..."
 * if it did not fit into the event. Not @mounted: at the root of its file system, which is not
 * mounted here.
 */
size_t sn_event_path(const struct sn_event *ev, char path[SN_EVENT_PATH_TEXT], bool *mounted);

#define SN_LOGLINE_MAX 8192 /* bytes; the longest line fits */

/*
 * time=2024-02-29T12:00:00.000Z tenant=t1 pid=123 comm="node" op=fs.open why=outside error=ENOENT
 * path="/etc/passwd"
 * Text that the tenant chooses (comm, names in paths) is quoted. In it quotes, backslashes and all
 * bytes but printable ASCII are written as \xNN, so one event cannot look like two. A path that did
 * not fit into the event begins with "...". If the root of its file system is not mounted here, the
 * path begins at that root, with dev=MAJOR:MINOR in front. Where comm or path are not UTF-8, the
 * line ends with their bytes as comm_hex= and path_hex=. Returns the length, cut to @size.
 */
size_t sn_logline(const struct sn_event *ev, char *line, size_t size);

/* @text up to a NUL or @max bytes, escaped as above, into @to, cut to @size. Returns @to. */
const char *sn_printable(const char *text, size_t max, char *to, size_t size);

#endif
