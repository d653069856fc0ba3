// SPDX-License-Identifier: GPL-2.0-only
/* What is loaded and the tenants -> text for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "logline.h"
#include "statustable.h"

/* ---- numbers ---- */

const char *sn_size_text(__s64 bytes, char text[SN_SIZE_TEXT])
{
	static const char units[] = "KMGT";
	double value = bytes;
	int unit = -1;

	if (bytes == SN_NOT_KNOWN)
		return strcpy(text, "-");
	for (; value >= 1024 && units[unit + 1]; unit++)
		value /= 1024;
	if (unit < 0)
		snprintf(text, SN_SIZE_TEXT, "%" PRId64, (int64_t)bytes);
	else
		snprintf(text, SN_SIZE_TEXT, "%.1f%c", value, units[unit]);
	return text;
}

const char *sn_cpu_text(__s64 usec, char text[SN_SIZE_TEXT])
{
	unsigned int seconds = (unsigned int)(usec / 1000000), minutes = seconds / 60;

	if (usec == SN_NOT_KNOWN)
		strcpy(text, "-");
	else if (minutes >= 24 * 60)
		snprintf(text, SN_SIZE_TEXT, "%ud%02uh", minutes / 60 / 24, minutes / 60 % 24);
	else if (minutes >= 60)
		snprintf(text, SN_SIZE_TEXT, "%uh%02um", minutes / 60, minutes % 60);
	else if (minutes)
		snprintf(text, SN_SIZE_TEXT, "%um%02us", minutes, seconds % 60);
	else
		snprintf(text, SN_SIZE_TEXT, "%.2fs", (double)usec / 1000000);
	return text;
}

/* ---- what is in force ---- */

static void print_unmet(const struct sn_status *status, FILE *out)
{
	for (size_t i = 0; i < status->nr_checks; i++) {
		const struct sn_requirement *req = &status->checks[i];

		if (!req->met)
			fprintf(out, "%-8s %s: %s%s%s\n", req->needed ? "MISSING" : "WEAKENED",
				req->what, req->found, *req->cure ? "; " : "", req->cure);
	}
}

/* All of it is in one line of stderr as well, which those see who keep nothing else. */
static void print_head(const struct sn_status *status, FILE *out)
{
	if (status->in_force)
		fprintf(out, "in force: %u programs, for the cgroups below %s%s\n",
			status->state.programs, status->mount, status->state.parent);
	else
		fprintf(out, "NOT IN FORCE%s\n",
			status->nr_tenants ? ": nothing keeps the tenants from what their policies "
					     "refuse"
					   : "");
	print_unmet(status, out);
}

/* What authors of tenants ask about, for node's own message does not tell them why. */
static const char *hint(int op)
{
	return op == SN_OP_CODE_MMAP ? " (native addons are: docs/for-tenant-authors.md)" : "";
}

static void print_counters(FILE *out, const struct sn_counters *counters, bool observed)
{
	const char *refused = observed ? "would be refused" : "refused";

	for (int op = 0; op < SN_OP_NR; op++)
		if (counters->denied[op])
			fprintf(out, "    %-20s %10" PRIu64 " %s%s\n", sn_op_name(op),
				(uint64_t)counters->denied[op], refused, hint(op));
	if (counters->known)
		fprintf(out, "    %-20s %10" PRIu64 " %s, as node and libc always try\n", "known",
			(uint64_t)counters->known, refused);
	if (counters->suppressed)
		fprintf(out, "    %-20s %10" PRIu64 " above %d a second\n", "not reported",
			(uint64_t)counters->suppressed, SN_EVENTS_RATE);
	if (counters->lost)
		fprintf(out, "    %-20s %10" PRIu64 " found the ring full\n", "not reported",
			(uint64_t)counters->lost);
}

static void print_without_policy(const struct sn_status *status, FILE *out)
{
	if (!sn_status_refused(&status->without_policy))
		return;
	fputs("processes without a policy:\n", out);
	print_counters(out, &status->without_policy, false);
}

/* ---- a line for each ---- */

/* The operation that was refused most, or "". */
static const char *mostly(const struct sn_counters *counters)
{
	int most = 0;

	for (int op = 1; op < SN_OP_NR; op++)
		if (counters->denied[op] > counters->denied[most])
			most = op;
	return counters->denied[most] ? sn_op_name(most) : "";
}

static const char *user_of(const struct sn_tenant *tenant, char number[16])
{
	if (tenant->user)
		return tenant->user;
	if (!tenant->usage.has_user)
		return "-";
	snprintf(number, 16, "%u", tenant->usage.user);
	return number;
}

static const char *state_of(const struct sn_tenant *tenant)
{
	return tenant->running ? "running" : "ended";
}

static void widen(int *width, const char *text)
{
	int len = (int)strlen(text);

	*width = len > *width ? len : *width;
}

static void find_widths(const struct sn_status *status, int *name, int *user)
{
	char text[4 * SN_TENANT_MAX], number[16];

	*name = strlen("TENANT");
	*user = strlen("USER");
	for (size_t i = 0; i < status->nr_tenants; i++) {
		const struct sn_tenant *tenant = &status->tenants[i];

		widen(name, sn_printable(tenant->policy.tenant, SN_TENANT_MAX, text, sizeof(text)));
		widen(user, user_of(tenant, number));
	}
}

static void print_row(const struct sn_tenant *tenant, int name_width, int user_width, FILE *out)
{
	char name[4 * SN_TENANT_MAX], dir[4 * SN_TEXT_MAX], number[16];
	char memory[SN_SIZE_TEXT], cpu[SN_SIZE_TEXT];

	fprintf(out, "%-*s  %-7s  %-7s  %-*s  %5zu  %7s  %7s  %8" PRIu64 "  %-14s  %s\n",
		name_width, sn_printable(tenant->policy.tenant, SN_TENANT_MAX, name, sizeof(name)),
		state_of(tenant), sn_status_mode(&tenant->policy), user_width,
		user_of(tenant, number), tenant->usage.nr_pids,
		sn_size_text(tenant->usage.memory, memory),
		sn_cpu_text(tenant->usage.cpu_usec, cpu),
		(uint64_t)sn_status_refused(&tenant->counters), mostly(&tenant->counters),
		sn_printable(tenant->policy.directory, SN_TEXT_MAX, dir, sizeof(dir)));
}

static void print_sums(const struct sn_status *status, FILE *out)
{
	__u64 refused = sn_status_refused(&status->without_policy);
	__u64 lost = status->without_policy.lost, suppressed = status->without_policy.suppressed;
	size_t running = 0;

	for (size_t i = 0; i < status->nr_tenants; i++) {
		const struct sn_tenant *tenant = &status->tenants[i];

		running += tenant->running;
		refused += sn_status_refused(&tenant->counters);
		lost += tenant->counters.lost;
		suppressed += tenant->counters.suppressed;
	}
	fprintf(out,
		"%zu tenant%s, %zu running; %" PRIu64 " refusals, of which %" PRIu64
		" were not reported\n",
		status->nr_tenants, status->nr_tenants == 1 ? "" : "s", running, (uint64_t)refused,
		(uint64_t)(lost + suppressed));
}

void sn_status_table(const struct sn_status *status, FILE *out)
{
	int name, user;

	print_head(status, out);
	if (!status->known)
		return;
	print_sums(status, out);
	find_widths(status, &name, &user);
	if (status->nr_tenants)
		fprintf(out, "\n%-*s  %-7s  %-7s  %-*s  %5s  %7s  %7s  %8s  %-14s  %s\n", name,
			"TENANT", "STATE", "MODE", user, "USER", "PROCS", "MEMORY", "CPU",
			"REFUSED", "MOSTLY", "DIRECTORY");
	for (size_t i = 0; i < status->nr_tenants; i++)
		print_row(&status->tenants[i], name, user, out);
	if (status->nr_tenants && sn_status_refused(&status->without_policy))
		putc('\n', out);
	print_without_policy(status, out);
}

/* ---- all of one ---- */

static void print_options(const struct sn_tenant *tenant, FILE *out)
{
	sn_autofree char *text = NULL;
	size_t size = 0;
	FILE *lines = open_memstream(&text, &size);
	char *rest, *line;

	if (!lines)
		return;
	sn_inforce_print(&tenant->inforce, lines);
	if (fclose(lines))
		return;
	fputs("  options in force\n", out);
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (*line)
			fprintf(out, "    %s\n", line);
}

static void print_processes(const struct sn_usage *usage, FILE *out)
{
	fprintf(out, "  processes  %zu", usage->nr_pids);
	if (usage->threads != SN_NOT_KNOWN)
		fprintf(out, ", %" PRId64 " threads", (int64_t)usage->threads);
	for (size_t i = 0; i < usage->nr_pids; i++)
		fprintf(out, "%s%d", i ? " " : ": ", usage->pids[i]);
	putc('\n', out);
}

static void print_usage(const struct sn_usage *usage, FILE *out)
{
	char memory[SN_SIZE_TEXT], max[SN_SIZE_TEXT], cpu[SN_SIZE_TEXT];

	print_processes(usage, out);
	fprintf(out, "  memory     %s", sn_size_text(usage->memory, memory));
	if (usage->memory_max != SN_NOT_KNOWN)
		fprintf(out, " of %s", sn_size_text(usage->memory_max, max));
	fprintf(out, "\n  CPU        %s\n", sn_cpu_text(usage->cpu_usec, cpu));
}

static void print_drift(const struct sn_tenant *tenant, FILE *out)
{
	if (tenant->drifts)
		fputs("  limits that hold no longer\n", out);
	for (size_t i = 0; i < tenant->drifts && i < SN_DRIFTS_MAX; i++) {
		const struct sn_drift *drift = &tenant->drift[i];

		fprintf(out, "    %s was set to %s, and %s%s\n", drift->file, drift->set,
			drift->now[0] ? "is " : "is gone, for its controller was disabled",
			drift->now);
	}
}

static const char *weakened(const struct sn_policy *policy)
{
	if (!policy->safe_mode)
		return "";
	if (policy->warm)
		return ", warm: NOT CONFINED, files, native code and addresses are left to it";
	return policy->observe ? ", observed: NOT CONFINED, nothing is refused" : "";
}

static void print_tenant(const struct sn_tenant *tenant, FILE *out)
{
	char line[SN_LOGLINE_MAX];
	char name[4 * SN_TENANT_MAX], dir[4 * SN_TEXT_MAX], number[16];
	bool observed = tenant->policy.safe_mode && tenant->policy.observe;

	fprintf(out, "\n%s: %s, %s%s\n",
		sn_printable(tenant->policy.tenant, SN_TENANT_MAX, name, sizeof(name)),
		sn_printable(tenant->policy.directory, SN_TEXT_MAX, dir, sizeof(dir)),
		state_of(tenant), weakened(&tenant->policy));
	fprintf(out, "  cgroup     %s\n  mode       %s\n  user       %s\n", tenant->cgroup,
		sn_status_mode(&tenant->policy), user_of(tenant, number));
	print_usage(&tenant->usage, out);
	print_options(tenant, out);
	print_drift(tenant, out);
	if (sn_status_refused(&tenant->counters) || tenant->counters.known)
		fputs(observed ? "  would be refused\n" : "  refused\n", out);
	print_counters(out, &tenant->counters, observed);
	if (tenant->has_last && sn_logline(&tenant->last, line, sizeof(line)))
		fprintf(out, "  last\n    %s\n", line);
}

void sn_status_details(const struct sn_status *status, FILE *out)
{
	print_head(status, out);
	for (size_t i = 0; i < status->nr_tenants; i++)
		print_tenant(&status->tenants[i], out);
}
