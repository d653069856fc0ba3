// SPDX-License-Identifier: GPL-2.0-only
/*
 * For every range and every port: the ranges of a policy are searched as they are read, and the
 * block that the map gets for the beginning of a range is inside it, and holds what the programs'
 * mask says. What is behind that block is cut as if the range began there, for the loop of
 * sn_port_blocks() knows nothing else: so all blocks together are the range.
 */
#include "prove.h"
#include "../../user/ports.c"

/* The loop over the blocks is entered once: PARTIAL */
static void a_block_is_the_beginning_of_its_range(void)
{
	struct sn_port_range range = { nondet_u16(), nondet_u16() };
	struct sn_port_key blocks[SN_PORT_BLOCKS_MAX];
	uint16_t port = nondet_u16();
	uint32_t last;

	ASSUME(range.first && range.first <= range.last);
	PROVE(sn_port_blocks(range, blocks) >= 1);
	PROVE(blocks[0].port == range.first && blocks[0].length <= 16);
	last = range.first + (1u << (16 - blocks[0].length)) - 1;
	PROVE(last <= range.last);
	PROVE((sn_port_prefix(port, blocks[0].length) == blocks[0].port) ==
	      (range.first <= port && port <= last));
}

static void ranges_are_searched_as_they_are_read(void)
{
	struct sn_policy policy = nondet_policy();
	uint16_t port = nondet_u16();
	bool listed = false;

	ASSUME(policy.port_ranges_nr <= SN_PORT_RANGES_MAX);
	for (int i = 0; i < policy.port_ranges_nr; i++)
		listed |= policy.port_ranges[i].first <= port && port <= policy.port_ranges[i].last;
	PROVE(sn_in_port_ranges(&policy, port) == listed);
}

int main(void)
{
	a_block_is_the_beginning_of_its_range();
	ranges_are_searched_as_they_are_read();
	return 0;
}
