// SPDX-License-Identifier: GPL-2.0-only
/* struct sn_event -> one JSON object. */
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "eventjson.h"
#include "explain.h"
#include "logline.h"
#include "utf8.h"

/* Adds to @object what may be NULL for lack of memory; then the whole object is of no use. */
static bool add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value && !json_object_object_add(object, name, value))
		return true;
	json_object_put(value);
	return false;
}

static bool add_string(struct json_object *object, const char *name, const char *text)
{
	return add(object, name, json_object_new_string(text));
}

static bool add_number(struct json_object *object, const char *name, int64_t number)
{
	return add(object, name, json_object_new_int64(number));
}

static bool add_null(struct json_object *object, const char *name)
{
	return !json_object_object_add(object, name, NULL);
}

static const char replacement[] = { (char)0xef, (char)0xbf, (char)0xbd }; /* U+FFFD */

/* @bytes with that for each byte that is part of no character, into @text. Its length. */
static size_t mend(const char *bytes, size_t len, char *text)
{
	size_t used = 0, size;
	uint32_t code;

	for (; len; bytes += size, len -= size) {
		size = sn_utf8_next(bytes, len, &code);
		if (size) {
			memcpy(text + used, bytes, size);
			used += size;
			continue;
		}
		memcpy(text + used, replacement, sizeof(replacement));
		used += sizeof(replacement);
		size = 1;
	}
	return used;
}

/* A name that the tenant chose, of at most SN_EVENT_PATH_TEXT bytes. */
static bool add_name(struct json_object *object, const char *name, const char *name_hex,
		     const char *bytes, size_t len)
{
	char text[3 * SN_EVENT_PATH_TEXT], hex[2 * SN_EVENT_PATH_TEXT + 1];
	size_t size = mend(bytes, len, text);

	return add(object, name, json_object_new_string_len(text, (int)size)) &&
	       (sn_is_utf8(bytes, len) || add_string(object, name_hex, sn_hex(bytes, len, hex)));
}

static bool add_error(struct json_object *object, const char *name, int error)
{
	/* INT_MIN cannot be negated */
	const char *text = error <= 0 && error > -4096 ? strerrorname_np(-error) : NULL;

	if (!error)
		return add_null(object, name);
	return text ? add_string(object, name, text) : add_number(object, name, error);
}

/* By the format of the line: "signal=%lld" is a number, "mode=0%llo" is text. */
static bool add_ops_number(struct json_object *object, const struct sn_event *ev)
{
	const char *format = sn_number_format(ev->op);
	size_t len = format ? strcspn(format, "=") : 0;
	char name[32], text[32];

	if (!format)
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)len, format);
	if (!strcmp(format + len, "=%lld"))
		return add_number(object, name, ev->number);
	snprintf(text, sizeof(text), format + len + 1, (long long)ev->number);
	return add_string(object, name, text);
}

static bool add_act(struct json_object *object, const struct sn_event *ev)
{
	char address[SN_ADDRESS_MAX];

	return add_string(object, "op", sn_op_name(ev->op)) &&
	       add_string(object, "why", sn_why_name(ev->why)) &&
	       add_error(object, "error", ev->error) &&
	       (!ev->would || add_error(object, "would", ev->would)) &&
	       (!ev->warm || add(object, "warm", json_object_new_boolean(true))) &&
	       add_ops_number(object, ev) &&
	       (!ev->target || add_number(object, "target", ev->target)) &&
	       (!ev->family || add_string(object, "address", sn_address_text(ev, address))) &&
	       (!(ev->family || ev->port) || add_number(object, "port", ev->port));
}

static bool add_path(struct json_object *object, const struct sn_event *ev)
{
	char path[SN_EVENT_PATH_TEXT], dev[32];
	bool mounted;
	size_t len;

	if (!ev->dev)
		return true;
	len = sn_event_path(ev, path, &mounted);
	snprintf(dev, sizeof(dev), "%u:%u", ev->dev >> 20, ev->dev & 0xfffff);
	return (mounted || add_string(object, "dev", dev)) &&
	       add_name(object, "path", "path_hex", path, len);
}

static bool add_process(struct json_object *object, const struct sn_event *ev)
{
	char tenant[SN_TENANT_MAX], time[SN_TIME_MAX];

	snprintf(tenant, sizeof(tenant), "%.*s", (int)sizeof(ev->tenant), ev->tenant);
	return add_number(object, "v", 1) &&
	       add_string(object, "time", sn_time_text(sn_wall_ms(ev->time_ns), time)) &&
	       (tenant[0] ? add_string(object, "tenant", tenant) : add_null(object, "tenant")) &&
	       add_number(object, "pid", ev->pid) &&
	       (ev->tid == ev->pid || add_number(object, "tid", ev->tid)) &&
	       add_name(object, "comm", "comm_hex", ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
}

static bool add_known(struct json_object *object, const struct sn_event *ev)
{
	const char *known = sn_known_name(ev->known);

	return known ? add_string(object, "known", known) : add_null(object, "known");
}

/* "option" is null where nothing allows the act, or where the event does not tell the value. */
static bool add_explanation(struct json_object *object, const struct sn_event *ev)
{
	char option[SN_EVENT_PATH_TEXT + 40];
	struct sn_explanation explanation;

	if (!sn_explain(ev, &explanation))
		return true;
	snprintf(option, sizeof(option), "--%s %s", explanation.option ? explanation.option : "",
		 explanation.value);
	return (explanation.option ? add_string(object, "option", option)
				   : add_null(object, "option")) &&
	       add(object, "grantable", json_object_new_boolean(explanation.grantable));
}

struct json_object *sn_event_json(const struct sn_event *ev)
{
	struct json_object *object = json_object_new_object();

	if (object && add_process(object, ev) && add_act(object, ev) && add_path(object, ev) &&
	    add_known(object, ev) && add_explanation(object, ev))
		return object;
	json_object_put(object);
	return NULL;
}

/* As JSON writes it: what is above U+FFFF has two escapes. */
static int put_escape(char *to, uint32_t code)
{
	if (code > 0xffff)
		return sprintf(to, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
			       0xdc00 + ((code - 0x10000) & 0x3ff));
	return sprintf(to, "\\u%04x", code);
}

char *sn_json_line(struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t len = text ? strlen(text) : 0, size;
	char *line = text ? malloc(6 * len + 1) : NULL, *to = line;
	uint32_t code;

	if (!line)
		return NULL;
	for (; len; text += size, len -= size) {
		size = sn_utf8_next(text, len, &code);
		if (!size) { /* not from sn_event_json() */
			size = 1;
			code = 0xfffd;
		}
		if (code < 0x7f)
			*to++ = (char)code;
		else
			to += put_escape(to, code);
	}
	*to = '\0';
	return line;
}
