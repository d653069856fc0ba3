// SPDX-License-Identifier: GPL-2.0-only
/* Paths of every shape, and the rules that must come out, no more and no less. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "clock.h"
#include "identity.h"
#include "rules.h"

#define WAY  (SN_MAY_STAT | SN_MAY_SEARCH)
#define LINK SN_MAY_STAT
#define READ (SN_MAY_STAT | SN_MAY_READ)

static char base[64]; /* a new directory for every test, no symbolic link on the way to it */

static int setup(void **state)
{
	static const char *const places[] = { "/tmp", "/dev/shm", "/run" };
	struct sn_rules rules = {};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int error = sn_rules_add(&rules, places[i], WAY, 0, NULL);

		sn_rules_free(&rules);
		if (error || access(places[i], W_OK))
			continue;
		snprintf(base, sizeof(base), "%s/rules.XXXXXX", places[i]);
		return mkdtemp(base) ? 0 : -1;
	}
	base[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return base[0] ? system(command) : 0;
}

static void need_base(void)
{
	if (base[0])
		return;
	if (getenv("SAFENODE_MUST_RUN"))
		fail_msg("no place on a file system with inode numbers");
	print_message("skipped: no place on a file system with inode numbers\n");
	skip();
}

/* "a/b" below the base; the last four stay valid. */
static const char *at(const char *name)
{
	static char path[4][4096];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s%s%s", base, *name ? "/" : "", name);
	return path[next];
}

static void make_dir(const char *name)
{
	assert_return_code(mkdir(at(name), 0700), errno);
}

static void make_file(const char *name)
{
	assert_return_code(close(creat(at(name), 0600)), errno);
}

static void make_link(const char *target, const char *name)
{
	assert_return_code(symlink(target, at(name)), errno);
}

static const struct sn_rule *rule_of_dir(const struct sn_rules *rules, const char *path)
{
	struct sn_inode id;

	assert_int_equal(identify(path, &id, NULL), 0);
	for (size_t i = 0; i < rules->nr_directories; i++) {
		const struct sn_directory_rule *d = &rules->directories[i];

		assert_int_equal(d->key.scope, 0);
		assert_int_equal(d->key.pad, 0);
		if (d->key.ino == id.ino && d->key.dev == id.dev &&
		    d->rule.generation == id.generation)
			return &d->rule;
	}
	return NULL;
}

static const struct sn_rule *rule_of_name(const struct sn_rules *rules, const char *dir,
					  const char *name)
{
	struct sn_inode id;

	assert_int_equal(identify(dir, &id, NULL), 0);
	for (size_t i = 0; i < rules->nr_names; i++) {
		const struct sn_name_rule *n = &rules->names[i];

		if (n->key.directory.ino == id.ino && n->key.directory.dev == id.dev &&
		    n->rule.generation == id.generation && !strncmp(n->key.name, name, SN_NAME_MAX))
			return &n->rule;
	}
	return NULL;
}

static void expect(const struct sn_rule *rule, __u32 access, __u32 below)
{
	assert_non_null(rule);
	assert_int_equal(rule->access, access);
	assert_int_equal(rule->below, below);
}

static void a_directory_is_known_by_inode(void **state)
{
	struct sn_rules rules = {};

	need_base();
	make_dir("d");
	assert_int_equal(sn_rules_add(&rules, at("d"), READ, SN_MAY_READ, NULL), 0);
	expect(rule_of_dir(&rules, at("d")), READ, SN_MAY_READ);
	expect(rule_of_dir(&rules, at("")), WAY, 0);
	expect(rule_of_dir(&rules, "/"), WAY, 0);
	assert_int_equal(rules.nr_directories, 4); /* those, and what the base is in */
	assert_int_equal(rules.nr_names, 0);
	assert_string_equal(rule_of_dir(&rules, at("d"))->path, at("d"));
	assert_string_equal(rule_of_dir(&rules, "/")->path, "/");
	sn_rules_free(&rules);
	assert_null(rules.directories);
}

static void a_file_is_known_by_directory_and_name(void **state)
{
	struct sn_rules rules = {};

	need_base();
	make_file("f");
	assert_int_equal(sn_rules_add(&rules, at("f"), READ, SN_MAY_WRITE, NULL), 0);
	expect(rule_of_name(&rules, at(""), "f"), READ, 0);
	assert_string_equal(rule_of_name(&rules, at(""), "f")->path, at("f"));
	assert_int_equal(rules.nr_names, 1);
	expect(rule_of_dir(&rules, at("")), WAY, 0);
	sn_rules_free(&rules);
}

static void every_link_and_every_way_of_a_chain_is_granted(void **state)
{
	struct sn_rules rules = {};
	sn_autofree char *absolute = NULL;

	need_base();
	make_dir("a");
	make_dir("b");
	make_dir("c");
	make_dir("unrelated");
	make_file("c/file");
	make_link("../b/two", "a/one");
	absolute = strdup(at("c"));
	make_link(absolute, "b/two");
	assert_int_equal(sn_rules_add(&rules, at("a/./one//file"), READ, 0, NULL), 0);
	expect(rule_of_name(&rules, at("a"), "one"), LINK, 0);
	expect(rule_of_name(&rules, at("b"), "two"), LINK, 0);
	expect(rule_of_name(&rules, at("c"), "file"), READ, 0);
	expect(rule_of_dir(&rules, at("a")), WAY, 0);
	expect(rule_of_dir(&rules, at("b")), WAY, 0);
	expect(rule_of_dir(&rules, at("c")), WAY, 0);
	assert_null(rule_of_dir(&rules, at("unrelated")));
	assert_int_equal(rules.nr_names, 3);
	sn_rules_free(&rules);
}

static void dot_dot_goes_to_the_real_parent(void **state)
{
	struct sn_rules rules = {};

	need_base();
	make_dir("a");
	make_dir("a/b");
	make_dir("c");
	make_link("a/b", "l");
	/* The kernel's "l/.." is a, not the base; at the root ".." stays there. */
	assert_int_equal(sn_rules_add(&rules, at("l/../b/../../c"), READ, 0, NULL), 0);
	expect(rule_of_dir(&rules, at("a")), WAY, 0);
	expect(rule_of_dir(&rules, at("a/b")), WAY, 0);
	expect(rule_of_dir(&rules, at("c")), READ, 0);
	sn_rules_free(&rules);
	assert_int_equal(sn_rules_add(&rules, "/../..", READ, 0, NULL), 0);
	expect(rule_of_dir(&rules, "/"), WAY | READ, 0);
	assert_int_equal(rules.nr_directories, 1);
	sn_rules_free(&rules);
}

static void forty_links_are_followed_and_no_more(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};

	need_base();
	make_file("0");
	for (int i = 1; i <= 41; i++) {
		char name[8], target[8];

		snprintf(name, sizeof(name), "%d", i);
		snprintf(target, sizeof(target), "%d", i - 1);
		make_link(target, name);
	}
	make_link("loop", "loop");
	assert_int_equal(sn_rules_add(&rules, at("40"), READ, 0, NULL), 0);
	assert_int_equal(rules.nr_names, 41);
	sn_rules_free(&rules);
	assert_int_equal(sn_rules_add(&rules, at("41"), READ, 0, &err), -ELOOP);
	assert_non_null(strstr(err.text, at("41")));
	assert_int_equal(sn_rules_add(&rules, at("loop"), READ, 0, NULL), -ELOOP);
	assert_null(rules.names);
	assert_null(rules.directories);
}

static void what_is_missing_is_granted_by_name(void **state)
{
	struct sn_rules rules = {};

	need_base();
	make_link("later", "now");
	assert_int_equal(sn_rules_add(&rules, at("new"), READ, 0, NULL), 0);
	expect(rule_of_name(&rules, at(""), "new"), READ, 0);
	assert_int_equal(sn_rules_add(&rules, at("now"), READ, 0, NULL), 0);
	expect(rule_of_name(&rules, at(""), "now"), LINK, 0);
	expect(rule_of_name(&rules, at(""), "later"), READ, 0);
	sn_rules_free(&rules);
}

static void on_failure_nothing_is_granted(void **state)
{
	const struct sn_place *places;
	struct sn_rules rules = {};
	struct sn_err err = {};

	need_base();
	make_dir("d");
	make_file("d/file");
	make_link("d", "link");
	assert_int_equal(sn_rules_add(&rules, at("link/no/where"), READ, 0, &err), -ENOENT);
	assert_non_null(strstr(err.text, at("link/no/where")));
	assert_int_equal(sn_rules_add(&rules, at("link/nowhere"), READ, READ, NULL), -ENOENT);
	assert_int_equal(sn_rules_add(&rules, at("link/file/x"), READ, 0, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "'file' is not a directory"));
	assert_int_equal(sn_rules_add(&rules, "relative", READ, 0, NULL), -EINVAL);
	assert_int_equal(sn_rules_add(&rules, "", READ, 0, NULL), -EINVAL);
	assert_int_equal(sn_rules_add_if_there(&rules, at("link/no/where"), READ, 0), 0);
	assert_int_equal(sn_rules_add_link_if_there(&rules, at("link/nowhere")), 0);
	assert_int_equal(rules.nr_directories, 0);
	assert_int_equal(rules.nr_names, 0);
	assert_null(rules.places); /* nor are the directories held open that were met */
	assert_int_equal(sn_rules_add(&rules, at("d"), READ, 0, NULL), 0);
	places = rules.places;
	assert_non_null(places);
	assert_int_equal(sn_rules_add(&rules, at("d/file/x"), READ, 0, NULL), -ENOTDIR);
	assert_ptr_equal(rules.places, places);
	sn_rules_free(&rules);
}

static void names_of_any_bytes_up_to_63(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	char name[256];

	need_base();
	make_file("a b\n\t'\\\xff\xfe");
	assert_int_equal(sn_rules_add(&rules, at("a b\n\t'\\\xff\xfe"), READ, 0, NULL), 0);
	expect(rule_of_name(&rules, at(""), "a b\n\t'\\\xff\xfe"), READ, 0);
	memset(name, 'n', sizeof(name));
	name[SN_NAME_MAX - 1] = '\0';
	make_file(name);
	assert_int_equal(sn_rules_add(&rules, at(name), READ, 0, NULL), 0);
	expect(rule_of_name(&rules, at(""), name), READ, 0);
	assert_int_equal(rules.names[1].key.name[SN_NAME_MAX - 1], 0);
	name[SN_NAME_MAX - 1] = 'n';
	name[SN_NAME_MAX] = '\0';
	make_file(name);
	assert_int_equal(sn_rules_add(&rules, at(name), READ, 0, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "name its directory instead"));
	memset(name, 'd', sizeof(name));
	name[255] = '\0';
	make_dir(name);
	assert_int_equal(sn_rules_add(&rules, at(name), READ, READ, NULL), 0);
	expect(rule_of_dir(&rules, at(name)), READ, READ);
	sn_rules_free(&rules);
}

static void a_long_path_is_cut_at_the_front(void **state)
{
	struct sn_rules rules = {};
	char name[512];
	size_t len;

	need_base();
	memset(name, 'p', sizeof(name));
	len = SN_TEXT_MAX - 1 - strlen(base) - 1; /* it just fits */
	name[len] = '\0';
	make_dir(name);
	assert_int_equal(sn_rules_add(&rules, at(name), READ, 0, NULL), 0);
	assert_string_equal(rule_of_dir(&rules, at(name))->path, at(name));
	name[len] = 'p';
	strcpy(name + len + 1, "");
	make_dir(name);
	strcat(name, "/end");
	make_file(name);
	assert_int_equal(sn_rules_add(&rules, at(name), READ, 0, NULL), 0);
	assert_int_equal(rules.nr_names, 1);
	assert_int_equal(strlen(rules.names[0].rule.path), SN_TEXT_MAX - 1);
	assert_memory_equal(rules.names[0].rule.path, "...", 3);
	assert_string_equal(rules.names[0].rule.path + 3,
			    at(name) + strlen(at(name)) - (SN_TEXT_MAX - 4));
	sn_rules_free(&rules);
}

static void the_same_key_is_one_rule_with_both_accesses(void **state)
{
	struct sn_rules rules = {};
	size_t nr;

	need_base();
	make_dir("d");
	make_file("d/f");
	assert_int_equal(sn_rules_add(&rules, at("d"), SN_MAY_READ, SN_MAY_READ, NULL), 0);
	assert_int_equal(sn_rules_add(&rules, at("d/f"), READ, 0, NULL), 0);
	nr = rules.nr_directories;
	assert_int_equal(sn_rules_add(&rules, at("d"), SN_MAY_CHANGE, SN_MAY_WRITE, NULL), 0);
	assert_int_equal(sn_rules_add(&rules, at("d/f"), SN_MAY_MAP, 0, NULL), 0);
	assert_int_equal(rules.nr_directories, nr);
	assert_int_equal(rules.nr_names, 1);
	expect(rule_of_dir(&rules, at("d")), WAY | SN_MAY_READ | SN_MAY_CHANGE,
	       SN_MAY_READ | SN_MAY_WRITE);
	expect(rule_of_name(&rules, at("d"), "f"), READ | SN_MAY_MAP, 0);
	sn_rules_free(&rules);
}

static void another_file_with_the_same_number_is_a_new_rule(void **state)
{
	struct sn_rules rules = {};

	need_base();
	make_dir("d");
	assert_int_equal(sn_rules_add(&rules, at("d"), SN_MAY_CHANGE, SN_MAY_CHANGE, NULL), 0);
	for (size_t i = 0; i < rules.nr_directories; i++)
		rules.directories[i].rule.generation ^= 1; /* as if it had been there before */
	assert_int_equal(sn_rules_add(&rules, at("d"), READ, 0, NULL), 0);
	expect(rule_of_dir(&rules, at("d")), READ, 0);
	sn_rules_free(&rules);
}

static void the_way_to_a_directory_ends_before_it(void **state)
{
	struct sn_rules rules = {};
	struct stat held, named;
	char real[PATH_MAX];
	int fd;

	need_base();
	make_dir("a");
	make_dir("a/b");
	make_link("a/b", "l");
	fd = sn_rules_reach_directory(&rules, at("l"), real, NULL);
	assert_true(fd >= 0);
	assert_string_equal(real, at("a/b"));
	assert_return_code(fstat(fd, &held), errno);
	assert_return_code(stat(real, &named), errno);
	assert_int_equal(held.st_ino, named.st_ino);
	close(fd);
	expect(rule_of_dir(&rules, at("")), WAY, 0);
	expect(rule_of_dir(&rules, at("a")), WAY, 0);
	expect(rule_of_name(&rules, at(""), "l"), LINK, 0);
	assert_null(rule_of_dir(&rules, at("a/b")));
	sn_rules_free(&rules);
	fd = sn_rules_reach_directory(&rules, "/", real, NULL);
	assert_true(fd >= 0);
	close(fd);
	assert_string_equal(real, "/");
	assert_int_equal(rules.nr_directories + rules.nr_names, 0);
	sn_rules_free(&rules);
}

static void a_directory_may_be_named_from_the_current_one(void **state)
{
	static const char *const names[] = { ".", "b", "b/../b/.", "../a/b" };
	struct sn_rules rules = {};
	char real[PATH_MAX];
	int before, fd;

	need_base();
	make_dir("a");
	make_dir("a/b");
	before = open(".", O_PATH | O_DIRECTORY);
	assert_return_code(chdir(at("a")), errno);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fd = sn_rules_reach_directory(&rules, names[i], real, NULL);
		assert_true(fd >= 0);
		close(fd);
		assert_string_equal(real, i ? at("a/b") : at("a"));
	}
	assert_return_code(fchdir(before), errno);
	close(before);
	sn_rules_free(&rules);
}

static void what_is_no_directory_is_not_lived_in(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	char real[PATH_MAX];

	need_base();
	make_dir("d");
	make_file("f");
	make_link("d", "l");
	assert_int_equal(sn_rules_reach_directory(&rules, at("f"), real, &err), -ENOTDIR);
	assert_int_equal(sn_rules_reach_directory(&rules, at("f/x"), real, &err), -ENOTDIR);
	assert_int_equal(sn_rules_reach_directory(&rules, at("no/x"), real, &err), -ENOENT);
	sn_rules_free(&rules);
	if (geteuid())
		return;
	/* the tenant's own user is one of the others */
	assert_return_code(lchown(at("l"), 2001, 2001), errno);
	assert_int_equal(sn_rules_reach_directory(&rules, at("l"), real, &err), -EPERM);
	assert_non_null(strstr(err.text, "'l' in it is of user 2001"));
	assert_int_equal(rules.nr_directories + rules.nr_names, 0);
	sn_rules_free(&rules);
}

/* Names the directory as a shell does that thinks it is at @pwd. What it is called without links.
 */
static const char *reached_from(struct sn_rules *rules, const char *pwd, const char *path)
{
	static char real[PATH_MAX];
	int fd;

	assert_return_code(setenv("PWD", pwd, 1), errno);
	fd = sn_rules_reach_directory(rules, path, real, NULL);
	assert_true(fd >= 0);
	close(fd);
	return real;
}

static void a_directory_may_be_named_from_where_the_shell_came(void **state)
{
	struct sn_rules rules = {};
	int before;

	need_base();
	make_dir("a");
	make_dir("a/b");
	make_link("a", "l");
	before = open(".", O_PATH | O_DIRECTORY);
	assert_return_code(chdir(at("a")), errno);
	assert_string_equal(reached_from(&rules, at("l"), "."), at("a"));
	expect(rule_of_name(&rules, at(""), "l"), LINK, 0);
	sn_rules_free(&rules);
	assert_string_equal(reached_from(&rules, at("l"), "../a/b"), at("a/b"));
	expect(rule_of_name(&rules, at(""), "l"), LINK, 0);
	sn_rules_free(&rules);
	/* not where the shell is */
	assert_string_equal(reached_from(&rules, base, "b"), at("a/b"));
	sn_rules_free(&rules);
	/* a link of another user is none of the names */
	if (!geteuid()) {
		assert_return_code(lchown(at("l"), 2001, 2001), errno);
		assert_string_equal(reached_from(&rules, at("l"), "."), at("a"));
		assert_int_equal(rules.nr_names, 0);
		sn_rules_free(&rules);
	}
	assert_return_code(fchdir(before), errno);
	close(before);
}

static struct sn_grant tree(void)
{
	return (struct sn_grant){ .access = READ, .below = READ, .owner = 101 };
}

/* The rule that has @steps from the mount @root on. */
static const struct sn_rule *rule_of_steps(const struct sn_rules *rules, const char *root,
					   const char *steps)
{
	return rule_of_name(rules, root, steps);
}

static void what_comes_later_is_known_by_steps_from_its_mount(void **state)
{
	struct sn_rules rules = {};
	struct sn_grant grant = tree();

	assert_int_equal(sn_rules_add_steps(&rules, "/nowhere/as/yet/later", &grant), 0);
	if (!rules.nr_names) {
		need_base(); /* the root has no identity */
		return;
	}
	assert_int_equal(rules.nr_names, 4);
	expect(rule_of_steps(&rules, "/", "nowhere"), WAY, 0);
	expect(rule_of_steps(&rules, "/", "nowhere/as"), WAY, 0);
	expect(rule_of_steps(&rules, "/", "nowhere/as/yet"), WAY, 0);
	expect(rule_of_steps(&rules, "/", "nowhere/as/yet/later"), READ, READ);
	assert_int_equal(rule_of_steps(&rules, "/", "nowhere")->owner, 0);
	assert_int_equal(rule_of_steps(&rules, "/", "nowhere/as")->owner, 0);
	assert_int_equal(rule_of_steps(&rules, "/", "nowhere/as/yet")->owner, 101);
	assert_int_equal(rule_of_steps(&rules, "/", "nowhere/as/yet/later")->owner, 0);
	assert_string_equal(rule_of_steps(&rules, "/", "nowhere/as")->path, "/nowhere/as");
	expect(rule_of_dir(&rules, "/"), WAY, SN_HAS_STEPS);
	assert_int_equal(rules.nr_directories, 1);
	/* as a way to something else, it keeps the owner */
	grant.owner = 0;
	assert_int_equal(sn_rules_add_steps(&rules, "/nowhere/as/yet/other", &grant), 0);
	assert_int_equal(rule_of_steps(&rules, "/", "nowhere/as/yet")->owner, 101);
	sn_rules_free(&rules);
	/* what is there is on the way as well, but never a link */
	assert_int_equal(sn_rules_add_steps(&rules, "/proc/self/x", &grant), 0);
	expect(rule_of_steps(&rules, "/proc", "self/x"), READ, READ);
	expect(rule_of_dir(&rules, "/proc"), WAY, SN_HAS_STEPS);
	sn_rules_free(&rules);
	need_base();
	make_link("/proc", "way");
	assert_int_equal(sn_rules_add_steps(&rules, at("way/x"), &grant), 0);
	assert_true(rules.nr_names > 0);
	assert_null(rule_of_dir(&rules, "/proc"));
	assert_null(rule_of_steps(&rules, "/proc", "x"));
	sn_rules_free(&rules);
}

static void steps_that_cannot_be_compared_are_an_error(void **state)
{
	static const char *const paths[] = {
		"/1/2/3/4/5",
		"/a-name-of-thirty-one-characters/x",
		"/x/a-name-of-thirty-one-characters",
		"/sixteen-letters-/sixteen-letters/1",
	};
	struct sn_rules rules = {};
	struct sn_grant grant = tree();

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(sn_rules_add_steps(&rules, paths[i], &grant), -ENAMETOOLONG);
	assert_int_equal(rules.nr_names + rules.nr_directories, 0);
	assert_int_equal(sn_rules_add_steps(&rules, "/a-name-of-thirty-characters-xx/1", &grant),
			 0);
	assert_int_equal(sn_rules_add_steps(&rules, "/x/a-name-of-thirty-characters-xx", &grant),
			 0);
	sn_rules_free(&rules);
}

static void a_link_itself_is_not_followed(void **state)
{
	struct sn_rules rules = {};

	need_base();
	make_dir("secret");
	make_link("secret", "l");
	make_link(".", "here");
	assert_int_equal(sn_rules_add_link_if_there(&rules, at("here/l")), 0);
	expect(rule_of_name(&rules, at(""), "l"), LINK, 0);
	expect(rule_of_name(&rules, at(""), "here"), LINK, 0);
	assert_null(rule_of_dir(&rules, at("secret")));
	assert_int_equal(sn_rules_add_link_if_there(&rules, "/proc/self"), 0);
	expect(rule_of_name(&rules, "/proc", "self"), LINK, 0);
	assert_null(rule_of_dir(&rules, "/proc/self/."));
	sn_rules_free(&rules);
}

static void a_handed_over_descriptor_is_known_by_inode(void **state)
{
	struct sn_rules rules = {};
	int ends[2], pair[2], null, file;

	need_base();
	assert_return_code(pipe(ends), errno);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), errno);
	null = open("/dev/null", O_RDWR);
	assert_int_equal(sn_rules_add_fd(&rules, ends[0], NULL), 0);
	assert_int_equal(sn_rules_add_fd(&rules, pair[1], NULL), 0);
	assert_int_equal(sn_rules_add_fd(&rules, null, NULL), 0);
	assert_int_equal(rules.nr_directories + rules.nr_names, 0);
	make_file("log");
	file = open(at("log"), O_WRONLY);
	assert_int_equal(sn_rules_add_fd(&rules, file, NULL), 0);
	expect(rule_of_dir(&rules, at("log")), SN_MAY_STAT, 0);
	assert_int_equal(unlink(at("log")), 0);
	assert_int_equal(sn_rules_add_fd(&rules, file, NULL), 0);
	assert_int_equal(rules.nr_directories, 1);
	assert_int_equal(sn_rules_add_fd(&rules, -1, NULL), -EBADF);
	sn_rules_free(&rules);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(pair[i]);
	}
	close(null);
	close(file);
}

/* An io_uring, where the kernel and a filter let this process make one. */
static void an_io_uring_is_not_handed_over(void **state)
{
	struct io_uring_params params = {};
	struct sn_rules rules = {};
	struct sn_err err = {};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0) {
		print_message("skipped: io_uring: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(sn_rules_add_fd(&rules, fd, &err), -EINVAL);
	assert_non_null(strstr(err.text, "io_uring"));
	close(fd);
}

static void below_a_root_paths_are_those_of_a_container(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	char real[PATH_MAX];
	int root, fd;

	need_base();
	make_dir("root");
	make_dir("root/app");
	make_file("root/f");
	make_link("/app", "root/absolute");
	make_link("app", "root/relative");
	root = open(at("root"), O_PATH | O_DIRECTORY);
	assert_int_equal(sn_rules_root(&rules, root, NULL), 0);
	close(root);
	assert_int_equal(sn_rules_add(&rules, "/f", READ, 0, NULL), 0);
	expect(rule_of_name(&rules, at("root"), "f"), READ, 0);
	expect(rule_of_dir(&rules, at("root")), WAY, 0);
	assert_null(rule_of_dir(&rules, "/"));
	fd = sn_rules_reach_directory(&rules, "/app", real, NULL);
	assert_return_code(fd, errno);
	close(fd);
	assert_string_equal(real, "/app");
	assert_int_equal(sn_rules_add(&rules, "/absolute", READ, 0, &err), -ELOOP);
	assert_non_null(strstr(err.text, "name the place itself"));
	assert_int_equal(sn_rules_add(&rules, "/relative/x", READ, 0, NULL), -ELOOP);
	assert_int_equal(sn_rules_reach_directory(&rules, "/absolute", real, NULL), -ELOOP);
	assert_int_equal(sn_rules_add_link_if_there(&rules, "/absolute"), 0);
	expect(rule_of_name(&rules, at("root"), "absolute"), LINK, 0);
	/* until it is closed */
	sn_rules_close(&rules);
	assert_int_equal(sn_rules_add(&rules, "/app/none/such", READ, 0, NULL), -ENOENT);
	assert_int_equal(sn_rules_add(&rules, at("root/relative"), READ, 0, NULL), 0);
	sn_rules_free(&rules);
}

static void a_scope_is_a_hash_of_the_content(void **state)
{
	struct sn_rules empty = {}, a = {}, b = {};
	__u64 scope;

	need_base();
	make_dir("d");
	make_file("f");
	assert_int_equal(sn_rules_add(&a, at("d"), READ, 0, NULL), 0);
	assert_int_equal(sn_rules_add(&a, at("f"), READ, 0, NULL), 0);
	assert_int_equal(sn_rules_add(&b, at("f"), READ, 0, NULL), 0);
	assert_int_equal(sn_rules_add(&b, at("d"), READ, 0, NULL), 0);
	scope = sn_rules_scope(&a);
	assert_true(scope == sn_rules_scope(&a));
	assert_true(scope == sn_rules_scope(&b));
	assert_true(scope >> 63 == 1);
	assert_true(sn_rules_scope(&empty) >> 63 == 1);
	assert_true(scope != sn_rules_scope(&empty));
	strcpy(b.names[0].rule.path, "only for people");
	assert_true(scope == sn_rules_scope(&b));
	b.names[0].rule.access |= SN_MAY_MAP;
	assert_true(scope != sn_rules_scope(&b));
	b.names[0].rule.access = a.names[0].rule.access;
	b.directories[0].rule.below ^= 1;
	assert_true(scope != sn_rules_scope(&b));
	sn_rules_free(&a);
	sn_rules_free(&b);
}

/* As containers have /etc/resolv.conf: the kernel finds another directory and name at its dentry.
 */
static int bind_mounted(void)
{
	struct sn_rules rules = {};
	const struct sn_rule *rule;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 255;
	if (mount(at("real"), at("etc/resolv.conf"), NULL, MS_BIND, NULL))
		return 255;
	if (sn_rules_add(&rules, at("etc/resolv.conf"), READ, 0, NULL))
		return 1;
	rule = rule_of_dir(&rules, at("real"));
	return !rule || rule->access != READ || rules.nr_names;
}

static void a_mounted_file_is_known_by_inode(void **state)
{
	int status;
	pid_t pid;

	need_base();
	make_dir("etc");
	make_file("etc/resolv.conf");
	make_file("real");
	pid = fork();
	if (!pid)
		_exit(bind_mounted());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 255 && !getenv("SAFENODE_MUST_RUN")) {
		print_message("skipped: the right to make a mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* @base/ramfs is one, in a mount namespace of its own. */
static int on_ramfs(void)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	char real[PATH_MAX];
	const struct sn_rule *rule;
	int file;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", at("ramfs"), "ramfs", 0, NULL))
		return 255;
	make_file("ramfs/secret");
	make_dir("ramfs/d");
	if (sn_rules_add(&rules, at("ramfs/secret"), READ, 0, &err))
		return 1;
	rule = rules.nr_names == 1 ? &rules.names[0].rule : NULL;
	if (!rule || rule->generation != SN_RAMFS_ROOT || rule->access != READ)
		return 2;
	/* which directory of a ramfs it is cannot be told, but for its root */
	if (sn_rules_add(&rules, at("ramfs/d"), READ, READ, &err) != -EOPNOTSUPP ||
	    !strstr(err.text, "on a ramfs"))
		return 3;
	/* nor is it the root because that of another is mounted at the same place */
	if (mount("none", at("bound"), "tmpfs", 0, NULL) ||
	    mount(at("ramfs/d"), at("bound"), NULL, MS_BIND, NULL) ||
	    sn_rules_add(&rules, at("bound"), READ, READ, &err) != -EOPNOTSUPP)
		return 4;
	if (sn_rules_reach_directory(&rules, at("ramfs"), real, &err) != -EOPNOTSUPP)
		return 5;
	/* what is open stays */
	file = open(at("ramfs/secret"), O_RDONLY);
	if (sn_rules_add_fd(&rules, file, &err))
		return 6;
	rule = &rules.directories[rules.nr_directories - 1].rule;
	return rule->generation || rule->access != SN_MAY_STAT ? 7 : 0;
}

static void of_a_ramfs_its_root_is_known(void **state)
{
	int status;
	pid_t pid;

	need_base();
	make_dir("ramfs");
	make_dir("bound");
	pid = fork();
	if (!pid)
		_exit(on_ramfs());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 255 && !getenv("SAFENODE_MUST_RUN")) {
		print_message("skipped: the right to make a mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* Another directory was mounted where the shell stands: by its name that is another one. */
static int beneath_a_mount(void)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	char real[PATH_MAX];

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    chdir(at("a")) || mount("none", at("a"), "tmpfs", 0, NULL))
		return 255;
	make_dir("a/b");
	setenv("PWD", at("a"), 1);
	if (sn_rules_reach_directory(&rules, ".", real, &err) != -ENOENT)
		return 1;
	return sn_rules_reach_directory(&rules, "b", real, &err) != -ENOENT || rules.nr_directories;
}

static void where_the_shell_stands_is_not_what_was_mounted_there(void **state)
{
	int status;
	pid_t pid;

	need_base();
	make_dir("a");
	pid = fork();
	if (!pid)
		_exit(beneath_a_mount());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 255 && !getenv("SAFENODE_MUST_RUN")) {
		print_message("skipped: the right to make a mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* The program @way/node is added while @at_fault has @mode and @group. */
struct way {
	const char *way, *at_fault;
	const char *cure; /* NULL: it is not refused */
	mode_t mode;
	gid_t group;
};

static void add_on_way(const struct way *way)
{
	const char *changed = at(way->at_fault);
	sn_autofree char *node = NULL, *expected = NULL;
	struct sn_rules rules = {};
	struct sn_err err = {};
	struct stat before;
	int error;

	assert_true(asprintf(&node, "%s/node", at(way->way)) > 0);
	assert_true(asprintf(&expected, "could replace '%s': '%s' can be written by %s", node,
			     changed, way->cure) > 0);
	assert_return_code(stat(changed, &before), errno);
	assert_return_code(chown(changed, 0, way->group), errno);
	assert_return_code(chmod(changed, way->mode), errno);
	error = sn_rules_add_code(&rules, node, READ, &err);
	assert_return_code(chmod(changed, before.st_mode), errno);
	assert_int_equal(error, way->cure ? -EPERM : 0);
	if (error && !strstr(err.text, expected))
		fail_msg("'%s' is not in '%s'", expected, err.text);
	sn_rules_free(&rules);
}

/* As Debian has /usr/local/bin if a group of administrators may install programs. */
static void code_that_a_group_can_replace_is_refused(void **state)
{
	static const struct way ways[] = {
		{ "local/bin", "local/bin", "group 60; chmod g-w it", 02775, 60 },
		{ "local/bin", "local", "group 60; chmod g-w it", 0775, 60 },
		{ "link", "local/bin", "group 60; chmod g-w it", 0775, 60 },
		{ "local/bin", "local/bin/node", "group 60; chmod g-w it", 0775, 60 },
		{ "link", "local/bin/node", "group 60; chmod g-w it", 0775, 60 },
		{ "local/bin", "local", "everyone; chmod o-w it", 0757, 0 },
		{ "local/bin", "local", NULL, 0775, 0 },
		{ "local/bin", "local", NULL, 01777, 60 },
	};
	sn_autofree char *bin = NULL;

	need_base();
	if (geteuid())
		skip();
	make_dir("local");
	make_dir("local/bin");
	make_file("local/bin/node");
	bin = strdup(at("local/bin"));
	make_link(bin, "link");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		add_on_way(&ways[i]);
}

/* Walks over what is there and what is not, and says whether @change below the base is noticed. */
static bool is_noticed(const char *change)
{
	static const struct sn_grant read = { .access = READ };
	struct sn_looks looks = {};
	struct sn_rules rules = { .looks = &looks };
	char command[512];
	bool held;

	snprintf(
		command, sizeof(command),
		"cd %s && rm -rf ./* && mkdir dir && echo >dir/file && echo >code && ln -s dir way "
		"&& ln -s file dir/link && ln -s dir turned",
		base);
	assert_int_equal(system(command), 0);
	assert_int_equal(sn_rules_add_if_there(&rules, at("way/file"), READ, 0), 0);
	assert_int_equal(sn_rules_add_if_there(&rules, at("dir/later"), READ, 0), 0);
	assert_int_equal(sn_rules_add_if_there(&rules, at("none/later"), READ, 0), 0);
	assert_int_equal(sn_rules_add_if_there(&rules, at("dir/file/no"), READ, 0), 0);
	assert_int_equal(sn_rules_add_link_if_there(&rules, at("dir/link")), 0);
	assert_int_equal(sn_rules_add_code(&rules, at("code"), READ, NULL), 0);
	assert_int_equal(sn_rules_add_steps(&rules, at("turned/a"), &read), 0);
	assert_int_equal(sn_rules_add_steps(&rules, at("new/a"), &read), 0);
	sn_rules_free(&rules);
	assert_false(looks.doubtful);
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	snprintf(command, sizeof(command), "cd %s && { %s; }", base, change);
	assert_int_equal(system(command), 0);
	held = sn_looks_hold(looks.bytes, looks.size);
	sn_looks_free(&looks);
	return !held;
}

static void all_that_a_walk_depends_on_is_noted(void **state)
{
	static const char *const changes[] = {
		"ln -sfn /tmp way",
		"rm way && mkdir way",
		"rm turned && mkdir turned",
		"chmod 700 dir",
		"rm dir/file",
		"echo >dir/later",
		"mkdir none",
		"mkdir new",
		"rm dir/file && mkdir dir/file",
		"rm dir/link && echo >dir/link",
		"echo >>code",
		"chmod 600 code",
		"chmod 755 .",
	};

	need_base();
	assert_false(is_noticed("echo more >dir/file && ln -sf other dir/link && echo >other"));
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		if (!is_noticed(changes[i]))
			fail_msg("not noticed: %s", changes[i]);
}

/* Of an error that is no absence nobody can tell later whether it would still be one. */
static void a_walk_that_fails_is_doubtful(void **state)
{
	struct sn_looks looks = {};
	struct sn_rules rules = { .looks = &looks };
	char name[300];

	need_base();
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sn_rules_add_if_there(&rules, at(name), READ, 0), 0);
	assert_true(looks.doubtful);
	sn_looks_free(&looks);
	sn_rules_free(&rules);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_directory_is_known_by_inode),
		TEST(a_file_is_known_by_directory_and_name),
		TEST(every_link_and_every_way_of_a_chain_is_granted),
		TEST(dot_dot_goes_to_the_real_parent),
		TEST(forty_links_are_followed_and_no_more),
		TEST(what_is_missing_is_granted_by_name),
		TEST(on_failure_nothing_is_granted),
		TEST(names_of_any_bytes_up_to_63),
		TEST(a_long_path_is_cut_at_the_front),
		TEST(the_same_key_is_one_rule_with_both_accesses),
		TEST(another_file_with_the_same_number_is_a_new_rule),
		TEST(the_way_to_a_directory_ends_before_it),
		TEST(a_directory_may_be_named_from_the_current_one),
		TEST(what_is_no_directory_is_not_lived_in),
		TEST(a_directory_may_be_named_from_where_the_shell_came),
		TEST(what_comes_later_is_known_by_steps_from_its_mount),
		TEST(steps_that_cannot_be_compared_are_an_error),
		TEST(a_link_itself_is_not_followed),
		TEST(a_handed_over_descriptor_is_known_by_inode),
		TEST(an_io_uring_is_not_handed_over),
		TEST(below_a_root_paths_are_those_of_a_container),
		TEST(a_scope_is_a_hash_of_the_content),
		TEST(a_mounted_file_is_known_by_inode),
		TEST(of_a_ramfs_its_root_is_known),
		TEST(where_the_shell_stands_is_not_what_was_mounted_there),
		TEST(code_that_a_group_can_replace_is_refused),
		TEST(all_that_a_walk_depends_on_is_noted),
		TEST(a_walk_that_fails_is_doubtful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
