/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors that another process handed over -> what they are of. */
#ifndef SAFENODE_RECEIVED_H
#define SAFENODE_RECEIVED_H

#include <linux/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "safenode_abi.h"

struct sn_received {
	struct sn_inode id;
	bool is_directory;
	bool is_held;	     /* known as long as it is open: no rule but SN_MAY_STAT */
	bool is_kernels;     /* on a file system of the kernel's own, such as proc */
	char path[PATH_MAX]; /* as the caller's namespace names it, for people */
};

/*
 * Looks at the @nr descriptors @fds, which came from the process @from: into @handed, of as many.
 * No file system is asked anything before it is known to be one of the kernel's that answers by
 * itself: a FUSE can keep who asks waiting for good, and not even SIGKILL ends that. -EINVAL for
 * one that is not O_PATH, is on another file system, or is on no mount of both processes or of
 * process 1.
 */
int sn_received_look(const int *fds, size_t nr, pid_t from, struct sn_received *handed,
		     struct sn_err *err);

/* A text of /proc/self/fdinfo -> is it O_PATH, and the mount; false: it says not. Pure. */
bool sn_received_parse(const char *fdinfo, bool *is_path, int *mount);

#endif
