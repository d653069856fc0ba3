// SPDX-License-Identifier: GPL-2.0-only
/* The one reader of the ring. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "events.h"
#include "intake.h"
#include "logdir.h"
#include "losses.h"
#include "pins.h"

#define TICK_USEC    1000000
#define AT_ONCE	     256 /* events, before it is the followers' turn */
#define TICKS_UNREAD 30	 /* counters are read so often at least */

struct sn_intake {
	sd_event *loop;
	struct sn_intake_calls calls;
	sd_event_source *tick;
	int lock;			 /* SN_RING_LOCK, or -1 */
	struct sn_events_reader *reader; /* NULL: the ring is not open */
	sd_event_source *readable;
	int ring;
	struct sn_store store; /* its counters and policies */
	struct sn_losses losses;
	size_t nr;	     /* events of this turn... */
	size_t nr_tick;	     /* ...since the last tick... */
	size_t nr_losses;    /* ...and since the counters were read */
	unsigned int unread; /* ticks since then */
};

static int on_event(const struct sn_event *ev, void *data)
{
	struct sn_intake *intake = data;
	struct sn_log_record record;

	sn_log_set_event(&record, ev);
	intake->calls.record(&record, intake->calls.data);
	intake->nr_tick++;
	intake->nr_losses++;
	return ++intake->nr < AT_ONCE ? 0 : -EAGAIN;
}

static void close_ring(struct sn_intake *intake)
{
	intake->readable = sd_event_source_disable_unref(intake->readable);
	sn_events_close(intake->reader);
	intake->reader = NULL;
	sn_store_close(&intake->store);
	sn_close_(&intake->ring);
	intake->ring = -1;
	sn_losses_clear(&intake->losses);
}

/* Takes some events from the ring. */
static void read_some(struct sn_intake *intake)
{
	struct sn_err err = {};
	int ret;

	intake->nr = 0;
	ret = sn_events_poll(intake->reader, 0, &err);
	if (ret >= 0 || ret == -EAGAIN) {
		intake->calls.pause(SN_LOG_READS, NULL, intake->calls.data);
		return;
	}
	close_ring(intake);
	intake->calls.pause(SN_LOG_OTHER_VERSION, err.text, intake->calls.data);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *data)
{
	read_some(data);
	return 0;
}

/* ---- opening ---- */

static int open_maps(struct sn_intake *intake, struct sn_err *err)
{
	struct sn_state state;
	int ret = sn_pins_state(&state, err);

	if (ret)
		return ret;
	intake->ring = sn_pins_open("events", 0, 0, err);
	if (intake->ring < 0)
		return intake->ring;
	return sn_store_open(&intake->store, err);
}

static int open_ring(struct sn_intake *intake, struct sn_err *err)
{
	int ret;

	/* a safenode-log that has it gives it up when it finds the service's socket */
	if (intake->lock < 0)
		intake->lock = sn_logdir_lock_ring(SN_RING_LOCK, true, err);
	if (intake->lock < 0)
		return intake->lock;
	ret = open_maps(intake, err);
	if (ret)
		return ret;
	intake->reader = sn_events_open(intake->ring, on_event, intake, err);
	if (!intake->reader)
		return -EIO;
	ret = sd_event_add_io(intake->loop, &intake->readable, sn_events_fd(intake->reader),
			      EPOLLIN, on_readable, intake);
	return ret < 0 ? sn_fail(err, -ret, "cannot wait for events: %s", strerror(-ret)) : 0;
}

static enum sn_log_state state_of(int error)
{
	switch (error) {
	case -ENOENT:
		return SN_LOG_NOT_LOADED;
	case -EPROTO:
		return SN_LOG_OTHER_VERSION;
	}
	return SN_LOG_WAITS;
}

static void try_to_open(struct sn_intake *intake)
{
	struct sn_err err = {};
	int ret = open_ring(intake, &err);

	if (!ret) {
		intake->unread = TICKS_UNREAD;
		read_some(intake);
		return;
	}
	if (ret == -EPROTO)
		sn_fail(&err, EPROTO,
			"another version of safenode is loaded; restart its safenode-logd");
	close_ring(intake);
	intake->calls.pause(state_of(ret), err.text, intake->calls.data);
}

/* ---- every second ---- */

static void read_losses(struct sn_intake *intake)
{
	if (!intake->nr_losses && ++intake->unread < TICKS_UNREAD)
		return;
	intake->nr_losses = 0;
	intake->unread = 0;
	/* where that fails, it is tried again, and nothing depends on it */
	sn_losses_read(&intake->losses, &intake->store, intake->calls.record, intake->calls.data,
		       NULL);
}

/*
 * Programs that were replaced can report for some time after their pins are gone: the last ones are
 * read until a second passes without. Polls as well: not every event wakes its reader.
 */
static int on_tick(sd_event_source *source, uint64_t usec, void *data)
{
	struct sn_intake *intake = data;

	if (intake->reader && !sn_pins_have("events", intake->ring) && !intake->nr_tick)
		close_ring(intake);
	intake->nr_tick = 0;
	if (!intake->reader) {
		try_to_open(intake);
	} else {
		read_losses(intake);
		read_some(intake);
	}
	sd_event_source_set_time_relative(source, TICK_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

struct sn_intake *sn_intake_new(sd_event *loop, const struct sn_intake_calls *calls,
				struct sn_err *err)
{
	struct sn_intake *intake = calloc(1, sizeof(*intake));
	int ret;

	if (!intake) {
		sn_fail(err, ENOMEM, "out of memory");
		return NULL;
	}
	*intake = (struct sn_intake){
		.loop = loop, .calls = *calls, .lock = -1, .ring = -1, .store = SN_STORE_CLOSED
	};
	ret = sd_event_add_time_relative(loop, &intake->tick, CLOCK_MONOTONIC, 0, 0, on_tick,
					 intake);
	if (ret >= 0)
		return intake;
	sn_fail(err, -ret, "cannot wait for safenode: %s", strerror(-ret));
	free(intake);
	return NULL;
}

void sn_intake_free(struct sn_intake *intake)
{
	if (!intake)
		return;
	if (intake->reader)
		sn_losses_read(&intake->losses, &intake->store, intake->calls.record,
			       intake->calls.data, NULL);
	close_ring(intake);
	sd_event_source_disable_unref(intake->tick);
	sn_close_(&intake->lock);
	free(intake);
}
