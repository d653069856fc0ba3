/* SPDX-License-Identifier: GPL-2.0-only */
/* Which events the operator wants to see. */
#ifndef SAFENODE_EVENTFILTER_H
#define SAFENODE_EVENTFILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "safenode_abi.h"

/* All zero: every event. */
struct sn_filter {
	const char *tenant; /* its name, or NULL */
	bool ops[SN_OP_NR]; /* those that are wanted... */
	bool some_ops;	    /* ...if it is not all */
	bool without_known; /* not what node and libc always try */
	int64_t since_ms;   /* not before: milliseconds since 1970; 0: from the first on */
};

/*
 * Adds an operation ("net.connect") or a family of them ("net"). -EINVAL for what is neither, with
 * the nearest names in @err.
 */
int sn_filter_add_op(struct sn_filter *filter, const char *name, struct sn_err *err);

/*
 * "2024-02-29T12:00:00Z", with a fraction or an offset ("+01:00") if need be, or an age in s, m, h
 * or d before @now_ms: "10m". -EINVAL for what is neither.
 */
int sn_filter_set_since(struct sn_filter *filter, const char *text, int64_t now_ms,
			struct sn_err *err);

bool sn_filter_wants(const struct sn_filter *filter, const struct sn_event *ev);

#endif
