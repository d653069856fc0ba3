/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of a type of one version -> values of the type of the same name of another, by BTF. */
#ifndef SAFENODE_CARRY_H
#define SAFENODE_CARRY_H

#include <bpf/btf.h>
#include <stdbool.h>

#include "err.h"

struct sn_carry;

/*
 * How values of type @from_id of @from become values of type @to_id of @to. Members of structures
 * are found by name, at any depth, and so are the elements of an array that is tagged with the
 * enumeration that counts them (SN_COUNTED_BY in safenode_abi.h). Of other arrays the common part
 * is kept. What only @to has becomes zero; members called "pad" mean nothing. -EPROTO where a
 * member has become something else: its name is in @err.
 */
int sn_carry_plan(const struct btf *from, __u32 from_id, const struct btf *to, __u32 to_id,
		  struct sn_carry **plan, struct sn_err *err);
void sn_carry_free(struct sn_carry *plan);

/* Are both types laid out alike, so that nothing has to be done? */
bool sn_carry_is_same(const struct sn_carry *plan);

/*
 * Writes @to. NULL, or the name of a member of @from that is not zero and has no room in @to; then
 * the rest is written.
 */
const char *sn_carry_value(const struct sn_carry *plan, const void *from, void *to);

#endif
