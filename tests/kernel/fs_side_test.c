// SPDX-License-Identifier: GPL-2.0-only
/* bpf/fs.bpf.c: set-id bits, devices, /proc, ioctl, fcntl, and descriptors handed over. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <time.h>

#include "fs_places.h"
#include "joined.h"

static struct tenant *t1;

SETUP()
{
	give_to_t1("/srv");
	put_dir("/srv/ro");
	put_dir("/srv/rw");
	t1 = tenant_start("t1", "--read-write", "/srv/rw", NULL);
}

/* ---- set-id bits, devices, attributes that give privileges ---- */

TEST(set_id_bits_cannot_be_set)
{
	lay_out();
	EXPECT_ALLOWED(t1, "chmod", "%d /srv/t1/d", 01755);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHMOD, SN_NEVER, "chmod", "%d /srv/t1/f", 02745);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHMOD, SN_NEVER, "chmod", "%d /srv/t1/f", 04755);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHMOD, SN_NEVER, "chmod", "%d /srv/t1/d", 02755);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHMOD, SN_NEVER, "chmod", "%d /srv/rw/f", 06777);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHMOD, SN_NEVER, "fchmod", "%d /srv/t1/f", 04644);
	if (outside("fchmodat2", "%d /srv/t1/f", 0755) == -ENOSYS)
		return; /* a kernel before 6.6 */
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHMOD, SN_NEVER, "fchmodat2", "%d /srv/t1/f", 04755);
}

static void create_with_mode(enum sn_op op, const char *probe, int flags, int plain, int bad)
{
	lay_out();
	EXPECT_ALLOWED(t1, probe, "%d %d /srv/t1/new", flags, plain);
	lay_out();
	EXPECT_REFUSED(t1, EPERM, op, SN_NEVER, probe, "%d %d /srv/t1/new", flags, bad);
	EXPECT_EQ(0, access("/srv/t1/new", F_OK)); /* by the control */
}

TEST(files_cannot_be_created_with_set_id_bits)
{
	create_with_mode(SN_OP_FS_CREATE, "open_mode", O_WRONLY | O_CREAT, 0755, 04755);
	create_with_mode(SN_OP_FS_CREATE, "open_mode", O_RDONLY | O_CREAT | O_EXCL, 0755, 02755);
	lay_out();
	EXPECT_ALLOWED(t1, "mknod", "%d 0 /srv/t1/new", S_IFREG | 0755);
	lay_out();
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CREATE, SN_NEVER, "mknod", "%d 0 /srv/t1/new",
		       S_IFREG | 04755);
	EXPECT_ALLOWED(t1, "tmpfile", "%d /srv/t1", 0755);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_OPEN_WRITE, SN_NEVER, "tmpfile", "%d /srv/t1", 04755);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_OPEN_WRITE, SN_NEVER, "tmpfile", "%d /srv/t1", 02755);
}

/* Otherwise a tenant could replace the contents of another user's program. */
TEST(an_acl_does_not_make_a_setgid_program)
{
	lay_out();
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CREATE, SN_NEVER, "setgid_by_acl", "%d /srv/t1/new",
		       O_RDWR | O_CREAT | O_EXCL);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_OPEN_WRITE, SN_NEVER, "setgid_by_acl", "%d /srv/t1",
		       O_RDWR | O_TMPFILE);
}

TEST(a_set_id_file_that_the_operator_made_cannot_be_written)
{
	lay_out();
	EXPECT_EQ(0, chmod("/srv/t1/f", 04755));
	EXPECT_ALLOWED(t1, "open", "%d /srv/t1/f", O_RDONLY);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_OPEN_WRITE, SN_NEVER, "open", "%d /srv/t1/f", O_RDWR);
}

/* Of the nodes that need no capability: a socket, and the whiteout device 0:0. */
TEST(nodes_other_than_files_and_pipes_cannot_be_made)
{
	lay_out();
	EXPECT_ALLOWED(t1, "mknod", "%d 0 /srv/t1/new", S_IFIFO | 0600);
	lay_out();
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CREATE, SN_NEVER, "mknod", "%d 0 /srv/t1/new",
		       S_IFSOCK | 0600);
	lay_out();
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CREATE, SN_NEVER, "mknod", "%d 0 /srv/t1/new",
		       S_IFCHR | 0600);
}

/* It leaves a whiteout device behind. */
TEST(renaming_makes_no_device)
{
	lay_out();
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_RENAME, SN_NEVER, "rename", "%d /srv/t1/f\t/srv/t1/new",
		       RENAME_WHITEOUT);
}

TEST(the_five_devices_work)
{
	static const char *const both[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/urandom",
					    "/dev/random" };

	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++) {
		EXPECT_ALLOWED(t1, "open", "%d %s", O_RDWR, both[i]);
		EXPECT_ALLOWED(t1, "stat", "%s", both[i]);
		EXPECT_ALLOWED(t1, "access", "%d %s", R_OK | W_OK, both[i]);
		EXPECT_ALLOWED(t1, "read_byte", "%s", both[i]);
	}
	EXPECT_ALLOWED(t1, "write_byte", "/dev/null");
	EXPECT_EQ(-ENOSPC, inside(t1, "write_byte", "/dev/full"));
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/dev");
}

TEST(a_device_in_the_tenants_directory_is_none_of_its_files)
{
	const char *disk = "/srv/t1/disk", *kmsg = "/srv/t1/kmsg", *null = "/srv/t1/null";
	struct stat vda;

	if (stat("/dev/vda", &vda))
		SKIP("/dev/vda");
	put_device(null, S_IFCHR, makedev(1, 3));
	put_device(kmsg, S_IFCHR, makedev(1, 11));
	put_device(disk, S_IFBLK, vda.st_rdev);
	EXPECT_ALLOWED(t1, "open", "%d %s", O_RDWR, null);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "%d %s", O_RDONLY, disk);
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open", "%d %s", O_WRONLY,
		       kmsg);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", "%s", disk);
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_CHMOD, SN_OUTSIDE, "chmod", "438 %s", kmsg);
	EXPECT_ALLOWED(t1, "unlink", "%s", kmsg);
}

static void belongs_to_root(const char *path)
{
	if (lchown(path, 0, 0))
		GIVE_UP("chown %s: %s", path, strerror(errno));
}

TEST(root_in_a_tenant_reaches_no_devices)
{
	unsigned int vda = makedev(254, 0), kmsg = makedev(1, 11);

	lay_out();
	belongs_to_root("/srv/t1");
	EXPECT_ROOT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "%d /dev/vda", O_RDONLY);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open", "%d /dev/kmsg",
			    O_WRONLY);
	EXPECT_ROOT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "%d /dev/mem", O_RDONLY);
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_FS_CREATE, SN_NEVER, "mknod", "%d %u /srv/t1/new",
			    S_IFBLK | 0600, vda);
	unlink("/srv/t1/new");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_FS_CREATE, SN_NEVER, "mknod", "%d %u /srv/t1/new",
			    S_IFCHR | 0600, kmsg);
	unlink("/srv/t1/new");
	EXPECT_EQ(0, JOINED(t1, "mknod", "%d 0 /srv/t1/new", S_IFIFO | 0600));
}

/*
 * Kernels differ in what they ask first: the BPF programs, or for CAP_SYS_ADMIN
 * (security/security.c security_inode_setxattr), which is refused as well.
 */
static void security_refused(const char *probe)
{
	struct sn_counters before = tenant_counters(t1), after;

	EXPECT_EQ(-EPERM, JOINED(t1, probe, "security.sn\t/srv/t1/f"));
	after = tenant_counters(t1);
	EXPECT_TRUE(after.denied[SN_OP_FS_SETXATTR] > before.denied[SN_OP_FS_SETXATTR] ||
		    after.denied[SN_OP_TASK_CAPABLE] > before.denied[SN_OP_TASK_CAPABLE]);
	EXPECT_EQ(0, ROOT_OUTSIDE(probe, "security.sn\t/srv/t1/f"));
}

TEST(attributes_that_lend_powers_cannot_be_set)
{
	lay_out();
	belongs_to_root("/srv/t1/f");
	EXPECT_EQ(0, JOINED(t1, "setxattr", "user.y\t/srv/t1/f"));
	security_refused("setxattr");
	security_refused("removexattr");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_CAPABLE, SN_NEVER, "setxattr",
			    "trusted.sn\t/srv/t1/f");
}

TEST(files_cannot_be_opened_by_handle)
{
	lay_out();
	EXPECT_ALLOWED(t1, "handle", "/srv/t1/f");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_CAPABLE, SN_NEVER, "open_by_handle", "/srv/t1/f");
}

/* ---- /proc ---- */

TEST(own_process_files_can_be_read)
{
	static const char *const files[] = { "status",	"maps",	   "stat",     "statm", "smaps",
					     "cmdline", "environ", "auxv",     "comm",	"limits",
					     "io",	"cgroup",  "mountinfo" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		EXPECT_ALLOWED(t1, "read_byte", "/proc/self/%s", files[i]);
	EXPECT_ALLOWED(t1, "read_byte", "/proc/thread-self/status");
	EXPECT_ALLOWED(t1, "list", "/proc/self");
	EXPECT_ALLOWED(t1, "list", "/proc/self/fd");
	EXPECT_ALLOWED(t1, "list", "/proc/self/task");
	EXPECT_ALLOWED(t1, "readlink", "/proc/self");
	EXPECT_ALLOWED(t1, "readlink", "/proc/self/exe");
	EXPECT_ALLOWED(t1, "readlink", "/proc/self/cwd");
	EXPECT_ALLOWED(t1, "stat", "/proc/self/status");
	EXPECT_ALLOWED(t1, "access", "%d /proc/self/maps", R_OK);
	EXPECT_ALLOWED(t1, "read_byte", "/proc/%d/status", t1->pid);
	EXPECT_ALLOWED(t1, "read_byte", "/proc/self/task/%d/status", t1->pid);
}

TEST(own_process_files_cannot_be_written)
{
	static const char *const files[] = { "comm", "oom_score_adj", "coredump_filter",
					     "clear_refs" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open",
			       "%d /proc/self/%s", O_WRONLY, files[i]);
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open",
		       "%d /proc/thread-self/comm", O_RDWR);
}

/* The other names of own descriptors, root and directory. */
TEST(names_of_own_descriptors_lead_to_what_was_granted)
{
	int fd;
	struct tenant *t;

	lay_out();
	fd = open("/srv/f", O_RDONLY);
	if (fd < 0 || dup2(fd, 50) != 50)
		GIVE_UP("/srv/f: %s", strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", NULL);
	EXPECT_ALLOWED(t, "stat", "/dev/stdin");
	EXPECT_ALLOWED(t, "stat", "/dev/fd/1");
	EXPECT_ALLOWED(t, "open", "%d /proc/self/task/%d/cwd/f", O_RDWR, t->pid);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /dev/fd/50");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 /dev/fd/50");
	EXPECT_EQ(-ENOENT, inside(t, "open", "0 /proc/self/task/%d/fd/50", t->pid));
	EXPECT_EVENT(t, SN_OP_FS_OPEN, SN_OUTSIDE);
	EXPECT_EQ(-ENOENT, inside(t, "open", "0 /proc/self/task/%d/root/srv/f", t->pid));
	EXPECT_EVENT(t, SN_OP_FS_OPEN, SN_OUTSIDE);
	EXPECT_EQ(-ENOENT, inside(t, "open", "0 /proc/self/task/%d/cwd/../t1/f", t->pid));
	EXPECT_EVENT(t, SN_OP_FS_LOOKUP, SN_OUTSIDE);
}

/*
 * Linux gives some numbers that are no descriptors a meaning, such as the roots of pidfs and nsfs.
 * The working directory may become an empty one by them, so this counts what is reached from it.
 */
PROBE(special_descriptors) /* FIRST LAST */
{
	static const char *const names[] = { "f", "../f", "srv/f", "../../srv/f" };
	long first = number(&arg), last = number(&arg), reached = 0;

	for (long fd = first; fd <= last; fd++) {
		for (int i = 0; i < 4; i++)
			reached += !opened(openat(fd, names[i], O_RDONLY | O_CLOEXEC));
		if (fd == AT_FDCWD || fchdir(fd))
			continue;
		for (int i = 0; i < 4; i++)
			reached += !opened(open(names[i], O_RDONLY | O_CLOEXEC));
	}
	return reached;
}

TEST(numbers_that_are_no_descriptors_lead_nowhere)
{
	struct tenant *t;

	lay_out();
	t = tenant_start("t10", NULL);
	EXPECT_EQ(1, inside(t, "special_descriptors", "%d %d", AT_FDCWD, AT_FDCWD));
	EXPECT_EQ(3, outside("special_descriptors", "%d %d", AT_FDCWD, AT_FDCWD));
	EXPECT_EQ(0, inside(t, "special_descriptors", "-10300 -9900"));
	EXPECT_EQ(0, inside(t, "special_descriptors", "-300 -101"));
	EXPECT_EQ(0, inside(t, "special_descriptors", "-99 -1"));
}

TEST(own_memory_is_no_file)
{
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "%d /proc/self/mem",
		       O_RDONLY);
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open", "%d /proc/self/mem",
		       O_RDWR);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "%d /proc/thread-self/mem",
		       O_RDONLY);
}

/* Another process of the same user, unconfined; it ends with its parent's pipe. */
static pid_t start_neighbour(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		GIVE_UP("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		if (setresgid(2001, 2001, 2001) || setresuid(2001, 2001, 2001) ||
		    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL))
			_exit(1);
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	if (read(ready[0], &byte, 1) != 1)
		GIVE_UP("no neighbour");
	return pid;
}

TEST(other_processes_are_missing)
{
	pid_t pid = start_neighbour();

	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "read_byte", "/proc/1/status");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", "/proc/1");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", "/proc/%d", pid);
	EXPECT_EQ(-ENOENT, inside(t1, "stat", "/proc/4194303"));
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_ACCESS, SN_OUTSIDE, "access", "0 /proc/%d", pid);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "read_byte", "/proc/%d/environ",
		       pid);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "2 /proc/%d/mem", pid);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "list", "/proc/%d/fd", pid);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "read_byte",
		       "/proc/%d/root/etc/passwd", pid);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "readlink", "/proc/%d/cwd", pid);
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "list", "/proc");
	kill(pid, SIGKILL);
}

TEST(the_rest_of_proc_is_missing)
{
	static const char *const hidden_ones[] = {
		"/proc/net/tcp",
		"/proc/self/net/tcp",
		"/proc/thread-self/net/tcp",
		"/proc/self/task/../net/unix",
		"/proc/sys/kernel/ostype",
	};
	static const char *const beside[] = { "/proc/filesystems", "/proc/cmdline", "/proc/modules",
					      "/proc/self/root/etc/passwd", "/proc/self/ns/net" };

	EXPECT_ALLOWED(t1, "read_byte", "/proc/meminfo");
	EXPECT_ALLOWED(t1, "read_byte", "/proc/cpuinfo");
	for (size_t i = 0; i < sizeof(hidden_ones) / sizeof(*hidden_ones); i++)
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 %s",
			       hidden_ones[i]);
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 %s", beside[i]);
}

/* ---- ioctl and fcntl ---- */

TEST(few_ioctls_are_granted)
{
	lay_out();
	EXPECT_ALLOWED(t1, "ioctl", "%u /srv/t1/f", (unsigned int)FIONREAD);
	EXPECT_ALLOWED(t1, "ioctl", "%u /srv/t1/f", (unsigned int)FIONBIO);
	EXPECT_ALLOWED(t1, "ioctl", "%u /srv/t1/f", (unsigned int)FIOCLEX);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ioctl", "%u /srv/t1/f",
		       (unsigned int)FS_IOC_GETFLAGS);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ioctl", "%u /srv/t1/f",
		       (unsigned int)FS_IOC_SETFLAGS);
	EXPECT_EQ(t1->event.number, (unsigned int)FS_IOC_SETFLAGS);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ioctl", "%u /srv/t1/p",
		       (unsigned int)FIOASYNC);
}

#ifdef __x86_64__
TEST(ioctls_of_32_bit_programs_are_the_same)
{
	lay_out();
	EXPECT_ALLOWED(t1, "ioctl_32bit", "%u /srv/t1/f", (unsigned int)FIONREAD);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ioctl_32bit", "%u /srv/t1/f",
		       (unsigned int)FS_IOC32_GETFLAGS);
}
#endif

static int open_terminal(char *name, size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	FILE *legacy = fopen("/proc/sys/dev/tty/legacy_tiocsti", "w");

	if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, name, size))
		SKIP("a pseudo-terminal");
	/* since 6.2 it can be switched off for all */
	if (legacy && (fputs("1\n", legacy) < 0 || fclose(legacy)))
		GIVE_UP("legacy_tiocsti: %s", strerror(errno));
	return fd;
}

TEST(a_terminal_that_was_handed_over_cannot_be_typed_into)
{
	unsigned long tiocsti = TIOCSTI;
	struct tenant *t;
	char name[64];
	int slave;

	open_terminal(name, sizeof(name));
	slave = open(name, O_RDWR | O_NOCTTY);
	if (slave < 0 || dup2(slave, 50) != 50)
		GIVE_UP("%s: %s", name, strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", NULL);
	EXPECT_ALLOWED(t, "ioctl_fd", "%u 50", TCGETS);
	EXPECT_ALLOWED(t, "ioctl_fd", "%u 50", TIOCGWINSZ);
	EXPECT_ALLOWED(t, "given", "fstat 50");
	EXPECT_ALLOWED(t, "given", "write 50");
	EXPECT_EQ(-EPERM, inside(t, "ioctl_fd", "%u 50", TIOCSCTTY));
	EXPECT_EVENT(t, SN_OP_FS_IOCTL, SN_NEVER);
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "tiocsti", "%lu 50", tiocsti);
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "tiocsti", "%lu 50",
		       tiocsti | 1UL << 32);
}

TEST(descriptors_cannot_be_made_to_signal)
{
	lay_out();
	EXPECT_ALLOWED(t1, "fcntl", "%d %d /srv/t1/f", F_SETFL, O_NONBLOCK | O_APPEND);
	EXPECT_ALLOWED(t1, "fcntl", "%d 0 /srv/t1/f", F_GETFL);
	EXPECT_ALLOWED(t1, "fcntl", "%d 60 /srv/t1/f", F_DUPFD_CLOEXEC);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "fcntl", "%d -1 /srv/t1/f", F_SETOWN);
	EXPECT_EQ(F_SETOWN, t1->event.number);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "setown_ex", "/srv/t1/f");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "fcntl", "%d %d /srv/t1/f", F_SETSIG,
		       SIGUSR1);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "fcntl", "%d %d /srv/t1/f", F_SETLEASE,
		       F_RDLCK);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "fcntl", "%d %d /srv/t1/d", F_NOTIFY,
		       DN_CREATE);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "fcntl", "%d %d /srv/t1/f", F_SETFL,
		       O_ASYNC);
}

/* It delays every process that changes the directory or opens the file, by 45 seconds each time. */
TEST(a_delegation_cannot_make_others_wait)
{
	lay_out();
	/* since Linux 6.19; before, only the refusal itself can be seen */
	if (outside("delegate", "/srv/t1/d") == -EINVAL) {
		EXPECT_EQ(-EPERM, inside(t1, "delegate", "/srv/t1/d"));
		EXPECT_EVENT(t1, SN_OP_FS_FCNTL, SN_NEVER);
		return;
	}
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "delegate", "/srv/t1/d");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "delegate", "/srv/t1/f");
}

/* ---- what was handed over ---- */

static void given_at(struct tenant *t, int error, enum sn_op op, enum sn_why why, const char *what,
		     int fd)
{
	EXPECT_REFUSED(t, error, op, why, "given", "%s %d", what, fd);
}

static void given(struct tenant *t, int error, enum sn_op op, const char *what)
{
	given_at(t, error, op, op == SN_OP_FS_OPEN ? SN_OUTSIDE : SN_READ_ONLY, what, 50);
}

/* A tenant that has @path as descriptor 50, for appending. */
static struct tenant *with_log(const char *path)
{
	int fd;

	lay_out();
	fd = open(path, O_RDWR | O_APPEND);
	if (fd < 0 || dup2(fd, 50) != 50)
		GIVE_UP("%s: %s", path, strerror(errno));
	return tenant_start("t10", "--keep-fd", "50", NULL);
}

/* Several tenants may share it, and none may rewrite what others have written. */
TEST(a_log_that_was_handed_over_is_only_appended_to)
{
	struct tenant *t = with_log("/srv/f");

	EXPECT_ALLOWED(t, "given", "append 50");
	EXPECT_ALLOWED(t, "given", "map_private 50");
	given(t, EACCES, SN_OP_FS_MMAP, "map_write");
	/* mprotect() would make it writable: the kernel has looked at the descriptor once */
	given(t, EACCES, SN_OP_FS_MMAP, "map_read");
	given(t, EACCES, SN_OP_FS_MMAP, "map_validate");
	/* the server's lock is the description's, which both have */
	EXPECT_EQ(0, flock(50, LOCK_EX));
	given(t, EACCES, SN_OP_FS_LOCK, "unlock");
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "given", "overwrite 50");
}

/* Its own log may be mapped: it could open it without O_APPEND as well. */
TEST(a_log_of_its_own_may_be_mapped)
{
	struct tenant *t = with_log("/srv/t10/f");

	EXPECT_ALLOWED(t, "given", "map_write 50");
}

/* No hook is asked but file_permission, which every write on the machine passes: chattr +a helps.
 */
TEST(a_log_that_was_handed_over_can_be_rewritten_where_no_hook_is_asked)
{
	static const char *const ways[] = { "zero", "punch", "rewrite" };
	int append = FS_APPEND_FL, none = 0;
	struct tenant *t = with_log("/srv/f");

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		long control = outside("given", "%s 50", ways[i]);

		EXPECT_EQ(control, inside(t, "given", "%s 50", ways[i]));
		EXPECT_TRUE(control >= 0 || control == -EOPNOTSUPP); /* RWF_NOAPPEND: 6.9 */
	}
	EXPECT_EQ(0, ioctl(50, FS_IOC_SETFLAGS, &append));
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		EXPECT_TRUE(inside(t, "given", "%s 50", ways[i]) < 0);
	EXPECT_EQ(0, ioctl(50, FS_IOC_SETFLAGS, &none));
}

/* Libraries set the size of a memfd. Another process that has it mapped dies when it shrinks.
 */
TEST(a_memfd_has_attributes_and_a_size)
{
	struct tenant *t;
	int fd = memfd_create("handed-over", MFD_CLOEXEC), readable;
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	readable = open(self, O_RDONLY);
	if (fd < 0 || readable < 0 || fchmod(fd, 0666) || dup2(fd, 50) != 50 ||
	    dup2(readable, 51) != 51)
		GIVE_UP("memfd: %s", strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", "--keep-fd", "51", NULL);
	EXPECT_ALLOWED(t, "given", "fstat 50");
	EXPECT_ALLOWED(t, "given", "fstat 51");
	EXPECT_ALLOWED(t, "size_memfd", "%s", "");
	given_at(t, EACCES, SN_OP_FS_TRUNCATE, SN_READ_ONLY, "ftruncate", 50);
	EXPECT_ALLOWED(t, "given", "map_write 50");
	/* what was handed over for reading stays so */
	EXPECT_EQ(-EINVAL, inside(t, "given", "ftruncate 51"));
	given_at(t, EACCES, SN_OP_FS_TRUNCATE, SN_READ_ONLY, "truncate", 51);
	given_at(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "reopen_write", 51);
	given_at(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "reopen_read", 51);
	EXPECT_EQ(-EACCES, inside(t, "given", "fchmod 50"));
	EXPECT_EVENT(t, SN_OP_FS_CHMOD, SN_READ_ONLY);
}

/* Shared with the server: packets cut what it reads, a size is charged to it. */
TEST(what_both_ends_of_a_pipe_or_all_of_a_memfd_have_cannot_be_changed)
{
	int ends[2], fd = memfd_create("handed-over", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct tenant *t;

	if (fd < 0 || pipe(ends) || dup2(ends[1], 50) != 50 || dup2(fd, 51) != 51)
		GIVE_UP("pipe: %s", strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", "--keep-fd", "51", NULL);
	EXPECT_ALLOWED(t, "given", "write 50");
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "given", "resize 50");
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "given", "packets 50");
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_FCNTL, SN_NEVER, "given", "seal 51");
}

TEST(a_file_outside_that_was_handed_over_is_used_and_nothing_more)
{
	static const char *const granted[] = { "fstat", "write", "read" };
	struct tenant *t;
	int fd;

	lay_out();
	fd = open("/srv/f", O_RDWR);
	if (fd < 0 || dup2(fd, 50) != 50)
		GIVE_UP("/srv/f: %s", strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", NULL);
	for (int i = 0; i < 3; i++)
		EXPECT_ALLOWED(t, "given", "%s 50", granted[i]);
	given(t, EACCES, SN_OP_FS_CHMOD, "fchmod");
	given(t, EACCES, SN_OP_FS_TRUNCATE, "ftruncate");
	given(t, EACCES, SN_OP_FS_UTIMES, "futimens");
	given(t, EACCES, SN_OP_FS_SETXATTR, "fsetxattr");
	given(t, EACCES, SN_OP_FS_OPEN_WRITE, "reopen_write");
	given(t, ENOENT, SN_OP_FS_OPEN, "reopen_read");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "0 /srv/f");
}

TEST(standard_error_that_is_a_file_outside_can_be_written)
{
	int saved = dup(2), fd;
	struct tenant *t;

	lay_out();
	fd = open("/srv/f", O_WRONLY | O_APPEND);
	if (saved < 0 || fd < 0 || dup2(fd, 2) != 2)
		GIVE_UP("/srv/f: %s", strerror(errno));
	t = tenant_start("t10", NULL);
	dup2(saved, 2);
	EXPECT_ALLOWED(t, "given", "fstat 2");
	EXPECT_ALLOWED(t, "given", "write 2");
	EXPECT_EQ(-EACCES, inside(t, "given", "ftruncate 2"));
	EXPECT_EVENT(t, SN_OP_FS_TRUNCATE, SN_READ_ONLY);
	dup2(fd, 2);
	EXPECT_EQ(0, outside("given", "ftruncate 2"));
	dup2(saved, 2);
}

/* Leaves descriptor 50 on the directory at depth @from of a tree that is @to deep. */
static void dig(const char *top, int from, int to)
{
	int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < to; i++) {
		int next;

		if (i == from && dup2(dir, 50) != 50)
			GIVE_UP("descriptor 50: %s", strerror(errno));
		if (mkdirat(dir, "a", 0755) && errno != EEXIST)
			GIVE_UP("mkdir: %s", strerror(errno));
		next = openat(dir, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			GIVE_UP("open: %s", strerror(errno));
		close(dir);
		dir = next;
	}
	close(dir);
}

PROBE(stat_below_50) /* NAMES: how many milliseconds it takes */
{
	struct timespec before, after;
	char path[PATH_MAX] = "a";
	long names = number(&arg);
	struct stat st;

	for (long i = 1; i < names; i++)
		memcpy(path + 2 * i - 1, "/a", 3);
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (fstatat(50, path, &st, 0))
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &after);
	return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
}

/* A path walk cannot be interrupted: what every step of it costs must not grow with the depth. */
TEST(a_long_path_deep_down_does_not_hold_the_processor)
{
	struct tenant *t;
	long ms;

	dig("/srv/t10", 3500, 4000); /* within SN_WALK_MAX */
	t = tenant_start("t10", "--keep-fd", "50", NULL);
	ms = inside(t, "stat_below_50", "%d", 400);
	EXPECT_TRUE(ms >= 0);
	if (ms > 10000) /* where every step grew with the depth it was a minute and more */
		FAIL("%ld ms for one stat()", ms);
	if (system("rm -rf /srv/t10/a"))
		FAIL("/srv/t10/a is left");
}

/* More than fstat(2) would be a way into it. */
TEST(a_directory_outside_that_was_handed_over_leads_nowhere)
{
	struct tenant *t;
	int fd;

	lay_out();
	fd = open("/srv/t1-evil", O_RDONLY | O_DIRECTORY);
	if (fd < 0 || dup2(fd, 50) != 50)
		GIVE_UP("/srv/t1-evil: %s", strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", NULL);
	EXPECT_ALLOWED(t, "given", "fstat 50");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "given", "openat 50");
	given(t, ENOENT, SN_OP_FS_OPEN, "reopen_read");
}

static void send_file(int socket, const char *path)
{
	char byte = 's', room[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	sn_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (fd < 0 || sendmsg(socket, &msg, 0) != 1)
		GIVE_UP("sending %s: %s", path, strerror(errno));
}

TEST(descriptors_that_arrive_over_a_socket_are_checked)
{
	int ends[2];
	struct tenant *t;

	lay_out();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || dup2(ends[1], 50) != 50)
		GIVE_UP("socketpair: %s", strerror(errno));
	t = tenant_start("t10", "--keep-fd", "50", NULL);
	send_file(ends[0], "/srv/t10/f");
	EXPECT_ALLOWED(t, "receive", "50");
	send_file(ends[0], "/srv/f");
	EXPECT_EQ(-ENOMSG, inside(t, "receive", "50"));
	t->result = -EPERM; /* the hook's answer, which recvmsg() keeps to itself */
	EXPECT_EVENT(t, SN_OP_FS_RECEIVE, SN_OUTSIDE);
	send_file(ends[0], "/srv/f");
	EXPECT_EQ(0, outside("receive", "50"));
}

/* The file handle of a process, Linux 6.14: eight bytes, which this returns. */
PROBE(handle_of_process) /* PID */
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(long)];
	} h = { .handle.handle_bytes = sizeof(long) };
	sn_autoclose int fd = syscall(SYS_pidfd_open, (pid_t)number(&arg), 0);
	long value;
	int mount;

	if (fd < 0 || name_to_handle_at(fd, "", &h.handle, &mount, AT_EMPTY_PATH))
		return -errno;
	memcpy(&value, h.handle.f_handle, sizeof(value));
	return value;
}

PROBE(open_process_by_handle) /* HANDLE */
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(long)];
	} h = { .handle = { .handle_bytes = sizeof(long), .handle_type = 0xfe } };
	long value = number(&arg);

	memcpy(h.handle.f_handle, &value, sizeof(value));
	return opened(open_by_handle_at(-10002 /* FD_PIDFS_ROOT */, &h.handle, O_RDONLY));
}

/* Needs no capability, because processes are no secret otherwise. */
TEST(processes_cannot_be_opened_by_handle)
{
	long handle = outside("handle_of_process", "1");

	if (handle < 0 || outside("open_process_by_handle", "%ld", handle) == -EBADF)
		return; /* a kernel before 6.18 */
	/* the kernel opens every pidfd for reading and writing */
	EXPECT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open_process_by_handle", "%ld",
		       handle);
}
