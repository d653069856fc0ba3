// SPDX-License-Identifier: GPL-2.0-only
/* user/suggest.c: what is suggested, what is left out, and that it is a policy file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli.h"
#include "mountinfo.h"
#include "options.h"
#include "suggest.h"

enum { DEV_ROOT = 8 << 20 | 1 };

/* In place of user/mountinfo.c's, which asks the machine. */
int sn_mount_point(__u32 dev, char *path, size_t size)
{
	snprintf(path, size, "/");
	return dev == DEV_ROOT ? 0 : -ENOENT;
}

static struct sn_event events[256];
static size_t nr_events;
static char *text; /* the last suggestion */

static int setup(void **state)
{
	nr_events = 0;
	text = NULL;
	return 0;
}

static int teardown(void **state)
{
	free(text);
	return 0;
}

static void add(const struct sn_event *ev)
{
	assert_true(nr_events < sizeof(events) / sizeof(*events));
	events[nr_events++] = *ev;
}

/* "/a/b" as the names of an event. */
static void set_path(struct sn_event *ev, const char *path)
{
	char copy[SN_EVENT_PATH_MAX];
	char *slash;

	ev->dev = DEV_ROOT;
	snprintf(copy, sizeof(copy), "%s", path);
	while ((slash = strrchr(copy, '/')) && slash[1]) {
		size_t size = strlen(slash + 1) + 1;

		memcpy(ev->path + ev->path_len, slash + 1, size);
		ev->path_len += size;
		*slash = '\0';
	}
}

static void add_from(__u32 pid, enum sn_op op, enum sn_why why, const char *path)
{
	struct sn_event ev = { .op = op, .why = why, .would = -EPERM, .pid = pid, .tid = pid };

	set_path(&ev, path);
	add(&ev);
}

static void file(enum sn_op op, const char *path)
{
	add_from(7, op, SN_OUTSIDE, path);
}

static void port(enum sn_op op, int number)
{
	struct sn_event ev = { .op = op, .why = SN_NOT_LISTED, .error = -EPERM, .pid = 7 };

	ev.family = 10;
	ev.port = number;
	add(&ev);
}

/* In place of a look at the inode. */
static bool is_under_another_name(const char *path, const void *data)
{
	return !strncmp(path, data, strlen(data));
}

static bool ends_like_a_directory(const char *path)
{
	return !strcmp(path + strlen(path) - 2, ".d");
}

static void suggest(const struct sn_suggest_about *about)
{
	struct sn_suggest *all = sn_suggest_new();
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	assert_true(all && out);
	for (size_t i = 0; i < nr_events; i++)
		assert_int_equal(sn_suggest_add(all, &events[i]), 0);
	assert_int_equal(sn_suggest_write(all, about, out), 0);
	fclose(out);
	sn_suggest_free(all);
}

/* Of all events so far. It is a file that --policy takes. */
static const char *suggestion(void)
{
	static const char *const others[] = { "/srv/t2", "/data/t3/deep", NULL };
	const struct sn_suggest_about about = { .tenant = "t1",
						.directory = "/srv/t1",
						.others = others,
						.is_directory = ends_like_a_directory,
						.is_others = is_under_another_name,
						.data = "/bound/t4" };
	char path[] = "/tmp/suggest.XXXXXX";
	struct sn_options options = {};
	struct sn_err err = {};
	int fd = mkstemp(path);

	suggest(&about);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	if (sn_cli_parse_file(sn_attach_opts, path, &options, &err))
		fail_msg("%s in %s", err.text, text);
	sn_options_free(&options);
	unlink(path);
	return text;
}

/* Lines that are not comments, each with an end. */
static const char *lines(void)
{
	static char kept[1 << 16];
	char *rest = strdup(suggestion()), *all = rest, *line;
	size_t used = 0;

	kept[0] = '\0';
	while ((line = strsep(&rest, "\n")))
		if (*line && *line != '#')
			used += snprintf(kept + used, sizeof(kept) - used, "%s\n", line);
	free(all);
	return kept;
}

static void expect_left_out(const char *what)
{
	const char *end = strstr(suggestion(), "# Left out:");

	if (!end || !strstr(end, what))
		fail_msg("'%s' is not left out in %s", what, text);
}

static void each_line_has_its_evidence(void **state)
{
	file(SN_OP_FS_OPEN, "/etc/passwd");
	file(SN_OP_FS_STAT, "/etc/passwd");
	port(SN_OP_NET_CONNECT, 5432);
	port(SN_OP_NET_EGRESS, 5432);
	port(SN_OP_NET_SEND, 53);
	assert_non_null(
		strstr(suggestion(), "\n# 2 times: fs.open, fs.stat\nread-only /etc/passwd\n"));
	assert_non_null(strstr(text, "\n# 2 times: net.connect, net.egress\n"
				     "allowed-outgoing-ports 5432\n"));
	assert_non_null(strstr(text, "\n# 1 time: net.send\nallowed-outgoing-ports 53\n"));
	assert_non_null(strstr(text, "tenant t1 was refused, as options: 5 events, 2 of them obs"));
	assert_null(strstr(text, "Left out"));
}

static void a_directory_takes_the_place_of_several_files(void **state)
{
	file(SN_OP_FS_OPEN, "/opt/app/a");
	file(SN_OP_FS_OPEN, "/opt/app/b");
	assert_string_equal(lines(), "read-only /opt/app/a\nread-only /opt/app/b\n");
	file(SN_OP_FS_OPEN, "/opt/app/b");
	assert_string_equal(lines(), "read-only /opt/app/a\nread-only /opt/app/b\n");
	file(SN_OP_FS_OPEN, "/opt/app/c");
	file(SN_OP_FS_OPEN, "/opt/app/deep/f");
	assert_string_equal(lines(), "read-only /opt/app\n");
	assert_non_null(strstr(text, "# 4 times: fs.open; for a, b, c\nread-only /opt/app\n"));
	file(SN_OP_FS_OPEN, "/opt/app/d");
	suggestion();
	assert_non_null(strstr(text, "# 5 times: fs.open; for a, b, c, ...\nread-only /opt/app\n"));
}

static void what_belongs_to_many_is_opened_file_by_file(void **state)
{
	static const char *const directories[] = { "/",	       "/etc",	   "/usr/lib", "/home",
						   "/var/lib", "/home/me", "/run",     "/usr",
						   "/srv",     "/proc",	   "/sys",     "/tmp" };
	char path[64];

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		for (char c = 'a'; c < 'e'; c++) {
			snprintf(path, sizeof(path), "%s/%c",
				 strcmp(directories[i], "/") ? directories[i] : "", c);
			file(SN_OP_FS_OPEN, path);
		}
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		snprintf(path, sizeof(path), "read-only %s\n", directories[i]);
		assert_null(strstr(lines(), path));
		snprintf(path, sizeof(path), "read-only %s\n", "/etc/a");
		assert_non_null(strstr(lines(), path));
	}
}

static void more_paths_than_a_policy_takes_are_left_out(void **state)
{
	char path[64];

	for (int i = 0; i < SN_PATHS_MAX + 2; i++) {
		snprintf(path, sizeof(path), "/etc/%d", i);
		file(SN_OP_FS_OPEN, path);
	}
	expect_left_out("read-only /etc/9, 1 time: fs.open: a policy takes 64 of these");
}

static void new_files_need_a_directory_and_several_of_them(void **state)
{
	add_from(7, SN_OP_FS_CREATE, SN_READ_ONLY, "/var/cache/app/one");
	assert_string_equal(lines(), "");
	expect_left_out("read-write /var/cache/app, 1 time: fs.create: it opens a whole directory");
	/* the same file again is not another one */
	file(SN_OP_FS_OPEN_WRITE, "/var/cache/app/one");
	add_from(7, SN_OP_FS_UNLINK, SN_READ_ONLY, "/var/cache/app/one");
	assert_string_equal(lines(), "read-write /var/cache/app/one\n");
	add_from(7, SN_OP_FS_CREATE, SN_READ_ONLY, "/var/cache/app/two");
	add_from(7, SN_OP_FS_MKDIR, SN_READ_ONLY, "/var/cache/app/three");
	assert_string_equal(lines(), "read-write /var/cache/app\n");
	add_from(7, SN_OP_FS_CREATE, SN_READ_ONLY, "/etc/one");
	add_from(7, SN_OP_FS_CREATE, SN_READ_ONLY, "/etc/two");
	add_from(7, SN_OP_FS_CREATE, SN_READ_ONLY, "/etc/three");
	assert_string_equal(lines(), "read-write /var/cache/app\n");
	expect_left_out("read-write /etc, 1 time: fs.create: it would open all of a directory");
}

static void reading_is_not_suggested_where_changing_is(void **state)
{
	file(SN_OP_FS_OPEN, "/opt/app/a");
	file(SN_OP_FS_OPEN_WRITE, "/opt/app/a");
	assert_string_equal(lines(), "read-write /opt/app/a\n");
}

static void the_way_to_a_file_needs_no_line(void **state)
{
	file(SN_OP_FS_LOOKUP, "/opt/app.d");
	file(SN_OP_FS_STAT, "/opt/app.d/lib.d");
	assert_string_equal(lines(), "");
	expect_left_out(
		"read-only /opt/app.d, 1 time: fs.lookup: what it wants below is not known");
	file(SN_OP_FS_OPEN, "/opt/app.d/lib.d/file");
	assert_string_equal(lines(), "read-only /opt/app.d/lib.d/file\n");
	/* to list it is more than to go through it */
	file(SN_OP_FS_OPEN, "/opt/app.d");
	expect_left_out("read-only /opt/app.d, 2 times: fs.open, fs.lookup");
}

static void neighbours_and_secrets_are_left_out(void **state)
{
	file(SN_OP_FS_OPEN, "/srv/t2/f");
	file(SN_OP_FS_OPEN, "/data/t3/deep/er");
	file(SN_OP_FS_OPEN, "/bound/t4/f");
	file(SN_OP_FS_OPEN, "/etc/shadow");
	file(SN_OP_FS_OPEN, "/etc/ssl/private/key.pem");
	file(SN_OP_FS_OPEN, "/root/.npmrc");
	file(SN_OP_FS_OPEN, "/opt/x/.ssh/id");
	file(SN_OP_FS_OPEN, "/srv/t1/mounted/f");
	/* a neighbour's lies in the directory of these */
	file(SN_OP_FS_OPEN, "/data/t3/a");
	file(SN_OP_FS_OPEN, "/data/t3/b");
	file(SN_OP_FS_OPEN, "/data/t3/c");
	assert_string_equal(lines(), "read-only /data/t3/a\nread-only /data/t3/b\n"
				     "read-only /data/t3/c\n");
	expect_left_out("read-only /srv/t2/f, 1 time: fs.open: it is, or holds, another tenant's");
	expect_left_out(
		"read-only /bound/t4/f, 1 time: fs.open: it is, or holds, another tenant's");
	expect_left_out("read-only /etc/shadow, 1 time: fs.open: secrets are kept there");
	expect_left_out("read-only /srv/t1/mounted/f, 1 time: fs.open: a file system is mounted");
}

static void what_holds_secrets_is_opened_file_by_file(void **state)
{
	file(SN_OP_FS_OPEN, "/etc/ssl/a");
	file(SN_OP_FS_OPEN, "/etc/ssl/b");
	file(SN_OP_FS_OPEN, "/etc/ssl/c");
	assert_string_equal(lines(), "read-only /etc/ssl/a\nread-only /etc/ssl/b\n"
				     "read-only /etc/ssl/c\n");
	add_from(7, SN_OP_FS_CREATE, SN_READ_ONLY, "/etc/ssl/new");
	expect_left_out("read-write /etc/ssl, 1 time: fs.create: secrets are kept there");
}

/* It can go on for hours, and the time that is spent on it is the operator's. */
static void a_tenant_that_asks_for_thousands_delays_nobody(void **state)
{
	const struct sn_suggest_about about = { .tenant = "t1",
						.is_directory = ends_like_a_directory };
	struct sn_suggest *all = sn_suggest_new();
	char path[64];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_true(all && out);
	alarm(60);
	for (int i = 0; i < 4 * SN_SUGGEST_MAX; i++) {
		struct sn_event ev = { .op = SN_OP_FS_CREATE, .why = SN_READ_ONLY };

		snprintf(path, sizeof(path), "/var/cache/app/%d", i);
		set_path(&ev, path);
		assert_int_equal(sn_suggest_add(all, &ev), 0);
	}
	assert_int_equal(sn_suggest_write(all, &about, out), 0);
	alarm(0);
	fclose(out);
	sn_suggest_free(all);
	assert_non_null(strstr(text, "for 0, 1, 2, ...\nread-write /var/cache/app\n"));
	assert_non_null(strstr(text, "#  12288 acts on more than 4096 different things"));
}

static void what_nothing_allows_is_named_with_what_to_do(void **state)
{
	struct sn_event known = { .op = SN_OP_GUARD_ANON, .why = SN_NEVER, .known = 1 };

	add_from(7, SN_OP_TASK_FORK, SN_NEVER, "/");
	add(&known);
	port(SN_OP_NET_SEND, 40000);
	assert_string_equal(lines(), "");
	expect_left_out("1 time: task.fork: a tenant is one process: use worker_threads");
	expect_left_out("1 acts that node and libc always try");
	expect_left_out("allowed-outgoing-ports 40000, 1 time: net.send: a port that the kernel");
}

static void what_another_program_does_is_left_out(void **state)
{
	add_from(9, SN_OP_TASK_EXEC, SN_NEVER, "/usr/bin/git");
	add_from(9, SN_OP_FS_OPEN, SN_OUTSIDE, "/etc/gitconfig");
	file(SN_OP_FS_OPEN, "/opt/x/f");
	assert_string_equal(lines(), "read-only /opt/x/f\n");
	expect_left_out("/usr/bin/git, 1 time: task.exec: no other program");
	expect_left_out("1 acts of programs that it started");
}

static void what_cannot_be_written_is_left_out(void **state)
{
	file(SN_OP_FS_OPEN, "/opt/x/new\nread-write /etc");
	file(SN_OP_FS_OPEN, "/opt/x/a # b");
	assert_string_equal(lines(), "");
	expect_left_out("its name cannot be written here");
	expect_left_out("#  \"/opt/x/a # b\", 1 time: fs.open: ");
	expect_left_out("#  \"/opt/x/new\\x0aread-write /etc\", 1 time: fs.open: ");
}

static void what_was_not_reported_is_said(void **state)
{
	const struct sn_suggest_about about = { .tenant = "t1",
						.is_directory = ends_like_a_directory,
						.unreported = 12 };

	suggest(&about);
	assert_non_null(strstr(text, "# Not complete: of 12 more there is no event"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_line_has_its_evidence),
		T(a_directory_takes_the_place_of_several_files),
		T(what_belongs_to_many_is_opened_file_by_file),
		T(new_files_need_a_directory_and_several_of_them),
		T(reading_is_not_suggested_where_changing_is),
		T(the_way_to_a_file_needs_no_line),
		T(neighbours_and_secrets_are_left_out),
		T(what_holds_secrets_is_opened_file_by_file),
		T(a_tenant_that_asks_for_thousands_delays_nobody),
		T(what_nothing_allows_is_named_with_what_to_do),
		T(what_another_program_does_is_left_out),
		T(what_cannot_be_written_is_left_out),
		T(more_paths_than_a_policy_takes_are_left_out),
		T(what_was_not_reported_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
