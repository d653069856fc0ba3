// SPDX-License-Identifier: GPL-2.0-only
/* user/eventjson.c: events as JSON, those with hostile names included; json-c reads it back. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event.h"
#include "eventjson.h"
#include "mountinfo.h"

enum { DEV_SRV = 8 << 20 | 2, DEV_UNMOUNTED = 8 << 20 | 4 };

/* In place of user/mountinfo.c's, which asks the machine. */
int sn_mount_point(__u32 dev, char *path, size_t size)
{
	if (dev != DEV_SRV)
		return -ENOENT;
	snprintf(path, size, "/srv");
	return 0;
}

static char options[4 * SN_EVENT_PATH_MAX * 6]; /* the end of the last line */

/* The line, which is ASCII and JSON, without its time and options. */
static const char *line_of(const struct sn_event *ev)
{
	static char kept[4 * SN_EVENT_PATH_MAX * 6];
	struct json_object *object = sn_event_json(ev), *again;
	char *line, *rest;

	assert_non_null(object);
	line = sn_json_line(object);
	assert_non_null(line);
	for (const char *c = line; *c; c++)
		assert_in_range((unsigned char)*c, ' ', '~');
	again = json_tokener_parse(line);
	assert_non_null(again);
	assert_true(json_object_equal(object, again));
	rest = strstr(line, "\"tenant\"");
	assert_memory_equal(line, "{\"v\":1,\"time\":\"2", 16);
	assert_non_null(rest);
	snprintf(kept, sizeof(kept), "{%s", rest);
	rest = strstr(kept, ",\"option\":");
	snprintf(options, sizeof(options), "%s", rest ? rest + 1 : "");
	if (rest)
		strcpy(rest, "}");
	free(line);
	json_object_put(object);
	json_object_put(again);
	return kept;
}

#define assert_line(ev, expected) assert_string_equal(line_of(ev), expected)

static void an_address_is_named(void **state)
{
	struct sn_event ev = event(SN_OP_NET_CONNECT, SN_NOT_LISTED, -EPERM);

	ev.family = AF_INET6;
	ev.port = 22;
	ev.number = AF_INET;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", ev.addr);
	assert_line(&ev, "{\"tenant\":\"t1\",\"pid\":7,\"comm\":\"node\",\"op\":\"net.connect\","
			 "\"why\":\"not-listed\",\"error\":\"EPERM\",\"family\":2,"
			 "\"address\":\"127.0.0.1\",\"port\":22,\"known\":null}");
}

static void a_path_is_named(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	ev.tid = 9;
	SET_PATH(&ev, DEV_SRV, "b\0a");
	assert_line(&ev, "{\"tenant\":\"t1\",\"pid\":7,\"tid\":9,\"comm\":\"node\","
			 "\"op\":\"fs.open\",\"why\":\"outside\",\"error\":\"ENOENT\","
			 "\"path\":\"/srv/a/b\",\"known\":null}");
	ev.tid = 7;
	ev.dev = DEV_UNMOUNTED;
	ev.known = SN_KNOWN_MALLOC;
	assert_line(&ev, "{\"tenant\":\"t1\",\"pid\":7,\"comm\":\"node\",\"op\":\"fs.open\","
			 "\"why\":\"outside\",\"error\":\"ENOENT\",\"dev\":\"8:4\","
			 "\"path\":\"/a/b\",\"known\":\"malloc\"}");
}

static const char *path_of(const struct sn_event *ev)
{
	return strstr(line_of(ev), "\"path\"");
}

static void hostile_names_stay_in_their_quotes(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	SET_PATH(&ev, DEV_SRV, "a\",\"op\":\"x\0b\nc\\");
	assert_string_equal(path_of(&ev), "\"path\":\"/srv/b\\nc\\\\/a\\\",\\\"op\\\":\\\"x\","
					  "\"known\":null}");
	/* what terminals obey: escape, DEL, and CSI as one character */
	SET_PATH(&ev, DEV_SRV, "\x1b[2J\x7f\xc2\x9b");
	assert_string_equal(path_of(&ev), "\"path\":\"/srv/\\u001b[2J\\u007f\\u009b\","
					  "\"known\":null}");
	SET_PATH(&ev, DEV_SRV, "\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_string_equal(path_of(&ev),
			    "\"path\":\"/srv/\\u20ac\\ud83d\\ude00\",\"known\":null}");
}

static void names_that_are_not_utf8_are_also_hex(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	SET_PATH(&ev, DEV_SRV, "caf\xe9");
	assert_string_equal(path_of(&ev), "\"path\":\"/srv/caf\\ufffd\","
					  "\"path_hex\":\"2f7372762f636166e9\",\"known\":null}");
	ev.dev = 0;
	memcpy(ev.comm, "\xff\xc3\xa9\xe2", 5);
	assert_line(&ev, "{\"tenant\":\"t1\",\"pid\":7,\"comm\":\"\\ufffd\\u00e9\\ufffd\","
			 "\"comm_hex\":\"ffc3a9e2\",\"op\":\"fs.open\",\"why\":\"outside\","
			 "\"error\":\"ENOENT\",\"known\":null}");
}

static void numbers_are_as_in_the_line(void **state)
{
	struct sn_event ev = event(SN_OP_TASK_KILL, SN_OTHER_TASK, -EPERM);

	ev.number = 15;
	ev.target = 1;
	assert_non_null(strstr(line_of(&ev), "\"error\":\"EPERM\",\"signal\":15,\"target\":1,"));
	ev = event(SN_OP_FS_CHMOD, SN_NEVER, -EPERM);
	ev.number = 0104755;
	assert_non_null(strstr(line_of(&ev), "\"mode\":\"0104755\","));
	ev = event(SN_OP_FS_IOCTL, SN_NEVER, -EPERM);
	ev.number = 0x5412;
	assert_non_null(strstr(line_of(&ev), "\"ioctl\":\"0x5412\","));
}

static void grants_and_strangers_have_lines(void **state)
{
	struct sn_event ev = event(SN_OP_NET_LISTEN, SN_ALLOWED, 0);

	ev.number = AF_INET6;
	ev.port = 80;
	assert_line(&ev, "{\"tenant\":\"t1\",\"pid\":7,\"comm\":\"node\",\"op\":\"net.listen\","
			 "\"why\":\"allowed\",\"error\":null,\"family\":10,\"port\":80,"
			 "\"known\":null}");
	memset(ev.tenant, 0, sizeof(ev.tenant));
	ev.error = INT_MIN; /* has no positive counterpart */
	assert_memory_equal(line_of(&ev), "{\"tenant\":null,", 15);
	assert_non_null(strstr(line_of(&ev), "\"error\":-2147483648,"));
}

static void random_events_are_one_line(void **state)
{
	struct sn_event ev;
	unsigned char *bytes = (void *)&ev;

	srandom(3);
	for (int round = 0; round < 500; round++) {
		/* json-c 0.16 misreads the escapes of some characters above U+FFFF */
		for (size_t i = 0; i < sizeof(ev); i++)
			bytes[i] = random() & 3 ? random() % 0xf0 : 0;
		memset(ev.tenant, 't', sizeof(ev.tenant)); /* attach sees to that */
		ev.op %= SN_OP_NR + 2;
		ev.dev = DEV_SRV + random() % 3;
		line_of(&ev);
	}
	memset(&ev, 0xff, sizeof(ev));
	memset(ev.tenant, 't', sizeof(ev.tenant));
	line_of(&ev);
}

static void the_option_that_would_allow_it_is_named(void **state)
{
	struct sn_event ev = event(SN_OP_NET_CONNECT, SN_NOT_LISTED, -EPERM);

	ev.family = AF_INET6;
	ev.port = 22;
	line_of(&ev);
	assert_string_equal(options, "\"option\":\"--allowed-outgoing-ports 22\","
				     "\"grantable\":true}");
	ev = event(SN_OP_TASK_FORK, SN_NEVER, -EACCES);
	line_of(&ev);
	assert_string_equal(options, "\"option\":null,\"grantable\":false}");
	ev = event(SN_OP_TASK_FORK, SN_ALLOWED, 0);
	line_of(&ev);
	assert_string_equal(options, "");
}

static void what_would_be_refused_says_so(void **state)
{
	struct sn_event ev = event(SN_OP_TASK_FORK, SN_NEVER, 0);

	assert_null(strstr(line_of(&ev), "would"));
	ev.would = -EACCES;
	assert_non_null(strstr(line_of(&ev), "\"error\":null,\"would\":\"EACCES\","));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_option_that_would_allow_it_is_named),
		cmocka_unit_test(what_would_be_refused_says_so),
		cmocka_unit_test(an_address_is_named),
		cmocka_unit_test(a_path_is_named),
		cmocka_unit_test(hostile_names_stay_in_their_quotes),
		cmocka_unit_test(names_that_are_not_utf8_are_also_hex),
		cmocka_unit_test(numbers_are_as_in_the_line),
		cmocka_unit_test(grants_and_strangers_have_lines),
		cmocka_unit_test(random_events_are_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
