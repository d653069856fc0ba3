// SPDX-License-Identifier: GPL-2.0-only
/* user/events.c over a ring in memory, read as libbpf's is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include <cmocka.h>

#include "events.h"

/* ---- in place of libbpf's ---- */

struct ring_buffer {
	ring_buffer_sample_fn take;
	void *context;
};

static struct {
	int fails; /* the next call, with this errno */
	size_t size[8], nr, taken;
	bool freed;
	int waited;
} ring;

static const struct sn_event *event_at(size_t i)
{
	static struct sn_event ev;

	ev.pid = (__u32)i;
	return &ev;
}

struct ring_buffer *ring_buffer__new(int map_fd, ring_buffer_sample_fn take, void *context,
				     const struct ring_buffer_opts *opts)
{
	struct ring_buffer *rb;

	if (ring.fails) {
		errno = ring.fails;
		return NULL;
	}
	rb = malloc(sizeof(*rb));
	assert_non_null(rb);
	*rb = (struct ring_buffer){ take, context };
	return rb;
}

int ring_buffer__epoll_fd(const struct ring_buffer *rb)
{
	return 17;
}

void ring_buffer__free(struct ring_buffer *rb)
{
	ring.freed = true;
	free(rb);
}

/* A record is taken before the callback is asked; what it returns decides about the next. */
int ring_buffer__consume(struct ring_buffer *rb)
{
	int nr = 0, ret;

	if (ring.fails)
		return -ring.fails;
	while (ring.taken < ring.nr) {
		size_t i = ring.taken++;

		ret = rb->take(rb->context, (void *)event_at(i), ring.size[i]);
		if (ret < 0)
			return ret;
		nr++;
	}
	return nr;
}

int ring_buffer__poll(struct ring_buffer *rb, int timeout_ms)
{
	ring.waited = timeout_ms;
	return ring_buffer__consume(rb);
}

/* ---- the tests ---- */

struct seen {
	char pids[64];
	__u32 stop_at; /* fails at this one; 0: never */
	struct sn_err *err;
};

static int see(const struct sn_event *ev, void *data)
{
	struct seen *seen = data;
	size_t len = strlen(seen->pids);

	snprintf(seen->pids + len, sizeof(seen->pids) - len, "%u ", ev->pid);
	if (seen->stop_at && ev->pid == seen->stop_at)
		return sn_fail(seen->err, ENOSPC, "no room");
	return 0;
}

static struct sn_events_reader *open_ring(size_t nr, struct seen *seen)
{
	struct sn_events_reader *reader;

	memset(&ring, 0, sizeof(ring));
	ring.nr = nr;
	for (size_t i = 0; i < nr; i++)
		ring.size[i] = sizeof(struct sn_event);
	reader = sn_events_open(3, see, seen, NULL);
	assert_non_null(reader);
	return reader;
}

static void every_event_is_handed_on_in_order(void **state)
{
	struct seen seen = {};
	struct sn_events_reader *reader = open_ring(3, &seen);

	assert_int_equal(sn_events_poll(reader, 0, NULL), 3);
	assert_int_equal(sn_events_poll(reader, 0, NULL), 0);
	assert_string_equal(seen.pids, "0 1 2 ");
	assert_int_equal(ring.waited, 0);
	assert_int_equal(sn_events_poll(reader, -1, NULL), 0);
	assert_int_equal(ring.waited, -1);
	assert_int_equal(sn_events_fd(reader), 17);
	sn_events_close(reader);
	assert_true(ring.freed);
}

static void a_failure_leaves_the_rest_on_the_ring(void **state)
{
	struct sn_err err = {};
	struct seen seen = { .stop_at = 1, .err = &err };
	struct sn_events_reader *reader = open_ring(4, &seen);

	assert_int_equal(sn_events_poll(reader, 0, &err), -ENOSPC);
	assert_string_equal(err.text, "no room");
	assert_string_equal(seen.pids, "0 1 ");
	assert_int_equal(ring.taken, 2);
	assert_int_equal(sn_events_poll(reader, 0, &err), 2); /* for who comes next */
	sn_events_close(reader);
}

static void what_is_no_event_of_this_version_is_an_error(void **state)
{
	struct sn_err err = {};
	struct seen seen = {};
	struct sn_events_reader *reader = open_ring(3, &seen);

	ring.size[1] = sizeof(struct sn_event) - 1;
	assert_int_equal(sn_events_poll(reader, 0, &err), -EPROTO);
	assert_non_null(strstr(err.text, "another version"));
	assert_string_equal(seen.pids, "0 ");
	sn_events_close(reader);
}

static void a_signal_is_no_failure(void **state)
{
	struct seen seen = {};
	struct sn_events_reader *reader = open_ring(1, &seen);

	ring.fails = EINTR;
	assert_int_equal(sn_events_poll(reader, -1, NULL), 0);
	ring.fails = 0;
	assert_int_equal(sn_events_poll(reader, -1, NULL), 1);
	sn_events_close(reader);
}

static void a_failure_has_a_reason(void **state)
{
	struct sn_err err = {};
	struct seen seen = {};
	struct sn_events_reader *reader = open_ring(1, &seen);

	ring.fails = EBADF;
	assert_int_equal(sn_events_poll(reader, -1, &err), -EBADF);
	assert_string_equal(err.text, "cannot read the events: Bad file descriptor");
	sn_events_close(reader);
	ring.fails = EPERM;
	assert_null(sn_events_open(3, see, &seen, &err));
	assert_string_equal(err.text, "cannot read the events: Operation not permitted");
	sn_events_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_is_handed_on_in_order),
		cmocka_unit_test(a_failure_leaves_the_rest_on_the_ring),
		cmocka_unit_test(what_is_no_event_of_this_version_is_an_error),
		cmocka_unit_test(a_signal_is_no_failure),
		cmocka_unit_test(a_failure_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
