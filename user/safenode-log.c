// SPDX-License-Identifier: GPL-2.0-only
/* safenode-log: prints a line for each refusal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli.h"
#include "enforcer.h"
#include "eventfilter.h"
#include "eventjson.h"
#include "events.h"
#include "explain.h"
#include "logline.h"
#include "options.h"
#include "pins.h"
#include "suggest.h"

struct choice {
	struct sn_named named; /* first: sn_set_named() */
	struct sn_filter filter;
	const char *since;
	bool no_wait;
	bool json;
	bool explain;
	struct sn_suggest *suggest; /* or NULL */
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

static int set_explain(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->explain = true;
	return 0;
}

static int set_suggest(void *target, const char *value, struct sn_err *err)
{
	struct choice *choice = target;

	if (!choice->suggest)
		choice->suggest = sn_suggest_new();
	choice->no_wait = true;
	return choice->suggest ? 0 : sn_fail(err, ENOMEM, "out of memory");
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
	{ "explain", NULL, "which option would allow it, or what to do without", set_explain },
	{ "suggest", NULL, "from what is there, a policy file with what a tenant lacks",
	  set_suggest },
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

/* Below the line of the event. */
static void print_explanation(const struct sn_event *ev)
{
	struct sn_explanation explanation;

	if (!sn_explain(ev, &explanation))
		return;
	if (explanation.option)
		printf("    to allow: --%s %s (%s)\n", explanation.option, explanation.value,
		       explanation.text);
	else if (explanation.grantable)
		printf("    to allow: %s\n", explanation.text);
	else
		printf("    never allowed: %s\n", explanation.text);
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

/* ---- what is suggested ---- */

/* What the maps tell of the tenant and its neighbours. */
struct place {
	const char *tenant;
	const struct sn_store *store;
	char directory[SN_TEXT_MAX + 1]; /* the tenant's */
	char (*others)[SN_TEXT_MAX + 1]; /* of the others */
	size_t nr;
	uint64_t unreported;
};

static int add_place(const struct sn_policy *policy, void *data)
{
	struct place *place = data;
	struct sn_counters counters;
	void *more;

	if (!strncmp(policy->tenant, place->tenant, sizeof(policy->tenant))) {
		snprintf(place->directory, sizeof(place->directory), "%.*s", SN_TEXT_MAX,
			 policy->directory);
		sn_store_count(place->store, policy->cgroup_id, &counters);
		place->unreported = counters.lost + counters.suppressed;
		return 0;
	}
	more = reallocarray(place->others, place->nr + 1, sizeof(*place->others));
	if (!more)
		return -ENOMEM;
	place->others = more;
	snprintf(place->others[place->nr++], sizeof(*place->others), "%.*s", SN_TEXT_MAX,
		 policy->directory);
	return 0;
}

static int find_place(struct place *place, struct sn_err *err)
{
	struct sn_enforcer enforcer = SN_ENFORCER_CLOSED;
	int ret = sn_enforcer_open(&enforcer, err);

	if (!ret)
		ret = sn_enforcer_lock(&enforcer, SN_SHARED, err);
	place->store = &enforcer.store;
	if (!ret)
		ret = sn_store_each(&enforcer.store, add_place, place, err);
	sn_enforcer_close(&enforcer);
	return ret;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

static int write_suggestion(const struct choice *choice, struct sn_err *err)
{
	struct place place = { .tenant = choice->named.tenant };
	struct sn_suggest_about about = { .tenant = place.tenant, .is_directory = is_directory };
	int ret = find_place(&place, err);
	const char **others = calloc(place.nr + 1, sizeof(*others));

	if (!ret && !others)
		ret = sn_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < place.nr; i++)
		others[i] = place.others[i];
	about.others = others;
	about.directory = *place.directory ? place.directory : NULL;
	about.unreported = place.unreported;
	if (!ret && sn_suggest_write(choice->suggest, &about, stdout))
		ret = sn_fail(err, ENOMEM, "out of memory");
	free(others);
	free(place.others);
	return ret ? ret : sn_cli_flush(err);
}

/* ---- all ---- */

/* Each event that is wanted, in the order in which they happened. */
static int show_event(const struct sn_event *ev, const struct choice *choice, struct sn_err *err)
{
	if (choice->suggest)
		return sn_suggest_add(choice->suggest, ev) ? sn_fail(err, ENOMEM, "out of memory")
							   : 0;
	if (choice->json)
		return print_json(ev, err);
	print_line(ev);
	if (choice->explain)
		print_explanation(ev);
	return 0;
}

/* When no more events come. */
static int show_end(const struct choice *choice, struct sn_err *err)
{
	return choice->suggest ? write_suggestion(choice, err) : 0;
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

static int check(const struct choice *choice, struct sn_err *err)
{
	if (choice->suggest && !choice->named.tenant)
		return sn_fail(err, EINVAL, "--suggest without --cgroup: name the tenant");
	if (choice->suggest && (choice->json || choice->explain))
		return sn_fail(err, EINVAL,
			       "--suggest writes a policy file, so leave --json and --explain out");
	return 0;
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
		ret = check(&choice, &err);
	if (!ret)
		ret = geteuid() ? sn_fail(&err, EPERM, "must be run as root")
				: stream(&choice, &err);
	sn_suggest_free(choice.suggest);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
