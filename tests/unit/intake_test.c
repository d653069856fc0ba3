// SPDX-License-Identifier: GPL-2.0-only
/* user/intake.c over a ring in memory that is loaded and unloaded. A second is a millisecond here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "events.h"
#include "intake.h"
#include "logdir.h"
#include "losses.h"
#include "pins.h"

/* ---- in place of the rooms that it uses ---- */

static struct {
	int state;  /* what sn_pins_state() says: 0, -ENOENT, -EPROTO */
	int locked; /* what sn_logdir_lock_ring() says instead of a descriptor; or 0 */
	int left;   /* events on the ring */
	bool foreign;
	bool pinned;
	int opened, losses_read;
} world;

static int (*each)(const struct sn_event *ev, void *data);
static void *each_data;
static int signal_fd; /* readable while there are events */

struct sn_events_reader {
	int unused;
};

struct sn_events_reader *sn_events_open(int map_fd, int (*call)(const struct sn_event *, void *),
					void *data, struct sn_err *err)
{
	static struct sn_events_reader reader;

	each = call;
	each_data = data;
	signal_fd = eventfd(0, EFD_NONBLOCK);
	world.opened++;
	return &reader;
}

int sn_events_fd(const struct sn_events_reader *reader)
{
	return signal_fd;
}

int sn_events_poll(struct sn_events_reader *reader, int timeout_ms, struct sn_err *err)
{
	int nr = 0, ret = 0;
	uint64_t count;

	assert_int_equal(timeout_ms, 0);
	if (world.foreign)
		return sn_fail(err, EPROTO, "foreign");
	while (world.left && !ret) {
		ret = each(&(struct sn_event){ .tenant = "t1", .pid = world.left-- }, each_data);
		nr++;
	}
	if (!world.left && read(signal_fd, &count, sizeof(count)) < 0)
		assert_int_equal(errno, EAGAIN);
	return ret ? ret : nr;
}

void sn_events_close(struct sn_events_reader *reader)
{
	if (reader)
		close(signal_fd);
}

int sn_pins_state(struct sn_state *state, struct sn_err *err)
{
	return world.state ? sn_fail(err, -world.state, "state %d", -world.state) : 0;
}

int sn_pins_open(const char *map, size_t key_size, size_t value_size, struct sn_err *err)
{
	return dup(0);
}

bool sn_pins_have(const char *map, int fd)
{
	return world.pinned;
}

int sn_store_open(struct sn_store *store, struct sn_err *err)
{
	return 0;
}

void sn_store_close(struct sn_store *store)
{
}

int sn_logdir_lock_ring(const char *path, bool exclusive, struct sn_err *err)
{
	assert_true(exclusive);
	return world.locked ? sn_fail(err, -world.locked, "locked") : dup(0);
}

int sn_losses_read(struct sn_losses *losses, const struct sn_store *store,
		   void (*call)(const struct sn_log_record *record, void *data), void *data,
		   struct sn_err *err)
{
	world.losses_read++;
	return 0;
}

void sn_losses_clear(struct sn_losses *losses)
{
}

int sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec)
{
	uint64_t now;

	assert_int_equal(usec, 1000000);
	sd_event_now(sd_event_source_get_event(source), CLOCK_MONOTONIC, &now);
	return sd_event_source_set_time(source, now + 1000);
}

/* ---- the tests ---- */

static sd_event *loop;
static struct sn_intake *intake;
static int records, pauses;
static enum sn_log_state last;
static char last_why[128];

static void on_record(const struct sn_log_record *record, void *data)
{
	assert_int_equal(record->kind, SN_LOG_EVENT);
	records++;
}

static void on_pause(enum sn_log_state state, const char *why, void *data)
{
	pauses++;
	last = state;
	snprintf(last_why, sizeof(last_why), "%s", why ? why : "");
}

static int set_up(void **state)
{
	const struct sn_intake_calls calls = { on_record, on_pause, NULL };

	memset(&world, 0, sizeof(world));
	world.pinned = true;
	records = pauses = 0;
	if (sd_event_new(&loop) < 0)
		return -1;
	intake = sn_intake_new(loop, &calls, NULL);
	return intake ? 0 : -1;
}

static int tear_down(void **state)
{
	sn_intake_free(intake);
	sd_event_unref(loop);
	return 0;
}

static void ticks(int nr)
{
	for (int i = 0; i < nr; i++)
		sd_event_run(loop, 20000);
}

static void put_events(int nr)
{
	world.left += nr;
	assert_int_equal(eventfd_write(signal_fd, 1), 0);
}

static void what_is_on_the_ring_is_read(void **state)
{
	world.left = 3;
	ticks(1);
	assert_int_equal(records, 3);
	assert_int_equal(last, SN_LOG_READS);
	put_events(2);
	ticks(2);
	assert_int_equal(records, 5);
}

/* A tenant that floods: others have their turn in between. */
static void no_turn_takes_for_ever(void **state)
{
	world.left = 1000;
	ticks(1);
	assert_in_range(records, 1, 256);
	assert_int_equal(pauses, 1);
	put_events(0);
	ticks(6);
	assert_int_equal(records, 1000);
	assert_true(pauses >= 4);
}

static void it_waits_until_safenode_is_loaded(void **state)
{
	world.state = -ENOENT;
	ticks(2);
	assert_int_equal(last, SN_LOG_NOT_LOADED);
	assert_string_equal(last_why, "state 2");
	assert_int_equal(world.opened, 0);
	world.state = 0;
	world.left = 1;
	ticks(2);
	assert_int_equal(last, SN_LOG_READS);
	assert_int_equal(records, 1);
}

/* First the last events of what was loaded before, then the new ring. */
static void another_ring_is_opened_when_the_old_one_is_silent(void **state)
{
	ticks(2);
	world.pinned = false;
	put_events(1);
	ticks(1);
	assert_int_equal(world.opened, 1);
	assert_int_equal(records, 1);
	ticks(4);
	assert_true(world.opened >= 2);
	world.pinned = true;
	put_events(4);
	ticks(2);
	assert_int_equal(records, 5);
}

static void another_version_is_waited_for(void **state)
{
	world.state = -EPROTO;
	ticks(1);
	assert_int_equal(last, SN_LOG_OTHER_VERSION);
	assert_string_equal(last_why,
			    "another version of safenode is loaded; restart its safenode-logd");
	world.state = 0;
	ticks(1);
	assert_int_equal(last, SN_LOG_READS);
	world.foreign = true; /* records that it does not understand */
	ticks(1);
	assert_int_equal(last, SN_LOG_OTHER_VERSION);
	assert_string_equal(last_why, "foreign");
	world.foreign = false;
	ticks(1);
	assert_int_equal(last, SN_LOG_READS);
}

static void it_waits_for_a_log_that_reads_itself(void **state)
{
	world.locked = -EBUSY;
	ticks(1);
	assert_int_equal(last, SN_LOG_WAITS);
	assert_string_equal(last_why, "locked");
	assert_int_equal(world.opened, 0);
	world.locked = 0;
	ticks(1);
	assert_int_equal(last, SN_LOG_READS);
}

/* At the beginning, a second after there were events, and at the end. */
static void counters_are_read_where_something_happened(void **state)
{
	ticks(2);
	assert_int_equal(world.losses_read, 1);
	ticks(5);
	assert_int_equal(world.losses_read, 1);
	put_events(1);
	ticks(4);
	assert_int_equal(world.losses_read, 2);
	sn_intake_free(intake);
	intake = NULL;
	assert_int_equal(world.losses_read, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_on_the_ring_is_read),
		TEST(no_turn_takes_for_ever),
		TEST(it_waits_until_safenode_is_loaded),
		TEST(another_ring_is_opened_when_the_old_one_is_silent),
		TEST(another_version_is_waited_for),
		TEST(it_waits_for_a_log_that_reads_itself),
		TEST(counters_are_read_where_something_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
