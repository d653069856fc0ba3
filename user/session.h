/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose session, group and terminals the process is in that becomes a tenant. */
#ifndef SAFENODE_SESSION_H
#define SAFENODE_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/*
 * Takes away the terminals on 0, 1 and 2 at which somebody else types: all but the controlling one
 * of a session that the caller leads. On 0 comes /dev/null; 1 and 2 can only be written any more.
 * 1 if there was one on 0, otherwise 0. With @keep all stay, and one on 0 is wanted.
 */
int sn_session_take_terminals(bool keep, struct sn_err *err);

/* What sn_session_undo() brings back; all zero: nothing. */
struct sn_session {
	pid_t group;	 /* that the caller was in */
	bool foreground; /* and which had the terminal */
};

/*
 * A session of which nobody else is a member, without another process id. With @terminal, and at
 * the session's own terminal: only a group, so that the terminal is shared with whatever else runs
 * there. -EINVAL where the caller leads a group of several.
 */
int sn_session_begin(bool terminal, struct sn_session *session, struct sn_err *err);
void sn_session_undo(const struct sn_session *session);

#endif
