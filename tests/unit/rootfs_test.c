// SPDX-License-Identifier: GPL-2.0-only
/* user/rootfs.c: of an image, and of what is mounted in it, what is granted and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "identity.h"
#include "rootfs.h"
#include "scratch.h"

#define LOOK (SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ)

static struct sn_bundle bundle;
static struct sn_options options;
static struct sn_gathered named;
static __u32 layers;
static struct sn_err err;

static void make_dirs(void)
{
	static const char *const dirs[] = { "r",	 "r/usr",  "r/usr/bin",
					    "r/usr/lib", "r/app",  "r/app/node_modules",
					    "r/opt",	 "r/data", "r/proc" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_return_code(mkdir(at(dirs[i]), 0755), errno);
	make_script("r/usr/bin/node", "x");
	make_script("r/app/run", "x");
	make_script("r/opt/tool", "x");
	assert_return_code(symlink("usr/bin", at("r/bin")), errno);
	assert_return_code(symlink("/app", at("r/link")), errno);
	assert_return_code(symlink("../../app/run", at("r/usr/bin/trap")), errno);
	assert_return_code(symlink("/opt/tool", at("r/usr/bin/tool")), errno);
}

static int begin(void **state)
{
	struct sn_inode id;

	if (scratch_begin(state))
		return -1;
	make_dirs();
	bundle = (struct sn_bundle){
		.pid = getpid(),
		.directory = base,
		.rootfs = "r",
		.cwd = "/app",
		.program = "node",
		.path = "/usr/local/bin:/usr/bin",
	};
	options = (struct sn_options){ .directory = strdup("/app") };
	named = SN_GATHERED(&options);
	layers = 1;
	return identify(base, &id, NULL) && !getenv("SAFENODE_MUST_RUN") ? 1 : 0;
}

static int end(void **state)
{
	sn_gathered_free(&named);
	sn_options_free(&options);
	return scratch_end(state);
}

static int gather(void)
{
	sn_autoclose int root = sn_rootfs_open(&bundle, &err);

	err.text[0] = '\0';
	assert_return_code(root, errno);
	return sn_rootfs_gather(root, &bundle, &named, &layers, &err);
}

static void refused(const char *text)
{
	assert_int_equal(gather(), -EINVAL);
	if (!strstr(err.text, text))
		fail_msg("not for '%s': %s", text, err.text);
}

static void lives_in(const char *cwd)
{
	free(options.directory);
	options.directory = strdup(cwd);
	bundle.cwd = cwd;
}

/* What is granted below that directory of the image; 0: it has no rule. */
static __u32 below(const char *path)
{
	for (size_t i = 0; i < named.own.nr_directories; i++)
		if (!strcmp(named.own.directories[i].rule.path, path))
			return named.own.directories[i].rule.below;
	return 0;
}

static __u32 on_file(const char *path)
{
	for (size_t i = 0; i < named.own.nr_names; i++)
		if (!strcmp(named.own.names[i].rule.path, path))
			return named.own.names[i].rule.access;
	return 0;
}

static void an_image_is_read_and_its_code_mapped(void **state)
{
	struct sn_inode id;

	assert_int_equal(gather(), 0);
	assert_int_equal(below("/"), LOOK);
	assert_int_equal(below("/usr/bin"), LOOK | SN_MAY_MAP | SN_MAY_START);
	assert_int_equal(below("/usr/lib"), LOOK | SN_MAY_MAP);
	assert_int_equal(below("/bin"), 0); /* a link to that */
	assert_int_equal(below("/opt"), 0);
	assert_int_equal(layers, 0);
	assert_int_equal(identify(at("r/app"), &id, NULL), 0);
	assert_memory_equal(&named.dir, &id, sizeof(id));
	assert_string_equal(named.directory, "/app");
	for (size_t i = 0; i < named.own.nr_directories; i++)
		assert_false((named.own.directories[i].rule.access |
			      named.own.directories[i].rule.below) &
			     (SN_MAY_WRITE | SN_MAY_CHANGE));
}

static void a_program_may_be_anywhere_in_the_image(void **state)
{
	bundle.program = "/opt/tool";
	assert_int_equal(gather(), 0);
	assert_int_equal(on_file("/opt/tool"),
			 SN_MAY_STAT | SN_MAY_READ | SN_MAY_MAP | SN_MAY_START);
}

static void a_program_is_where_its_link_leads(void **state)
{
	bundle.program = "tool";
	assert_int_equal(gather(), 0);
	assert_int_equal(on_file("/opt/tool"),
			 SN_MAY_STAT | SN_MAY_READ | SN_MAY_MAP | SN_MAY_START);
}

static void a_program_that_is_not_there_is_the_runtimes_to_say(void **state)
{
	bundle.program = "none";
	assert_int_equal(gather(), 0);
	bundle.path = NULL;
	sn_gathered_free(&named);
	named = SN_GATHERED(&options);
	assert_int_equal(gather(), 0);
}

static void no_program_comes_from_the_working_directory(void **state)
{
	static const char *const programs[] = { "/app/run", "./run", "trap", "/link/run" };

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		sn_gathered_free(&named);
		named = SN_GATHERED(&options);
		bundle.program = programs[i];
		refused("is in the working directory");
	}
}

static void no_link_is_followed_for_what_is_granted(void **state)
{
	lives_in("/link");
	refused("symbolic link");
	lives_in("/app");
	sn_gathered_free(&named);
	named = SN_GATHERED(&options);
	options.read_only[options.nr_read_only++] = strdup("/link/node_modules");
	refused("symbolic link");
}

static void extra_paths_are_granted(void **state)
{
	options.read_only[options.nr_read_only++] = strdup("/data");
	options.native_code[options.nr_native_code++] = strdup("/opt");
	assert_int_equal(gather(), 0);
	assert_int_equal(below("/data"), LOOK);
	assert_int_equal(below("/opt"), LOOK | SN_MAY_MAP);
}

static void what_can_be_changed_is_no_code(void **state)
{
	static const char *const dirs[] = { "/usr", "/usr/bin", "/usr/lib/app", "/lib" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		lives_in(dirs[i]);
		refused("its code may come from");
	}
	lives_in("/app");
	options.read_write[options.nr_read_write++] = strdup("/opt/x");
	options.native_code[options.nr_native_code++] = strdup("/opt");
	refused("its code may come from '/opt'");
}

static void native_code_is_of_the_image(void **state)
{
	options.native_code[options.nr_native_code++] = strdup("/none");
	refused("native-code '/none'");
	free(options.native_code[0]);
	options.native_code[0] = strdup("/link");
	refused("native-code '/link'");
}

static void a_root_that_is_not_there_is_an_error(void **state)
{
	bundle.rootfs = "none";
	assert_int_equal(sn_rootfs_open(&bundle, &err), -ENOENT);
	assert_non_null(strstr(err.text, "container's root"));
	bundle.rootfs = at("r");
	close(sn_rootfs_open(&bundle, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_is_read_and_its_code_mapped),
		TEST(a_program_may_be_anywhere_in_the_image),
		TEST(a_program_is_where_its_link_leads),
		TEST(a_program_that_is_not_there_is_the_runtimes_to_say),
		TEST(no_program_comes_from_the_working_directory),
		TEST(no_link_is_followed_for_what_is_granted),
		TEST(extra_paths_are_granted),
		TEST(what_can_be_changed_is_no_code),
		TEST(native_code_is_of_the_image),
		TEST(a_root_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
