// SPDX-License-Identifier: GPL-2.0-only
/* user/warnings.c: what is doubtful is said, with its option, and what is not doubtful is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "warnings.h"

static char seen[512]; /* "WHAT/OPTION WHAT/OPTION " */
static char last[320];

static void see(const struct sn_warning *warning, void *data)
{
	size_t used = strlen(seen);

	snprintf(seen + used, sizeof(seen) - used, "%s/%s%.0zu ", warning->what, warning->option,
		 warning->number);
	snprintf(last, sizeof(last), "%s", warning->text);
	assert_true(strlen(warning->text) < sizeof(warning->text) - 1);
	assert_non_null(strchr(warning->text, ';'));
}

/* "NAME VALUE" for each option, up to NULL; then "NAME/OPTION ..." is what is said. */
static void says(const char *expected, const char *const options[][2])
{
	static const char *const servers[] = { "127.0.0.53", "10.0.0.2" };
	const struct sn_machine machine = { servers, 2, 1024 };
	struct sn_options all = {};
	struct sn_err err = {};

	for (; (*options)[0]; options++) {
		const struct sn_opt *opt = sn_attach_opts;

		while (strcmp(opt->name, (*options)[0]))
			opt++;
		if (opt->set(&all, (*options)[1], &err))
			fail_msg("%s", err.text);
	}
	seen[0] = '\0';
	sn_warnings(&all, &machine, see, NULL);
	assert_string_equal(seen, expected);
	sn_options_free(&all);
}

#define SAYS(expected, ...) says(expected, (const char *const[][2]){ __VA_ARGS__, { 0 } })
#define LIMITS                   \
	{ "memory-max", "64M" }, \
	{                        \
		"pids-max", "50" \
	}
#define METADATA  "169.254.169.254,fd00:ec2::254"
#define ADDRESSES "restricted-outgoing-addresses"
#define PORTS	  "allowed-outgoing-ports"

static void a_careful_policy_is_not_doubted(void **state)
{
	SAYS("", LIMITS, { ADDRESSES, "self,10.0.0.0/8," METADATA }, { PORTS, "53,443" },
	     { "allowed-listen-ports", "8080" }, { "read-only", "/srv/shared" },
	     { "read-only", "/etc/ssl/private/app.pem" }, { "user", "app" });
	SAYS("", LIMITS, { ADDRESSES, "0.0.0.0/0,::/0" }, { PORTS, "53,443" });
}

static void a_policy_without_restrictions_is(void **state)
{
	SAYS("nothing-restricted/restricted-outgoing-addresses "
	     "metadata-free/restricted-outgoing-addresses "
	     "no-memory-limit/memory-max no-pids-limit/pids-max ",
	     { "safe-mode", NULL });
	SAYS("nothing-restricted/restricted-outgoing-addresses "
	     "metadata-free/restricted-outgoing-addresses "
	     "no-memory-limit/memory-max no-pids-limit/pids-max ",
	     { "memory-max", "max" }, { "pids-max", "max" });
}

static void addresses_without_ports_are(void **state)
{
	SAYS("no-ports/allowed-outgoing-ports name-server/allowed-outgoing-ports ", LIMITS,
	     { ADDRESSES, "self," METADATA });
	SAYS("all-ports/allowed-outgoing-ports metadata-port/allowed-outgoing-ports ", LIMITS,
	     { ADDRESSES, "self," METADATA }, { PORTS, "2000-65535,1-1999" });
}

static void a_name_server_that_cannot_be_asked_is(void **state)
{
	SAYS("name-server/allowed-outgoing-ports ", LIMITS, { ADDRESSES, "self," METADATA },
	     { PORTS, "443" });
	assert_non_null(strstr(last, "127.0.0.53"));
	SAYS("loopback-free/restricted-outgoing-addresses name-server/allowed-outgoing-ports ",
	     LIMITS, { ADDRESSES, "10.0.0.2," METADATA }, { PORTS, "443" });
	assert_non_null(strstr(last, "10.0.0.2"));
	SAYS("self-free/restricted-outgoing-addresses name-server/allowed-outgoing-ports ", LIMITS,
	     { ADDRESSES, "::1," METADATA }, { PORTS, "443" });
}

static void metadata_of_a_cloud_is(void **state)
{
	SAYS("metadata-free/restricted-outgoing-addresses ", LIMITS,
	     { ADDRESSES, "self,169.254.0.0/16" }, { PORTS, "53" });
	assert_non_null(strstr(last, "fd00:ec2::254 can"));
	assert_null(strstr(last, "169.254.169.254"));
	SAYS("metadata-free/restricted-outgoing-addresses ", LIMITS, { ADDRESSES, "self,fd00::/8" },
	     { PORTS, "53" });
	assert_non_null(strstr(last, "169.254.169.254 can"));
	SAYS("metadata-port/allowed-outgoing-ports ", LIMITS, { ADDRESSES, "0.0.0.0/0,::/0" },
	     { PORTS, "53,79-81" });
}

static void what_leads_around_a_list_is(void **state)
{
	SAYS("one-family/restricted-outgoing-addresses "
	     "metadata-free/restricted-outgoing-addresses ",
	     LIMITS, { ADDRESSES, "0.0.0.0/0" }, { PORTS, "53" });
	SAYS("loopback-free/restricted-outgoing-addresses ", LIMITS,
	     { ADDRESSES, "192.168.0.0/16," METADATA }, { PORTS, "53" });
	SAYS("self-free/restricted-outgoing-addresses ", LIMITS,
	     { ADDRESSES, "127.0.0.0/8," METADATA }, { PORTS, "53" });
}

static void ports_that_no_tenant_can_bind_are(void **state)
{
	SAYS("privileged-port/allowed-listen-ports ", LIMITS, { ADDRESSES, "0.0.0.0/0,::/0" },
	     { PORTS, "53" }, { "allowed-listen-ports", "8080,443" });
	assert_memory_equal(last, "443: ", 5);
}

#define CAREFUL                                  \
	LIMITS, { ADDRESSES, "0.0.0.0/0,::/0" }, \
	{                                        \
		PORTS, "53"                      \
	}

static void root_and_what_is_as_good_are(void **state)
{
	SAYS("root/user ", CAREFUL, { "user", "root" });
	SAYS("root/user ", CAREFUL, { "user", "0" });
	SAYS("strong-group/supplementary-group1 ", CAREFUL, { "supplementary-group", "media" },
	     { "supplementary-group", "docker" });
}

static void wide_paths_are(void **state)
{
	SAYS("wide-path/read-only1 ", CAREFUL, { "read-only", "/srv/shared" },
	     { "read-only", "/etc" });
	SAYS("wide-path/read-only ", CAREFUL, { "read-only", "/etc//./" });
	SAYS("wide-path/read-only ", CAREFUL, { "read-only", "/" });
	SAYS("wide-path/read-write ", CAREFUL, { "read-write", "/usr" });
	SAYS("", CAREFUL, { "read-only", "/usr" }, { "read-only", "/etcetera" },
	     { "read-only", "/etc/app" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_careful_policy_is_not_doubted),
		cmocka_unit_test(a_policy_without_restrictions_is),
		cmocka_unit_test(addresses_without_ports_are),
		cmocka_unit_test(a_name_server_that_cannot_be_asked_is),
		cmocka_unit_test(metadata_of_a_cloud_is),
		cmocka_unit_test(what_leads_around_a_list_is),
		cmocka_unit_test(ports_that_no_tenant_can_bind_are),
		cmocka_unit_test(root_and_what_is_as_good_are),
		cmocka_unit_test(wide_paths_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
