/* SPDX-License-Identifier: GPL-2.0-only */
/* One connection to safenode-broker, from its beginning to the answer. */
#ifndef SAFENODE_BROKER_H
#define SAFENODE_BROKER_H

#include "err.h"

/*
 * Makes the process at the other end of @socket the tenant that it asks to be, or does what else it
 * asks for (request.h), and answers. At most @quota tenants of its user. What the caller sends has
 * to come within some seconds: later, SIGALRM ends this process, which is one for this connection
 * alone, and nothing has been changed. 0, or what was answered.
 */
int sn_broker_serve(int socket, int quota, struct sn_err *err);

/*
 * Removes tenants that have ended (ended.h), and what is left of those whose cgroups are gone. 0
 * also where safenode is not in force.
 */
int sn_broker_sweep(struct sn_err *err);

#endif
