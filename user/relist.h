/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of rules -> the map "lists", for when the bytes of their keys have changed. */
#ifndef SAFENODE_RELIST_H
#define SAFENODE_RELIST_H

#include "err.h"
#include "lists.h"

/* Lists in the map @lists, where nothing is listed yet, each rule of the maps @rules. */
int sn_relist(const int rules[SN_RULE_MAPS], int lists, struct sn_err *err);

#endif
