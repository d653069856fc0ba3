// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of safenode-attach, each behind a NUL. */
#include <ctype.h>
#include <errno.h>

#include "fuzz.h"
#include "options.h"

#define WORDS_MAX 64

static const struct sn_program program = {
	.name = "safenode-attach", .usage = "", .about = "", .opts = sn_attach_opts
};

static bool is_number_or_max(const char *text)
{
	return !strcmp(text, "max") || (*text && strspn(text, "0123456789") == strlen(text));
}

/* What the kernel and the maps are given must have their form. */
static void check(const struct sn_options *options)
{
	struct sn_err err = {};
	int used = 0;

	MUST(options->nr_read_only <= SN_PATHS_MAX && options->nr_read_write <= SN_PATHS_MAX);
	MUST(options->nr_keep_fd <= SN_FDS_MAX);
	for (size_t i = 0; i < options->nr_keep_fd; i++)
		MUST(options->keep_fd[i] > 2);
	MUST(!options->tenant || !sn_check_tenant_name(options->tenant, &err));
	MUST(!options->memory_max || is_number_or_max(options->memory_max));
	MUST(!options->pids_max || is_number_or_max(options->pids_max));
	if (options->cpu_max)
		MUST(sscanf(options->cpu_max, "%*d %*d%n", &used) == 0 && used > 0 &&
		     !options->cpu_max[used]);
	if (!sn_options_check(options, &err))
		MUST(options->tenant && (options->directory || options->narrow));
	else
		MUST(*err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *argv[WORDS_MAX + 2] = { "safenode-attach" };
	struct sn_options options = {};
	struct sn_err err = {};
	int argc = 1, done;

	for (char *word = text; word < text + size && argc <= WORDS_MAX; word += strlen(word) + 1) {
		/* these print and exit; that one reads any file, and has a harness of its own */
		if (strcmp(word, "--help") && strcmp(word, "--version") &&
		    strncmp(word, "--policy", strlen("--policy")))
			argv[argc++] = word;
	}
	done = sn_cli_parse(&program, argc, argv, &options, &err);
	MUST(done < 0 ? *err.text && (done == -EINVAL || done == -ENOMEM) : done <= argc);
	check(&options);
	sn_options_free(&options);
	free(text);
	return 0;
}
