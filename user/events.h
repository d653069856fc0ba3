/* SPDX-License-Identifier: GPL-2.0-only */
/* The ring buffer -> struct sn_event. */
#ifndef SAFENODE_EVENTS_H
#define SAFENODE_EVENTS_H

#include <stdbool.h>

#include "err.h"
#include "safenode_abi.h"

struct sn_events_reader;

/*
 * Opens the ring @map_fd. @each is called with every event; if it returns a negative errno, no
 * further event is taken from the ring. NULL on failure, with @err filled in.
 */
struct sn_events_reader *sn_events_open(int map_fd,
					int (*each)(const struct sn_event *ev, void *data),
					void *data, struct sn_err *err);
/*
 * Waits for events up to @timeout_ms (-1: for ever; 0: reads what is there), or until a signal. The
 * number of events; or a negative errno: that of @each, which fills in @err itself, or another.
 */
int sn_events_poll(struct sn_events_reader *reader, int timeout_ms, struct sn_err *err);
/* Readable while there are events on the ring; for epoll(7). Belongs to the reader. */
int sn_events_fd(const struct sn_events_reader *reader);
void sn_events_close(struct sn_events_reader *reader);

#endif
