/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fs_test.c tries. An arg is numbers, if the probe takes any, and then a path, with one blank
 * between them: "577 /srv/t1/file"; a second path follows a tab. System calls are made directly
 * where the C library would use another one or try again.
 */
#ifndef FS_PROBES_H
#define FS_PROBES_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include "err.h"
#include "int80.h"
#include "tenant.h"

/* Newer than the C library's headers; the same on every architecture. */
enum {
	SYS_NR_FCHMODAT2 = 452,	 /* Linux 6.6 */
	SYS_NR_SETXATTRAT = 463, /* Linux 6.13, and the three that follow */
	SYS_NR_GETXATTRAT,
	SYS_NR_LISTXATTRAT,
	SYS_NR_REMOVEXATTRAT,
	SYS_NR_FILE_GETATTR = 468, /* Linux 6.17, and the one that follows */
	SYS_NR_FILE_SETATTR,
};

static inline long number(const char **arg)
{
	char *end;
	long value = strtol(*arg, &end, 0);

	*arg = *end ? end + 1 : end;
	return value;
}

/* Cuts "first\tsecond". */
static inline const char *second(const char *arg, char first[PATH_MAX])
{
	const char *tab = strchr(arg, '\t');

	if (!tab)
		tab = arg + strlen(arg);
	snprintf(first, PATH_MAX, "%.*s", (int)(tab - arg), arg);
	return *tab ? tab + 1 : tab;
}

/* For calls that give a descriptor: its number tells nothing. */
static inline long opened(long fd)
{
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* ---- opening ---- */

PROBE(open) /* FLAGS PATH */
{
	int flags = number(&arg);

	return opened(syscall(SYS_openat, AT_FDCWD, arg, flags, 0644));
}

PROBE(open_mode) /* FLAGS MODE PATH */
{
	int flags = number(&arg), mode = number(&arg);

	return opened(syscall(SYS_openat, AT_FDCWD, arg, flags, mode));
}

PROBE(openat) /* FLAGS DIRECTORY, NAME */
{
	int flags = number(&arg);
	char dir[PATH_MAX];
	const char *name = second(arg, dir);
	sn_autoclose int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return could_not_try("reaching %s", dir);
	return opened(syscall(SYS_openat, fd, name, flags, 0644));
}

PROBE(openat2) /* FLAGS RESOLVE PATH */
{
	struct open_how how = { .flags = number(&arg), .resolve = number(&arg) };

	return opened(syscall(SYS_openat2, AT_FDCWD, arg, &how, sizeof(how)));
}

PROBE(open_often) /* TIMES PATH: the last answer, if all were the same */
{
	long times = number(&arg), last = 0;

	for (long i = 0; i < times; i++) {
		long now = opened(open(arg, O_RDONLY | O_CLOEXEC));

		if (i && now != last)
			return could_not_try("%ld, then %ld", last, now);
		last = now;
	}
	return last;
}

PROBE(read_byte) /* PATH: a byte, or how reading ended */
{
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);
	unsigned char byte;
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, &byte, 1);
	return len == 1 ? byte : answer(len);
}

PROBE(write_byte)
{
	sn_autoclose int fd = open(arg, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : answer(write(fd, "x", 1));
}

PROBE(tmpfile) /* MODE DIRECTORY */
{
	int mode = number(&arg);

	return opened(syscall(SYS_openat, AT_FDCWD, arg, O_TMPFILE | O_RDWR, mode));
}

/* The way that open(2) recommends. */
PROBE(tmpfile_link) /* DIRECTORY, NAME */
{
	char dir[PATH_MAX], self[32];
	const char *name = second(arg, dir);
	sn_autoclose int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		return could_not_try("O_TMPFILE in %s", dir);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return answer(linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW));
}

PROBE(tmpfile_link_empty) /* DIRECTORY, NAME */
{
	char dir[PATH_MAX];
	const char *name = second(arg, dir);
	sn_autoclose int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		return could_not_try("O_TMPFILE in %s", dir);
	return answer(linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH));
}

PROBE(mmap) /* PROT FLAGS PATH: opened as PROT needs it */
{
	int prot = number(&arg), flags = number(&arg);
	sn_autoclose int fd = open(arg, (prot & PROT_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	char *at;

	if (fd < 0)
		return -errno;
	at = mmap(NULL, 1, prot, flags, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	if (prot & PROT_WRITE)
		at[0] = 'm';
	return at[0] + munmap(at, 1);
}

/* ---- looking ---- */

PROBE(stat)
{
	struct stat st;

	return answer(syscall(SYS_newfstatat, AT_FDCWD, arg, &st, 0));
}

PROBE(lstat)
{
	struct stat st;

	return answer(syscall(SYS_newfstatat, AT_FDCWD, arg, &st, AT_SYMLINK_NOFOLLOW));
}

PROBE(statx)
{
	struct statx st;

	return answer(syscall(SYS_statx, AT_FDCWD, arg, 0, STATX_BASIC_STATS, &st));
}

PROBE(access) /* MODE PATH */
{
	int mode = number(&arg);

	return answer(syscall(SYS_faccessat, AT_FDCWD, arg, mode));
}

PROBE(faccessat2) /* MODE PATH */
{
	int mode = number(&arg);

	return answer(syscall(SYS_faccessat2, AT_FDCWD, arg, mode, AT_EACCESS));
}

PROBE(readlink)
{
	char target[PATH_MAX];

	return answer(syscall(SYS_readlinkat, AT_FDCWD, arg, target, sizeof(target)));
}

PROBE(list) /* how many entries */
{
	sn_autoclose int fd = open(arg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buffer[4096];
	long entries = 0, len;

	if (fd < 0)
		return -errno;
	while ((len = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < len; entries++)
			at += ((struct dirent64 *)(buffer + at))->d_reclen;
	return len < 0 ? -errno : entries;
}

PROBE(statfs)
{
	struct statfs fs;

	return answer(statfs(arg, &fs));
}

PROBE(watch_for) /* MASK PATH */
{
	sn_autoclose int fd = inotify_init1(IN_CLOEXEC);
	unsigned int mask = number(&arg);

	if (fd < 0)
		return could_not_try("inotify_init1");
	return answer(inotify_add_watch(fd, arg, mask));
}

/* What libuv asks for in uv_fs_event_start(). */
#define WATCH_MASK                                                                       \
	(IN_ATTRIB | IN_CREATE | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | \
	 IN_MOVED_FROM | IN_MOVED_TO)

PROBE(watch)
{
	sn_autoclose int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0)
		return could_not_try("inotify_init1");
	return answer(inotify_add_watch(fd, arg, WATCH_MASK));
}

PROBE(fanotify_for) /* MASK PATH */
{
	sn_autoclose int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, 0);
	unsigned int mask = number(&arg);

	if (fd < 0)
		return could_not_try("fanotify_init");
	return answer(fanotify_mark(fd, FAN_MARK_ADD, mask, AT_FDCWD, arg));
}

PROBE(fanotify)
{
	sn_autoclose int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, 0);

	if (fd < 0)
		return could_not_try("fanotify_init");
	return answer(fanotify_mark(fd, FAN_MARK_ADD, FAN_ATTRIB | FAN_MODIFY, AT_FDCWD, arg));
}

PROBE(flock) /* OPERATION PATH */
{
	int operation = number(&arg);
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return could_not_try("%s", arg);
	return answer(flock(fd, operation | LOCK_NB));
}

/* Of the first byte: F_RDLCK asks for no more than reading. */
PROBE(lock) /* COMMAND TYPE PATH */
{
	int command = number(&arg);
	struct flock lock = { .l_type = number(&arg), .l_whence = SEEK_SET, .l_len = 1 };
	sn_autoclose int fd = open(arg, (lock.l_type == F_WRLCK ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd < 0)
		return could_not_try("%s", arg);
	return answer(fcntl(fd, command, &lock));
}

PROBE(handle)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	long result;
	int mount;

	handle->handle_bytes = MAX_HANDLE_SZ;
	result = answer(name_to_handle_at(AT_FDCWD, arg, handle, &mount, 0));
	free(handle);
	return result;
}

/* The handle is made first: so @arg must be something that can be reached. */
PROBE(open_by_handle)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	sn_autoclose int mounted = open("/srv/t1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long result;
	int mount;

	handle->handle_bytes = MAX_HANDLE_SZ;
	if (mounted < 0 || name_to_handle_at(AT_FDCWD, arg, handle, &mount, 0))
		result = could_not_try("name_to_handle_at %s", arg);
	else
		result = opened(open_by_handle_at(mounted, handle, O_RDONLY));
	free(handle);
	return result;
}

PROBE(open_tree)
{
	return opened(syscall(SYS_open_tree, AT_FDCWD, arg, O_CLOEXEC));
}

/* ---- attributes ---- */

PROBE(getxattr) /* NAME, PATH */
{
	char name[PATH_MAX], value[256];
	const char *path = second(arg, name);

	return answer(getxattr(path, name, value, sizeof(value)));
}

PROBE(listxattr)
{
	char names[4096];

	return answer(listxattr(arg, names, sizeof(names)));
}

PROBE(setxattr) /* NAME, PATH */
{
	char name[PATH_MAX];
	const char *path = second(arg, name);

	return answer(setxattr(path, name, "value", 5, 0));
}

PROBE(removexattr) /* NAME, PATH */
{
	char name[PATH_MAX];
	const char *path = second(arg, name);

	return answer(removexattr(path, name));
}

/* USER_OBJ, one more user, GROUP_OBJ, MASK, OTHER: linux/posix_acl_xattr.h, little endian */
/* clang-format off */
static const unsigned char sn_acl[] = {
	2, 0, 0, 0,
	0x01, 0, 7, 0, 255, 255, 255, 255,
	0x02, 0, 7, 0, 1, 0, 0, 0,
	0x04, 0, 7, 0, 255, 255, 255, 255,
	0x10, 0, 7, 0, 255, 255, 255, 255,
	0x20, 0, 5, 0, 255, 255, 255, 255,
};
/* clang-format on */
#define SN_ACL "system.posix_acl_access"

PROBE(set_acl)
{
	return answer(setxattr(arg, SN_ACL, sn_acl, sizeof(sn_acl), 0));
}

/* 02644 is no program, and an ACL makes it one: with or without a name, as the owner's group. */
PROBE(setgid_by_acl) /* FLAGS PATH */
{
	/* clang-format off */
	static const unsigned char acl[] = {
		2, 0, 0, 0,
		0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
	};
	/* clang-format on */
	int flags = number(&arg);
	sn_autoclose int fd = syscall(SYS_openat, AT_FDCWD, arg, flags, 02644);
	struct stat st;

	if (fd < 0 || fsetxattr(fd, SN_ACL, acl, sizeof(acl), 0))
		return -errno;
	if (fstat(fd, &st) || (st.st_mode & 02010) != 02010)
		return could_not_try("the ACL made mode %o", st.st_mode);
	return 0;
}

PROBE(get_acl)
{
	unsigned char value[256];

	return answer(getxattr(arg, SN_ACL, value, sizeof(value)));
}

PROBE(remove_acl)
{
	return answer(removexattr(arg, SN_ACL));
}

struct xattr_value {
	__u64 value;
	__u32 size;
	__u32 flags;
};

PROBE(setxattrat) /* NAME, PATH */
{
	struct xattr_value value = { .value = (__u64) "value", .size = 5 };
	char name[PATH_MAX];
	const char *path = second(arg, name);

	return answer(syscall(SYS_NR_SETXATTRAT, AT_FDCWD, path, 0, name, &value, sizeof(value)));
}

PROBE(getxattrat) /* NAME, PATH */
{
	char name[PATH_MAX], buffer[256];
	const char *path = second(arg, name);
	struct xattr_value value = { .value = (__u64)buffer, .size = sizeof(buffer) };

	return answer(syscall(SYS_NR_GETXATTRAT, AT_FDCWD, path, 0, name, &value, sizeof(value)));
}

PROBE(listxattrat)
{
	char names[4096];

	return answer(syscall(SYS_NR_LISTXATTRAT, AT_FDCWD, arg, 0, names, sizeof(names)));
}

PROBE(removexattrat) /* NAME, PATH */
{
	char name[PATH_MAX];
	const char *path = second(arg, name);

	return answer(syscall(SYS_NR_REMOVEXATTRAT, AT_FDCWD, path, 0, name));
}

struct file_attributes {
	__u64 xflags;
	__u32 extsize, nextents, projid, cowextsize;
};

PROBE(file_getattr)
{
	struct file_attributes attributes = {};

	return answer(
		syscall(SYS_NR_FILE_GETATTR, AT_FDCWD, arg, &attributes, sizeof(attributes), 0));
}

/* The project id, by which quotas are charged: by system call, and by ioctl. */
PROBE(set_project) /* ID PATH */
{
	struct file_attributes attributes = { .projid = number(&arg) };

	return answer(
		syscall(SYS_NR_FILE_SETATTR, AT_FDCWD, arg, &attributes, sizeof(attributes), 0));
}

PROBE(set_project_by_ioctl) /* ID PATH */
{
	struct fsxattr attributes = { .fsx_projid = number(&arg) };
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return answer(ioctl(fd, FS_IOC_FSSETXATTR, &attributes));
}

PROBE(file_setattr)
{
	struct file_attributes attributes = { .xflags = FS_XFLAG_NOATIME };

	return answer(
		syscall(SYS_NR_FILE_SETATTR, AT_FDCWD, arg, &attributes, sizeof(attributes), 0));
}

/* ---- changing ---- */

PROBE(mkdir) /* MODE PATH */
{
	int mode = number(&arg);

	return answer(syscall(SYS_mkdirat, AT_FDCWD, arg, mode));
}

PROBE(rmdir)
{
	return answer(syscall(SYS_unlinkat, AT_FDCWD, arg, AT_REMOVEDIR));
}

PROBE(unlink)
{
	return answer(syscall(SYS_unlinkat, AT_FDCWD, arg, 0));
}

PROBE(symlink) /* TEXT, PATH */
{
	char text[PATH_MAX];
	const char *path = second(arg, text);

	return answer(symlink(text, path));
}

PROBE(link) /* FROM, TO */
{
	char from[PATH_MAX];
	const char *to = second(arg, from);

	return answer(linkat(AT_FDCWD, from, AT_FDCWD, to, 0));
}

PROBE(rename) /* FLAGS FROM, TO */
{
	int flags = number(&arg);
	char from[PATH_MAX];
	const char *to = second(arg, from);

	return answer(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

PROBE(mknod) /* MODE DEVICE PATH */
{
	unsigned int mode = number(&arg), device = number(&arg);

	return answer(syscall(SYS_mknodat, AT_FDCWD, arg, mode, device));
}

PROBE(truncate)
{
	return answer(truncate(arg, 1));
}

PROBE(ftruncate)
{
	sn_autoclose int fd = open(arg, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : answer(ftruncate(fd, 1));
}

PROBE(chmod) /* MODE PATH */
{
	int mode = number(&arg);

	return answer(syscall(SYS_fchmodat, AT_FDCWD, arg, mode));
}

PROBE(fchmod) /* MODE PATH */
{
	int mode = number(&arg);
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : answer(fchmod(fd, mode));
}

PROBE(fchmodat2) /* MODE PATH */
{
	int mode = number(&arg);

	return answer(syscall(SYS_NR_FCHMODAT2, AT_FDCWD, arg, mode, AT_SYMLINK_NOFOLLOW));
}

PROBE(chown)
{
	return answer(chown(arg, -1, getegid()));
}

PROBE(lchown)
{
	return answer(lchown(arg, -1, getegid()));
}

PROBE(fchown)
{
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : answer(fchown(fd, -1, getegid()));
}

PROBE(utimes)
{
	return answer(utimensat(AT_FDCWD, arg, NULL, 0));
}

PROBE(lutimes)
{
	struct timespec then[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	return answer(utimensat(AT_FDCWD, arg, then, AT_SYMLINK_NOFOLLOW));
}

/* ---- other calls with a descriptor ---- */

PROBE(ioctl) /* REQUEST PATH: with room for any argument */
{
	unsigned long request = strtoul(arg, NULL, 0);
	sn_autoclose int fd = -1;
	long room[32] = {};

	number(&arg);
	/* what an ext4 file has; without it ext4 would convert the file, when it can */
	if (request == FS_IOC_SETFLAGS)
		room[0] = FS_EXTENT_FL;
	fd = open(arg, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? could_not_try("open %s", arg)
		      : answer(syscall(SYS_ioctl, fd, request, room));
}

#ifdef __x86_64__
/*
 * Any call by the entry for 32-bit programs, whose pointers are short: its arguments are the path,
 * SECOND (-1: room for an answer) or a second path, and 0.
 */
PROBE(call_32bit) /* NUMBER SECOND PATH */
{
	unsigned long call = number(&arg), argument = number(&arg);
	char *room = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char path[PATH_MAX];
	const char *other = second(arg, path);
	int result;

	if (room == MAP_FAILED)
		return could_not_try("mmap");
	strcpy(room, path);
	if (*other) {
		strcpy(room + 4096, other);
		argument = (unsigned long)room + 4096;
	} else if (argument == -1UL) {
		argument = (unsigned long)room + 4096;
	}
	result = int80(call, (long)room, argument, 0);
	munmap(room, 8192);
	return result;
}

/* The same by the entry for 32-bit programs, whose pointers are short. */
PROBE(ioctl_32bit) /* REQUEST PATH */
{
	unsigned long request = strtoul(arg, NULL, 0), fd;
	void *room = low_page();
	int result;

	number(&arg);
	fd = open(arg, O_RDONLY | O_CLOEXEC);
	if ((int)fd < 0 || room == MAP_FAILED)
		return could_not_try("open %s", arg);
	result = int80(54, fd, request, (long)room);
	close(fd);
	munmap(room, 4096);
	return result;
}
#endif

PROBE(ioctl_fd) /* REQUEST FD */
{
	unsigned long request = strtoul(arg, NULL, 0);
	long room[32] = { 'x' };

	number(&arg);
	return answer(syscall(SYS_ioctl, (int)number(&arg), request, room));
}

/* TIOCSTI works on the caller's own terminal only; a tenant may not even have one. */
PROBE(tiocsti) /* REQUEST FD */
{
	unsigned long request = strtoul(arg, NULL, 0);
	int fd;

	number(&arg);
	fd = number(&arg);
	ioctl(fd, TIOCSCTTY, 0);
	return answer(syscall(SYS_ioctl, fd, request, "x"));
}

PROBE(fcntl) /* COMMAND ARGUMENT PATH: the number itself, or -1 for the caller's process id */
{
	int command = number(&arg);
	long argument = number(&arg);
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return could_not_try("open %s", arg);
	return answer(syscall(SYS_fcntl, fd, command, argument == -1 ? getpid() : argument));
}

PROBE(delegate)
{
	struct {
		__u32 flags;
		__u16 type, pad;
	} delegation = { .type = F_RDLCK };
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return could_not_try("open %s", arg);
	return answer(syscall(SYS_fcntl, fd, 1024 + 16 /* F_SETDELEG */, &delegation));
}

PROBE(setown_ex)
{
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = getpid() };
	sn_autoclose int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? could_not_try("open %s", arg) : answer(fcntl(fd, F_SETOWN_EX, &owner));
}

/* An O_PATH descriptor, which is opened without asking, then a call by its /proc name. */
PROBE(o_path_then) /* WHAT, PATH */
{
	char what[PATH_MAX], self[64];
	const char *path = second(arg, what);
	sn_autoclose int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return could_not_try("O_PATH of %s", path);
	if (!strcmp(what, "fstat"))
		return answer(fstat(fd, &st));
	if (!strcmp(what, "link_empty"))
		return answer(linkat(fd, "", AT_FDCWD, "/srv/t1/new", AT_EMPTY_PATH));
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (!strcmp(what, "link"))
		return answer(linkat(AT_FDCWD, self, AT_FDCWD, "/srv/t1/new", AT_SYMLINK_FOLLOW));
	if (!strcmp(what, "open"))
		return opened(open(self, O_RDONLY | O_CLOEXEC));
	if (!strcmp(what, "write"))
		return opened(open(self, O_WRONLY | O_CLOEXEC));
	if (!strcmp(what, "chmod"))
		return answer(chmod(self, 0640));
	if (!strcmp(what, "truncate"))
		return answer(truncate(self, 1));
	return could_not_try("no '%s'", what);
}

/* The same with calls that take a descriptor and an empty path. */
PROBE(o_path_empty) /* WHAT, PATH */
{
	struct timespec now[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };
	char what[PATH_MAX], target[PATH_MAX];
	const char *path = second(arg, what);
	sn_autoclose int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx stx;
	struct stat st;

	if (fd < 0)
		return could_not_try("O_PATH of %s", path);
	if (!strcmp(what, "stat"))
		return answer(fstatat(fd, "", &st, AT_EMPTY_PATH));
	if (!strcmp(what, "statx"))
		return answer(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
	if (!strcmp(what, "access"))
		return answer(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	if (!strcmp(what, "readlink"))
		return answer(readlinkat(fd, "", target, sizeof(target)));
	if (!strcmp(what, "chown"))
		return answer(fchownat(fd, "", -1, getegid(), AT_EMPTY_PATH));
	if (!strcmp(what, "utimes"))
		return answer(syscall(SYS_utimensat, fd, "", now, AT_EMPTY_PATH));
	if (!strcmp(what, "chmod"))
		return answer(syscall(SYS_NR_FCHMODAT2, fd, "", 0640, AT_EMPTY_PATH));
	return could_not_try("no '%s'", what);
}

/* Opens with every flag beside every access mode, but for O_PATH. How many descriptors came of it.
 */
PROBE(open_with_any_flag)
{
	long opened_so_far = 0;

	for (int bit = 0; bit < 32; bit++)
		for (int mode = 0; mode < 4; mode++) {
			int flags = (1U << bit | mode) & ~O_PATH;
			int fd = syscall(SYS_openat, AT_FDCWD, arg, flags | O_NONBLOCK, 0644);

			opened_so_far += fd >= 0;
			if (fd >= 0)
				close(fd);
		}
	return opened_so_far;
}

/* Between two descriptors, of which the second was opened for reading only if so asked. */
PROBE(copy) /* WHAT FLAGS FROM, TO */
{
	sn_autoclose int from = -1, to = -1;
	char what[16], path[PATH_MAX];
	int flags, used, ends[2];
	const char *name;
	void *at;

	if (sscanf(arg, "%15s %i %n", what, &flags, &used) != 2 || pipe(ends))
		return could_not_try("no '%s'", arg);
	name = second(arg + used, path);
	from = open(path, O_RDONLY | O_CLOEXEC);
	to = open(name, flags | O_CLOEXEC);
	if (from < 0 || to < 0)
		return -errno;
	if (!strcmp(what, "range"))
		return answer(copy_file_range(from, NULL, to, NULL, 1, 0));
	if (!strcmp(what, "sendfile"))
		return answer(sendfile(to, from, NULL, 1));
	if (!strcmp(what, "splice"))
		return splice(from, NULL, ends[1], NULL, 1, 0) != 1
			       ? could_not_try("splice into a pipe")
			       : answer(splice(ends[0], NULL, to, NULL, 1, 0));
	if (!strcmp(what, "mprotect")) {
		at = mmap(NULL, 1, PROT_READ, MAP_SHARED, to, 0);
		return at == MAP_FAILED ? could_not_try("mmap")
					: answer(mprotect(at, 1, PROT_READ | PROT_WRITE));
	}
	return could_not_try("no '%s'", what);
}

PROBE(size_memfd)
{
	sn_autoclose int fd = memfd_create("own", MFD_CLOEXEC);

	if (fd < 0 || *arg)
		return could_not_try("memfd_create");
	return answer(ftruncate(fd, 8192));
}

/* A descriptor that was handed over. */
static long mapped(int fd, int prot, int flags)
{
	void *at = mmap(NULL, 1, prot, flags, fd, 0);

	return at == MAP_FAILED ? -errno : munmap(at, 1);
}

PROBE(given) /* WHAT FD */
{
	char what[32], self[64], byte = 'g';
	struct stat st;
	int fd, len;

	if (sscanf(arg, "%31s %d%n", what, &fd, &len) != 2)
		return could_not_try("no '%s'", arg);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (!strcmp(what, "fstat"))
		return answer(fstat(fd, &st));
	if (!strcmp(what, "write"))
		return answer(write(fd, &byte, 1));
	if (!strcmp(what, "read"))
		return answer(pread(fd, &byte, 1, 0));
	if (!strcmp(what, "fchmod"))
		return answer(fchmod(fd, 0600));
	if (!strcmp(what, "ftruncate"))
		return answer(ftruncate(fd, 0));
	if (!strcmp(what, "futimens"))
		return answer(futimens(fd, NULL));
	if (!strcmp(what, "fsetxattr"))
		return answer(fsetxattr(fd, "user.x", "v", 1, 0));
	if (!strcmp(what, "reopen_read"))
		return opened(open(self, O_RDONLY | O_CLOEXEC));
	if (!strcmp(what, "reopen_write"))
		return opened(open(self, O_WRONLY | O_CLOEXEC));
	if (!strcmp(what, "append"))
		return answer(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	if (!strcmp(what, "overwrite"))
		return answer(fcntl(fd, F_SETFL, 0));
	if (!strcmp(what, "map_write"))
		return mapped(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!strcmp(what, "map_read"))
		return mapped(fd, PROT_READ, MAP_SHARED);
	if (!strcmp(what, "map_validate"))
		return mapped(fd, PROT_READ, MAP_SHARED_VALIDATE);
	if (!strcmp(what, "map_private"))
		return mapped(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	if (!strcmp(what, "zero"))
		return answer(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4));
	if (!strcmp(what, "punch"))
		return answer(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	if (!strcmp(what, "rewrite"))
		return answer(pwritev2(fd, &(struct iovec){ &byte, 1 }, 1, 0, 0x20));
	if (!strcmp(what, "packets"))
		return answer(fcntl(fd, F_SETFL, O_DIRECT));
	if (!strcmp(what, "resize"))
		return answer(fcntl(fd, F_SETPIPE_SZ, 8192));
	if (!strcmp(what, "seal"))
		return answer(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	if (!strcmp(what, "unlock"))
		return answer(flock(fd, LOCK_UN));
	if (!strcmp(what, "truncate"))
		return answer(truncate(self, 0));
	if (!strcmp(what, "openat"))
		return opened(openat(fd, "f", O_RDONLY | O_CLOEXEC));
	return could_not_try("no '%s'", what);
}

/* Takes a descriptor from the Unix socket @arg. The kernel drops what file_receive refuses. */
PROBE(receive) /* FD */
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(number(&arg), &msg, MSG_CMSG_CLOEXEC) != 1)
		return could_not_try("recvmsg");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_len < CMSG_LEN(sizeof(int)))
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return opened(fd);
}

/* ---- what is kept from one probe to the next ---- */

static int held = -1;

PROBE(hold) /* FLAGS PATH */
{
	int flags = number(&arg);

	if (held >= 0)
		close(held);
	held = open(arg, flags | O_CLOEXEC, 0644);
	return held < 0 ? -errno : 0;
}

PROBE(held_openat) /* FLAGS NAME */
{
	int flags = number(&arg);

	return opened(openat(held, arg, flags, 0644));
}

PROBE(held_stat)
{
	struct stat st;

	return answer(fstat(held, &st));
}

#endif
