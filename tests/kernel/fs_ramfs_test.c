// SPDX-License-Identifier: GPL-2.0-only
/* Files on a ramfs, as systemd gives a unit its credentials: known by the file system's root. */
#include <sys/mount.h>

#include "fs_places.h"

#define RAMFS "/srv/t1-evil"

/* Readable for t1, the tenant's user, alone, as systemd leaves it: but for its read-only mount. */
static void mount_at(const char *dir, const char *type)
{
	if (mount("none", dir, type, MS_NODEV | MS_NOEXEC | MS_NOSUID, "mode=0700"))
		SKIP(type);
	put_file(in(dir, "secret"));
	put_file(in(dir, "other"));
	put_dir(in(dir, "d"));
	put_file(in(dir, "d/f"));
	give_to_t1(dir);
}

static struct tenant *reader_of(const char *path)
{
	return tenant_start("t10", "--read-only", path, NULL);
}

TEST(a_credential_on_a_ramfs_can_be_read_and_no_other)
{
	struct tenant *t;

	mount_at(RAMFS, "ramfs");
	t = reader_of(RAMFS "/secret");
	EXPECT_ALLOWED(t, "read_byte", RAMFS "/secret");
	EXPECT_ALLOWED(t, "stat", RAMFS "/secret");
	EXPECT_ALLOWED(t, "access", "%d " RAMFS "/secret", R_OK);
	EXPECT_ALLOWED(t, "stat", RAMFS);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 " RAMFS "/other");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", RAMFS);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 " RAMFS "/d/f");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 " RAMFS "/secret");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_CREATE, SN_READ_ONLY, "open", "%d " RAMFS "/new",
		       O_WRONLY | O_CREAT);
	/* as systemd writes it again: another file, of the same name */
	EXPECT_EQ(0, rename(RAMFS "/other", RAMFS "/secret"));
	EXPECT_ALLOWED(t, "read_byte", RAMFS "/secret");
	tenant_stop(t);
	umount(RAMFS);
}

TEST(all_of_a_ramfs_can_be_read_and_not_changed)
{
	struct tenant *t;

	mount_at(RAMFS, "ramfs");
	t = reader_of(RAMFS);
	EXPECT_ALLOWED(t, "read_byte", RAMFS "/secret");
	EXPECT_ALLOWED(t, "read_byte", RAMFS "/d/f");
	EXPECT_ALLOWED(t, "list", RAMFS);
	EXPECT_ALLOWED(t, "list", RAMFS "/d");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 " RAMFS "/d/f");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_UNLINK, SN_READ_ONLY, "unlink", RAMFS "/d/f");
	tenant_stop(t);
	umount(RAMFS);
}

TEST(a_neighbours_credentials_are_missing)
{
	struct tenant *t;

	mount_at(RAMFS, "ramfs");
	put_dir("/srv/creds");
	mount_at("/srv/creds", "ramfs");
	t = reader_of("/srv/creds/secret");
	EXPECT_ALLOWED(t, "read_byte", "/srv/creds/secret");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 " RAMFS "/secret");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", RAMFS);
	tenant_stop(t);
	umount("/srv/creds");
	rmdir("/srv/creds");
	umount(RAMFS);
}

/* Directories there cannot be told from others that come later, nor can a part that is mounted. */
TEST(only_the_root_of_a_ramfs_can_be_given)
{
	mount_at(RAMFS, "ramfs");
	put_dir("/srv/part");
	EXPECT_EQ(0, mount(RAMFS "/d", "/srv/part", NULL, MS_BIND, NULL));
	EXPECT_TRUE(system("safenode-attach --cgroup t10 --dir /srv/t10 --safe-mode "
			   "--read-only " RAMFS "/d >&2"));
	EXPECT_TRUE(system("safenode-attach --cgroup t10 --dir /srv/t10 --safe-mode "
			   "--read-only " RAMFS "/d/f >&2"));
	EXPECT_TRUE(system("safenode-attach --cgroup t10 --dir /srv/t10 --safe-mode "
			   "--read-only /srv/part >&2"));
	EXPECT_TRUE(system("safenode-attach --cgroup t10 --dir " RAMFS " --safe-mode >&2"));
	umount("/srv/part");
	rmdir("/srv/part");
	umount(RAMFS);
}

static struct stat identity_of(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		GIVE_UP("stat %s: %s", path, strerror(errno));
	return st;
}

/* Makes directories in @dir until one has that inode number. */
static bool make_number(const char *dir, ino_t ino, char path[64])
{
	for (int i = 0; i < 1000000; i++) {
		snprintf(path, 64, "%s/%d", dir, i);
		if (mkdir(path, 0755))
			GIVE_UP("mkdir %s: %s", path, strerror(errno));
		if (identity_of(path).st_ino == ino)
			return true;
		if (identity_of(path).st_ino > ino)
			return false;
	}
	return false;
}

/* A tenant that outlives its unit: the kernel gives the device's number to what is mounted next. */
TEST(what_is_mounted_after_a_ramfs_is_none_of_it)
{
	char path[64];
	struct stat before;
	struct tenant *t;

	mount_at(RAMFS, "ramfs");
	before = identity_of(RAMFS);
	t = reader_of(RAMFS);
	EXPECT_ALLOWED(t, "read_byte", RAMFS "/secret");
	EXPECT_EQ(0, umount(RAMFS));
	mount_at(RAMFS, "ramfs");
	EXPECT_EQ(before.st_dev, identity_of(RAMFS).st_dev);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 " RAMFS "/secret");
	EXPECT_EQ(0, umount(RAMFS));
	/* a tmpfs counts its inodes from 1 on, so there the number can be had at once */
	mount_at(RAMFS, "tmpfs");
	EXPECT_EQ(before.st_dev, identity_of(RAMFS).st_dev);
	chmod(RAMFS, 0755);
	if (!make_number(RAMFS, before.st_ino, path))
		GIVE_UP("no directory with the number %ld", (long)before.st_ino);
	put_file(in(path, "secret"));
	EXPECT_EQ(0, mount(path, RAMFS, NULL, MS_BIND, NULL));
	EXPECT_EQ(before.st_ino, identity_of(RAMFS).st_ino);
	EXPECT_EQ(before.st_dev, identity_of(RAMFS).st_dev);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 " RAMFS "/secret");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", RAMFS);
	tenant_stop(t);
	umount(RAMFS);
	umount(RAMFS);
}

TEST(a_descriptor_of_a_file_on_a_ramfs_can_be_handed_over)
{
	struct tenant *t;
	int fd;

	mount_at(RAMFS, "ramfs");
	fd = open(RAMFS "/secret", O_RDONLY);
	if (fd < 0 || dup2(fd, 50) != 50)
		GIVE_UP(RAMFS "/secret: %s", strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", NULL);
	EXPECT_ALLOWED(t, "given", "read 50");
	EXPECT_ALLOWED(t, "given", "fstat 50");
	EXPECT_EQ(-ENOENT, inside(t, "given", "reopen_read 50"));
	EXPECT_EVENT(t, SN_OP_FS_OPEN, SN_OUTSIDE);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 " RAMFS "/secret");
	tenant_stop(t);
	close(fd);
	close(50);
	umount(RAMFS);
}
