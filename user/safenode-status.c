// SPDX-License-Identifier: GPL-2.0-only
/* safenode-status: the loaded state, the tenants, and what was refused to each. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cgroup.h"
#include "cli.h"
#include "enforcer.h"
#include "logline.h"

static const struct sn_opt opts[] = { { 0 } };

static const struct sn_program program = {
	.name = "safenode-status",
	.usage = "",
	.about = "Show whether safenode is in force, the tenants, and what was refused to each.",
	.opts = opts,
};

struct view {
	const struct sn_enforcer *enforcer;
	FILE *out; /* in memory: a slow reader of stdout must not delay the lock */
};

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

/* With another id, the cgroup was removed by hand, and the name was used again. */
static bool is_running(const struct sn_enforcer *enforcer, const struct sn_policy *policy)
{
	char path[PATH_MAX];
	__u64 id;

	return !sn_enforcer_cgroup(enforcer, policy->tenant, path, NULL) &&
	       !sn_cgroup_id(path, &id, NULL) && id == policy->cgroup_id &&
	       sn_cgroup_populated(path) == 1;
}

static int print_tenant(const struct sn_policy *policy, void *data)
{
	const struct view *view = data;
	char name[4 * sizeof(policy->tenant)], directory[4 * sizeof(policy->directory)];
	struct sn_counters counters;

	fprintf(view->out, "%s: %s, %s%s\n",
		sn_printable(policy->tenant, sizeof(policy->tenant), name, sizeof(name)),
		sn_printable(policy->directory, sizeof(policy->directory), directory,
			     sizeof(directory)),
		is_running(view->enforcer, policy) ? "running" : "ended",
		policy->observe ? ", observed: NOT CONFINED, nothing is refused" : "");
	sn_store_count(&view->enforcer->store, policy->cgroup_id, &counters);
	print_counters(view->out, &counters, policy->observe);
	return 0;
}

static void print_without_policy(const struct view *view)
{
	struct sn_counters counters;

	sn_store_count(&view->enforcer->store, 0, &counters);
	for (int op = 0; op < SN_OP_NR; op++) {
		if (!counters.denied[op])
			continue;
		fprintf(view->out, "processes without a policy:\n");
		print_counters(view->out, &counters, false);
		return;
	}
}

static int collect(FILE *out, struct sn_err *err)
{
	struct sn_enforcer enforcer = SN_ENFORCER_CLOSED;
	struct view view = { .enforcer = &enforcer, .out = out };
	int ret = sn_enforcer_open(&enforcer, err);

	if (!ret)
		ret = sn_enforcer_lock(&enforcer, SN_SHARED, err);
	if (!ret) {
		fprintf(out, "in force: %u programs, for the cgroups below %s%s\n",
			enforcer.state.programs, enforcer.mount, enforcer.state.parent);
		ret = sn_store_each(&enforcer.store, print_tenant, &view, err);
	}
	if (!ret)
		print_without_policy(&view);
	sn_enforcer_close(&enforcer);
	return ret;
}

static int status(struct sn_err *err)
{
	sn_autofree char *text = NULL;
	size_t size = 0;
	FILE *out;
	int ret;

	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	out = open_memstream(&text, &size);
	if (!out)
		return sn_fail(err, ENOMEM, "out of memory");
	ret = collect(out, err);
	if (fclose(out) && !ret)
		ret = sn_fail(err, ENOMEM, "out of memory");
	if (text)
		fputs(text, stdout);
	return ret ? ret : sn_cli_flush(err);
}

int main(int argc, char **argv)
{
	struct sn_err err = {};
	int ret = sn_cli_parse(&program, argc, argv, NULL, &err);

	if (ret >= 0 && ret < argc)
		ret = sn_fail(&err, EINVAL, "unexpected '%s'; see --help", argv[ret]);
	sn_cli_begin_output();
	if (ret >= 0)
		ret = status(&err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
