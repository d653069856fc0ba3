// SPDX-License-Identifier: GPL-2.0-only
/* user/policy.c: what the options mean, and what is said about those that mean nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy.h"

static const struct sn_opt *row(const struct sn_opt *opts, const char *name)
{
	while (opts->name && strcmp(opts->name, name))
		opts++;
	return opts->name ? opts : NULL;
}

/* What the option --@name does with @value. */
static int set(struct sn_words *words, const char *name, const char *value, struct sn_err *err)
{
	const struct sn_opt *opt = row(sn_attach_opts, name);

	assert_non_null(opt);
	assert_int_equal(!opt->arg, !value);
	return opt->set(words, value, err);
}

static void take(struct sn_words *words, const char *name, const char *value)
{
	struct sn_err err = {};
	int error = set(words, name, value, &err);

	if (error)
		fail_msg("--%s %s: %s", name, value, err.text);
}

/* One line that names @value and says @cure; and nothing has changed. */
static void refuse_after(struct sn_words *words, const char *name, const char *value,
			 const char *cure)
{
	struct sn_words before = *words;
	struct sn_err err = {};

	assert_int_equal(set(words, name, value, &err), -EINVAL);
	if (!strstr(err.text, value) || !strstr(err.text, cure) || strchr(err.text, '\n'))
		fail_msg("--%s %s: the message is \"%s\"", name, value, err.text);

	before.restricted = words->restricted;
	before.outgoing = words->outgoing;
	before.listen = words->listen;
	assert_memory_equal(words, &before, sizeof(before));
}

static void refuse(const char *name, const char *value, const char *cure)
{
	struct sn_words words = {};

	refuse_after(&words, name, value, cure);
	sn_words_free(&words);
}

#define ADDRESSES "restricted-outgoing-addresses"
#define PORTS	  "allowed-outgoing-ports"

/* ---- addresses ---- */

static void assert_rule(const struct sn_words *words, size_t i, const char *address,
			unsigned int length, const char *text)
{
	uint8_t bytes[16];

	assert_true(i < words->nr_restricted);
	assert_int_equal(inet_pton(AF_INET6, address, bytes), 1);
	assert_memory_equal(words->restricted[i].key.addr, bytes, 16);
	assert_int_equal(words->restricted[i].key.length, length);
	assert_int_equal(words->restricted[i].key.cgroup_id, 0);
	assert_int_equal(words->restricted[i].key.pad, 0);
	assert_string_equal(words->restricted[i].text.text, text);
}

static void addresses_of_both_families_are_stored_alike(void **state)
{
	struct sn_words words = {};

	take(&words, ADDRESSES, "10.0.0.0/8,192.0.2.7,2001:db8::/32,fe80::1");
	assert_int_equal(words.nr_restricted, 4);
	assert_rule(&words, 0, "::ffff:10.0.0.0", 104, "10.0.0.0/8");
	assert_rule(&words, 1, "::ffff:192.0.2.7", 128, "192.0.2.7");
	assert_rule(&words, 2, "2001:db8::", 32, "2001:db8::/32");
	assert_rule(&words, 3, "fe80::1", 128, "fe80::1");
	assert_false(words.restrict_self);
	assert_false(words.restrict_loopback);
	sn_words_free(&words);
}

static void prefixes_of_any_length_are_taken(void **state)
{
	struct sn_words words = {};

	take(&words, ADDRESSES, "172.16.240.0/20,10.0.0.2/31,10.0.0.4/32,128.0.0.0/1");
	take(&words, ADDRESSES, "8000::/1,1:2:3:4:5:6:7:8/127,1::1/128");
	assert_int_equal(words.nr_restricted, 7);
	assert_rule(&words, 0, "::ffff:172.16.240.0", 116, "172.16.240.0/20");
	assert_rule(&words, 1, "::ffff:10.0.0.2", 127, "10.0.0.2/31");
	assert_rule(&words, 5, "1:2:3:4:5:6:7:8", 127, "1:2:3:4:5:6:7:8/127");
	sn_words_free(&words);
}

static void everything_can_be_restricted(void **state)
{
	struct sn_words words = {};

	take(&words, ADDRESSES, "0.0.0.0/0,::/0");
	assert_int_equal(words.nr_restricted, 2);
	assert_rule(&words, 0, "::ffff:0.0.0.0", 96, "0.0.0.0/0");
	assert_rule(&words, 1, "::", 0, "::/0");
	assert_true(words.restrict_loopback);
	sn_words_free(&words);
}

static void duplicates_collapse_however_they_are_written(void **state)
{
	struct sn_words words = {};

	take(&words, ADDRESSES, "10.0.0.0/8,::ffff:10.0.0.0/104,10.0.0.0/8");
	take(&words, ADDRESSES, "::ffff:0a00:0000/104,1::,1:0:0:0:0:0:0:0/128");
	assert_int_equal(words.nr_restricted, 2);
	assert_rule(&words, 0, "::ffff:10.0.0.0", 104, "10.0.0.0/8");
	sn_words_free(&words);
}

static void a_text_that_is_too_long_becomes_the_short_form(void **state)
{
	struct sn_words words = {};

	take(&words, ADDRESSES, "1111:2222:3333:4444:5555:6666:255.255.255.255/128");
	assert_rule(&words, 0, "1111:2222:3333:4444:5555:6666:ffff:ffff", 128,
		    "1111:2222:3333:4444:5555:6666:ffff:ffff/128");
	sn_words_free(&words);
}

static bool restricts_loopback(const char *list)
{
	struct sn_words words = {};
	bool yes;

	take(&words, ADDRESSES, list);
	yes = words.restrict_loopback;
	sn_words_free(&words);
	return yes;
}

static void one_loopback_address_restricts_loopback(void **state)
{
	assert_true(restricts_loopback("127.0.0.1"));
	assert_true(restricts_loopback("127.0.0.0/8"));
	assert_true(restricts_loopback("127.200.0.0/16"));
	assert_true(restricts_loopback("126.0.0.0/7"));
	assert_true(restricts_loopback("0.0.0.0"));
	assert_true(restricts_loopback("0.0.0.0/8"));
	assert_true(restricts_loopback("::1"));
	assert_true(restricts_loopback("::"));
	assert_true(restricts_loopback("::/64"));
	assert_true(restricts_loopback("::ffff:127.0.0.0/104"));
	assert_true(restricts_loopback("10.0.0.1,::1"));
	assert_false(restricts_loopback("10.0.0.0/8"));
	assert_false(restricts_loopback("128.0.0.0/1"));
	assert_false(restricts_loopback("0.0.0.1"));
	assert_false(restricts_loopback("::2"));
	assert_false(restricts_loopback("8000::/1"));
}

static bool lists(const struct sn_words *words, const char *text)
{
	for (size_t i = 0; i < words->nr_restricted; i++)
		if (!strcmp(words->restricted[i].text.text, text))
			return true;
	return false;
}

static void self_is_this_machine(void **state)
{
	struct sn_words words = {};
	size_t nr;

	take(&words, ADDRESSES, "self");
	assert_true(words.restrict_self);
	assert_true(words.restrict_loopback);
	assert_true(lists(&words, "self: 127.0.0.0/8"));
	assert_true(lists(&words, "self: ::1"));
	assert_true(lists(&words, "self: 0.0.0.0"));
	assert_true(lists(&words, "self: ::"));
	assert_true(lists(&words, "self: 224.0.0.0/4"));
	assert_true(lists(&words, "self: ff00::/8"));
	assert_true(lists(&words, "self: 255.255.255.255"));
	/* of the interface lo */
	assert_true(lists(&words, "self: 127.0.0.1"));

	nr = words.nr_restricted;
	take(&words, ADDRESSES, "self,127.0.0.1");
	assert_int_equal(words.nr_restricted, nr);
	sn_words_free(&words);
}

static void bad_addresses_are_refused(void **state)
{
	refuse(ADDRESSES, "10.0.0.1/8", "use 10.0.0.0/8");
	refuse(ADDRESSES, "10.0.0.3/31", "use 10.0.0.2/31");
	refuse(ADDRESSES, "1.2.3.4/0", "use 0.0.0.0/0");
	refuse(ADDRESSES, "2001:db8::1/32", "use 2001:db8::/32");
	refuse(ADDRESSES, "::1/0", "use ::/0");
	refuse(ADDRESSES, "::ffff:10.0.0.1/104", "use ::ffff:10.0.0.0/104");
	refuse(ADDRESSES, "10.0.0.0/33", "/0 to /32");
	refuse(ADDRESSES, "::/129", "/0 to /128");
	refuse(ADDRESSES, "10.0.0.0/", "/0 to /32");
	refuse(ADDRESSES, "10.0.0.0/-1", "/0 to /32");
	refuse(ADDRESSES, "10.0.0.0/8/8", "/0 to /32");
	refuse(ADDRESSES, "10.0.0.0/08", "/0 to /32");
	refuse(ADDRESSES, "10.0.0.0/4294967304", "/0 to /32");
	refuse(ADDRESSES, "10.0.0.0/255.0.0.0", "/0 to /32");
	refuse(ADDRESSES, "10.0.0", "write IPv4");
	refuse(ADDRESSES, "10.0.0.256", "write IPv4");
	refuse(ADDRESSES, "010.0.0.1", "write IPv4");
	refuse(ADDRESSES, "1.2.3.4.5", "write IPv4");
	refuse(ADDRESSES, "10.0.0.1:80", "write IPv4");
	refuse(ADDRESSES, "[::1]", "write IPv4");
	refuse(ADDRESSES, "fe80::1%eth0", "write IPv4");
	refuse(ADDRESSES, "1:2:3:4:5:6:7", "write IPv4");
	refuse(ADDRESSES, "/8", "write IPv4");
	refuse(ADDRESSES, "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", "write IPv4");
}

static void names_are_refused_because_they_can_change(void **state)
{
	refuse(ADDRESSES, "localhost", "only addresses");
	refuse(ADDRESSES, "example.com", "only addresses");
	refuse(ADDRESSES, "Self", "only addresses");
	refuse(ADDRESSES, "example.com/24", "only addresses");
}

static void bad_lists_are_refused(void **state)
{
	refuse(ADDRESSES, "", "empty list");
	refuse(ADDRESSES, ",", "empty entry");
	refuse(ADDRESSES, "10.0.0.1,,10.0.0.2", "empty entry");
	refuse(ADDRESSES, "10.0.0.1,", "empty entry");
	refuse(ADDRESSES, ",10.0.0.1", "empty entry");
	refuse(ADDRESSES, "10.0.0.1, 10.0.0.2", "blank");
	refuse(ADDRESSES, "10.0.0.1\t", "blank");
}

static void a_bad_entry_takes_its_whole_list_with_it(void **state)
{
	struct sn_words words = {};
	struct sn_err err;

	take(&words, ADDRESSES, "10.0.0.1");
	assert_int_equal(set(&words, ADDRESSES, "self,10.0.0.2,x", &err), -EINVAL);
	assert_non_null(strstr(err.text, "'x'"));
	assert_int_equal(words.nr_restricted, 1);
	assert_false(words.restrict_self);
	assert_false(words.restrict_loopback);
	sn_words_free(&words);
}

/* "1.0.0.0,1.0.0.1,...", @nr of them; the caller frees it. */
static char *many_addresses(unsigned int nr)
{
	char *list = NULL;
	size_t size;
	FILE *file = open_memstream(&list, &size);

	for (unsigned int i = 0; i < nr; i++)
		fprintf(file, "%s1.0.%u.%u", i ? "," : "", i >> 8, i & 255);
	fclose(file);
	return list;
}

static void a_list_has_an_end(void **state)
{
	char *fits = many_addresses(SN_LIST_MAX), *too_many = many_addresses(SN_LIST_MAX + 1);
	struct sn_words words = {};
	struct sn_err err;

	assert_int_equal(set(&words, ADDRESSES, too_many, &err), -EINVAL);
	assert_non_null(strstr(err.text, "1.0.16.0"));
	assert_non_null(strstr(err.text, "4096"));
	assert_int_equal(words.nr_restricted, 0);
	take(&words, ADDRESSES, fits);
	assert_int_equal(words.nr_restricted, SN_LIST_MAX);
	take(&words, ADDRESSES, "1.0.0.0");
	refuse_after(&words, ADDRESSES, "2.0.0.0", "one too many");
	sn_words_free(&words);
	free(fits);
	free(too_many);
}

/* ---- ports ---- */

static void ports_and_ranges_accumulate(void **state)
{
	static const struct sn_port_range expected[] = {
		{ 80, 80 }, { 443, 443 }, { 8000, 8100 }, { 1, 65535 }, { 65535, 65535 },
	};
	struct sn_words words = {};

	take(&words, PORTS, "80,443,8000-8100,80-80");
	take(&words, PORTS, "443,1-65535,65535");
	assert_int_equal(words.nr_outgoing, 5);
	assert_memory_equal(words.outgoing, expected, sizeof(expected));
	assert_false(words.restrict_listen);
	assert_int_equal(words.nr_listen, 0);

	take(&words, "allowed-listen-ports", "3000");
	assert_true(words.restrict_listen);
	assert_int_equal(words.nr_listen, 1);
	assert_int_equal(words.nr_outgoing, 5);
	sn_words_free(&words);
}

static void bad_ports_are_refused(void **state)
{
	static const char *const names[] = { PORTS, "allowed-listen-ports" };

	for (size_t i = 0; i < 2; i++) {
		refuse(names[i], "0", "1 to 65535");
		refuse(names[i], "65536", "1 to 65535");
		refuse(names[i], "0-80", "1 to 65535");
		refuse(names[i], "80-65536", "1 to 65535");
		refuse(names[i], "80-", "1 to 65535");
		refuse(names[i], "-80", "1 to 65535");
		refuse(names[i], "-", "1 to 65535");
		refuse(names[i], "1-2-3", "1 to 65535");
		refuse(names[i], "080", "1 to 65535");
		refuse(names[i], "+80", "1 to 65535");
		refuse(names[i], "0x50", "1 to 65535");
		refuse(names[i], "http", "1 to 65535");
		refuse(names[i], "80/tcp", "1 to 65535");
		refuse(names[i], "18446744073709551696", "1 to 65535");
		refuse(names[i], "90-80", "use 80-90");
		refuse(names[i], "", "empty list");
		refuse(names[i], "80,,443", "empty entry");
		refuse(names[i], "80, 443", "blank");
	}
}

static void a_bad_port_takes_its_whole_list_with_it(void **state)
{
	struct sn_words words = {};
	struct sn_err err;

	take(&words, PORTS, "80");
	assert_int_equal(set(&words, PORTS, "81,82,x", &err), -EINVAL);
	assert_int_equal(words.nr_outgoing, 1);
	sn_words_free(&words);
}

static void port_lists_have_an_end(void **state)
{
	struct sn_words words = {};

	for (int port = 1; port <= SN_LIST_MAX; port++) {
		char text[12];

		snprintf(text, sizeof(text), "%d", port);
		take(&words, PORTS, text);
	}
	take(&words, PORTS, "80");
	refuse_after(&words, PORTS, "5000", "one too many");
	sn_words_free(&words);
}

static void assert_block(const struct sn_port_key *block, uint16_t port, uint8_t length)
{
	struct sn_port_key expected = { .port = port, .length = length };

	assert_memory_equal(block, &expected, sizeof(expected));
}

static void ranges_are_cut_into_the_fewest_blocks(void **state)
{
	struct sn_port_key blocks[30];

	assert_int_equal(sn_port_blocks((struct sn_port_range){ 80, 80 }, blocks), 1);
	assert_block(&blocks[0], 80, 16);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 0, 65535 }, blocks), 1);
	assert_block(&blocks[0], 0, 0);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 8000, 8100 }, blocks), 4);
	assert_block(&blocks[0], 8000, 10);
	assert_block(&blocks[1], 8064, 11);
	assert_block(&blocks[2], 8096, 14);
	assert_block(&blocks[3], 8100, 16);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 1, 65535 }, blocks), 16);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 1, 65534 }, blocks), 30);
	assert_int_equal(sn_port_blocks((struct sn_port_range){ 65535, 65535 }, blocks), 1);
}

/* ---- the other options ---- */

static void names_of_tenants_are_plain(void **state)
{
	char longest[65] = {};

	memset(longest, 'a', 63);
	assert_int_equal(sn_check_tenant_name("t1", NULL), 0);
	assert_int_equal(sn_check_tenant_name("A_b-c.9", NULL), 0);
	assert_int_equal(sn_check_tenant_name("_", NULL), 0);
	assert_int_equal(sn_check_tenant_name(longest, NULL), 0);
	longest[63] = 'a';
	refuse("cgroup", longest, "1 to 63");
	refuse("cgroup", "", "1 to 63");
	refuse("cgroup", ".", "do not begin");
	refuse("cgroup", "..", "do not begin");
	refuse("cgroup", "-x", "do not begin");
	refuse("cgroup", "a/b", "A-Z");
	refuse("cgroup", "a b", "A-Z");
	refuse("cgroup", "t\xc3\xa9", "A-Z");
}

static void what_stands_for_one_thing_is_given_once(void **state)
{
	static const char *const options[][3] = {
		{ "cgroup", "t1", "t2" },     { "dir", "/a", "/b" },	{ "user", "alice", "1000" },
		{ "memory-max", "1M", "2M" }, { "pids-max", "1", "2" }, { "cpu-max", "10%", "20%" },
	};
	struct sn_words words = {};
	struct sn_err err;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		take(&words, options[i][0], options[i][1]);
		assert_int_equal(set(&words, options[i][0], options[i][2], &err), -EINVAL);
		assert_non_null(strstr(err.text, "given twice"));
	}
	assert_string_equal(words.tenant, "t1");
	assert_string_equal(words.directory, "/a");
	assert_string_equal(words.user, "alice");
	sn_words_free(&words);
	refuse("dir", "", "empty");
	refuse("user", "", "empty");
}

static void switches_may_be_repeated(void **state)
{
	struct sn_words words = {};

	take(&words, "safe-mode", NULL);
	take(&words, "safe-mode", NULL);
	take(&words, "audit", NULL);
	assert_true(words.safe_mode);
	assert_true(words.audit);
	sn_words_free(&words);
}

static void paths_and_descriptors_accumulate(void **state)
{
	struct sn_words words = {};

	take(&words, "read-only", "/a");
	take(&words, "read-only", "/b");
	take(&words, "read-write", "/c");
	take(&words, "keep-fd", "3");
	take(&words, "keep-fd", "100");
	take(&words, "keep-fd", "3");
	assert_int_equal(words.nr_read_only, 2);
	assert_string_equal(words.read_only[1], "/b");
	assert_int_equal(words.nr_read_write, 1);
	assert_int_equal(words.nr_keep_fd, 2);
	assert_int_equal(words.keep_fd[1], 100);
	while (words.nr_read_only < SN_PATHS_MAX)
		take(&words, "read-only", "/a");
	refuse_after(&words, "read-only", "/d", "one too many");
	for (int fd = 200; words.nr_keep_fd < SN_FDS_MAX; fd++) {
		char text[12];

		snprintf(text, sizeof(text), "%d", fd);
		take(&words, "keep-fd", text);
	}
	refuse_after(&words, "keep-fd", "99", "one too many");
	sn_words_free(&words);
	refuse("read-write", "", "empty");
	refuse("keep-fd", "2", "above 2");
	refuse("keep-fd", "-1", "above 2");
	refuse("keep-fd", "x", "above 2");
	refuse("keep-fd", "2147483648", "above 2");
}

static void assert_limit(const char *name, const char *value, const char *expected)
{
	struct sn_words words = {};

	take(&words, name, value);
	if (!strcmp(name, "memory-max"))
		assert_string_equal(words.memory_max, expected);
	else if (!strcmp(name, "cpu-max"))
		assert_string_equal(words.cpu_max, expected);
	else
		assert_string_equal(words.pids_max, expected);
	sn_words_free(&words);
}

static void limits_become_what_cgroup_files_take(void **state)
{
	assert_limit("memory-max", "1", "1");
	assert_limit("memory-max", "4K", "4096");
	assert_limit("memory-max", "512M", "536870912");
	assert_limit("memory-max", "2G", "2147483648");
	assert_limit("memory-max", "max", "max");
	assert_limit("cpu-max", "50%", "50000 100000");
	assert_limit("cpu-max", "1%", "1000 100000");
	assert_limit("cpu-max", "400%", "400000 100000");
	assert_limit("cpu-max", "5000 1000000", "5000 1000000");
	assert_limit("pids-max", "64", "64");
	assert_limit("pids-max", "max", "max");
}

static void bad_limits_are_refused(void **state)
{
	static const char *const sizes[] = { "",
					     "0",
					     "-1",
					     "M",
					     "12T",
					     "12MB",
					     "1.5G",
					     "4k",
					     "MAX",
					     "1 M",
					     "18446744073709551616",
					     "18014398509481984K",
					     "9999999999999999999999999" };
	static const char *const shares[] = { "",    "0%",    "50",	      "%",	    "50%%",
					      "-5%", "5 5",   "999 100000",   "1000 999",   "5000 ",
					      "max", " 5000", "5000 1000001", "5000  10000" };
	static const char *const counts[] = { "", "0", "-1", "x", "4194305", "1K" };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		refuse("memory-max", sizes[i], "512M");
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		refuse("cpu-max", shares[i], "50%");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		refuse("pids-max", counts[i], "4194304");
}

/* ---- files ---- */

/* Writes @text to a temporary file and lets --policy read it. */
static int set_file(struct sn_words *words, const char *text, struct sn_err *err)
{
	char path[] = "/tmp/policy_test.XXXXXX";
	int fd = mkstemp(path), error;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	error = set(words, "policy", path, err);
	unlink(path);
	return error;
}

static void a_file_has_the_same_options(void **state)
{
	struct sn_words words = {};
	struct sn_err err = {};

	assert_int_equal(set_file(&words,
				  "# a tenant\n"
				  "cgroup t1\n"
				  "safe-mode\n"
				  "restricted-outgoing-addresses=10.0.0.0/8,self # all of it\n"
				  "cpu-max 5000 10000\n",
				  &err),
			 0);
	take(&words, ADDRESSES, "192.0.2.7");
	assert_string_equal(words.tenant, "t1");
	assert_true(words.safe_mode && words.restrict_self);
	assert_string_equal(words.cpu_max, "5000 10000");
	assert_false(words.in_file);
	sn_words_free(&words);
}

static void a_file_names_no_further_file(void **state)
{
	struct sn_words words = {};
	struct sn_err err = {};

	assert_int_equal(set_file(&words, "safe-mode\npolicy /etc/other\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, ":2: '/etc/other': a policy file cannot name another"));
	assert_false(words.in_file);
	assert_int_equal(set_file(&words, "allowed-outgoing-ports 0\n", &err), -EINVAL);
	assert_non_null(strstr(err.text, ":1: '0' is not a port"));
	sn_words_free(&words);
}

/* ---- all words together ---- */

/* The options "a=b c d=e" given together. */
static int check(const char *options, struct sn_err *err)
{
	char *copy = strdup(options), *rest = copy, *word;
	struct sn_words words = {};
	int error;

	while ((word = strsep(&rest, " "))) {
		char *name = strsep(&word, "=");

		take(&words, name, word);
	}
	error = sn_words_check(&words, err);
	sn_words_free(&words);
	free(copy);
	return error;
}

static void incomplete_words_are_refused(void **state)
{
	struct sn_err err = {};

	assert_int_equal(check("cgroup=t dir=/d safe-mode", &err), 0);
	assert_int_equal(check("cgroup=t dir=/d memory-max=1G", &err), 0);
	assert_int_equal(check("dir=/d safe-mode", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--cgroup"));
	assert_int_equal(check("cgroup=t safe-mode", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--dir"));
}

static void restrictions_need_safe_mode(void **state)
{
	static const char *const restricting[] = {
		ADDRESSES "=::1", PORTS "=80",	   "allowed-listen-ports=80",
		"read-only=/a",	  "read-write=/a", "user=u",
		"audit",
	};
	struct sn_err err = {};

	for (size_t i = 0; i < sizeof(restricting) / sizeof(restricting[0]); i++) {
		char options[128], message[64];

		snprintf(options, sizeof(options), "cgroup=t dir=/d %s", restricting[i]);
		snprintf(message, sizeof(message), "--%.*s without --safe-mode",
			 (int)strcspn(restricting[i], "="), restricting[i]);
		assert_int_equal(check(options, &err), -EINVAL);
		assert_non_null(strstr(err.text, message));
	}
}

static void ports_without_addresses_are_refused(void **state)
{
#define COMPLETE "cgroup=t dir=/d safe-mode "
	struct sn_err err = {};

	assert_int_equal(check(COMPLETE PORTS "=80", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--" ADDRESSES " 0.0.0.0/0,::/0"));
	assert_int_equal(check(COMPLETE PORTS "=80 " ADDRESSES "=::/0", &err), 0);
	assert_int_equal(check(COMPLETE ADDRESSES "=::/0", &err), 0);
}

static void the_dropin_takes_a_part_of_the_same_options(void **state)
{
	for (const struct sn_opt *opt = sn_dropin_opts; opt->name; opt++) {
		const struct sn_opt *same = row(sn_attach_opts, opt->name);

		assert_non_null(same);
		assert_ptr_equal(same->set, opt->set);
	}
	assert_null(row(sn_dropin_opts, "policy"));
	assert_non_null(row(sn_dropin_opts, "user"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_both_families_are_stored_alike),
		cmocka_unit_test(prefixes_of_any_length_are_taken),
		cmocka_unit_test(everything_can_be_restricted),
		cmocka_unit_test(duplicates_collapse_however_they_are_written),
		cmocka_unit_test(a_text_that_is_too_long_becomes_the_short_form),
		cmocka_unit_test(one_loopback_address_restricts_loopback),
		cmocka_unit_test(self_is_this_machine),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(names_are_refused_because_they_can_change),
		cmocka_unit_test(bad_lists_are_refused),
		cmocka_unit_test(a_bad_entry_takes_its_whole_list_with_it),
		cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(ports_and_ranges_accumulate),
		cmocka_unit_test(bad_ports_are_refused),
		cmocka_unit_test(a_bad_port_takes_its_whole_list_with_it),
		cmocka_unit_test(port_lists_have_an_end),
		cmocka_unit_test(ranges_are_cut_into_the_fewest_blocks),
		cmocka_unit_test(names_of_tenants_are_plain),
		cmocka_unit_test(what_stands_for_one_thing_is_given_once),
		cmocka_unit_test(switches_may_be_repeated),
		cmocka_unit_test(paths_and_descriptors_accumulate),
		cmocka_unit_test(limits_become_what_cgroup_files_take),
		cmocka_unit_test(bad_limits_are_refused),
		cmocka_unit_test(a_file_has_the_same_options),
		cmocka_unit_test(a_file_names_no_further_file),
		cmocka_unit_test(incomplete_words_are_refused),
		cmocka_unit_test(restrictions_need_safe_mode),
		cmocka_unit_test(ports_without_addresses_are_refused),
		cmocka_unit_test(the_dropin_takes_a_part_of_the_same_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
