// SPDX-License-Identifier: GPL-2.0-only
/* runc, for engines that have no hooks: Docker, and what starts its containers through it. */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "hooked.h"

static const struct sn_opt opts[] = { { 0 } };

static const struct sn_program program = {
	.name = "safenode-runtime",
	.usage = "[WORD...]",
	.about = "A container runtime that is runc, and makes every container a tenant.",
	.opts = opts,
	.pass_unknown = true,
};

int main(int argc, char *argv[])
{
	struct sn_runtime_call call;
	struct sn_err err = {};
	/* --help and --version alone are this tool's */
	int ret = sn_cli_parse(&program, argc > 2 ? 2 : argc, argv, NULL, &err);

	if (ret >= 0)
		ret = sn_runtime_call(argc, argv, &call, &err);
	if (!ret && call.starts)
		ret = sn_hook_bundle(call.bundle, &err);
	if (!ret) {
		argv[0] = "runc";
		execvp(argv[0], argv);
		ret = sn_fail(&err, errno, "cannot start runc: %s; install it", strerror(errno));
	}
	return sn_cli_fail(&program, ret, &err);
}
