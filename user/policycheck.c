// SPDX-License-Identifier: GPL-2.0-only
/* A policy file -> what is wrong in it, what is doubtful, and what it would put in force. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "compile.h"
#include "gather.h"
#include "policycheck.h"

/* ---- findings ---- */

struct check {
	struct sn_checked *checked;
	struct sn_options *options;
	int error; /* -ENOMEM */
};

static void find(struct check *check, const char *what, const char *option, const char *where,
		 const char *text)
{
	struct sn_checked *checked = check->checked;
	struct sn_finding *all = reallocarray(checked->all, checked->nr + 1, sizeof(*all));
	char *copy = strdup(text);

	if (all)
		checked->all = all;
	if (!all || !copy) {
		free(copy);
		check->error = -ENOMEM;
		return;
	}
	all += checked->nr++;
	*all = (struct sn_finding){ .text = copy, .wrong = !strcmp(what, "wrong") };
	snprintf(all->what, sizeof(all->what), "%s", what);
	snprintf(all->option, sizeof(all->option), "%s", option);
	where = where ? strrchr(where, ':') : NULL; /* "FILE:LINE" */
	all->line = where ? strtoul(where + 1, NULL, 10) : 0;
	checked->wrong |= all->wrong;
}

/* Of an error that begins with file and line, if it has one. */
static void find_wrong(void *data, const struct sn_err *err)
{
	struct check *check = data;
	const char *file = check->checked->file, *text = err->text, *end;
	size_t len = strlen(file);
	char where[300];

	if (strncmp(text, file, len) != 0 || text[len] != ':' ||
	    !(end = strstr(text + len + 1, ": "))) {
		find(check, "wrong", "", NULL, text);
		return;
	}
	snprintf(where, sizeof(where), "%.*s", (int)(end - text), text);
	find(check, "wrong", "", where, end + 2);
}

static void find_warning(const struct sn_warning *warning, void *data)
{
	struct check *check = data;

	find(check, warning->what, warning->option,
	     sn_options_where(check->options, warning->option, warning->number), warning->text);
}

/* An error in what the file names: 0 if the check may go on. */
static int take(struct check *check, int ret, const struct sn_err *err)
{
	if (ret == -ENOMEM)
		check->error = ret;
	else if (ret)
		find_wrong(check, err);
	return ret;
}

/* ---- what is named ---- */

/* The policy is for node if no command is named; then a machine without node is no fault of it. */
static void check_command(struct check *check, const struct sn_gathered *gathered,
			  char *const command[])
{
	static char *const node[] = { (char *)"node", NULL };
	struct sn_command resolved = {};
	struct sn_err why = {};
	int ret = sn_command_resolve(&resolved, *command ? command : node, &why);

	if (!ret && gathered->directory[0])
		ret = sn_gather_command(gathered, &resolved, &why);
	if (ret == -ENOMEM || *command)
		take(check, ret, &why);
	else if (ret)
		find(check, "program", "", NULL, why.text);
	sn_command_free(&resolved);
}

/* Without a directory in the file, the user may be its owner. */
static void check_named(struct check *check, struct sn_gathered *gathered, char *const command[])
{
	const struct sn_options *options = check->options;
	bool lines_are_wrong = check->checked->wrong;
	struct sn_err why = {};
	int ret = 0;

	if (options->directory)
		ret = take(check, sn_gather_directory(gathered, &why), &why);
	/* the line that names the user may be a wrong one */
	if (!ret && (options->user || (options->directory && !lines_are_wrong)))
		take(check, sn_gather_account(gathered, &why), &why);
	take(check, sn_gather_paths(gathered, &why), &why);
	check_command(check, gathered, command);
	check->checked->whole = true;
}

/* ---- what would be in force ---- */

static int show(struct check *check, const struct sn_gathered *gathered)
{
	struct sn_rules none = {};
	struct sn_source source = {
		.options = check->options,
		.directory = gathered->directory[0] ? gathered->directory
						     : check->options->directory ?: "",
		.own = &none,
		.baseline = &none,
	};
	struct sn_inforce *inforce = &check->checked->inforce;
	struct sn_compiled compiled;
	int ret = sn_compile(&source, &compiled, NULL);

	if (!ret)
		ret = sn_inforce_add_policy(inforce, &compiled.policy, &compiled.own, "");
	if (!ret)
		ret = sn_inforce_add_unmapped(inforce, check->options);
	if (!ret)
		ret = sn_inforce_add_paths(inforce, check->options);
	sn_inforce_sort(inforce);
	sn_compiled_free(&compiled);
	return ret;
}

/* Where a line is wrong, what the others say together is not judged, only what they name. */
static void check_options(struct check *check, char *const command[],
			  const struct sn_machine *machine)
{
	struct sn_gathered gathered = SN_GATHERED(check->options);
	bool lines_are_wrong = check->checked->wrong;
	struct sn_err why = {};

	if (!lines_are_wrong)
		take(check, sn_options_check_alone(check->options, &why), &why);
	if (!geteuid()) {
		take(check, sn_options_trust_file(check->checked->file, &why), &why);
		check_named(check, &gathered, command);
	}
	if (!lines_are_wrong)
		sn_warnings(check->options, machine, find_warning, check);
	if (!check->checked->wrong && show(check, &gathered))
		check->error = -ENOMEM;
	sn_gathered_free(&gathered);
}

int sn_policy_check(const char *file, char *const command[], const struct sn_machine *machine,
		    struct sn_checked *checked, struct sn_err *err)
{
	struct sn_options options = { .tenant = NULL };
	struct check check = { .checked = checked, .options = &options };
	const struct sn_watch watch = { .wrong = find_wrong, .data = &check };
	struct sn_err why = {};
	int ret;

	*checked = (struct sn_checked){ .file = file };
	ret = sn_options_read(&options, file, &watch, &why);
	if (ret && !checked->nr) { /* the file itself */
		find_wrong(&check, &why);
	} else if (ret != -ENOMEM) {
		if (!options.tenant)
			options.tenant = strdup("");
		if (options.tenant)
			check_options(&check, command, machine);
		else
			check.error = -ENOMEM;
	}
	sn_options_free(&options);
	if (!check.error && ret != -ENOMEM)
		return 0;
	sn_checked_free(checked);
	return sn_fail(err, ENOMEM, "out of memory");
}

void sn_checked_free(struct sn_checked *checked)
{
	for (size_t i = 0; i < checked->nr; i++)
		free(checked->all[i].text);
	free(checked->all);
	sn_inforce_free(&checked->inforce);
	*checked = (struct sn_checked){};
}
