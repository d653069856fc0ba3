/* SPDX-License-Identifier: GPL-2.0-only */
/* What the values of options have in common: numbers and lists. */
#ifndef SAFENODE_PARSE_H
#define SAFENODE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define SN_LIST_MAX 4096 /* entries in one list of addresses or ports, "self" expanded */

/* A value can be longer than a message: this much of it is quoted, so that the cure still fits. */
#define SN_QUOTED "'%.200s'"

/* A decimal number from 0 to @max, with nothing around it and no leading zeros. */
bool sn_parse_number(const char *word, uint64_t max, uint64_t *number);

/*
 * Is the list well-formed: not empty, entries separated by ',' only, none of them empty? @what
 * names one of its entries in the message. 0, or -EINVAL with @err filled in.
 */
int sn_check_list(const char *list, const char *what, struct sn_err *err);

#endif
