// SPDX-License-Identifier: GPL-2.0-only
/* safenode-detach: removes a tenant's policy and cgroup. */
#include <errno.h>

#include "brokerclient.h"
#include "cli.h"
#include "detach.h"
#include "options.h"

struct choice {
	struct sn_named named; /* first: sn_set_named() */
	bool kill;
};

static int set_kill(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->kill = true;
	return 0;
}

static const struct sn_opt opts[] = {
	{ "cgroup", "NAME", "the tenant", sn_set_named },
	{ "kill", NULL, "end its processes first; without it, a running tenant is refused",
	  set_kill },
	{ 0 }
};

static const struct sn_program program = {
	.name = "safenode-detach",
	.usage = "--cgroup NAME [--kill]",
	.about = "Remove a tenant's policy and cgroup.",
	.opts = opts,
};

int main(int argc, char **argv)
{
	struct choice choice = {};
	struct sn_err err = {};
	int ret = sn_cli_parse_all(&program, argc, argv, &choice, &err);

	if (!ret && !choice.named.tenant)
		ret = sn_fail(&err, EINVAL, "--cgroup is missing; give the tenant's name");
	if (!ret)
		ret = geteuid() ? sn_brokerclient_detach(choice.named.tenant, choice.kill, &err)
				: sn_detach(choice.named.tenant, choice.kill, &err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
