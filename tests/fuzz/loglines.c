// SPDX-License-Identifier: GPL-2.0-only
/* Any event is one line of printable ASCII, in which no field can be forged. */
#include <ctype.h>

#include "fuzz.h"
#include "logline.h"

/* In the order in which they may come; what follows is one of the others' */
static const char *const names[] = {
	"time",	    "tenant", "pid",	"tid",	 "comm",     "op",	 "why",	   "error",
	"would",    "warm",   "mode",	"ioctl", "fcntl",    "family",	 "option", "type",
	"protocol", "flags",  "signal", "cap",	 "limit",    "cmd",	 "target", "addr",
	"port",	    "dev",    "path",	"known", "comm_hex", "path_hex",
};

/* Behind a text that ends before one of @ends, or with the line. */
static const char *skip_text(const char *line, const char *ends)
{
	for (; *line && !strchr(ends, *line); line++) {
		if (*line != '\\')
			continue;
		MUST(line[1] == 'x' && isxdigit((unsigned char)line[2]) &&
		     isxdigit((unsigned char)line[3]));
		line += 3;
	}
	return line;
}

/* Behind one field of @line, whose name must be one of those from names[*next] on. */
static const char *skip_field(const char *line, size_t *next)
{
	size_t len = strcspn(line, "=");

	MUST(line[len] == '=');
	while (*next < sizeof(names) / sizeof(*names) &&
	       (strlen(names[*next]) != len || memcmp(names[*next], line, len)))
		++*next;
	MUST(*next < sizeof(names) / sizeof(*names));
	++*next;
	line += len + 1;
	if (*line != '"')
		return skip_text(line, " \"");
	line = skip_text(line + 1, "\"");
	MUST(*line == '"');
	return line + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[SN_LOGLINE_MAX];
	struct sn_event event = {};
	const char *at = line;
	size_t len, next = 0;

	memcpy(&event, data, size < sizeof(event) ? size : sizeof(event));
	len = sn_logline(&event, line, sizeof(line));
	MUST(len == strlen(line) && len < sizeof(line) - 1);
	for (size_t i = 0; i < len; i++)
		MUST(line[i] >= ' ' && line[i] <= '~');
	while (*at) {
		at = skip_field(at, &next);
		MUST(!*at || *at++ == ' ');
	}
	return 0;
}
