// SPDX-License-Identifier: GPL-2.0-only
/* bpf/fs.bpf.c and bpf/walk.bpf.h: what the operator does while a tenant runs; the reports. */
#include <sys/mount.h>

#include "cgroup.h"
#include "fs_places.h"
#include "logline.h"

static struct tenant *t1;

SETUP()
{
	give_to_t1("/srv");
	put_dir("/srv/ro");
	put_dir("/srv/rw");
	put_file("/srv/one");
	t1 = tenant_start("t1", "--read-only", "/srv/one", NULL);
}

static void mounted(const char *source, const char *dir, const char *type, unsigned long flags)
{
	if (mount(source, dir, type, flags, NULL))
		SKIP(type);
	give_to_t1(dir);
}

PROBE(enter)
{
	return answer(chdir(arg));
}

/* ---- single files, mounts ---- */

TEST(a_single_file_is_known_by_its_name_when_it_is_replaced)
{
	put_file("/srv/one.new");
	put_file("/srv/one1");
	EXPECT_ALLOWED(t1, "open", "0 /srv/one");
	EXPECT_EQ(0, rename("/srv/one.new", "/srv/one"));
	EXPECT_ALLOWED(t1, "open", "0 /srv/one");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 /srv/one");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/one1");
	unlink("/srv/one1");
}

/* SN_NAME_MAX bytes are compared; a longer name must not count as its own beginning. */
TEST(the_longest_name_of_a_single_file_is_not_its_beginning)
{
	char name[SN_NAME_MAX] = {}, path[128], longer[128];
	struct tenant *t;

	memset(name, 'n', SN_NAME_MAX - 1);
	snprintf(path, sizeof(path), "/srv/%s", name);
	snprintf(longer, sizeof(longer), "/srv/%sn", name);
	put_file(path);
	put_file(longer);
	t = tenant_start("t10", "--read-only", path, NULL);
	EXPECT_ALLOWED(t, "open", "0 %s", path);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 %s", longer);
	unlink(path);
	unlink(longer);
}

TEST(what_is_mounted_inside_is_refused)
{
	lay_out();
	if (mount("none", "/srv/t1/d", "tmpfs", 0, "mode=0777"))
		SKIP("tmpfs");
	put_file("/srv/t1/d/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1/d/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/srv/t1/d");
	umount("/srv/t1/d");
	EXPECT_ALLOWED(t1, "list", "/srv/t1/d");
}

/* Whatever is mounted: a directory or a file from elsewhere, or an overlay of the tenant's own. */
TEST(what_else_is_mounted_inside_is_refused_but_for_the_tenants_own)
{
	lay_out();
	put_dir("/srv/t1/upper");
	put_dir("/srv/t1/work");
	EXPECT_EQ(0, mount("/srv/t10", "/srv/t1/d", NULL, MS_BIND, NULL));
	EXPECT_EQ(0, mount("/srv/t10/f", "/srv/t1/f", NULL, MS_BIND, NULL));
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1/d/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "rename",
		       "0 /srv/t1/d/f\t/srv/t1/d/new");
	put_file("/srv/t10/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/t1/f");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CHMOD, SN_OUTSIDE, "chmod", "384 /srv/t1/f");
	umount("/srv/t1/f");
	umount("/srv/t1/d");
	EXPECT_EQ(0, mount("/srv/t1/upper", "/srv/t1/d", NULL, MS_BIND, NULL));
	EXPECT_ALLOWED(t1, "open", "%d /srv/t1/d/f", O_WRONLY | O_CREAT);
	umount("/srv/t1/d");
	if (mount("none", "/srv/t1/d", "overlay", 0,
		  "lowerdir=/srv/t10,upperdir=/srv/t1/upper,workdir=/srv/t1/work"))
		SKIP("overlay");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1/d/f");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/srv/t1/d");
	umount("/srv/t1/d");
}

/*
 * chdir(2) to the working directory itself may lead to another mount of it. Nothing more can be
 * reached from there, and the way up is judged as any other.
 */
TEST(another_mount_of_its_directory_leads_nowhere_else)
{
	struct tenant *t;

	lay_out();
	put_dir("/srv/t1-evil/up");
	put_file("/srv/t1-evil/f");
	put_dir("/srv/t10/again");
	mounted("/srv/t10", "/srv/t10/again", "bind", MS_BIND);
	mounted("/srv/t10", "/srv/t1-evil/up", "bind", MS_BIND);
	t = tenant_start("t10", NULL);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "enter", "/srv/t1-evil/up");
	EXPECT_ALLOWED(t, "enter", "/srv/t10/again");
	EXPECT_ALLOWED(t, "open", "0 f");
	EXPECT_ALLOWED(t, "open", "0 ../f"); /* from the mount, to where it hangs */
	EXPECT_EQ(-ENOENT, inside(t, "open", "0 ../../t1-evil/f"));
	EXPECT_EVENT(t, SN_OP_FS_LOOKUP, SN_OUTSIDE);
	EXPECT_EQ(-ENOENT, inside(t, "open", "0 ../../f"));
	EXPECT_EVENT(t, SN_OP_FS_OPEN, SN_OUTSIDE);
	EXPECT_ALLOWED(t, "enter", "..");
	EXPECT_ALLOWED(t, "open", "0 f");
	EXPECT_EQ(-EPERM, inside(t, "enter", ".."));
	EXPECT_EVENT(t, SN_OP_FS_CHDIR, SN_NEVER);
	EXPECT_EQ(-EPERM, inside(t, "enter", "d"));
	tenant_stop(t);
	umount("/srv/t1-evil/up");
	umount("/srv/t10/again");
}

/* A file system in a file, with quotas by project: whose id decides where a file is charged. */
static void project_quota_holds(const char *mkfs, const char *options)
{
	char command[512];
	struct tenant *t;

	snprintf(command, sizeof(command),
		 "modprobe loop && truncate -s 320M /srv/t10.img && %s /srv/t10.img >&2 && "
		 "mount -o loop,%s /srv/t10.img /srv/t1-evil >&2",
		 mkfs, options);
	if (system(command))
		SKIP(mkfs);
	give_to_t1("/srv/t1-evil");
	put_file("/srv/t1-evil/f");
	t = tenant_start("t1-evil", NULL);
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "set_project_by_ioctl",
		       "7 /srv/t1-evil/f");
	if (outside("set_project", "8 /srv/t1-evil/f") == -ENOSYS)
		EXPECT_EQ(-ENOSYS, inside(t, "set_project", "9 /srv/t1-evil/f"));
	else
		EXPECT_REFUSED(t, EPERM, SN_OP_FS_SETFLAGS, SN_NEVER, "set_project",
			       "9 /srv/t1-evil/f");
	tenant_stop(t);
	if (system("umount /srv/t1-evil && rm /srv/t10.img"))
		FAIL("cannot unmount");
}

TEST(a_tenant_does_not_leave_its_project_quota)
{
	project_quota_holds("mke2fs -q -t ext4 -O project,quota", "prjquota");
	project_quota_holds("mkfs.xfs -q -f", "prjquota");
}

TEST(links_that_were_there_before_the_tenant_lead_nowhere_else)
{
	struct tenant *t;

	lay_out();
	put_link("/srv/t1/f", "/srv/t10/hidden");
	put_link("/srv/f", "/srv/t10/beside");
	put_link("f", "/srv/t10/own");
	t = tenant_start("t10", NULL);
	EXPECT_ALLOWED(t, "open", "0 /srv/t10/own");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t10/hidden");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/t10/beside");
}

/* Whoever may write the directory that a link is in cannot give the tenant a file of that name. */
TEST(what_takes_the_place_of_a_link_on_the_way_is_not_read)
{
	struct tenant *t;

	put_file("/srv/ro/f");
	put_link("ro", "/srv/way");
	EXPECT_EQ(0, lchown("/srv/way", 0, 0));
	t = tenant_start("t10", "--read-only", "/srv/way/f", NULL);
	EXPECT_ALLOWED(t, "open", "0 /srv/way/f");
	EXPECT_ALLOWED(t, "readlink", "/srv/way");
	put_file("/srv/way.new");
	EXPECT_EQ(0, rename("/srv/way.new", "/srv/way"));
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/way");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 /srv/way");
	EXPECT_ALLOWED(t, "stat", "/srv/way");
	tenant_stop(t);
	unlink("/srv/way");
}

TEST(a_single_file_whose_name_is_too_long_is_no_rule)
{
	char path[128] = "/srv/";

	memset(path + 5, 'n', SN_NAME_MAX);
	put_file(path);
	setenv("LONG_NAME", path, 1);
	EXPECT_TRUE(system("safenode-attach --cgroup t10 --dir /srv/t10 --safe-mode "
			   "--read-only $LONG_NAME >&2"));
	unlink(path);
}

/* @dir: the tenant's; @beside: a file beside it. */
static void works_in(const char *dir, const char *beside)
{
	struct tenant *t;

	put_file(in(dir, "f"));
	put_file(beside);
	t = tenant_start("t10", "--dir", dir, NULL);
	EXPECT_ALLOWED(t, "open", "%d %s/f", O_RDWR, dir);
	EXPECT_ALLOWED(t, "open", "%d %s/g", O_WRONLY | O_CREAT, dir);
	EXPECT_ALLOWED(t, "rename", "0 %s/g\t%s/f", dir, dir);
	EXPECT_ALLOWED(t, "list", "%s", dir);
	EXPECT_ALLOWED(t, "mkdir", "493 %s/d", dir);
	EXPECT_ALLOWED(t, "tmpfile", "420 %s/d", dir);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 %s", beside);
	tenant_stop(t);
}

TEST(a_tenant_can_live_on_tmpfs_and_on_a_mount_point)
{
	lay_out();
	mounted("none", "/srv/t1-evil", "tmpfs", 0);
	put_dir("/srv/t1-evil/t");
	works_in("/srv/t1-evil/t", "/srv/t1-evil/f");
	works_in("/srv/t1-evil", "/srv/f");
	umount("/srv/t1-evil");
	put_dir("/srv/t10/d");
	mounted("/srv/t10/d", "/srv/t1-evil", "bind", MS_BIND);
	works_in("/srv/t1-evil", "/srv/f");
	umount("/srv/t1-evil");
}

/* The way to the directory is that of its path; where its mount comes from is no way to it. */
TEST(where_a_bind_mount_comes_from_stays_hidden)
{
	struct tenant *t;

	put_dir("/srv/t10/d");
	put_dir("/srv/t10/neighbour");
	mounted("/srv/t10/d", "/srv/t1-evil", "bind", MS_BIND);
	t = tenant_start("t1-evil", NULL);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "%d /srv/t10/neighbour",
		       O_PATH);
	EXPECT_EQ(-ENOENT, inside(t, "open", "%d /srv/t10/none", O_PATH));
	EXPECT_EQ(-ENOENT, inside(t, "mkdir", "/srv/t10/neighbour"));
	tenant_stop(t);
	umount("/srv/t1-evil");
}

TEST(a_directory_that_cannot_be_told_from_others_is_refused)
{
	put_dir("/srv/t10/upper");
	put_dir("/srv/t10/work");
	put_dir("/srv/t10/merged");
	if (mount("none", "/srv/t10/merged", "overlay", 0,
		  "lowerdir=/srv/t1-evil,upperdir=/srv/t10/upper,workdir=/srv/t10/work"))
		SKIP("overlay");
	EXPECT_EQ(0, chown("/srv/t10/merged", 2001, 2001));
	EXPECT_TRUE(system("safenode-attach --cgroup t10 --dir /srv/t10/merged --safe-mode >&2"));
	umount("/srv/t10/merged");
}

/* Level @level below @fd, which is closed: directories called d, and a file f at the end. */
static int descend(int fd, int levels, int keep)
{
	for (int i = 0; i < levels; i++) {
		int next = mkdirat(fd, "d", 0755) ? -1 : openat(fd, "d", O_RDONLY | O_DIRECTORY);

		close(fd);
		fd = next;
	}
	close(openat(fd, "f", O_WRONLY | O_CREAT, 0644));
	if (fd < 0 || fchmod(fd, 0777) || dup2(fd, keep) != keep)
		GIVE_UP("making the tree: %s", strerror(errno));
	return fd;
}

/* SN_WALK_MAX directories are climbed from the file: all of these, and the tenant's own. */
TEST(a_tree_deeper_than_the_longest_walk_is_refused_at_its_end)
{
	struct tenant *t;
	int fd;

	lay_out();
	mounted("none", "/srv/t1-evil", "tmpfs", 0);
	put_dir("/srv/t1-evil/t");
	fd = open("/srv/t1-evil/t", O_RDONLY | O_DIRECTORY);
	fd = descend(fd, SN_WALK_MAX - 1, 50);
	close(descend(fd, 1, 51));
	t = tenant_start("t10", "--dir", "/srv/t1-evil/t", "--keep-fd", "50", "--keep-fd", "51",
			 NULL);
	EXPECT_ALLOWED(t, "open", "0 /proc/self/fd/50/f");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /proc/self/fd/51/f");
	tenant_stop(t);
	close(50);
	close(51);
	EXPECT_EQ(0, umount("/srv/t1-evil"));
}

/* ---- directories that move and go ---- */

TEST(a_directory_is_the_tenants_wherever_it_is_renamed_to)
{
	lay_out();
	EXPECT_EQ(0, rename("/srv/t1", "/srv/renamed"));
	EXPECT_ALLOWED(t1, "open", "%d f", O_RDWR);
	EXPECT_ALLOWED(t1, "open", "%d /srv/renamed/f", O_RDWR);
	EXPECT_EQ(-ENOENT, inside(t1, "open", "0 /srv/t1/f"));
	EXPECT_EQ(0, rename("/srv/renamed", "/srv/t1"));
}

TEST(a_directory_that_the_operator_moves_out_is_outside_from_then_on)
{
	lay_out();
	put_file("/srv/t1/d/f");
	EXPECT_ALLOWED(t1, "hold", "%d /srv/t1/d", O_RDONLY | O_DIRECTORY);
	EXPECT_ALLOWED(t1, "held_openat", "0 f");
	EXPECT_EQ(0, rename("/srv/t1/d", "/srv/t10/moved"));
	EXPECT_EQ(-ENOENT, inside(t1, "held_openat", "0 f"));
	EXPECT_EVENT(t1, SN_OP_FS_LOOKUP, SN_OUTSIDE);
	EXPECT_EQ(-ENOENT, inside(t1, "held_openat", "0 .."));
	EXPECT_EVENT(t1, SN_OP_FS_LOOKUP, SN_OUTSIDE);
	EXPECT_EQ(-ENOENT, inside(t1, "held_stat", " "));
	EXPECT_EVENT(t1, SN_OP_FS_STAT, SN_OUTSIDE);
	EXPECT_EQ(0, outside("open", "0 /srv/t10/moved/f"));
	EXPECT_EQ(0, rename("/srv/t10/moved", "/srv/t1/d"));
	EXPECT_ALLOWED(t1, "held_openat", "0 f");
}

TEST(a_directory_made_anew_while_its_tenant_runs_is_a_stranger)
{
	struct tenant *t;

	put_dir("/srv/gone");
	put_file("/srv/gone/f");
	t = tenant_start("gone", NULL);
	EXPECT_ALLOWED(t, "open", "0 /srv/gone/f");
	unlink("/srv/gone/f");
	rmdir("/srv/gone");
	put_dir("/srv/gone");
	put_file("/srv/gone/f");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/gone/f");
	/* its working directory is the old one, in which the kernel makes nothing */
	EXPECT_EQ(-ENOENT, inside(t, "open", "%d new", O_WRONLY | O_CREAT));
	EXPECT_ALLOWED(t, "stat", ".");
	unlink("/srv/gone/f");
	rmdir("/srv/gone");
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		GIVE_UP("stat %s: %s", path, strerror(errno));
	return st.st_ino;
}

/* No process holds the directory here, so its inode number is free for the next one. */
TEST(a_stranger_with_the_directorys_inode_number_is_a_stranger)
{
	struct tenant t = { .name = "gone" };
	bool again = false;
	ino_t ino;

	put_dir("/srv/gone");
	put_file("/srv/gone/f");
	if (system("safenode-attach --cgroup gone --dir /srv/gone --safe-mode >&2"))
		GIVE_UP("safenode-attach failed");
	snprintf(t.cgroup, sizeof(t.cgroup), "%.*s/gone",
		 (int)(strrchr(t1->cgroup, '/') - t1->cgroup), t1->cgroup);
	if (sn_cgroup_id(t.cgroup, &t.id, NULL))
		GIVE_UP("no cgroup %s", t.cgroup);
	EXPECT_EQ(0, moved_into(&t, t.cgroup, "open", "0 /srv/gone/f"));
	ino = inode_of("/srv/gone");
	unlink("/srv/gone/f");
	for (int i = 0; i < 100 && !again; i++) {
		rmdir("/srv/gone");
		put_dir("/srv/gone");
		again = inode_of("/srv/gone") == ino;
	}
	put_file("/srv/gone/f");
	EXPECT_EQ(-ENOENT, moved_into(&t, t.cgroup, "open", "0 /srv/gone/f"));
	EXPECT_EVENT(&t, SN_OP_FS_LOOKUP, SN_OUTSIDE);
	EXPECT_EQ(0, outside("open", "0 /srv/gone/f"));
	unlink("/srv/gone/f");
	rmdir("/srv/gone");
	EXPECT_EQ(0, system("safenode-detach --cgroup gone >&2"));
	if (!again)
		SKIP("a file system that uses an inode number again");
}

/* ---- cgroups ---- */

TEST(a_process_without_policy_is_refused_everything)
{
	struct tenant nobody = { .name = "nobody" };
	char cgroup[PATH_MAX + 16];

	lay_out();
	snprintf(cgroup, sizeof(cgroup), "%.*s/nobody",
		 (int)(strrchr(t1->cgroup, '/') - t1->cgroup), t1->cgroup);
	if (mkdir(cgroup, 0755))
		GIVE_UP("mkdir %s: %s", cgroup, strerror(errno));
	EXPECT_EQ(-ENOENT, moved_into(&nobody, cgroup, "open", "0 /srv/t1/f"));
	EXPECT_EVENT(&nobody, SN_OP_FS_LOOKUP, SN_NO_POLICY);
	EXPECT_EQ(-ENOENT, moved_into(&nobody, cgroup, "open", "0 f"));
	EXPECT_EVENT(&nobody, SN_OP_FS_LOOKUP, SN_NO_POLICY);
	EXPECT_EQ(-ENOENT, moved_into(&nobody, cgroup, "stat", "/"));
	EXPECT_EVENT(&nobody, SN_OP_FS_STAT, SN_NO_POLICY);
	EXPECT_EQ(-ENOENT, moved_into(&nobody, cgroup, "read_byte", "/dev/null"));
	EXPECT_EVENT(&nobody, SN_OP_FS_LOOKUP, SN_NO_POLICY);
	EXPECT_EQ(-ENOENT, moved_into(&nobody, cgroup, "list", "/"));
	EXPECT_EVENT(&nobody, SN_OP_FS_OPEN, SN_NO_POLICY);
	EXPECT_EQ(0, outside("open", "0 /srv/t1/f"));
	rmdir(cgroup);
}

/* Nothing is ever started there, and it is a cgroup without a policy like any below it. */
TEST(a_process_in_the_parent_cgroup_itself_is_refused_everything)
{
	struct tenant nobody = { .name = "nobody" };
	char parent[PATH_MAX];

	lay_out();
	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(t1->cgroup, '/') - t1->cgroup),
		 t1->cgroup);
	EXPECT_EQ(-ENOENT, moved_into(&nobody, parent, "open", "0 /srv/t1/f"));
	EXPECT_EVENT(&nobody, SN_OP_FS_LOOKUP, SN_NO_POLICY);
	EXPECT_EQ(-ENOENT, moved_into(&nobody, parent, "list", "/"));
	EXPECT_EVENT(&nobody, SN_OP_FS_OPEN, SN_NO_POLICY);
	EXPECT_EQ(0, outside("open", "0 /srv/t1/f"));
}

static void move_tenant(const struct tenant *t, const char *cgroup)
{
	char number[16];
	int ret;

	snprintf(number, sizeof(number), "%d", t->pid);
	ret = sn_cgroup_write(cgroup, "cgroup.procs", number);
	if (ret)
		GIVE_UP("%s/cgroup.procs: %s", cgroup, strerror(-ret));
}

TEST(a_child_cgroup_is_still_the_tenant)
{
	char child[PATH_MAX + 16];

	lay_out();
	snprintf(child, sizeof(child), "%s/child", t1->cgroup);
	if (mkdir(child, 0755))
		GIVE_UP("mkdir %s: %s", child, strerror(errno));
	move_tenant(t1, child);
	EXPECT_ALLOWED(t1, "open", "%d /srv/t1/f", O_RDWR);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t10/f");
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CHMOD, SN_OUTSIDE, "chmod", "416 /srv/f");
	move_tenant(t1, t1->cgroup);
	EXPECT_EQ(0, rmdir(child));
}

TEST(a_tenant_cannot_leave_its_cgroup)
{
	char procs[PATH_MAX + 32];

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", t1->cgroup);
	EXPECT_EQ(0, chown(procs, 2001, 2001));
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 %s", procs);
	EXPECT_EQ(0, chown(t1->cgroup, 2001, 2001));
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_MKDIR, SN_READ_ONLY, "mkdir", "493 %s/child",
		       t1->cgroup);
	snprintf(procs, sizeof(procs), "%s/child", t1->cgroup);
	rmdir(procs);
}

/* ---- reports ---- */

TEST(a_denial_is_reported_with_tenant_process_and_path)
{
	char line[SN_LOGLINE_MAX];

	lay_out();
	put_file("/srv/a \"b\"\n\xff");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/a \"b\"\n\xff");
	EXPECT_EQ(t1->pid, t1->event.pid);
	EXPECT_EQ(t1->pid, t1->event.tid);
	EXPECT_TRUE(!strcmp("t1", t1->event.tenant));
	EXPECT_TRUE(!strncmp("fs_operator_test", t1->event.comm, 15));
	sn_logline(&t1->event, line, sizeof(line));
	EXPECT_TRUE(strstr(line, " op=fs.open why=outside error=ENOENT path=\"/srv/a \\x22b\\x22"
				 "\\x0a\\xff\""));
	unlink("/srv/a \"b\"\n\xff");
	/* a hidden directory is what was asked for, not what may be in it */
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t10/f");
	sn_logline(&t1->event, line, sizeof(line));
	EXPECT_TRUE(strstr(line, " path=\"/srv/t10\""));
}

TEST(a_flood_is_refused_and_counted_but_not_reported_in_full)
{
	struct sn_counters before = tenant_counters(t1), now;
	const int times = 4 * SN_EVENTS_RATE;

	lay_out();
	EXPECT_EQ(-ENOENT, inside(t1, "open_often", "%d /srv/f", times));
	EXPECT_EVENT(t1, SN_OP_FS_OPEN, SN_OUTSIDE);
	now = tenant_counters(t1);
	EXPECT_EQ(times, now.denied[SN_OP_FS_OPEN] - before.denied[SN_OP_FS_OPEN]);
	EXPECT_TRUE(now.suppressed > before.suppressed || now.lost > before.lost);
	EXPECT_EQ(0, outside("open_often", "%d /srv/f", times));
	/* the next second is a new one */
	sleep(2);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/f");
}

TEST(with_log_granted_what_is_granted_is_reported)
{
	struct tenant *t = tenant_start("t10", "--log-granted", NULL);
	bool seen = false;

	lay_out();
	EXPECT_ALLOWED(t, "open", "0 /srv/t10/f");
	for (int i = 0; i < t->nr_seen; i++)
		seen |= t->seen[i].op == SN_OP_FS_OPEN && t->seen[i].why == SN_ALLOWED &&
			!t->seen[i].error;
	EXPECT_TRUE(seen);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/f");
}
