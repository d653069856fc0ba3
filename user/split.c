// SPDX-License-Identifier: GPL-2.0-only
/* The command line of the drop-in: which words are safenode's, which are node's. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "split.h"

/*
 * Node's options that take the next word for their value, of node 18 to 26; tests/node/valued.js
 * compares them with node. Options of V8 never do.
 */
static const char *const valued[] = {
	"-C",
	"-e",
	"-p",
	"-pe",
	"-r",
	"--allow-fs-read",
	"--allow-fs-write",
	"--bench-isolation",
	"--bench-name-pattern",
	"--bench-reporter",
	"--bench-reporter-destination",
	"--bench-samples",
	"--bench-warmup",
	"--build-sea",
	"--build-snapshot-config",
	"--conditions",
	"--cpu-prof-dir",
	"--cpu-prof-interval",
	"--cpu-prof-name",
	"--debug-port",
	"--diagnostic-dir",
	"--disable-proto",
	"--disable-warning",
	"--dns-result-order",
	"--env-file",
	"--env-file-if-exists",
	"--eval",
	"--experimental-default-type",
	"--experimental-loader",
	"--experimental-package-map",
	"--experimental-policy",
	"--experimental-sea-config",
	"--experimental-test-isolation",
	"--experimental-test-tag-filter",
	"--heap-prof-dir",
	"--heap-prof-interval",
	"--heap-prof-name",
	"--heapsnapshot-near-heap-limit",
	"--heapsnapshot-signal",
	"--icu-data-dir",
	"--import",
	"--input-type",
	"--inspect-port",
	"--inspect-publish-uid",
	"--loader",
	"--localstorage-file",
	"--max-http-header-size",
	"--max-old-space-size-percentage",
	"--network-family-autoselection-attempt-timeout",
	"--openssl-config",
	"--policy-integrity",
	"--print",
	"--process-timeout",
	"--redirect-warnings",
	"--report-dir",
	"--report-directory",
	"--report-filename",
	"--report-signal",
	"--require",
	"--run",
	"--secure-heap",
	"--secure-heap-min",
	"--security-revert",
	"--security-reverts",
	"--snapshot-blob",
	"--test-concurrency",
	"--test-coverage-branches",
	"--test-coverage-exclude",
	"--test-coverage-functions",
	"--test-coverage-include",
	"--test-coverage-lines",
	"--test-global-setup",
	"--test-isolation",
	"--test-name-pattern",
	"--test-random-seed",
	"--test-reporter",
	"--test-reporter-destination",
	"--test-rerun-failures",
	"--test-shard",
	"--test-skip-pattern",
	"--test-timeout",
	"--title",
	"--tls-cipher-list",
	"--tls-keylog",
	"--trace-event-categories",
	"--trace-event-file-pattern",
	"--trace-require-module",
	"--unhandled-rejections",
	"--use-largepages",
	"--v8-pool-size",
	"--vfs-load",
	"--watch-kill-signal",
	"--watch-path",
};

/* Node reads '_' in a name as '-'. */
static bool is_named(const char *word, const char *name)
{
	for (; *word && *name; word++, name++)
		if (*word != *name && !(*word == '_' && *name == '-'))
			return false;
	return *word == *name;
}

static bool takes_value(const char *word)
{
	for (size_t i = 0; i < sizeof(valued) / sizeof(*valued); i++)
		if (is_named(word, valued[i]))
			return true;
	return false;
}

/* "-" and what has no dash in front */
static bool ends_options(const char *word)
{
	return word[0] != '-' || !word[1];
}

/* Puts the words before the script where they belong. Returns the first that was not looked at. */
static char **deal(const struct sn_opt *opts, char **words, char **own, char ***node)
{
	while (*words && !ends_options(*words) && strcmp(*words, "--")) {
		const struct sn_opt *opt = sn_cli_find(opts, *words);
		char *word = *words++;

		if (!opt && strcmp(word, "--help")) {
			*(*node)++ = word;
			if (takes_value(word) && *words && **words != '-')
				*(*node)++ = *words++;
			continue;
		}
		*own++ = word;
		if (opt && sn_cli_takes_next(opt, word, *words))
			*own++ = *words++;
	}
	return words;
}

int sn_split(const struct sn_opt *opts, int argc, char *argv[], struct sn_split *split,
	     struct sn_err *err)
{
	char **rest, **node;

	*split = (struct sn_split){
		.own = calloc(argc + 2, sizeof(char *)),
		.node = calloc(argc + 2, sizeof(char *)),
	};
	if (!split->own || !split->node) {
		sn_split_free(split);
		return sn_fail(err, ENOMEM, "out of memory");
	}
	split->own[0] = argv[0];
	split->node[0] = "node";
	node = split->node + 1;
	rest = deal(opts, argv + 1, split->own + 1, &node);
	while (split->own[split->nr_own])
		split->nr_own++;
	if (*rest && !strcmp(*rest, "--"))
		*node++ = *rest++;
	if (*rest)
		split->script = node;
	while (*rest)
		*node++ = *rest++;
	return 0;
}

void sn_split_free(struct sn_split *split)
{
	free(split->own);
	free(split->node);
	*split = (struct sn_split){};
}
