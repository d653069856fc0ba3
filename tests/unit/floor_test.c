// SPDX-License-Identifier: GPL-2.0-only
/* user/floor.c: what a container asks for is as narrow as the node's own policy. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "floor.h"
#include "scratch.h"

static struct sn_options options;
static struct sn_err err;

/* "name value" lines. */
static int read_lines(struct sn_options *into, const char *lines)
{
	make_script("lines", lines);
	return sn_cli_parse_file(sn_container_opts, at("lines"), into, &err);
}

static int apply(const char *floor, const char *asked)
{
	struct sn_options least = {};
	int ret;

	sn_options_free(&options);
	err.text[0] = '\0';
	make_script("floor", floor);
	assert_int_equal(chmod(at("floor"), 0644), 0);
	ret = sn_floor_read(&least, at("floor"), &err);
	if (!ret)
		ret = read_lines(&options, asked);
	if (!ret)
		ret = sn_floor_apply(&least, &options, &err);
	sn_options_free(&least);
	return ret;
}

static void refused(const char *floor, const char *asked, const char *text)
{
	assert_int_equal(apply(floor, asked), -EINVAL);
	if (!strstr(err.text, text))
		fail_msg("not for '%s': %s", text, err.text);
}

#define FLOOR                                                                 \
	"safe-mode\nrestricted-outgoing-addresses 10.0.0.0/8,fd00::/8\n"      \
	"allowed-outgoing-ports 53,443-500\nallowed-listen-ports 8000-9000\n" \
	"read-only /config\nread-write /cache\nnative-code /opt\n"

static void no_file_is_no_floor(void **state)
{
	struct sn_options least = {};

	assert_int_equal(sn_floor_read(&least, at("missing"), &err), 0);
	assert_false(least.safe_mode);
	sn_options_free(&options);
	assert_int_equal(read_lines(&options, "safe-mode\nread-write /anything"), 0);
	assert_int_equal(sn_floor_apply(&least, &options, &err), 0);
}

static void who_says_nothing_gets_the_floor(void **state)
{
	assert_int_equal(apply(FLOOR, ""), 0);
	assert_true(options.safe_mode);
	assert_int_equal(options.restricted.nr, 2);
	assert_int_equal(options.outgoing.nr, 2);
	assert_true(options.restrict_listen);
	assert_int_equal(options.listen.nr, 1);
	/* these are there to be asked for */
	assert_int_equal(options.nr_read_only + options.nr_read_write + options.nr_native_code, 0);
}

static void what_is_narrower_is_taken(void **state)
{
	assert_int_equal(apply(FLOOR,
			       "safe-mode\nrestricted-outgoing-addresses 0.0.0.0/0,fd00::/8\n"
			       "allowed-outgoing-ports 444-450\nallowed-listen-ports 8080\n"
			       "read-only /config/a\nread-only /cache/b\n"
			       "read-write /cache\nnative-code /opt/x"),
			 0);
	assert_int_equal(options.outgoing.nr, 1);
	assert_int_equal(options.nr_read_only, 2);
	/* and what the floor says nothing of */
	assert_int_equal(apply("safe-mode", "restricted-outgoing-addresses ::/0\n"
					    "allowed-outgoing-ports 1-65535\n"
					    "allowed-listen-ports 80"),
			 0);
}

static void what_is_wider_is_refused(void **state)
{
	refused(FLOOR, "restricted-outgoing-addresses 10.0.0.0/8", "leaves out fd00::/8");
	refused(FLOOR, "restricted-outgoing-addresses 10.0.0.0/9,fd00::/8",
		"leaves out 10.0.0.0/8");
	refused(FLOOR, "restricted-outgoing-addresses 11.0.0.0/8,fd00::/8",
		"leaves out 10.0.0.0/8");
	refused(FLOOR, "allowed-outgoing-ports 80", "80 is not among");
	refused(FLOOR, "allowed-outgoing-ports 53-54", "54 is not among");
	refused(FLOOR, "allowed-outgoing-ports 443-501", "501 is not among");
	refused(FLOOR, "allowed-listen-ports 7999-8001", "7999 is not among");
	refused(FLOOR, "read-only /configs", "/configs");
	refused(FLOOR, "read-only /", "'/'");
	refused(FLOOR, "read-write /config", "read-write");
	refused(FLOOR, "native-code /srv", "native-code");
	refused("safe-mode", "read-only /x", "read-only");
}

static void prefixes_are_compared_to_the_bit(void **state)
{
	assert_int_equal(apply("safe-mode\nrestricted-outgoing-addresses 10.128.0.0/9",
			       "restricted-outgoing-addresses 10.0.0.0/8"),
			 0);
	assert_int_equal(apply("safe-mode\nrestricted-outgoing-addresses 10.0.0.0/8",
			       "restricted-outgoing-addresses ::/0"),
			 0);
	refused("safe-mode\nrestricted-outgoing-addresses 10.0.0.0/10",
		"restricted-outgoing-addresses 10.128.0.0/9", "leaves out");
}

static void ranges_that_meet_are_one(void **state)
{
	const char *floor = "safe-mode\nrestricted-outgoing-addresses ::/0\n"
			    "allowed-outgoing-ports 1-10,11-20,21,5-9,65535";

	assert_int_equal(apply(floor, "allowed-outgoing-ports 1-21,65535"), 0);
	refused(floor, "allowed-outgoing-ports 20-22", "22 is not among");
}

static void a_wrong_file_is_an_error(void **state)
{
	refused("restricted-outgoing-addresses ::/0\n", "", "safe-mode is missing");
	refused("safe-mode\nmemory-max 64M\n", "", "unknown option 'memory-max'");
	refused("safe-mode\nobserve\n", "", "unknown option 'observe'");
	refused("safe-mode\nrestricted-outgoing-addresses self\n", "", "'self'");
	refused("safe-mode\nread-only config\n", "", "read-only 'config'");
	refused("safe-mode\nallowed-outgoing-ports 80\n", "", "allowed-outgoing-ports");
}

static int begin(void **state)
{
	return scratch_begin(state);
}

static int end(void **state)
{
	sn_options_free(&options);
	return scratch_end(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_file_is_no_floor),
		TEST(who_says_nothing_gets_the_floor),
		TEST(what_is_narrower_is_taken),
		TEST(what_is_wider_is_refused),
		TEST(prefixes_are_compared_to_the_bit),
		TEST(ranges_that_meet_are_one),
		TEST(a_wrong_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
