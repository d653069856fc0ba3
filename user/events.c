// SPDX-License-Identifier: GPL-2.0-only
/* The ring buffer -> struct sn_event. */
#include <errno.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "events.h"

struct sn_events_reader {
	struct ring_buffer *ring;
	int (*each)(const struct sn_event *ev, void *data);
	void *data;
	int stopped;  /* the error of @each */
	bool foreign; /* a record of another version was read */
};

static int take(void *context, void *record, size_t size)
{
	struct sn_events_reader *reader = context;

	reader->foreign = size < sizeof(struct sn_event);
	reader->stopped = reader->foreign ? -EPROTO : reader->each(record, reader->data);
	return reader->stopped; /* negative: libbpf stops after this record */
}

struct sn_events_reader *sn_events_open(int map_fd,
					int (*each)(const struct sn_event *ev, void *data),
					void *data, struct sn_err *err)
{
	struct sn_events_reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		sn_fail(err, ENOMEM, "out of memory");
		return NULL;
	}
	reader->each = each;
	reader->data = data;
	libbpf_set_print(NULL); /* the reason goes into @err */
	reader->ring = ring_buffer__new(map_fd, take, reader, NULL);
	if (!reader->ring) {
		sn_fail(err, errno, "cannot read the events: %s", strerror(errno));
		free(reader);
		return NULL;
	}
	return reader;
}

int sn_events_poll(struct sn_events_reader *reader, int timeout_ms, struct sn_err *err)
{
	int ret;

	reader->stopped = 0;
	/* ring_buffer__poll() returns 0 if the events came without a wake-up */
	if (timeout_ms)
		ret = ring_buffer__poll(reader->ring, timeout_ms);
	else
		ret = ring_buffer__consume(reader->ring);
	if (reader->foreign)
		return sn_fail(err, EPROTO,
			       "the events are of another version of safenode; use its tools");
	if (reader->stopped)
		return reader->stopped;
	if (ret == -EINTR) /* for example after SIGSTOP and SIGCONT */
		return 0;
	return ret < 0 ? sn_fail(err, -ret, "cannot read the events: %s", strerror(-ret)) : ret;
}

int sn_events_fd(const struct sn_events_reader *reader)
{
	return ring_buffer__epoll_fd(reader->ring);
}

void sn_events_close(struct sn_events_reader *reader)
{
	if (!reader)
		return;
	ring_buffer__free(reader->ring);
	free(reader);
}
