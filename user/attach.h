/* SPDX-License-Identifier: GPL-2.0-only */
/* From options to a running tenant. */
#ifndef SAFENODE_ATTACH_H
#define SAFENODE_ATTACH_H

#include "err.h"
#include "gather.h"
#include "launch.h"
#include "options.h"

/*
 * Makes the tenant's cgroup, writes its policy, and, with @argv, becomes that program inside: same
 * process, no way back, so it returns only on failure. With an empty @argv it returns 0 when the
 * policy is written, for the program "node". On failure no cgroup, rule or process is left.
 * -EINVAL for wrong options, -ENOSYS where the kernel lacks something. @say gets lines for the
 * person at the terminal that are no errors.
 */
int sn_attach(const struct sn_options *options, char *const argv[], void (*say)(const char *text),
	      struct sn_err *err);

/*
 * Steps of it that take no privilege, for who asks the broker (ask.h). First: descriptors 0, 1 and
 * 2 are open, and those to keep. Rules for all of these. Which program is this? Would the launch
 * succeed? Without @launch, only what attach does without a command.
 */
int sn_attach_begin(const struct sn_options *options, struct sn_err *err);
int sn_attach_add_descriptors(struct sn_gathered *named, struct sn_err *err);
int sn_attach_identify(struct sn_inode *launcher, struct sn_err *err);
int sn_attach_rehearse(const struct sn_launch *launch, void (*say)(const char *text),
		       struct sn_err *err);

/*
 * As sn_session_take_terminals(), for those that @options hand over. What to say where it returned
 * 1, once nothing has failed.
 */
int sn_attach_take_terminals(const struct sn_options *options, struct sn_err *err);
void sn_attach_say_taken(void (*say)(const char *text));

#endif
