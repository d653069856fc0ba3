/* SPDX-License-Identifier: GPL-2.0-only */
/* One table per tool, for the parser, --help, and the test that the README lists the same. */
#ifndef SAFENODE_CLI_H
#define SAFENODE_CLI_H

#include <stdbool.h>

#include "err.h"

/* Exit codes of every tool. */
enum {
	SN_EXIT_DONE = 0,
	SN_EXIT_FAILED = 1,
	SN_EXIT_USAGE = 2,
	SN_EXIT_KERNEL = 3,	  /* the kernel lacks something */
	SN_EXIT_NOT_IN_FORCE = 4, /* safenode-status: and so it says */
};

/* An option. @arg is NULL if it takes no value; then @set gets NULL. */
struct sn_opt {
	const char *name;
	const char *arg;
	const char *help;
	int (*set)(void *target, const char *value, struct sn_err *err);
	char letter; /* 't' stands for "-t"; most options have none */
};

struct sn_program {
	const char *name;
	const char *usage;	   /* what follows the name in the first line of --help */
	const char *about;	   /* one sentence */
	const struct sn_opt *opts; /* ends with a row whose name is NULL */
	bool pass_unknown; /* stop, without an error, at the first option not in the table */
};

/* The row of @word, "--name" or "-n", which may have "=value" behind it; or NULL. */
const struct sn_opt *sn_cli_find(const struct sn_opt *opts, const char *word);

/* Is @next, which is NULL at the end, the value of the option @opt that @word names? */
bool sn_cli_takes_next(const struct sn_opt *opt, const char *word, const char *next);

/*
 * Applies the options in @argv to @target. Stops at the first word that is not an option, and after
 * "--". Returns the index of the first word that was not consumed, or a negative errno with @err
 * filled in. Answers --help and --version itself, and exits. From then on, whom the tool waits for
 * is said in its name (lock.h).
 */
int sn_cli_parse(const struct sn_program *program, int argc, char **argv, void *target,
		 struct sn_err *err);

/*
 * The same for a program that takes options only: any other word is an error. 0, or a negative
 * errno.
 */
int sn_cli_parse_all(const struct sn_program *program, int argc, char **argv, void *target,
		     struct sn_err *err);

/* Applies a file of "name value" or "name=value" lines; '#' starts a comment. @target as above. */
int sn_cli_parse_file(const struct sn_opt *opts, const char *path, void *target,
		      struct sn_err *err);

/* Who is told while a file is read. Each may be NULL. */
struct sn_watch {
	/* A line, at "FILE:LINE" @where, was applied. 0, or -ENOMEM, which ends it. */
	int (*applied)(void *target, const char *option, const char *where);
	/* A line is wrong: @err begins with file and line. Reading goes on with the next one. */
	void (*wrong)(void *data, const struct sn_err *err);
	void *data;
};

/*
 * The same with @watch. Where wrong() was called, the result is that of the last wrong line, and
 * @err is filled in as well.
 */
int sn_cli_watch_file(const struct sn_opt *opts, const char *path, void *target,
		      const struct sn_watch *watch, struct sn_err *err);

/*
 * For tools that print, before they do: ignores SIGPIPE, so that a closed pipe is an error of
 * write(2) and can be reported.
 */
void sn_cli_begin_output(void);

/* Writes out what was printed. 0, or a negative errno with @err filled in. */
int sn_cli_flush(struct sn_err *err);

/*
 * Prints "NAME: TEXT" to stderr in one write(2), with control characters as '?', so that it is one
 * line.
 */
void sn_cli_say(const struct sn_program *program, const char *text);

/*
 * The same with the text of @err, or, if there is none, that of @error, a negative errno. Returns
 * the exit code of @error: SN_EXIT_USAGE for -EINVAL, SN_EXIT_KERNEL for -ENOSYS, otherwise
 * SN_EXIT_FAILED.
 */
int sn_cli_fail(const struct sn_program *program, int error, const struct sn_err *err);

#endif
