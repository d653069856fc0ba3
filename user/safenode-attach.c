// SPDX-License-Identifier: GPL-2.0-only
/* safenode-attach: writes a tenant's policy and becomes its program; or replaces the policy. */
#include <errno.h>
#include <stdio.h>

#include "ask.h"
#include "attach.h"
#include "cli.h"
#include "replace.h"

static const struct sn_program program = {
	.name = "safenode-attach",
	.usage = "--cgroup NAME --dir PATH --safe-mode [OPTION...] [-- COMMAND [ARG...]]",
	.about = "Make a tenant and become COMMAND inside it: same process, same stdio. Without "
		 "COMMAND, only write the policy of a tenant that will run node.",
	.opts = sn_attach_opts,
};

static void say(const char *text)
{
	sn_cli_say(&program, text);
}

static int replace(const struct sn_options *options, const char *command, struct sn_err *err)
{
	int ret;

	if (command)
		return sn_fail(err, EINVAL,
			       "'%.200s': --%s takes no command, for a tenant keeps its "
			       "program; leave it out, or detach and attach",
			       command, options->narrow ? "narrow" : "replace");
	sn_cli_begin_output();
	ret = sn_replace(options, stdout, err);
	return ret ? ret : sn_cli_flush(err);
}

int main(int argc, char **argv)
{
	struct sn_options options = {};
	struct sn_err err = {};
	int first = sn_cli_parse(&program, argc, argv, &options, &err);
	int ret = first < 0 ? first : sn_options_check(&options, &err);

	if (!ret)
		ret = options.replace || options.narrow ? replace(&options, argv[first], &err)
		      : geteuid()			? sn_ask(&options, argv + first, say, &err)
				  : sn_attach(&options, argv + first, say, &err);
	sn_options_free(&options);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
