// SPDX-License-Identifier: GPL-2.0-only
/* safenode-log: prints a line for each refusal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "eventfilter.h"
#include "eventjson.h"
#include "events.h"
#include "logline.h"
#include "options.h"
#include "pins.h"

struct choice {
	struct sn_named named; /* first: sn_set_named() */
	struct sn_filter filter;
	const char *since;
	bool no_wait;
	bool json;
	struct sn_err *err;
};

static int set_no_wait(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->no_wait = true;
	return 0;
}

static int set_json(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->json = true;
	return 0;
}

static int set_without_known(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->filter.without_known = true;
	return 0;
}

static int add_op(void *target, const char *value, struct sn_err *err)
{
	return sn_filter_add_op(&((struct choice *)target)->filter, value, err);
}

static int set_since(void *target, const char *value, struct sn_err *err)
{
	struct choice *choice = target;

	if (choice->since)
		return sn_fail(err, EINVAL, "given twice, '%s' and '%s'", choice->since, value);
	choice->since = value;
	return sn_filter_set_since(&choice->filter, value, time(NULL) * 1000LL, err);
}

static const struct sn_opt opts[] = {
	{ "cgroup", "NAME", "only this tenant's", sn_set_named },
	{ "op", "OPERATION", "only these (net.connect), or this family (net); repeatable", add_op },
	{ "since", "TIME", "not before 2024-02-29T12:00:00Z, or for an age: 90s, 10m, 3h, 2d",
	  set_since },
	{ "without-known", NULL, "not what node and libc always try", set_without_known },
	{ "json", NULL, "one JSON object a line", set_json },
	{ "no-wait", NULL, "print what is there and end", set_no_wait },
	{ 0 }
};

static const struct sn_program program = {
	.name = "safenode-log",
	.usage = "[OPTIONS]",
	.about = "Print each refused act as one line. Every event goes to one reader: run one.",
	.opts = opts,
};

/* ---- what is printed ---- */

static void print_line(const struct sn_event *ev)
{
	char line[SN_LOGLINE_MAX];

	sn_logline(ev, line, sizeof(line));
	puts(line);
}

static int print_json(const struct sn_event *ev, struct sn_err *err)
{
	struct json_object *object = sn_event_json(ev);
	sn_autofree char *line = object ? sn_json_line(object) : NULL;

	json_object_put(object);
	if (!line)
		return sn_fail(err, ENOMEM, "out of memory");
	puts(line);
	return 0;
}

/* Each event that is wanted, in the order in which they happened. */
static int show_event(const struct sn_event *ev, const struct choice *choice, struct sn_err *err)
{
	if (choice->json)
		return print_json(ev, err);
	print_line(ev);
	return 0;
}

/* When no more events come. */
static int show_end(const struct choice *choice, struct sn_err *err)
{
	return 0;
}

static int take(const struct sn_event *ev, void *data)
{
	const struct choice *choice = data;
	struct sn_err why = {};
	int ret;

	if (!sn_filter_wants(&choice->filter, ev))
		return 0;
	ret = show_event(ev, choice, &why);
	if (!ret)
		ret = sn_cli_flush(&why);
	if (ret)
		return sn_fail(choice->err, -ret, "%s; lost the event of process %u", why.text,
			       ev->pid);
	return 0;
}

/* ---- where events come from ---- */

static int open_ring(struct sn_err *err)
{
	struct sn_state state;
	int ret = sn_pins_state(&state, err);

	return ret ? ret : sn_pins_open("events", 0, 0, err);
}

/*
 * Waits for events, but not for ever where none will come. Programs that were replaced can report
 * for some time after their pins are gone: the last ones are read until a second passes without.
 */
static int wait_for(struct sn_events_reader *reader, int ring, struct sn_err *err)
{
	bool pinned = sn_pins_have("events", ring);
	int ret = sn_events_poll(reader, 1000, err);

	if (ret || pinned)
		return ret;
	return sn_fail(err, EPROTO,
		       "safenode was unloaded, or another version was loaded; "
		       "start the safenode-log of what is loaded");
}

static int from_ring(struct choice *choice, struct sn_err *err)
{
	sn_autoclose int ring = open_ring(err);
	struct sn_events_reader *reader;
	int ret;

	if (ring < 0)
		return ring;
	reader = sn_events_open(ring, take, choice, err);
	if (!reader)
		return -EIO;
	do {
		ret = choice->no_wait ? sn_events_poll(reader, 0, err)
				      : wait_for(reader, ring, err);
	} while (ret > 0 || (!ret && !choice->no_wait));
	sn_events_close(reader);
	return ret;
}

static int stream(struct choice *choice, struct sn_err *err)
{
	int ret;

	choice->err = err;
	choice->filter.tenant = choice->named.tenant;
	ret = from_ring(choice, err);
	return ret ? ret : show_end(choice, err);
}

int main(int argc, char **argv)
{
	struct choice choice = {};
	struct sn_err err = {};
	int ret = sn_cli_parse(&program, argc, argv, &choice, &err);

	sn_cli_begin_output();
	if (ret >= 0 && ret < argc)
		ret = sn_fail(&err, EINVAL, "unexpected '%s'; see --help", argv[ret]);
	if (ret >= 0)
		ret = geteuid() ? sn_fail(&err, EPERM, "must be run as root")
				: stream(&choice, &err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
