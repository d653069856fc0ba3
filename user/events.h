/* SPDX-License-Identifier: GPL-2.0-only */
/* The ring buffer -> struct sn_event. */
#ifndef SAFENODE_EVENTS_H
#define SAFENODE_EVENTS_H

#include <stdbool.h>

#include "err.h"
#include "safenode_abi.h"

struct sn_events_reader;

/* Reads from the ring @map_fd; @each is called with every event. NULL with @err filled in. */
struct sn_events_reader *sn_events_open(int map_fd,
					void (*each)(const struct sn_event *ev, void *data),
					void *data, struct sn_err *err);
/* Waits up to @timeout_ms (-1: for ever; 0: takes what is there). How many, or a negative errno. */
int sn_events_poll(struct sn_events_reader *reader, int timeout_ms);
void sn_events_close(struct sn_events_reader *reader);

#endif
