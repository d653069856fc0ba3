/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct sn_event -> which option would have allowed the act, or what to do without. Reads nothing
 * but the mount table.
 */
#ifndef SAFENODE_EXPLAIN_H
#define SAFENODE_EXPLAIN_H

#include <stdbool.h>

#include "logline.h"

struct sn_explanation {
	bool grantable; /* an option of safenode-attach allows it */
	/*
	 * "read-only", without dashes, and its value. NULL if nothing allows the act, or if the
	 * event does not tell the value, or if the value cannot be written in a policy file.
	 */
	const char *option;
	char value[SN_EVENT_PATH_TEXT];
	char text[512]; /* grantable: how wide that is; else: why not, and what to do instead */
};

/*
 * Fills in @explanation. False: the act was granted, or it is not one that BPF programs of this
 * version refuse for that reason; then there is nothing to say.
 */
bool sn_explain(const struct sn_event *ev, struct sn_explanation *explanation);

/* Can it be a value in a policy file and on a command line, as it is? */
bool sn_is_writable_value(const char *value);

#endif
