// SPDX-License-Identifier: GPL-2.0-only
/* safenode-report: what a maintainer needs to see of this machine, as one text. */
#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "report.h"

struct choice {
	bool names;
};

static int set_names(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->names = true;
	return 0;
}

static const struct sn_opt opts[] = { { "with-tenants", NULL,
					"names, directories, users and options of tenants, too",
					set_names },
				      { 0 } };

static const struct sn_program program = {
	.name = "safenode-report",
	.usage = "[--with-tenants]",
	.about = "Print what a maintainer needs to see of this machine: checks, versions, the "
		 "kernel and how it is configured, BPF programs, maps, counters.",
	.opts = opts,
};

/* In memory, and so all or nothing. */
static int report(const struct choice *choice, struct sn_err *err)
{
	const struct sn_status_query query = { .options = choice->names, .maps = true };
	sn_autofree char *text = NULL;
	struct sn_status status;
	int ret = sn_status_collect(&query, &status, err);
	size_t size = 0;
	FILE *out;

	if (ret)
		return ret;
	out = open_memstream(&text, &size);
	if (out)
		sn_report(&status, choice->names, out);
	sn_status_free(&status);
	if (!out || fclose(out))
		return sn_fail(err, ENOMEM, "out of memory");
	fwrite(text, 1, size, stdout);
	return sn_cli_flush(err);
}

int main(int argc, char **argv)
{
	struct choice choice = {};
	struct sn_err err = {};
	int ret = sn_cli_parse_all(&program, argc, argv, &choice, &err);

	sn_cli_begin_output();
	if (!ret)
		ret = report(&choice, &err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
