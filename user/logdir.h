/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the reader of the ring is found: a directory, its locks and its socket. */
#ifndef SAFENODE_LOGDIR_H
#define SAFENODE_LOGDIR_H

#include <stdbool.h>

#include "err.h"

/* Makes the directory if need be. It has to be the caller's, and nobody else may write it. */
int sn_logdir_make(const char *path, struct sn_err *err);

/*
 * The lock of the one service: a descriptor, with which it goes. -EBUSY: another one has it, whose
 * process is named.
 */
int sn_logdir_lock(const char *path, struct sn_err *err);

/*
 * The lock of the ring, of which there is one exclusive holder or any number of others. -EBUSY
 * without waiting.
 */
int sn_logdir_lock_ring(const char *path, bool exclusive, struct sn_err *err);

/* A listening socket of SOCK_SEQPACKET that only its owner can connect to, in place of what is
 * there. */
int sn_logdir_listen(const char *path, struct sn_err *err);

#endif
