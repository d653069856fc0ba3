// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of ports: the blocks that the map gets hold exactly the ports that the text says, read word
 * by word, each once, as the programs look for them.
 */
#include <errno.h>
#include <stdbool.h>

#include "decide.h"
#include "fuzz.h"
#include "parse.h"
#include "ports.h"

#define NR_PORTS 65536

/* "80" or "8000-8100"; -1 if it is neither */
static int read_number(const char *word, size_t len)
{
	int number = 0;

	if (!len || len > 5 || (word[0] == '0' && len > 1))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return -1;
		number = number * 10 + word[i] - '0';
	}
	return number && number < NR_PORTS ? number : -1;
}

static bool read_list(char *text, bool open[NR_PORTS])
{
	for (char *word; (word = strsep(&text, ","));) {
		size_t len = strcspn(word, "-");
		int first = read_number(word, len);
		int last = word[len] ? read_number(word + len + 1, strlen(word + len + 1)) : first;

		if (first < 0 || last < first)
			return false;
		for (int port = first; port <= last; port++)
			open[port] = true;
	}
	return true;
}

/* The blocks of one range: as few as can be, and what the programs' mask makes of each port. */
static void add_blocks(struct sn_port_range range, bool open[NR_PORTS])
{
	struct sn_port_key blocks[SN_PORT_BLOCKS_MAX];
	size_t nr = sn_port_blocks(range, blocks);
	uint32_t next = range.first;

	MUST(nr && nr <= SN_PORT_BLOCKS_MAX);
	for (size_t i = 0; i < nr; i++) {
		uint32_t size = 1u << (16 - blocks[i].length);

		MUST(blocks[i].length <= 16 && blocks[i].port == next);
		for (uint32_t port = next; port < next + size; port++) {
			MUST(sn_port_prefix(port, blocks[i].length) == blocks[i].port);
			open[port] = true;
		}
		next += size;
	}
	MUST(next == range.last + 1u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool said[NR_PORTS], found[NR_PORTS];
	char *text = fuzz_string(data, size), *copy = strdup(text);
	struct sn_port_list list = {};
	struct sn_err err = {};
	bool good;
	int error;

	memset(said, 0, sizeof(said));
	memset(found, 0, sizeof(found));
	good = read_list(copy, said);
	error = sn_ports_add(&list, text, &err);
	MUST(error == (good ? 0 : -EINVAL) && !error == !*err.text);
	MUST(!error || !list.nr);
	for (size_t i = 0; i < list.nr; i++)
		add_blocks(list.ranges[i], found);
	if (good)
		MUST(!memcmp(said, found, sizeof(said)));
	sn_ports_free(&list);
	free(text);
	free(copy);
	return 0;
}
