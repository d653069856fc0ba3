// SPDX-License-Identifier: GPL-2.0-only
/* safenode-status: the loaded state, the tenants, and what was refused to each. */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "attach.h"
#include "cgroup.h"
#include "cli.h"
#include "logline.h"
#include "object.h"
#include "store.h"

static const struct sn_opt opts[] = { { 0 } };

static const struct sn_program program = {
	.name = "safenode-status",
	.usage = "",
	.about = "Show whether safenode is in force, the tenants, and what was refused to each.",
	.opts = opts,
};

struct view {
	const struct sn_state *state;
	char mount[PATH_MAX];
};

static void print_counters(const struct sn_counters *counters)
{
	for (int op = 0; op < SN_OP_NR; op++)
		if (counters->denied[op])
			printf("    %-20s %10" PRIu64 " refused\n", sn_op_name(op),
			       (uint64_t)counters->denied[op]);
	if (counters->known)
		printf("    %-20s %10" PRIu64 " refused, as node and libc always try\n", "known",
		       (uint64_t)counters->known);
	if (counters->suppressed)
		printf("    %-20s %10" PRIu64 " above %d a second\n", "not reported",
		       (uint64_t)counters->suppressed, SN_EVENTS_RATE);
	if (counters->lost)
		printf("    %-20s %10" PRIu64 " found the ring full\n", "not reported",
		       (uint64_t)counters->lost);
}

static int print_tenant(const struct sn_policy *policy, const struct sn_counters *counters,
			void *data)
{
	const struct view *view = data;
	char path[PATH_MAX], directory[4 * sizeof(policy->directory)];
	bool running;
	__u64 id;

	sn_tenant_path(path, view->mount, view->state, policy->tenant);
	/* another id: its cgroup was removed by hand, and the name has a new one */
	running = !sn_cgroup_id(path, &id, NULL) && id == policy->cgroup_id &&
		  sn_cgroup_populated(path) == 1;
	printf("%s: %s, %s\n", policy->tenant,
	       sn_printable(policy->directory, directory, sizeof(directory)),
	       running ? "running" : "ended");
	print_counters(counters);
	return 0;
}

static void print_strangers(const struct sn_store *store)
{
	struct sn_counters counters = {};
	__u64 nobody = 0;

	if (bpf_map_lookup_elem(store->counters, &nobody, &counters))
		return;
	for (int op = 0; op < SN_OP_NR; op++) {
		if (!counters.denied[op])
			continue;
		printf("processes without a policy:\n");
		print_counters(&counters);
		return;
	}
}

static int status(struct sn_err *err)
{
	struct sn_state state;
	struct view view = { .state = &state };
	struct sn_store store;
	int ret = geteuid() ? sn_fail(err, EPERM, "must be run as root")
			    : sn_object_state(&state, err);

	if (!ret)
		ret = sn_cgroup_mount(view.mount, err);
	if (!ret)
		ret = sn_store_open(&store, err);
	if (ret)
		return ret;
	printf("in force: %u programs, for the cgroups below %s%s\n", state.programs, view.mount,
	       state.parent);
	sn_store_each(&store, print_tenant, &view);
	print_strangers(&store);
	sn_store_close(&store);
	return 0;
}

int main(int argc, char **argv)
{
	struct sn_err err = {};
	int ret = sn_cli_parse(&program, argc, argv, NULL, &err);

	if (ret >= 0 && ret < argc)
		ret = sn_fail(&err, EINVAL, "unexpected '%s'; see --help", argv[ret]);
	if (ret >= 0)
		ret = status(&err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
