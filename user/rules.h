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
#include "safenode_abi.h"

/* For "directories" and "names". The scope in the keys is filled in when they are stored. */
struct sn_directory_rule {
	struct sn_directory_key key;
	struct sn_rule rule;
};
struct sn_name_rule {
	struct sn_name_key key;
	struct sn_rule rule;
};

/* A set of rules without duplicates: the same key twice is one rule with both accesses. */
struct sn_rules {
	struct sn_place *places; /* that ways led through; the next way does not look again */
	struct sn_directory_rule *directories;
	size_t nr_directories;
	struct sn_name_rule *names;
	size_t nr_names;
};

/*
 * Grants @access on @path (absolute) and @below on everything underneath, if it is a directory; and
 * on the way to it: SN_MAY_STAT | SN_MAY_SEARCH on every directory, and SN_MAY_STAT | SN_MAY_READ
 * on every symbolic link, each followed as the kernel would. Files are known by directory and name
 * (but by inode, where a single file is mounted); a name of SN_NAME_MAX bytes or more is
 * -ENAMETOOLONG. A last component that does not exist is
 * granted by name, so that it counts when it appears; but -ENOENT if @below is not 0, for a name
 * says nothing about what is underneath, or if its directory is missing. On failure @rules is as
 * before.
 */
int sn_rules_add(struct sn_rules *rules, const char *path, __u32 access, __u32 below,
		 struct sn_err *err);

/*
 * For a file that is code: -EPERM where others than root and the caller can change it, or put
 * another one in its place; @err names the file or directory at fault, and the cure.
 */
int sn_rules_add_code(struct sn_rules *rules, const char *path, __u32 access, struct sn_err *err);

/*
 * Like sn_rules_add(), but what cannot be reached is left out; 0, or -ENOMEM, -EMFILE or -ENFILE,
 * which say nothing about it.
 */
int sn_rules_add_if_there(struct sn_rules *rules, const char *path, __u32 access, __u32 below);

/* The same for a symbolic link (or a single file) itself, not for what it points to. */
int sn_rules_add_link_if_there(struct sn_rules *rules, const char *path);

/*
 * SN_MAY_STAT on what @fd refers to: a descriptor that was handed over open. Pipes, sockets,
 * anonymous inodes and the devices that every tenant may use need no rule and get none.
 */
int sn_rules_add_fd(struct sn_rules *rules, int fd, struct sn_err *err);

/*
 * Grants the way to the directory that the tenant is to live in, without itself: what realpath(3)
 * needs to stat, and the symbolic links by which the operator named it. @path may be relative.
 * Returns an O_PATH descriptor of the directory, the caller's to close, and its path without links
 * in @real. Whatever is asked about the directory later is asked of that descriptor, so that
 * nothing can be put in its place between two looks. A stranger's symbolic link on the way is
 * -EPERM, for he would choose where it leads.
 */
int sn_rules_reach_directory(struct sn_rules *rules, const char *path, char real[PATH_MAX],
			     struct sn_err *err);

/* A number that is the same for the same rules, whatever their order, and never a cgroup's id. */
__u64 sn_rules_scope(struct sn_rules *rules);

/* Nothing more will be added: closes the directories that were met. */
void sn_rules_close(struct sn_rules *rules);
void sn_rules_free(struct sn_rules *rules);

#endif
