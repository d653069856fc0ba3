/* SPDX-License-Identifier: GPL-2.0-only */
/* The session, process group and terminals of the process that becomes a tenant. */
#ifndef SAFENODE_SESSION_H
#define SAFENODE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/*
 * Takes terminals of others away from 0, 1, 2 and the @nr descriptors @more: all but the
 * controlling terminal of a session that the caller leads. 0 becomes /dev/null; the others become
 * write-only. Returns 1 if 0 was replaced, otherwise 0 or a negative errno. With @keep all stay,
 * and it is an error if 0 is no terminal.
 */
int sn_session_take_terminals(bool keep, const int *more, size_t nr, struct sn_err *err);

/* What sn_session_undo() restores; all zero: nothing. */
struct sn_session {
	pid_t group;	 /* the caller was in it */
	bool foreground; /* and it was in the foreground */
};

/*
 * Makes the caller, with the same process id, the only member of a session. With @terminal, and if
 * 0 is the controlling terminal, only of a process group: then job control works. -EINVAL if the
 * caller leads a process group with other members.
 */
int sn_session_begin(bool terminal, struct sn_session *session, struct sn_err *err);
void sn_session_undo(const struct sn_session *session);

#endif
