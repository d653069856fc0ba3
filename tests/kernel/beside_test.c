// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unconfined processes do not notice that safenode is there: one long list of acts, done before
 * anything is loaded, and again in cgroups around the tenants' while tenants are busy. Every result
 * must be the same.
 */
#include <bpf/bpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "attach.h"
#include "cgroup.h"
#include "rounds.h"
#include "tenant.h"

static long closed(long fd)
{
	if (fd < 0)
		return answer(fd);
	close(fd);
	return 0;
}

static long mapped(void *at)
{
	if (at == MAP_FAILED)
		return answer(-1);
	munmap(at, 4096);
	return 0;
}

/* In a process of its own, which it may change as it likes. */
static long in_child(long (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(-act());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

/* A child that waits to be ended. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(103);
	if (!pid)
		for (;;)
			pause();
	return pid;
}

static long ended(pid_t pid, long result)
{
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) == pid ? result : -ECHILD;
}

/* ---- files; the working directory is empty and the user's own ---- */

static long act_read(void)
{
	return rounds_open("/etc/passwd");
}

static long act_list(void)
{
	return rounds_open("/root/..");
}

static long act_write(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	long result = write(fd, "x", 1) == 1 ? answer(ftruncate(fd, 0)) : answer(-1);

	close(fd);
	return result;
}

static long act_names(void)
{
	return mkdir("dir", 0700) || link("file", "dir/link") || symlink("file", "sym") ||
			       rename("dir/link", "other") || unlink("other") || unlink("sym") ||
			       rmdir("dir") || mkfifo("fifo", 0600) || unlink("fifo")
		       ? answer(-1)
		       : 0;
}

static long act_attributes(void)
{
	return chmod("file", 04755) || chown("file", -1, -1) || utimensat(AT_FDCWD, "file", NULL, 0)
		       ? answer(-1)
		       : answer(setxattr("file", "user.name", "x", 1, 0));
}

static long act_label(void)
{
	return answer(setxattr("file", "trusted.name", "x", 1, 0));
}

static long act_look(void)
{
	struct statfs fs;
	char text[64];

	return access("/var/lib", R_OK) || statfs("/var/lib", &fs) ||
			       readlink("/proc/self/exe", text, sizeof(text)) < 0
		       ? answer(-1)
		       : rounds_stat("/proc/1/stat");
}

static long act_watch(void)
{
	int fd = inotify_init1(IN_CLOEXEC);
	long result = inotify_add_watch(fd, "/var/lib", IN_CREATE) < 0 ? answer(-1) : 0;

	close(fd);
	return result;
}

static long act_fanotify(void)
{
	return closed(fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY));
}

static long act_device(void)
{
	return mknod("device", S_IFCHR | 0600, makedev(1, 3)) ? answer(-1)
							      : answer(unlink("device"));
}

static long act_own(void)
{
	int fd = open("file", O_RDWR | O_CLOEXEC);
	long result = fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETLEASE, F_WRLCK) ||
				      fcntl(fd, F_SETLEASE, F_UNLCK)
			      ? answer(-1)
			      : 0;

	close(fd);
	return result;
}

static long act_async(void)
{
	int ends[2], on = 0;
	long result = pipe2(ends, O_CLOEXEC) ? -EMFILE : answer(ioctl(ends[0], FIOASYNC, &on));

	close(ends[0]);
	close(ends[1]);
	return result;
}

/* ---- sockets ---- */

static long act_tcp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(to);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long result = bind(server, (void *)&to, len) || listen(server, 1) ||
				      getsockname(server, (void *)&to, &len)
			      ? answer(-1)
			      : answer(connect(client, (void *)&to, len));

	close(server);
	close(client);
	return result;
}

static long send_to(const struct sockaddr *to, socklen_t len)
{
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long result = sendto(fd, "x", 1, 0, to, len) == 1 ? 0 : answer(-1);

	close(fd);
	return result;
}

static long act_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return send_to((void *)&to, sizeof(to));
}

static long act_udp6(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = htons(9),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	return send_to((void *)&to, sizeof(to));
}

static long act_unix(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long result = bind(server, (void *)&to, sizeof(to)) || listen(server, 1)
			      ? answer(-1)
			      : answer(connect(client, (void *)&to, sizeof(to)));

	unlink("socket");
	close(server);
	close(client);
	return result;
}

static long act_unix_datagram(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "\0beside" };
	int server = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long result = bind(server, (void *)&to, 10) ? answer(-1) : send_to((void *)&to, 10);

	close(server);
	return result;
}

static long act_pass(void)
{
	int ends[2], fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec data = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &data,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	long result;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return answer(-1);
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	data.iov_base = &(char){ 0 };
	result = sendmsg(ends[0], &msg, 0) == 1 ? 0 : answer(-1);
	msg.msg_controllen = sizeof(control);
	if (!result && recvmsg(ends[1], &msg, MSG_CMSG_CLOEXEC) != 1)
		result = answer(-1);
	if (!result)
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	close(fd);
	close(ends[0]);
	close(ends[1]);
	return result;
}

static long act_option(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long result = answer(setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, NULL, 0));

	close(fd);
	return result;
}

static long act_netlink(void)
{
	return closed(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 15)); /* NETLINK_KOBJECT_UEVENT */
}

static long act_packet(void)
{
	return closed(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static long act_raw(void)
{
	return closed(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 255));
}

static long act_ping(void)
{
	return closed(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static long act_mptcp(void)
{
	return closed(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262));
}

static long act_alg(void)
{
	return closed(socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

static long act_vsock(void)
{
	return closed(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* ---- processes ---- */

static long nothing(void)
{
	return 0;
}

static long act_fork(void)
{
	return in_child(nothing);
}

static long act_exec(void)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };
	int status = -1;
	pid_t pid;

	errno = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp);
	if (errno)
		return answer(-1);
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -ECHILD;
}

static long act_signal(void)
{
	pid_t pid = child();

	return ended(pid, kill(pid, SIGCONT) ? answer(-1) : answer(kill(getppid(), 0)));
}

static long act_pidfd(void)
{
	pid_t pid = child();
	int fd = syscall(SYS_pidfd_open, pid, 0);
	long result = fd < 0 ? answer(fd) : answer(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));

	if (!result)
		result = closed(syscall(SYS_pidfd_getfd, fd, 0, 0));
	close(fd);
	return ended(pid, result);
}

static long act_trace(void)
{
	pid_t pid = child();
	long result = answer(ptrace(PTRACE_ATTACH, pid, 0, 0));

	if (!result && waitpid(pid, NULL, __WALL) == pid)
		result = answer(ptrace(PTRACE_DETACH, pid, 0, 0));
	return ended(pid, result);
}

static long act_memory(void)
{
	static int number;
	pid_t pid = child();
	struct iovec here = { .iov_base = &(int){ 0 }, .iov_len = 4 };
	struct iovec there = { .iov_base = &number, .iov_len = 4 };
	long result = process_vm_readv(pid, &here, 1, &there, 1, 0) == 4 ? 0 : answer(-1);

	return ended(pid, result);
}

static long act_resources(void)
{
	struct rlimit limit;
	pid_t pid = child();
	long result =
		setpriority(PRIO_PROCESS, pid, 1) ||
				sched_setscheduler(pid, SCHED_BATCH, &(struct sched_param){ 0 }) ||
				prlimit(pid, RLIMIT_CORE, NULL, &limit) || setpgid(pid, pid) ||
				getsid(pid) < 0 || getpgid(pid) != pid
			? answer(-1)
			: 0;

	return ended(pid, result);
}

/* ---- identity, directory, namespaces ---- */

static long become_another(void)
{
	return setgroups(0, NULL) || setresgid(2003, 2003, 2003) || setresuid(2003, 2003, 2003)
		       ? answer(-1)
		       : 0;
}

static long act_identity(void)
{
	return in_child(become_another);
}

static long keep_identity(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	return setuid(getuid()) || setgid(getgid()) || syscall(SYS_capget, &header, caps)
		       ? answer(-1)
		       : answer(syscall(SYS_capset, &header, caps));
}

static long act_same_identity(void)
{
	return in_child(keep_identity);
}

static long change_directory(void)
{
	return chdir("/") ? answer(-1) : answer(chdir("/var/lib"));
}

static long act_chdir(void)
{
	return in_child(change_directory);
}

static long change_root(void)
{
	return answer(chroot("/"));
}

static long act_chroot(void)
{
	return in_child(change_root);
}

static long mount_something(void)
{
	return unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
			       mount("none", "/mnt", "tmpfs", 0, NULL)
		       ? answer(-1)
		       : answer(umount2("/mnt", MNT_DETACH));
}

static long act_mount(void)
{
	return in_child(mount_something);
}

static long make_user_namespace(void)
{
	return answer(unshare(CLONE_NEWUSER | CLONE_NEWNET));
}

static long act_user_namespace(void)
{
	return in_child(make_user_namespace);
}

/* ---- code ---- */

static long act_map(void)
{
	int fd = open("/usr/bin/env", O_RDONLY | O_CLOEXEC);
	long result = mapped(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));

	close(fd);
	return result;
}

static long act_map_memfd(void)
{
	int fd = memfd_create("code", MFD_CLOEXEC);
	void *at = MAP_FAILED;
	long result;

	if (!ftruncate(fd, 4096))
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	result = at == MAP_FAILED ? answer(-1) : answer(mprotect(at, 4096, PROT_READ | PROT_EXEC));
	mapped(at);
	close(fd);
	return result;
}

static long load_library(void)
{
	return dlopen("libresolv.so.2", RTLD_NOW) ? 0 : -ELIBACC;
}

static long act_library(void)
{
	return in_child(load_library);
}

/* ---- other interfaces of the kernel ---- */

static long act_bpf(void)
{
	return closed(bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 4, 1, NULL));
}

static long act_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK };

	return closed(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static long act_io_uring(void)
{
	return closed(syscall(SYS_io_uring_setup, 4, &(struct io_uring_params){ 0 }));
}

static long act_userfaultfd(void)
{
	return closed(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
}

static long act_secret(void)
{
	return closed(syscall(SYS_memfd_secret, 0));
}

static long use_keys(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
			       syscall(SYS_add_key, "user", "name", "data", 4L,
				       KEY_SPEC_SESSION_KEYRING) < 0
		       ? answer(-1)
		       : 0;
}

static long act_keys(void)
{
	return in_child(use_keys);
}

static long act_shared_memory(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	void *at = shmat(id, NULL, 0);

	return at == (void *)-1 || shmdt(at) ? answer(-1) : answer(shmctl(id, IPC_RMID, NULL));
}

static long act_semaphore(void)
{
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

	return semop(id, &(struct sembuf){ .sem_op = 1 }, 1) ? answer(-1)
							     : answer(semctl(id, 0, IPC_RMID));
}

static long act_message(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	return id < 0 ? answer(id) : answer(msgctl(id, IPC_RMID, NULL));
}

static long act_queue(void)
{
	mqd_t queue = mq_open("/beside", O_RDWR | O_CREAT | O_EXCL, 0600, NULL);

	return queue < 0 || mq_close(queue) ? answer(-1) : answer(mq_unlink("/beside"));
}

static long act_log(void)
{
	char text[16];

	return klogctl(3, text, sizeof(text)) < 0 ? answer(-1) : 0;
}

static long act_name(void)
{
	char name[65];

	return gethostname(name, sizeof(name)) ? answer(-1)
					       : answer(sethostname(name, strlen(name)));
}

#define ACT(name)                 \
	{                         \
#name, act_##name \
	}
static const struct {
	const char *name;
	long (*act)(void);
} acts[] = {
	/* clang-format off */
	ACT(read), ACT(list), ACT(write), ACT(names), ACT(attributes), ACT(label), ACT(look),
	ACT(watch), ACT(fanotify), ACT(device), ACT(own), ACT(async), ACT(tcp), ACT(udp),
	ACT(udp6), ACT(unix), ACT(unix_datagram), ACT(pass), ACT(option), ACT(netlink),
	ACT(packet), ACT(raw), ACT(ping), ACT(mptcp), ACT(alg), ACT(vsock), ACT(fork), ACT(exec),
	ACT(signal), ACT(pidfd), ACT(trace), ACT(memory), ACT(resources), ACT(identity),
	ACT(same_identity), ACT(chdir), ACT(chroot), ACT(mount), ACT(user_namespace), ACT(map),
	ACT(map_memfd), ACT(library), ACT(bpf), ACT(perf), ACT(io_uring), ACT(userfaultfd),
	ACT(secret), ACT(keys), ACT(shared_memory), ACT(semaphore), ACT(message), ACT(queue),
	ACT(log), ACT(name),
	/* clang-format on */
};
#define NR_ACTS (sizeof(acts) / sizeof(*acts))

/* ---- where and by whom ---- */

static char mount_point[PATH_MAX];

static void __attribute__((noreturn)) act_all(const struct passwd *pw, const char *cgroup, int to)
{
	char path[2 * PATH_MAX];
	long results[NR_ACTS];
	int procs;

	snprintf(path, sizeof(path), "%s%s/cgroup.procs", mount_point, cgroup);
	procs = open(path, O_WRONLY | O_CLOEXEC);
	if (procs < 0 || write(procs, "0", 1) != 1)
		_exit(100);
	setsid();
	/* root's capabilities go with it; a process that changed identity may be traced again */
	if (pw->pw_uid && become_another())
		_exit(101);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (chdir(pw->pw_dir))
		_exit(102);
	for (size_t i = 0; i < NR_ACTS; i++)
		results[i] = acts[i].act();
	_exit(write(to, results, sizeof(results)) != sizeof(results));
}

static void do_all(const struct passwd *pw, const char *cgroup, long results[NR_ACTS])
{
	int ends[2], status;
	ssize_t len;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		GIVE_UP("pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (!pid)
		act_all(pw, cgroup, ends[1]);
	close(ends[1]);
	len = read(ends[0], results, NR_ACTS * sizeof(long));
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || status || len != (ssize_t)(NR_ACTS * sizeof(long)))
		GIVE_UP("in %s/: ended with status %x", cgroup, status);
}

static void must_run(const char *command)
{
	if (system(command))
		GIVE_UP("%s failed", command);
}

static int how_many_work(const long results[NR_ACTS])
{
	int nr = 0;

	for (size_t i = 0; i < NR_ACTS; i++) {
		nr += !results[i];
		if (results[i])
			printf("# without safenode: %s: %s\n", acts[i].name,
			       sn_test_errno(results[i]));
	}
	return nr;
}

static void expect_same(const char *cgroup, const char *user, const long want[NR_ACTS],
			const long got[NR_ACTS])
{
	for (size_t i = 0; i < NR_ACTS; i++)
		if (want[i] != got[i])
			FAIL("%s in %s/: %s: want %ld %s, got %ld %s", user, cgroup, acts[i].name,
			     want[i], sn_test_errno(want[i]), got[i], sn_test_errno(got[i]));
}

static struct passwd root = { .pw_name = "root", .pw_dir = "/srv/t1-evil" };
static struct passwd user = { .pw_name = "a user", .pw_uid = 2003, .pw_dir = "/srv/t2" };

TEST(whoever_is_no_tenant_can_do_everything_as_if_safenode_were_not_loaded)
{
	/* the root, the parent's own parent, and beside the parent as deep as the tenants */
	static const char *const cgroups[] = { "", "/outer", "/outer/beside/below" };
	long as_root[NR_ACTS], as_user[NR_ACTS], got[NR_ACTS];
	struct tenant *busy, *idle;
	struct sn_err err;

	DONE_BY_RUN(3);
	if (sn_cgroup_mount(mount_point, &err))
		GIVE_UP("%s", err.text);
	must_run("chmod 777 /srv/t2 && ip address replace 10.9.0.1/32 dev lo");
	must_run("safenode-load --unload");
	do_all(&root, "", as_root);
	do_all(&user, "", as_user);
	EXPECT_TRUE(how_many_work(as_root) >= 45);
	EXPECT_TRUE(how_many_work(as_user) >= 30);

	must_run("mkdir /sys/fs/cgroup/outer && safenode-load --parent /outer/safenode");
	must_run("mkdir -p /sys/fs/cgroup/outer/beside/below");
	busy = tenant_start("t1", ROUNDS_OPTIONS, NULL);
	idle = tenant_start("idle", "--dir", "/srv/t10", NULL);
	rounds_begin(busy, "/srv/t1", 1);
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(*cgroups); i++) {
		do_all(&root, cgroups[i], got);
		expect_same(cgroups[i], "root", as_root, got);
		do_all(&user, cgroups[i], got);
		expect_same(cgroups[i], "a user", as_user, got);
	}
	rounds_stop("/srv/t1");
	EXPECT_TRUE(rounds_end(busy) > 100);
	EXPECT_EQ(0, inside(idle, "ready", "%s", ""));
	tenant_stop(busy);
	tenant_stop(idle);
	must_run("safenode-load --unload");
	must_run("cd /sys/fs/cgroup && rmdir outer/beside/below outer/beside outer");
	must_run("safenode-load"); /* as it was */
}
