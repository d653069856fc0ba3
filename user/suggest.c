// SPDX-License-Identifier: GPL-2.0-only
/* The events of one tenant -> the lines that its policy file lacks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "logline.h"
#include "options.h"
#include "suggest.h"

/* From here on ports are chosen by the kernel: of clients that a UDP server answers. */
#define FIRST_EPHEMERAL 32768

/* One option with one value, or (@option is NULL) one thing that no option allows. */
struct item {
	const char *option;
	char *value;	/* of the option; or the text of the explanation */
	char *asked;	/* the path that was asked for, which may be deeper than @value; or "" */
	uint64_t count; /* events */
	bool ops[SN_OP_NR];
	bool dropped;	      /* another line covers it */
	const char *left_out; /* why it is not suggested; or NULL */
};

struct sn_suggest {
	struct item *items;
	size_t nr, room;
	__u32 *strangers; /* processes that have become another program */
	size_t nr_strangers, room_strangers;
	uint64_t events, would, known, of_strangers, of_too_many;
};

static void *grown(void *array, size_t nr, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 64;

	if (nr < *room)
		return array;
	array = reallocarray(array, more, size);
	if (array)
		*room = more;
	return array;
}

struct sn_suggest *sn_suggest_new(void)
{
	return calloc(1, sizeof(struct sn_suggest));
}

static void free_items(struct item *items, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free(items[i].value);
		free(items[i].asked);
	}
	free(items);
}

void sn_suggest_free(struct sn_suggest *suggest)
{
	if (!suggest)
		return;
	free_items(suggest->items, suggest->nr);
	free(suggest->strangers);
	free(suggest);
}

/* ---- gathering ---- */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct item *find_item(const struct sn_suggest *suggest, const char *option,
			      const char *value, const char *asked)
{
	for (size_t i = 0; i < suggest->nr; i++) {
		struct item *item = &suggest->items[i];

		if (same(item->option, option) && !strcmp(item->value, value) &&
		    !strcmp(item->asked, asked))
			return item;
	}
	return NULL;
}

/* The item with these, made where there is none; NULL: out of memory. */
static struct item *item_of(struct sn_suggest *suggest, const char *option, const char *value,
			    const char *asked)
{
	struct item *items, *item = find_item(suggest, option, value, asked);

	if (item)
		return item;
	items = grown(suggest->items, suggest->nr, &suggest->room, sizeof(*items));
	if (!items)
		return NULL;
	suggest->items = items;
	item = &items[suggest->nr];
	*item = (struct item){ .option = option, .value = strdup(value), .asked = strdup(asked) };
	if (item->value && item->asked) {
		suggest->nr++;
		return item;
	}
	free(item->value);
	free(item->asked);
	return NULL;
}

static bool is_stranger(const struct sn_suggest *suggest, __u32 pid)
{
	for (size_t i = 0; i < suggest->nr_strangers; i++)
		if (suggest->strangers[i] == pid)
			return true;
	return false;
}

/* What another program does, that a tenant could not start, is no need of the tenant. */
static int note_stranger(struct sn_suggest *suggest, const struct sn_event *ev)
{
	__u32 *strangers;

	if (ev->op != SN_OP_TASK_EXEC || !ev->would || is_stranger(suggest, ev->pid))
		return 0;
	strangers = grown(suggest->strangers, suggest->nr_strangers, &suggest->room_strangers,
			  sizeof(*strangers));
	if (!strangers)
		return -ENOMEM;
	suggest->strangers = strangers;
	strangers[suggest->nr_strangers++] = ev->pid;
	return 0;
}

#define ASKED_MAX (4 * SN_EVENT_PATH_TEXT + 2)

/* As it can be in a line; a name that cannot be in an option, in quotes. */
static const char *path_of(const struct sn_event *ev, char asked[ASKED_MAX])
{
	char path[SN_EVENT_PATH_TEXT], *end;
	bool mounted = false;
	size_t len = ev->dev ? sn_event_path(ev, path, &mounted) : 0;

	path[mounted ? len : 0] = '\0';
	if (!*path || sn_is_writable_value(path))
		return strcpy(asked, path);
	asked[0] = '"';
	sn_printable(path, len, asked + 1, ASKED_MAX - 2);
	end = asked + strlen(asked);
	strcpy(end, "\"");
	return asked;
}

/* Of what @ev asks for, if there is room for it. */
static int count_one(struct sn_suggest *suggest, const struct sn_event *ev,
		     const struct sn_explanation *explanation)
{
	const char *value = explanation->option ? explanation->value : explanation->text;
	char asked[ASKED_MAX];
	struct item *item;

	path_of(ev, asked);
	if (suggest->nr >= SN_SUGGEST_MAX &&
	    !find_item(suggest, explanation->option, value, asked)) {
		suggest->of_too_many++;
		return 0;
	}
	item = item_of(suggest, explanation->option, value, asked);
	if (!item)
		return -ENOMEM;
	item->count++;
	if (ev->op < SN_OP_NR)
		item->ops[ev->op] = true;
	return 0;
}

int sn_suggest_add(struct sn_suggest *suggest, const struct sn_event *ev)
{
	struct sn_explanation explanation;
	int ret;

	if (!sn_explain(ev, &explanation))
		return 0;
	suggest->events++;
	suggest->would += !!ev->would;
	if (ev->known) {
		suggest->known++;
		return 0;
	}
	if (ev->pid && ev->op != SN_OP_TASK_EXEC && is_stranger(suggest, ev->pid)) {
		suggest->of_strangers++;
		return 0;
	}
	ret = count_one(suggest, ev, &explanation);
	return ret ? ret : note_stranger(suggest, ev);
}

/* ---- what is not suggested ---- */

static bool is_or_is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (!strcmp(directory, "/"))
		return *path == '/';
	return !strncmp(path, directory, len) && (!path[len] || path[len] == '/');
}

/* Directories that hold what belongs to many. */
static bool is_everybodys(const char *path)
{
	static const char *const all[] = {
		"/",
		"/bin",
		"/boot",
		"/dev",
		"/dev/shm",
		"/etc",
		"/home",
		"/lib",
		"/lib32",
		"/lib64",
		"/media",
		"/mnt",
		"/opt",
		"/proc",
		"/proc/sys",
		"/root",
		"/run",
		"/run/user",
		"/sbin",
		"/srv",
		"/sys",
		"/tmp",
		"/usr",
		"/usr/bin",
		"/usr/lib",
		"/usr/local",
		"/usr/sbin",
		"/usr/share",
		"/usr/local/bin",
		"/usr/local/lib",
		"/usr/local/share",
		"/usr/src",
		"/var",
		"/var/cache",
		"/var/lib",
		"/var/log",
		"/var/opt",
		"/var/run",
		"/var/spool",
		"/var/tmp",
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(path, all[i]))
			return true;
	/* somebody's home */
	return !strncmp(path, "/home/", 6) && !strchr(path + 6, '/');
}

/* Is it, does it lie in, or does it hold what is secret? */
static bool holds_secrets(const char *path)
{
	static const char *const secrets[] = {
		"/root",	  "/etc/shadow",   "/etc/shadow-",
		"/etc/gshadow",	  "/etc/gshadow-", "/etc/sudoers",
		"/etc/sudoers.d", "/etc/ssh",	   "/etc/ssl/private",
		"/proc/kcore"
	};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (is_or_is_below(path, secrets[i]) || is_or_is_below(secrets[i], path))
			return true;
	return strstr(path, "/.ssh") || strstr(path, "/.gnupg");
}

static bool is_file_option(const char *option)
{
	return option && (!strcmp(option, "read-only") || !strcmp(option, "read-write"));
}

#define OF_OTHERS "it is, or holds, another tenant's directory"

static const char *why_not_path(const char *path, const struct sn_suggest_about *about)
{
	for (const char *const *other = about->others; other && *other; other++)
		if (is_or_is_below(path, *other) || is_or_is_below(*other, path))
			return OF_OTHERS;
	if (about->is_others && about->is_others(path, about->data))
		return OF_OTHERS;
	if (about->directory && is_or_is_below(path, about->directory))
		return "a file system is mounted in its directory there, which stays out of reach";
	if (about->directory && is_or_is_below(about->directory, path))
		return "its own directory lies in it";
	if (is_everybodys(path))
		return "it would open all of a directory that belongs to many";
	if (holds_secrets(path))
		return "secrets are kept there";
	return NULL;
}

static const char *why_not_port(const struct item *item)
{
	bool own = !strcmp(item->option, "allowed-listen-ports");

	return !own && atoi(item->value) >= FIRST_EPHEMERAL
		       ? "a port that the kernel chose for a client: an answer over UDP"
		       : NULL;
}

/* ---- directories ---- */

/* @value's directory is @path, without the slash; "" for the root. */
static bool lies_in(const char *value, const char *path)
{
	const char *slash = strrchr(value, '/');
	size_t len = slash ? (size_t)(slash - value) : 0;

	return slash && strlen(path) == len && !strncmp(value, path, len);
}

static bool is_file_in(const struct item *item, const char *option, const char *path)
{
	return is_file_option(item->option) && !strcmp(item->option, option) &&
	       lies_in(item->asked, path);
}

/* The same file can be in two items: to be changed, and to be made. */
static bool is_first_of_file(const struct sn_suggest *suggest, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same(suggest->items[k].option, suggest->items[i].option) &&
		    !strcmp(suggest->items[k].asked, suggest->items[i].asked))
			return false;
	return true;
}

/*
 * Were several different files right in @path asked for, for which it takes @option? Looks no
 * further: a tenant can ask for thousands.
 */
static bool has_several(const struct sn_suggest *suggest, const char *option, const char *path)
{
	size_t nr = 0;

	for (size_t i = 0; i < suggest->nr && nr < SN_SUGGEST_SEVERAL; i++)
		nr += is_file_in(&suggest->items[i], option, path) && is_first_of_file(suggest, i);
	return nr == SN_SUGGEST_SEVERAL;
}

/* Was a file below it asked for, whose own line also opens the way to it? */
static bool leads_to_another(const struct sn_suggest *suggest, const struct item *item)
{
	for (size_t i = 0; i < suggest->nr; i++) {
		const struct item *other = &suggest->items[i];

		if (other != item && is_file_option(other->option) && !other->left_out &&
		    strcmp(other->value, item->value) && is_or_is_below(other->value, item->value))
			return true;
	}
	return false;
}

/* Are all of these acts granted on the way to what another line opens? */
static bool only_looks(const struct item *item)
{
	for (int op = 1; op < SN_OP_NR; op++)
		if (item->ops[op] && op != SN_OP_FS_LOOKUP && op != SN_OP_FS_STAT &&
		    op != SN_OP_FS_READLINK)
			return false;
	return true;
}

/* Files of one directory, of which there are several: the directory takes their place. */
static int collapse(struct sn_suggest *suggest, const struct sn_suggest_about *about, size_t i)
{
	const char *option = suggest->items[i].option;
	char directory[SN_EVENT_PATH_TEXT];
	struct item *whole;

	snprintf(directory, sizeof(directory), "%s", suggest->items[i].asked);
	*strrchr(directory, '/') = '\0';
	if (!*directory || why_not_path(directory, about) ||
	    !has_several(suggest, option, directory))
		return 0;
	whole = item_of(suggest, option, directory, directory);
	if (!whole)
		return -ENOMEM;
	for (size_t k = 0; k < suggest->nr; k++) {
		struct item *item = &suggest->items[k];

		if (item == whole || item->dropped || !is_file_in(item, option, directory))
			continue;
		item->dropped = true;
		whole->count += item->count;
		for (int op = 0; op < SN_OP_NR; op++)
			whole->ops[op] |= item->ops[op];
	}
	whole->left_out = NULL;
	return 0;
}

static const char *why_not_directory(const struct sn_suggest *suggest, const struct item *item,
				     const struct sn_suggest_about *about)
{
	if (has_several(suggest, item->option, item->value))
		return NULL;
	if (strcmp(item->asked, item->value))
		return "it opens a whole directory for few files: keep them in the tenant's own";
	if (!about->is_directory(item->value))
		return NULL;
	return item->ops[SN_OP_FS_LOOKUP]
		       ? "what it wants below is not known: --observe tells, where it is there"
		       : "it opens a whole directory, of which few files were asked for";
}

static void judge(const struct sn_suggest *suggest, struct item *item,
		  const struct sn_suggest_about *about)
{
	if (!item->option)
		item->left_out = item->value;
	else if (!is_file_option(item->option))
		item->left_out = why_not_port(item);
	else
		item->left_out =
			why_not_path(item->value, about) ?: why_not_directory(suggest, item, about);
}

/* What another line opens as well. */
static bool is_covered(const struct sn_suggest *suggest, const struct item *item)
{
	if (!is_file_option(item->option))
		return false;
	for (size_t i = 0; i < suggest->nr; i++) {
		const struct item *other = &suggest->items[i];
		bool more = !strcmp(other->option ? other->option : "", "read-write");

		if (other == item || other->dropped || other->left_out ||
		    !is_file_option(other->option) || !is_or_is_below(item->value, other->value))
			continue;
		if (strcmp(item->value, other->value) ? more || same(item->option, other->option)
						      : more && !same(item->option, other->option))
			return true;
	}
	return only_looks(item) && leads_to_another(suggest, item);
}

static int settle(struct sn_suggest *suggest, const struct sn_suggest_about *about)
{
	size_t nr = suggest->nr;
	int ret = 0;

	for (size_t i = 0; i < nr; i++)
		judge(suggest, &suggest->items[i], about);
	for (size_t i = 0; i < nr && !ret; i++)
		if (is_file_option(suggest->items[i].option) && !suggest->items[i].dropped &&
		    *suggest->items[i].asked == '/')
			ret = collapse(suggest, about, i);
	for (size_t i = 0; i < suggest->nr; i++)
		if (!suggest->items[i].dropped && is_covered(suggest, &suggest->items[i]))
			suggest->items[i].dropped = true;
	return ret;
}

/* ---- writing ---- */

static int by_value(const void *a, const void *b)
{
	const struct item *first = a, *second = b;
	int ret =
		strcmp(first->option ? first->option : "~", second->option ? second->option : "~");

	if (ret || !first->option || is_file_option(first->option))
		return ret ? ret : strcmp(first->value, second->value);
	return atoi(first->value) - atoi(second->value);
}

static void write_evidence(const struct item *item, FILE *out)
{
	const char *before = ":";

	fprintf(out, "%llu %s", (unsigned long long)item->count,
		item->count == 1 ? "time" : "times");
	for (int op = 1; op < SN_OP_NR; op++) {
		if (!item->ops[op])
			continue;
		fprintf(out, "%s %s", before, sn_op_name(op));
		before = ",";
	}
}

#define FILES_SHOWN 3

/* Of a whole directory, files that were asked for. */
static void write_files(const struct sn_suggest *suggest, const struct item *whole, FILE *out)
{
	int shown = 0;

	if (!is_file_option(whole->option))
		return;
	for (size_t i = 0; i < suggest->nr && shown <= FILES_SHOWN; i++) {
		if (!is_file_in(&suggest->items[i], whole->option, whole->value) ||
		    !is_first_of_file(suggest, i))
			continue;
		fprintf(out, "%s %s", shown ? "," : "; for",
			shown == FILES_SHOWN ? "..." : strrchr(suggest->items[i].asked, '/') + 1);
		shown++;
	}
}

/* Sorted, those behind the first SN_PATHS_MAX of an option. */
static void leave_out_too_many(struct sn_suggest *suggest)
{
	_Static_assert(SN_PATHS_MAX == 64, "the text says so");
	size_t nr = 0;

	for (size_t i = 0; i < suggest->nr; i++) {
		struct item *item = &suggest->items[i];

		if (i && !same(item->option, suggest->items[i - 1].option))
			nr = 0;
		if (is_file_option(item->option) && !item->left_out && !item->dropped &&
		    ++nr > SN_PATHS_MAX)
			item->left_out = "a policy takes 64 of these: name a directory";
	}
}

static void write_head(const struct sn_suggest *suggest, const struct sn_suggest_about *about,
		       FILE *out)
{
	fprintf(out,
		"# What tenant %s was refused, as options: %llu events, %llu of them observed.\n"
		"# The tenant decides what is asked for: read each line before you use it.\n"
		"# Give this file beside the tenant's own options: safenode-attach --policy FILE\n",
		about->tenant, (unsigned long long)suggest->events,
		(unsigned long long)suggest->would);
	if (about->unreported)
		fprintf(out,
			"# Not complete: of %llu more there is no event; use this, and run it "
			"again.\n",
			(unsigned long long)about->unreported);
}

static bool leaves_out(const struct sn_suggest *suggest)
{
	for (size_t i = 0; i < suggest->nr; i++)
		if (suggest->items[i].left_out && !suggest->items[i].dropped)
			return true;
	return suggest->of_strangers || suggest->of_too_many || suggest->known;
}

static void write_left_out(const struct sn_suggest *suggest, FILE *out)
{
	if (leaves_out(suggest))
		fprintf(out, "\n# Left out:\n");
	for (size_t i = 0; i < suggest->nr; i++) {
		const struct item *item = &suggest->items[i];

		if (!item->left_out || item->dropped)
			continue;
		fprintf(out, "#  ");
		if (item->option)
			fprintf(out, "%s %s, ", item->option, item->value);
		else if (*item->asked)
			fprintf(out, "%s, ", item->asked);
		write_evidence(item, out);
		fprintf(out, ": %s\n", item->left_out);
	}
	if (suggest->of_strangers)
		fprintf(out, "#  %llu acts of programs that it started, which a tenant cannot\n",
			(unsigned long long)suggest->of_strangers);
	if (suggest->of_too_many)
		fprintf(out,
			"#  %llu acts on more than %d different things: use this, and run it "
			"again\n",
			(unsigned long long)suggest->of_too_many, SN_SUGGEST_MAX);
	if (suggest->known)
		fprintf(out, "#  %llu acts that node and libc always try, and do without\n",
			(unsigned long long)suggest->known);
}

int sn_suggest_write(struct sn_suggest *suggest, const struct sn_suggest_about *about, FILE *out)
{
	int ret = settle(suggest, about);

	if (ret)
		return ret;
	if (suggest->nr)
		qsort(suggest->items, suggest->nr, sizeof(*suggest->items), by_value);
	leave_out_too_many(suggest);
	write_head(suggest, about, out);
	for (size_t i = 0; i < suggest->nr; i++) {
		const struct item *item = &suggest->items[i];

		if (item->left_out || item->dropped)
			continue;
		fprintf(out, "\n# ");
		write_evidence(item, out);
		write_files(suggest, item, out);
		fprintf(out, "\n%s %s\n", item->option, item->value);
	}
	write_left_out(suggest, out);
	return 0;
}
