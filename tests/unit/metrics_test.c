// SPDX-License-Identifier: GPL-2.0-only
/* user/metrics.c: what Prometheus reads. That it can, tests/systemd shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "metrics.h"
#include "samples.h"

static size_t count(const char *text, const char *part)
{
	size_t nr = 0;

	for (; (text = strstr(text, part)); text++)
		nr++;
	return nr;
}

static void has(const struct sn_status *status, const char *line)
{
	sn_autofree char *text = printed(sn_metrics, status);

	if (count(text, line) != 1)
		fail_msg("%zu times '%s' in: %s", count(text, line), line, text);
}

static void has_not(const struct sn_status *status, const char *part)
{
	sn_autofree char *text = printed(sn_metrics, status);

	if (strstr(text, part))
		fail_msg("'%s' in: %s", part, text);
}

static void each_metric_has_its_samples(void **state)
{
	struct sn_status status = sample();

	has(&status, "\n# TYPE safenode_in_force gauge\nsafenode_in_force 1\n");
	has(&status, "\nsafenode_check{check=\"ftrace\"} 1\n");
	has(&status, "\nsafenode_programs 76\n");
	has(&status, "\nsafenode_map_entries{map=\"policies\"} 2\n");
	has(&status, "\nsafenode_map_capacity{map=\"policies\"} 16384\n");
	has(&status, "\nsafenode_tenant_running{tenant=\"blog\"} 0\n"
		     "safenode_tenant_running{tenant=\"shop\"} 1\n");
	has(&status, "\nsafenode_tenant_mode{tenant=\"shop\",mode=\"enforce\"} 1\n");
	has(&status, "\nsafenode_tenant_cpu_seconds_total{tenant=\"shop\"} 3.210000\n");
	has(&status, "\nsafenode_denied_total{tenant=\"shop\",op=\"fs.open\"} 10\n"
		     "safenode_denied_total{tenant=\"shop\",op=\"net.connect\"} 2\n");
	has(&status, "\nsafenode_events_lost_total{tenant=\"shop\"} 3\n");
	has(&status, "\nsafenode_events_suppressed_total{tenant=\"-\"} 0\n");
	/* not known is no number */
	has(&status, "\nsafenode_tenant_memory_bytes{tenant=\"shop\"} 47395635\n");
	has_not(&status, "safenode_tenant_memory_bytes{tenant=\"blog\"}");
	has_not(&status, "/srv");
	has_not(&status, "/sys");
}

static void every_line_is_of_a_metric_with_help_and_type(void **state)
{
	struct sn_status status = sample();
	sn_autofree char *text = printed(sn_metrics, &status);
	char name[64] = "", help[64], typed[64], sampled[64];

	for (char *line, *rest = text; (line = strsep(&rest, "\n")) && *line;) {
		if (sscanf(line, "# HELP %63s", help) == 1)
			strcpy(name, help);
		else if (sscanf(line, "# TYPE %63s", typed) == 1)
			assert_string_equal(typed, name);
		else if (sscanf(line, "%63[a-z_]", sampled) == 1)
			assert_string_equal(sampled, name);
		else
			fail_msg("%s", line);
	}
}

static void nothing_is_said_of_tenants_where_nothing_is_known(void **state)
{
	struct sn_status status = sample();

	break_check(&status, true);
	has(&status, "\nsafenode_in_force 0\n");
	has(&status, "\nsafenode_check{check=\"ftrace\"} 0\n");
	has(&status, "\nsafenode_tenant_running{tenant=\"shop\"} 1\n");
	status.known = false;
	has(&status, "\nsafenode_in_force 0\n");
	has(&status, "\nsafenode_programs 0\n");
	has_not(&status, "tenant=");
}

static void a_label_cannot_end_early(void **state)
{
	struct sn_status status = sample();

	strcpy(status.tenants[1].policy.tenant, "a\"} 1\nb\\");
	has(&status, "\nsafenode_tenant_running{tenant=\"a\\\"} 1\\nb\\\\\"} 1\n");
}

/* A series that is there twice makes Prometheus drop the scrape. */
static void a_name_that_comes_twice_has_one_series(void **state)
{
	struct sn_status status = sample();

	strcpy(status.tenants[0].policy.tenant, "shop");
	has(&status, "safenode_tenant_running{tenant=\"shop\"}");
	has(&status, "safenode_tenant_running{tenant=\"shop\"} 1\n");
	has(&status, "safenode_tenant_cpu_seconds_total{tenant=\"shop\"} ");
	has(&status, "safenode_tenant_mode{tenant=\"shop\"");
	has(&status, "safenode_events_lost_total{tenant=\"shop\"} 3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_metric_has_its_samples),
		cmocka_unit_test(every_line_is_of_a_metric_with_help_and_type),
		cmocka_unit_test(nothing_is_said_of_tenants_where_nothing_is_known),
		cmocka_unit_test(a_label_cannot_end_early),
		cmocka_unit_test(a_name_that_comes_twice_has_one_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
