// SPDX-License-Identifier: GPL-2.0-only
/* "#!" lines, against a plain reading of what fs/binfmt_script.c load_script() does with them. */
#include "../../user/command.c"

#include "fuzz.h"

/* The interpreter and its argument, "" if there is none. False: the kernel would refuse it. */
static bool plain(const uint8_t *data, size_t size, char name[256], char arg[256])
{
	char line[256] = {}, *end, *at = line + 2;

	memcpy(line, data, size < sizeof(line) - 1 ? size : sizeof(line) - 1);
	end = strchr(line, '\n');
	if (!end)
		end = line + strlen(line);
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	at += strspn(at, " \t");
	if (!*at)
		return false;
	snprintf(name, 256, "%.*s", (int)strcspn(at, " \t"), at);
	at += strcspn(at, " \t");
	snprintf(arg, 256, "%s", at + strspn(at, " \t"));
	return true;
}

static void compare(const uint8_t *data, size_t size, const char *path)
{
	char *words[] = { (char *)path, "a", "b", NULL }, name[256], arg[256];
	struct sn_command command = { .argv = calloc(1, sizeof(char *)) };
	char line[FIRST_LINE_MAX];
	struct sn_err err = {};
	size_t at = 0;

	MUST(command.argv && !put_words(&command, 0, words) && !read_start(path, line, &err));
	if (!unwrap_script(&command, line, path, &err)) {
		MUST(plain(data, size, name, arg));
		MUST(!strcmp(command.argv[at++], name));
		if (*arg)
			MUST(!strcmp(command.argv[at++], arg));
		MUST(!strcmp(command.argv[at++], path) && !strcmp(command.argv[at++], "a"));
		MUST(!strcmp(command.argv[at++], "b") && !command.argv[at]);
	} else {
		/* more than the kernel reads is refused, for a name or an argument could be cut */
		MUST(*err.text);
		MUST(!plain(data, size, name, arg) || !memchr(data, '\n', size < 255 ? size : 255));
	}
	sn_command_free(&command);
}

/* The whole way, through all the interpreters that are there */
static void follow(const char *path)
{
	char *words[] = { (char *)path, "a", NULL };
	struct sn_command command;
	struct sn_err err = {};

	if (sn_command_resolve(&command, words, &err)) {
		MUST(*err.text && !command.argv);
		return;
	}
	MUST(command.path[0] == '/' && command.argv[0]);
	sn_command_free(&command);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);

	if (size > 2 && data[0] == '#' && data[1] == '!' && !memchr(data, '\0', size))
		compare(data, size, path);
	follow(path);
	return 0;
}
