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
static void put_time(struct line *line, uint64_t boot_ns)
{
	struct timespec wall, boot;
	char text[32];
	int64_t ms;
	time_t seconds;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	ms = (wall.tv_sec - boot.tv_sec) * 1000LL + (wall.tv_nsec - boot.tv_nsec) / 1000000 +
	     (int64_t)(boot_ns / 1000000);
	seconds = ms / 1000;
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	put(line, "time=%s.%03dZ", text, (int)(ms % 1000));
}

static void put_address(struct line *line, const struct sn_event *ev)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = !memcmp(ev->addr, mapped, sizeof(mapped));
	char text[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ev->addr + 12 : ev->addr, text, sizeof(text));
	put(line, " addr=%s port=%u", text, ev->port);
}

/* @names run from the file up to the root of its file system; a path is the other way round. */
static void put_names(struct line *line, const char *names, size_t len)
{
	while (len) {
		size_t start = len - 1; /* the NUL of the last name */

		while (start && names[start - 1])
			start--;
		put(line, "/");
		put_escaped(line, names + start, len - start, IN_QUOTES);
		len = start;
	}
}

static void put_path(struct line *line, const struct sn_event *ev)
{
	size_t len = ev->path_len < sizeof(ev->path) ? ev->path_len : sizeof(ev->path);
	char mount[256] = "";

	if (ev->path_cut)
		snprintf(mount, sizeof(mount), "...");
	else if (sn_mount_point(ev->dev, mount, sizeof(mount)))
		put(line, " dev=%u:%u", ev->dev >> 20, ev->dev & 0xfffff);
	else if (!strcmp(mount, "/"))
		mount[0] = '\0'; /* each name adds its own slash */
	put(line, " path=\"");
	put_escaped(line, mount, sizeof(mount), IN_QUOTES);
	put_names(line, ev->path, len);
	put(line, !len && !mount[0] ? "/\"" : "\"");
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
	if (ev->op >= SN_OP_NR || !ops[ev->op].number)
		return;
	put(line, " ");
	put(line, ops[ev->op].number, (long long)ev->number);
}

size_t sn_logline(const struct sn_event *ev, char *text, size_t size)
{
	struct line line = { .text = text, .size = size };

	if (!size)
		return 0;
	put_time(&line, ev->time_ns);
	put(&line, " tenant=");
	put_escaped(&line, ev->tenant[0] ? ev->tenant : "-", sizeof(ev->tenant), IN_A_WORD);
	put(&line, " pid=%u", ev->pid);
	if (ev->tid != ev->pid)
		put(&line, " tid=%u", ev->tid);
	put(&line, " comm=\"");
	put_escaped(&line, ev->comm, sizeof(ev->comm), IN_QUOTES);
	put(&line, "\" op=%s why=%s", sn_op_name(ev->op), sn_why_name(ev->why));
	put_error(&line, ev->would ? "would" : "error", ev->would ? ev->would : ev->error);
	put_number(&line, ev);
	if (ev->target)
		put(&line, " target=%u", ev->target);
	if (ev->family)
		put_address(&line, ev);
	else if (ev->port)
		put(&line, " port=%u", ev->port);
	if (ev->dev)
		put_path(&line, ev);
	if (ev->known && ev->known < SN_KNOWN_NR)
		put(&line, " known=%s", knowns[ev->known]);
	return line.len;
}
