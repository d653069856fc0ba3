/* SPDX-License-Identifier: GPL-2.0-only */
/* From the operator's options to a running tenant, and back. */
#ifndef SAFENODE_ATTACH_H
#define SAFENODE_ATTACH_H

#include <linux/limits.h>
#include <stdbool.h>

#include "err.h"
#include "options.h"
#include "store.h"

/*
 * Makes the tenant's cgroup, writes its policy, and, with @argv, becomes that program inside: same
 * process, no way back, so it returns only on failure. With an empty @argv it returns 0 when the
 * policy is written, for the program "node". On failure no cgroup, rule or process is left.
 * -EINVAL for wrong options, -ENOSYS where the kernel lacks something. @say gets a line
 * that the person at the terminal should know although nothing failed.
 */
int sn_attach(const struct sn_options *options, char *const argv[], void (*say)(const char *text),
	      struct sn_err *err);

/* Removes the tenant's policy and cgroup. -EBUSY while processes run, unless @kill. */
int sn_detach(const char *tenant, bool kill, struct sn_err *err);

/* The path of the tenant's cgroup below the mount @mount, into @path. */
void sn_tenant_path(char path[PATH_MAX], const char *mount, const struct sn_state *state,
		    const char *tenant);

/* Removes tenants of the drop-in that have ended: nobody else does. */
int sn_sweep_unnamed(struct sn_err *err);

/* The name of an unnamed tenant: this and its process id. */
#define SN_UNNAMED "pid-"

#endif
