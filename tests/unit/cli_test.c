// SPDX-License-Identifier: GPL-2.0-only
/* user/cli.c: options on the command line and in files, --help, and the last message. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli.h"

/* What the options below were given, in order: "flag name=value ". */
struct seen {
	char text[256];
};

static int see(struct seen *seen, const char *name, const char *value)
{
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s%s%s ", name, value ? "=" : "",
		 value ? value : "");
	return 0;
}

static int set_flag(void *target, const char *value, struct sn_err *err)
{
	return see(target, "flag", value);
}

static int set_short(void *target, const char *value, struct sn_err *err)
{
	return see(target, "short", value);
}

static int set_name(void *target, const char *value, struct sn_err *err)
{
	if (!strcmp(value, "bad"))
		return sn_fail(err, EINVAL, "'%s' is bad", value);
	if (!strcmp(value, "gone"))
		return sn_fail(err, ENOENT, "'%s' is gone", value);
	return see(target, "name", value);
}

static const struct sn_opt opts[] = {
	{ "flag", NULL, "a switch", set_flag },
	{ "name", "NAME", "an option with a value", set_name },
	{ "short", NULL, "a switch with a letter", set_short, 's' },
	{ 0 },
};
static const struct sn_program strict = { "prog", "[options] [-- COMMAND]", "Does things.", opts,
					  false };
static const struct sn_program lenient = { "prog", "[options] [-- COMMAND]", "Does things.", opts,
					   true };

/* Parses the arguments up to a NULL. */
#define PARSE(program, given, err, ...)                                                            \
	({                                                                                         \
		char *words_[] = { "prog", __VA_ARGS__, NULL };                                    \
		*(given) = (struct seen){};                                                        \
		sn_cli_parse(program, sizeof(words_) / sizeof(words_[0]) - 1, words_, given, err); \
	})

#define assert_message(err, expected) assert_string_equal((err)->text, expected)

static void a_letter_stands_for_a_name(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&strict, &seen, &err, "-s", "--short", "a"), 3);
	assert_string_equal(seen.text, "short short ");
	assert_int_equal(PARSE(&strict, &seen, &err, "-ss"), -EINVAL);
	assert_message(&err, "unknown option '-ss'; see --help");
	assert_int_equal(PARSE(&strict, &seen, &err, "--s"), -EINVAL);
	assert_int_equal(PARSE(&strict, &seen, &err, "-s=1"), -EINVAL);
	assert_message(&err, "--short takes no value, remove '1'");
	assert_int_equal(PARSE(&lenient, &seen, &err, "-p", "-s"), 1);
}

static void values_follow_or_are_joined(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&strict, &seen, &err, "--flag", "--name", "a", "--name=b"), 5);
	assert_string_equal(seen.text, "flag name=a name=b ");
	assert_int_equal(PARSE(&strict, &seen, &err, "--name=a=b", "--name="), 3);
	assert_string_equal(seen.text, "name=a=b name= ");
	assert_int_equal(PARSE(&strict, &seen, &err, "--name", "-1", "--name", ""), 5);
	assert_string_equal(seen.text, "name=-1 name= ");
}

static void parsing_stops_at_the_first_other_word(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&strict, &seen, &err, "--flag", "node", "--name", "a"), 2);
	assert_string_equal(seen.text, "flag ");
	assert_int_equal(PARSE(&strict, &seen, &err, "--flag", "--", "--flag"), 3);
	assert_string_equal(seen.text, "flag ");
	assert_int_equal(PARSE(&strict, &seen, &err, "-", "--flag"), 1);
	assert_int_equal(PARSE(&strict, &seen, &err, "", "--flag"), 1);
	assert_int_equal(PARSE(&strict, &seen, &err, "--"), 2);
}

static void no_words_are_no_error(void **state)
{
	char *argv[] = { "prog", NULL };
	struct sn_err err = {};
	struct seen seen = {};

	assert_int_equal(sn_cli_parse(&strict, 1, argv, &seen, &err), 1);
	assert_int_equal(sn_cli_parse(&strict, 0, argv + 1, &seen, &err), 0);
}

static void who_takes_options_only_refuses_words(void **state)
{
	char *options[] = { "prog", "--flag" }, *word[] = { "prog", "--flag", "more" };
	struct sn_err err = {};
	struct seen seen = {};

	assert_int_equal(sn_cli_parse_all(&strict, 2, options, &seen, &err), 0);
	assert_int_equal(sn_cli_parse_all(&strict, 3, word, &seen, &err), -EINVAL);
	assert_message(&err, "unexpected 'more'; see --help");
	word[1] = "--none";
	assert_int_equal(sn_cli_parse_all(&strict, 3, word, &seen, &err), -EINVAL);
	assert_message(&err, "unknown option '--none'; see --help");
}

static void unknown_options_are_refused(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&strict, &seen, &err, "--x"), -EINVAL);
	assert_message(&err, "unknown option '--x'; see --help");
	assert_int_equal(PARSE(&strict, &seen, &err, "--x=secret"), -EINVAL);
	assert_message(&err, "unknown option '--x'; see --help");
	assert_int_equal(PARSE(&strict, &seen, &err, "-x"), -EINVAL);
	assert_message(&err, "unknown option '-x'; see --help");
	assert_int_equal(PARSE(&strict, &seen, &err, "-flag"), -EINVAL);
	assert_int_equal(PARSE(&strict, &seen, &err, "--=a"), -EINVAL);
	assert_int_equal(PARSE(&strict, &seen, &err, "--helpme"), -EINVAL);
}

static void abbreviations_are_refused(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&strict, &seen, &err, "--fla"), -EINVAL);
	assert_message(&err, "unknown option '--fla'; see --help");
	assert_int_equal(PARSE(&strict, &seen, &err, "--nam=a"), -EINVAL);
	assert_int_equal(PARSE(&strict, &seen, &err, "--flags"), -EINVAL);
	assert_string_equal(seen.text, "");
}

static void unknown_options_can_belong_to_somebody_else(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&lenient, &seen, &err, "--flag", "--inspect", "--flag"), 2);
	assert_string_equal(seen.text, "flag ");
	assert_int_equal(PARSE(&lenient, &seen, &err, "-e", "1"), 1);
	assert_int_equal(PARSE(&lenient, &seen, &err, "--fla"), 1);
	assert_int_equal(PARSE(&lenient, &seen, &err, "--flag", "--", "--inspect"), 3);
}

static void a_forgotten_value_does_not_swallow_an_option(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&strict, &seen, &err, "--name"), -EINVAL);
	assert_message(&err, "--name needs a value: NAME");
	assert_int_equal(PARSE(&strict, &seen, &err, "--name", "--flag"), -EINVAL);
	assert_message(&err, "--name needs a value: NAME");
	assert_int_equal(PARSE(&strict, &seen, &err, "--name=--flag"), 2);
	assert_string_equal(seen.text, "name=--flag ");
	assert_int_equal(PARSE(&strict, &seen, &err, "--flag=no"), -EINVAL);
	assert_message(&err, "--flag takes no value, remove 'no'");
	assert_int_equal(PARSE(&strict, &seen, &err, "--flag="), -EINVAL);
}

static void messages_say_which_option(void **state)
{
	struct sn_err err = {};
	struct seen seen;

	assert_int_equal(PARSE(&strict, &seen, &err, "--name", "bad", "--flag"), -EINVAL);
	assert_message(&err, "--name: 'bad' is bad");
	assert_string_equal(seen.text, "");
	assert_int_equal(PARSE(&strict, &seen, &err, "--name", "gone"), -ENOENT);
	assert_message(&err, "--name: 'gone' is gone");
}

/* ---- files ---- */

static int parse_file(struct seen *seen, const char *text, size_t len, struct sn_err *err)
{
	char path[] = "/tmp/cli_test.XXXXXX", *at;
	int fd = mkstemp(path), error;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	*seen = (struct seen){};
	*err = (struct sn_err){};
	error = sn_cli_parse_file(opts, path, seen, err);
	unlink(path);
	/* what follows the path's random name */
	at = strstr(err->text, path);
	if (at)
		memmove(at, at + strlen(path), strlen(at + strlen(path)) + 1);
	return error;
}

static void assert_file(const char *text, const char *expected)
{
	struct sn_err err;
	struct seen seen;

	assert_int_equal(parse_file(&seen, text, strlen(text), &err), 0);
	assert_string_equal(seen.text, expected);
}

static void refuse_file(const char *text, const char *message)
{
	struct sn_err err;
	struct seen seen;

	assert_int_equal(parse_file(&seen, text, strlen(text), &err), -EINVAL);
	assert_message(&err, message);
}

static void files_have_an_option_in_each_line(void **state)
{
	assert_file("", "");
	assert_file("flag\nname a\nname=b\nname = c\n", "flag name=a name=b name=c ");
	assert_file("\tname \t a b \t\n", "name=a b ");
	assert_file("name a=b\nname=a=b", "name=a=b name=a=b ");
	assert_file("flag\r\nname a\r\n", "flag name=a ");
	assert_file("name=\n", "name= ");
}

static void files_have_comments(void **state)
{
	assert_file("# flag\n  # flag\n\n \nflag # it\nname /a#b # c\n", "flag name=/a#b ");
}

static void bad_lines_are_refused(void **state)
{
	refuse_file("flag\n\nnope a\n", ":3: unknown option 'nope'; see safenode-attach --help");
	refuse_file("--flag\n", ":1: '--flag': leave the dashes out");
	refuse_file("fla\n", ":1: unknown option 'fla'; see safenode-attach --help");
	refuse_file("= a\n", ":1: unknown option ''; see safenode-attach --help");
	refuse_file("help\n", ":1: unknown option 'help'; see safenode-attach --help");
	refuse_file("name\n", ":1: name needs a value: NAME");
	refuse_file("flag yes\n", ":1: flag takes no value, remove 'yes'");
	refuse_file("name bad\n", ":1: 'bad' is bad");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	struct sn_err err;
	struct seen seen;

	assert_int_equal(parse_file(&seen, "name a\0b\n", 9, &err), -EINVAL);
	assert_message(&err, ":1: a NUL byte: is this a text file?");
	assert_string_equal(seen.text, "");
}

static void files_that_cannot_be_read_are_named(void **state)
{
	struct sn_err err = {};
	struct seen seen = {};

	assert_int_equal(sn_cli_parse_file(opts, "/nonexistent/file", &seen, &err), -ENOENT);
	assert_message(&err, "cannot open '/nonexistent/file': No such file or directory");
	assert_int_equal(sn_cli_parse_file(opts, "/", &seen, &err), -EISDIR);
	assert_message(&err, "cannot read '/': Is a directory");
}

/* ---- what is printed ---- */

/* Runs sn_cli_parse() with the argument @word in a child; returns its exit status, and its stdout
 * in @text. */
static int run(char *word, char *text, size_t size)
{
	int ends[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char *argv[] = { "prog", "--flag", word, NULL };
		struct sn_err err;
		struct seen seen = {};

		dup2(ends[1], 1);
		sn_cli_parse(&strict, 3, argv, &seen, &err);
		_exit(99);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + len, size - 1 - len)) > 0)
		len += got;
	text[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void help_lists_the_table(void **state)
{
	char text[1024];

	assert_int_equal(run("--help", text, sizeof(text)), SN_EXIT_DONE);
	assert_string_equal(text, "usage: prog [options] [-- COMMAND]\n"
				  "Does things.\n"
				  "\n"
				  "options:\n"
				  "  --flag       a switch\n"
				  "  --name NAME  an option with a value\n"
				  "  -s, --short  a switch with a letter\n"
				  "  --help       print this and exit\n"
				  "  --version    print the version and exit\n");
}

static void version_is_one_line(void **state)
{
	char text[1024];

	assert_int_equal(run("--version", text, sizeof(text)), SN_EXIT_DONE);
	assert_string_equal(text, "prog " SAFENODE_VERSION "\n");
}

/* Calls sn_cli_fail() with stderr in @text. */
static int last_words(int error, const char *message, char *text, size_t size)
{
	int kept = dup(2), ends[2], code;
	struct sn_err err = {};
	ssize_t len;

	snprintf(err.text, sizeof(err.text), "%s", message);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], 2);
	code = sn_cli_fail(&strict, error, &err);
	dup2(kept, 2);
	close(kept);
	close(ends[1]);
	len = read(ends[0], text, size - 1);
	assert_true(len > 0);
	text[len] = '\0';
	close(ends[0]);
	return code;
}

static void failing_says_why_in_one_line(void **state)
{
	char text[1024];

	assert_int_equal(last_words(-EINVAL, "no", text, sizeof(text)), SN_EXIT_USAGE);
	assert_string_equal(text, "prog: no\n");
	assert_int_equal(last_words(-ENOSYS, "no", text, sizeof(text)), SN_EXIT_KERNEL);
	assert_int_equal(last_words(-EPERM, "no", text, sizeof(text)), SN_EXIT_FAILED);
	assert_int_equal(last_words(-EINVAL, "'a\nb\033[2J'", text, sizeof(text)), SN_EXIT_USAGE);
	assert_string_equal(text, "prog: 'a?b?[2J'\n");
	assert_int_equal(last_words(-EBUSY, "", text, sizeof(text)), SN_EXIT_FAILED);
	assert_string_equal(text, "prog: Device or resource busy\n");
}

/* Prints "x" to @fd in a child, which ends with what sn_cli_flush() returned, negated. */
static int flush_to(int fd, struct sn_err *err)
{
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct sn_err why = {};

		if (fd >= 0)
			dup2(fd, 1);
		else
			close(1);
		sn_cli_begin_output();
		puts("x");
		status = -sn_cli_flush(&why);
		_exit(write(ends[1], &why, sizeof(why)) == sizeof(why) ? status : 255);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(read(ends[0], err, sizeof(*err)), sizeof(*err));
	close(ends[0]);
	close(ends[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void output_that_cannot_be_written_is_an_error(void **state)
{
	struct sn_err err;
	int ends[2], fd;

	fd = open("/dev/null", O_WRONLY);
	assert_int_equal(flush_to(fd, &err), 0);
	close(fd);
	fd = open("/dev/full", O_WRONLY);
	assert_int_equal(flush_to(fd, &err), ENOSPC);
	assert_message(&err, "cannot write to standard output: No space left on device");
	close(fd);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(flush_to(ends[1], &err), EPIPE); /* and not SIGPIPE */
	assert_message(&err, "cannot write to standard output: Broken pipe");
	close(ends[1]);
	assert_int_equal(flush_to(-1, &err), EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_stands_for_a_name),
		cmocka_unit_test(values_follow_or_are_joined),
		cmocka_unit_test(parsing_stops_at_the_first_other_word),
		cmocka_unit_test(no_words_are_no_error),
		cmocka_unit_test(who_takes_options_only_refuses_words),
		cmocka_unit_test(unknown_options_are_refused),
		cmocka_unit_test(abbreviations_are_refused),
		cmocka_unit_test(unknown_options_can_belong_to_somebody_else),
		cmocka_unit_test(a_forgotten_value_does_not_swallow_an_option),
		cmocka_unit_test(messages_say_which_option),
		cmocka_unit_test(files_have_an_option_in_each_line),
		cmocka_unit_test(files_have_comments),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(help_lists_the_table),
		cmocka_unit_test(version_is_one_line),
		cmocka_unit_test(failing_says_why_in_one_line),
		cmocka_unit_test(output_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
