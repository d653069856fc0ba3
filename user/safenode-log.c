// SPDX-License-Identifier: GPL-2.0-only
/* safenode-log: prints a line for each refusal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "brokerclient.h"
#include "cli.h"
#include "enforcer.h"
#include "eventfilter.h"
#include "eventjson.h"
#include "events.h"
#include "explain.h"
#include "logclient.h"
#include "logdir.h"
#include "logline.h"
#include "options.h"
#include "pins.h"
#include "suggest.h"

struct choice {
	struct sn_named named;	 /* first: sn_set_named() */
	char own[SN_TENANT_MAX]; /* an ordinary user's tenant, as events name it */
	struct sn_filter filter;
	const char *since;
	bool no_wait;
	bool follow;
	bool json;
	bool explain;
	struct sn_suggest *suggest; /* or NULL */
	bool had_service;	    /* it comes back: the ring is not for us */
	int busy;		    /* times that the ring was locked */
	char said[512];		    /* why it waits */
	struct sn_err *err;
};

static int set_no_wait(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->no_wait = true;
	return 0;
}

static int set_follow(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->follow = true;
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
	{ "follow", NULL, "go on when safenode is unloaded, loaded anew, or safenode-logd ends",
	  set_follow },
	{ "no-wait", NULL, "print what is there and end", set_no_wait },
	{ 0 }
};

static const struct sn_program program = {
	.name = "safenode-log",
	.usage = "[OPTIONS]",
	.about = "Print each refused act as one line, as it happens: from safenode-logd, or from "
		 "the "
		 "ring\nwhere that does not run. Of the ring every event goes to one reader.",
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
	struct neighbour {
		char directory[SN_TEXT_MAX + 1];
		struct sn_inode dir;
	} * others;
	size_t nr;
	uint64_t unreported;
};

static int add_place(const struct sn_policy *policy, void *data)
{
	struct place *place = data;
	struct sn_counters counters;
	struct neighbour *more;

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
	more += place->nr++;
	more->dir = policy->dir;
	snprintf(more->directory, sizeof(more->directory), "%.*s", SN_TEXT_MAX, policy->directory);
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
	place->store = NULL;
	sn_enforcer_close(&enforcer);
	return ret;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

static bool is_neighbours(const struct place *place, const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return false;
	for (size_t i = 0; i < place->nr; i++)
		if (place->others[i].dir.ino == st.st_ino &&
		    place->others[i].dir.dev == (major(st.st_dev) << 20 | minor(st.st_dev)))
			return true;
	return false;
}

/* By inode: events have the names of a file system, and a directory can be bound to another. */
static bool is_others(const char *path, const void *data)
{
	sn_autofree char *copy = strdup(path);

	for (char *end = copy; end && *copy;) {
		if (is_neighbours(data, copy))
			return true;
		end = strrchr(copy, '/');
		if (end)
			*end = '\0';
	}
	return false;
}

static int write_suggestion(const struct choice *choice, struct sn_err *err)
{
	struct place place = { .tenant = choice->named.tenant };
	struct sn_suggest_about about = { .tenant = place.tenant,
					  .is_directory = is_directory,
					  .is_others = is_others,
					  .data = &place };
	int ret = find_place(&place, err);
	const char **others = calloc(place.nr + 1, sizeof(*others));

	if (!ret && !others)
		ret = sn_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < place.nr; i++)
		others[i] = place.others[i].directory;
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

/* Events that were lost, in their place among the others. */
static int show_loss(const struct sn_log_record *record, const struct choice *choice,
		     struct sn_err *err)
{
	char line[SN_LOG_LINE_MAX];
	sn_autofree char *json = NULL;

	if (choice->suggest) /* which looks at the counters */
		return 0;
	if (!choice->json) {
		puts(sn_log_line(record, line));
		return 0;
	}
	json = sn_log_json(record);
	if (!json)
		return sn_fail(err, ENOMEM, "out of memory");
	puts(json);
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

/* ---- the ring ---- */

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

/* Has the service been started since? Looks once a second. */
static bool service_runs(time_t *looked)
{
	time_t now = time(NULL);
	int fd;

	if (*looked == now)
		return false;
	*looked = now;
	fd = sn_logclient_open(0, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* 0: all is read; 1: the service reads the ring now; or a negative errno. */
static int read_ring(struct choice *choice, int ring, struct sn_err *err)
{
	struct sn_events_reader *reader = sn_events_open(ring, take, choice, err);
	time_t looked = time(NULL);
	int ret;

	if (!reader)
		return -EIO;
	do {
		ret = choice->no_wait ? sn_events_poll(reader, 0, err)
				      : wait_for(reader, ring, err);
		if (ret >= 0 && !choice->no_wait && service_runs(&looked)) {
			sn_events_close(reader);
			return 1;
		}
	} while (ret > 0 || (!ret && !choice->no_wait));
	sn_events_close(reader);
	return ret;
}

static void say(struct choice *choice, const char *text)
{
	if (!strcmp(choice->said, text))
		return;
	snprintf(choice->said, sizeof(choice->said), "%s", text);
	sn_cli_say(&program, text);
}

#define BUSY_MAX 50 /* times 100 ms, in which a service that holds the ring has its socket */

static int from_ring(struct choice *choice, struct sn_err *err)
{
	sn_autoclose int lock = -1, ring = -1;

	/* where nothing can be written, there is no service that would have to know */
	if (!sn_logdir_make(SN_LOG_DIR, NULL))
		lock = sn_logdir_lock_ring(SN_RING_LOCK, false, err);
	if (lock == -EBUSY) {
		usleep(100000);
		return ++choice->busy < BUSY_MAX ? 1 : -EBUSY;
	}
	ring = open_ring(err);
	if (ring < 0)
		return ring;
	if (!choice->no_wait || choice->since || choice->suggest)
		say(choice, "safenode-logd does not run: reads the events itself, from what nobody "
			    "has read on; other readers do not get them");
	return read_ring(choice, ring, err);
}

/* ---- the service ---- */

static int take_state(struct choice *choice, enum sn_log_state state, struct sn_err *err)
{
	switch (state) {
	case SN_LOG_READS:
		choice->said[0] = '\0';
		return 0;
	case SN_LOG_NOT_LOADED:
		sn_fail(err, ENOENT, "safenode is not loaded; run safenode-load");
		break;
	case SN_LOG_OTHER_VERSION:
		sn_fail(err, EPROTO,
			"another version of safenode is loaded; restart its safenode-logd");
		break;
	default:
		sn_fail(err, EAGAIN, "safenode-logd does not read yet");
	}
	if (!choice->follow && state != SN_LOG_WAITS)
		return -EPROTO;
	say(choice, err->text);
	return 0;
}

static int take_record(struct choice *choice, const struct sn_log_record *record,
		       struct sn_err *err)
{
	int ret;

	switch ((enum sn_log_kind)record->kind) {
	case SN_LOG_EVENT:
		return take(&record->event, choice);
	case SN_LOG_LOSS:
	case SN_LOG_PASSED:
		ret = show_loss(record, choice, err);
		return ret ? ret : sn_cli_flush(err);
	case SN_LOG_STATE:
		return take_state(choice, record->state, err);
	default:
		return 0;
	}
}

static int has_ended(struct sn_err *err)
{
	return sn_fail(err, ENOENT, "safenode-logd has ended; start it again");
}

/* 0: everything was sent; or a negative errno. */
static int from_service(struct choice *choice, int fd, struct sn_err *err)
{
	struct sn_log_record record;
	int ret;

	choice->had_service = true;
	while ((ret = sn_logclient_next(fd, &record, err)) > 0 && record.kind != SN_LOG_DONE) {
		ret = take_record(choice, &record, err);
		if (ret)
			return ret;
	}
	if (ret)
		return ret < 0 ? ret : 0;
	return has_ended(err);
}

/* ---- which of them ---- */

static int stream_once(struct choice *choice, struct sn_err *err)
{
	__u32 want = SN_WANT_BACKLOG | (choice->no_wait ? 0 : SN_WANT_NEW);
	sn_autoclose int fd = geteuid() ? sn_brokerclient_log(want, choice->named.tenant, err)
					: sn_logclient_open(want, choice->named.tenant, err);

	if (fd >= 0)
		return from_service(choice, fd, err);
	if (fd != -ENOENT || geteuid()) /* the ring is root's */
		return fd;
	return choice->had_service ? has_ended(err) : from_ring(choice, err);
}

/* With --follow, what is not there is waited for. */
static int stream(struct choice *choice, struct sn_err *err)
{
	int ret;

	choice->err = err;
	choice->filter.tenant = choice->named.tenant;
	for (;;) {
		ret = stream_once(choice, err);
		if (!ret)
			return show_end(choice, err);
		if (ret < 0 && !(choice->follow && (ret == -ENOENT || ret == -EPROTO)))
			return ret;
		if (ret > 0)
			continue;
		say(choice, err->text);
		sleep(1);
	}
}

/* What only root may do; and the name that an ordinary user's tenant has. */
static int check_user(struct choice *choice, struct sn_err *err)
{
	int ret = geteuid() ? sn_brokerclient_check(err) : 0;

	if (ret || !geteuid())
		return ret;
	if (choice->suggest)
		return sn_fail(err, EPERM,
			       "--suggest looks at tenants of others: must be run as root");
	if (!choice->named.tenant)
		return 0;
	ret = sn_brokerclient_name(choice->named.tenant, choice->own, err);
	choice->named.tenant = choice->own;
	return ret;
}

static int check(struct choice *choice, struct sn_err *err)
{
	if (choice->suggest && !choice->named.tenant)
		return sn_fail(err, EINVAL, "--suggest without --cgroup: name the tenant");
	if (choice->suggest && (choice->json || choice->explain || choice->follow))
		return sn_fail(err, EINVAL,
			       "--suggest writes a policy file, so leave --json, --explain and "
			       "--follow out");
	if (choice->follow && choice->no_wait)
		return sn_fail(err, EINVAL, "--follow and --no-wait exclude each other");
	return check_user(choice, err);
}

int main(int argc, char **argv)
{
	struct choice choice = {};
	struct sn_err err = {};
	int ret = sn_cli_parse_all(&program, argc, argv, &choice, &err);

	sn_cli_begin_output();
	if (!ret)
		ret = check(&choice, &err);
	if (!ret)
		ret = stream(&choice, &err);
	sn_suggest_free(choice.suggest);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
