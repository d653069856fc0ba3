/* SPDX-License-Identifier: GPL-2.0-only */
/* "80,443,8000-8100" -> ranges -> the keys of the map "ports". */
#ifndef SAFENODE_PORTS_H
#define SAFENODE_PORTS_H

#include <stddef.h>

#include "err.h"
#include "safenode_abi.h"

/* Ranges as the operator listed them, without duplicates. Owns @ranges. */
struct sn_port_list {
	struct sn_port_range *ranges;
	size_t nr;
};

/* Adds the entries of @text to @list, all of them or none. 0, -EINVAL or -ENOMEM. */
int sn_ports_add(struct sn_port_list *list, const char *text, struct sn_err *err);

void sn_ports_free(struct sn_port_list *list);

/* "80" or "8000-8100". */
struct sn_text sn_port_text(struct sn_port_range range);

#define SN_PORT_BLOCKS_MAX 30 /* of one range */

/*
 * Cuts @range into the fewest aligned blocks, as "ports" keeps them. Returns how many it wrote to
 * @blocks: port and length are set, the rest is zero.
 */
size_t sn_port_blocks(struct sn_port_range range, struct sn_port_key blocks[SN_PORT_BLOCKS_MAX]);

#endif
