// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf/guard.bpf.c, and `capable` of bpf/process.bpf.c: kernel interfaces that no tenant gets,
 * including safenode's own.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/quota.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "joined.h"
#include "tenant.h"

static struct tenant *t1;

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Controls are run by an ordinary user, so these must not be in their way. */
SETUP()
{
	write_file("/proc/sys/kernel/unprivileged_bpf_disabled", "0");
	write_file("/proc/sys/kernel/perf_event_paranoid", "-1");
	write_file("/proc/sys/kernel/dmesg_restrict", "0");
	write_file("/proc/sys/kernel/io_uring_disabled", "0");
	write_file("/proc/sys/kernel/unprivileged_userns_clone", "1");
	t1 = tenant_start("t1", NULL);
}

/* 0 if @fd is a descriptor, which is closed. */
static long made(long fd)
{
	if (fd < 0)
		return answer(fd);
	close(fd);
	return 0;
}

/* ---- bpf(2) and perf_event_open(2) ---- */

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* "COMMAND [PATH]" */
PROBE(bpf)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {};
	char command[32], path[256] = "";

	if (sscanf(arg, "%31s %255s", command, path) < 1)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(command, "make-map")) {
		attr.map_type = BPF_MAP_TYPE_ARRAY;
		attr.key_size = attr.value_size = 4;
		attr.max_entries = 1;
		return made(sys_bpf(BPF_MAP_CREATE, &attr));
	}
	if (!strcmp(command, "load-program")) {
		attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
		attr.insns = (__u64)(unsigned long)nothing;
		attr.insn_cnt = 2;
		attr.license = (__u64)(unsigned long)"GPL";
		return made(sys_bpf(BPF_PROG_LOAD, &attr));
	}
	if (!strcmp(command, "open-pin")) {
		attr.pathname = (__u64)(unsigned long)path;
		return made(sys_bpf(BPF_OBJ_GET, &attr));
	}
	if (!strcmp(command, "next-program"))
		return answer(sys_bpf(BPF_PROG_GET_NEXT_ID, &attr));
	if (!strcmp(command, "next-map"))
		return answer(sys_bpf(BPF_MAP_GET_NEXT_ID, &attr));
	if (!strcmp(command, "next-link"))
		return answer(sys_bpf(BPF_LINK_GET_NEXT_ID, &attr));
	return could_not_try("cannot understand %s", arg);
}

TEST(a_tenant_has_no_bpf)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "make-map");
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "load-program");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "make-map");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "load-program");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "next-program");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "next-map");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "next-link");
}

TEST(safenodes_own_maps_cannot_be_opened)
{
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "open-pin %s/policies",
			    SN_PIN_DIR);
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_BPF, SN_NEVER, "bpf", "open-pin %s/events",
			    SN_PIN_DIR);
}

PROBE(perf_event_open)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK };

	return made(syscall(SYS_perf_event_open, &attr, atoi(arg), -1, -1, 0));
}

TEST(a_tenant_measures_nothing)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_PERF, SN_NEVER, "perf_event_open", "0");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_PERF, SN_NEVER, "perf_event_open", "%d",
			    getpid());
}

/* ---- namespaces ---- */

/* "FLAGS" */
PROBE(unshare)
{
	return answer(unshare(strtoul(arg, NULL, 16)));
}

/* "FD": of a namespace; it was open before */
PROBE(setns)
{
	return answer(setns(atoi(arg), 0));
}

TEST(a_tenant_makes_no_namespaces)
{
	static const int flags[] = { CLONE_NEWNS,  CLONE_NEWUTS,    CLONE_NEWIPC, CLONE_NEWPID,
				     CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWTIME };

	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_USERNS, SN_NEVER, "unshare", "%x", CLONE_NEWUSER);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_USERNS, SN_NEVER, "unshare", "%x",
			       CLONE_NEWUSER | flags[i]);
		EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_CAPABLE, SN_NEVER, "unshare", "%x",
				    flags[i]);
	}
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_USERNS, SN_NEVER, "unshare", "%x",
			    CLONE_NEWUSER);
	EXPECT_ALLOWED(t1, "unshare", "%x", CLONE_FILES); /* no namespace */
}

TEST(a_tenant_enters_no_namespaces)
{
	static const char *const names[] = { "mnt", "uts", "ipc", "net", "cgroup" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_CAPABLE, SN_NEVER, "setns", "%d", fd);
		close(fd);
	}
}

/* ---- mounts ---- */

/* "WHAT DIRECTORY"; what was done is undone */
PROBE(mount)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV };
	char what[16], dir[128];
	long result;
	int fd;

	if (sscanf(arg, "%15s %127s", what, dir) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "mount") || !strcmp(what, "bind")) {
		result = strcmp(what, "bind") ? mount("none", dir, "tmpfs", 0, NULL)
					      : mount(dir, dir, NULL, MS_BIND, NULL);
		if (result)
			return answer(result);
		return umount2(dir, MNT_DETACH) ? could_not_try("umount %s", dir) : 0;
	}
	if (!strcmp(what, "remount"))
		return answer(mount("none", dir, NULL, MS_REMOUNT, NULL));
	if (!strcmp(what, "propagate"))
		return answer(mount("none", dir, NULL, MS_PRIVATE, NULL));
	if (!strcmp(what, "umount"))
		return answer(umount2(dir, MNT_EXPIRE)); /* marks it only, and says EAGAIN */
	if (!strcmp(what, "pivot"))
		return answer(syscall(SYS_pivot_root, ".", ".")); /* which is no mount: EBUSY */
	if (!strcmp(what, "fsopen"))
		return made(syscall(SYS_fsopen, "tmpfs", 0));
	if (!strcmp(what, "fspick"))
		return made(syscall(SYS_fspick, AT_FDCWD, dir, 0));
	if (!strcmp(what, "clone"))
		return made(syscall(SYS_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE));
	if (!strcmp(what, "setattr"))
		return answer(syscall(SYS_mount_setattr, AT_FDCWD, dir, 0, &attr, sizeof(attr)));
	if (!strcmp(what, "move")) {
		fd = open(dir, O_PATH | O_CLOEXEC);
		result = answer(
			syscall(SYS_move_mount, fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH));
		close(fd);
		return result;
	}
	return could_not_try("cannot understand %s", arg);
}

/* A tenant's directory holds no mount of its own: what is mounted there is outside. */
TEST(a_tenant_mounts_nothing)
{
	static const struct {
		const char *what;
		enum sn_op op;
		long outside; /* what root gets; 1: anything but the errno of a refusal */
	} acts[] = {
		{ "mount", SN_OP_GUARD_MOUNT, 0 },
		{ "bind", SN_OP_GUARD_MOUNT, 0 },
		{ "remount", SN_OP_GUARD_MOUNT, 0 },
		{ "propagate", SN_OP_GUARD_MOUNT, 0 },
		/* the others ask for the capability to mount first */
		{ "fsopen", SN_OP_TASK_CAPABLE, 0 },
		{ "fspick", SN_OP_TASK_CAPABLE, 0 },
		{ "clone", SN_OP_TASK_CAPABLE, 0 },
		{ "setattr", SN_OP_TASK_CAPABLE, 0 },
		{ "umount", SN_OP_TASK_CAPABLE, -EAGAIN },
		{ "pivot", SN_OP_TASK_CAPABLE, -EBUSY },
		{ "move", SN_OP_TASK_CAPABLE, 1 },
	};

	if (mkdir("/srv/t1/mnt", 0755) || mount("none", "/srv/t1/mnt", "tmpfs", 0, NULL))
		GIVE_UP("cannot mount: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		long got;

		EXPECT_EQ(-EPERM, JOINED(t1, "mount", "%s /srv/t1/mnt", acts[i].what));
		EXPECT_EVENT(t1, acts[i].op, SN_NEVER);
		got = ROOT_OUTSIDE("mount", "%s /srv/t1/mnt", acts[i].what);
		if (acts[i].outside <= 0)
			EXPECT_EQ(acts[i].outside, got);
		else
			EXPECT_TRUE(got != -EPERM);
	}
	umount2("/srv/t1/mnt", MNT_DETACH);
	EXPECT_EQ(-EPERM, inside(t1, "mount", "mount /srv/t1"));
	EXPECT_EVENT(t1, SN_OP_GUARD_MOUNT, SN_NEVER);
}

/* ---- memory that the kernel shares ---- */

PROBE(io_uring_setup)
{
	struct io_uring_params params = {};

	return made(syscall(SYS_io_uring_setup, 4, &params));
}

PROBE(userfaultfd)
{
	return made(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
}

TEST(there_is_no_io_uring_and_no_userfaultfd)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_ANON, SN_NEVER, "io_uring_setup", "%s", "");
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_ANON, SN_NEVER, "userfaultfd", "%s", "");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_GUARD_ANON, SN_NEVER, "io_uring_setup", "%s", "");
}

PROBE(memfd_secret)
{
	return made(syscall(SYS_memfd_secret, 0));
}

/* Before Linux 6.5 it has to be asked for on the kernel's command line. */
TEST(there_is_no_secret_memory)
{
	if (outside("memfd_secret", "%s", "") == -ENOSYS)
		EXPECT_EQ(-ENOSYS, inside(t1, "memfd_secret", "%s", ""));
	else
		EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_ANON, SN_NEVER, "memfd_secret", "%s", "");
}

PROBE(memfd)
{
	int fd = memfd_create("data", MFD_CLOEXEC);
	char *at, text[6] = "";

	if (fd < 0 || pwrite(fd, "hello", 5, 0) != 5 || pread(fd, text, 5, 0) != 5 ||
	    strcmp(text, "hello"))
		return answer(-1);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return answer(-1);
	memcpy(at, "again", 5);
	if (pread(fd, text, 5, 0) != 5 || strcmp(text, "again"))
		return answer(-1);
	munmap(at, 4096);
	return made(fd);
}

TEST(a_memfd_holds_data)
{
	EXPECT_ALLOWED(t1, "memfd", "%s", "");
}

/* ---- quotas ---- */

PROBE(quotactl)
{
	return answer(quotactl(QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL));
}

TEST(a_tenant_asks_for_no_quotas)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_QUOTA, SN_NEVER, "quotactl", "%s", "");
}

/* ---- IPC that outlives its makers ---- */

/* "WHAT" */
/* Whether it can be removed again is another question, which is not asked here. */
PROBE(make_ipc)
{
	int id;

	if (!strcmp(arg, "shm")) {
		id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
		if (id < 0)
			return answer(id);
		shmctl(id, IPC_RMID, NULL);
	} else if (!strcmp(arg, "sem")) {
		id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
		if (id < 0)
			return answer(id);
		semctl(id, 0, IPC_RMID);
	} else {
		id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
		if (id < 0)
			return answer(id);
		msgctl(id, IPC_RMID, NULL);
	}
	return 0;
}

TEST(a_tenant_makes_no_system_v_ipc)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_IPC, SN_NEVER, "make_ipc", "shm");
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_IPC, SN_NEVER, "make_ipc", "sem");
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_IPC, SN_NEVER, "make_ipc", "msg");
}

#define IPC_KEY 0x5afe

/* What user t1 has made outside. */
PROBE(make_ipc_by_key)
{
	return shmget(IPC_KEY, 4096, IPC_CREAT | 0600) < 0 ||
			       semget(IPC_KEY, 1, IPC_CREAT | 0600) < 0 ||
			       msgget(IPC_KEY, IPC_CREAT | 0600) < 0
		       ? answer(-1)
		       : 0;
}

/* "WHAT ID" */
PROBE(use_ipc)
{
	union {
		int value;
		void *pointer;
	} argument = {};
	struct {
		long type;
		char text[8];
	} message = { .type = 1 };
	struct sembuf up = { .sem_op = 1 };
	struct shmid_ds segment;
	struct msqid_ds queue;
	struct semid_ds semaphore;
	struct shm_info shm_info;
	struct seminfo sem_info;
	struct msginfo msg_info;
	char what[16];
	void *at;
	int id;

	if (sscanf(arg, "%15s %d", what, &id) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "shmat")) {
		at = shmat(id, NULL, 0);
		return at == (void *)-1 ? answer(-1) : answer(shmdt(at));
	}
	argument.pointer = &semaphore;
	if (!strcmp(what, "shmstat"))
		return answer(shmctl(id, IPC_STAT, &segment));
	if (!strcmp(what, "semstat"))
		return answer(semctl(id, 0, IPC_STAT, argument));
	if (!strcmp(what, "msgstat"))
		return answer(msgctl(id, IPC_STAT, &queue));
	if (!strcmp(what, "shmset"))
		return shmctl(id, SHM_LOCK, NULL) ? answer(-1)
						  : answer(shmctl(id, SHM_UNLOCK, NULL));
	if (!strcmp(what, "semop"))
		return answer(semop(id, &up, 1));
	if (!strcmp(what, "msgsnd"))
		return answer(msgsnd(id, &message, 1, IPC_NOWAIT));
	if (!strcmp(what, "shmrm"))
		return answer(shmctl(id, IPC_RMID, NULL));
	if (!strcmp(what, "semrm"))
		return answer(semctl(id, 0, IPC_RMID));
	if (!strcmp(what, "msgrm"))
		return answer(msgctl(id, IPC_RMID, NULL));
	if (!strcmp(what, "shminfo"))
		return answer(shmctl(0, SHM_INFO, (void *)&shm_info));
	if (!strcmp(what, "shmany"))
		return answer(shmctl(id & 0x7fff, SHM_STAT_ANY, &segment)); /* by slot */
	argument.pointer = &sem_info;
	if (!strcmp(what, "seminfo"))
		return answer(semctl(0, 0, SEM_INFO, argument));
	if (!strcmp(what, "msginfo"))
		return answer(msgctl(0, MSG_INFO, (void *)&msg_info));
	if (!strcmp(what, "shmget"))
		return answer(shmget(IPC_KEY, 4096, 0600));
	if (!strcmp(what, "semget"))
		return answer(semget(IPC_KEY, 1, 0600));
	if (!strcmp(what, "msgget"))
		return answer(msgget(IPC_KEY, 0600));
	return could_not_try("cannot understand %s", arg);
}

/* Where the kernel asks for the permission first, it says EACCES to whatever the hook said. */
TEST(a_tenant_uses_no_system_v_ipc_of_its_user)
{
	static const struct {
		const char *what;
		int error;
	} acts[] = {
		{ "shmget", EACCES },
		{ "semget", EACCES },
		{ "msgget", EACCES },
		{ "shmat", EACCES },
		{ "semop", EACCES },
		{ "msgsnd", EACCES },
		{ "shmstat", EACCES },
		{ "semstat", EACCES },
		{ "msgstat", EACCES },
		{ "shmset", EPERM },
		{ "shminfo", EPERM },
		{ "seminfo", EPERM },
		{ "msginfo", EPERM },
		{ "shmany", EPERM },
		/* last, because the control does it */
		{ "shmrm", EPERM },
		{ "semrm", EPERM },
		{ "msgrm", EPERM },
	};

	if (outside("make_ipc_by_key", "%s", ""))
		GIVE_UP("cannot make what is to be used");
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		int shm = shmget(IPC_KEY, 0, 0), sem = semget(IPC_KEY, 0, 0),
		    msg = msgget(IPC_KEY, 0);
		int id = acts[i].what[1] == 'h' ? shm : acts[i].what[1] == 'e' ? sem : msg;

		EXPECT_EQ(-acts[i].error, inside(t1, "use_ipc", "%s %d", acts[i].what, id));
		t1->result = -EPERM;
		EXPECT_EVENT(t1, SN_OP_GUARD_IPC, SN_NEVER);
		EXPECT_TRUE(outside("use_ipc", "%s %d", acts[i].what, id) >= 0);
	}
}

/* "NAME" */
PROBE(mq_open)
{
	mqd_t queue = mq_open(arg, O_RDWR | O_CREAT, 0600, NULL);

	if (queue < 0)
		return answer(-1);
	mq_close(queue);
	return 0;
}

PROBE(mq_unlink)
{
	return answer(mq_unlink(arg));
}

/* Linux 7 goes into the queues' directory without asking whether it may; @later is what it asks. */
static void expect_no_queue(const char *probe, const char *name, enum sn_op later)
{
	long got = inside(t1, probe, "%s", name);

	if (got == -EACCES) {
		EXPECT_EVENT(t1, later, SN_OUTSIDE);
		return;
	}
	EXPECT_EQ(-ENOENT, got);
	EXPECT_EVENT(t1, SN_OP_FS_LOOKUP, SN_OUTSIDE);
}

/* The message queues are files of a file system of their own, mounted or not. */
TEST(a_tenant_makes_no_message_queue_and_removes_none)
{
	struct stat st;

	expect_no_queue("mq_open", "/tenants", SN_OP_FS_MODIFY_DIR);
	EXPECT_EQ(-1, stat("/dev/mqueue/tenants", &st));
	EXPECT_EQ(0, outside("mq_open", "/users"));
	EXPECT_EQ(0, stat("/dev/mqueue/users", &st));
	expect_no_queue("mq_open", "/users", SN_OP_FS_OPEN_WRITE);
	expect_no_queue("mq_unlink", "/users", SN_OP_FS_MODIFY_DIR);
	EXPECT_EQ(0, outside("mq_unlink", "/users"));
}

/* ---- keys ---- */

static long keyctl(int cmd, long a, long b)
{
	return syscall(SYS_keyctl, cmd, a, b, 0, 0);
}

/* "WHAT [KEY]" */
PROBE(keys)
{
	char what[16], text[64];
	int key = 0;

	if (sscanf(arg, "%15s %d", what, &key) < 1)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "add"))
		return answer(
			syscall(SYS_add_key, "user", "name", "data", 4L, KEY_SPEC_PROCESS_KEYRING));
	if (!strcmp(what, "add-to-user"))
		return answer(
			syscall(SYS_add_key, "user", "name", "data", 4L, KEY_SPEC_USER_KEYRING));
	if (!strcmp(what, "join"))
		return answer(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0));
	if (!strcmp(what, "find"))
		return answer(keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1));
	if (!strcmp(what, "describe"))
		return answer(syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, text, sizeof(text), 0));
	if (!strcmp(what, "read"))
		return answer(syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof(text), 0));
	if (!strcmp(what, "to-parent"))
		return answer(keyctl(KEYCTL_SESSION_TO_PARENT, 0, 0));
	if (!strcmp(what, "revoke"))
		return answer(keyctl(KEYCTL_REVOKE, key, 0));
	return could_not_try("cannot understand %s", arg);
}

/* The kernel makes its own errno of what the hook says. */
static void expect_no_key(int error, const char *what, int key)
{
	EXPECT_EQ(-error, inside(t1, "keys", "%s %d", what, key));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_GUARD_KEY, SN_NEVER);
	EXPECT_TRUE(outside("keys", "%s %d", what, key) >= 0);
}

TEST(a_tenant_has_no_keys)
{
	int key;

	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_KEY, SN_NEVER, "keys", "add");
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_KEY, SN_NEVER, "keys", "join");
	expect_no_key(ENOKEY, "find", 0);
	expect_no_key(ENOKEY, "add-to-user", 0);
	/* in its user's keyring, and so reachable by number for all of the user's processes */
	key = outside("keys", "add-to-user");
	expect_no_key(EPERM, "describe", key);
	expect_no_key(ENOKEY, "read", key);
	expect_no_key(EACCES, "revoke", key);
}

/* It would replace the credentials of the process that started the tenant. */
TEST(a_tenant_gives_its_parent_no_keyring)
{
	EXPECT_EQ(-ENOKEY, JOINED(t1, "keys", "to-parent"));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_GUARD_KEY, SN_NEVER);
	EXPECT_EQ(0, ROOT_OUTSIDE("keys", "to-parent"));
}

/* ---- modules ---- */

/* "NAME" of a hash that the kernel is to derive a key with; -ENOENT: it has none of that name */
PROBE(hash)
{
	struct keyctl_dh_params keys = { .prime = 0 };
	struct keyctl_kdf_params derivation = { .hashname = (char *)arg };
	char buffer[32];

	return answer(
		syscall(SYS_keyctl, KEYCTL_DH_COMPUTE, &keys, buffer, sizeof(buffer), &derivation));
}

/* The kernel looks for the hash before it looks for the keys, which there are not. */
TEST(the_kernel_loads_no_module_for_a_tenant)
{
	long got;

	if (outside("hash", "sha256") == -EOPNOTSUPP)
		SKIP("a kernel with KEYCTL_DH_COMPUTE");
	EXPECT_EQ(-ENOENT, inside(t1, "hash", "rmd160"));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_GUARD_MODULE, SN_NEVER);
	got = outside("hash", "rmd160");
	EXPECT_TRUE(got < 0 && got != -ENOENT);
	/* it is there now, for all, like one that was built in */
	EXPECT_EQ(got, inside(t1, "hash", "rmd160"));
	EXPECT_EQ(got, inside(t1, "hash", "sha256"));
	EXPECT_QUIET(t1);
}

/* ---- sandboxes in the sandbox ---- */

/* Its own system calls, all of them allowed, with a listener. What asking that listener gets. */
PROBE(seccomp_listener)
{
	struct sock_filter allow = { .code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW };
	struct sock_fprog program = { .len = 1, .filter = &allow };
	__u64 id = 0;
	int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			 &program);
	long result;

	if (fd < 0)
		return could_not_try("seccomp");
	result = answer(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id));
	close(fd);
	return result;
}

PROBE(landlock_version)
{
	return answer(syscall(SYS_landlock_create_ruleset, NULL, 0, 1));
}

TEST(filters_of_its_own_only_take_from_a_tenant)
{
	struct tenant *other = tenant_start("other", "--dir", "/srv/t10", NULL);

	EXPECT_EQ(-EPERM, inside(other, "seccomp_listener", "%s", ""));
	EXPECT_EVENT(other, SN_OP_FS_IOCTL, SN_NEVER);
	EXPECT_EQ(-ENOENT, outside("seccomp_listener", "%s", ""));
	EXPECT_ALLOWED(t1, "landlock_version", "%s", "");
}

/* ---- the kernel itself ---- */

PROBE(read_kernel_log)
{
	char text[64];

	return answer(klogctl(3, text, sizeof(text))); /* SYSLOG_ACTION_READ_ALL */
}

TEST(the_kernels_log_is_hidden)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_GUARD_SYSLOG, SN_NEVER, "read_kernel_log", "%s", "");
}

/* "WHAT": each needs a capability, and changes nothing when it is granted */
PROBE(rule_the_machine)
{
	struct timespec now;
	char name[65];
	int fd;

	if (!strcmp(arg, "reboot"))
		return answer(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
				      LINUX_REBOOT_CMD_CAD_OFF, NULL));
	if (!strcmp(arg, "sethostname"))
		return gethostname(name, sizeof(name)) ? could_not_try("gethostname")
						       : answer(sethostname(name, strlen(name)));
	if (!strcmp(arg, "settime"))
		return clock_gettime(CLOCK_REALTIME, &now)
			       ? could_not_try("clock_gettime")
			       : answer(clock_settime(CLOCK_REALTIME, &now));
	if (!strcmp(arg, "acct"))
		return answer(acct(NULL));
	if (!strcmp(arg, "iopl"))
		return answer(iopl(0) ?: iopl(3) ?: iopl(0));
	if (!strcmp(arg, "ioperm"))
		return answer(ioperm(0x80, 1, 1) ?: ioperm(0x80, 1, 0));
	if (!strcmp(arg, "kexec"))
		return answer(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL));
	if (!strcmp(arg, "swapon"))
		return answer(swapon("nothing", 0));
	if (!strcmp(arg, "init-module"))
		return answer(syscall(SYS_init_module, "no module", 9UL, ""));
	if (!strcmp(arg, "delete-module"))
		return answer(syscall(SYS_delete_module, "nothing", O_NONBLOCK));
	if (!strcmp(arg, "finit-module")) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return answer(syscall(SYS_finit_module, fd, "", 0));
	}
	return could_not_try("cannot understand %s", arg);
}

TEST(capabilities_are_worth_nothing_in_a_tenant)
{
	static const struct {
		const char *what;
		long outside;
	} acts[] = {
		{ "reboot", 0 },
		{ "sethostname", 0 },
		{ "settime", 0 },
		{ "acct", 0 },
		{ "kexec", 0 },
#ifdef __x86_64__
		{ "iopl", 0 },
		{ "ioperm", 0 },
#endif
		/* the kernel looks at the rest only after the capability */
		{ "swapon", -ENOENT },
		{ "init-module", -ENOEXEC },
		{ "finit-module", -EINVAL },
		{ "delete-module", -ENOENT },
	};
	struct tenant *t = tenant_start("rooted", "--dir", "/srv/t10", "--user", "root", NULL);

	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		EXPECT_EQ(-EPERM, JOINED(t1, "rule_the_machine", "%s", acts[i].what));
		EXPECT_EVENT(t1, SN_OP_TASK_CAPABLE, SN_NEVER);
		EXPECT_EQ(-EPERM, inside(t, "rule_the_machine", "%s", acts[i].what));
		EXPECT_EQ(acts[i].outside, ROOT_OUTSIDE("rule_the_machine", "%s", acts[i].what));
	}
}

/* ---- what safenode itself rests on ---- */

/* "PATH TEXT" */
PROBE(write)
{
	char path[512], text[64];
	int fd, result;

	if (sscanf(arg, "%511s %63s", path, text) != 2)
		return could_not_try("cannot understand %s", arg);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return answer(fd);
	result = answer(write(fd, text, strlen(text)));
	close(fd);
	return result;
}

PROBE(mkdir)
{
	return mkdir(arg, 0755) ? answer(-1) : answer(rmdir(arg));
}

PROBE(unlink)
{
	return answer(unlink(arg));
}

PROBE(may_write)
{
	return answer(access(arg, W_OK));
}

TEST(a_tenant_cannot_leave_its_cgroup)
{
	struct tenant *other = tenant_start("other", "--dir", "/srv/t10", NULL);
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%s", t1->cgroup);
	*strrchr(parent, '/') = '\0';
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "write",
			    "%s/cgroup.procs 0", parent);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "write",
			    "/sys/fs/cgroup/cgroup.procs 0");
	EXPECT_ROOT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "write", "%s/cgroup.procs 0",
			    other->cgroup);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "write",
			    "%s/cgroup.procs 0", t1->cgroup);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "write",
			    "%s/cgroup.max.depth max", t1->cgroup);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_MKDIR, SN_READ_ONLY, "mkdir", "%s/below",
			    t1->cgroup);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_MKDIR, SN_READ_ONLY, "mkdir", "%s/beside", parent);
}

TEST(a_tenant_cannot_touch_safenodes_pins)
{
	EXPECT_ROOT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "may_write", "%s/policies",
			    SN_PIN_DIR);
	EXPECT_EQ(-ENOENT, JOINED(t1, "unlink", "%s/policies", SN_PIN_DIR));
	EXPECT_EVENT(t1, SN_OP_FS_LOOKUP, SN_OUTSIDE);
	EXPECT_EQ(0, access(SN_PIN_DIR "/policies", F_OK));
}

/* Zero would turn all BPF LSM programs off: on 6.1 and 6.12 silently, later kernels refuse. */
TEST(a_tenant_cannot_reach_the_switch_of_ftrace)
{
	EXPECT_ROOT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "write",
			    "/proc/sys/kernel/ftrace_enabled 1");
	EXPECT_EQ(-ENOENT, JOINED(t1, "write", "/proc/sys/kernel/ftrace_enabled 0"));
	EXPECT_EVENT(t1, SN_OP_FS_LOOKUP, SN_OUTSIDE);
	EXPECT_ROOT_REFUSED(t1, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "write",
			    "/proc/sysrq-trigger h");
}

/* ---- what hooks are called with ---- */

/*
 * Anonymous memory has no file, a plain kill() no credentials: hooks get NULL. A program that
 * trusted them would crash the kernel, which tests/vm/run reports whatever the result.
 */
PROBE(call_with_nothing)
{
	for (int i = 0; i < 500; i++) {
		void *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE | (i & 1 ? PROT_EXEC : 0),
				(i & 2 ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED || mprotect(at, 4096, PROT_READ) || munmap(at, 65536) ||
		    kill(getpid(), 0) || sbrk(0) == (void *)-1)
			return answer(-1);
		shmctl(0, IPC_INFO, (void *)&(struct shminfo){});
		kill(1, 0);
		kill(-1, 0);
	}
	return 0;
}

TEST(hooks_survive_arguments_that_are_null)
{
	EXPECT_EQ(0, inside(t1, "call_with_nothing", "%s", ""));
	EXPECT_EQ(0, outside("call_with_nothing", "%s", ""));
	EXPECT_EQ(0, ROOT_OUTSIDE("call_with_nothing", "%s", ""));
	EXPECT_EQ(0, JOINED(t1, "call_with_nothing", "%s", ""));
}
