/* SPDX-License-Identifier: GPL-2.0-only */
/* What the proofs share. CBMC takes each nondet_...() for every value that its type has. */
#ifndef PROVE_H
#define PROVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"

bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
int nondet_int(void);
struct sn_policy nondet_policy(void);

#define ASSUME(condition)  __CPROVER_assume(condition)
#define PROVE(condition)   __CPROVER_assert(condition, #condition)
#define IMPLIES(if_, then) PROVE(!(if_) || (then))

#endif
