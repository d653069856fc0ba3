/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells of a tenant's cgroup: processes, their user, memory, CPU time. */
#ifndef SAFENODE_USAGE_H
#define SAFENODE_USAGE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

#define SN_NOT_KNOWN (-1) /* such as memory, where that controller is not enabled */

/* Owns its lists; see sn_usage_free(). */
struct sn_usage {
	pid_t *pids; /* in the cgroup itself, as its files have them */
	size_t nr_pids;
	bool has_user; /* there was a process that could be asked */
	uid_t user;    /* the real one, of the first process */
	gid_t group;
	gid_t *groups; /* the supplementary ones */
	size_t nr_groups;
	__s64 memory;	  /* bytes, as memory.max counts them; or SN_NOT_KNOWN */
	__s64 memory_max; /* bytes, or SN_NOT_KNOWN: there is no limit */
	__s64 cpu_usec;	  /* since the cgroup was made */
	__s64 threads;
};

/* Of the cgroup @path. 0 with @usage filled in, or -ENOMEM; of no cgroup, nothing is known. */
int sn_usage_read(const char *path, struct sn_usage *usage);

void sn_usage_free(struct sn_usage *usage);

/* Takes the user and the groups out of the lines of /proc/PID/status. False: they are not there. */
bool sn_usage_take_user(char *status, struct sn_usage *usage);

#endif
