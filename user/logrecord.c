// SPDX-License-Identifier: GPL-2.0-only
/* What safenode-logd passes on to its followers, and how each of that is written. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "err.h"
#include "eventjson.h"
#include "logline.h"
#include "logrecord.h"

_Static_assert(SN_LOG_LINE_MAX >= SN_LOGLINE_MAX, "a line fits");

#define HEAD offsetof(struct sn_log_record, event)

size_t sn_log_size(const struct sn_log_record *record)
{
	size_t path = record->event.path_len;

	switch ((enum sn_log_kind)record->kind) {
	case SN_LOG_EVENT:
	case SN_LOG_LAST:
		if (path > sizeof(record->event.path))
			path = sizeof(record->event.path);
		return offsetof(struct sn_log_record, event.path) + path;
	case SN_LOG_LOSS:
		return HEAD + sizeof(record->loss);
	case SN_LOG_PASSED:
		return HEAD + sizeof(record->passed);
	case SN_LOG_STATE:
		return HEAD + sizeof(record->state);
	case SN_LOG_REFUSED:
		return HEAD + sizeof(record->why);
	case SN_LOG_REQUEST:
		return HEAD + sizeof(record->request);
	case SN_LOG_DONE:
		break;
	}
	return HEAD;
}

bool sn_log_check(struct sn_log_record *record, size_t size)
{
	if (size < HEAD || size > sizeof(*record) || record->abi != SN_ABI_VERSION)
		return false;
	memset((char *)record + size, 0, sizeof(*record) - size);
	return size == sn_log_size(record);
}

const char *sn_log_tenant(const struct sn_log_record *record)
{
	return record->kind == SN_LOG_LOSS ? record->loss.tenant : record->event.tenant;
}

void sn_log_set_event(struct sn_log_record *record, const struct sn_event *ev)
{
	size_t path = ev->path_len < sizeof(ev->path) ? ev->path_len : sizeof(ev->path);

	record->abi = SN_ABI_VERSION;
	record->kind = SN_LOG_EVENT;
	memcpy(&record->event, ev, offsetof(struct sn_event, path) + path);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

const char *sn_log_line(const struct sn_log_record *record, char line[SN_LOG_LINE_MAX])
{
	const struct sn_log_loss *loss = &record->loss;
	char time[SN_TIME_MAX], tenant[4 * SN_TENANT_MAX];

	if (record->kind == SN_LOG_PASSED)
		snprintf(line, SN_LOG_LINE_MAX, "time=%s passed-over=%llu",
			 sn_time_text(now_ms(), time), (unsigned long long)record->passed);
	else if (record->kind == SN_LOG_LOSS)
		snprintf(line, SN_LOG_LINE_MAX, "time=%s tenant=%s lost=%llu suppressed=%llu",
			 sn_time_text(sn_wall_ms(loss->time_ns), time),
			 loss->tenant[0] ? sn_printable(loss->tenant, sizeof(loss->tenant), tenant,
							sizeof(tenant))
					 : "-",
			 (unsigned long long)loss->lost, (unsigned long long)loss->suppressed);
	else
		sn_logline(&record->event, line, SN_LOG_LINE_MAX);
	return line;
}

/* A tenant's name is a word: attach sees to that. */
static char *numbers_json(const struct sn_log_record *record)
{
	const struct sn_log_loss *loss = &record->loss;
	char time[SN_TIME_MAX], tenant[SN_TENANT_MAX + 3] = "null", *line;
	int len;

	if (record->kind == SN_LOG_PASSED) {
		len = asprintf(&line, "{\"v\":1,\"time\":\"%s\",\"passed_over\":%llu}",
			       sn_time_text(now_ms(), time), (unsigned long long)record->passed);
		return len < 0 ? NULL : line;
	}
	if (loss->tenant[0])
		snprintf(tenant, sizeof(tenant), "\"%.*s\"", SN_TENANT_MAX, loss->tenant);
	len = asprintf(&line,
		       "{\"v\":1,\"time\":\"%s\",\"tenant\":%s,\"lost\":%llu,\"suppressed\":%llu}",
		       sn_time_text(sn_wall_ms(loss->time_ns), time), tenant,
		       (unsigned long long)loss->lost, (unsigned long long)loss->suppressed);
	return len < 0 ? NULL : line;
}

char *sn_log_json(const struct sn_log_record *record)
{
	struct json_object *object;
	char *line;

	if (record->kind == SN_LOG_LOSS || record->kind == SN_LOG_PASSED)
		return numbers_json(record);
	object = sn_event_json(&record->event);
	line = object ? sn_json_line(object) : NULL;
	json_object_put(object);
	return line;
}
