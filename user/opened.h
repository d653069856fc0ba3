/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process holds open that its policy would not let it open. */
#ifndef SAFENODE_OPENED_H
#define SAFENODE_OPENED_H

#include <stddef.h>
#include <sys/types.h>

#include "compiled.h"
#include "err.h"
#include "rules.h"

struct sn_opened {
	pid_t pid;		 /* no thread of it runs, see sn_cgroup_freeze() */
	int directory_fd;	 /* of the one directory that it is to have */
	const char *directory;	 /* the path of that, without symbolic links */
	char *const *read_write; /* more files and directories that it is to change */
	size_t nr_read_write;
	const int *keep_fd; /* its descriptors above 2 that it may keep */
	size_t nr_keep_fd;
	const struct sn_entries *given; /* its rules of before: of the files that it was given open,
					   sn_rules_add_fd() made one each */
};

/*
 * Is what the process holds its standard streams as it was given them, what was named, or what a
 * tenant may open by itself? That is: files below the directory, the devices that every tenant has,
 * memory without a name that it made, pipes of which it has both ends, and what epoll, eventfd,
 * timerfd, signalfd and inotify (without a watch) made. Its threads have to share their descriptors
 * and be in the directory, and files elsewhere may not be mapped so that they can be written
 * through the mapping. Code that it has mapped must not be its own to change: what is in no page of
 * its own yet would change with the file. Other mappings are not looked at. Adds to @own what
 * sn_rules_add_fd() does for the streams and what was named.
 *
 * 0; -EBUSY, and @err says what else there is; -EINVAL: what was named is not open; or another
 * negative errno. It takes CAP_SYS_PTRACE.
 */
int sn_opened_check(const struct sn_opened *opened, struct sn_rules *own, struct sn_err *err);

#endif
