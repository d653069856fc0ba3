// SPDX-License-Identifier: GPL-2.0-only
/* Lines of mountinfo, against a plain reader of proc_pid_mountinfo(5). */
#include "fuzz.h"
#include "mountinfo.h"

/* The @nr-th word of @line, which blanks separate, with \ooo decoded, into @word. */
static bool word_of(const char *line, int nr, char *word)
{
	while (nr--) {
		line = strchr(line, ' ');
		if (!line++)
			return false;
	}
	while (*line && *line != ' ') {
		unsigned int byte;

		if (line[0] == '\\' && strspn(line + 1, "01234567") >= 3 && line[1] <= '3') {
			char octal[4] = { line[1], line[2], line[3] };

			byte = (unsigned int)strtoul(octal, NULL, 8);
			line += 4;
		} else {
			byte = (unsigned char)*line++;
		}
		*word++ = (char)byte;
	}
	*word = '\0';
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_string(data, size), *copy = strdup(line), *word = malloc(size + 1);
	struct sn_mount mount = {};
	unsigned long dev_major, dev_minor;
	char *end;

	if (sn_mount_parse(line, &mount)) {
		/* what is behind the dash belongs to the other half */
		char *dash = strstr(copy, " - ");

		MUST(dash);
		*dash = '\0';
		MUST(word_of(copy, 2, word));
		dev_major = strtoul(word, &end, 10);
		MUST(*end == ':');
		dev_minor = strtoul(end + 1, &end, 10);
		MUST(!*end && mount.dev == (dev_major << 20 | dev_minor));
		MUST(word_of(copy, 3, word) && !strcmp(word, mount.root));
		MUST(word_of(copy, 4, word) && !strcmp(word, mount.point));
		MUST(mount.type[0] && !strchr(mount.type, ' '));
		MUST(!strncmp(dash + 3, mount.type, strlen(mount.type)));
	}
	free(line);
	free(copy);
	free(word);
	return 0;
}
