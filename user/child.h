/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that does one thing and ends. */
#ifndef SAFENODE_CHILD_H
#define SAFENODE_CHILD_H

#include "err.h"

/*
 * Calls @act in a child process and waits for its end. Not by vfork(2): what it changes of itself
 * does not change the caller. @data is memory that both share (MAP_SHARED), for what it finds; that
 * it came to its end has to be told there. Into @status, as from waitpid(2), how it ended; whether
 * the caller ignores SIGCHLD does not matter. A negative errno if there was no such process.
 */
int sn_child_run(void (*act)(void *data), void *data, int *status, struct sn_err *err);

/*
 * The same in a child that has the caller's memory, as after vfork(2), on a stack of its own: the
 * caller stands still until it has ended. It costs a tenth, for nothing is copied. Its user,
 * directory, descriptors, signals and limits are its own; what it writes to memory, it writes to
 * the caller's.
 */
int sn_child_share(void (*act)(void *data), void *data, int *status, struct sn_err *err);

#endif
