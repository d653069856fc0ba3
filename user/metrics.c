// SPDX-License-Identifier: GPL-2.0-only
/* What is loaded and the tenants -> the exposition format of Prometheus, version 0.0.4. */
#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "logline.h"
#include "metrics.h"

/* ---- the format ---- */

static void begin(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* In a label's value, backslash, quote and the end of a line are escaped. */
static void put_label(FILE *out, const char *label, const char *value)
{
	fprintf(out, "%s=\"", label);
	for (; *value; value++) {
		if (*value == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*value == '"' || *value == '\\')
			putc('\\', out);
		putc(*value, out);
	}
	putc('"', out);
}

static void begin_sample(FILE *out, const char *name, const char *label, const char *value)
{
	fprintf(out, "%s{", name);
	put_label(out, label, value);
}

static void put_sample(FILE *out, const char *name, const char *label, const char *value,
		       __u64 number)
{
	begin_sample(out, name, label, value);
	fprintf(out, "} %" PRIu64 "\n", (uint64_t)number);
}

/* One of a tenant, with a second label */
static void put_tenants_sample(FILE *out, const char *name, const char *tenant, const char *label,
			       const char *value, __u64 number)
{
	begin_sample(out, name, "tenant", tenant);
	putc(',', out);
	put_label(out, label, value);
	fprintf(out, "} %" PRIu64 "\n", (uint64_t)number);
}

/* ---- what is loaded ---- */

static void put_build(FILE *out)
{
	struct utsname kernel;
	char abi[16];

	uname(&kernel);
	snprintf(abi, sizeof(abi), "%d", SN_ABI_VERSION);
	begin(out, "safenode_build_info", "gauge",
	      "Version of the tools, and the kernel; always 1.");
	fputs("safenode_build_info{", out);
	put_label(out, "version", SAFENODE_VERSION);
	putc(',', out);
	put_label(out, "abi", abi);
	putc(',', out);
	put_label(out, "kernel", kernel.release);
	fputs("} 1\n", out);
}

static void put_checks(const struct sn_status *status, FILE *out)
{
	begin(out, "safenode_in_force", "gauge",
	      "1: tenants are held to their policies; 0: they are not.");
	fprintf(out, "safenode_in_force %d\n", status->in_force);
	begin(out, "safenode_check", "gauge",
	      "1: what safenode-status --json lists under this id is met.");
	for (size_t i = 0; i < status->nr_checks; i++)
		put_sample(out, "safenode_check", "check", status->checks[i].id,
			   status->checks[i].met);
	begin(out, "safenode_programs", "gauge", "BPF programs that are loaded.");
	fprintf(out, "safenode_programs %u\n", status->known ? status->state.programs : 0);
}

static void put_maps(const struct sn_status *status, FILE *out)
{
	begin(out, "safenode_map_entries", "gauge", "Entries that a map has.");
	for (size_t i = 0; i < status->nr_maps; i++)
		put_sample(out, "safenode_map_entries", "map", status->maps[i].name,
			   status->maps[i].entries);
	begin(out, "safenode_map_capacity", "gauge", "Entries that it has room for.");
	for (size_t i = 0; i < status->nr_maps; i++)
		put_sample(out, "safenode_map_capacity", "map", status->maps[i].name,
			   status->maps[i].capacity);
}

/* ---- tenants ---- */

/*
 * Two policies can have one name, where the cgroup of the first was removed by hand. A series must
 * not be there twice: the last one, which is the newer, counts.
 */
static bool is_last_of_name(const struct sn_status *status, size_t i)
{
	return i + 1 == status->nr_tenants ||
	       strcmp(status->tenants[i].policy.tenant, status->tenants[i + 1].policy.tenant) != 0;
}

/* A value of a tenant; SN_NOT_KNOWN: none. */
struct figure {
	const char *name, *type, *help;
	__s64 (*of)(const struct sn_tenant *tenant);
};

static __s64 running_of(const struct sn_tenant *tenant)
{
	return tenant->running;
}

static __s64 processes_of(const struct sn_tenant *tenant)
{
	return (__s64)tenant->usage.nr_pids;
}

static __s64 memory_of(const struct sn_tenant *tenant)
{
	return tenant->usage.memory;
}

static __s64 memory_max_of(const struct sn_tenant *tenant)
{
	return tenant->usage.memory_max;
}

static __s64 limits_of(const struct sn_tenant *tenant)
{
	return !tenant->drifts;
}

static void put_figures(const struct sn_status *status, FILE *out)
{
	static const struct figure figures[] = {
		{ "safenode_tenant_running", "gauge",
		  "1: it has processes; 0: it has ended, and is attached.", running_of },
		{ "safenode_tenant_processes", "gauge", "Processes in its cgroup.", processes_of },
		{ "safenode_tenant_memory_bytes", "gauge",
		  "Memory of its cgroup, where that is counted.", memory_of },
		{ "safenode_tenant_memory_max_bytes", "gauge", "Its --memory-max.", memory_max_of },
		{ "safenode_tenant_limits_hold", "gauge",
		  "0: a limit that was set holds no longer.", limits_of },
	};

	for (size_t f = 0; f < sizeof(figures) / sizeof(*figures); f++) {
		begin(out, figures[f].name, figures[f].type, figures[f].help);
		for (size_t i = 0; i < status->nr_tenants; i++) {
			__s64 value = figures[f].of(&status->tenants[i]);

			if (value != SN_NOT_KNOWN && is_last_of_name(status, i))
				put_sample(out, figures[f].name, "tenant",
					   status->tenants[i].policy.tenant, value);
		}
	}
}

static void put_cpu(const struct sn_status *status, FILE *out)
{
	begin(out, "safenode_tenant_cpu_seconds_total", "counter", "CPU time of its cgroup.");
	for (size_t i = 0; i < status->nr_tenants; i++) {
		__s64 usec = status->tenants[i].usage.cpu_usec;

		if (usec == SN_NOT_KNOWN || !is_last_of_name(status, i))
			continue;
		fputs("safenode_tenant_cpu_seconds_total{", out);
		put_label(out, "tenant", status->tenants[i].policy.tenant);
		fprintf(out, "} %.6f\n", (double)usec / 1000000);
	}
}

static void put_modes(const struct sn_status *status, FILE *out)
{
	begin(out, "safenode_tenant_mode", "gauge", "1 for the mode that it is in.");
	for (size_t i = 0; i < status->nr_tenants; i++)
		if (is_last_of_name(status, i))
			put_tenants_sample(out, "safenode_tenant_mode",
					   status->tenants[i].policy.tenant, "mode",
					   sn_status_mode(&status->tenants[i].policy), 1);
}

/* ---- counters, also of those without a policy ---- */

#define NOBODY "-"

/* Operations that were never refused have no series: they would be most of them. */
static void put_denied(const char *tenant, const struct sn_counters *counters, FILE *out)
{
	for (int op = 0; op < SN_OP_NR; op++)
		if (counters->denied[op])
			put_tenants_sample(out, "safenode_denied_total", tenant, "op",
					   sn_op_name(op), counters->denied[op]);
}

static void put_all_denied(const struct sn_status *status, FILE *out)
{
	begin(out, "safenode_denied_total", "counter",
	      "Refusals, but for those that node and libc always meet.");
	put_denied(NOBODY, &status->without_policy, out);
	for (size_t i = 0; i < status->nr_tenants; i++)
		if (is_last_of_name(status, i))
			put_denied(status->tenants[i].policy.tenant, &status->tenants[i].counters,
				   out);
}

static __u64 known_of(const struct sn_counters *counters)
{
	return counters->known;
}

static __u64 lost_of(const struct sn_counters *counters)
{
	return counters->lost;
}

static __u64 suppressed_of(const struct sn_counters *counters)
{
	return counters->suppressed;
}

static void put_counters(const struct sn_status *status, FILE *out)
{
	static const struct {
		const char *name, *help;
		__u64 (*of)(const struct sn_counters *counters);
	} counters[] = {
		{ "safenode_known_denied_total", "Refusals that node and libc always meet.",
		  known_of },
		{ "safenode_events_lost_total", "Refusals without an event: the ring was full.",
		  lost_of },
		{ "safenode_events_suppressed_total",
		  "Refusals without an event: they were more than a tenant may report.",
		  suppressed_of },
	};

	for (size_t c = 0; c < sizeof(counters) / sizeof(*counters); c++) {
		begin(out, counters[c].name, "counter", counters[c].help);
		put_sample(out, counters[c].name, "tenant", NOBODY,
			   counters[c].of(&status->without_policy));
		for (size_t i = 0; i < status->nr_tenants; i++)
			if (is_last_of_name(status, i))
				put_sample(out, counters[c].name, "tenant",
					   status->tenants[i].policy.tenant,
					   counters[c].of(&status->tenants[i].counters));
	}
}

void sn_metrics(const struct sn_status *status, FILE *out)
{
	put_build(out);
	put_checks(status, out);
	put_maps(status, out);
	if (!status->known)
		return;
	put_figures(status, out);
	put_cpu(status, out);
	put_modes(status, out);
	put_all_denied(status, out);
	put_counters(status, out);
}
