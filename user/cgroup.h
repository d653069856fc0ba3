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

/* Is the cgroup @path on a mount where cgroups can be made in it? Otherwise -EROFS with the cure.
 */
int sn_cgroup_check_writable(const char *path, struct sn_err *err);

/*
 * Makes the directory, with mode 0755 whatever the umask is. 1: made; 0: it existed, and was not
 * changed; or a negative errno.
 */
int sn_cgroup_make(const char *path, struct sn_err *err);

/* The id that bpf_get_current_cgroup_id() returns, from the file handle. */
int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err);

/*
 * A descriptor of the cgroup with that id, which was at @path, or is elsewhere as the caller's
 * cgroup namespace sees it; ids are not used again. -ENOENT: it is gone. -EPERM: it is not at
 * @path, and whether it is gone takes CAP_DAC_READ_SEARCH to tell. Any other error: it was not
 * looked at, and may be there.
 */
int sn_cgroup_open(const char *mount, const char *path, __u64 id);

/* Are there processes in it or below it? 1, 0, or a negative errno (-ENOENT: no such cgroup). */
int sn_cgroup_populated(const char *path);

/* Removes it and all cgroups below it. -EBUSY if there is a process in one of them. */
int sn_cgroup_remove(const char *path, struct sn_err *err);

/* Kills every process in and below it, and waits until they are gone. */
int sn_cgroup_kill(const char *path, struct sn_err *err);

/*
 * Stops every thread in and below it, and waits until none is in a system call: what that had begun
 * is done, or begins again later. On failure some may be stopped; sn_cgroup_thaw().
 */
int sn_cgroup_freeze(const char *path, struct sn_err *err);

/* Lets them run. 0 or a negative errno. */
int sn_cgroup_thaw(const char *path);

/* Writes @value to the file @file of the cgroup @path. 0 or a negative errno. */
int sn_cgroup_write(const char *path, const char *file, const char *value);

/* The first line of the file @file of the cgroup @path, into @line. 0 or a negative errno. */
int sn_cgroup_read(const char *path, const char *file, char *line, int size);

/* Has whoever manages the cgroup @path, as systemd does, handed it over? */
bool sn_cgroup_delegated(const char *path);

/* Is the process @pid alone in the cgroup @path, which has none below it? Otherwise -EINVAL. */
int sn_cgroup_check_alone(const char *path, pid_t pid, struct sn_err *err);

/* The path of the cgroup of the process @pid below @mount, into @path. -EINVAL: not of version 2.
 */
int sn_cgroup_of(pid_t pid, const char *mount, char path[PATH_MAX], struct sn_err *err);

/* The path of the caller's cgroup below @mount, into @path. */
int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err);

/*
 * The same from the kernel's text: @root is the root of @mount in mountinfo, @own the cgroup in
 * /proc/self/cgroup. Both are relative to the root of the reader's cgroup namespace, with "/.." for
 * each level above it. -ENOENT if @own is not below the mount.
 */
int sn_cgroup_below(const char *mount, const char *root, const char *own, char path[PATH_MAX]);

#endif
