// SPDX-License-Identifier: GPL-2.0-only
/* safenode-log: prints a line for each refusal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "events.h"
#include "logline.h"
#include "options.h"
#include "pins.h"

struct choice {
	struct sn_named named; /* first: sn_set_named() */
	bool no_wait;
	struct sn_err *err;
};

static int set_no_wait(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->no_wait = true;
	return 0;
}

static const struct sn_opt opts[] = { { "cgroup", "NAME", "only this tenant's", sn_set_named },
				      { "no-wait", NULL, "print what is there and end",
					set_no_wait },
				      { 0 } };

static const struct sn_program program = {
	.name = "safenode-log",
	.usage = "[--cgroup NAME] [--no-wait]",
	.about = "Print each refused act as one line. Every event goes to one reader: run one.",
	.opts = opts,
};

static int print(const struct sn_event *ev, void *data)
{
	const struct choice *choice = data;
	char line[SN_LOGLINE_MAX];
	struct sn_err why = {};
	int ret;

	if (choice->named.tenant && strncmp(choice->named.tenant, ev->tenant, sizeof(ev->tenant)))
		return 0;
	sn_logline(ev, line, sizeof(line));
	puts(line);
	ret = sn_cli_flush(&why);
	if (ret)
		return sn_fail(choice->err, -ret, "%s; lost the event of process %u", why.text,
			       ev->pid);
	return 0;
}

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

static int stream(struct choice *choice, struct sn_err *err)
{
	sn_autoclose int ring = open_ring(err);
	struct sn_events_reader *reader;
	int ret;

	if (ring < 0)
		return ring;
	choice->err = err;
	reader = sn_events_open(ring, print, choice, err);
	if (!reader)
		return -EIO;
	do {
		ret = choice->no_wait ? sn_events_poll(reader, 0, err)
				      : wait_for(reader, ring, err);
	} while (ret > 0 || (!ret && !choice->no_wait));
	sn_events_close(reader);
	return ret;
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
