/* SPDX-License-Identifier: GPL-2.0-only */
/* Variables of the environment that name descriptors. */
#ifndef SAFENODE_ENVIRONMENT_H
#define SAFENODE_ENVIRONMENT_H

#include <stddef.h>

/*
 * Removes the variables that name a descriptor that will be closed, which is each above 2 but for
 * @kept, with those that belong to them: the number would be another descriptor's in the program,
 * which would write there. node's IPC channel (child_process.fork), sockets of systemd
 * (sd_listen_fds(3)), which stay together or go together.
 */
void sn_environment_forget(const int *kept, size_t nr);

#endif
