/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is served: a process for each connection, and so many of each user at a time. */
#ifndef SAFENODE_DESK_H
#define SAFENODE_DESK_H

#include "err.h"

struct sn_desk {
	int listening; /* of SOCK_SEQPACKET, which is not blocking; not owned */
	/* In a process of its own, which ends with what this returns. */
	int (*serve)(int socket, void *data);
	/* The same, once in a while. */
	int (*sweep)(void *data);
	void *data;
};

/*
 * The socket that systemd hands over, or else one at @path, in place of what is there, for root and
 * the group @group. A descriptor or a negative errno.
 */
int sn_desk_listen(const char *path, const char *group, struct sn_err *err);

/*
 * Serves until SIGTERM or SIGINT, and then until those end who are being served. Who is one too
 * many is told so at once. 0 or a negative errno.
 */
int sn_desk_run(const struct sn_desk *desk, struct sn_err *err);

#endif
