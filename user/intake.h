/* SPDX-License-Identifier: GPL-2.0-only */
/* The one reader of the ring: opens it when safenode is loaded, and another one when that is. */
#ifndef SAFENODE_INTAKE_H
#define SAFENODE_INTAKE_H

#include <systemd/sd-event.h>

#include "err.h"
#include "logrecord.h"

struct sn_intake;

struct sn_intake_calls {
	void (*record)(const struct sn_log_record *record, void *data); /* an event or a loss */
	/* after some records, or when the state has changed; @why: in words, where nothing is read
	 */
	void (*pause)(enum sn_log_state state, const char *why, void *data);
	void *data;
};

/* Begins to read as soon as @loop runs. NULL on failure, with @err filled in. */
struct sn_intake *sn_intake_new(sd_event *loop, const struct sn_intake_calls *calls,
				struct sn_err *err);
/* Reads no more; what is on the ring stays there. */
void sn_intake_free(struct sn_intake *intake);

#endif
