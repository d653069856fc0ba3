// SPDX-License-Identifier: GPL-2.0-only
/* user/split.c: which words of a command line are safenode's, which are node's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"
#include "split.h"

static void put(char *text, size_t size, char *const words[])
{
	*text = '\0';
	for (; *words; words++)
		snprintf(text + strlen(text), size - strlen(text), "[%s]", *words);
}

/* @line has words with one blank between them; "''" is an empty one. */
static void check(const char *line, const char *own, const char *node, const char *script)
{
	char copy[256], *argv[32] = { (char *)"safenode" }, *rest = copy, *word, text[256];
	struct sn_split split;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")))
		if (*word)
			argv[argc++] = strcmp(word, "''") ? word : word + 2;
	assert_int_equal(sn_split(sn_dropin_opts, argc, argv, &split, NULL), 0);
	assert_string_equal(split.own[0], "safenode");
	assert_string_equal(split.node[0], "node");
	assert_null(split.own[split.nr_own]);
	put(text, sizeof(text), split.own + 1);
	assert_string_equal(text, own);
	put(text, sizeof(text), split.node + 1);
	assert_string_equal(text, node);
	if (script)
		assert_string_equal(*split.script, script);
	else
		assert_null(split.script);
	sn_split_free(&split);
}

static void own_options_stand_before_among_and_behind_nodes(void **state)
{
	check("--safe-mode app.js", "[--safe-mode]", "[app.js]", "app.js");
	check("--max-old-space-size=64 --safe-mode app.js", "[--safe-mode]",
	      "[--max-old-space-size=64][app.js]", "app.js");
	check("--user=t1 --expose-gc -t --no-warnings --safe-mode app.js a",
	      "[--user=t1][-t][--safe-mode]", "[--expose-gc][--no-warnings][app.js][a]", "app.js");
	check("--user t1 --allowed-outgoing-ports 1,2 --safe-mode app.js",
	      "[--user][t1][--allowed-outgoing-ports][1,2][--safe-mode]", "[app.js]", "app.js");
}

static void behind_the_script_all_is_the_scripts(void **state)
{
	check("--safe-mode app.js --safe-mode --user x -t --help", "[--safe-mode]",
	      "[app.js][--safe-mode][--user][x][-t][--help]", "app.js");
	check("--safe-mode - --user x", "[--safe-mode]", "[-][--user][x]", "-");
	check("app.js '' --safe-mode", "", "[app.js][][--safe-mode]", "app.js");
	check("'' --safe-mode", "", "[][--safe-mode]", "");
	check("inspect --safe-mode app.js", "", "[inspect][--safe-mode][app.js]", "inspect");
}

static void two_dashes_are_nodes_and_end_the_options(void **state)
{
	check("--safe-mode -- --user app.js", "[--safe-mode]", "[--][--user][app.js]", "--user");
	check("-- --safe-mode", "", "[--][--safe-mode]", "--safe-mode");
	check("-e x -- --safe-mode", "", "[-e][x][--][--safe-mode]", "--safe-mode");
	check("--", "", "[--]", NULL);
}

static void the_value_of_an_option_of_nodes_is_not_the_script(void **state)
{
	check("-r x --safe-mode app.js", "[--safe-mode]", "[-r][x][app.js]", "app.js");
	check("--require x --import y --safe-mode app.js", "[--safe-mode]",
	      "[--require][x][--import][y][app.js]", "app.js");
	check("--require=x --safe-mode app.js", "[--safe-mode]", "[--require=x][app.js]", "app.js");
	check("-e 1+1 --safe-mode", "[--safe-mode]", "[-e][1+1]", NULL);
	check("--eval '' --safe-mode", "[--safe-mode]", "[--eval][]", NULL);
	check("-p 1+1 --safe-mode a", "[--safe-mode]", "[-p][1+1][a]", "a");
	check("-pe 1+1 --safe-mode a", "[--safe-mode]", "[-pe][1+1][a]", "a");
	/* as node reads them */
	check("--unhandled_rejections warn --safe-mode a", "[--safe-mode]",
	      "[--unhandled_rejections][warn][a]", "a");
	check("-e \\-1 --safe-mode", "[--safe-mode]", "[-e][\\-1]", NULL);
	check("-i -p --safe-mode -c a", "[--safe-mode]", "[-i][-p][-c][a]", "a");
}

/* If it does take one, node gets the option of safenode's, which it does not know */
static void an_unknown_option_of_nodes_has_no_value(void **state)
{
	check("--no-such x --safe-mode app.js", "", "[--no-such][x][--safe-mode][app.js]", "x");
	check("--requires x --safe-mode", "", "[--requires][x][--safe-mode]", "x");
	check("--expose-gc app.js --safe-mode", "", "[--expose-gc][app.js][--safe-mode]", "app.js");
	check("--safe_mode app.js", "", "[--safe_mode][app.js]", "app.js");
}

static void the_version_is_nodes_and_the_help_is_safenodes(void **state)
{
	check("--version", "", "[--version]", NULL);
	check("-v --safe-mode", "[--safe-mode]", "[-v]", NULL);
	check("--help", "[--help]", "", NULL);
	check("--expose-gc --help", "[--help]", "[--expose-gc]", NULL);
	check("-h", "", "[-h]", NULL);
	check("", "", "", NULL);
}

/* The parser says so */
static void a_missing_or_needless_value_stays_with_its_option(void **state)
{
	check("--user --safe-mode app.js", "[--user][--safe-mode]", "[app.js]", "app.js");
	check("--user", "[--user]", "", NULL);
	check("--user -x app.js", "[--user][-x]", "[app.js]", "app.js");
	check("--safe-mode=yes app.js", "[--safe-mode=yes]", "[app.js]", "app.js");
	check("--user= app.js", "[--user=]", "[app.js]", "app.js");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_options_stand_before_among_and_behind_nodes),
		cmocka_unit_test(behind_the_script_all_is_the_scripts),
		cmocka_unit_test(two_dashes_are_nodes_and_end_the_options),
		cmocka_unit_test(the_value_of_an_option_of_nodes_is_not_the_script),
		cmocka_unit_test(an_unknown_option_of_nodes_has_no_value),
		cmocka_unit_test(the_version_is_nodes_and_the_help_is_safenodes),
		cmocka_unit_test(a_missing_or_needless_value_stays_with_its_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
