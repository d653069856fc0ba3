// SPDX-License-Identifier: GPL-2.0-only
/* user/statusjson.c: what programs read. That it is what the schema says, tests/cli/schema shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "eventjson.h"
#include "samples.h"
#include "statusjson.h"

/* Where tests/cli/schema wants them */
static void keep_sample(const char *line)
{
	const char *directory = getenv("SAFENODE_SAMPLES");
	static int number;
	char path[256];
	FILE *f;

	if (!directory)
		return;
	snprintf(path, sizeof(path), "%s/%d", directory, number++);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(line, f);
	assert_int_equal(fclose(f), 0);
}

static char *json_of(const struct sn_status *status)
{
	struct json_object *object = sn_status_json(status);
	char *line;

	assert_non_null(object);
	line = sn_json_line(object);
	json_object_put(object);
	assert_non_null(line);
	keep_sample(line);
	return line;
}

static void has(const struct sn_status *status, const char *part)
{
	sn_autofree char *text = json_of(status);

	if (!strstr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

static void a_tenant_has_all_of_its_members(void **state)
{
	struct sn_status status = sample();

	has(&status, "{\"version\":1,\"safenode\":\"" SAFENODE_VERSION "\",\"kernel\":\"");
	has(&status, "\"in_force\":true,\"checks\":[{\"id\":\"ftrace\",\"what\":\"kernel.ftrace_"
		     "enabled\",\"met\":true,\"needed\":true,\"found\":\"1\",\"cure\":null}],");
	has(&status, "\"maps\":[{\"name\":\"policies\",\"entries\":2,\"capacity\":16384}],"
		     "\"programs\":76,\"parent\":\"/sys/fs/cgroup/safenode\","
		     "\"events\":{\"lost\":3,\"suppressed\":4,\"reader\":false},\"tenants\":[{"
		     "\"name\":\"blog\",");
	has(&status, "{\"name\":\"shop\",\"cgroup\":\"/sys/fs/cgroup/safenode/shop\","
		     "\"dir\":\"/srv/shop\",\"state\":\"running\",\"mode\":\"enforce\","
		     "\"user\":{\"uid\":998,\"name\":\"shop\"},\"pids\":[184,185],\"threads\":11,"
		     "\"memory\":47395635,\"memory_max\":314572800,\"cpu_usec\":3210000,"
		     "\"policy\":{},\"limits_not_held\":[],"
		     "\"denied\":{\"fs.open\":10,\"net.connect\":2},\"known\":2,\"lost\":3,"
		     "\"suppressed\":4,\"last\":null}]");
}

static void what_is_not_known_is_null(void **state)
{
	struct sn_status status = sample();

	has(&status,
	    "\"state\":\"ended\",\"mode\":\"enforce\",\"user\":null,\"pids\":[],"
	    "\"threads\":null,\"memory\":null,\"memory_max\":null,\"cpu_usec\":3723000000,");
	break_check(&status, true);
	status.known = false;
	has(&status, "\"in_force\":false,\"checks\":[{\"id\":\"ftrace\"");
	has(&status, "\"met\":false,\"needed\":true,\"found\":\"0\",\"cure\":\"set it\"}]");
	has(&status, "\"programs\":null,\"parent\":null,\"events\":null,\"tenants\":null,"
		     "\"without_policy\":null}");
}

static void bytes_that_are_no_text_are_there_in_hex(void **state)
{
	struct sn_status status = sample();

	strcpy(status.tenants[1].policy.directory, "/srv/\xff\xc3\xa9\"");
	has(&status, "\"dir\":\"/srv/\\ufffd\\u00e9\\\"\",\"dir_hex\":\"2f7372762fffc3a922\",");
}

static void the_options_are_those_of_a_policy_file(void **state)
{
	struct sn_value values[] = {
		{ .option = "cgroup", .text = "shop" },
		{ .option = "dir", .text = "/srv/shop" },
		{ .option = "safe-mode", .text = "" },
		{ .option = "restricted-outgoing-addresses", .text = "self" },
		{ .option = "restricted-outgoing-addresses",
		  .text = "self: 10.0.0.5",
		  .by_self = true },
		{ .option = "allowed-outgoing-ports", .text = "80" },
		{ .option = "user", .text = "shop" },
		{ .option = "supplementary-group", .text = "adm" },
		{ .option = "read-only", .text = "/etc/apt" },
		{ .option = "read-write", .text = "/var/x" },
		{ .option = "allowed-listen-ports", .text = "8080-8090" },
		{ .option = "memory-max", .text = "314572800" },
		{ .option = "cpu-max", .text = "50000 100000" },
		{ .option = "pids-max", .text = "40" },
	};
	struct sn_status status = sample();

	drift_limit(&status);
	status.tenants[1].inforce = (struct sn_inforce){ values, 14, 14 };
	has(&status,
	    "\"policy\":{\"cgroup\":\"shop\",\"dir\":\"/srv/shop\",\"safe-mode\":true,"
	    "\"restricted-outgoing-addresses\":[\"self\"],\"self-addresses\":[\"10.0.0.5\"],");
}

static void limits_that_hold_no_longer_are_listed(void **state)
{
	struct sn_status status = sample();

	drift_limit(&status);
	has(&status, "\"limits_not_held\":[{\"file\":\"pids.max\",\"set\":\"20\",\"now\":null}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tenant_has_all_of_its_members),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(bytes_that_are_no_text_are_there_in_hex),
		cmocka_unit_test(limits_that_hold_no_longer_are_listed),
		cmocka_unit_test(the_options_are_those_of_a_policy_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
