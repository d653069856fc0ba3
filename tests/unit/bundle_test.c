// SPDX-License-Identifier: GPL-2.0-only
/* user/bundle.c: what engines write, and what cannot be a tenant. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine.h"
#include "scratch.h"

static void the_state_is_read(void **state)
{
	struct sn_bundle bundle = {};

	assert_int_equal(sn_bundle_state(&bundle, STATE, NULL), 0);
	assert_string_equal(bundle.id, "c1");
	assert_string_equal(bundle.directory, "/run/b");
	assert_int_equal(bundle.pid, 42);
	sn_bundle_free(&bundle);
	/* after the end there is no process */
	assert_int_equal(sn_bundle_state(&bundle, "{\"id\":\"a\",\"bundle\":\"/b\"}", NULL), 0);
	assert_int_equal(bundle.pid, 0);
	sn_bundle_free(&bundle);
}

static void what_is_no_state_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{",
		"{} {}",
		"{\"id\":\"a\"}",
		"{\"id\":\"\",\"bundle\":\"/b\"}",
		"{\"id\":\"a\",\"bundle\":\"b\"}",
		"{\"id\":1,\"bundle\":\"/b\"}",
		"{\"id\":\"a\\u0000b\",\"bundle\":\"/b\"}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":-1}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":4294967297}",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sn_bundle bundle = {};
		struct sn_err err = {};

		if (sn_bundle_state(&bundle, wrong[i], &err) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
		assert_non_null(strstr(err.text, "no state of a container"));
		sn_bundle_free(&bundle);
	}
}

static void the_command_and_its_place_are_read(void **state)
{
	struct sn_bundle bundle = {};

	describe(&bundle, CONFIG(",\"terminal\":true,\"env\":[\"A=1\",\"PATH=/x:/y\"]", ""));
	assert_string_equal(bundle.rootfs, "rootfs");
	assert_string_equal(bundle.cwd, "/app");
	assert_string_equal(bundle.program, "node");
	assert_string_equal(bundle.path, "/x:/y");
	assert_true(bundle.terminal);
	assert_int_equal(sn_bundle_check(&bundle, NULL), 0);
	sn_bundle_free(&bundle);
	describe(&bundle, CONFIG("", ""));
	assert_null(bundle.path);
	assert_false(bundle.terminal);
	sn_bundle_free(&bundle);
}

/* An image, and whoever writes a pod's annotations, may claim it by any other key */
static void a_pods_sandbox_is_what_the_engines_own_annotation_says(void **state)
{
	struct sn_bundle bundle = {};

	describe(&bundle, NOTES("\"a\":\"sandbox\",\"b\":\"container\",\"c\":1"));
	assert_true(sn_bundle_is_sandbox(&bundle, "a"));
	assert_false(sn_bundle_is_sandbox(&bundle, "b"));
	assert_false(sn_bundle_is_sandbox(&bundle, "c"));
	assert_false(sn_bundle_is_sandbox(&bundle, "d"));
	assert_false(sn_bundle_is_sandbox(&bundle, NULL));
	sn_bundle_free(&bundle);
}

static void config_is_read_where_the_state_says(void **state)
{
	struct sn_bundle bundle = {};
	struct sn_err err = {};
	char text[128];

	snprintf(text, sizeof(text), "{\"id\":\"a\",\"bundle\":\"%s\"}", base);
	assert_int_equal(sn_bundle_state(&bundle, text, NULL), 0);
	assert_int_equal(sn_bundle_read(&bundle, &err), -ENOENT);
	assert_non_null(strstr(err.text, "config.json"));
	make_script("config.json", "{}");
	assert_int_equal(sn_bundle_read(&bundle, &err), -EINVAL);
	sn_bundle_free(&bundle);
	assert_int_equal(sn_bundle_state(&bundle, text, NULL), 0);
	make_script("config.json", CONFIG("", ""));
	assert_int_equal(sn_bundle_read(&bundle, &err), 0);
	sn_bundle_free(&bundle);
}

/* Nothing says what such a container is to have: it is not taken for one without annotations. */
static void annotations_that_are_no_object_are_refused(void **state)
{
	static const char *const others[] = { "[]", "\"safenode.safe-mode\"", "true", "1" };
	char text[256];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct sn_bundle bundle = {};
		struct sn_err err = {};

		snprintf(text, sizeof(text), CONFIG("", ",\"annotations\":%s"), others[i]);
		assert_int_equal(sn_bundle_config(&bundle, text, &err), -EINVAL);
		assert_non_null(strstr(err.text, "annotations"));
		sn_bundle_free(&bundle);
	}
}

/* @text is in the reason. */
static void refused(const char *config, const char *text)
{
	struct sn_bundle bundle = {};
	struct sn_err err = {};

	describe(&bundle, config);
	assert_int_equal(sn_bundle_check(&bundle, &err), -EINVAL);
	if (!strstr(err.text, text))
		fail_msg("not for '%s': %s", text, err.text);
	sn_bundle_free(&bundle);
}

#define AT(cwd, more)                                                                              \
	"{\"root\":{\"path\":\"r\"},\"process\":{\"args\":[\"node\"],\"cwd\":\"" cwd "\"" more "}" \
	"}"

static void what_cannot_be_a_tenant_is_refused(void **state)
{
	refused(AT("/", ",\"noNewPrivileges\":true"), "is '/'");
	refused(AT("/app/../x", ",\"noNewPrivileges\":true"), "no plain path");
	refused(AT("app", ",\"noNewPrivileges\":true"), "no plain path");
	refused(AT("/app", ""), "no_new_privs");
	refused(AT("/app", ",\"noNewPrivileges\":false"), "no_new_privs");
	refused(CONFIG(",\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_SYS_ADMIN\"]}", ""),
		"CAP_SYS_ADMIN");
	refused(CONFIG(",\"capabilities\":{\"ambient\":[\"cap_sys_admin\"]}", ""), "CAP_SYS_ADMIN");
	refused(CONFIG("", ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"user\"}]}"),
		"user namespace");
	refused(CONFIG("", ",\"hooks\":{\"createContainer\":[{\"path\":\"/bin/x\"}]}"),
		"createContainer");
	refused(CONFIG("", ",\"hooks\":{\"startContainer\":[{\"path\":\"/bin/x\"}]}"),
		"startContainer");
}

static void what_engines_write_is_taken(void **state)
{
	struct sn_bundle bundle = {};

	describe(&bundle,
		 CONFIG(",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"]}",
			",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"cgroup\"}]},"
			"\"hooks\":{\"createRuntime\":[{\"path\":\"/x\"}],\"startContainer\":[]}"));
	assert_int_equal(sn_bundle_check(&bundle, NULL), 0);
	sn_bundle_free(&bundle);
}

static void a_plain_path_has_no_way_back(void **state)
{
	static const char *const plain[] = { "/a", "/a/b", "/.a", "/...", "/a/..b" };
	static const char *const others[] = { "",     "a",    "/",	 "//",	"/a/", "/a//b",
					      "/./a", "/a/.", "/a/../b", "/..", "./a" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (!sn_path_is_plain(plain[i]))
			fail_msg("not plain: %s", plain[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (sn_path_is_plain(others[i]))
			fail_msg("plain: %s", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_is_read),
		cmocka_unit_test(what_is_no_state_is_refused),
		cmocka_unit_test(the_command_and_its_place_are_read),
		cmocka_unit_test(a_pods_sandbox_is_what_the_engines_own_annotation_says),
		cmocka_unit_test_setup_teardown(config_is_read_where_the_state_says, scratch_begin,
						scratch_end),
		cmocka_unit_test(annotations_that_are_no_object_are_refused),
		cmocka_unit_test(what_cannot_be_a_tenant_is_refused),
		cmocka_unit_test(what_engines_write_is_taken),
		cmocka_unit_test(a_plain_path_has_no_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
