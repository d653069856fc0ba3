// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files: what is opened, looked at, changed, watched. Hooks and why each:
 *  file_open, file_receive	the contents of a file; checked once, when a descriptor is made
 *  inode_getattr, inode_readlink, inode_getxattr, inode_listxattr, inode_get_acl,
 *  inode_file_getattr, sb_statfs
 *				what can be learned without opening
 *  inode_permission		the only hook that sees access(2), chdir(2) and the directories of a
 *				path, and so O_PATH, open_tree(2) and name_to_handle_at(2)
 *  path_mknod ... path_rename	directory entries
 *  inode_setattr		chmod, chown, utimes and truncate in one place
 *  inode_setxattr, inode_removexattr, inode_set_acl, inode_remove_acl, inode_file_setattr
 *				the other attributes
 *  path_notify			fs.watch
 *  file_lock			locks, which make other processes wait
 *  file_ioctl, file_ioctl_compat, file_fcntl
 *				what else an open descriptor can be used for
 */
#include "walk.bpf.h"

/* include/linux/fs.h, include/uapi/linux/fs.h */
enum {
	SN_FMODE_EXEC = 0x20,

	SN_MAY_EXEC_BIT = 0x01,
	SN_MAY_WRITE_BIT = 0x02,
	SN_MAY_READ_BIT = 0x04,
	SN_MAY_ACCESS_BIT = 0x10,
	SN_MAY_OPEN_BIT = 0x20,
	SN_MAY_CHDIR_BIT = 0x40,
	SN_MAY_NOT_BLOCK_BIT = 0x80,

	SN_ATTR_MODE = 1,
	SN_ATTR_UID = 2,
	SN_ATTR_GID = 4,
	SN_ATTR_SIZE = 8,
	SN_ATTR_FILE = 0x2000,

	SN_RENAME_WHITEOUT = 4,
};

/* Is it granted so far? The policy's own refusal is none to a tenant that is warm. */
static __always_inline bool sn_may_yet(const struct sn_policy *pol, const struct sn_ask *ask)
{
	return ask->why == SN_ALLOWED || pol->warm;
}

/*
 * Does the policy grant @need on the file at @dentry? For a directory entry that is changed, and
 * may be negative, the rules of its directory count, which is @of; else @of is @dentry.
 */
static __noinline int sn_ask_the_rules(enum sn_op op, __u64 dentry, __u64 of, __u32 need)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol || sn_is_overlays_dentry(pol, of))
		return 0;
	ask = (struct sn_ask){ .op = op, .dentry = dentry };
	ask.why = sn_decide_file(sn_access_by_rules(pol, of, need), need);
	return sn_finish(pol, &ask);
}

/* @mode is that of the inode. */
static __always_inline int sn_ask_about_file(enum sn_op op, struct dentry *dentry, __u32 mode,
					     __u32 need)
{
	if (!sn_is_device(mode) && sn_is_below(dentry, sn_home()))
		return 0;
	return sn_ask_the_rules(op, (__u64)dentry, (__u64)dentry, need);
}

static __always_inline int sn_ask_about_dentry(enum sn_op op, struct dentry *dentry, __u32 need)
{
	return sn_ask_about_file(op, dentry, BPF_CORE_READ(dentry, d_inode, i_mode), need);
}

static __always_inline int sn_ask_about_entry(enum sn_op op, const struct path *dir,
					      struct dentry *dentry)
{
	if (sn_is_below(dentry, sn_home()))
		return 0;
	return sn_ask_the_rules(op, (__u64)dentry, (__u64)dir->dentry, SN_MAY_CHANGE);
}

static __always_inline __u32 sn_open_needs(__u32 f_mode)
{
	__u32 need = 0;

	if (f_mode & SN_FMODE_WRITE)
		need |= SN_MAY_WRITE;
	/* access mode 3 opens for ioctl(2) only: f_mode has neither bit */
	if (f_mode & SN_FMODE_READ || !need)
		need |= SN_MAY_READ;
	return need;
}

/* @mode is that of the inode. */
static __noinline int sn_ask_the_rules_to_open(enum sn_op op, __u64 dentry, __u32 f_mode,
					       __u32 mode)
{
	const struct sn_policy *pol = sn_current_policy();
	__u32 need = sn_open_needs(f_mode);
	struct sn_ask ask;

	if (!pol || sn_is_overlays_dentry(pol, dentry))
		return 0;
	ask = (struct sn_ask){ .op = op, .dentry = dentry };
	ask.why = sn_decide_file(sn_access_by_rules(pol, dentry, need), need);
	/* O_TMPFILE with set-id bits meets no other hook */
	if (sn_may_yet(pol, &ask) && need & SN_MAY_WRITE && sn_mode_lends_identity(mode))
		ask.why = SN_NEVER;
	return sn_finish(pol, &ask);
}

static __always_inline int sn_ask_to_open(enum sn_op op, struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	__u32 mode = file->f_inode->i_mode;

	if (!sn_is_device(mode) && !sn_mode_lends_identity(mode) && sn_is_below(dentry, sn_home()))
		return 0;
	return sn_ask_the_rules_to_open(op, (__u64)dentry, file->f_mode, mode);
}

SN_HOOK(file_open, struct file *file)
{
	enum sn_op op = SN_OP_FS_OPEN;

	if (file->f_mode & SN_FMODE_WRITE)
		op = SN_OP_FS_OPEN_WRITE;
	if (file->f_flags & SN_FMODE_EXEC)
		op = SN_OP_TASK_EXEC;
	return sn_ask_to_open(op, file);
}

SN_HOOK(file_receive, struct file *file)
{
	return sn_ask_to_open(SN_OP_FS_RECEIVE, file);
}

SN_HOOK(inode_getattr, const struct path *path)
{
	struct dentry *dentry = path->dentry;

	/* never negative: vfs_getattr() itself reads through d_inode */
	return sn_ask_about_file(SN_OP_FS_STAT, dentry, dentry->d_inode->i_mode, SN_MAY_STAT);
}

SN_HOOK(inode_readlink, struct dentry *dentry)
{
	/* not SN_MAY_READ: a file that takes the place of a granted link is not to be read */
	return sn_ask_about_dentry(SN_OP_FS_READLINK, dentry, SN_MAY_STAT);
}

SN_HOOK(inode_getxattr, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETXATTR, dentry, SN_MAY_READ);
}

SN_HOOK(inode_listxattr, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETXATTR, dentry, SN_MAY_READ);
}

SN_HOOK_IDMAP(inode_get_acl, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETXATTR, dentry, SN_MAY_READ);
}

SN_HOOK(inode_file_getattr, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETFLAGS, dentry, SN_MAY_READ);
}

SN_HOOK(sb_statfs, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_STATFS, dentry, SN_MAY_STAT);
}

/*
 * The devices that a tenant may write are shared by the whole machine: a lock on /dev/null makes
 * other processes wait, and a watch tells when they write to it.
 */
static __always_inline __u32 sn_needs_on_device(__u32 mode, __u32 need)
{
	return sn_is_device(mode) ? need | SN_MAY_CHANGE : need;
}

SN_HOOK(path_notify, const struct path *path, __u64 mask)
{
	struct dentry *dentry = path->dentry;
	__u32 mode = BPF_CORE_READ(dentry, d_inode, i_mode);

	return sn_ask_about_file(SN_OP_FS_WATCH, dentry, mode,
				 sn_needs_on_device(mode, sn_watch_needs(mask)));
}

/*
 * Locks of flock(2) and fcntl(2), on files that the tenant may write. On a file that is shared or
 * was handed over, a lock would make others wait, and unlocking would remove theirs.
 */
SN_HOOK(file_lock, struct file *file)
{
	__u32 mode = file->f_inode->i_mode;

	return sn_ask_about_file(SN_OP_FS_LOCK, file->f_path.dentry, mode,
				 sn_needs_on_device(mode, SN_MAY_WRITE));
}

/* If so, chdir(2) changes nothing but the mount, which no decision looks at. */
static __always_inline bool sn_is_working_directory(struct inode *inode)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return BPF_CORE_READ(task, fs, pwd.dentry, d_inode) == inode;
}

/*
 * glibc opens this file when a thread's heap shrinks, and does without it. Compares the whole path
 * as it was given.
 */
static __always_inline bool sn_path_is_mallocs(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	union {
		char path[32];
		__u64 words[4];
	} is = {}, malloc = { "/proc/sys/vm/overcommit_memory" };

	bpf_probe_read_kernel_str(is.path, sizeof(is.path),
				  BPF_CORE_READ(task, nameidata, name, name));
	return is.words[0] == malloc.words[0] && is.words[1] == malloc.words[1] &&
	       is.words[2] == malloc.words[2] && is.words[3] == malloc.words[3];
}

/*
 * @inode is a directory, for one step of a path or for chdir(2), or any file for access(2). What
 * else is asked here is asked again by a hook that has the dentry.
 */
static __always_inline int sn_ask_permission(const struct sn_policy *pol, struct inode *inode,
					     int mask)
{
	struct sn_ask ask = { .op = SN_OP_FS_LOOKUP };
	__u32 need = SN_MAY_SEARCH;

	ask.dentry = (__u64)BPF_CORE_READ(inode, i_dentry.first);
	if (ask.dentry)
		ask.dentry -= sn_dentry_alias_offset();
	if (mask & SN_MAY_CHDIR_BIT) {
		ask.op = SN_OP_FS_CHDIR;
		ask.why = sn_is_working_directory(inode) ? SN_ALLOWED : SN_NEVER;
		return sn_finish(pol, &ask);
	}
	if (mask & SN_MAY_ACCESS_BIT) {
		ask.op = SN_OP_FS_ACCESS;
		need = SN_MAY_STAT;
		if (mask & SN_MAY_READ_BIT)
			need |= SN_MAY_READ;
		if (mask & SN_MAY_WRITE_BIT)
			need |= SN_MAY_WRITE;
	} else if (mask & SN_MAY_WRITE_BIT) {
		ask.op = SN_OP_FS_MODIFY_DIR;
		need = SN_MAY_CHANGE;
	} else if (mask & SN_MAY_READ_BIT) {
		need = SN_MAY_READ;
	}
	ask.why = sn_decide_file(sn_access_to_inode(pol, inode, need), need);
	if (ask.why != SN_ALLOWED && ask.op == SN_OP_FS_LOOKUP && sn_path_is_mallocs())
		ask.known = SN_KNOWN_MALLOC;
	return sn_finish(pol, &ask);
}

/* One step of a path only. */
static __always_inline bool sn_is_search(int mask)
{
	return !(mask & ~(SN_MAY_EXEC_BIT | SN_MAY_NOT_BLOCK_BIT));
}

/* The only hook that is called for every directory of every path: cheap checks come first. */
SN_HOOK(inode_permission, struct inode *inode, int mask)
{
	const struct sn_policy *pol = NULL;
	__u64 home;

	/* file_open asks with the file at hand */
	if (mask & SN_MAY_OPEN_BIT)
		return 0;
	if (!(mask & SN_MAY_ACCESS_BIT) && (inode->i_mode & SN_S_IFMT) != SN_S_IFDIR)
		return 0;
	if (sn_is_search(mask)) {
		home = sn_home();
		if (!home) { /* not in "homes", or unconfined */
			pol = sn_current_policy();
			if (!pol)
				return 0;
			if (pol->safe_mode && !pol->audit)
				home = sn_own_directory(&pol->dir);
		}
		if (sn_walk_is_at_home(inode, home))
			return 0;
	} else if (!(mask & SN_MAY_CHDIR_BIT) && !sn_is_device(inode->i_mode) &&
		   sn_alias_is_at_home(sn_argument(ctx, 0))) {
		return 0;
	}
	if (!pol)
		pol = sn_current_policy();
	if (!pol || (pol->layers_dev && sn_is_overlays(pol, inode->i_sb->s_dev)))
		return 0;
	if (sn_is_search(mask) && sn_search_is_listed(pol, inode))
		return 0;
	/*
	 * A path walk in RCU mode (may_lookup() in fs/namei.c) holds no reference: it may meet a
	 * directory that was just removed and has lost its dentry, and no CPU may stay in it for
	 * long, as it would in a deep tree. At ECHILD the kernel takes references and asks again.
	 */
	if (mask & SN_MAY_NOT_BLOCK_BIT)
		return -SN_ECHILD;
	return sn_ask_permission(pol, inode, mask);
}

static __noinline int sn_ask_the_rules_to_make(__u64 dir, __u64 dentry, __u32 mode)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_CREATE, .dentry = dentry, .number = mode };
	ask.why = sn_decide_file(sn_access_by_rules(pol, dir, SN_MAY_CHANGE), SN_MAY_CHANGE);
	if (sn_may_yet(pol, &ask) && sn_decide_mknod(mode) != SN_ALLOWED)
		ask.why = SN_NEVER;
	return sn_finish(pol, &ask);
}

SN_HOOK(path_mknod, const struct path *dir, struct dentry *dentry, unsigned short mode)
{
	if (sn_decide_mknod(mode) == SN_ALLOWED && sn_is_below(dentry, sn_home()))
		return 0;
	return sn_ask_the_rules_to_make((__u64)dir->dentry, (__u64)dentry, mode);
}

SN_HOOK(path_mkdir, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_MKDIR, dir, dentry);
}

SN_HOOK(path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_RMDIR, dir, dentry);
}

SN_HOOK(path_unlink, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_UNLINK, dir, dentry);
}

SN_HOOK(path_symlink, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_SYMLINK, dir, dentry);
}

/*
 * Both ends of a link or rename, by one policy: with a policy each, one could grant the first end
 * and the other the second. @old_of and @new_of are as @of in sn_ask_the_rules().
 */
static __noinline int sn_ask_the_rules_for_both(enum sn_op op, __u64 old, __u64 old_of, __u64 new,
						__u64 new_of)
{
	const struct sn_policy *pol = sn_current_policy();
	int error = 0;

	if (!pol)
		return 0;
	for (int i = 0; i < 2 && !error; i++) {
		struct sn_ask ask = { .op = op, .dentry = i ? new : old };
		__u64 of = i ? new_of : old_of;

		ask.why = sn_decide_file(sn_access_by_rules(pol, of, SN_MAY_CHANGE), SN_MAY_CHANGE);
		error = sn_finish(pol, &ask);
	}
	return error;
}

/* A link to a foreign file would bring it inside. */
SN_HOOK(path_link, struct dentry *old, const struct path *dir, struct dentry *dentry)
{
	__u64 home = sn_home();

	if (!sn_is_device(BPF_CORE_READ(old, d_inode, i_mode)) && sn_is_below(old, home) &&
	    sn_is_below(dentry, home))
		return 0;
	return sn_ask_the_rules_for_both(SN_OP_FS_LINK, (__u64)old, (__u64)old, (__u64)dentry,
					 (__u64)dir->dentry);
}

/* RENAME_WHITEOUT makes a device. A function of its own, for it needs much stack. */
static __noinline int sn_refuse_whiteout(__u32 flags)
{
	return flags & SN_RENAME_WHITEOUT ? sn_never(SN_OP_FS_RENAME, flags) : 0;
}

/* With RENAME_EXCHANGE each end is the other's source. */
SN_HOOK(path_rename, const struct path *old_dir, struct dentry *old, const struct path *new_dir,
	struct dentry *new, unsigned int flags)
{
	__u64 home = sn_home();
	int error = 0;

	if (!sn_is_below(old, home) || !sn_is_below(new, home))
		error = sn_ask_the_rules_for_both(SN_OP_FS_RENAME, (__u64)old,
						  (__u64)old_dir->dentry, (__u64) new,
						  (__u64)new_dir->dentry);
	return error ?: sn_refuse_whiteout(flags);
}

static __always_inline enum sn_op sn_op_of_attr(__u32 valid)
{
	if (valid & SN_ATTR_SIZE)
		return SN_OP_FS_TRUNCATE;
	if (valid & (SN_ATTR_UID | SN_ATTR_GID))
		return SN_OP_FS_CHOWN;
	if (valid & SN_ATTR_MODE)
		return SN_OP_FS_CHMOD;
	return SN_OP_FS_UTIMES;
}

/* ftruncate(2) and nothing else. truncate(2) needs no descriptor for writing. */
static __always_inline bool sn_is_ftruncate(__u32 valid)
{
	return valid & SN_ATTR_SIZE && valid & SN_ATTR_FILE &&
	       !(valid & (SN_ATTR_MODE | SN_ATTR_UID | SN_ATTR_GID));
}

/*
 * A memfd that was not handed over: when that shrinks, other processes that have it mapped die of
 * SIGBUS. For each one handed over safenode-attach stores a rule; where a server forked the tenant
 * itself, it is another user's.
 */
static __always_inline bool sn_is_own_memfd(const struct sn_policy *pol, __u64 dentry)
{
	struct inode *inode = BPF_CORE_READ((struct dentry *)dentry, d_inode);
	struct sn_facts f = sn_identity_of(inode);

	return sn_is_memfd(dentry) &&
	       BPF_CORE_READ(inode, i_uid.val) == (__u32)bpf_get_current_uid_gid() &&
	       !sn_directory_rule(pol->scope, &f);
}

/* @valid: which attributes are given, by ATTR_* bits. */
static __noinline int sn_ask_the_rules_to_set(__u64 dentry, __u32 valid, __u32 mode)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol || sn_is_overlays_dentry(pol, dentry))
		return 0;
	ask = (struct sn_ask){ .op = sn_op_of_attr(valid), .dentry = dentry, .number = mode };
	ask.why = sn_decide_file(sn_access_by_rules(pol, dentry, SN_MAY_CHANGE), SN_MAY_CHANGE);
	if (sn_may_yet(pol, &ask) && ask.op == SN_OP_FS_CHMOD && sn_mode_lends_identity(mode))
		ask.why = SN_NEVER;
	if (pol->safe_mode && sn_is_ftruncate(valid) && sn_is_own_memfd(pol, dentry))
		ask.why = SN_ALLOWED;
	return sn_finish(pol, &ask);
}

/*
 * since: 6.9
 * why: it got the first argument, so the loader tells where the dentry is
 * drop when: no older kernel is supported
 */
SN_PROTOTYPE(inode_setattr___before_6_9, struct dentry *dentry, struct iattr *attr)
SN_PROTOTYPE(inode_setattr, struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
SN_PROGRAM(inode_setattr)
{
	struct iattr *attr = (struct iattr *)sn_argument(ctx, sn_setattr_dentry + 1);
	__u32 valid = BPF_CORE_READ(attr, ia_valid);
	__u64 dentry = sn_argument(ctx, sn_setattr_dentry);

	if (!(valid & SN_ATTR_MODE) &&
	    !sn_is_device(BPF_CORE_READ((struct dentry *)dentry, d_inode, i_mode)) &&
	    sn_address_is_at_home(dentry))
		return 0;
	return sn_ask_the_rules_to_set(dentry, valid, BPF_CORE_READ(attr, ia_mode));
}

static __always_inline int sn_ask_about_xattr(struct dentry *dentry, const char *name)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	char start[8] = {};

	if (!pol || sn_is_overlays_dentry(pol, (__u64)dentry))
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_SETXATTR, .dentry = (__u64)dentry };
	ask.why = sn_decide_file(sn_access_by_rules(pol, ask.dentry, SN_MAY_CHANGE), SN_MAY_CHANGE);
	if (bpf_probe_read_kernel_str(start, sizeof(start), name) < 0)
		ask.why = SN_UNKNOWN;
	if (sn_may_yet(pol, &ask) && sn_decide_xattr_name(start) != SN_ALLOWED)
		ask.why = SN_NEVER;
	return sn_finish(pol, &ask);
}

SN_HOOK_IDMAP(inode_setxattr, struct dentry *dentry, const char *name)
{
	return sn_ask_about_xattr(dentry, name);
}

SN_HOOK_IDMAP(inode_removexattr, struct dentry *dentry, const char *name)
{
	return sn_ask_about_xattr(dentry, name);
}

SN_HOOK_IDMAP(inode_set_acl, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_SETXATTR, dentry, SN_MAY_CHANGE);
}

SN_HOOK_IDMAP(inode_remove_acl, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_SETXATTR, dentry, SN_MAY_CHANGE);
}

/* Refused inside as well, like the older ioctls: the project id decides whose quota is charged. */
SN_HOOK_NEVER(inode_file_setattr, SN_OP_FS_SETFLAGS)

/* Is @file a socket that the tenant made? Reads by helpers only. */
static __always_inline bool sn_file_is_own_socket(const struct sn_policy *pol, struct file *file)
{
	struct socket *sock = BPF_CORE_READ(file, private_data);

	return (BPF_CORE_READ(file, f_inode, i_mode) & SN_S_IFMT) == SN_S_IFSOCK &&
	       sn_is_cgroup_of(pol, BPF_CORE_READ(sock, sk, sk_cgrp_data.cgroup));
}

/*
 * Is another process group in the foreground of the controlling terminal? A process in the
 * background that ignores or blocks SIGTTOU may set the terminal's modes: with another VINTR, what
 * is typed for the foreground becomes SIGINT to it. Whether current does ignore it is not checked:
 * another thread could change that before the kernel looks.
 */
static __always_inline bool sn_is_in_background(void)
{
	struct signal_struct *signal = BPF_CORE_READ(bpf_get_current_task_btf(), signal);
	struct tty_struct *tty = BPF_CORE_READ(signal, tty);
	enum { PGID = 2 }; /* PIDTYPE_PGID */

	return tty && BPF_CORE_READ(tty, ctrl.pgrp) != BPF_CORE_READ(signal, pids[PGID]);
}

static __always_inline int sn_ask_about_ioctl(struct file *file, unsigned int request)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_IOCTL, .number = request };
	ask.dentry = (__u64)file->f_path.dentry;
	ask.why = sn_decide_ioctl(request, file->f_mode & SN_FMODE_READ);
	if (sn_ioctl_sets_modes(request) && sn_is_in_background())
		ask.why = SN_NEVER;
	if (sn_ioctl_names_device(request) && sn_file_is_own_socket(pol, file))
		ask.why = SN_ALLOWED;
	return sn_finish(pol, &ask);
}

SN_HOOK(file_ioctl, struct file *file, unsigned int request)
{
	return sn_ask_about_ioctl(file, request);
}

SN_HOOK(file_ioctl_compat, struct file *file, unsigned int request)
{
	return sn_ask_about_ioctl(file, request);
}

SN_HOOK(file_fcntl, struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_FCNTL, .number = cmd };
	ask.dentry = (__u64)file->f_path.dentry;
	ask.why = sn_decide_fcntl(cmd, arg, file->f_flags);
	return sn_finish(pol, &ask);
}
