/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a tool that holds a lock, and saying for whom. */
#ifndef SAFENODE_LOCK_H
#define SAFENODE_LOCK_H

#include <sys/types.h>

#include "err.h"

/* From now on @say gets a line where sn_lock() waits for more than a moment. At first nobody does.
 */
void sn_lock_tell(void (*say)(const char *text));

/*
 * flock(2) on @fd, which is open at @path; @how is LOCK_SH or LOCK_EX. Waits for as long as others
 * hold it: what they do under it ends, and the kernel takes it from those who are killed.
 */
int sn_lock(int fd, const char *path, int how, struct sn_err *err);

/* The process that a line of /proc/locks names as a holder of a flock(2) on that file; 0: none. */
pid_t sn_lock_holder(const char *line, dev_t dev, ino_t ino);

#endif
