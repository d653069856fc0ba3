// SPDX-License-Identifier: GPL-2.0-only
/* A path or descriptor -> the inode as the kernel sees it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "identify.h"

/* Whether an inode number can come to mean another file, and where its generation is found. */
enum numbering {
	NEVER_REUSED,	  /* counted up in 64 bits, fixed, or (procfs, devpts) nothing to hide */
	INO_FIRST,	  /* file handle: inode number (32 or 64 bits), generation */
	GENERATION_FIRST, /* file handle: generation, inode number (64 bits, low half first) */
};

/* tmpfs counts its inodes up, but in only 32 bits if so configured; hence the generation. */
static const struct {
	const char *type;
	enum numbering numbering;
} accepted[] = {
	{ "ext2", INO_FIRST },
	{ "ext3", INO_FIRST },
	{ "ext4", INO_FIRST },
	{ "f2fs", INO_FIRST },
	{ "xfs", INO_FIRST },
	{ "tmpfs", GENERATION_FIRST },
	{ "devtmpfs", GENERATION_FIRST },
	{ "squashfs", NEVER_REUSED },
	{ "erofs", NEVER_REUSED },
	{ "iso9660", NEVER_REUSED },
	{ "proc", NEVER_REUSED },
	{ "sysfs", NEVER_REUSED },
	{ "cgroup2", NEVER_REUSED },
	{ "cgroup", NEVER_REUSED },
	{ "devpts", NEVER_REUSED },
};

static const struct {
	const char *type;
	const char *reason;
} refused[] = {
	{ "btrfs", "where two directories can have the same inode number" },
	{ "bcachefs", "where two directories can have the same inode number" },
	{ "overlay", "where one file has several inodes" },
};

/* One line of mountinfo; the strings point into @line. */
struct mount {
	char *line;
	size_t size;
	int id;
	__u32 dev;
	char *root;  /* of the mount, within its file system */
	char *point; /* where it is mounted */
	char *type;
};

static void mount_release(struct mount *mount)
{
	free(mount->line);
}

static void file_release(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* fs/seq_file.c mangle_path() writes space, tab, newline, backslash and '#' as \ooo. */
static void decode_octal(char *text)
{
	char *out = text;

	for (; *text; out++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
		    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			*out = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				      (text[3] - '0'));
			text += 4;
			continue;
		}
		*out = *text++;
	}
	*out = '\0';
}

/*
 * "27 1 254:0 / /mnt rw shared:1 - ext4 /dev/vda rw"; the optional fields end at the dash. Plain
 * parsing: libmount would bring three libraries for these lines.
 */
static bool mount_parse(struct mount *mount)
{
	char *rest = strstr(mount->line, " - ");
	unsigned int dev_major, dev_minor;
	int used = 0;

	if (!rest)
		return false;
	rest[0] = '\0';
	rest += 3;
	if (sscanf(mount->line, "%d %*d %u:%u %n", &mount->id, &dev_major, &dev_minor, &used) !=
		    3 ||
	    !used)
		return false;
	mount->dev = dev_major << 20 | dev_minor;
	mount->type = strsep(&rest, " ");
	rest = mount->line + used;
	mount->root = strsep(&rest, " ");
	mount->point = strsep(&rest, " ");
	if (!mount->point)
		return false;
	decode_octal(mount->root);
	decode_octal(mount->point);
	return true;
}

static bool mount_next(FILE *mountinfo, struct mount *mount)
{
	while (getline(&mount->line, &mount->size, mountinfo) > 0)
		if (mount_parse(mount))
			return true;
	return false;
}

static const char *name_of(int fd, char name[PATH_MAX])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, name, PATH_MAX - 1);
	name[len < 0 ? 0 : len] = '\0';
	return name;
}

/* The mount id and inode number of @fd. */
static int read_fdinfo(int fd, int *mount_id, __u64 *ino, struct sn_err *err)
{
	FILE *fdinfo __attribute__((cleanup(file_release))) = NULL;
	bool has_mount = false, has_ino = false;
	char line[128];

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	fdinfo = fopen(line, "re");
	if (!fdinfo)
		return sn_fail(err, errno == ENOENT ? EBADF : errno, "cannot open %s: %m", line);
	while (fgets(line, sizeof(line), fdinfo)) {
		has_mount |= sscanf(line, "mnt_id: %d", mount_id) == 1;
		has_ino |= sscanf(line, "ino: %llu", ino) == 1;
	}
	if (!has_mount || !has_ino)
		return sn_fail(err, EOPNOTSUPP,
			       "/proc/self/fdinfo has no inode numbers; "
			       "safenode needs Linux 5.14 or later");
	return 0;
}

/*
 * The s_dev and type of @fd's file system. A descriptor that was opened before a service manager
 * unshared the mount namespace names a mount that is no longer listed; then any other mount of the
 * same file system tells as much.
 */
static int find_file_system(int fd, int mount_id, __u32 *dev, char type[32], struct sn_err *err)
{
	FILE *mountinfo __attribute__((cleanup(file_release))) = NULL;
	struct mount mount __attribute__((cleanup(mount_release))) = {};
	char name[PATH_MAX];
	struct stat st;
	__u32 st_dev;

	mountinfo = fopen("/proc/self/mountinfo", "re");
	if (!mountinfo || fstat(fd, &st))
		return sn_fail(err, errno, "cannot identify '%s': %m", name_of(fd, name));
	st_dev = major(st.st_dev) << 20 | minor(st.st_dev);
	type[0] = '\0';
	while (mount_next(mountinfo, &mount)) {
		if (mount.id != mount_id && mount.dev != st_dev)
			continue;
		*dev = mount.dev;
		snprintf(type, 32, "%s", mount.type);
		if (mount.id == mount_id)
			return 0;
	}
	if (!type[0])
		return sn_fail(err, EOPNOTSUPP, "'%s' is on no file system that is mounted here",
			       name_of(fd, name));
	return 0;
}

static int find_numbering(int fd, const char *type, enum numbering *numbering, struct sn_err *err)
{
	char name[PATH_MAX];

	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		*numbering = accepted[i].numbering;
		if (!strcmp(type, accepted[i].type))
			return 0;
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strcmp(type, refused[i].type))
			return sn_fail(err, EOPNOTSUPP,
				       "'%s' is on %s, %s; put it on ext4, xfs, f2fs or tmpfs",
				       name_of(fd, name), type, refused[i].reason);
	return sn_fail(err, EOPNOTSUPP,
		       "'%s' is on %s, which is not known to give every file its own inode number; "
		       "put it on ext4, xfs, f2fs or tmpfs",
		       name_of(fd, name), type);
}

/*
 * The generation from the file handle: unlike ioctl(FS_IOC_GETVERSION) this opens nothing, so it
 * works for every type of file and on tmpfs. The layouts are those of fs/libfs.c
 * generic_encode_ino32_fh(), fs/xfs/xfs_export.c and mm/shmem.c; that the inode number is where it
 * should be proves that this one was understood.
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
	__u64 ino;
	int mount_id;

	if (name_to_handle_at(fd, "", &buf.handle, &mount_id, AT_EMPTY_PATH))
		return sn_fail(err, errno, "cannot get a file handle for '%s': %m",
			       name_of(fd, name));
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

int sn_identify_fd(int fd, struct sn_inode *id, struct sn_err *err)
{
	enum numbering numbering;
	int mount_id, error;
	char type[32];

	*id = (struct sn_inode){ .generation = SN_ANY_GENERATION };
	error = read_fdinfo(fd, &mount_id, &id->ino, err);
	if (!error)
		error = find_file_system(fd, mount_id, &id->dev, type, err);
	if (!error)
		error = find_numbering(fd, type, &numbering, err);
	if (!error && numbering != NEVER_REUSED)
		error = read_generation(fd, numbering, id, err);
	return error;
}

int sn_identify(const char *path, struct sn_inode *id, struct sn_err *err)
{
	sn_autoclose int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return sn_fail(err, errno, "cannot open '%s': %m", path);
	return sn_identify_fd(fd, id, err);
}

int sn_mount_point(__u32 dev, char *path, size_t size)
{
	FILE *mountinfo __attribute__((cleanup(file_release))) = NULL;
	struct mount mount __attribute__((cleanup(mount_release))) = {};
	size_t best = size;

	mountinfo = fopen("/proc/self/mountinfo", "re");
	if (!mountinfo)
		return -errno;
	while (mount_next(mountinfo, &mount)) {
		size_t len = strlen(mount.point);

		/* Elsewhere only a part of it is mounted, and names from its root lead nowhere. */
		if (mount.dev != dev || strcmp(mount.root, "/") || len >= best)
			continue;
		strcpy(path, mount.point);
		best = len;
	}
	return best < size ? 0 : -ENOENT;
}
