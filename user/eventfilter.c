// SPDX-License-Identifier: GPL-2.0-only
/* Which events the operator wants to see. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "eventfilter.h"
#include "logline.h"

/* ---- --op ---- */

#define NAME_MAX_BYTES 32 /* of an operation, the NUL included */
#define NEAREST	       3  /* how many names are offered */

static size_t family_length(const char *op)
{
	return strcspn(op, ".");
}

/* Levenshtein's distance: how many letters have to be changed, added or left out. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_BYTES + 1], len = strlen(b);

	for (unsigned int i = 0; i <= len; i++)
		row[i] = i;
	for (; *a; a++) {
		unsigned int diagonal = row[0]++;

		for (unsigned int i = 0; i < len; i++) {
			unsigned int best = diagonal + (*a != b[i]);

			diagonal = row[i + 1];
			best = row[i] + 1 < best ? row[i] + 1 : best;
			row[i + 1] = diagonal + 1 < best ? diagonal + 1 : best;
		}
	}
	return row[len];
}

/* How far @word is from an operation; what comes behind its dot counts alone as well. */
static unsigned int distance_from(const char *word, int op)
{
	const char *name = sn_op_name(op);
	unsigned int whole = distance(word, name);
	unsigned int last = distance(word, name + family_length(name) + 1) + 1;

	return whole < last ? whole : last;
}

/* ", or X, Y" of those that are not farther than a third of the word. */
static void offer_nearest(const char *word, char *text, size_t size)
{
	bool used[SN_OP_NR] = {};
	size_t len = 0;

	text[0] = '\0';
	for (int n = 0; n < NEAREST && strlen(word) < NAME_MAX_BYTES; n++) {
		unsigned int best = strlen(word) / 3 + 1, nearest = 0;

		for (int op = 1; op < SN_OP_NR; op++) {
			if (used[op] || distance_from(word, op) >= best)
				continue;
			best = distance_from(word, op);
			nearest = op;
		}
		if (!nearest)
			return;
		used[nearest] = true;
		len += snprintf(text + len, size - len, "%s%s", len ? ", " : "; the nearest are ",
				sn_op_name(nearest));
	}
}

int sn_filter_add_op(struct sn_filter *filter, const char *name, struct sn_err *err)
{
	char nearest[128];
	bool found = false;

	for (int op = 1; op < SN_OP_NR; op++) {
		const char *known = sn_op_name(op);
		size_t family = family_length(known);

		if (strcmp(name, known) && (strlen(name) != family || strncmp(name, known, family)))
			continue;
		filter->ops[op] = found = true;
	}
	if (found) {
		filter->some_ops = true;
		return 0;
	}
	offer_nearest(name, nearest, sizeof(nearest));
	return sn_fail(err, EINVAL,
		       "'%s' is no operation (net.connect) and no family of them (fs, net, task, "
		       "code, guard)%s",
		       name, nearest);
}

/* ---- --since ---- */

/* "10m" -> milliseconds */
static bool parse_age(const char *text, int64_t *ms)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 9 || !text[digits] || text[digits + 1])
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].letter != text[digits])
			continue;
		*ms = strtol(text, NULL, 10) * units[i].ms;
		return true;
	}
	return false;
}

/* "Z" or "+01:00" -> seconds east of Greenwich */
static bool parse_offset(const char *text, long *seconds)
{
	int hours = 0, minutes = 0, used = 0;

	*seconds = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if ((*text != '+' && *text != '-') || !isdigit((unsigned char)text[1]) ||
	    sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5 ||
	    text[1 + used] || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*seconds = (*text == '-' ? -60L : 60L) * (hours * 60L + minutes);
	return true;
}

/* RFC 3339, of which fractions below milliseconds do not count */
static bool parse_time(const char *text, int64_t *ms)
{
	struct tm tm = {}, check;
	char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t fraction = 0, scale = 100;
	long offset;
	time_t seconds;

	if (!rest)
		return false;
	if (*rest == '.') {
		if (!isdigit((unsigned char)*++rest))
			return false;
		for (; isdigit((unsigned char)*rest); rest++, scale /= 10)
			fraction += (*rest - '0') * scale;
	}
	check = tm;
	seconds = timegm(&check);
	if (!parse_offset(rest, &offset) || check.tm_mday != tm.tm_mday) /* February 30 */
		return false;
	*ms = (seconds - offset) * 1000LL + fraction;
	return true;
}

int sn_filter_set_since(struct sn_filter *filter, const char *text, int64_t now_ms,
			struct sn_err *err)
{
	int64_t age;

	if (parse_age(text, &age))
		filter->since_ms = now_ms - age;
	else if (!parse_time(text, &filter->since_ms))
		return sn_fail(err, EINVAL,
			       "'%s' is neither a time, such as 2024-02-29T12:00:00Z, nor an age, "
			       "such as 90s, 10m, 3h or 2d",
			       text);
	return 0;
}

bool sn_filter_wants(const struct sn_filter *filter, const struct sn_event *ev)
{
	if (filter->tenant && strncmp(filter->tenant, ev->tenant, sizeof(ev->tenant)))
		return false;
	if (filter->some_ops && (ev->op >= SN_OP_NR || !filter->ops[ev->op]))
		return false;
	if (filter->without_known && ev->known)
		return false;
	return !filter->since_ms || sn_wall_ms(ev->time_ns) >= filter->since_ms;
}
