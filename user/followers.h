/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The followers of safenode-logd: each has a place in the backlog, and is sent what follows as far
 * as its socket takes it. Nobody waits for one. What is forgotten before a follower was sent it is
 * counted, and that is sent instead.
 */
#ifndef SAFENODE_FOLLOWERS_H
#define SAFENODE_FOLLOWERS_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "err.h"
#include "logrecord.h"

#define SN_FOLLOWERS_MAX      256 /* what is above is refused */
#define SN_FOLLOWERS_OF_USERS 128 /* of them, of ordinary users (SN_WANT_OF_USER)... */
#define SN_FOLLOWERS_OF_ONE   16  /* ...and of each of these */
#define SN_HALF_OPEN_MAX      16 /* that have not asked yet; more wait until one has, or is dropped */
#define SN_HALF_OPEN_SECS     5

struct sn_followers;

/* NULL: out of memory. @loop has to live longer. */
struct sn_followers *sn_followers_new(sd_event *loop);
void sn_followers_free(struct sn_followers *followers);

/*
 * Accepts them from the listening socket @fd, which it takes over. Only those of the user that this
 * runs as are served: of root.
 */
int sn_followers_listen(struct sn_followers *followers, int fd, struct sn_err *err);

/*
 * One that need not ask, from the oldest record on; takes @fd over. If it ends, or has to be
 * dropped, @gone is called.
 */
int sn_followers_add(struct sn_followers *followers, int fd, void (*gone)(void *data), void *data,
		     struct sn_err *err);

/* Keeps the record, an event or a loss. It is sent with the next sn_followers_send(). */
void sn_followers_tell(struct sn_followers *followers, const struct sn_log_record *record);
void sn_followers_set_state(struct sn_followers *followers, enum sn_log_state state);
/* Sends to each what its socket takes. */
void sn_followers_send(struct sn_followers *followers);

/* How many events have not been sent to the one that lacks most of them. */
__u64 sn_followers_behind(const struct sn_followers *followers);

#endif
