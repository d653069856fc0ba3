// SPDX-License-Identifier: GPL-2.0-only
/*
 * Can a tenant find out whether another one's directory exists? By every call that takes a path,
 * for a name that is taken and one that is free: which answer the same, which do not, and what
 * an operator can do about these. How long an answer takes is not looked at.
 */
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/un.h>

#include "fs_places.h"

static struct tenant *t1;

SETUP()
{
	give_to_t1("/srv");
	t1 = tenant_start("t1", NULL);
}

/* Newer than the C library's headers. */
enum {
	SYS_NR_STATMOUNT = 457, /* Linux 6.8, and the one that follows */
	SYS_NR_LISTMOUNT,
	SYS_NR_OPEN_TREE_ATTR = 467, /* Linux 6.15 */
};

/* ---- more calls that take a path ---- */

PROBE(chdir)
{
	return answer(chdir(arg));
}

PROBE(chroot)
{
	return answer(chroot(arg));
}

PROBE(exec)
{
	char *const argv[] = { "none", NULL };

	return answer(execve(arg, argv, argv + 1));
}

PROBE(mount)
{
	return answer(mount("none", arg, "tmpfs", 0, NULL));
}

PROBE(bind_mount)
{
	return answer(mount(arg, "/srv/t1", NULL, MS_BIND, NULL));
}

PROBE(umount)
{
	return answer(umount2(arg, MNT_DETACH));
}

PROBE(quota)
{
	struct dqblk block;

	return answer(quotactl(QCMD(Q_GETQUOTA, USRQUOTA), arg, geteuid(), (char *)&block));
}

PROBE(quota_file)
{
	return answer(quotactl(QCMD(Q_QUOTAON, USRQUOTA), "/dev/null", 2, (char *)arg));
}

PROBE(open_tree_attr)
{
	struct mount_attr attr = {};

	return opened(
		syscall(SYS_NR_OPEN_TREE_ATTR, AT_FDCWD, arg, O_CLOEXEC, &attr, sizeof(attr)));
}

PROBE(unix_connect)
{
	sn_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", arg);
	return fd < 0 ? -errno : answer(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

PROBE(unix_bind)
{
	sn_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", arg);
	return fd < 0 ? -errno : answer(bind(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* ---- what they answer ---- */

/* A probe's arg is @before, the path, @after; then what it answers for both names. */
struct call {
	const char *probe, *before, *after;
	int taken, unused;
};

#define STRING(x)  #x
#define NUMBER(x)  STRING(x) " "
#define FROM	   "/srv/t1/f\t"
#define NEW	   "\t/srv/t1/new"
#define CREATE	   "65 " /* O_WRONLY | O_CREAT */
#define CREATE_NEW "193 " /* and O_EXCL */
#define PATH_ONLY  "2097152 " /* O_PATH */
_Static_assert((O_WRONLY | O_CREAT) == 65 && (O_CREAT | O_EXCL | O_WRONLY) == 193, "as above");
_Static_assert(O_PATH == 2097152, "as above");

/* Looking: denied looks like missing. A taken name cannot be told from one that is free. */
static const struct call same[] = {
	{ "open", "0 ", "", -ENOENT, -ENOENT },
	{ "openat2", "0 0 ", "", -ENOENT, -ENOENT },
	{ "openat", "0 /srv\t..", "", -ENOENT, -ENOENT },
	{ "list", "", "", -ENOENT, -ENOENT },
	{ "stat", "", "", -ENOENT, -ENOENT },
	{ "stat", "", "/", -ENOENT, -ENOENT },
	{ "stat", "", "/.", -ENOENT, -ENOENT },
	{ "lstat", "", "", -ENOENT, -ENOENT },
	{ "statx", "", "", -ENOENT, -ENOENT },
	{ "access", "0 ", "", -ENOENT, -ENOENT },
	{ "access", "2 ", "", -ENOENT, -ENOENT },
	{ "faccessat2", "0 ", "", -ENOENT, -ENOENT },
	{ "statfs", "", "", -ENOENT, -ENOENT },
	{ "watch", "", "", -ENOENT, -ENOENT },
	{ "fanotify", "", "", -ENOENT, -ENOENT },
	{ "listxattr", "", "", -ENOENT, -ENOENT },
	{ "open", "0 ", "/../t1/f", -ENOENT, -ENOENT },
	{ "open", PATH_ONLY, "/..", -ENOENT, -ENOENT },
	{ "open", PATH_ONLY, "/.", -ENOENT, -ENOENT },
	{ "open", PATH_ONLY, "/d", -ENOENT, -ENOENT },
	{ "mkdir", "493 ", "/new", -ENOENT, -ENOENT },
	{ "rename", "0 " FROM, "", -EACCES, -EACCES },
	{ "unix_connect", "", "", -EPERM, -EPERM },
	{ "unix_bind", "", "", -EPERM, -EPERM },
};

/* The kernel looks the last name up before it asks anybody, or asks about the directory above. */
static const struct call different[] = {
	{ "open", PATH_ONLY, "", 0, -ENOENT },
	{ "handle", "", "", 0, -ENOENT },
	{ "open_tree", "", "", 0, -ENOENT },
	{ "readlink", "", "", -EINVAL, -ENOENT },
	{ "open", "1 ", "", -EISDIR, -ENOENT },
	{ "open", CREATE, "", -EISDIR, -EACCES },
	{ "open", CREATE_NEW, "", -EEXIST, -EACCES },
	{ "tmpfile", "420 ", "", -EACCES, -ENOENT },
	{ "mkdir", "493 ", "", -EEXIST, -EACCES },
	{ "mknod", "4480 0 ", "", -EEXIST, -EACCES },
	{ "symlink", "f\t", "", -EEXIST, -EACCES },
	{ "link", FROM, "", -EEXIST, -EACCES },
	{ "link", "", NEW, -EACCES, -ENOENT },
	{ "rename", "0 ", NEW, -EACCES, -ENOENT },
	{ "rename", "1 " FROM, "", -EEXIST, -EACCES }, /* RENAME_NOREPLACE */
	{ "rename", "2 " FROM, "", -EACCES, -ENOENT }, /* RENAME_EXCHANGE */
	{ "rmdir", "", "", -EACCES, -ENOENT },
	{ "unlink", "", "", -EACCES, -ENOENT },
	{ "truncate", "", "", -EISDIR, -ENOENT },
	{ "chmod", "488 ", "", -EACCES, -ENOENT },
	{ "chown", "", "", -EACCES, -ENOENT },
	{ "utimes", "", "", -EACCES, -ENOENT },
	{ "setxattr", "user.x\t", "", -EACCES, -ENOENT },
	{ "set_acl", "", "", -EACCES, -ENOENT },
	{ "chdir", "", "", -EPERM, -ENOENT },
	{ "chroot", "", "", -EPERM, -ENOENT },
	{ "exec", "", "", -EACCES, -ENOENT },
	{ "mount", "", "", -EPERM, -ENOENT },
	{ "bind_mount", "", "", -EPERM, -EPERM },
	{ "umount", "", "", -EPERM, -ENOENT },
	{ "quota", "", "", -ENOTBLK, -ENOENT },
	{ "quota_file", "", "", -EPERM, -ENOENT },
};

#define EACH(call, list) \
	for (const struct call *call = list; call < list + sizeof(list) / sizeof(*list); call++)

static void lay_out_names(void)
{
	if (system("rm -rf /srv/none /srv/t1/new /srv/t1/f /srv/t2/d /srv/t2/none"))
		GIVE_UP("rm: %s", strerror(errno));
	put_dir("/srv/t10");
	put_file("/srv/t1/f");
	put_dir("/srv/t2/d");
}

static long ask_inside(struct tenant *t, const struct call *call, const char *path)
{
	lay_out_names();
	return inside(t, call->probe, "%s%s%s", call->before, path, call->after);
}

static long ask_outside(const struct call *call, const char *path)
{
	lay_out_names();
	return outside(call->probe, "%s%s%s", call->before, path, call->after);
}

static void expect_answer(struct tenant *t, const struct call *call, const char *path, long want)
{
	long got = ask_inside(t, call, path);

	if (got != want)
		FAIL("%s %s: want %ld %s, got %ld %s", call->probe, sn_last_arg(), want,
		     sn_test_errno(want), got, sn_test_errno(got));
}

TEST(xx)
{
	EACH(call, same) {
		expect_answer(t1, call, "/srv/t10", call->taken);
		expect_answer(t1, call, "/srv/none", call->unused);
		printf("# out %s %ld %ld\n", call->probe, ask_outside(call, "/srv/t10"), ask_outside(call, "/srv/none"));
	}
}
TEST(yy)
{
	EACH(call, different) {
		expect_answer(t1, call, "/srv/t10", call->taken);
		expect_answer(t1, call, "/srv/none", call->unused);
	}
	EACH(call, different) {
		long a = ask_inside(t1, call, "/srv/t2/d"), b= ask_inside(t1, call, "/srv/t2/none");
		if (a!=b) FAIL("deep %s %ld %ld", call->probe, a, b);
	}
	EACH(call, same) {
		long a = ask_inside(t1, call, "/srv/t2/d"), b= ask_inside(t1, call, "/srv/t2/none");
		if (a!=b) FAIL("deep %s %ld %ld", call->probe, a, b);
	}
}
