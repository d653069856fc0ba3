// SPDX-License-Identifier: GPL-2.0-only
/* user/logclient.c against services that answer well, wrongly, or not at all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "logclient.h"

/* In place of the kernel's: the socket is one end of a pair, what @prepare sent is in the other. */
static int connect_error, service = -1;
static void (*prepare)(int fd);

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	int ends[2];

	assert_string_equal(address->sa_data, SN_LOG_SOCKET);
	if (connect_error) {
		errno = connect_error;
		return -1;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(dup2(ends[0], fd), fd);
	close(ends[0]);
	service = ends[1];
	prepare(service);
	return 0;
}

static void put(int fd, enum sn_log_kind kind, __u32 pid)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION };
	struct sn_event ev = { .pid = pid };

	if (kind == SN_LOG_LAST)
		sn_log_set_event(&record, &ev);
	record.kind = kind;
	if (kind == SN_LOG_REFUSED)
		strcpy(record.why, "no more");
	assert_true(send(fd, &record, sn_log_size(&record), 0) > 0);
}

static int seen;

static int see(const struct sn_event *ev, void *data)
{
	seen += ev->pid;
	return ev->pid == 100 ? 5 : 0;
}

static int lasts(void (*answer)(int fd), struct sn_err *err)
{
	int ret;

	*err = (struct sn_err){};
	seen = 0;
	prepare = answer;
	ret = sn_logclient_lasts(see, NULL, err);
	if (service >= 0)
		close(service);
	service = -1;
	return ret;
}

static void answers_two(int fd)
{
	put(fd, SN_LOG_LAST, 1);
	put(fd, SN_LOG_LAST, 2);
	put(fd, SN_LOG_STATE, 0);
	put(fd, SN_LOG_DONE, 0);
}

static void answers_one_and_ends(int fd)
{
	put(fd, SN_LOG_LAST, 1);
	shutdown(fd, SHUT_WR);
}

static void answers_a_hundred(int fd)
{
	put(fd, SN_LOG_LAST, 100);
	put(fd, SN_LOG_LAST, 1);
}

static void refuses(int fd)
{
	put(fd, SN_LOG_REFUSED, 0);
}

static void is_of_another_version(int fd)
{
	struct sn_log_record record = { .abi = SN_ABI_VERSION + 1, .kind = SN_LOG_DONE };

	assert_int_equal(send(fd, &record, 8, 0), 8);
}

static void says_nothing(int fd)
{
}

static void the_last_events_are_read_to_their_end(void **state)
{
	struct sn_err err;

	assert_int_equal(lasts(answers_two, &err), 0);
	assert_int_equal(seen, 3);
	assert_int_equal(lasts(answers_a_hundred, &err), 5);
	assert_int_equal(seen, 100);
	assert_int_equal(lasts(answers_one_and_ends, &err), -EPIPE);
	assert_string_equal(err.text, "safenode-logd has ended");
}

static void a_service_that_does_not_run_is_told_apart(void **state)
{
	struct sn_err err;

	connect_error = ENOENT;
	assert_int_equal(lasts(answers_two, &err), -ENOENT);
	connect_error = ECONNREFUSED; /* it was killed */
	assert_int_equal(lasts(answers_two, &err), -ENOENT);
	assert_string_equal(err.text,
			    "cannot connect to safenode-logd at /run/safenode/log: it does "
			    "not run");
	connect_error = EACCES;
	assert_int_equal(lasts(answers_two, &err), -EACCES);
	connect_error = 0;
}

static void what_it_says_wrongly_is_an_error(void **state)
{
	struct sn_err err;

	assert_int_equal(lasts(refuses, &err), -EBUSY);
	assert_string_equal(err.text, "no more");
	assert_int_equal(lasts(is_of_another_version, &err), -EPROTO);
	assert_string_equal(err.text, "safenode-logd is of another version; restart it");
}

static void one_that_is_stopped_is_not_waited_for(void **state)
{
	struct sn_err err;

	assert_int_equal(lasts(says_nothing, &err), -EAGAIN);
	assert_non_null(strstr(err.text, "does not answer"));
}

static void it_asks_for_what_it_wants(void **state)
{
	struct sn_log_record record;
	ssize_t size;
	int fd;

	prepare = says_nothing;
	fd = sn_logclient_open(SN_WANT_NEW | SN_WANT_BACKLOG, "t1", NULL);
	assert_true(fd >= 0);
	size = recv(service, &record, sizeof(record), MSG_DONTWAIT);
	assert_true(sn_log_check(&record, size));
	assert_int_equal(record.kind, SN_LOG_REQUEST);
	assert_int_equal(record.request.want, SN_WANT_NEW | SN_WANT_BACKLOG);
	assert_string_equal(record.request.tenant, "t1");
	close(fd);
	close(service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_events_are_read_to_their_end),
		cmocka_unit_test(a_service_that_does_not_run_is_told_apart),
		cmocka_unit_test(what_it_says_wrongly_is_an_error),
		cmocka_unit_test(one_that_is_stopped_is_not_waited_for),
		cmocka_unit_test(it_asks_for_what_it_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
