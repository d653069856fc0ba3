/* SPDX-License-Identifier: GPL-2.0-only */
/* Cgroup v2: find it, make and remove the tenants' cgroups, set their limits. */
#ifndef SAFENODE_CGROUP_H
#define SAFENODE_CGROUP_H

#include <linux/limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "safenode_abi.h"

/* Where cgroup v2 is mounted, on its own or beside v1 (hybrid): the whole hierarchy, into @path. */
int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err);

/* Makes the directory, which may exist. 1 if it made it, 0 if it was there, or a negative errno. */
int sn_cgroup_make(const char *path, struct sn_err *err);

/* The kernfs id, which bpf_get_current_cgroup_id() returns: the file handle (name_to_handle_at). */
int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err);

/* Processes in it or below it? 1, 0, or a negative errno (-ENOENT: no such cgroup). */
int sn_cgroup_populated(const char *path);

/* Removes it and the empty cgroups below it. -EBUSY while a process is inside. */
int sn_cgroup_remove(const char *path, struct sn_err *err);

/* Kills every process in and below it, and waits until they are gone. */
int sn_cgroup_kill(const char *path, struct sn_err *err);

/* Moves @pid (0: the caller) into it. */
int sn_cgroup_enter(const char *path, pid_t pid, struct sn_err *err);

/* Writes @value to the controller file @file ("memory.max"), enabling @controller on the way. */
int sn_cgroup_limit(const char *mount, const char *path, const char *controller, const char *file,
		    const char *value, struct sn_err *err);

/*
 * Limits memory to @value, in whatever form the kernel keeps it: memory.max; and unless that is
 * "max", no swap and no huge pages, which would not count in it. @path is new.
 */
int sn_cgroup_limit_memory(const char *mount, const char *path, const char *value,
			   struct sn_err *err);

/* The caller's own cgroup v2, as a path below the mount, into @path. */
int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err);

#endif
