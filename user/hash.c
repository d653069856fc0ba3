// SPDX-License-Identifier: GPL-2.0-only
/* FNV-1a. */
#include "hash.h"

__u64 sn_hash(__u64 sum, const void *data, size_t size)
{
	for (const unsigned char *byte = data; size--; byte++)
		sum = (sum ^ *byte) * 0x100000001b3ULL;
	return sum;
}
