// SPDX-License-Identifier: GPL-2.0-only
/* struct sn_event -> one line of text. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "logline.h"
#include "mountinfo.h"
#include "utf8.h"

static const struct {
	const char *name;
	const char *number; /* a format for a long long, or NULL */
} ops[SN_OP_NR] = {
#define OP_ROW(id, name, kind, number) [SN_OP_##id] = { name, number },
	SN_OPS(OP_ROW)
#undef OP_ROW
};

static const char *const knowns[SN_KNOWN_NR] = {
#define KNOWN_ROW(id, name) [SN_KNOWN_##id] = name,
	SN_KNOWNS(KNOWN_ROW)
#undef KNOWN_ROW
};

static const char *const whys[] = {
	[SN_UNKNOWN] = "unknown", [SN_ALLOWED] = "allowed",	  [SN_NO_POLICY] = "no-policy",
	[SN_OUTSIDE] = "outside", [SN_READ_ONLY] = "read-only",	  [SN_NOT_LISTED] = "not-listed",
	[SN_FAMILY] = "family",	  [SN_OTHER_TASK] = "other-task", [SN_NOT_RUNTIME] = "not-runtime",
	[SN_NEVER] = "never",
};
_Static_assert(sizeof(whys) / sizeof(whys[0]) == SN_WHY_NR, "a name for every verdict");

const char *sn_op_name(__u16 op)
{
	return op < SN_OP_NR ? ops[op].name : "?";
}

const char *sn_why_name(__u16 why)
{
	return why < SN_WHY_NR ? whys[why] : "?";
}

const char *sn_known_name(__u8 known)
{
	return known && known < SN_KNOWN_NR ? knowns[known] : NULL;
}

const char *sn_number_format(__u16 op)
{
	return op < SN_OP_NR ? ops[op].number : NULL;
}

/* The line so far; text that does not fit is cut. */
struct line {
	char *text;
	size_t size;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *fmt, ...)
{
	size_t room = line->size - line->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line->text + line->len, room, fmt, args);
	va_end(args);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

/* What could end a value, or begin an escape */
#define IN_QUOTES "\"\\"
#define IN_A_WORD IN_QUOTES " "

/* Up to @max bytes or a NUL. What is not printable ASCII becomes \xNN, and so does what @ends has.
 */
static void put_escaped(struct line *line, const char *text, size_t max, const char *ends)
{
	for (size_t i = 0; i < max && text[i]; i++) {
		unsigned char c = text[i];

		put(line, c < ' ' || c > '~' || strchr(ends, c) ? "\\x%02x" : "%c", c);
	}
}

const char *sn_printable(const char *text, size_t max, char *to, size_t size)
{
	struct line line = { .text = to, .size = size };

	to[0] = '\0';
	put_escaped(&line, text, max, IN_QUOTES);
	return to;
}

/* Events carry CLOCK_BOOTTIME; the operator wants the wall clock. */
int64_t sn_wall_ms(uint64_t boot_ns)
{
	struct timespec wall, boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (wall.tv_sec - boot.tv_sec) * 1000LL + (wall.tv_nsec - boot.tv_nsec) / 1000000 +
	       (int64_t)(boot_ns / 1000000);
}

const char *sn_time_text(int64_t wall_ms, char text[SN_TIME_MAX])
{
	time_t seconds = wall_ms / 1000;
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(text, SN_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, SN_TIME_MAX - len, ".%03dZ", (int)(wall_ms % 1000));
	return text;
}

const char *sn_address_text(const struct sn_event *ev, char text[SN_ADDRESS_MAX])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = !memcmp(ev->addr, mapped, sizeof(mapped));

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ev->addr + 12 : ev->addr, text, SN_ADDRESS_MAX);
	return text;
}

/* The names run from the file up to the root of its file system; a path is the other way round. */
size_t sn_event_path(const struct sn_event *ev, char path[SN_EVENT_PATH_TEXT], bool *mounted)
{
	size_t left = ev->path_len < sizeof(ev->path) ? ev->path_len : sizeof(ev->path);
	size_t len;

	*mounted = true;
	path[0] = '\0';
	if (ev->path_cut)
		strcpy(path, "...");
	else if (sn_mount_point(ev->dev, path, SN_MOUNT_POINT_MAX))
		*mounted = false;
	len = strcmp(path, "/") ? strlen(path) : 0; /* each name adds its own slash */
	while (left) {
		size_t start = left - 1; /* the NUL of the last name */
		size_t name;

		while (start && ev->path[start - 1])
			start--;
		name = strnlen(ev->path + start, left - start);
		path[len++] = '/';
		memcpy(path + len, ev->path + start, name);
		len += name;
		left = start;
	}
	if (!len)
		path[len++] = '/';
	return len;
}

static void put_path(struct line *line, const char *path, size_t len, const struct sn_event *ev,
		     bool mounted)
{
	if (!mounted)
		put(line, " dev=%u:%u", ev->dev >> 20, ev->dev & 0xfffff);
	put(line, " path=\"");
	put_escaped(line, path, len, IN_QUOTES);
	put(line, "\"");
}

static void put_hex(struct line *line, const char *name, const char *bytes, size_t len)
{
	char hex[2 * SN_EVENT_PATH_TEXT + 1];

	if (!sn_is_utf8(bytes, len))
		put(line, " %s=%s", name, sn_hex(bytes, len, hex));
}

static void put_error(struct line *line, const char *what, int error)
{
	/* INT_MIN cannot be negated */
	const char *name = error <= 0 && error > -4096 ? strerrorname_np(-error) : NULL;

	if (name)
		put(line, " %s=%s", what, name);
	else
		put(line, " %s=%d", what, error);
}

static void put_number(struct line *line, const struct sn_event *ev)
{
	const char *format = sn_number_format(ev->op);

	if (!format)
		return;
	put(line, " ");
	put(line, format, (long long)ev->number);
}

static void put_object(struct line *line, const struct sn_event *ev)
{
	char address[SN_ADDRESS_MAX];

	if (ev->target)
		put(line, " target=%u", ev->target);
	if (ev->family)
		put(line, " addr=%s port=%u", sn_address_text(ev, address), ev->port);
	else if (ev->port)
		put(line, " port=%u", ev->port);
}

size_t sn_logline(const struct sn_event *ev, char *text, size_t size)
{
	struct line line = { .text = text, .size = size };
	char time[SN_TIME_MAX], path[SN_EVENT_PATH_TEXT];
	size_t path_len = 0;
	bool mounted;

	if (!size)
		return 0;
	put(&line, "time=%s tenant=", sn_time_text(sn_wall_ms(ev->time_ns), time));
	put_escaped(&line, ev->tenant[0] ? ev->tenant : "-", sizeof(ev->tenant), IN_A_WORD);
	put(&line, " pid=%u", ev->pid);
	if (ev->tid != ev->pid)
		put(&line, " tid=%u", ev->tid);
	put(&line, " comm=\"");
	put_escaped(&line, ev->comm, sizeof(ev->comm), IN_QUOTES);
	put(&line, "\" op=%s why=%s", sn_op_name(ev->op), sn_why_name(ev->why));
	put_error(&line, ev->would ? "would" : "error", ev->would ? ev->would : ev->error);
	if (ev->warm)
		put(&line, " warm=yes");
	put_number(&line, ev);
	put_object(&line, ev);
	if (ev->dev) {
		path_len = sn_event_path(ev, path, &mounted);
		put_path(&line, path, path_len, ev, mounted);
	}
	if (sn_known_name(ev->known))
		put(&line, " known=%s", sn_known_name(ev->known));
	put_hex(&line, "comm_hex", ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
	put_hex(&line, "path_hex", path, path_len);
	return line.len;
}
