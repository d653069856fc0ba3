// SPDX-License-Identifier: GPL-2.0-only
/* user/annotations.c: a typing error is never taken for nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "annotations.h"
#include "engine.h"

static struct sn_options options;
static struct sn_err err;

static int take(const char *config)
{
	struct sn_bundle bundle = {};
	int ret;

	sn_options_free(&options);
	err.text[0] = '\0';
	describe(&bundle, config);
	ret = sn_annotations_read(&bundle, &options, &err);
	if (!ret)
		ret = sn_container_options_check(&options, &err);
	sn_bundle_free(&bundle);
	return ret;
}

static void refused(const char *config, const char *text)
{
	assert_int_equal(take(config), -EINVAL);
	if (!strstr(err.text, text))
		fail_msg("not for '%s': %s", text, err.text);
}

static void annotations_are_the_options_by_name(void **state)
{
	assert_int_equal(take(NOTES("\"safenode.safe-mode\":\"true\","
				    "\"safenode.restricted-outgoing-addresses\":\"10.0.0.0/8,::1\","
				    "\"safenode.allowed-outgoing-ports\":\"53,8000-8100\","
				    "\"safenode.allowed-listen-ports\":\"8080\","
				    "\"safenode.read-only\":\"/config,/data\","
				    "\"safenode.read-write\":\"/cache\","
				    "\"safenode.native-code\":\"/opt/addons\","
				    "\"safenode.tenant\":\"shop\",\"other.safe-mode\":\"maybe\"")),
			 0);
	assert_true(options.safe_mode);
	assert_int_equal(options.restricted.nr, 2);
	assert_int_equal(options.outgoing.nr, 2);
	assert_int_equal(options.listen.nr, 1);
	assert_true(options.restrict_listen);
	assert_int_equal(options.nr_read_only, 2);
	assert_string_equal(options.read_only[1], "/data");
	assert_string_equal(options.read_write[0], "/cache");
	assert_string_equal(options.native_code[0], "/opt/addons");
}

static void blanks_part_a_list_as_commas_do(void **state)
{
	assert_int_equal(take(NOTES("\"safenode.safe-mode\":\"true\","
				    "\"safenode.restricted-outgoing-addresses\":\"10.0.0.0/8 ::1\","
				    "\"safenode.allowed-outgoing-ports\":\"53 80,8000-8100\"")),
			 0);
	assert_int_equal(options.restricted.nr, 2);
	assert_int_equal(options.outgoing.nr, 3);
	refused(NOTES("\"safenode.allowed-outgoing-ports\":\"53, 80\""), "allowed-outgoing-ports");
	refused(NOTES("\"safenode.allowed-outgoing-ports\":\"53 \""), "allowed-outgoing-ports");
	refused(NOTES("\"safenode.restricted-outgoing-addresses\":\" ::1\""),
		"restricted-outgoing-addresses");
}

static void without_any_nothing_is_said(void **state)
{
	assert_int_equal(take(CONFIG("", "")), 0);
	assert_false(options.safe_mode);
	assert_int_equal(take(NOTES("\"a\":\"b\"")), 0);
	assert_false(options.safe_mode);
}

static void what_is_not_known_is_refused(void **state)
{
	refused(NOTES("\"safenode.safemode\":\"true\""), "unknown annotation 'safenode.safemode'");
	refused(NOTES("\"safenode.observe\":\"true\""), "unknown annotation");
	refused(NOTES("\"safenode.memory-max\":\"64M\""), "unknown annotation");
	refused(NOTES("\"safenode.user\":\"root\""), "unknown annotation");
	refused(NOTES("\"safenode.\":\"\""), "unknown annotation");
}

static void wrong_values_are_refused(void **state)
{
	refused(NOTES("\"safenode.safe-mode\":\"false\""), "safenode.safe-mode");
	refused(NOTES("\"safenode.safe-mode\":true"), "is no text");
	refused(NOTES("\"safenode.safe-mode\":\"\""), "safenode.safe-mode");
	refused(NOTES("\"safenode.allowed-outgoing-ports\":\"http\""), "allowed-outgoing-ports");
	refused(NOTES("\"safenode.restricted-outgoing-addresses\":\"10.0.0.1/8\""), "restricted");
	refused(NOTES("\"safenode.restricted-outgoing-addresses\":\"self\""), "'self'");
	refused(NOTES("\"safenode.read-only\":\"config\""), "read-only 'config'");
	refused(NOTES("\"safenode.read-only\":\"/config,,/x\""), "safenode.read-only");
	refused(NOTES("\"safenode.read-write\":\"/config/../x\""), "read-write");
	refused(NOTES("\"safenode.native-code\":\"/\""), "native-code");
}

static int end(void **state)
{
	sn_options_free(&options);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(annotations_are_the_options_by_name),
		cmocka_unit_test(blanks_part_a_list_as_commas_do),
		cmocka_unit_test(without_any_nothing_is_said),
		cmocka_unit_test(what_is_not_known_is_refused),
		cmocka_unit_test(wrong_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
