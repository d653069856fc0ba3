/* SPDX-License-Identifier: GPL-2.0-only */
/* Events for the tests of their forms. */
#ifndef SAFENODE_TEST_EVENT_H
#define SAFENODE_TEST_EVENT_H

#include <string.h>

#include "safenode_abi.h"

static inline struct sn_event event(enum sn_op op, enum sn_why why, int error)
{
	return (struct sn_event){
		.tenant = "t1",
		.comm = "node",
		.pid = 7,
		.tid = 7,
		.op = op,
		.why = why,
		.error = error,
	};
}

/* @names with their NULs, from the file up; the last NUL is the string's own. */
#define SET_PATH(ev, device, names)                       \
	({                                                \
		(ev)->dev = (device);                     \
		memcpy((ev)->path, names, sizeof(names)); \
		(ev)->path_len = sizeof(names);           \
	})

#endif
