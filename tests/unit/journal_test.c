// SPDX-License-Identifier: GPL-2.0-only
/* user/journal.c: the fields that the journal is sent. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "journal.h"
#include "mountinfo.h"

static char sent[16384]; /* each field and a line's end */
static int answer;

/* ---- in place of libsystemd's, and of user/mountinfo.c's ---- */

int sd_journal_sendv(const struct iovec *iov, int n)
{
	size_t len = 0;

	for (int i = 0; i < n; i++) {
		memcpy(sent + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
		sent[len++] = '\n';
	}
	sent[len] = '\0';
	return answer;
}

int sn_mount_point(__u32 dev, char *path, size_t size)
{
	snprintf(path, size, "/");
	return 0;
}

/* ---- the tests ---- */

static const char *fields_of(const struct sn_log_record *record)
{
	assert_int_equal(sn_journal_send(record, NULL), 0);
	assert_memory_equal(sent, "MESSAGE=time=", 13);
	return strchr(sent, '\n') + 1;
}

static struct sn_log_record record_of(const struct sn_event *ev)
{
	struct sn_log_record record;

	sn_log_set_event(&record, ev);
	return record;
}

static void an_event_has_fields_of_its_own(void **state)
{
	struct sn_event ev = { .tenant = "t1",
			       .comm = "node",
			       .pid = 7,
			       .tid = 9,
			       .op = SN_OP_NET_CONNECT,
			       .why = SN_NOT_LISTED,
			       .error = -EPERM,
			       .family = AF_INET6,
			       .port = 22 };
	struct sn_log_record record;

	inet_pton(AF_INET6, "::ffff:127.0.0.1", ev.addr);
	record = record_of(&ev);
	assert_string_equal(fields_of(&record),
			    "PRIORITY=5\nSYSLOG_IDENTIFIER=safenode\nSAFENODE_TENANT=t1\n"
			    "SAFENODE_PID=7\nSAFENODE_TID=9\nSAFENODE_COMM=node\n"
			    "SAFENODE_OP=net.connect\nSAFENODE_WHY=not-listed\n"
			    "SAFENODE_ERROR=EPERM\nSAFENODE_ADDRESS=127.0.0.1\nSAFENODE_PORT=22\n");
	assert_non_null(strstr(sent, " tenant=t1 pid=7 tid=9 comm=\"node\" op=net.connect "));
}

static void what_was_observed_has_another_field(void **state)
{
	struct sn_event ev = {
		.tenant = "t1", .op = SN_OP_TASK_FORK, .why = SN_NEVER, .would = -EACCES
	};
	struct sn_log_record record = record_of(&ev);

	assert_memory_equal(fields_of(&record), "PRIORITY=5\n", 11);
	assert_non_null(strstr(sent, "SAFENODE_WOULD=EACCES\n"));
	assert_null(strstr(sent, "SAFENODE_ERROR"));
}

/* A line's end in a name begins no field: the journal is told the length. */
static void a_path_is_its_bytes(void **state)
{
	struct sn_event ev = { .tenant = "t1",
			       .op = SN_OP_FS_OPEN,
			       .why = SN_OUTSIDE,
			       .error = -ENOENT,
			       .dev = 1,
			       .path = "a\nPRIORITY=0\xff",
			       .path_len = 14,
			       .known = SN_KNOWN_MALLOC };
	struct sn_log_record record = record_of(&ev);

	assert_non_null(strstr(fields_of(&record), "SAFENODE_PATH=/a\nPRIORITY=0\xff\n"
						   "SAFENODE_KNOWN=malloc\n"));
	assert_memory_equal(strchr(sent, '\n') + 1, "PRIORITY=7\n", 11);
	assert_null(strstr(strchr(sent, '\n'), "MESSAGE="));
}

static void a_process_without_a_policy_has_no_tenant(void **state)
{
	struct sn_event ev = { .op = SN_OP_TASK_FORK, .why = SN_NO_POLICY, .error = -EACCES };
	struct sn_log_record record = record_of(&ev);

	assert_null(strstr(fields_of(&record), "SAFENODE_TENANT"));
}

static void grants_and_losses_have_their_priority(void **state)
{
	struct sn_event ev = { .tenant = "t1", .op = SN_OP_FS_OPEN, .why = SN_ALLOWED };
	struct sn_log_record record = record_of(&ev);

	assert_memory_equal(fields_of(&record), "PRIORITY=6\n", 11);
	assert_null(strstr(sent, "SAFENODE_ERROR"));
	record = (struct sn_log_record){ .abi = SN_ABI_VERSION, .kind = SN_LOG_LOSS };
	record.loss = (struct sn_log_loss){ .tenant = "t1", .lost = 3, .suppressed = 12 };
	assert_string_equal(fields_of(&record),
			    "PRIORITY=4\nSYSLOG_IDENTIFIER=safenode\nSAFENODE_TENANT=t1\n"
			    "SAFENODE_LOST=3\nSAFENODE_SUPPRESSED=12\n");
	record.kind = SN_LOG_PASSED;
	record.passed = 17;
	assert_string_equal(fields_of(&record), "PRIORITY=4\nSYSLOG_IDENTIFIER=safenode\n"
						"SAFENODE_PASSED_OVER=17\n");
}

static void the_largest_event_has_all_its_fields(void **state)
{
	struct sn_log_record record;
	struct sn_event ev;

	memset(&ev, 0xff, sizeof(ev));
	ev.known = SN_KNOWN_NSCD;
	record = record_of(&ev);
	assert_non_null(strstr(fields_of(&record), "\nSAFENODE_KNOWN=nscd\n"));
}

static void a_failure_has_a_reason(void **state)
{
	struct sn_event ev = {};
	struct sn_log_record record = record_of(&ev);
	struct sn_err err = {};

	answer = -ENOBUFS;
	assert_int_equal(sn_journal_send(&record, &err), -ENOBUFS);
	assert_string_equal(err.text, "cannot write to the journal: No buffer space available");
	answer = 0;
}

/* Sends @nr events, and ends. */
static int source(int nr)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	for (int i = 1; i <= nr; i++) {
		struct sn_event ev = { .tenant = "t1", .pid = i };
		struct sn_log_record record = record_of(&ev);

		assert_true(send(ends[0], &record, sn_log_size(&record), 0) > 0);
	}
	close(ends[0]);
	return ends[1];
}

static void everything_is_written_until_the_service_ends(void **state)
{
	int fd = source(3);

	assert_int_equal(sn_journal_write_all(fd, sn_journal_send, NULL), 0);
	assert_non_null(strstr(sent, "\nSAFENODE_PID=3\n"));
	close(fd);
}

static void a_failure_to_write_ends_it(void **state)
{
	int fd = source(2);

	answer = -EIO;
	assert_int_equal(sn_journal_write_all(fd, sn_journal_send, NULL), -EIO);
	assert_non_null(strstr(sent, "\nSAFENODE_PID=1\n"));
	answer = 0;
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_has_fields_of_its_own),
		cmocka_unit_test(what_was_observed_has_another_field),
		cmocka_unit_test(a_path_is_its_bytes),
		cmocka_unit_test(a_process_without_a_policy_has_no_tenant),
		cmocka_unit_test(grants_and_losses_have_their_priority),
		cmocka_unit_test(the_largest_event_has_all_its_fields),
		cmocka_unit_test(a_failure_has_a_reason),
		cmocka_unit_test(everything_is_written_until_the_service_ends),
		cmocka_unit_test(a_failure_to_write_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
