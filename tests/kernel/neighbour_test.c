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

PROBE(umount)
{
	return answer(umount2(arg, MNT_DETACH));
}

PROBE(quota)
{
	struct dqblk block;

	return answer(quotactl(QCMD(Q_GETQUOTA, USRQUOTA), arg, geteuid(), (char *)&block));
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

#define FROM	   "/srv/t1/f\t"
#define NEW	   "\t/srv/t1/new"
#define CREATE	   "65 "      /* O_WRONLY | O_CREAT */
#define CREATE_NEW "193 "     /* and O_EXCL */
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

/* The kernel looks the last name up before it asks a hook, or asks about the directory above. */
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
	{ "umount", "", "", -EPERM, -ENOENT },
	{ "quota", "", "", -ENOTBLK, -ENOENT },
};

#define EACH(call, list) \
	for (const struct call *call = list; call < list + sizeof(list) / sizeof(*list); call++)

/* Also removes what the last call has made. */
static void lay_out_names(void)
{
	static const char *const made[] = { "/srv/none", "/srv/t1/new", "/srv/t2/none",
					    "/srv/t10/new" };

	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		if (unlink(made[i]))
			rmdir(made[i]);
	put_dir("/srv/t10");
	put_dir("/srv/t10/d");
	put_file("/srv/t1/f");
	put_dir("/srv/t2/d");
}

static long asked(struct tenant *t, const struct call *call, const char *path)
{
	lay_out_names();
	if (!t)
		return outside(call->probe, "%s%s%s", call->before, path, call->after);
	return inside(t, call->probe, "%s%s%s", call->before, path, call->after);
}

static void expect_answer(struct tenant *t, const struct call *call, const char *path, long want)
{
	long got = asked(t, call, path);

	if (got != want)
		FAIL("%s %s: want %ld %s, got %ld %s", call->probe, sn_last_arg(), want,
		     sn_test_errno(want), got, sn_test_errno(got));
}

/* The control: without a tenant each of these calls tells. */
TEST(calls_that_look_tell_nothing_about_a_neighbours_name)
{
	EACH(call, same)
	{
		expect_answer(t1, call, "/srv/t10", call->taken);
		expect_answer(t1, call, "/srv/none", call->unused);
		EXPECT_TRUE(call->taken == call->unused);
		if (asked(NULL, call, "/srv/t10") == asked(NULL, call, "/srv/none"))
			FAIL("the control: %s %s tells nothing", call->probe, sn_last_arg());
	}
}

TEST(calls_that_change_or_open_nothing_tell_whether_a_neighbours_name_is_taken)
{
	EACH(call, different)
	{
		expect_answer(t1, call, "/srv/t10", call->taken);
		expect_answer(t1, call, "/srv/none", call->unused);
		EXPECT_TRUE(call->taken != call->unused);
	}
}

/* But not what is behind such a name: the same calls, one level deeper. */
static void tells_nothing_deeper(const struct call *call)
{
	long taken = asked(t1, call, "/srv/t2/d"), unused = asked(t1, call, "/srv/t2/none");

	if (taken != unused || taken >= 0)
		FAIL("%s %s: %ld %s, and %ld %s", call->probe, sn_last_arg(), taken,
		     sn_test_errno(taken), unused, sn_test_errno(unused));
}

TEST(no_call_tells_what_is_in_a_neighbours_directory)
{
	EACH(call, same)
	tells_nothing_deeper(call);
	EACH(call, different)
	tells_nothing_deeper(call);
	EXPECT_EQ(0, outside("open", PATH_ONLY "/srv/t2/d"));
	EXPECT_EQ(-ENOENT, outside("open", PATH_ONLY "/srv/t2/none"));
}

TEST(no_call_of_newer_kernels_tells_what_is_in_a_neighbours_directory)
{
	static const struct call newer[] = {
		{ "open_tree_attr", "", "", -ENOENT, -ENOENT },
		{ "fchmodat2", "488 ", "", -ENOENT, -ENOENT },
		{ "getxattrat", "user.x\t", "", -ENOENT, -ENOENT },
		{ "setxattrat", "user.x\t", "", -ENOENT, -ENOENT },
		{ "listxattrat", "", "", -ENOENT, -ENOENT },
		{ "file_getattr", "", "", -ENOENT, -ENOENT },
		{ "file_setattr", "", "", -ENOENT, -ENOENT },
	};

	EACH(call, newer)
	{
		if (asked(NULL, call, "/srv/t1") == -ENOSYS)
			continue;
		expect_answer(t1, call, "/srv/t2/d", call->taken);
		expect_answer(t1, call, "/srv/t2/none", call->unused);
	}
}

/* A file can be told from a directory, and from nothing. */
TEST(calls_tell_what_kind_of_thing_has_a_neighbours_name)
{
	put_file("/srv/f");
	put_link("t10", "/srv/l");
	put_dir("/srv/t10");
	EXPECT_EQ(-ENOTDIR, inside(t1, "stat", "/srv/f/"));
	EXPECT_EQ(-ENOENT, inside(t1, "stat", "/srv/t10/"));
	EXPECT_EQ(-ENOENT, inside(t1, "stat", "/srv/none/"));
	EXPECT_EQ(-EINVAL, inside(t1, "readlink", "/srv/f"));
	EXPECT_EQ(-EINVAL, inside(t1, "readlink", "/srv/t10"));
	EXPECT_EQ(-ENOENT, inside(t1, "readlink", "/srv/l"));
	EXPECT_EQ(-ENOTDIR, inside(t1, "open", "%d /srv/f", O_PATH | O_DIRECTORY));
	EXPECT_EQ(0, inside(t1, "open", "%d /srv/l", O_PATH | O_NOFOLLOW));
	unlink("/srv/l");
}

/* The tenants' cgroups hang in one directory, and their names are the tenants'. */
TEST(the_names_of_tenants_can_be_guessed_by_their_cgroups)
{
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(t1->cgroup, '/') - t1->cgroup),
		 t1->cgroup);
	tenant_start("t10", NULL);
	EXPECT_EQ(-ENOENT, inside(t1, "stat", "%s/t10", parent));
	EXPECT_EQ(-ENOENT, inside(t1, "stat", "%s/none", parent));
	EXPECT_EQ(-ENOENT, inside(t1, "list", "%s", parent));
	EXPECT_EQ(-ENOENT, inside(t1, "read_byte", "%s/t10/cgroup.procs", parent));
	EXPECT_EQ(-EEXIST, inside(t1, "mkdir", "493 %s/t10", parent));
	EXPECT_EQ(-EACCES, inside(t1, "mkdir", "493 %s/none", parent));
}

/* ---- what an operator can do ---- */

/* It keeps others from listing; the kernel looks a name up before it asks whether it may be made.
 */
TEST(the_mode_of_the_directory_above_does_not_hide_names)
{
	put_dir("/srv/t10");
	EXPECT_EQ(0, chown("/srv", 0, 0));
	EXPECT_EQ(0, chmod("/srv", 0711));
	EXPECT_EQ(-EEXIST, inside(t1, "mkdir", "493 /srv/t10"));
	EXPECT_EQ(-EACCES, inside(t1, "mkdir", "493 /srv/none"));
	EXPECT_EQ(-EACCES, outside("list", "/srv"));
	EXPECT_EQ(0, chmod("/srv", 0755));
	give_to_t1("/srv");
}

/* Is @arg among the mount points that own /proc files name? The count of lines. */
PROBE(mount_points) /* FILE, PATH */
{
	char file[PATH_MAX], line[4096], word[PATH_MAX + 2];
	const char *path = second(arg, file);
	long found = 0;
	FILE *f = fopen(file, "re");

	if (!f)
		return -errno;
	snprintf(word, sizeof(word), " %s ", path);
	while (fgets(line, sizeof(line), f))
		found += !!strstr(line, word);
	fclose(f);
	return found;
}

/* The same by statmount(2). */
PROBE(statmount) /* PATH */
{
	struct {
		__u32 size, spare;
		__u64 id, param;
	} ask = { .size = sizeof(ask), .id = ~0ULL /* LSMT_ROOT */ };
	__u64 ids[256], room[1024];
	long nr = syscall(SYS_NR_LISTMOUNT, &ask, ids, 256, 0), found = 0;

	if (nr < 0)
		return -errno;
	for (long i = 0; i < nr; i++) {
		ask.id = ids[i];
		ask.param = 0x10; /* STATMOUNT_MNT_POINT */
		memset(room, 0, sizeof(room));
		if (syscall(SYS_NR_STATMOUNT, &ask, room, sizeof(room), 0))
			continue;
		for (size_t at = 512; at < sizeof(room) - strlen(arg); at++)
			found += !strcmp((char *)room + at, arg);
	}
	return found;
}

TEST(a_neighbours_mount_point_can_be_read_in_own_proc_files)
{
	long control;

	put_dir("/srv/t2/d");
	if (mount("none", "/srv/t2/d", "tmpfs", 0, NULL))
		SKIP("tmpfs");
	EXPECT_EQ(1, inside(t1, "mount_points", "/proc/self/mountinfo\t/srv/t2/d"));
	EXPECT_EQ(1, inside(t1, "mount_points", "/proc/self/mounts\t/srv/t2/d"));
	EXPECT_EQ(1, inside(t1, "mount_points", "/proc/self/mountstats\t/srv/t2/d"));
	control = outside("statmount", "/srv/t2/d");
	if (control != -ENOSYS) {
		EXPECT_EQ(1, control);
		EXPECT_EQ(0, inside(t1, "statmount", "/srv/t2/d"));
		EXPECT_EQ(1, inside(t1, "statmount", "/"));
	}
	umount("/srv/t2/d");
}

/*
 * Leaves only its own directory in /srv, for this process and what it starts. What is mounted over
 * is still listed, so the others' mounts have to go.
 */
static void enter_own_mounts(const char *dir)
{
	int fd;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		GIVE_UP("no mount namespace: %s", strerror(errno));
	fd = syscall(SYS_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE | O_CLOEXEC);
	if (fd < 0 || umount("/srv/t2/d") || mount("none", "/srv", "tmpfs", 0, "mode=0755") ||
	    mkdir(dir, 0755) ||
	    syscall(SYS_move_mount, fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH))
		GIVE_UP("mounting %s alone: %s", dir, strerror(errno));
	close(fd);
}

TEST(in_a_mount_namespace_of_its_own_a_tenant_learns_no_neighbours_name)
{
	sn_autoclose int before = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	struct tenant *t;

	lay_out_names();
	EXPECT_EQ(0, mount("none", "/srv/t2/d", "tmpfs", 0, NULL));
	enter_own_mounts("/srv/t1");
	t = tenant_start("t10", "--dir", "/srv/t1", NULL);
	EXPECT_ALLOWED(t, "open", "0 /srv/t1/f");
	EACH(call, different)
	{
		long taken = inside(t, call->probe, "%s/srv/t10%s", call->before, call->after);
		long unused = inside(t, call->probe, "%s/srv/none%s", call->before, call->after);

		if (taken != unused || taken >= 0)
			FAIL("%s %s: %ld, and %ld", call->probe, sn_last_arg(), taken, unused);
	}
	EXPECT_EQ(0, inside(t, "mount_points", "/proc/self/mountinfo\t/srv/t2/d"));
	EXPECT_EQ(1, inside(t, "mount_points", "/proc/self/mountinfo\t/srv/t1"));
	tenant_stop(t);
	EXPECT_EQ(0, setns(before, CLONE_NEWNS));
	EXPECT_EQ(0, umount("/srv/t2/d"));
}
