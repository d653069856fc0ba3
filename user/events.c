// SPDX-License-Identifier: GPL-2.0-only
/* The ring buffer -> struct sn_event. */
#include <errno.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "events.h"

struct sn_events_reader {
	struct ring_buffer *ring;
	void (*each)(const struct sn_event *ev, void *data);
	void *data;
};

static int take(void *context, void *record, size_t size)
{
	struct sn_events_reader *reader = context;

	if (size >= sizeof(struct sn_event))
		reader->each(record, reader->data);
	return 0;
}

struct sn_events_reader *sn_events_open(int map_fd,
					void (*each)(const struct sn_event *ev, void *data),
					void *data, struct sn_err *err)
{
	struct sn_events_reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		sn_fail(err, ENOMEM, "out of memory");
		return NULL;
	}
	reader->each = each;
	reader->data = data;
	libbpf_set_print(NULL); /* what it would say is in @err */
	reader->ring = ring_buffer__new(map_fd, take, reader, NULL);
	if (!reader->ring) {
		sn_fail(err, errno, "cannot read the events: %s", strerror(errno));
		free(reader);
		return NULL;
	}
	return reader;
}

int sn_events_poll(struct sn_events_reader *reader, int timeout_ms)
{
	/* ring_buffer__poll() would answer 0 to events that came without a wake-up */
	if (!timeout_ms)
		return ring_buffer__consume(reader->ring);
	return ring_buffer__poll(reader->ring, timeout_ms);
}

void sn_events_close(struct sn_events_reader *reader)
{
	if (!reader)
		return;
	ring_buffer__free(reader->ring);
	free(reader);
}
