// SPDX-License-Identifier: GPL-2.0-only
/* safenode: drop-in for node with the three flags. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "attach.h"
#include "cli.h"
#include "detach.h"
#include "handed.h"
#include "split.h"

static const struct sn_program program = {
	.name = "safenode",
	.usage = "[OPTION...] [NODE-OPTION...] [SCRIPT [ARG...]]",
	.about = "Run node as a tenant without a name, whose directory is the current one. "
		 "Without --safe-mode it is node itself. Options and node's may be mixed; "
		 "--version is node's.",
	.opts = sn_dropin_opts,
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
	ret = sn_handed_keep(options, err);
	if (!ret)
		ret = sn_options_check(options, err);
	if (!ret && geteuid())
		return sn_ask(options, argv, say, err);
	if (!ret)
		ret = sn_sweep_unnamed(err);
	if (!ret)
		ret = sn_attach(options, argv, say, err);
	return ret;
}

/* One of the three flags behind the script, where it is an argument of that; or NULL. */
static const char *find_late(char *const script[], bool safe_mode)
{
	static const char *const flags[] = { "--safe-mode", "--restricted-outgoing-addresses",
					     "--allowed-outgoing-ports" };

	if (!script)
		return NULL;
	/* the first is no mistake where the program is confined */
	for (char *const *word = script + 1; *word; word++)
		for (size_t i = safe_mode; i < sizeof(flags) / sizeof(*flags); i++)
			if (strlen(flags[i]) == strcspn(*word, "=") &&
			    !strncmp(*word, flags[i], strlen(flags[i])))
				return flags[i];
	return NULL;
}

static void warn_of_late(char *const script[], bool safe_mode)
{
	const char *flag = find_late(script, safe_mode);
	char text[400];

	if (!flag)
		return;
	snprintf(text, sizeof(text),
		 "warning: %s stands behind '%.200s' and is an argument of that: %s; write it "
		 "before "
		 "the script",
		 flag, *script, safe_mode ? "it restricts nothing" : "nothing is confined");
	say(text);
}

static int run(struct sn_options *options, const struct sn_split *split, struct sn_err *err)
{
	warn_of_late(split->script, options->safe_mode);
	if (options->safe_mode)
		return run_as_tenant(options, split->node, err);
	if (options->restricted.nr || options->outgoing.nr || options->user || options->terminal)
		return sn_fail(err, EINVAL, "restrictions need --safe-mode; add it");
	execvp(split->node[0], split->node);
	return sn_fail(err, errno, "cannot start %s: %s", split->node[0], strerror(errno));
}

int main(int argc, char **argv)
{
	struct sn_options options = {};
	struct sn_split split;
	struct sn_err err = {};
	int ret = sn_split(sn_dropin_opts, argc, argv, &split, &err);

	if (!ret)
		ret = sn_cli_parse_all(&program, split.nr_own, split.own, &options, &err);
	if (!ret)
		ret = run(&options, &split, &err);
	sn_options_free(&options);
	sn_split_free(&split);
	return sn_cli_fail(&program, ret, &err);
}
