// SPDX-License-Identifier: GPL-2.0-only
/* user/runtime.c: what is and is not in a baseline. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "clock.h"
#include "command.h"
#include "identity.h"
#include "runtime.h"
#include "scratch.h"

static char *sh; /* the ELF file behind /bin/sh */

/* The directory of the test is first in $PATH. */
static int setup(void **state)
{
	char path[PATH_MAX];

	sh = realpath("/bin/sh", NULL);
	if (!sh || scratch_begin(state))
		return -1;
	snprintf(path, sizeof(path), "%s:/usr/local/bin:/usr/bin:/bin", base);
	return setenv("PATH", path, 1);
}

static int teardown(void **state)
{
	free(sh);
	setenv("PATH", "/usr/bin:/bin", 1);
	return scratch_end(state);
}

static void lacks(const char *what)
{
	if (getenv("SAFENODE_MUST_RUN"))
		fail_msg("%s", what);
	print_message("skipped: %s\n", what);
	skip();
}

/* ---- baselines ---- */

static void need_identity(void)
{
	struct sn_rules rules = {};
	struct sn_err err = {};

	if (!sn_rules_add(&rules, sh, SN_MAY_READ, 0, &err)) {
		sn_rules_free(&rules);
		return;
	}
	lacks(err.text);
}

static const struct sn_rule *rule_of(const struct sn_rules *rules, const char *dir)
{
	static const struct sn_rule none;
	struct sn_inode id;

	assert_int_equal(identify(*dir ? dir : "/", &id, NULL), 0);
	for (size_t i = 0; i < rules->nr_directories; i++)
		if (rules->directories[i].key.ino == id.ino &&
		    rules->directories[i].key.dev == id.dev)
			return &rules->directories[i].rule;
	return &none;
}

/* What the baseline grants on the file or directory behind @path, as bpf/walk.bpf.h adds it up. */
static __u32 access_to(const struct sn_rules *rules, const char *path)
{
	sn_autofree char *real = realpath(path, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;
	struct sn_inode id;
	__u32 have;

	assert_non_null(slash);
	have = rule_of(rules, real)->access;
	*slash = '\0';
	assert_int_equal(identify(*real ? real : "/", &id, NULL), 0);
	for (size_t i = 0; i < rules->nr_names; i++)
		if (rules->names[i].key.directory.ino == id.ino &&
		    rules->names[i].key.directory.dev == id.dev &&
		    !strcmp(rules->names[i].key.name, slash + 1))
			have |= rules->names[i].rule.access;
	for (; slash; slash = strrchr(real, '/')) {
		*slash = '\0';
		have |= rule_of(rules, real)->below & ~SN_HAS_STEPS;
	}
	return have;
}

static size_t nr_with(const struct sn_rules *rules, __u32 access)
{
	size_t nr = 0;

	for (size_t i = 0; i < rules->nr_directories; i++)
		nr += !!((rules->directories[i].rule.access | rules->directories[i].rule.below) &
			 access);
	for (size_t i = 0; i < rules->nr_names; i++)
		nr += !!(rules->names[i].rule.access & access);
	return nr;
}

static void baseline_of(struct sn_rules *rules, const char *exe)
{
	struct sn_err err = {};

	if (sn_runtime_baseline(rules, exe, &err))
		fail_msg("%s", err.text);
}

/* The paths in the memory map of @exe, once it is running: what was mapped executable must be
 * granted. */
static void expect_maps_granted(const struct sn_rules *rules, const char *command)
{
	FILE *maps = popen(command, "r");
	char *line = NULL;
	size_t size = 0, nr = 0;

	assert_non_null(maps);
	while (getline(&line, &size, maps) > 0) {
		char *path = strchr(line, '/');

		if (!path || !strstr(line, "r-xp"))
			continue;
		path[strcspn(path, "\n")] = '\0';
		if (!(access_to(rules, path) & SN_MAY_MAP))
			fail_msg("%s may not be mapped", path);
		nr++;
	}
	free(line);
	assert_int_equal(pclose(maps), 0);
	assert_true(nr > 1);
}

static void the_baseline_of_a_shell(void **state)
{
	struct sn_rules rules = {};

	need_identity();
	baseline_of(&rules, sh);
	assert_int_equal(access_to(&rules, sh),
			 SN_MAY_STAT | SN_MAY_READ | SN_MAY_MAP | SN_MAY_START);
	assert_int_equal(nr_with(&rules, SN_MAY_START), 1);
	assert_int_equal(nr_with(&rules, SN_MAY_WRITE | SN_MAY_CHANGE), 0);
	expect_maps_granted(&rules, "/bin/sh -c 'while read -r l; do echo \"$l\"; done"
				    " </proc/self/maps'");
	assert_int_equal(access_to(&rules, "/etc/hosts"), SN_MAY_STAT | SN_MAY_READ);
	assert_true(access_to(&rules, "/proc/meminfo") & SN_MAY_READ);
	assert_true(access_to(&rules, "/sys/devices/system/cpu/online") & SN_MAY_READ);
	sn_rules_free(&rules);
}

static void a_baseline_is_narrow(void **state)
{
	static const char *const searched[] = { "/", "/etc", "/usr", "/usr/lib", "/proc", "/dev" };
	static const char *const untouched[] = { "/etc/passwd",	     "/etc/shadow", "/proc/sys",
						 "/proc/1",	     "/proc/kcore", "/root",
						 "/var/lib",	     "/bin/ls",	    "/usr/include",
						 "/etc/ssl/private", "/tmp" };
	struct sn_rules rules = {};

	need_identity();
	baseline_of(&rules, sh);
	for (size_t i = 0; i < sizeof(searched) / sizeof(searched[0]); i++) {
		assert_int_equal(rule_of(&rules, searched[i])->access, SN_MAY_STAT | SN_MAY_SEARCH);
		assert_int_equal(rule_of(&rules, searched[i])->below & ~SN_HAS_STEPS, 0);
	}
	for (size_t i = 0; i < sizeof(untouched) / sizeof(untouched[0]); i++)
		if (!access(untouched[i], F_OK) && access_to(&rules, untouched[i]))
			fail_msg("%s is in the baseline", untouched[i]);
	for (size_t i = 0; i < rules.nr_directories; i++)
		assert_false(rules.directories[i].rule.below & SN_MAY_MAP);
	sn_rules_free(&rules);
}

/* What the baseline grants by steps from the root of a file system; NULL: nothing. */
static const struct sn_rule *rule_of_steps(const struct sn_rules *rules, const char *root,
					   const char *steps)
{
	struct sn_inode id;

	assert_int_equal(identify(root, &id, NULL), 0);
	for (size_t i = 0; i < rules->nr_names; i++)
		if (rules->names[i].key.directory.ino == id.ino &&
		    rules->names[i].key.directory.dev == id.dev &&
		    !strncmp(rules->names[i].key.name, steps, SN_NAME_MAX))
			return &rules->names[i].rule;
	return NULL;
}

static bool is_mount(const char *path)
{
	struct statx st;

	return !statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* Whether it is there or not. */
static void what_may_come_later_is_known_by_its_steps(void **state)
{
	const __u32 file = SN_MAY_STAT | SN_MAY_READ, way = SN_MAY_STAT | SN_MAY_SEARCH;
	const char *root = is_mount("/run") ? "/run" : "/";
	const int skip = root[1] ? 4 : 0;
	struct sn_rules rules = {};
	const struct sn_rule *rule;

	need_identity();
	if (is_mount("/etc") || is_mount("/etc/ssl") || is_mount("/var") || is_mount("/usr"))
		lacks("a machine whose /etc, /usr and /var are directories of /");
	baseline_of(&rules, sh);
	rule = rule_of_steps(&rules, root, "run/systemd/resolve/stub-resolv.conf" + skip);
	assert_non_null(rule);
	assert_int_equal(rule->access, file);
	assert_string_equal(rule->path, "/run/systemd/resolve/stub-resolv.conf");
	rule = rule_of_steps(&rules, root, "run/systemd/resolve" + skip);
	assert_non_null(rule);
	assert_int_equal(rule->access, way);
	assert_int_equal(rule->below, 0);
	rule = rule_of_steps(&rules, root, "run/systemd" + skip);
	assert_non_null(rule);
	assert_int_equal(rule->owner, 0);
	assert_int_equal(rule_of(&rules, root)->access, way);
	/* without that they are not looked at */
	assert_int_equal(rule_of(&rules, root)->below, SN_HAS_STEPS);
	assert_int_equal(rule_of(&rules, "/proc")->below, 0);
	rule = rule_of_steps(&rules, "/", "etc/ssl/certs");
	assert_non_null(rule);
	assert_int_equal(rule->access, file | way);
	assert_int_equal(rule->below, file | way);
	assert_non_null(rule_of_steps(&rules, "/", "etc/resolv.conf"));
	assert_non_null(rule_of_steps(&rules, "/", "usr/share/zoneinfo"));
	rule = rule_of_steps(&rules, "/", "var/run");
	assert_non_null(rule);
	assert_int_equal(rule->access, SN_MAY_STAT);
	assert_null(rule_of_steps(&rules, "/", "var/lib"));
	sn_rules_free(&rules);
}

static void the_baseline_has_a_stable_scope(void **state)
{
	struct sn_rules a = {}, b = {};

	need_identity();
	baseline_of(&a, sh);
	baseline_of(&b, sh);
	assert_true(sn_rules_scope(&a) == sn_rules_scope(&b));
	baseline_of(&b, "/bin/ls");
	assert_true(sn_rules_scope(&a) != sn_rules_scope(&b));
	sn_rules_free(&a);
	sn_rules_free(&b);
}

static void a_static_program_needs_no_libraries(void **state)
{
	sn_autofree char *exe = realpath("/bin/busybox", NULL);
	struct sn_rules rules = {};

	need_identity();
	if (!exe || system("/bin/busybox ldd /bin/busybox 2>&1 | grep -q 'not a dynamic' ||"
			   " ldd /bin/busybox 2>&1 | grep -q 'not a dynamic'"))
		lacks("a static busybox");
	baseline_of(&rules, exe);
	assert_int_equal(nr_with(&rules, SN_MAY_MAP), 1);
	assert_int_equal(access_to(&rules, exe),
			 SN_MAY_STAT | SN_MAY_READ | SN_MAY_MAP | SN_MAY_START);
	sn_rules_free(&rules);
}

static void the_baseline_of_node_has_all_that_it_maps(void **state)
{
	const char *const words[] = { "node", NULL };
	struct sn_command command;
	struct sn_rules rules = {};

	need_identity();
	if (sn_command_resolve(&command, (char *const *)words, NULL))
		lacks("node");
	baseline_of(&rules, command.path);
	expect_maps_granted(&rules, "node -e 'require(\"dns\").lookup(\"localhost\", () => "
				    "process.stdout.write(require(\"fs\").readFileSync("
				    "\"/proc/self/maps\")))'");
	sn_rules_free(&rules);
	sn_command_free(&command);
}

/* ---- what a baseline depends on ---- */

static void run(const char *command)
{
	sn_autofree char *line = NULL;

	assert_true(asprintf(&line, "cd %s && { %s; }", base, command) > 0);
	assert_int_equal(system(line), 0);
}

/* A program that looks for its library in the directory "first", and then in "second": a link. */
static void make_searching(void)
{
	if (system("cc --version >/dev/null 2>&1"))
		lacks("a compiler");
	run("mkdir second && echo 'int own(void) { return 0; }' |"
	    " cc -shared -fPIC -x c - -o second/own && ln -s own second/libown.so &&"
	    " echo 'int own(void); int main(void) { return own(); }' |"
	    " cc -x c - -o prog -Lsecond -lown -Wl,-rpath,$PWD/first:$PWD/second");
}

static void looks_of(struct sn_looks *looks, const char *exe)
{
	struct sn_rules rules = { .looks = looks };

	sn_looks_free(looks);
	baseline_of(&rules, exe);
	assert_true(access_to(&rules, exe) & SN_MAY_START);
	sn_rules_free(&rules);
	if (looks->doubtful)
		lacks("a machine of which all that a runtime needs can be told");
}

static void what_would_change_a_baseline_is_noticed(void **state)
{
	static const char *const changes[] = {
		"echo >>prog",
		"echo >>second/libown.so",
		"mkdir first",
		"mv second third && ln -s third second",
		"cp second/own second/new && ln -sf new second/libown.so",
	};
	struct sn_looks looks = {};

	need_identity();
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		run("rm -rf ./*");
		make_searching();
		looks_of(&looks, at("prog"));
		assert_true(sn_looks_hold(looks.bytes, looks.size));
		run(changes[i]);
		if (sn_looks_hold(looks.bytes, looks.size))
			fail_msg("not noticed: %s", changes[i]);
	}
	run("rm -rf ./*");
	make_searching();
	run("mkdir first");
	looks_of(&looks, at("prog"));
	run("echo >first/other");
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	run("echo >first/libown.so");
	assert_false(sn_looks_hold(looks.bytes, looks.size));
	/* a file in the place of a directory, in which other libraries could be as well */
	run("rm -rf ./*");
	make_searching();
	run("touch file && ln -s file first");
	looks_of(&looks, at("prog"));
	assert_true(sn_looks_hold(looks.bytes, looks.size));
	run("rm file && mkdir file");
	assert_false(sn_looks_hold(looks.bytes, looks.size));
	sn_looks_free(&looks);
}

/* One that is not for this machine, and which the loader passes over. */
static void a_library_that_is_passed_over_makes_it_doubtful(void **state)
{
	struct sn_looks looks = {};
	struct sn_rules rules = { .looks = &looks };

	need_identity();
	make_searching();
	run("mkdir first && cp second/own first/libown.so && "
	    "printf '\\3\\0' | dd of=first/libown.so bs=1 seek=18 conv=notrunc 2>/dev/null");
	baseline_of(&rules, at("prog"));
	assert_true(looks.doubtful);
	sn_rules_free(&rules);
	sn_looks_free(&looks);
}

/* Copies @from to @name with the first @old in it overwritten by @new, which is not longer. */
static void make_patched(const char *name, const char *from, const char *old, const char *new)
{
	static char content[1 << 22];
	FILE *file = fopen(from, "re");
	size_t size;
	char *found;

	assert_non_null(file);
	size = fread(content, 1, sizeof(content), file);
	fclose(file);
	found = memmem(content, size, old, strlen(old));
	assert_non_null(found);
	memset(found, 0, strlen(old));
	memcpy(found, new, strlen(new));
	make_program(name, content, size);
}

static void broken_programs_are_refused_with_the_reason(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};

	need_identity();
	make_script("script", "#!/bin/sh\n");
	assert_int_equal(sn_runtime_baseline(&rules, at("script"), &err), -EINVAL);
	assert_non_null(strstr(err.text, "is not an ELF file"));
	make_program("cut", (char[16]){ "\177ELF\2\1\1" }, 16);
	assert_int_equal(sn_runtime_baseline(&rules, at("cut"), &err), -EINVAL);
	assert_int_equal(sn_runtime_baseline(&rules, at("gone"), &err), -ENOENT);
	make_patched("nolib", sh, "libc.so.6", "libq.so.6");
	assert_int_equal(sn_runtime_baseline(&rules, at("nolib"), &err), -EINVAL);
	assert_non_null(strstr(err.text, "libq.so.6"));
	assert_non_null(strstr(err.text, "/nolib'"));
	sn_rules_free(&rules);
}

/* The kernel takes the ELF header itself for the first of them, libelf finds none. */
static void program_headers_at_the_beginning_of_the_file_are_refused(void **state)
{
	Elf64_Ehdr header = { .e_ident = ELFMAG,
			      .e_type = ET_EXEC,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_ehsize = sizeof(Elf64_Ehdr),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = 1 };
	struct sn_rules rules = {};
	struct sn_err err = {};

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	make_program("no-offset", (const char *)&header, sizeof(header));
	assert_int_equal(sn_runtime_baseline(&rules, at("no-offset"), &err), -EINVAL);
	assert_non_null(strstr(err.text, "broken program headers"));
	sn_rules_free(&rules);
}

/* The interpreter is run outside of every tenant, so a tenant must not choose it. */
static void an_interpreter_that_others_can_write_is_not_run(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};
	char script[64];

	need_identity();
	make_patched("trap", sh, "/lib64/ld-linux-x86-64.so.2", at("ld"));
	snprintf(script, sizeof(script), "#!/bin/sh\ntouch %s\n", at("sprung"));
	make_script("ld", script);
	assert_return_code(chmod(at("ld"), 0777), errno);
	assert_int_equal(sn_runtime_baseline(&rules, at("trap"), &err), -EPERM);
	assert_non_null(strstr(err.text, "/ld' can be written by everyone; chmod o-w it"));
	assert_return_code(chmod(at("ld"), 0755), errno);
	if (!geteuid()) {
		assert_return_code(chown(at("ld"), 65534, 65534), errno);
		assert_int_equal(sn_runtime_baseline(&rules, at("trap"), &err), -EPERM);
	}
	assert_int_not_equal(access(at("sprung"), F_OK), 0);
	sn_rules_free(&rules);
}

/*
 * The dynamic loader looks at the command as root, outside every tenant, and runs what its DT_AUDIT
 * names: a command that others can write is a way to root.
 */
static void a_program_that_others_can_write_is_not_looked_at(void **state)
{
	struct sn_rules rules = {};
	struct sn_err err = {};

	need_identity();
	make_patched("prog", sh, "libc.so.6", "libc.so.6");
	baseline_of(&rules, at("prog"));
	assert_return_code(chmod(at("prog"), 0777), errno);
	assert_int_equal(sn_runtime_baseline(&rules, at("prog"), &err), -EPERM);
	assert_return_code(chmod(at("prog"), 0755), errno);
	if (!geteuid()) {
		assert_return_code(chown(at("prog"), 65534, 65534), errno);
		assert_int_equal(sn_runtime_baseline(&rules, at("prog"), &err), -EPERM);
		assert_return_code(chown(at("prog"), 0, 0), errno);
	}
	/* nor one that they can replace */
	sn_rules_free(&rules);
	assert_return_code(chmod(at("."), 0777), errno);
	assert_int_equal(sn_runtime_baseline(&rules, at("prog"), &err), -EPERM);
	sn_rules_free(&rules);
	assert_return_code(chmod(at("."), 01777), errno);
	baseline_of(&rules, at("prog"));
	sn_rules_free(&rules);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_baseline_of_a_shell),
		TEST(a_baseline_is_narrow),
		TEST(what_may_come_later_is_known_by_its_steps),
		TEST(the_baseline_has_a_stable_scope),
		TEST(a_static_program_needs_no_libraries),
		TEST(the_baseline_of_node_has_all_that_it_maps),
		TEST(what_would_change_a_baseline_is_noticed),
		TEST(a_library_that_is_passed_over_makes_it_doubtful),
		TEST(broken_programs_are_refused_with_the_reason),
		TEST(program_headers_at_the_beginning_of_the_file_are_refused),
		TEST(an_interpreter_that_others_can_write_is_not_run),
		TEST(a_program_that_others_can_write_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
