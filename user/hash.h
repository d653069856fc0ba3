/* SPDX-License-Identifier: GPL-2.0-only */
/* FNV-1a of 64 bits: tells apart what nobody chose. Pure. */
#ifndef SAFENODE_HASH_H
#define SAFENODE_HASH_H

#include <linux/types.h>
#include <stddef.h>

/* The hash of nothing. */
#define SN_HASH_BEGIN 0xcbf29ce484222325ULL

/* @sum, the hash of what is before, with @size bytes behind that. */
__u64 sn_hash(__u64 sum, const void *data, size_t size);

#endif
