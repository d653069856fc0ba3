// SPDX-License-Identifier: GPL-2.0-only
/* user/compile.c: from flags and identities to exactly what the maps hold. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli.h"
#include "compile.h"

/* ---- what goes in ---- */

static struct sn_directory_rule own_directories[] = {
	{ { .ino = 2, .dev = 0x800001 }, { .generation = 1, .access = 3, .path = "/" } },
	{ { .ino = 40, .dev = 0x800001 },
	  { .generation = 5, .access = 7, .below = 7, .path = "/opt/lib" } },
};
static struct sn_name_rule own_names[] = {
	{ { { .ino = 41, .dev = 0x800001 }, "cpu.max" },
	  { .generation = ~0ULL, .access = 5, .path = "/sys/fs/cgroup/safenode/cpu.max" } },
};
static struct sn_name_rule runtime_names[] = {
	{ { { .ino = 50, .dev = 0x800001 }, "node" }, { .access = 101, .path = "/usr/bin/node" } },
	{ { { .ino = 50, .dev = 0x800001 }, "libc.so.6" },
	  { .access = 37, .path = "/usr/bin/libc.so.6" } },
};

static struct sn_rules own = { NULL, own_directories, 2, own_names, 1 };
static struct sn_rules runtime = { NULL, NULL, 0, runtime_names, 2 };

/* The options of a command line, read as safenode-attach does. */
static void read_options(struct sn_options *options, char *const words[])
{
	static const struct sn_program program = { "test", "", "", sn_attach_opts };
	char *argv[32] = { (char *)"test" };
	struct sn_err err = {};
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	if (sn_cli_parse(&program, argc, argv, options, &err) != argc ||
	    sn_options_check(options, &err))
		fail_msg("%s", err.text);
}

static struct sn_source source_of(const struct sn_options *options)
{
	return (struct sn_source){
		.options = options,
		.cgroup_id = 4711,
		.directory = "/srv/t1",
		.dir = { .ino = 30, .dev = 0x800001, .generation = 9 },
		.launcher = { .ino = 31, .dev = 0x800001, .generation = 8 },
		.own = &own,
		.baseline = &runtime,
	};
}

/* ---- what comes out, as text ---- */

static void print_lengths(FILE *out, const struct sn_policy *policy)
{
	fprintf(out, "lengths");
	for (int i = 0; i < policy->lengths_all; i++)
		fprintf(out, "%s%u", i == policy->lengths_v4 ? " | " : " ",
			policy->address_lengths[i]);
	fprintf(out, "\n");
}

static void print_inode(FILE *out, const char *name, const struct sn_inode *id)
{
	fprintf(out, "%s %llu:%x.%llu\n", name, (unsigned long long)id->ino, id->dev,
		(unsigned long long)id->generation);
}

static void print_policy(FILE *out, const struct sn_policy *policy)
{
	fprintf(out, "policy %llu %s %s\n", (unsigned long long)policy->cgroup_id, policy->tenant,
		policy->directory);
	fprintf(out, "texts [%s] [%s] [%s]\n", policy->restricted_outgoing_addresses,
		policy->allowed_outgoing_ports, policy->allowed_listen_ports);
	fprintf(out, "flags safe=%d audit=%d loopback=%d self=%d listen=%d\n", policy->safe_mode,
		policy->audit, policy->loopback_restricted, policy->self_restricted,
		policy->listen_restricted);
	print_inode(out, "dir", &policy->dir);
	print_inode(out, "launcher", &policy->launcher);
	print_lengths(out, policy);
	fprintf(out, "ports");
	for (int i = 0; i < policy->port_ranges_nr; i++)
		fprintf(out, " %u-%u", policy->port_ranges[i].first, policy->port_ranges[i].last);
	fprintf(out, "; lengths %x, listen %x\n", policy->port_lengths, policy->listen_lengths);
}

static void print_entry(FILE *out, const struct sn_entry *entry)
{
	char address[INET6_ADDRSTRLEN];

	fprintf(out, entry->key.scope >> 63 ? "baseline " : "%llu ",
		(unsigned long long)entry->key.scope);
	switch ((enum sn_rule_map)entry->map) {
	case SN_RULES_ADDRESSES:
		inet_ntop(AF_INET6, entry->key.address.addr, address, sizeof(address));
		fprintf(out, "address %s/%u [%s]\n", address, entry->key.address.length,
			entry->text.text);
		break;
	case SN_RULES_PORTS:
		fprintf(out, "port %u/%u use %u [%s]\n", entry->key.port.port,
			entry->key.port.length, entry->key.port.use, entry->text.text);
		break;
	case SN_RULES_DIRECTORIES:
		fprintf(out, "directory %llu:%x.%llu %u/%u [%s]\n",
			(unsigned long long)entry->key.directory.ino, entry->key.directory.dev,
			(unsigned long long)entry->rule.generation, entry->rule.access,
			entry->rule.below, entry->rule.path);
		break;
	case SN_RULES_NAMES:
		fprintf(out, "name %llu:%x %s %u [%s]\n",
			(unsigned long long)entry->key.name.directory.ino,
			entry->key.name.directory.dev, entry->key.name.name, entry->rule.access,
			entry->rule.path);
		break;
	}
}

static char *print(const struct sn_compiled *compiled)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print_policy(out, &compiled->policy);
	for (size_t i = 0; i < compiled->own.nr; i++)
		print_entry(out, &compiled->own.all[i]);
	for (size_t i = 0; i < compiled->baseline.nr; i++)
		print_entry(out, &compiled->baseline.all[i]);
	fclose(out);
	return text;
}

static void assert_compiles_to(char *const words[], const char *expected)
{
	struct sn_options options = {};
	struct sn_compiled compiled;
	struct sn_source source;
	char *text;

	read_options(&options, words);
	source = source_of(&options);
	assert_int_equal(sn_compile(&source, &compiled, NULL), 0);
	text = print(&compiled);
	assert_string_equal(text, expected);
	assert_int_equal(compiled.policy.baseline, sn_rules_scope(&runtime));
	free(text);
	sn_compiled_free(&compiled);
	sn_options_free(&options);
}

#define FILES                                                               \
	"4711 directory 2:800001.1 3/0 [/]\n"                               \
	"4711 directory 40:800001.5 7/7 [/opt/lib]\n"                       \
	"4711 name 41:800001 cpu.max 5 [/sys/fs/cgroup/safenode/cpu.max]\n" \
	"baseline name 50:800001 libc.so.6 37 [/usr/bin/libc.so.6]\n"       \
	"baseline name 50:800001 node 101 [/usr/bin/node]\n"

/* ---- the tests ---- */

static void safe_mode_alone_is_files_alone(void **state)
{
	char *words[] = { "--cgroup", "t1", "--dir", "/srv/t1", "--safe-mode", NULL };

	assert_compiles_to(words, "policy 4711 t1 /srv/t1\n"
				  "texts [] [] []\n"
				  "flags safe=1 audit=0 loopback=0 self=0 listen=0\n"
				  "dir 30:800001.9\n"
				  "launcher 31:800001.8\n"
				  "lengths\n"
				  "ports; lengths 0, listen 0\n" FILES);
}

static void everything_together(void **state)
{
	char *words[] = { "--cgroup",
			  "t1",
			  "--dir",
			  "/srv/t1",
			  "--safe-mode",
			  "--log-granted",
			  "--restricted-outgoing-addresses",
			  "10.0.0.0/8,10.1.0.0/16,2001:db8::/32",
			  "--restricted-outgoing-addresses",
			  "127.0.0.1",
			  "--allowed-outgoing-ports",
			  "80,8000-8002",
			  "--allowed-listen-ports",
			  "3000-3001",
			  NULL };

	assert_compiles_to(words, "policy 4711 t1 /srv/t1\n"
				  "texts [10.0.0.0/8,10.1.0.0/16,2001:db8::/32,127.0.0.1] "
				  "[80,8000-8002] [3000-3001]\n"
				  "flags safe=1 audit=1 loopback=1 self=0 listen=1\n"
				  "dir 30:800001.9\n"
				  "launcher 31:800001.8\n"
				  "lengths 104 128 | 32\n"
				  "ports 80-80 8000-8002; lengths 0, listen 8000\n"
				  "4711 address ::ffff:10.0.0.0/104 [10.0.0.0/8]\n"
				  "4711 address ::ffff:127.0.0.1/128 [127.0.0.1]\n"
				  "4711 address 2001:db8::/32 [2001:db8::/32]\n"
				  "4711 port 3000/15 use 1 [3000-3001]\n" FILES);
}

/* The search by halves asks for length 120 before 128, so the beginning of the long one is there.
 */
static void long_lists_go_into_their_maps(void **state)
{
	char *words[] = { "--cgroup",
			  "t1",
			  "--dir",
			  "/srv/t1",
			  "--safe-mode",
			  "--restricted-outgoing-addresses",
			  "10.0.0.0/8,192.0.2.0/24,198.51.100.7",
			  "--allowed-outgoing-ports",
			  "1,2,3,4,5,6,7,8,80-83",
			  NULL };

	assert_compiles_to(words, "policy 4711 t1 /srv/t1\n"
				  "texts [10.0.0.0/8,192.0.2.0/24,198.51.100.7] "
				  "[1,2,3,4,5,6,7,8,80-83] []\n"
				  "flags safe=1 audit=0 loopback=0 self=0 listen=0\n"
				  "dir 30:800001.9\n"
				  "launcher 31:800001.8\n"
				  "lengths 104 120 128\n"
				  "ports; lengths 14000, listen 0\n"
				  "4711 address ::ffff:10.0.0.0/104 [10.0.0.0/8]\n"
				  "4711 address ::ffff:192.0.2.0/120 [192.0.2.0/24]\n"
				  "4711 address ::ffff:198.51.100.7/128 [198.51.100.7]\n"
				  "4711 address ::ffff:198.51.100.0/120 []\n"
				  "4711 port 1/16 use 0 [1]\n"
				  "4711 port 2/16 use 0 [2]\n"
				  "4711 port 3/16 use 0 [3]\n"
				  "4711 port 4/16 use 0 [4]\n"
				  "4711 port 5/16 use 0 [5]\n"
				  "4711 port 6/16 use 0 [6]\n"
				  "4711 port 7/16 use 0 [7]\n"
				  "4711 port 8/16 use 0 [8]\n"
				  "4711 port 80/14 use 0 [80-83]\n" FILES);
}

static void a_text_that_is_too_long_says_that_there_is_more(void **state)
{
	char ports[] = "10001,10002,10003,10004,10005,10006,10007,10008,10009,10010,10011,10012,"
		       "10013,10014,10015,10016,10017,10018,10019,10020,10021,10022,10023";
	struct sn_options options = { .tenant = "t1", .safe_mode = true };
	struct sn_compiled compiled;
	struct sn_source source = source_of(&options);
	const char *text = compiled.policy.allowed_outgoing_ports;
	struct sn_err err;

	assert_int_equal(sn_ports_add(&options.outgoing, ports, &err), 0);
	assert_int_equal(sn_compile(&source, &compiled, NULL), 0);
	assert_true(strlen(text) < SN_TEXT_MAX);
	assert_string_equal(text + strlen(text) - strlen("10020,..."), "10020,...");
	assert_int_equal(compiled.own.nr, 23 + 3);
	sn_compiled_free(&compiled);
	sn_ports_free(&options.outgoing);
}

/* A baseline is shared by its contents alone. */
static void the_same_rules_have_the_same_scope(void **state)
{
	struct sn_name_rule backwards[] = { runtime_names[1], runtime_names[0] };
	struct sn_rules same = { NULL, NULL, 0, backwards, 2 },
			fewer = { NULL, NULL, 0, backwards, 1 };
	struct sn_options options = { .tenant = "t1", .safe_mode = true };
	struct sn_source source = source_of(&options);
	struct sn_compiled compiled;
	__u64 scope;

	assert_int_equal(sn_compile(&source, &compiled, NULL), 0);
	scope = compiled.policy.baseline;
	assert_true(scope >> 63);
	sn_compiled_free(&compiled);
	source.baseline = &same;
	assert_int_equal(sn_compile(&source, &compiled, NULL), 0);
	assert_int_equal(compiled.policy.baseline, scope);
	sn_compiled_free(&compiled);
	source.baseline = &fewer;
	assert_int_equal(sn_compile(&source, &compiled, NULL), 0);
	assert_int_not_equal(compiled.policy.baseline, scope);
	sn_compiled_free(&compiled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe_mode_alone_is_files_alone),
		cmocka_unit_test(everything_together),
		cmocka_unit_test(long_lists_go_into_their_maps),
		cmocka_unit_test(a_text_that_is_too_long_says_that_there_is_more),
		cmocka_unit_test(the_same_rules_have_the_same_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
