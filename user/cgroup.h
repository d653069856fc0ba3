/* SPDX-License-Identifier: GPL-2.0-only */
/* Cgroup v2: find it, make and remove the tenants' cgroups. */
#ifndef SAFENODE_CGROUP_H
#define SAFENODE_CGROUP_H

#include <linux/limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "safenode_abi.h"

/* Where cgroup v2 is mounted, on its own or beside v1 (hybrid), into @path. */
int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err);

/*
 * Makes the directory, open to everyone for reading, whatever the umask. 1 if it made it, 0 if it
 * was there, or a negative errno.
 */
int sn_cgroup_make(const char *path, struct sn_err *err);

/* The kernfs id, which bpf_get_current_cgroup_id() returns: the file handle (name_to_handle_at). */
int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err);

/* Processes in it or below it? 1, 0, or a negative errno (-ENOENT: no such cgroup). */
int sn_cgroup_populated(const char *path);

/* Removes it and the empty cgroups below it. -EBUSY while a process is inside. */
int sn_cgroup_remove(const char *path, struct sn_err *err);

/* Kills every process in and below it, and waits until they are gone. */
int sn_cgroup_kill(const char *path, struct sn_err *err);

/* Writes @value to the file @file of the cgroup @path. 0 or a negative errno. */
int sn_cgroup_write(const char *path, const char *file, const char *value);

/* The caller's own cgroup v2, as a path below the mount, into @path. */
int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err);

/*
 * The same from what the kernel tells: @root of that mount in mountinfo, and @own in
 * /proc/self/cgroup, both from the root of the reader's cgroup namespace, with "/.." for each level
 * above that. -ENOENT: it is not below the mount.
 */
int sn_cgroup_below(const char *mount, const char *root, const char *own, char path[PATH_MAX]);

#endif
