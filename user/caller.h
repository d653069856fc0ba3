/* SPDX-License-Identifier: GPL-2.0-only */
/* The process at the other end of a socket: who it is, and that it stays that. */
#ifndef SAFENODE_CALLER_H
#define SAFENODE_CALLER_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "request.h"
#include "safenode_abi.h"

struct sn_caller {
	int socket; /* of SOCK_SEQPACKET; not owned */
	int pidfd;  /* or -1; see sn_caller_close() */
	pid_t pid;
	uid_t uid;
	struct sn_nonce nonce;
	struct sn_inode launcher; /* its program, once it is held */
};

#define SN_CALLER(of) ((struct sn_caller){ .socket = (of), .pidfd = -1 })

/* Who connected; a nonce is sent to it. -EPERM for root. */
int sn_caller_meet(struct sn_caller *caller, struct sn_err *err);

/*
 * One message, of at most *@size bytes, into @message, and its length into *@size; the descriptors
 * that came with it into @fds, which are the caller's to close, also on failure. The kernel says
 * who has sent it: -EPERM unless it is the process that was met, which lives.
 */
int sn_caller_hear(const struct sn_caller *caller, char *message, size_t *size,
		   int fds[SN_PLACES_MAX], size_t *nr, struct sn_err *err);

/* Was it sent for this connection? -EPERM: it is of another one. */
int sn_caller_check_nonce(const struct sn_caller *caller, const struct sn_nonce *nonce,
			  struct sn_err *err);

/*
 * Stops the process, for as long as this one lives: it cannot run, exec, fork or start a thread,
 * and as a stopped tracee that nobody else can reap its number stays its own, also if it is killed.
 * Then looks whether it is what the broker serves: safenode-attach or safenode of this
 * installation, with one thread, one user, no capabilities and no_new_privs. -EPERM with the
 * reason.
 */
int sn_caller_hold(struct sn_caller *caller, struct sn_err *err);

/* What of that is in /proc/PID/status; the user has to be @uid. Pure. */
int sn_caller_check_status(const char *status, uid_t uid, struct sn_err *err);

/*
 * Sends the answer, without waiting: @error, and with NULL no text; or @reply, and with it @fd,
 * unless that is -1. 0 or a negative errno.
 */
int sn_caller_tell(const struct sn_caller *caller, int error, const struct sn_err *why);
int sn_caller_answer(const struct sn_caller *caller, const struct sn_reply *reply, int fd);

/* The text that the answer has announced; waits for the caller to read. As above. */
int sn_caller_send(const struct sn_caller *caller, const char *text, size_t size);

void sn_caller_close(struct sn_caller *caller);

#endif
