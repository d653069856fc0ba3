/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test proves something only if it fails when the BPF program behind it is taken away. With
 * SAFENODE_WITHOUT=sn_task_kill in the environment that program is detached whenever a tenant runs.
 * One that safenode-attach tries itself is attached again while a tenant is started, because attach
 * would refuse otherwise. The pin stays a link, another program's, so that the count is right.
 */
#ifndef WITHOUT_H
#define WITHOUT_H

#include <stdbool.h>

/* Called once, before the first test. False, with the reason as TAP: no such program. */
bool without_is_right(void);

/* Nothing happens when the variable is not set. Failing ends the test. */
void without_leave_out(void);
void without_before_attach(void);
void without_put_back(void);

#endif
