// SPDX-License-Identifier: GPL-2.0-only
/* user/followers.c with real sockets: what each gets, and what a slow or a dead one costs the
 * others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "backlog.h"
#include "followers.h"
#include "logclient.h"
#include "logdir.h"
#include "scratch.h"

static uid_t euid;

/* The service could be another user's. */
uid_t geteuid(void)
{
	return euid;
}

static sd_event *loop;
static struct sn_followers *followers;

static int set_up(void **state)
{
	int fd;

	euid = getuid();
	if (scratch_begin(state) || sd_event_new(&loop) < 0)
		return -1;
	followers = sn_followers_new(loop);
	fd = sn_logdir_listen(at("log"), NULL);
	return sn_followers_listen(followers, fd, NULL);
}

static int tear_down(void **state)
{
	sn_followers_free(followers);
	sd_event_unref(loop);
	return scratch_end(state);
}

/* Lets the service do what there is to do. */
static void turn(void)
{
	for (int n = 0; n < 2000 && sd_event_run(loop, 0) > 0; n++)
		;
}

static int connect_one(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, at("log"));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int follow(__u32 want, const char *tenant)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION, .kind = SN_LOG_REQUEST };
	int fd = connect_one();

	record.request.want = want;
	strcpy(record.request.tenant, tenant);
	assert_true(send(fd, &record, sn_log_size(&record), 0) > 0);
	turn();
	return fd;
}

/* An event whose process is @pid. */
static void tell(const char *tenant, __u32 pid)
{
	struct sn_event ev = { .pid = pid, .path_len = 50 };
	struct sn_log_record record;

	strcpy(ev.tenant, tenant);
	sn_log_set_event(&record, &ev);
	sn_followers_tell(followers, &record);
}

/* What there is to read, in short: "7 8 state1 done end". */
static const char *got(int fd)
{
	static char text[1024];
	struct sn_log_record record;
	size_t len = 0;

	text[0] = '\0';
	for (;;) {
		ssize_t size = recv(fd, &record, sizeof(record), MSG_DONTWAIT);

		if (size <= 0) {
			strcpy(text + len, size ? "" : "end ");
			return text;
		}
		assert_true(sn_log_check(&record, size));
		if (record.kind == SN_LOG_EVENT)
			len += sprintf(text + len, "%u ", record.event.pid);
		else if (record.kind == SN_LOG_LAST)
			len += sprintf(text + len, "last%u ", record.event.pid);
		else if (record.kind == SN_LOG_STATE)
			len += sprintf(text + len, "state%u ", record.state);
		else if (record.kind == SN_LOG_PASSED)
			len += sprintf(text + len, "passed%llu ", record.passed);
		else if (record.kind == SN_LOG_REFUSED)
			len += sprintf(text + len, "'%s' ", record.why);
		else
			len += sprintf(text + len, "%s",
				       record.kind == SN_LOG_DONE ? "done " : "? ");
	}
}

static void a_user_gets_what_is_of_its_tenants(void **state)
{
	int all, one;

	tell("1000:t1", 1);
	tell("100:t1", 2);
	tell("t1", 3);
	tell("", 4);
	tell("1000:t2", 5);
	all = follow(SN_WANT_BACKLOG | SN_WANT_LAST | SN_WANT_OF_USER, "1000:");
	one = follow(SN_WANT_BACKLOG | SN_WANT_OF_USER, "1000:t2");
	assert_string_equal(got(all), "last1 last5 1 5 done end ");
	assert_string_equal(got(one), "5 done end ");
	close(all);
	close(one);
}

/* There is room for others, and for root most of all. */
static void a_user_has_few_at_a_time(void **state)
{
	int of_one[SN_FOLLOWERS_OF_ONE], next;

	for (int i = 0; i < SN_FOLLOWERS_OF_ONE; i++)
		of_one[i] = follow(SN_WANT_NEW | SN_WANT_OF_USER, i % 2 ? "1000:" : "1000:t1");
	next = follow(SN_WANT_NEW | SN_WANT_OF_USER, "1000:t2");
	assert_non_null(strstr(got(next), "as many followers"));
	close(next);
	next = follow(SN_WANT_NEW | SN_WANT_OF_USER, "100:");
	assert_string_equal(got(next), "");
	close(next);
	next = follow(SN_WANT_NEW, "1000:t1"); /* root's */
	assert_string_equal(got(next), "");
	close(next);
	close(of_one[0]);
	turn();
	next = follow(SN_WANT_NEW | SN_WANT_OF_USER, "1000:t2");
	assert_string_equal(got(next), "");
	close(next);
	for (int i = 1; i < SN_FOLLOWERS_OF_ONE; i++)
		close(of_one[i]);
	turn();
}

static void users_leave_room_for_root(void **state)
{
	int fds[SN_FOLLOWERS_OF_USERS], next;
	char user[16];

	for (int i = 0; i < SN_FOLLOWERS_OF_USERS; i++) {
		snprintf(user, sizeof(user), "%d:", i / SN_FOLLOWERS_OF_ONE + 1);
		fds[i] = follow(SN_WANT_NEW | SN_WANT_OF_USER, user);
	}
	next = follow(SN_WANT_NEW | SN_WANT_OF_USER, "1000:");
	assert_non_null(strstr(got(next), "as many followers"));
	close(next);
	next = follow(SN_WANT_NEW, "");
	assert_string_equal(got(next), "");
	close(next);
	for (int i = 0; i < SN_FOLLOWERS_OF_USERS; i++)
		close(fds[i]);
	turn();
}

static void each_gets_what_it_asked_for(void **state)
{
	int all, new, dump, last, one;

	tell("t1", 1);
	tell("t2", 2);
	sn_followers_set_state(followers, SN_LOG_READS);
	all = follow(SN_WANT_BACKLOG | SN_WANT_NEW, "");
	new = follow(SN_WANT_NEW, "");
	dump = follow(SN_WANT_BACKLOG, "");
	one = follow(SN_WANT_BACKLOG | SN_WANT_NEW, "t2");
	last = follow(SN_WANT_LAST, "");
	assert_string_equal(got(all), "1 2 state1 ");
	assert_string_equal(got(new), "state1 ");
	assert_string_equal(got(dump), "1 2 state1 done end ");
	assert_string_equal(got(one), "2 state1 ");
	assert_string_equal(got(last), "last1 last2 state1 done end ");
	tell("t1", 3);
	tell("t2", 4);
	sn_followers_set_state(followers, SN_LOG_NOT_LOADED);
	sn_followers_send(followers);
	assert_string_equal(got(all), "3 4 state2 ");
	assert_string_equal(got(new), "3 4 state2 ");
	assert_string_equal(got(one), "4 state2 ");
	sn_followers_send(followers);
	assert_string_equal(got(all), "");
	close(all);
	close(new);
	close(dump);
	close(one);
	close(last);
}

/* One that reads nothing: the others get everything, and it is told how much it missed. */
static void a_slow_one_costs_the_others_nothing(void **state)
{
	int slow = follow(SN_WANT_NEW, ""), fast = follow(SN_WANT_NEW, ""),
	    other = follow(SN_WANT_NEW, "t2");
	__u32 nr = SN_BACKLOG_RECORDS + 5000, seen = 0, missed = 0, after = 0;
	struct sn_log_record record;

	for (__u32 i = 1; i <= nr; i++) {
		tell(i % 2 ? "t1" : "t2", i);
		sn_followers_send(followers);
		assert_true(recv(fast, &record, sizeof(record), MSG_DONTWAIT) > 0);
		assert_int_equal(record.event.pid, i);
	}
	assert_int_equal(sn_followers_behind(followers), SN_BACKLOG_RECORDS);
	do {
		ssize_t size = recv(slow, &record, sizeof(record), MSG_DONTWAIT);

		if (size > 0 && record.kind == SN_LOG_PASSED)
			missed += record.passed;
		if (size > 0 && record.kind == SN_LOG_EVENT) {
			seen++;
			after += missed > 0;
			/* nothing is missing but what it was told of */
			assert_int_equal(record.event.pid, seen + missed);
		}
		if (size < 0)
			turn();
	} while (seen + missed < nr);
	assert_true(missed > 0);
	assert_int_equal(after, SN_BACKLOG_RECORDS);
	assert_string_equal(got(slow), "");
	/* of what the third one asked for it missed as much, and none of the others' */
	for (seen = missed = 0; seen + missed < nr / 2;) {
		ssize_t size = recv(other, &record, sizeof(record), MSG_DONTWAIT);

		missed += size > 0 && record.kind == SN_LOG_PASSED ? record.passed : 0;
		seen += size > 0 && record.kind == SN_LOG_EVENT;
		if (size < 0)
			turn();
	}
	assert_string_equal(got(other), "");
	close(slow);
	close(fast);
	close(other);
}

static void a_dead_one_costs_the_others_nothing(void **state)
{
	int dead = follow(SN_WANT_NEW, ""), other = follow(SN_WANT_NEW, "");

	close(dead);
	for (__u32 i = 1; i <= 10; i++)
		tell("t1", i);
	sn_followers_send(followers);
	turn();
	assert_string_equal(got(other), "1 2 3 4 5 6 7 8 9 10 ");
	close(other);
}

/* Those that ask for nothing: no more than some are let in, and they are dropped. */
static void half_open_ones_are_bounded(void **state)
{
	int idle[SN_HALF_OPEN_MAX], late;

	for (int i = 0; i < SN_HALF_OPEN_MAX; i++)
		idle[i] = connect_one();
	turn();
	tell("t1", 1);
	late = follow(SN_WANT_BACKLOG, "");
	assert_string_equal(got(late), "");
	/* each that goes makes room */
	close(idle[3]);
	turn();
	assert_string_equal(got(late), "1 done end ");
	sleep(SN_HALF_OPEN_SECS);
	turn();
	assert_string_equal(got(idle[0]), "end ");
	for (int i = 0; i < SN_HALF_OPEN_MAX; i++)
		if (i != 3)
			close(idle[i]);
	close(late);
}

static void followers_are_bounded(void **state)
{
	int fds[SN_FOLLOWERS_MAX], more;

	for (int i = 0; i < SN_FOLLOWERS_MAX; i++)
		fds[i] = follow(SN_WANT_NEW, "");
	more = follow(SN_WANT_NEW, "");
	assert_string_equal(got(more), "'safenode-logd has as many followers as it can have' end ");
	tell("t1", 1);
	sn_followers_send(followers);
	for (int i = 0; i < SN_FOLLOWERS_MAX; i++) {
		assert_string_equal(got(fds[i]), "1 ");
		close(fds[i]);
	}
	close(more);
	turn();
	more = follow(SN_WANT_BACKLOG, "");
	assert_string_equal(got(more), "1 done end ");
	close(more);
}

static void what_is_no_request_is_answered(void **state)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION + 1, .kind = SN_LOG_REQUEST };
	int older = connect_one(), twice = follow(SN_WANT_NEW, "");

	assert_true(send(older, &record, sn_log_size(&record), 0) > 0);
	turn();
	assert_string_equal(got(older), "'safenode-logd is of another version; restart it' end ");
	assert_true(send(twice, &record, sn_log_size(&record), 0) > 0);
	turn();
	assert_string_equal(got(twice), "end ");
	close(older);
	close(twice);
}

/* Events have paths and names of all tenants. */
static void other_users_get_nothing(void **state)
{
	int fd, same = follow(SN_WANT_BACKLOG | SN_WANT_NEW, "");

	euid = getuid() + 1;
	tell("t1", 1);
	fd = connect_one();
	turn();
	assert_string_equal(got(fd), "end ");
	close(fd);
	/* who was let in before stays */
	sn_followers_send(followers);
	assert_string_equal(got(same), "1 ");
	close(same);
}

static int gone;

static void has_gone(void *data)
{
	gone++;
}

static void one_that_is_given_need_not_ask(void **state)
{
	int ends[2];

	tell("t1", 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(sn_followers_add(followers, ends[0], has_gone, NULL, NULL), 0);
	tell("t1", 2);
	sn_followers_send(followers);
	assert_string_equal(got(ends[1]), "1 2 ");
	close(ends[1]);
	turn();
	assert_int_equal(gone, 1);
}

/* The descriptor is one that waits; the service must not. */
static void one_that_is_given_is_not_waited_for(void **state)
{
	int ends[2];

	gone = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(sn_followers_add(followers, ends[0], has_gone, NULL, NULL), 0);
	alarm(60);
	for (__u32 pid = 1; pid < 3000; pid++)
		tell("t1", pid);
	for (int n = 0; n < 10; n++)
		sn_followers_send(followers);
	turn();
	alarm(0);
	assert_int_equal(gone, 0);
	assert_true(sn_followers_behind(followers) > 0);
	close(ends[1]);
}

static void the_client_reads_them(void **state)
{
	struct sn_log_record record;
	struct sn_err err = {};
	int fd;

	tell("t1", 1);
	fd = follow(SN_WANT_BACKLOG, "");
	assert_int_equal(sn_logclient_next(fd, &record, &err), 1);
	assert_int_equal(record.event.pid, 1);
	assert_int_equal(sn_logclient_next(fd, &record, &err), 1);
	assert_int_equal(record.kind, SN_LOG_DONE);
	assert_int_equal(sn_logclient_next(fd, &record, &err), 0);
	close(fd);
	fd = follow(SN_WANT_BACKLOG, "");
	sn_followers_free(followers);
	followers = NULL;
	assert_int_equal(sn_logclient_next(fd, &record, &err), 1);
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_gets_what_it_asked_for),
		TEST(a_user_gets_what_is_of_its_tenants),
		TEST(a_user_has_few_at_a_time),
		TEST(users_leave_room_for_root),
		TEST(a_slow_one_costs_the_others_nothing),
		TEST(a_dead_one_costs_the_others_nothing),
		TEST(half_open_ones_are_bounded),
		TEST(followers_are_bounded),
		TEST(what_is_no_request_is_answered),
		TEST(other_users_get_nothing),
		TEST(one_that_is_given_need_not_ask),
		TEST(one_that_is_given_is_not_waited_for),
		TEST(the_client_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
