// SPDX-License-Identifier: GPL-2.0-only
/* Policy files: options, one a line. */
#include <errno.h>

#include "fuzz.h"
#include "options.h"

/* Lines that a plain reader finds something on. */
static size_t lines_with_words(const uint8_t *data, size_t size)
{
	bool blank = true, comment = false;
	size_t nr = 0;

	for (size_t i = 0; i <= size; i++) {
		if (i == size || data[i] == '\n') {
			nr += !blank;
			blank = true;
			comment = false;
			continue;
		}
		/* a '#' at the start or behind a blank; isspace(3) of the C locale */
		if (data[i] == '#' && (!i || strchr(" \t\r\v\f\n", data[i - 1])))
			comment = true;
		if (!comment && !strchr(" \t\r\v\f", data[i]))
			blank = false;
	}
	return nr;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* as if a file had named this one: it may not name a third */
	struct sn_options options = { .in_file = true };
	const char *path = fuzz_file(data, size);
	struct sn_err err = {};
	int error = sn_cli_parse_file(sn_attach_opts, path, &options, &err);

	if (error)
		MUST(!strncmp(err.text, path, strlen(path)) && err.text[strlen(path)] == ':');
	else
		MUST(!memchr(data, '\0', size) || !size);
	if (!error && !lines_with_words(data, size))
		MUST(!options.tenant && !options.directory && !options.safe_mode);
	MUST(options.in_file);
	sn_options_free(&options);
	return 0;
}
