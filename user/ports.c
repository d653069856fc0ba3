// SPDX-License-Identifier: GPL-2.0-only
/* "80,443,8000-8100" -> ranges -> the keys of the map "ports". */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "ports.h"

static int parse_range(char *word, struct sn_port_range *range, struct sn_err *err)
{
	char *dash = strchr(word, '-');
	uint64_t first = 0, last = 0;
	bool good;

	if (dash)
		*dash = '\0';
	good = sn_parse_number(word, 65535, &first) &&
	       sn_parse_number(dash ? dash + 1 : word, 65535, &last) && first && last;
	if (dash)
		*dash = '-';
	if (!good)
		return sn_fail(err, EINVAL,
			       SN_QUOTED " is not a port: write 1 to 65535, or a range such as "
					 "8000-8100",
			       word);
	if (first > last)
		return sn_fail(err, EINVAL, SN_QUOTED " runs backwards: use %u-%u", word,
			       (unsigned int)last, (unsigned int)first);
	*range = (struct sn_port_range){ .first = first, .last = last };
	return 0;
}

static int add_range(struct sn_port_list *list, struct sn_port_range range, struct sn_err *err)
{
	struct sn_port_range *ranges;

	for (size_t i = 0; i < list->nr; i++)
		if (list->ranges[i].first == range.first && list->ranges[i].last == range.last)
			return 0;
	if (list->nr == SN_LIST_MAX)
		return sn_fail(err, EINVAL,
			       "'%u' is one too many: at most %d ports or ranges; join them to "
			       "ranges",
			       range.first, SN_LIST_MAX);
	ranges = reallocarray(list->ranges, list->nr + 1, sizeof(*ranges));
	if (!ranges)
		return sn_fail(err, ENOMEM, "out of memory");
	ranges[list->nr++] = range;
	list->ranges = ranges;
	return 0;
}

int sn_ports_add(struct sn_port_list *list, const char *text, struct sn_err *err)
{
	sn_autofree char *copy = strdup(text);
	char *rest = copy, *word;
	size_t before = list->nr;
	int error;

	if (!copy)
		return sn_fail(err, ENOMEM, "out of memory");
	error = sn_check_list(text, "port", err);
	while (!error && (word = strsep(&rest, ","))) {
		struct sn_port_range range = {};

		error = parse_range(word, &range, err);
		if (!error)
			error = add_range(list, range, err);
	}
	if (error)
		list->nr = before;
	return error;
}

void sn_ports_free(struct sn_port_list *list)
{
	free(list->ranges);
	*list = (struct sn_port_list){};
}

struct sn_text sn_port_text(struct sn_port_range range)
{
	struct sn_text text = {};

	snprintf(text.text, sizeof(text.text), range.first == range.last ? "%u" : "%u-%u",
		 range.first, range.last);
	return text;
}

size_t sn_port_blocks(struct sn_port_range range, struct sn_port_key blocks[SN_PORT_BLOCKS_MAX])
{
	size_t nr = 0;

	for (uint32_t port = range.first; port <= range.last; nr++) {
		uint32_t size = 1;
		uint8_t length = 16;

		/* twice the size, as long as it stays aligned and inside */
		while (length && !(port & size) && port + 2 * size - 1 <= range.last) {
			size *= 2;
			length--;
		}
		blocks[nr] = (struct sn_port_key){ .port = port, .length = length };
		port += size;
	}
	return nr;
}
