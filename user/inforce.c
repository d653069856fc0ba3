// SPDX-License-Identifier: GPL-2.0-only
/* The options that are in force for a tenant, by the names that a policy file has for them. */
#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "cgroup.h"
#include "hash.h"
#include "inforce.h"
#include "logline.h"

#define SELF	  "self"
#define ADDRESSES "restricted-outgoing-addresses"
#define OUTGOING  "allowed-outgoing-ports"
#define LISTEN	  "allowed-listen-ports"

/* ---- values ---- */

/* One more, with @text; NULL if there is no memory. */
static struct sn_value *add(struct sn_inforce *inforce, const char *option, const char *text)
{
	struct sn_value *all = inforce->all;
	char *copy;

	if (inforce->nr == inforce->room) {
		size_t room = inforce->room ? 2 * inforce->room : 16;

		all = reallocarray(all, room, sizeof(*all));
		if (!all)
			return NULL;
		inforce->all = all;
		inforce->room = room;
	}
	copy = strdup(text);
	if (!copy)
		return NULL;
	all[inforce->nr] = (struct sn_value){ .option = option, .text = copy };
	return &all[inforce->nr++];
}

static int add_text(struct sn_inforce *inforce, const char *option, const char *text)
{
	return !text || add(inforce, option, text) ? 0 : -ENOMEM;
}

static int add_flag(struct sn_inforce *inforce, const char *option, bool set)
{
	return set ? add_text(inforce, option, "") : 0;
}

static int add_words(struct sn_inforce *inforce, const char *option, char *const words[], size_t nr)
{
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++)
		ret = add_text(inforce, option, words[i]);
	return ret;
}

/* ---- from the maps ---- */

static int add_address(struct sn_inforce *inforce, const struct sn_entry *entry)
{
	struct sn_value *value;

	if (!entry->text.text[0]) /* only there to find others */
		return 0;
	value = add(inforce, ADDRESSES, entry->text.text);
	if (!value)
		return -ENOMEM;
	value->by_self = !strncmp(value->text, SELF ":", strlen(SELF ":"));
	memcpy(value->rank, entry->key.address.addr, sizeof(entry->key.address.addr));
	value->rank[sizeof(entry->key.address.addr)] = entry->key.address.length;
	return 0;
}

/* "8000-8100", which the blocks of one range share: they become one when values are sorted. */
static int add_range(struct sn_inforce *inforce, const char *option, const char *text)
{
	struct sn_value *value = add(inforce, option, text);
	unsigned long first = strtoul(text, NULL, 10);
	const char *dash = strchr(text, '-');
	unsigned long last = dash ? strtoul(dash + 1, NULL, 10) : first;

	if (!value)
		return -ENOMEM;
	value->rank[0] = first >> 8;
	value->rank[1] = first;
	value->rank[2] = last >> 8;
	value->rank[3] = last;
	return 0;
}

static int add_port(struct sn_inforce *inforce, const struct sn_entry *entry)
{
	return add_range(inforce, entry->key.port.use == SN_PORT_LISTEN ? LISTEN : OUTGOING,
			 entry->text.text);
}

/* rules.c keeps the end of a path that is too long, behind "...". */
static bool is_path(const char *text, const char *path)
{
	size_t len = strlen(path), end = strlen(text) - 3;

	if (len < SN_TEXT_MAX)
		return !strcmp(text, path);
	return !strncmp(text, "...", 3) && !strcmp(text + 3, path + len - end);
}

/*
 * An extra path is what may be read and, even if it is a file, searched: see add_extra_paths() in
 * attach.c. On the way to a place nothing may be read, on what was handed over open neither, and
 * "cpu.max" of the cgroups above may not be searched.
 */
static int add_extra(struct sn_inforce *inforce, const struct sn_entry *entry, const char *cgroup)
{
	const struct sn_directory_key *key = &entry->key.directory; /* that of a name begins so */
	const __u8 extra = SN_MAY_READ | SN_MAY_SEARCH;
	struct sn_value *value;
	__u64 sum;

	if ((entry->rule.access & extra) != extra || is_path(entry->rule.path, cgroup))
		return 0;
	value = add(inforce, entry->rule.access & SN_MAY_CHANGE ? "read-write" : "read-only",
		    entry->rule.path);
	if (!value)
		return -ENOMEM;
	value->cut = value->text[0] != '/';
	sum = sn_hash(SN_HASH_BEGIN, &key->ino, sizeof(key->ino));
	sum = sn_hash(sum, &key->dev, sizeof(key->dev));
	value->which = sn_hash(sum, &entry->rule.generation, sizeof(entry->rule.generation));
	return 0;
}

static int add_entry(struct sn_inforce *inforce, const struct sn_entry *entry, const char *cgroup)
{
	switch ((enum sn_rule_map)entry->map) {
	case SN_RULES_ADDRESSES:
		return add_address(inforce, entry);
	case SN_RULES_PORTS:
		return add_port(inforce, entry);
	case SN_RULES_DIRECTORIES:
	case SN_RULES_NAMES:
		return add_extra(inforce, entry, cgroup);
	}
	return 0;
}

static int add_ranges(struct sn_inforce *inforce, const struct sn_policy *policy)
{
	int ret = 0;

	for (int i = 0; i < policy->port_ranges_nr && i < SN_PORT_RANGES_MAX && !ret; i++)
		ret = add_range(inforce, OUTGOING, sn_port_text(policy->port_ranges[i]).text);
	return ret;
}

int sn_inforce_add_policy(struct sn_inforce *inforce, const struct sn_policy *policy,
			  const struct sn_entries *own, const char *cgroup)
{
	int ret = policy->tenant[0] ? add_text(inforce, "cgroup", policy->tenant) : 0;

	if (!ret && policy->directory[0] == '/')
		ret = add_text(inforce, "dir", policy->directory);
	if (!ret)
		ret = add_flag(inforce, "safe-mode", policy->safe_mode);
	if (!ret)
		ret = add_flag(inforce, "observe", policy->observe);
	if (!ret)
		ret = add_flag(inforce, "warm", policy->warm);
	if (!ret)
		ret = add_flag(inforce, "log-granted", policy->audit);
	if (!ret && policy->self_restricted)
		ret = add_text(inforce, ADDRESSES, SELF);
	if (!ret)
		ret = add_ranges(inforce, policy);
	for (size_t i = 0; i < own->nr && !ret; i++)
		ret = add_entry(inforce, &own->all[i], cgroup);
	return ret;
}

/* ---- from the options ---- */

/* "max" limits nothing. */
static int add_limit(struct sn_inforce *inforce, const char *option, const char *text)
{
	return text && strncmp(text, "max", 3) ? add_text(inforce, option, text) : 0;
}

/* The kernel counts in pages, and what is left of one is not in memory.max. */
static int add_memory(struct sn_inforce *inforce, const char *text)
{
	unsigned long long page = sysconf(_SC_PAGESIZE),
			   bytes = text ? strtoull(text, NULL, 10) : 0;
	char whole[24];

	if (!bytes) /* "max" */
		return 0;
	snprintf(whole, sizeof(whole), "%llu", bytes - bytes % page);
	return add_text(inforce, "memory-max", whole);
}

int sn_inforce_add_wanted(struct sn_inforce *inforce, const struct sn_options *options)
{
	int ret = add_memory(inforce, options->memory_max);

	if (!ret)
		ret = add_limit(inforce, "cpu-max", options->cpu_max);
	return ret ? ret : add_limit(inforce, "pids-max", options->pids_max);
}

int sn_inforce_add_unmapped(struct sn_inforce *inforce, const struct sn_options *options)
{
	int ret = add_text(inforce, "user", options->user);

	if (!ret)
		ret = add_words(inforce, "supplementary-group", options->groups,
				options->nr_groups);
	return ret ? ret : sn_inforce_add_wanted(inforce, options);
}

int sn_inforce_add_paths(struct sn_inforce *inforce, const struct sn_options *options)
{
	int ret = add_words(inforce, "read-only", options->read_only, options->nr_read_only);

	return ret ? ret
		   : add_words(inforce, "read-write", options->read_write, options->nr_read_write);
}

/* ---- from the cgroup and the process in it ---- */

int sn_inforce_add_limits(struct sn_inforce *inforce, const char *cgroup)
{
	static const struct {
		const char *option, *file;
	} limits[] = {
		{ "memory-max", "memory.max" },
		{ "cpu-max", "cpu.max" },
		{ "pids-max", "pids.max" },
	};
	char line[64];
	int ret = 0;

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits) && !ret; i++)
		/* without its controller there is no such file, and no limit */
		if (!sn_cgroup_read(cgroup, limits[i].file, line, sizeof(line)))
			ret = add_limit(inforce, limits[i].option, line);
	return ret;
}

static int add_number(struct sn_inforce *inforce, const char *option, unsigned int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	return add_text(inforce, option, text);
}

/* A tenant is one process, whose user and groups cannot change. */
static int add_account(struct sn_inforce *inforce, const char *cgroup)
{
	struct sn_account account;
	char line[16];
	int ret = sn_cgroup_read(cgroup, "cgroup.procs", line, sizeof(line));

	if (ret)
		return 0;
	ret = sn_account_of(&account, atoi(line));
	if (!ret)
		ret = account.name ? add_text(inforce, "user", account.name)
				   : add_number(inforce, "user", account.uid);
	for (size_t i = 1; i < account.nr_groups && !ret; i++) {
		const struct group *gr = getgrgid(account.groups[i]);

		ret = gr ? add_text(inforce, "supplementary-group", gr->gr_name)
			 : add_number(inforce, "supplementary-group", account.groups[i]);
	}
	sn_account_free(&account);
	return ret == -ESRCH ? 0 : ret;
}

/* ---- all together ---- */

static int row_of(const char *option)
{
	int i = 0;

	while (sn_attach_opts[i].name && strcmp(sn_attach_opts[i].name, option))
		i++;
	return i;
}

static int compare(const void *a, const void *b)
{
	const struct sn_value *x = a, *y = b;
	int order = row_of(x->option) - row_of(y->option);

	if (!order)
		order = x->by_self - y->by_self;
	if (!order)
		order = memcmp(x->rank, y->rank, sizeof(x->rank));
	return order ? order : strcmp(x->text, y->text);
}

static bool is_same(const struct sn_value *x, const struct sn_value *y)
{
	return !strcmp(x->option, y->option) && !strcmp(x->text, y->text) && x->which == y->which;
}

void sn_inforce_sort(struct sn_inforce *inforce)
{
	size_t nr = 0;

	if (inforce->nr)
		qsort(inforce->all, inforce->nr, sizeof(*inforce->all), compare);
	for (size_t i = 0; i < inforce->nr; i++) {
		if (nr && is_same(&inforce->all[nr - 1], &inforce->all[i]))
			free(inforce->all[i].text);
		else
			inforce->all[nr++] = inforce->all[i];
	}
	inforce->nr = nr;
}

int sn_inforce_read(const struct sn_store *store, const struct sn_policy *policy,
		    const char *cgroup, struct sn_inforce *inforce, struct sn_err *err)
{
	struct sn_entries own = {};
	int ret = sn_store_rules(store, policy->scope, &own, err);

	*inforce = (struct sn_inforce){};
	if (!ret) {
		ret = sn_inforce_add_policy(inforce, policy, &own, cgroup);
		if (!ret)
			ret = sn_inforce_add_limits(inforce, cgroup);
		if (!ret)
			ret = add_account(inforce, cgroup);
		if (ret)
			sn_fail(err, -ret, "out of memory");
	}
	free(own.all);
	if (ret)
		sn_inforce_free(inforce);
	sn_inforce_sort(inforce);
	return ret;
}

const struct sn_value *sn_inforce_find(const struct sn_inforce *inforce, const char *option)
{
	for (size_t i = 0; i < inforce->nr; i++)
		if (!strcmp(inforce->all[i].option, option))
			return &inforce->all[i];
	return NULL;
}

void sn_inforce_free(struct sn_inforce *inforce)
{
	for (size_t i = 0; i < inforce->nr; i++)
		free(inforce->all[i].text);
	free(inforce->all);
	*inforce = (struct sn_inforce){};
}

/* ---- for people ---- */

static void print_text(const struct sn_value *value, FILE *out)
{
	size_t size = 4 * strlen(value->text) + 1;
	char *text = malloc(size);

	if (text)
		fputs(sn_printable(value->text, strlen(value->text), text, size), out);
	free(text);
}

/* Its values are in one line of a policy file. */
static bool is_list(const char *option)
{
	return !strcmp(option, ADDRESSES) || !strcmp(option, OUTGOING) || !strcmp(option, LISTEN);
}

void sn_inforce_print(const struct sn_inforce *inforce, FILE *out)
{
	const char *open = NULL; /* the list that the last line is of */

	for (size_t i = 0; i < inforce->nr; i++) {
		const struct sn_value *value = &inforce->all[i];

		if (value->by_self)
			continue;
		if (open && !strcmp(open, value->option)) {
			putc(',', out);
			print_text(value, out);
			continue;
		}
		if (open)
			putc('\n', out);
		fprintf(out, "%s%s%s", value->cut ? "# " : "", value->option,
			value->text[0] ? " " : "");
		print_text(value, out);
		open = is_list(value->option) ? value->option : NULL;
		if (!open)
			putc('\n', out);
	}
	if (open)
		putc('\n', out);
}

/* ---- the difference ---- */

#define SHOWN_WHOLE                                                                  \
	8 /* values of an option; of a longer list only what is new or gone is shown \
	   */

static size_t count(const struct sn_inforce *inforce, const char *option)
{
	size_t nr = 0;

	for (size_t i = 0; i < inforce->nr; i++)
		nr += !strcmp(inforce->all[i].option, option);
	return nr;
}

static bool has(const struct sn_inforce *inforce, const struct sn_value *value)
{
	for (size_t i = 0; i < inforce->nr; i++)
		if (is_same(&inforce->all[i], value))
			return true;
	return false;
}

static bool has_name(const struct sn_inforce *inforce, const struct sn_value *value)
{
	for (size_t i = 0; i < inforce->nr; i++)
		if (!strcmp(inforce->all[i].option, value->option) &&
		    !strcmp(inforce->all[i].text, value->text))
			return true;
	return false;
}

/* All values of @option, with ',' between them. */
static void print_all(const struct sn_inforce *inforce, const char *option, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < inforce->nr; i++) {
		const struct sn_value *value = &inforce->all[i];

		if (strcmp(value->option, option))
			continue;
		if (!first)
			putc(',', out);
		first = false;
		fputs(value->text[0] ? "" : "yes", out);
		print_text(value, out);
	}
	if (first)
		fputs("none", out);
}

/* Those values of @option in @of that are not in @but, each after @sign. */
static void print_other(const struct sn_inforce *of, const struct sn_inforce *but,
			const char *option, char sign, FILE *out)
{
	for (size_t i = 0; i < of->nr; i++) {
		const struct sn_value *value = &of->all[i];

		if (strcmp(value->option, option) || has(but, value))
			continue;
		fprintf(out, " %c", sign);
		print_text(value, out);
	}
}

/* Paths whose names stay, while what has the name is another file or directory than before. */
static void print_made_anew(const struct sn_inforce *before, const struct sn_inforce *after,
			    const char *option, FILE *out)
{
	for (size_t i = 0; i < after->nr; i++) {
		const struct sn_value *value = &after->all[i];

		if (strcmp(value->option, option) || has(before, value) || !has_name(before, value))
			continue;
		fprintf(out, "  %s: another one has the name ", option);
		print_text(value, out);
		fputs(" now\n", out);
	}
}

static bool all_are_in(const struct sn_inforce *these, const struct sn_inforce *those,
		       const char *option,
		       bool (*are)(const struct sn_inforce *, const struct sn_value *))
{
	for (size_t i = 0; i < these->nr; i++)
		if (!strcmp(these->all[i].option, option) && !are(those, &these->all[i]))
			return false;
	return true;
}

static bool differs(const struct sn_inforce *before, const struct sn_inforce *after,
		    const char *option, FILE *out)
{
	if (all_are_in(before, after, option, has) && all_are_in(after, before, option, has))
		return false;
	if (all_are_in(before, after, option, has_name) &&
	    all_are_in(after, before, option, has_name)) {
		print_made_anew(before, after, option, out);
		return true;
	}
	fprintf(out, "  %s:", option);
	if (count(before, option) > SHOWN_WHOLE || count(after, option) > SHOWN_WHOLE) {
		print_other(before, after, option, '-', out);
		print_other(after, before, option, '+', out);
	} else {
		putc(' ', out);
		print_all(before, option, out);
		fputs(" -> ", out);
		print_all(after, option, out);
	}
	putc('\n', out);
	return true;
}

size_t sn_inforce_differ(const struct sn_inforce *before, const struct sn_inforce *after, FILE *out)
{
	size_t nr = 0;

	for (const struct sn_opt *opt = sn_attach_opts; opt->name; opt++)
		nr += differs(before, after, opt->name, out);
	return nr;
}
