// SPDX-License-Identifier: GPL-2.0-only
/* safenode: drop-in for node with the three flags. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "attach.h"
#include "cli.h"
#include "detach.h"

static const struct sn_program program = {
	.name = "safenode",
	.usage = "--safe-mode [OPTION...] [NODE-OPTION...] SCRIPT [ARG...]",
	.about = "Run node as a tenant without a name, whose directory is the current one. "
		 "Without --safe-mode it is node itself.",
	.opts = sn_dropin_opts,
	.pass_unknown = true,
};

static void say(const char *text)
{
	sn_cli_say(&program, text);
}

static int run_as_tenant(struct sn_options *options, char *const argv[], struct sn_err *err)
{
	char name[32];
	int ret;

	snprintf(name, sizeof(name), SN_UNNAMED "%d", getpid());
	options->tenant = strdup(name);
	options->directory = strdup(".");
	ret = sn_options_check(options, err);
	if (!ret && geteuid())
		return sn_ask(options, argv, say, err);
	if (!ret)
		ret = sn_sweep_unnamed(err);
	if (!ret)
		ret = sn_attach(options, argv, say, err);
	return ret;
}

static int run(struct sn_options *options, char *const argv[], struct sn_err *err)
{
	if (options->safe_mode)
		return run_as_tenant(options, argv, err);
	if (options->restricted.nr || options->outgoing.nr || options->user || options->terminal)
		return sn_fail(err, EINVAL, "restrictions need --safe-mode; add it");
	execvp(argv[0], argv);
	return sn_fail(err, errno, "cannot start %s: %s", argv[0], strerror(errno));
}

int main(int argc, char **argv)
{
	struct sn_options options = {};
	struct sn_err err = {};
	int first = sn_cli_parse(&program, argc, argv, &options, &err);
	int ret = first;

	if (first >= 0) {
		/* the word before node's own arguments, which is always there, becomes "node" */
		argv[first - 1] = "node";
		ret = run(&options, argv + first - 1, &err);
	}
	sn_options_free(&options);
	return sn_cli_fail(&program, ret, &err);
}
