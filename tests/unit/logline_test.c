// SPDX-License-Identifier: GPL-2.0-only
/* user/logline.c: events as lines, those with hostile names included. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "event.h"
#include "logline.h"
#include "mountinfo.h"

/* Device numbers of the mount table that these tests see. */
enum {
	DEV_ROOT = 8 << 20 | 1,
	DEV_SRV = 8 << 20 | 2,
	DEV_HOSTILE = 8 << 20 | 3,
	DEV_UNMOUNTED = 8 << 20 | 4,
};

/* In place of user/mountinfo.c's, which asks the machine. */
int sn_mount_point(__u32 dev, char *path, size_t size)
{
	static const char *const points[] = { "/", "/srv", "/m\n\"" };

	if (dev < DEV_ROOT || dev > DEV_HOSTILE)
		return -ENOENT;
	snprintf(path, size, "%s", points[dev - DEV_ROOT]);
	return 0;
}

/* The line without its time, which is checked to be one. */
static const char *line_of(const struct sn_event *ev)
{
	static char line[SN_LOGLINE_MAX];
	size_t len = sn_logline(ev, line, sizeof(line));
	char *rest = strchr(line, ' ');

	assert_int_equal(len, strlen(line));
	assert_memory_equal(line, "time=", 5);
	assert_non_null(rest);
	for (size_t i = 0; i < len; i++)
		assert_in_range((unsigned char)line[i], ' ', '~');
	return rest + 1;
}

#define assert_line(ev, expected) assert_string_equal(line_of(ev), expected)

/* ---- names ---- */

static void every_number_has_its_own_name(void **state)
{
	for (int op = 0; op < SN_OP_NR; op++) {
		assert_non_null(sn_op_name(op));
		for (int other = 0; other < op; other++)
			assert_string_not_equal(sn_op_name(op), sn_op_name(other));
	}
	for (int why = 0; why < SN_WHY_NR; why++) {
		assert_non_null(sn_why_name(why));
		for (int other = 0; other < why; other++)
			assert_string_not_equal(sn_why_name(why), sn_why_name(other));
	}
	assert_string_equal(sn_op_name(SN_OP_NR), "?");
	assert_string_equal(sn_op_name(65535), "?");
	assert_string_equal(sn_why_name(SN_WHY_NR), "?");
}

/* ---- what is only observed ---- */

static void what_would_be_refused_says_so(void **state)
{
	struct sn_event ev = event(SN_OP_TASK_FORK, SN_NEVER, 0);

	ev.would = -EACCES;
	assert_line(&ev, "tenant=t1 pid=7 comm=\"node\" op=task.fork why=never would=EACCES "
			 "flags=0x0");
	ev.why = SN_ALLOWED; /* --log-granted */
	ev.would = 0;
	assert_line(&ev, "tenant=t1 pid=7 comm=\"node\" op=task.fork why=allowed error=0 "
			 "flags=0x0");
}

static void what_a_warm_tenant_is_refused_says_so(void **state)
{
	struct sn_event ev = event(SN_OP_TASK_FORK, SN_NEVER, -EACCES);

	ev.warm = 1;
	assert_line(&ev,
		    "tenant=t1 pid=7 comm=\"node\" op=task.fork why=never error=EACCES warm=yes "
		    "flags=0x0");
}

/* ---- paths ---- */

static void paths_are_turned_around_below_their_mount(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	SET_PATH(&ev, DEV_ROOT, "passwd\0etc");
	assert_line(&ev, "tenant=t1 pid=7 comm=\"node\" op=fs.open why=outside error=ENOENT "
			 "path=\"/etc/passwd\"");
	SET_PATH(&ev, DEV_SRV, "c\0b\0a");
	assert_line(&ev, "tenant=t1 pid=7 comm=\"node\" op=fs.open why=outside error=ENOENT "
			 "path=\"/srv/a/b/c\"");
}

static const char *path_of(const struct sn_event *ev)
{
	return strstr(line_of(ev), "error=ENOENT ") + strlen("error=ENOENT ");
}

static void the_root_of_a_file_system_has_a_path(void **state)
{
	struct sn_event ev = event(SN_OP_FS_STAT, SN_OUTSIDE, -ENOENT);

	ev.dev = DEV_ROOT;
	assert_string_equal(path_of(&ev), "path=\"/\"");
	ev.dev = DEV_SRV;
	assert_string_equal(path_of(&ev), "path=\"/srv\"");
	ev.dev = DEV_UNMOUNTED;
	assert_string_equal(path_of(&ev), "dev=8:4 path=\"/\"");
}

static void what_is_not_mounted_is_named_by_its_device(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	SET_PATH(&ev, DEV_UNMOUNTED, "b\0a");
	assert_string_equal(path_of(&ev), "dev=8:4 path=\"/a/b\"");
}

static void a_cut_path_begins_with_dots(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	SET_PATH(&ev, DEV_SRV, "c\0b\0a");
	ev.path_cut = 1;
	assert_string_equal(path_of(&ev), "path=\".../a/b/c\"");
	ev.path_len = 0;
	assert_string_equal(path_of(&ev), "path=\"...\"");
}

static void hostile_names_stay_in_their_quotes(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	SET_PATH(&ev, DEV_ROOT, "a\" op=task.kill\0b\nc");
	assert_string_equal(path_of(&ev), "path=\"/b\\x0ac/a\\x22 op=task.kill\"");
	SET_PATH(&ev, DEV_ROOT, "\x1b[2J\0\xff\xfe\x80\0\xc3\xa9\0\x7f\t\r");
	assert_string_equal(path_of(&ev), "path=\"/\\x7f\\x09\\x0d/\\xc3\\xa9/\\xff\\xfe\\x80/"
					  "\\x1b[2J\" path_hex=2f7f090d2fc3a92ffffe802f1b5b324a");
	/* a name that looks like an escape is not one */
	SET_PATH(&ev, DEV_ROOT, "\\x0a");
	assert_string_equal(path_of(&ev), "path=\"/\\x5cx0a\"");
	SET_PATH(&ev, DEV_ROOT, "%s%n");
	assert_string_equal(path_of(&ev), "path=\"/%s%n\"");
	SET_PATH(&ev, DEV_HOSTILE, "a");
	assert_string_equal(path_of(&ev), "path=\"/m\\x0a\\x22/a\"");
}

static void hostile_comms_stay_in_their_quotes(void **state)
{
	struct sn_event ev = event(SN_OP_TASK_EXEC, SN_NEVER, -EPERM);

	memcpy(ev.comm, "x\" pid=1\n\\", 11);
	assert_line(&ev, "tenant=t1 pid=7 comm=\"x\\x22 pid=1\\x0a\\x5c\" op=task.exec why=never "
			 "error=EPERM");
	memcpy(ev.comm, "0123456789abcdef", 16); /* no NUL */
	assert_line(&ev, "tenant=t1 pid=7 comm=\"0123456789abcdef\" op=task.exec why=never "
			 "error=EPERM");
}

static void names_that_are_not_utf8_are_also_hex(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);

	SET_PATH(&ev, DEV_ROOT, "caf\xe9\0etc");
	ev.known = SN_KNOWN_MALLOC;
	assert_string_equal(path_of(&ev), "path=\"/etc/caf\\xe9\" known=malloc "
					  "path_hex=2f6574632f636166e9");
	ev.dev = 0;
	ev.known = SN_KNOWN_NOTHING;
	memcpy(ev.comm, "caf\xe9", 5);
	assert_line(&ev, "tenant=t1 pid=7 comm=\"caf\\xe9\" op=fs.open why=outside error=ENOENT "
			 "comm_hex=636166e9");
	memcpy(ev.comm, "caf\xc3\xa9", 6); /* is UTF-8 */
	assert_line(&ev, "tenant=t1 pid=7 comm=\"caf\\xc3\\xa9\" op=fs.open why=outside "
			 "error=ENOENT");
}

static void a_tenants_name_stays_one_word(void **state)
{
	struct sn_event ev = event(SN_OP_TASK_EXEC, SN_NEVER, -EPERM);

	strcpy(ev.tenant, "a pid=1 \"");
	assert_line(&ev, "tenant=a\\x20pid=1\\x20\\x22 pid=7 comm=\"node\" op=task.exec why=never "
			 "error=EPERM");
}

static void the_worst_event_fits(void **state)
{
	struct sn_event ev;
	const char *line;

	memset(&ev, 0xff, sizeof(ev));
	ev.path_cut = 0;
	line = line_of(&ev);
	assert_non_null(strstr(line, "op=? why=? would=EPERM "));
	assert_string_equal(line + strlen(line) - 5, "fffff");
	assert_true(strlen(line) < SN_LOGLINE_MAX - 256 * 6);
}

static void random_events_are_one_printable_line(void **state)
{
	struct sn_event ev;
	unsigned char *bytes = (void *)&ev;

	srandom(3);
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(ev); i++)
			bytes[i] = random() & 3 ? random() : 0;
		ev.op %= SN_OP_NR + 2;
		ev.why %= SN_WHY_NR + 2;
		ev.dev = DEV_ROOT + random() % 5;
		line_of(&ev);
	}
}

static void a_line_is_cut_to_the_buffer(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);
	char line[64];

	SET_PATH(&ev, DEV_ROOT, "passwd\0etc");
	for (size_t size = 1; size <= sizeof(line); size++) {
		memset(line, 'x', sizeof(line));
		assert_int_equal(sn_logline(&ev, line, size), size - 1);
		assert_int_equal(strlen(line), size - 1);
	}
	assert_int_equal(sn_logline(&ev, line, 0), 0);
}

/* ---- the rest ---- */

static void addresses_are_written_as_people_write_them(void **state)
{
	struct sn_event ev = event(SN_OP_NET_CONNECT, SN_NOT_LISTED, -EPERM);

	ev.family = AF_INET6;
	ev.port = 22;
	ev.number = AF_INET;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", ev.addr);
	assert_line(&ev, "tenant=t1 pid=7 comm=\"node\" op=net.connect why=not-listed error=EPERM "
			 "family=2 addr=127.0.0.1 port=22");
	inet_pton(AF_INET6, "2001:db8::1", ev.addr);
	assert_line(&ev, "tenant=t1 pid=7 comm=\"node\" op=net.connect why=not-listed error=EPERM "
			 "family=2 addr=2001:db8::1 port=22");
	inet_pton(AF_INET6, "::127.0.0.1", ev.addr);
	assert_non_null(strstr(line_of(&ev), "addr=::127.0.0.1 "));
}

static void numbers_say_what_they_are(void **state)
{
	static const struct {
		enum sn_op op;
		int64_t number;
		const char *text;
	} cases[] = {
		{ SN_OP_TASK_KILL, SIGKILL, " signal=9" },
		{ SN_OP_TASK_KILL, 0, " signal=0" },
		{ SN_OP_TASK_CAPABLE, CAP_SYS_ADMIN, " cap=21" },
		{ SN_OP_FS_IOCTL, TIOCSTI, " ioctl=0x5412" },
		{ SN_OP_FS_CREATE, 0100644, " mode=0100644" },
		{ SN_OP_NET_SOCKET, AF_UNIX, " family=1" },
		{ SN_OP_TASK_FORK, SIGCHLD, " flags=0x11" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sn_event ev = event(cases[i].op, SN_NEVER, -EPERM);
		const char *line;

		ev.number = cases[i].number;
		line = line_of(&ev);
		assert_string_equal(strstr(line, "error=EPERM") + strlen("error=EPERM"),
				    cases[i].text);
	}
}

static void targets_and_threads_are_named(void **state)
{
	struct sn_event ev = event(SN_OP_TASK_KILL, SN_OTHER_TASK, -EPERM);

	ev.tid = 9;
	ev.target = 1;
	ev.number = SIGTERM;
	assert_line(&ev, "tenant=t1 pid=7 tid=9 comm=\"node\" op=task.kill why=other-task "
			 "error=EPERM signal=15 target=1");
}

static void grants_and_strangers_have_lines(void **state)
{
	struct sn_event ev = event(SN_OP_NET_LISTEN, SN_ALLOWED, 0);

	ev.number = AF_INET6;
	ev.port = 80;
	assert_line(&ev, "tenant=t1 pid=7 comm=\"node\" op=net.listen why=allowed error=0 "
			 "family=10 port=80");
	ev = event(SN_OP_GUARD_BPF, SN_NO_POLICY, -EPERM);
	memset(ev.tenant, 0, sizeof(ev.tenant));
	assert_line(&ev, "tenant=- pid=7 comm=\"node\" op=guard.bpf why=no-policy error=EPERM "
			 "cmd=0");
	ev.error = -4095;
	assert_non_null(strstr(line_of(&ev), " error=-4095 "));
	ev.error = INT_MIN; /* has no positive counterpart */
	assert_non_null(strstr(line_of(&ev), " error=-2147483648 "));
	ev.error = INT_MAX;
	assert_non_null(strstr(line_of(&ev), " error=2147483647 "));
}

static void the_time_is_the_wall_clocks(void **state)
{
	struct sn_event ev = event(SN_OP_FS_OPEN, SN_OUTSIDE, -ENOENT);
	struct timespec boot, wall;
	char line[SN_LOGLINE_MAX], zone;
	struct tm tm = {};
	int ms;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	ev.time_ns = boot.tv_sec * 1000000000ULL + boot.tv_nsec;
	sn_logline(&ev, line, sizeof(line));
	assert_int_equal(sscanf(line, "time=%d-%d-%dT%d:%d:%d.%3d%c ", &tm.tm_year, &tm.tm_mon,
				&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &zone),
			 8);
	assert_int_equal(zone, 'Z');
	tm.tm_year -= 1900;
	tm.tm_mon--;
	assert_in_range(timegm(&tm) - wall.tv_sec + 1, 0, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_has_its_own_name),
		cmocka_unit_test(what_would_be_refused_says_so),
		cmocka_unit_test(what_a_warm_tenant_is_refused_says_so),
		cmocka_unit_test(paths_are_turned_around_below_their_mount),
		cmocka_unit_test(the_root_of_a_file_system_has_a_path),
		cmocka_unit_test(what_is_not_mounted_is_named_by_its_device),
		cmocka_unit_test(a_cut_path_begins_with_dots),
		cmocka_unit_test(hostile_names_stay_in_their_quotes),
		cmocka_unit_test(hostile_comms_stay_in_their_quotes),
		cmocka_unit_test(names_that_are_not_utf8_are_also_hex),
		cmocka_unit_test(a_tenants_name_stays_one_word),
		cmocka_unit_test(the_worst_event_fits),
		cmocka_unit_test(random_events_are_one_printable_line),
		cmocka_unit_test(a_line_is_cut_to_the_buffer),
		cmocka_unit_test(addresses_are_written_as_people_write_them),
		cmocka_unit_test(numbers_say_what_they_are),
		cmocka_unit_test(targets_and_threads_are_named),
		cmocka_unit_test(grants_and_strangers_have_lines),
		cmocka_unit_test(the_time_is_the_wall_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
