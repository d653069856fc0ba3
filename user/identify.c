// SPDX-License-Identifier: GPL-2.0-only
/* A descriptor -> the inode as the kernel sees it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "identify.h"
#include "mountinfo.h"

/* Are inode numbers reused for other files? If so, where in the file handle is the generation? */
enum numbering {
	NEVER_REUSED,	  /* 64-bit counter, read-only, or (procfs, devpts) harmless */
	INO_FIRST,	  /* file handle: inode number (32 or 64 bits), generation */
	GENERATION_FIRST, /* file handle: generation, inode number (64 bits, low half first) */
	BY_ROOT_ONLY,	  /* while a file exists, another may have its number; no file handle */
};

#define F2FS_MAGIC     0xf2f52010
#define XFS_MAGIC      0x58465342
#define ISO9660_MAGIC  0x9660
#define BCACHEFS_MAGIC 0xca451a4e

/*
 * By f_type of statfs(2). On these, stat(2) shows s_dev and i_ino of the kernel's inode: they use
 * fs/stat.c generic_fillattr(), and xfs fills in the same values. tmpfs counts its inodes up, but
 * with the option inode32 only in 32 bits, so it needs the generation.
 */
static const struct {
	unsigned long magic;
	enum numbering numbering;
} accepted[] = {
	{ EXT4_SUPER_MAGIC, INO_FIRST }, /* and ext2, ext3 */
	{ F2FS_MAGIC, INO_FIRST },
	{ XFS_MAGIC, INO_FIRST },
	{ TMPFS_MAGIC, GENERATION_FIRST }, /* and devtmpfs */
	{ SQUASHFS_MAGIC, NEVER_REUSED },
	{ EROFS_SUPER_MAGIC_V1, NEVER_REUSED },
	{ ISO9660_MAGIC, NEVER_REUSED },
	{ PROC_SUPER_MAGIC, NEVER_REUSED },
	{ SYSFS_MAGIC, NEVER_REUSED },
	{ CGROUP2_SUPER_MAGIC, NEVER_REUSED },
	{ CGROUP_SUPER_MAGIC, NEVER_REUSED },
	{ DEVPTS_SUPER_MAGIC, NEVER_REUSED },
	{ RAMFS_MAGIC, BY_ROOT_ONLY }, /* systemd's credentials */
};

static const struct {
	unsigned long magic;
	const char *type;
	const char *reason;
} refused[] = {
	{ BTRFS_SUPER_MAGIC, "btrfs", "where two directories can have the same inode number" },
	{ BCACHEFS_MAGIC, "bcachefs", "where two directories can have the same inode number" },
	{ OVERLAYFS_SUPER_MAGIC, "overlay", "where inode numbers are used again" },
};

static const char *name_of(int fd, char name[PATH_MAX])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, name, PATH_MAX - 1);
	name[len < 0 ? 0 : len] = '\0';
	return name;
}

/* The type of the file system @dev, for a message. */
static const char *type_of(__u32 dev, char type[32])
{
	sn_automounts struct sn_mounts mounts = sn_mounts_open();
	struct sn_mount mount;

	snprintf(type, 32, "%s", "a file system");
	while (sn_mounts_next(&mounts, &mount))
		if (mount.dev == dev)
			snprintf(type, 32, "%s", mount.type);
	return type;
}

static int find_numbering(int fd, __u32 dev, enum numbering *numbering, struct sn_err *err)
{
	char name[PATH_MAX], type[32];
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return sn_fail(err, errno, "cannot identify descriptor %d: %m", fd);
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		*numbering = accepted[i].numbering;
		if ((unsigned long)fs.f_type == accepted[i].magic)
			return 0;
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if ((unsigned long)fs.f_type == refused[i].magic)
			return sn_fail(err, EOPNOTSUPP,
				       "'%s' is on %s, %s; put it on ext4, xfs, f2fs or tmpfs",
				       name_of(fd, name), refused[i].type, refused[i].reason);
	return sn_fail(err, EOPNOTSUPP,
		       "'%s' is on %s, which is not known to give every file its own inode number; "
		       "put it on ext4, xfs, f2fs or tmpfs",
		       name_of(fd, name), type_of(dev, type));
}

/* No file system says so. */
static const char *filter_hint(int error)
{
	return error == EPERM || error == ENOSYS
		       ? "; a seccomp filter? Allow name_to_handle_at in SystemCallFilter= of the "
			 "unit, or in the container's profile"
		       : "";
}

/*
 * Reads the generation from the file handle. Unlike ioctl(FS_IOC_GETVERSION) this opens no file, so
 * it works for every type of file and on tmpfs. The layouts are those of fs/exportfs/expfs.c
 * export_encode_fh() (6.12: fs/libfs.c generic_encode_ino32_fh()), fs/xfs/xfs_export.c
 * xfs_fs_encode_fh() and mm/shmem.c shmem_encode_fh(). The inode number in the handle must be the
 * expected one, which proves that the layout is.
 */
static int read_generation(int fd, enum numbering numbering, struct sn_inode *id,
			   struct sn_err *err)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buf = { .handle.handle_bytes = MAX_HANDLE_SZ };
	char name[PATH_MAX];
	__u32 word[3] = {};
	int mount_id, error;
	__u64 ino;

	if (name_to_handle_at(fd, "", &buf.handle, &mount_id, AT_EMPTY_PATH)) {
		error = errno;
		return sn_fail(err, error, "cannot get a file handle for '%.100s': %s%s",
			       name_of(fd, name), strerror(error), filter_hint(error));
	}
	if (buf.handle.handle_bytes <= sizeof(word))
		memcpy(word, buf.handle.f_handle, buf.handle.handle_bytes);
	ino = word[0];
	id->generation = word[1];
	if (buf.handle.handle_bytes == sizeof(word)) {
		memcpy(&ino, word, sizeof(ino));
		id->generation = word[2];
	}
	if (numbering == GENERATION_FIRST) {
		ino = (__u64)word[2] << 32 | word[1];
		id->generation = word[0];
	}
	if (ino != id->ino)
		return sn_fail(err, EOPNOTSUPP, "the file handle of '%s' is of an unknown form",
			       name_of(fd, name));
	return 0;
}

/* The number of the file, without its generation. */
static int read_number(int fd, struct sn_inode *id, struct sn_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return sn_fail(err, errno, "cannot identify descriptor %d: %m", fd);
	*id = (struct sn_inode){
		.ino = st.st_ino,
		.dev = major(st.st_dev) << 20 | minor(st.st_dev),
		.generation = SN_ANY_GENERATION,
	};
	return 0;
}

/* Is @fd the root of its file system, and not of a part of it that is mounted? */
static bool is_root(int fd, __u32 dev)
{
	sn_automounts struct sn_mounts mounts = sn_mounts_open();
	char name[PATH_MAX];
	struct sn_mount mount;

	name_of(fd, name);
	while (sn_mounts_next(&mounts, &mount))
		if (mount.dev == dev && !strcmp(mount.root, "/") && !strcmp(mount.point, name))
			return true;
	return false;
}

static int identify_root(int fd, struct sn_inode *id, struct sn_err *err)
{
	char name[PATH_MAX];

	id->generation = SN_RAMFS_ROOT;
	if (is_root(fd, id->dev))
		return 0;
	return sn_fail(
		err, EOPNOTSUPP,
		"'%s' is on a ramfs, of which only the directory where it is mounted and what "
		"is in that can be given; put it there, or on ext4, xfs, f2fs or tmpfs",
		name_of(fd, name));
}

/* ---- overlays ---- */

struct layers {
	__u32 dev; /* 0: none was seen yet */
	struct sn_err *err;
};

/* Those whose path is relative are where others' working directory was: they are not looked at. */
static int add_layer(const char *path, void *data)
{
	struct layers *layers = data;
	sn_autoclose int fd = -1;
	struct sn_inode id;
	int error;

	if (path[0] != '/')
		return 0;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return sn_fail(layers->err, EOPNOTSUPP,
			       "cannot look at '%.200s', a layer of an overlay: %s", path,
			       strerror(errno));
	error = sn_identify_fd(fd, &id, layers->err);
	if (error)
		return error;
	if (layers->dev && layers->dev != id.dev)
		return sn_fail(layers->err, EOPNOTSUPP,
			       "an overlay has layers on several file systems ('%.200s' is on "
			       "another one), where two files can have the same inode number; keep "
			       "them on one",
			       path);
	layers->dev = id.dev;
	return 0;
}

/*
 * Finds the overlay by its s_dev. Of a file that is no directory stat(2) shows another number where
 * the layers are on several file systems, so such a one is not found.
 */
static int find_layers(__u32 overlay, __u32 *dev, struct sn_err *err)
{
	sn_automounts struct sn_mounts mounts = sn_mounts_open();
	struct layers layers = { .err = err };
	struct sn_mount mount;
	int error;

	while (sn_mounts_next(&mounts, &mount)) {
		if (mount.dev != overlay || strcmp(mount.type, "overlay"))
			continue;
		error = sn_mount_layers(mount.options, add_layer, &layers);
		*dev = layers.dev;
		if (error || layers.dev)
			return error;
	}
	return sn_fail(err, EOPNOTSUPP,
		       "a file is on an overlay of which the layers cannot be found, or are on "
		       "several file systems, where two files can have the same inode number");
}

int sn_identify_layers(int fd, __u32 *dev, struct sn_err *err)
{
	struct sn_inode id;
	struct statfs fs;

	*dev = 0;
	if (fstatfs(fd, &fs))
		return sn_fail(err, errno, "cannot identify descriptor %d: %m", fd);
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return 0;
	return read_number(fd, &id, err) ?: find_layers(id.dev, dev, err);
}

int sn_identify_in_image(int fd, struct sn_inode *id, struct sn_err *err)
{
	static __u32 sound; /* the overlay that was seen last: most of a container is on one */
	__u32 layers = 0;
	int error = read_number(fd, id, err);

	if (error || (sound && id->dev == sound))
		return error;
	error = sn_identify_layers(fd, &layers, err);
	if (error)
		return error;
	if (!layers)
		return sn_identify_fd(fd, id, err);
	sound = id->dev;
	return 0;
}

/* @held: as long as it is open, its file system stays, and so does its number. */
static int identify(int fd, bool held, struct sn_inode *id, struct sn_err *err)
{
	enum numbering numbering = NEVER_REUSED;
	int error = read_number(fd, id, err);

	if (!error)
		error = find_numbering(fd, id->dev, &numbering, err);
	if (error || numbering == NEVER_REUSED)
		return error;
	if (numbering != BY_ROOT_ONLY)
		return read_generation(fd, numbering, id, err);
	if (!held)
		return identify_root(fd, id, err);
	id->generation = 0; /* as fs/inode.c inode_init_always() leaves it */
	return 0;
}

int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err)
{
	return identify(fd, false, id, err);
}

int sn_identify_held_fd(int fd, struct sn_inode *id, struct sn_err *err)
{
	return identify(fd, true, id, err);
}
