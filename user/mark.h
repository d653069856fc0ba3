/* SPDX-License-Identifier: GPL-2.0-only */
/* The mark of tenants' cgroups: safenode's egress program among those in force for the cgroup. */
#ifndef SAFENODE_MARK_H
#define SAFENODE_MARK_H

#include "err.h"
#include "safenode_abi.h"

/*
 * A cgroup below the parent inherits the mark. One elsewhere has it for itself: attached without a
 * link, so that it goes with the cgroup, and with BPF_F_ALLOW_MULTI, so that nothing below can take
 * it away. All of it takes CAP_NET_ADMIN.
 */
struct sn_mark {
	int program; /* or -1 */
	__u32 id;    /* the kernel's, of the program */
};

#define SN_MARK_CLOSED ((struct sn_mark){ .program = -1 })

/* The program that is pinned in @dir, a directory of links. -ENOENT: there is none. */
int sn_mark_open(const char *dir, struct sn_mark *mark, struct sn_err *err);
void sn_mark_close(struct sn_mark *mark);

/* May the caller do that? Otherwise -EPERM with the cure; @path is the cgroup's, for @err. */
int sn_mark_check_powers(const char *path, struct sn_err *err);

/*
 * Marks the cgroup that is open as @cgroup; @path is its path, for @err. 0 also where it has the
 * mark for itself already. -EPERM with the cure: a capability, or another's program that admits no
 * other.
 */
int sn_mark_put(const struct sn_mark *mark, int cgroup, const char *path, struct sn_err *err);

/* Is the mark in force for that cgroup, its own or inherited? 1, 0 or a negative errno. */
int sn_mark_is_there(const struct sn_mark *mark, int cgroup);

/*
 * Takes every other egress program of safenode's from that cgroup itself: those of a load before,
 * or of one that failed. 0 or a negative errno.
 */
int sn_mark_remove_others(const struct sn_mark *mark, int cgroup);

#endif
