// SPDX-License-Identifier: GPL-2.0-only
/* user/command.c: commands of every shape, and those that could not start as a tenant. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "scratch.h"

static char *cat; /* the ELF file behind /bin/cat */
static char *sh;  /* and behind /bin/sh */

/* The directory of the test is first in $PATH. */
static int setup(void **state)
{
	char path[256];

	cat = realpath("/bin/cat", NULL);
	sh = realpath("/bin/sh", NULL);
	if (!cat || !sh || scratch_begin(state))
		return -1;
	snprintf(path, sizeof(path), "%s:/usr/local/bin:/usr/bin:/bin", base);
	return setenv("PATH", path, 1);
}

static int teardown(void **state)
{
	free(cat);
	free(sh);
	setenv("PATH", "/usr/bin:/bin", 1);
	return scratch_end(state);
}

/* ---- file capabilities, which need root and a file system that has them: in place of both ---- */

static struct vfs_ns_cap_data caps;
static ssize_t caps_size; /* 0: none */
static unsigned long mount_flags;

ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	assert_string_equal(name, "security.capability");
	if (!caps_size) {
		errno = ENODATA;
		return -1;
	}
	assert_true(size >= (size_t)caps_size);
	memcpy(value, &caps, caps_size);
	return caps_size;
}

int statvfs(const char *path, struct statvfs *fs)
{
	*fs = (struct statvfs){ .f_flag = mount_flags };
	return 0;
}

/* Up to four arguments, then what must come out: argv, joined with '|'. */
static void expect(const char *path, const char *argv, const char *const words[])
{
	struct sn_command command;
	struct sn_err err = {};
	char joined[1024] = "";

	if (sn_command_resolve(&command, (char *const *)words, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; command.argv[i]; i++) {
		strcat(joined, i ? "|" : "");
		strcat(joined, command.argv[i]);
	}
	assert_string_equal(command.path, path);
	assert_string_equal(joined, argv);
	sn_command_free(&command);
	assert_null(command.argv);
}
#define EXPECT(path, argv, ...) expect(path, argv, (const char *const[]){ __VA_ARGS__, NULL })

static void refuse(int error, const char *reason, const char *const words[])
{
	struct sn_command command;
	struct sn_err err = {};

	assert_int_equal(sn_command_resolve(&command, (char *const *)words, &err), -error);
	if (!strstr(err.text, reason))
		fail_msg("'%s' is not in '%s'", reason, err.text);
	assert_null(command.argv);
	assert_null(command.path);
}
#define REFUSE(error, reason, ...) \
	refuse(error, reason, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static void a_program_is_found_in_path_and_keeps_its_name(void **state)
{
	assert_return_code(mkdir(at("tool"), 0755), errno); /* not a program */
	EXPECT(sh, "/bin/sh|-c|x", "/bin/sh", "-c", "x");
	EXPECT(sh, "sh", "sh");
	assert_return_code(symlink("/bin/sh", at("other")), errno);
	EXPECT(sh, "other|a b||c", "other", "a b", "", "c");
	REFUSE(ENOENT, "'tool' is not an executable file in $PATH", "tool");
	REFUSE(ENOENT, "'/no/such' is not an executable file", "/no/such");
	REFUSE(ENOENT, "'/etc/passwd' is not", "/etc/passwd");
	REFUSE(ENOENT, "''", "");
	REFUSE(EINVAL, "no program");
	unsetenv("PATH");
	EXPECT(sh, "sh", "sh");
}

static void an_empty_path_element_is_the_current_directory(void **state)
{
	char argv[256];

	assert_return_code(chdir(base), errno);
	make_script("here", "#!/bin/cat\n");
	setenv("PATH", "/nowhere:", 1);
	snprintf(argv, sizeof(argv), "/bin/cat|%s", at("./here"));
	EXPECT(cat, argv, "here");
	assert_return_code(chdir("/"), errno);
	REFUSE(ENOENT, "here", "here");
}

static void a_script_becomes_its_interpreter(void **state)
{
	char argv[256];

	make_script("plain", "#!/bin/cat\n");
	snprintf(argv, sizeof(argv), "/bin/cat|%s|x", at("plain"));
	EXPECT(cat, argv, "plain", "x");
	EXPECT(cat, argv, at("plain"), "x");
	make_script("spaces", "#! \t /bin/cat \t -e  -u \t \n");
	snprintf(argv, sizeof(argv), "/bin/cat|-e  -u|%s", at("spaces"));
	EXPECT(cat, argv, "spaces"); /* one argument, as the kernel passes it */
	make_script("bare", "#!/bin/cat");
	snprintf(argv, sizeof(argv), "/bin/cat|%s", at("bare"));
	EXPECT(cat, argv, "bare");
	assert_return_code(symlink("bare", at("link")), errno);
	snprintf(argv, sizeof(argv), "/bin/cat|%s", at("link"));
	EXPECT(cat, argv, "link"); /* $0 is the link */
	assert_return_code(chdir(base), errno);
	snprintf(argv, sizeof(argv), "/bin/cat|%s", at("./bare"));
	EXPECT(cat, argv, "./bare"); /* absolute: the tenant starts elsewhere */
	assert_return_code(chdir("/"), errno);
}

static void env_is_looked_through(void **state)
{
	char argv[256];

	make_script("e1", "#!/usr/bin/env cat\n");
	snprintf(argv, sizeof(argv), "cat|%s|x", at("e1"));
	EXPECT(cat, argv, "e1", "x");
	make_script("e2", "#!/usr/bin/env -S  cat -e  -u\n");
	snprintf(argv, sizeof(argv), "cat|-e|-u|%s|x", at("e2"));
	EXPECT(cat, argv, "e2", "x");
	EXPECT(cat, "cat|x", "env", "cat", "x");
	EXPECT(cat, "cat|x", "/usr/bin/env", "env", "cat", "x");
	make_script("e3", "#!/usr/bin/env -S A=1 cat\n");
	REFUSE(EINVAL, "'env A=1'", "e3");
	make_script("e4", "#!/usr/bin/env -S cat '-e'\n");
	REFUSE(EINVAL, "only plain words", "e4");
	make_script("e5", "#!/usr/bin/env cat -e\n"); /* one argument with a space, to env */
	REFUSE(ENOENT, "'cat -e'", "e5");
	REFUSE(EINVAL, "'env -i'", "env", "-i", "cat");
	REFUSE(EINVAL, "which program?", "env");
	REFUSE(EINVAL, "'env '", "env", "-S");
}

static void interpreters_may_be_scripts_up_to_four_deep(void **state)
{
	char line[256], argv[512];

	make_script("s1", "#!/bin/cat -1\n");
	for (int i = 2; i <= 5; i++) {
		char name[4], before[4];

		snprintf(name, sizeof(name), "s%d", i);
		snprintf(before, sizeof(before), "s%d", i - 1);
		snprintf(line, sizeof(line), "#!%s -%d\n", at(before), i);
		make_script(name, line);
	}
	snprintf(argv, sizeof(argv), "/bin/cat|-1|%s|-2|%s|a", at("s1"), at("s2"));
	EXPECT(cat, argv, "s2", "a");
	snprintf(argv, sizeof(argv), "/bin/cat|-1|%s|-2|%s|-3|%s|-4|%s", at("s1"), at("s2"),
		 at("s3"), at("s4"));
	EXPECT(cat, argv, "s4");
	REFUSE(EINVAL, "too many interpreters", "s5");
	snprintf(line, sizeof(line), "#!%s\n", at("self"));
	make_script("self", line);
	REFUSE(EINVAL, "too many interpreters", "self");
}

static void what_the_kernel_would_not_start_is_refused(void **state)
{
	char line[400];

	make_script("text", "echo no first line\n");
	REFUSE(EINVAL, "neither an ELF file nor a script", "text");
	make_script("empty", "");
	REFUSE(EINVAL, "neither", "empty");
	make_script("none", "#! \t\n/bin/cat\n");
	REFUSE(EINVAL, "names no interpreter", "none");
	make_script("dos", "#!/bin/cat\r\n");
	REFUSE(ENOENT, "/bin/cat\r", "dos");
	make_script("gone", "#!/no/such/interpreter\n");
	REFUSE(ENOENT, "/no/such/interpreter", "gone");
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/bin/cat ", 11);
	line[sizeof(line) - 1] = '\0';
	make_script("long", line);
	REFUSE(EINVAL, "longer than the kernel reads", "long");
}

/* ---- what could not start as a tenant ---- */

static void a_script_for_a_shell_is_refused_by_its_name(void **state)
{
	static const char *const lines[] = { "#!/bin/sh\n", "#!/bin/sh -e\n", "#!/usr/bin/env sh\n",
					     "#!/usr/bin/env -S bash -e\n" };
	static const char *const shells[] = {
		"dash", "ash", "ksh", "mksh", "zsh", "fish", "busybox"
	};
	char line[300];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		make_script("node", lines[i]);
		REFUSE(EINVAL, "/node' is a script for '", "node", "app.js");
		REFUSE(EINVAL, "name node itself, which 'node -p process.execPath' prints", "node");
		REFUSE(EINVAL, "/node' is a script for '", "env", "node");
	}
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		assert_return_code(symlink("/bin/sh", at(shells[i])), errno);
		snprintf(line, sizeof(line), "#!%s sh\n", at(shells[i]));
		make_script("node", line);
		REFUSE(EINVAL, "/node' is a script for '", "node");
	}
	/* where it is the interpreter, it is at fault, and not what it would interpret */
	make_script("app", "#!/usr/bin/env node\n");
	REFUSE(EINVAL, "/node' is a script for '", "app");
	snprintf(line, sizeof(line), "#!%s\n", at("node"));
	make_script("app", line);
	REFUSE(EINVAL, "/node' is a script for '", "app");
	/* what the operator writes out may be a shell */
	EXPECT(sh, "sh|node", "sh", "node");
}

static void a_link_with_nodes_name_leads_to_a_node(void **state)
{
	char real[256];

	assert_return_code(symlink(cat, at("node")), errno); /* of a version manager */
	REFUSE(EINVAL, "/node' is a link to '", "node", "app.js");
	REFUSE(EINVAL, "/node' is a link to '", at("node"));
	assert_return_code(rename(at("node"), at("nodejs")), errno);
	REFUSE(EINVAL, "/nodejs' is a link to '", "nodejs");
	assert_return_code(mkdir(at("opt"), 0755), errno);
	make_program("opt/node-22", ELFMAG, SELFMAG);
	assert_return_code(symlink("opt/node-22", at("node")), errno);
	snprintf(real, sizeof(real), "%s", at("opt/node-22"));
	EXPECT(real, "node|app.js", "node", "app.js");
}

static void assert_script(const char *word, const char *path, const char *whole)
{
	char *words[] = { (char *)word, NULL };
	struct sn_command command;
	struct sn_err err = {};

	if (sn_command_resolve(&command, words, &err))
		fail_msg("%s", err.text);
	assert_int_equal(command.nr_scripts, 1);
	assert_string_equal(command.scripts[0].path, path);
	assert_string_equal(command.scripts[0].whole, whole);
	sn_command_free(&command);
}

static void the_scripts_are_known_with_what_they_belong_to(void **state)
{
	static const char *const dirs[] = { "lib", "lib/node_modules", "lib/node_modules/app",
					    "lib/node_modules/@scope",
					    "lib/node_modules/@scope/tool" };
	struct sn_command command;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_return_code(mkdir(at(dirs[i]), 0755), errno);
	make_script("plain", "#!/bin/cat\n");
	assert_script(at("plain"), at("plain"), at("plain"));
	assert_script("plain", at("plain"), at("plain"));
	make_script("lib/node_modules/app/cli.js", "#!/bin/cat\n");
	assert_return_code(symlink("lib/node_modules/app/cli.js", at("app")), errno);
	assert_script("app", at("app"), at("lib/node_modules/app"));
	make_script("lib/node_modules/@scope/tool/cli.js", "#!/bin/cat\n");
	assert_return_code(symlink("lib/node_modules/@scope/tool/cli.js", at("tool")), errno);
	assert_script("tool", at("tool"), at("lib/node_modules/@scope/tool"));
	assert_int_equal(sn_command_resolve(&command, (char *[]){ (char *)"cat", NULL }, NULL), 0);
	assert_int_equal(command.nr_scripts, 0);
	sn_command_free(&command);
}

static void a_file_that_is_no_program_is_told_from_none(void **state)
{
	make_script("tool", "#!/bin/cat\n");
	assert_return_code(chmod(at("tool"), 0644), errno);
	REFUSE(ENOENT,
	       "/tool' is not an executable file: it has no permission to execute; chmod +x",
	       at("tool"));
	REFUSE(ENOENT, "/tool' has no permission to execute; chmod +x it", "tool");
	/* a later one in $PATH is found */
	make_script("cat", "");
	assert_return_code(chmod(at("cat"), 0644), errno);
	EXPECT(cat, "cat", "cat");
}

/* security/commoncap.c bprm_caps_from_vfs_caps(): EPERM with the effective bit alone */
static void file_capabilities_are_refused_where_the_kernel_would_refuse(void **state)
{
	const __u32 bind = 1U << CAP_NET_BIND_SERVICE;

	caps = (struct vfs_ns_cap_data){ .magic_etc = VFS_CAP_REVISION_2,
					 .data[0].permitted = bind };
	caps_size = XATTR_CAPS_SZ_2;
	EXPECT(cat, "cat", "cat"); /* +p */
	caps.magic_etc |= VFS_CAP_FLAGS_EFFECTIVE;
	REFUSE(EINVAL, "setcap -r it, or name a copy without them", "cat"); /* +ep */
	REFUSE(EINVAL, "--keep-fd, or set net.ipv4.ip_unprivileged_port_start", "cat");
	mount_flags = ST_NOSUID;
	EXPECT(cat, "cat", "cat"); /* they do not count */
	mount_flags = ST_NOEXEC | ST_RDONLY;
	REFUSE(EINVAL, "setcap -r it", "cat");
	caps.data[0] = (typeof(caps.data[0])){ .inheritable = bind };
	REFUSE(EINVAL, "setcap -r it", "cat"); /* +ei */
	caps.data[1].permitted = 1U << (CAP_BPF - 32);
	REFUSE(EINVAL, "setcap -r it", "cat");
	caps.magic_etc = VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE;
	caps_size = XATTR_CAPS_SZ_3;
	REFUSE(EINVAL, "setcap -r it", "cat");
	caps.rootid = 100000; /* for the root of another user namespace */
	EXPECT(cat, "cat", "cat");
	caps_size = 0;
	mount_flags = 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_program_is_found_in_path_and_keeps_its_name),
		TEST(an_empty_path_element_is_the_current_directory),
		TEST(a_script_becomes_its_interpreter),
		TEST(env_is_looked_through),
		TEST(interpreters_may_be_scripts_up_to_four_deep),
		TEST(what_the_kernel_would_not_start_is_refused),
		TEST(a_script_for_a_shell_is_refused_by_its_name),
		TEST(a_link_with_nodes_name_leads_to_a_node),
		TEST(the_scripts_are_known_with_what_they_belong_to),
		TEST(a_file_that_is_no_program_is_told_from_none),
		TEST(file_capabilities_are_refused_where_the_kernel_would_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
