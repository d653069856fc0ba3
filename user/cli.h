/* SPDX-License-Identifier: GPL-2.0-only */
/* One table per program feeds the parser, --help and the test that the README lists the same. */
#ifndef SAFENODE_CLI_H
#define SAFENODE_CLI_H

#include <stdbool.h>

#include "err.h"

/* Exit codes of every program. */
enum {
	SN_EXIT_DONE = 0,
	SN_EXIT_FAILED = 1,
	SN_EXIT_USAGE = 2,
	SN_EXIT_KERNEL = 3, /* the kernel lacks something */
};

/* An option; @arg is NULL for one that takes none. @set gets the value (NULL without @arg). */
struct sn_opt {
	const char *name;
	const char *arg;
	const char *help;
	int (*set)(void *target, const char *value, struct sn_err *err);
	char letter; /* 't' takes "-t", too; mostly there is none */
};

struct sn_program {
	const char *name;
	const char *usage;	   /* what follows the name in the first line of --help */
	const char *about;	   /* one sentence */
	const struct sn_opt *opts; /* ends with a row whose name is NULL */
	bool pass_unknown; /* stop, without an error, at the first option not in the table */
};

/*
 * Applies the options in @argv to @target. Stops at the first word that is no option and behind
 * "--". Returns the index of the first word that was not consumed, or a negative errno: -EINVAL
 * with @err filled in. Handles --help and --version itself and exits 0.
 */
int sn_cli_parse(const struct sn_program *program, int argc, char **argv, void *target,
		 struct sn_err *err);

/* Applies a file of "name value" or "name=value" lines; '#' starts a comment. @target as above. */
int sn_cli_parse_file(const struct sn_opt *opts, const char *path, void *target,
		      struct sn_err *err);

/*
 * For programs that print, before they do: a reader that has gone is an error of write(2), and no
 * signal that ends the program without a word.
 */
void sn_cli_begin_output(void);

/* Has all that was printed been written? 0, or a negative errno with @err filled in. */
int sn_cli_flush(struct sn_err *err);

/* "NAME: TEXT" to stderr, as one line whatever the text holds. */
void sn_cli_say(const struct sn_program *program, const char *text);

/*
 * The same for an error, and returns the exit code that @error (a negative errno) means:
 * SN_EXIT_USAGE for -EINVAL, SN_EXIT_KERNEL for -ENOSYS, otherwise SN_EXIT_FAILED.
 */
int sn_cli_fail(const struct sn_program *program, int error, const struct sn_err *err);

#endif
