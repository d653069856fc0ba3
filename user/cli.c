// SPDX-License-Identifier: GPL-2.0-only
/* The option table -> parsing, --help, and messages on stderr. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lock.h"

static const struct sn_opt *find_opt(const struct sn_opt *opts, const char *name, size_t len)
{
	for (; opts->name; opts++)
		if (strlen(opts->name) == len && !memcmp(opts->name, name, len))
			return opts;
	return NULL;
}

const struct sn_opt *sn_cli_find(const struct sn_opt *opts, const char *word)
{
	size_t len = strcspn(word, "=");

	if (word[1] == '-')
		return find_opt(opts, word + 2, len - 2);
	for (; len == 2 && opts->name; opts++)
		if (opts->letter == word[1])
			return opts;
	return NULL;
}

bool sn_cli_takes_next(const struct sn_opt *opt, const char *word, const char *next)
{
	return opt->arg && next && !strchr(word, '=') && strncmp(next, "--", 2);
}

/* "--name ARG" or "-n, --name ARG" into @text. Returns its length. */
static int format_opt(const struct sn_opt *opt, char *text, size_t size)
{
	char letter[] = { '-', opt->letter, ',', ' ', '\0' };

	return snprintf(text, size, "%s--%s%s%s", opt->letter ? letter : "", opt->name,
			opt->arg ? " " : "", opt->arg ? opt->arg : "");
}

static void print_help(const struct sn_program *program)
{
	static const struct sn_opt own[] = {
		{ "help", NULL, "print this and exit", NULL },
		{ "version", NULL, "print the version and exit", NULL },
		{ 0 },
	};
	const struct sn_opt *tables[] = { program->opts, own };
	char text[128];
	int width = 0;

	for (size_t i = 0; i < 2; i++) {
		for (const struct sn_opt *opt = tables[i]; opt->name; opt++) {
			int len = format_opt(opt, text, sizeof(text));

			width = len > width ? len : width;
		}
	}
	printf("usage: %s%s%s\n%s\n\noptions:\n", program->name, *program->usage ? " " : "",
	       program->usage, program->about);
	for (size_t i = 0; i < 2; i++) {
		for (const struct sn_opt *opt = tables[i]; opt->name; opt++) {
			format_opt(opt, text, sizeof(text));
			printf("  %-*s  %s\n", width, text, opt->help);
		}
	}
}

static void answer_help_or_version(const struct sn_program *program, const char *word)
{
	bool help = !strcmp(word, "--help");
	struct sn_err err = {};
	int error;

	if (!help && strcmp(word, "--version"))
		return;
	sn_cli_begin_output();
	if (help)
		print_help(program);
	else
		printf("%s %s\n", program->name, SAFENODE_VERSION);
	error = sn_cli_flush(&err);
	exit(error ? sn_cli_fail(program, error, &err) : SN_EXIT_DONE);
}

/* Calls set(), and puts @where in front of its message. */
static int apply(const struct sn_opt *opt, const char *where, void *target, const char *value,
		 struct sn_err *err)
{
	struct sn_err why = {};
	int error;

	if (opt->arg && !value)
		return sn_fail(err, EINVAL, "%s needs a value: %s", where, opt->arg);
	if (!opt->arg && value)
		return sn_fail(err, EINVAL, "%s takes no value, remove '%s'", where, value);
	error = opt->set(target, value, &why);
	return error ? sn_fail(err, -error, "%s: %s", where, why.text) : 0;
}

/* The tool that this process is. */
static const struct sn_program *parsed;

static void say_as_parsed(const char *text)
{
	sn_cli_say(parsed, text);
}

/*
 * Not with getopt_long(3): it accepts abbreviations, which change their meaning when an option is
 * added, takes the next option for a forgotten value, and keeps its state in globals.
 */
int sn_cli_parse(const struct sn_program *program, int argc, char **argv, void *target,
		 struct sn_err *err)
{
	parsed = program;
	sn_lock_tell(say_as_parsed);
	for (int i = 1; i < argc; i++) {
		char *word = argv[i], *value, where[64];
		const struct sn_opt *opt;
		size_t len;
		int error;

		if (word[0] != '-' || !word[1])
			return i;
		if (!strcmp(word, "--"))
			return i + 1;
		answer_help_or_version(program, word);

		len = strcspn(word, "=");
		opt = sn_cli_find(program->opts, word);
		if (!opt && program->pass_unknown)
			return i;
		if (!opt)
			return sn_fail(err, EINVAL, "unknown option '%.*s'; see --help", (int)len,
				       word);
		value = word[len] ? word + len + 1 : NULL;
		if (sn_cli_takes_next(opt, word, i + 1 < argc ? argv[i + 1] : NULL))
			value = argv[++i];
		snprintf(where, sizeof(where), "--%s", opt->name);
		error = apply(opt, where, target, value, err);
		if (error)
			return error;
	}
	return argc;
}

int sn_cli_parse_all(const struct sn_program *program, int argc, char **argv, void *target,
		     struct sn_err *err)
{
	int ret = sn_cli_parse(program, argc, argv, target, err);

	if (ret < 0)
		return ret;
	return ret < argc ? sn_fail(err, EINVAL, "unexpected '%s'; see --help", argv[ret]) : 0;
}

/* Removes a comment ('#' at the start or after a blank), and blanks at both ends. */
static char *trim(char *line)
{
	char *end = line;

	while (*end && !(*end == '#' && (end == line || isspace((unsigned char)end[-1]))))
		end++;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return line + strspn(line, " \t");
}

static int unknown(const char *where, const char *name, int len, struct sn_err *err)
{
	if (*name == '-')
		return sn_fail(err, EINVAL, "%s: '%.*s': leave the dashes out", where, len, name);
	return sn_fail(err, EINVAL, "%s: unknown option '%.*s'; see safenode-attach --help", where,
		       len, name);
}

static int apply_line(const struct sn_opt *opts, const char *where, char *line, void *target,
		      const struct sn_watch *watch, struct sn_err *err)
{
	size_t len = strcspn(line, " \t=");
	const struct sn_opt *opt = find_opt(opts, line, len);
	char *value = line + len + strspn(line + len, " \t");
	int error;

	if (!opt)
		return unknown(where, line, (int)len, err);
	if (*value == '=')
		value += 1 + strspn(value + 1, " \t");
	if (opt->arg && !line[len])
		return sn_fail(err, EINVAL, "%s: %s needs a value: %s", where, opt->name, opt->arg);
	if (!opt->arg && line[len])
		return sn_fail(err, EINVAL, "%s: %s takes no value, remove '%s'", where, opt->name,
			       value);
	error = apply(opt, where, target, line[len] ? value : NULL, err);
	if (error || !watch->applied)
		return error;
	error = watch->applied(target, opt->name, where);
	return error ? sn_fail(err, -error, "%s: %s", where, strerror(-error)) : 0;
}

/* One line of @len bytes, which may be empty. */
static int read_line(const struct sn_opt *opts, const char *where, char *line, size_t len,
		     void *target, const struct sn_watch *watch, struct sn_err *err)
{
	char *word;

	if (strlen(line) != len)
		return sn_fail(err, EINVAL, "%s: a NUL byte: is this a text file?", where);
	word = trim(line);
	return *word ? apply_line(opts, where, word, target, watch, err) : 0;
}

static int read_lines(const struct sn_opt *opts, const char *path, FILE *file, void *target,
		      const struct sn_watch *watch, struct sn_err *err)
{
	sn_autofree char *line = NULL;
	int error = 0, number = 0;
	size_t size = 0;
	ssize_t len;

	while ((!error || (watch->wrong && error != -ENOMEM)) &&
	       (len = getline(&line, &size, file)) >= 0) {
		char where[256];
		int wrong;

		snprintf(where, sizeof(where), "%s:%d", path, ++number);
		wrong = read_line(opts, where, line, len, target, watch, err);
		if (wrong && watch->wrong)
			watch->wrong(watch->data, err);
		if (wrong)
			error = wrong;
	}
	return error;
}

int sn_cli_watch_file(const struct sn_opt *opts, const char *path, void *target,
		      const struct sn_watch *watch, struct sn_err *err)
{
	FILE *file = fopen(path, "re");
	int error;

	if (!file) {
		error = errno;
		return sn_fail(err, error, "cannot open '%s': %s", path, strerror(error));
	}
	error = read_lines(opts, path, file, target, watch, err);
	if (!error && ferror(file)) {
		error = errno;
		error = sn_fail(err, error, "cannot read '%s': %s", path, strerror(error));
	}
	fclose(file);
	return error;
}

int sn_cli_parse_file(const struct sn_opt *opts, const char *path, void *target, struct sn_err *err)
{
	return sn_cli_watch_file(opts, path, target, &(struct sn_watch){}, err);
}

void sn_cli_begin_output(void)
{
	signal(SIGPIPE, SIG_IGN);
}

int sn_cli_flush(struct sn_err *err)
{
	int error;

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	error = errno ? errno : EIO;
	return sn_fail(err, error, "cannot write to standard output: %s", strerror(error));
}

void sn_cli_say(const struct sn_program *program, const char *text)
{
	char *line;

	/* one write(2), or the lines of tools that share a log could be mixed */
	if (asprintf(&line, "%s: %s\n", program->name, text) < 0) {
		perror(program->name);
		return;
	}
	/* the text can quote an argument with a newline or an escape sequence */
	for (char *c = line; c[1]; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	fputs(line, stderr);
	free(line);
}

int sn_cli_fail(const struct sn_program *program, int error, const struct sn_err *err)
{
	sn_cli_say(program, err->text[0] ? err->text : strerror(-error));
	if (error == -EINVAL)
		return SN_EXIT_USAGE;
	return error == -ENOSYS ? SN_EXIT_KERNEL : SN_EXIT_FAILED;
}
