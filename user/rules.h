/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths -> the rules that make them reachable. */
#ifndef SAFENODE_RULES_H
#define SAFENODE_RULES_H

#include <linux/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#include "err.h"
#include "looks.h"
#include "safenode_abi.h"

/* Entries of the maps "directories" and "names". Storing them fills in the scope of the keys. */
struct sn_directory_rule {
	struct sn_directory_key key;
	struct sn_rule rule;
};
struct sn_name_rule {
	struct sn_name_key key;
	struct sn_rule rule;
};

/* A set of rules. Adding a key twice makes one rule with the access of both. */
struct sn_rules {
	struct sn_place *places; /* cache of the directories that were walked through */
	struct sn_directory_rule *directories;
	size_t nr_directories;
	struct sn_name_rule *names;
	size_t nr_names;
	bool rooted;		/* sn_rules_root() was called */
	struct sn_looks *looks; /* the caller's: gets all that paths turn out to be; or NULL */
	__u64 scope; /* what sn_rules_scope() says, where it is known; adding a rule forgets it */
};

/*
 * From here on, and until sn_rules_close(), paths are those below the directory @root: of a
 * container, whose image and mounts others have chosen. So no symbolic link is followed: one on the
 * way is -ELOOP, with the cure. @root stays the caller's.
 */
int sn_rules_root(struct sn_rules *rules, int root, struct sn_err *err);

/*
 * Grants @access on @path, which is absolute, and @below on everything below it, if it is a
 * directory. Grants the way to it: SN_MAY_STAT | SN_MAY_SEARCH on every directory, and SN_MAY_STAT
 * | SN_MAY_READ on every symbolic link, which it follows as the kernel does. Files are known by
 * directory and name (a file that is a mount point by inode); a name of SN_NAME_MAX bytes or more
 * is -ENAMETOOLONG. If the last component does not exist, its name is granted, so the rule applies
 * once it exists. -ENOENT if it does not exist and @below is not 0, or if its directory does not
 * exist. On failure @rules is unchanged.
 */
int sn_rules_add(struct sn_rules *rules, const char *path, __u32 access, __u32 below,
		 struct sn_err *err);

/*
 * For a file with code: -EPERM if users other than root and the caller can change or replace it.
 * @err names the file or directory at fault, and the cure.
 */
int sn_rules_add_code(struct sn_rules *rules, const char *path, __u32 access, struct sn_err *err);

/*
 * Like sn_rules_add(), but a path that cannot be reached is left out. 0; or -ENOMEM, -EMFILE or
 * -ENFILE, which are no property of the path.
 */
int sn_rules_add_if_there(struct sn_rules *rules, const char *path, __u32 access, __u32 below);

/* The same for a symbolic link (or a single file) itself, not for its target. */
int sn_rules_add_link_if_there(struct sn_rules *rules, const char *path);

struct sn_grant {
	__u32 access; /* on a path */
	__u32 below;  /* on everything below it, if it is a directory */
	__u32 owner;  /* a user whose directory it may lie in; or 0 */
};

/*
 * Grants what is at @path while a tenant runs, also if it is made or replaced by then: by the names
 * of all directories from the mount on, of which only the mount's root is known by inode. They have
 * to be root's, and nobody else may write them; the last may belong to grant->owner instead, and
 * then also what is in it. Whether they are is checked when the path is used. Follows no symbolic
 * link: one in the place of a directory grants nothing behind it. Only for a baseline, and for a
 * fixed @path: one with more than SN_STEPS_MAX steps, or too long ones, is -ENAMETOOLONG.
 * Otherwise as sn_rules_add_if_there().
 */
int sn_rules_add_steps(struct sn_rules *rules, const char *path, const struct sn_grant *grant);

/* Grants @access on what has that inode; @path is for people. 0 or -ENOMEM. */
int sn_rules_add_inode(struct sn_rules *rules, const char *path, const struct sn_inode *id,
		       __u32 access, struct sn_err *err);

/*
 * Adds a rule that another process has found: @grant on what has the inode @id; or with @name, on
 * that name in it. @path is that of @id, for people. 0 or -ENOMEM.
 */
int sn_rules_put(struct sn_rules *rules, const char *path, const struct sn_inode *id,
		 const char *name, const struct sn_grant *grant, struct sn_err *err);

/*
 * The O_PATH descriptor of what a walk has reached that has that inode; it stays the rules', until
 * sn_rules_close(). -1: none has.
 */
int sn_rules_place(const struct sn_rules *rules, const struct sn_inode *id);

/*
 * SN_MAY_STAT on the file behind @fd, which the tenant inherits. Pipes, sockets, anonymous inodes
 * and the devices that every tenant may use need no rule and get none. -EINVAL for an io_uring,
 * which acts with whatever credentials were registered with it.
 */
int sn_rules_add_fd(struct sn_rules *rules, int fd, struct sn_err *err);

/*
 * Grants the way to the tenant's directory, but not the directory itself: what realpath(3) needs to
 * stat, and the symbolic links in @path. That may be relative: then to the current directory as
 * $PWD names it, so that links by which a shell came there count, too, if nobody else made them.
 * Returns an O_PATH descriptor of the directory, which the caller closes, and its path without
 * links in @real. All later checks use that descriptor, so no other directory can take its place in
 * between. -EPERM for a symbolic link of a user other than root and the caller: its owner would
 * choose the directory.
 */
int sn_rules_reach_directory(struct sn_rules *rules, const char *path, char real[PATH_MAX],
			     struct sn_err *err);

/* A hash of the rules that does not depend on their order, and is never the id of a cgroup. */
__u64 sn_rules_scope(struct sn_rules *rules);

/* Closes the cached directories. Call it when all rules are added. */
void sn_rules_close(struct sn_rules *rules);
void sn_rules_free(struct sn_rules *rules);

#endif
