/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of the pinned maps when programs are loaded that lay them out in another way. */
#ifndef SAFENODE_UPGRADE_H
#define SAFENODE_UPGRADE_H

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "err.h"
#include "safenode_abi.h"

struct sn_upgrade;

/* Reads the pinned map "state", whatever its layout, for the programs in @obj. */
int sn_upgrade_read_state(struct bpf_object *obj, struct sn_state *state, struct sn_err *err);

/*
 * Compares every pinned map with that of @obj, which is open and not loaded. @obj will use those
 * that are laid out alike, and make the others. @old is what was read; by its versions, a layout of
 * another meaning is refused, whether it is older or newer. -EPROTO where something cannot be
 * carried over.
 */
int sn_upgrade_plan(struct bpf_object *obj, const struct sn_state *old, struct sn_upgrade **upgrade,
		    struct sn_err *err);
void sn_upgrade_free(struct sn_upgrade *upgrade);

/* Is any map made anew? Then so is "state". */
bool sn_upgrade_is_needed(const struct sn_upgrade *upgrade);

/*
 * Copies every entry of the pinned maps to those that were made anew, once @obj is loaded. -EPROTO
 * where something would be lost.
 */
int sn_upgrade_carry(struct sn_upgrade *upgrade, struct sn_err *err);

/* Once more for that map, which the programs write to. */
int sn_upgrade_carry_again(struct sn_upgrade *upgrade, const char *map, struct sn_err *err);

#endif
