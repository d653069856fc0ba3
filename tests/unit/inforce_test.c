// SPDX-License-Identifier: GPL-2.0-only
/* user/inforce.c: what is compiled and stored comes back as options. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "compile.h"
#include "fake_maps.h"
#include "inforce.h"
#include "scratch.h"

#define CGROUP 77ULL
#define LOOK   (SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ)
#define CHANGE (LOOK | SN_MAY_WRITE | SN_MAY_CHANGE)

static char cgroup[64];

static struct sn_options options;
static struct sn_rules own, baseline;

static void set(const char *name, const char *value)
{
	const struct sn_opt *opt = sn_attach_opts;
	struct sn_err err = {};

	while (strcmp(opt->name, name))
		opt++;
	if (opt->set(&options, value, &err))
		fail_msg("%s %s: %s", name, value, err.text);
}

static void begin_options(void)
{
	sn_options_free(&options);
	sn_rules_free(&own);
	fake_reset();
	set("cgroup", "t1");
	set("dir", "/srv/t1");
	set("safe-mode", NULL);
}

static int begin(void **state)
{
	int ret = scratch_begin(state);

	snprintf(cgroup, sizeof(cgroup), "%s/t1", base);
	begin_options();
	return ret ?: mkdir(cgroup, 0700);
}

/* Compiles the options, stores them, and reads what is in force. */
static struct sn_inforce stored(void)
{
	struct sn_source source = {
		.options = &options,
		.cgroup_id = CGROUP,
		.directory = options.directory,
		.own = &own,
		.baseline = &baseline,
	};
	struct sn_compiled compiled;
	struct sn_inforce inforce;
	struct sn_policy policy;
	struct sn_err err = {};

	if (sn_compile(&source, &compiled, &err) ||
	    sn_store_put(&fake_store, &compiled, NULL, &err) ||
	    sn_store_get(&fake_store, CGROUP, &policy) ||
	    sn_inforce_read(&fake_store, &policy, cgroup, &inforce, &err))
		fail_msg("%s", err.text);
	sn_compiled_free(&compiled);
	return inforce;
}

static void prints(const char *expected)
{
	struct sn_inforce inforce = stored();
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	sn_inforce_print(&inforce, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	sn_inforce_free(&inforce);
}

static void what_was_compiled_comes_back(void **state)
{
	set("restricted-outgoing-addresses", "10.0.0.0/8,127.0.0.1,::1,10.1.0.0/16");
	set("allowed-outgoing-ports", "9000-9099,80");
	set("allowed-listen-ports", "8000-8100,443");
	set("log-granted", NULL);
	prints("cgroup t1\ndir /srv/t1\nsafe-mode\n"
	       "restricted-outgoing-addresses ::1,10.0.0.0/8,127.0.0.1\n"
	       "allowed-outgoing-ports 80,9000-9099\n"
	       "allowed-listen-ports 443,8000-8100\nlog-granted\n");
}

static void what_is_printed_is_a_policy_file(void **state)
{
	struct sn_inforce before, after;
	struct sn_err err = {};
	char path[128];
	FILE *file;

	set("restricted-outgoing-addresses", "self,2001:db8::/32");
	set("allowed-outgoing-ports", "80-90,1,3,5,7,9,11,13,15,17");
	before = stored();
	snprintf(path, sizeof(path), "%s/policy", base);
	file = fopen(path, "we");
	sn_inforce_print(&before, file);
	fclose(file);
	sn_options_free(&options);
	assert_int_equal(sn_cli_parse_file(sn_attach_opts, path, &options, &err), 0);
	fake_reset();
	after = stored();
	assert_int_equal(sn_inforce_differ(&before, &after, stderr), 0);
	sn_inforce_free(&before);
	sn_inforce_free(&after);
}

/* Longer than the policy's text, so it has to be the map's. */
static void long_lists_are_whole(void **state)
{
	char list[4096] = "";
	struct sn_inforce inforce;
	size_t nr = 0;

	for (int i = 0; i < 200; i++)
		sprintf(list + strlen(list), "%s192.0.2.%d", i ? "," : "", i);
	set("restricted-outgoing-addresses", list);
	list[0] = '\0';
	for (int i = 0; i < 200; i++)
		sprintf(list + strlen(list), "%s%d", i ? "," : "", 2000 + 2 * i);
	set("allowed-outgoing-ports", list);
	inforce = stored();
	for (const struct sn_value *value =
		     sn_inforce_find(&inforce, "restricted-outgoing-addresses");
	     !strcmp(value->option, "restricted-outgoing-addresses"); value++, nr++) {
		snprintf(list, sizeof(list), "192.0.2.%zu", nr);
		assert_string_equal(value->text, list);
	}
	assert_int_equal(nr, 200);
	assert_int_equal(inforce.nr, 3 + 200 + 200);
	assert_string_equal(inforce.all[inforce.nr - 1].text, "2398");
	sn_inforce_free(&inforce);
}

static void add_rule(const char *path, __u32 access, __u32 below)
{
	struct sn_err err = {};

	if (sn_rules_add(&own, path, access, below, &err))
		fail_msg("%s", err.text);
}

static void only_extra_paths_are_shown_as_such(void **state)
{
	char line[512], path[128];
	struct sn_err err = {};
	int fd = open(__FILE__, O_RDONLY | O_CLOEXEC);

	add_rule("/etc", SN_MAY_STAT | SN_MAY_SEARCH, 0); /* the way */
	add_rule("/etc/passwd", LOOK, 0);
	add_rule(base, CHANGE, CHANGE);
	add_rule(cgroup, LOOK, LOOK);
	snprintf(path, sizeof(path), "%s/cpu.max", base);
	add_rule(path, SN_MAY_STAT | SN_MAY_READ, 0);
	if (fd >= 0)
		assert_int_equal(sn_rules_add_fd(&own, fd, &err), 0);
	close(fd);
	snprintf(line, sizeof(line),
		 "cgroup t1\ndir /srv/t1\nsafe-mode\nread-only /etc/passwd\nread-write %s\n", base);
	prints(line);
}

static void a_cut_path_is_no_option(void **state)
{
	struct sn_rule rule = { .access = LOOK, .below = LOOK };
	struct sn_directory_rule directory = { .key.ino = 3, .rule = rule };

	strcpy(directory.rule.path, "...nd/of/a/path");
	own.directories = malloc(sizeof(directory));
	own.directories[own.nr_directories++] = directory;
	prints("cgroup t1\ndir /srv/t1\nsafe-mode\n# read-only ...nd/of/a/path\n");
}

/* In a terminal it must not be obeyed, and a line must stay a line. */
static void a_path_is_printed_without_what_it_could_do(void **state)
{
	struct sn_rule rule = { .access = LOOK, .below = LOOK };
	struct sn_directory_rule directory = { .key.ino = 3, .rule = rule };

	strcpy(directory.rule.path, "/a\033[2J\nread-write /");
	own.directories = malloc(sizeof(directory));
	own.directories[own.nr_directories++] = directory;
	prints("cgroup t1\ndir /srv/t1\nsafe-mode\nread-only /a\\x1b[2J\\x0aread-write /\n");
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void limits_are_those_of_the_cgroup(void **state)
{
	write_file(cgroup, "memory.max", "67108864\n");
	write_file(cgroup, "cpu.max", "50000 100000\n");
	write_file(cgroup, "pids.max", "max\n");
	prints("cgroup t1\ndir /srv/t1\nsafe-mode\nmemory-max 67108864\n"
	       "cpu-max 50000 100000\n");
	write_file(cgroup, "memory.max", "max\n");
	write_file(cgroup, "cpu.max", "max 100000\n");
	write_file(cgroup, "pids.max", "100\n");
	prints("cgroup t1\ndir /srv/t1\nsafe-mode\npids-max 100\n");
}

static void the_user_is_that_of_the_process(void **state)
{
	struct sn_inforce inforce;
	const struct sn_value *user;
	char text[32];

	snprintf(text, sizeof(text), "%d\n", getpid());
	write_file(cgroup, "cgroup.procs", text);
	inforce = stored();
	user = sn_inforce_find(&inforce, "user");
	assert_non_null(user);
	if (!getuid())
		assert_string_equal(user->text, "root");
	sn_inforce_free(&inforce);
	write_file(cgroup, "cgroup.procs", "");
	inforce = stored();
	assert_null(sn_inforce_find(&inforce, "user"));
	sn_inforce_free(&inforce);
}

static void a_damaged_list_is_an_error(void **state)
{
	struct sn_list_key key = { .scope = CGROUP };
	struct sn_inforce inforce = stored();
	struct sn_list list = { .map = 9, .keys = { 3 } };
	struct sn_policy policy;
	struct sn_err err = {};

	sn_inforce_free(&inforce);
	bpf_map_update_elem(fake_store.lists, &key, &list, 0);
	assert_int_equal(sn_store_get(&fake_store, CGROUP, &policy), 0);
	assert_int_equal(sn_inforce_read(&fake_store, &policy, cgroup, &inforce, &err), -EBADMSG);
	assert_int_equal(inforce.nr, 0);
	assert_non_null(strstr(err.text, "rules"));
}

/* ---- differences ---- */

static void differ(const struct sn_inforce *before, const struct sn_inforce *after, size_t nr,
		   const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(sn_inforce_differ(before, after, out), nr);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void options_that_differ_are_named(void **state)
{
	struct sn_inforce before, after;

	set("restricted-outgoing-addresses", "10.0.0.0/8");
	set("allowed-outgoing-ports", "80,443");
	before = stored();
	begin_options();
	set("restricted-outgoing-addresses", "10.0.0.0/8");
	set("allowed-outgoing-ports", "8000-8100,443");
	set("log-granted", NULL);
	after = stored();
	differ(&before, &before, 0, "");
	differ(&before, &after, 2,
	       "  allowed-outgoing-ports: 80,443 -> 443,8000-8100\n  log-granted: none -> yes\n");
	differ(&after, &before, 2,
	       "  allowed-outgoing-ports: 443,8000-8100 -> 80,443\n  log-granted: yes -> none\n");
	sn_inforce_free(&before);
	sn_inforce_free(&after);
}

static void of_long_lists_only_what_differs_is_shown(void **state)
{
	struct sn_inforce before, after;

	set("allowed-listen-ports", "1,2,3,4,5,6,7,8,9");
	before = stored();
	begin_options();
	set("allowed-listen-ports", "1,2,3,4,5,6,7,8,10-12");
	after = stored();
	differ(&before, &after, 1, "  allowed-listen-ports: -9 +10-12\n");
	sn_inforce_free(&before);
	sn_inforce_free(&after);
}

static void a_directory_made_anew_is_another(void **state)
{
	struct sn_inforce before, after;
	char path[128], line[256];

	snprintf(path, sizeof(path), "%s/extra", base);
	mkdir(path, 0700);
	add_rule(path, LOOK, LOOK);
	before = stored();
	begin_options();
	snprintf(line, sizeof(line), "%s-old", path);
	rename(path, line);
	mkdir(path, 0700);
	add_rule(path, LOOK, LOOK);
	after = stored();
	snprintf(line, sizeof(line), "  read-only: another one has the name %s now\n", path);
	differ(&before, &after, 1, line);
	sn_inforce_free(&before);
	sn_inforce_free(&after);
}

/* ---- what is not in the maps ---- */

static void options_say_what_is_in_no_map(void **state)
{
	struct sn_inforce inforce = {};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	set("user", "app");
	set("supplementary-group", "media");
	set("read-only", "/b");
	set("read-only", "/a");
	set("memory-max", "65537");
	set("cpu-max", "50%");
	set("pids-max", "max");
	assert_int_equal(sn_inforce_add_unmapped(&inforce, &options), 0);
	assert_int_equal(sn_inforce_add_paths(&inforce, &options), 0);
	sn_inforce_sort(&inforce);
	sn_inforce_print(&inforce, out);
	fclose(out);
	assert_string_equal(text,
			    "user app\nsupplementary-group media\nread-only /a\nread-only /b\n"
			    "memory-max 65536\ncpu-max 50000 100000\n");
	free(text);
	sn_inforce_free(&inforce);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, begin, scratch_end)
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(what_was_compiled_comes_back),
		IN_SCRATCH(what_is_printed_is_a_policy_file),
		IN_SCRATCH(long_lists_are_whole),
		IN_SCRATCH(only_extra_paths_are_shown_as_such),
		IN_SCRATCH(a_cut_path_is_no_option),
		IN_SCRATCH(a_path_is_printed_without_what_it_could_do),
		IN_SCRATCH(limits_are_those_of_the_cgroup),
		IN_SCRATCH(the_user_is_that_of_the_process),
		IN_SCRATCH(a_damaged_list_is_an_error),
		IN_SCRATCH(options_that_differ_are_named),
		IN_SCRATCH(of_long_lists_only_what_differs_is_shown),
		IN_SCRATCH(a_directory_made_anew_is_another),
		IN_SCRATCH(options_say_what_is_in_no_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
