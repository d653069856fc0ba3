// SPDX-License-Identifier: GPL-2.0-only
/* What safenode-logd reads -> the journal, with fields of their own. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "journal.h"
#include "logclient.h"
#include "logline.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

bool sn_journal_is_there(void)
{
	return !access(JOURNAL_SOCKET, W_OK);
}

#define FIELDS_MAX 24

struct fields {
	struct iovec each[FIELDS_MAX];
	int nr;
	char text[SN_LOG_LINE_MAX + SN_EVENT_PATH_TEXT + 2048]; /* enough for all that there are */
	size_t used;
};

/* Any bytes: the journal takes them. */
static void put_bytes(struct fields *fields, const char *name, const char *bytes, size_t len)
{
	char *field = fields->text + fields->used;
	size_t size = strlen(name) + 1 + len;

	if (fields->nr == FIELDS_MAX || fields->used + size + 1 > sizeof(fields->text))
		return;
	sprintf(field, "%s=", name);
	memcpy(field + strlen(name) + 1, bytes, len);
	fields->each[fields->nr++] = (struct iovec){ field, size };
	fields->used += size;
}

__attribute__((format(printf, 3, 4))) static void put(struct fields *fields, const char *name,
						      const char *format, ...)
{
	char text[SN_LOG_LINE_MAX];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		put_bytes(fields, name, text,
			  (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

static int priority(const struct sn_log_record *record)
{
	if (record->kind != SN_LOG_EVENT)
		return 4;
	if (record->event.known)
		return 7;
	return record->event.why == SN_ALLOWED ? 6 : 5;
}

static void put_error(struct fields *fields, const char *field, int error)
{
	const char *name = error < 0 && error > -4096 ? strerrorname_np(-error) : NULL;

	if (name)
		put(fields, field, "%s", name);
	else if (error)
		put(fields, field, "%d", error);
}

static void put_object(struct fields *fields, const struct sn_event *ev)
{
	char address[SN_ADDRESS_MAX], path[SN_EVENT_PATH_TEXT];
	bool mounted;

	if (ev->target)
		put(fields, "SAFENODE_TARGET", "%u", ev->target);
	if (ev->family)
		put(fields, "SAFENODE_ADDRESS", "%s", sn_address_text(ev, address));
	if (ev->family || ev->port)
		put(fields, "SAFENODE_PORT", "%u", ev->port);
	if (!ev->dev)
		return;
	put_bytes(fields, "SAFENODE_PATH", path, sn_event_path(ev, path, &mounted));
	if (!mounted)
		put(fields, "SAFENODE_DEV", "%u:%u", ev->dev >> 20, ev->dev & 0xfffff);
}

static void put_event(struct fields *fields, const struct sn_event *ev)
{
	put(fields, "SAFENODE_PID", "%u", ev->pid);
	put(fields, "SAFENODE_TID", "%u", ev->tid);
	put_bytes(fields, "SAFENODE_COMM", ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
	put(fields, "SAFENODE_OP", "%s", sn_op_name(ev->op));
	put(fields, "SAFENODE_WHY", "%s", sn_why_name(ev->why));
	put_error(fields, "SAFENODE_ERROR", ev->error);
	put_error(fields, "SAFENODE_WOULD", ev->would);
	put_object(fields, ev);
	if (sn_known_name(ev->known))
		put(fields, "SAFENODE_KNOWN", "%s", sn_known_name(ev->known));
}

int sn_journal_send(const struct sn_log_record *record, struct sn_err *err)
{
	struct fields fields = {};
	char line[SN_LOG_LINE_MAX];
	int ret;

	put(&fields, "MESSAGE", "%s", sn_log_line(record, line));
	put(&fields, "PRIORITY", "%d", priority(record));
	put(&fields, "SYSLOG_IDENTIFIER", "safenode");
	if (record->kind == SN_LOG_PASSED) {
		put(&fields, "SAFENODE_PASSED_OVER", "%llu", (unsigned long long)record->passed);
	} else if (sn_log_tenant(record)[0]) {
		put(&fields, "SAFENODE_TENANT", "%.*s", SN_TENANT_MAX, sn_log_tenant(record));
	}
	if (record->kind == SN_LOG_LOSS) {
		put(&fields, "SAFENODE_LOST", "%llu", (unsigned long long)record->loss.lost);
		put(&fields, "SAFENODE_SUPPRESSED", "%llu",
		    (unsigned long long)record->loss.suppressed);
	}
	if (record->kind == SN_LOG_EVENT)
		put_event(&fields, &record->event);
	ret = sd_journal_sendv(fields.each, fields.nr);
	return ret < 0 ? sn_fail(err, -ret, "cannot write to the journal: %s", strerror(-ret)) : 0;
}

int sn_journal_write_all(int fd,
			 int (*write)(const struct sn_log_record *record, struct sn_err *err),
			 struct sn_err *err)
{
	struct sn_log_record record;
	int ret;

	while ((ret = sn_logclient_next(fd, &record, err)) > 0) {
		if (record.kind != SN_LOG_EVENT && record.kind != SN_LOG_LOSS &&
		    record.kind != SN_LOG_PASSED)
			continue;
		ret = write(&record, err);
		if (ret)
			return ret;
	}
	return ret;
}
