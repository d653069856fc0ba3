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
 *  file_ioctl, file_ioctl_compat, file_fcntl
 *				side doors of an open descriptor
 */
#include "walk.bpf.h"

/* include/linux/fs.h, include/uapi/linux/fs.h */
enum {
	SN_FMODE_READ = 1,
	SN_FMODE_WRITE = 2,
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

	SN_RENAME_WHITEOUT = 4,
};

static __always_inline int sn_ask_about_dentry(enum sn_op op, struct dentry *dentry, __u32 need)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	__u32 mode;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = op, .dentry = (__u64)dentry };
	mode = BPF_CORE_READ(dentry, d_inode, i_mode);
	ask.why = sn_decide_file(sn_access_to(pol, dentry, mode, need), need);
	return sn_finish(pol, &ask);
}

static __always_inline int sn_ask_about_entry(enum sn_op op, const struct path *dir,
					      struct dentry *dentry)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = op, .dentry = (__u64)dentry };
	ask.why = sn_decide_file(sn_access_to_entry(pol, dir->dentry, dentry), SN_MAY_CHANGE);
	return sn_finish(pol, &ask);
}

static __always_inline enum sn_why sn_decide_open(const struct sn_policy *pol, struct file *file)
{
	__u32 mode = file->f_inode->i_mode, need = 0;
	enum sn_why why;

	if (file->f_mode & SN_FMODE_WRITE)
		need |= SN_MAY_WRITE;
	/* access mode 3 opens for ioctl only, so its f_mode has neither bit */
	if (file->f_mode & SN_FMODE_READ || !need)
		need |= SN_MAY_READ;
	why = sn_decide_file(sn_access_to(pol, file->f_path.dentry, mode, need), need);
	/* O_TMPFILE with set-id bits meets no other hook */
	if (why == SN_ALLOWED && need & SN_MAY_WRITE && sn_mode_lends_identity(mode))
		return SN_NEVER;
	return why;
}

SEC("lsm/file_open")
int BPF_PROG(sn_file_open, struct file *file)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_OPEN };
	ask.dentry = (__u64)file->f_path.dentry;
	if (file->f_mode & SN_FMODE_WRITE)
		ask.op = SN_OP_FS_OPEN_WRITE;
	if (file->f_flags & SN_FMODE_EXEC)
		ask.op = SN_OP_TASK_EXEC;
	ask.why = sn_decide_open(pol, file);
	return sn_finish(pol, &ask);
}

SEC("lsm/file_receive")
int BPF_PROG(sn_file_receive, struct file *file)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_RECEIVE };
	ask.dentry = (__u64)file->f_path.dentry;
	ask.why = sn_decide_open(pol, file);
	return sn_finish(pol, &ask);
}

SEC("lsm/inode_getattr")
int BPF_PROG(sn_inode_getattr, const struct path *path)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	__u32 mode;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_STAT, .dentry = (__u64)path->dentry };
	/* what is stat'ed exists: vfs_getattr() looks at d_inode itself */
	mode = path->dentry->d_inode->i_mode;
	ask.why = sn_decide_file(sn_access_to(pol, path->dentry, mode, SN_MAY_STAT), SN_MAY_STAT);
	return sn_finish(pol, &ask);
}

SEC("lsm/inode_readlink")
int BPF_PROG(sn_inode_readlink, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_READLINK, dentry, SN_MAY_READ);
}

SEC("lsm/inode_getxattr")
int BPF_PROG(sn_inode_getxattr, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETXATTR, dentry, SN_MAY_READ);
}

SEC("lsm/inode_listxattr")
int BPF_PROG(sn_inode_listxattr, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETXATTR, dentry, SN_MAY_READ);
}

SEC("lsm/inode_get_acl")
int BPF_PROG(sn_inode_get_acl, void *idmap, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETXATTR, dentry, SN_MAY_READ);
}

SEC("lsm/inode_file_getattr")
int BPF_PROG(sn_inode_file_getattr, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_GETFLAGS, dentry, SN_MAY_READ);
}

SEC("lsm/sb_statfs")
int BPF_PROG(sn_sb_statfs, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_STATFS, dentry, SN_MAY_STAT);
}

SEC("lsm/path_notify")
int BPF_PROG(sn_path_notify, const struct path *path)
{
	return sn_ask_about_dentry(SN_OP_FS_WATCH, path->dentry, SN_MAY_READ);
}

/*
 * A directory, for one step of a path or for chdir(2), or anything for access(2). The other
 * questions about files are asked again by a hook that knows the dentry.
 */
static __noinline int sn_ask_permission(const struct sn_policy *pol, struct inode *inode, int mask)
{
	struct sn_ask ask = { .op = SN_OP_FS_LOOKUP };
	__u32 need = SN_MAY_SEARCH;

	ask.dentry = (__u64)BPF_CORE_READ(inode, i_dentry.first);
	if (ask.dentry)
		ask.dentry -= sn_dentry_alias_offset();
	if (mask & SN_MAY_CHDIR_BIT) {
		ask.op = SN_OP_FS_CHDIR;
		ask.why = SN_NEVER;
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
	return sn_finish(pol, &ask);
}

/* The one hook that is called for every directory of every path: the order is that of the costs. */
SEC("lsm/inode_permission")
int BPF_PROG(sn_inode_permission, struct inode *inode, int mask)
{
	const struct sn_policy *pol;

	/* file_open asks with the file at hand */
	if (mask & SN_MAY_OPEN_BIT)
		return 0;
	if (!(mask & SN_MAY_ACCESS_BIT) && (inode->i_mode & SN_S_IFMT) != SN_S_IFDIR)
		return 0;
	pol = sn_current_policy();
	if (!pol)
		return 0;
	if (!(mask & ~(SN_MAY_EXEC_BIT | SN_MAY_NOT_BLOCK_BIT)) && !pol->audit &&
	    (sn_walk_is_at_home(pol, inode) || sn_search_is_listed(pol, inode)))
		return 0;
	/*
	 * A walk without references (fs/namei.c may_lookup) may meet a directory that has just been
	 * replaced and lost its dentry, and with it its place; and no CPU may stay long in it, as
	 * it would in a deep tree. Told so, the kernel asks again, holding the directory.
	 */
	if (mask & SN_MAY_NOT_BLOCK_BIT)
		return -SN_ECHILD;
	return sn_ask_permission(pol, inode, mask);
}

SEC("lsm/path_mknod")
int BPF_PROG(sn_path_mknod, const struct path *dir, struct dentry *dentry, unsigned int mode)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_CREATE, .dentry = (__u64)dentry };
	ask.number = mode & 0xffff;
	ask.why = sn_decide_file(sn_access_to_entry(pol, dir->dentry, dentry), SN_MAY_CHANGE);
	if (ask.why == SN_ALLOWED)
		ask.why = sn_decide_mknod(mode & 0xffff);
	return sn_finish(pol, &ask);
}

SEC("lsm/path_mkdir")
int BPF_PROG(sn_path_mkdir, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_MKDIR, dir, dentry);
}

SEC("lsm/path_rmdir")
int BPF_PROG(sn_path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_RMDIR, dir, dentry);
}

SEC("lsm/path_unlink")
int BPF_PROG(sn_path_unlink, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_UNLINK, dir, dentry);
}

SEC("lsm/path_symlink")
int BPF_PROG(sn_path_symlink, const struct path *dir, struct dentry *dentry)
{
	return sn_ask_about_entry(SN_OP_FS_SYMLINK, dir, dentry);
}

/* Both ends: a link to a foreign file would be a foreign file inside. */
SEC("lsm/path_link")
int BPF_PROG(sn_path_link, struct dentry *old, const struct path *dir, struct dentry *dentry)
{
	int error = sn_ask_about_dentry(SN_OP_FS_LINK, old, SN_MAY_CHANGE);

	return error ? error : sn_ask_about_entry(SN_OP_FS_LINK, dir, dentry);
}

/* Both ends; with RENAME_EXCHANGE each is the other's source. RENAME_WHITEOUT makes a device. */
SEC("lsm/path_rename")
int BPF_PROG(sn_path_rename, const struct path *old_dir, struct dentry *old,
	     const struct path *new_dir, struct dentry *new, unsigned int flags)
{
	int error = sn_ask_about_entry(SN_OP_FS_RENAME, old_dir, old);

	if (!error)
		error = sn_ask_about_entry(SN_OP_FS_RENAME, new_dir, new);
	if (!error && flags & SN_RENAME_WHITEOUT)
		error = sn_never(SN_OP_FS_RENAME, flags);
	return error;
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

SEC("lsm/inode_setattr")
int BPF_PROG(sn_inode_setattr)
{
	const struct sn_policy *pol = sn_current_policy();
	int first = sn_inode_hooks_take_idmap() ? 1 : 0;
	struct sn_ask ask = {};
	struct dentry *dentry;
	struct iattr *attr;

	if (!pol)
		return 0;
	dentry = (struct dentry *)sn_argument(ctx, first);
	attr = (struct iattr *)sn_argument(ctx, first + 1);
	ask.op = sn_op_of_attr(BPF_CORE_READ(attr, ia_valid));
	ask.dentry = (__u64)dentry;
	ask.number = BPF_CORE_READ(attr, ia_mode);
	ask.why = sn_decide_file(sn_access_by_rules(pol, ask.dentry, SN_MAY_CHANGE), SN_MAY_CHANGE);
	if (ask.why == SN_ALLOWED && ask.op == SN_OP_FS_CHMOD && sn_mode_lends_identity(ask.number))
		ask.why = SN_NEVER;
	return sn_finish(pol, &ask);
}

static __always_inline int sn_ask_about_xattr(struct dentry *dentry, const char *name)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	char start[8] = {};
	__u32 mode;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_SETXATTR, .dentry = (__u64)dentry };
	mode = BPF_CORE_READ(dentry, d_inode, i_mode);
	ask.why = sn_decide_file(sn_access_to(pol, dentry, mode, SN_MAY_CHANGE), SN_MAY_CHANGE);
	if (bpf_probe_read_kernel_str(start, sizeof(start), name) < 0)
		ask.why = SN_UNKNOWN;
	if (ask.why == SN_ALLOWED)
		ask.why = sn_decide_xattr_name(start);
	return sn_finish(pol, &ask);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(sn_inode_setxattr, void *idmap, struct dentry *dentry, const char *name)
{
	return sn_ask_about_xattr(dentry, name);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(sn_inode_removexattr, void *idmap, struct dentry *dentry, const char *name)
{
	return sn_ask_about_xattr(dentry, name);
}

SEC("lsm/inode_set_acl")
int BPF_PROG(sn_inode_set_acl, void *idmap, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_SETXATTR, dentry, SN_MAY_CHANGE);
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(sn_inode_remove_acl, void *idmap, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_SETXATTR, dentry, SN_MAY_CHANGE);
}

SEC("lsm/inode_file_setattr")
int BPF_PROG(sn_inode_file_setattr, struct dentry *dentry)
{
	return sn_ask_about_dentry(SN_OP_FS_SETFLAGS, dentry, SN_MAY_CHANGE);
}

static __always_inline int sn_ask_about_ioctl(struct file *file, unsigned int request)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_FS_IOCTL, .number = request };
	ask.dentry = (__u64)file->f_path.dentry;
	ask.why = sn_decide_ioctl(request);
	return sn_finish(pol, &ask);
}

SEC("lsm/file_ioctl")
int BPF_PROG(sn_file_ioctl, struct file *file, unsigned int request)
{
	return sn_ask_about_ioctl(file, request);
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(sn_file_ioctl_compat, struct file *file, unsigned int request)
{
	return sn_ask_about_ioctl(file, request);
}

SEC("lsm/file_fcntl")
int BPF_PROG(sn_file_fcntl, struct file *file, unsigned int cmd, unsigned long arg)
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
