// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts a command under the alternatives that the kernel offers:
 *
 * confine landlock DIR PORT COMMAND...	rules that allow what a tenant of DIR may
 * confine apparmor PROFILE COMMAND...	a profile that has been loaded
 * confine seccomp COMMAND...		a filter for what a tenant's system calls may not do
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of the oldest machine that builds this; see linux/landlock.h. */
#define FS_TRUNCATE  (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND     (1ULL << 0)  /* ABI 4 */
#define NET_CONNECT  (1ULL << 1)
#define SCOPE_ALL    3ULL /* ABI 6: abstract Unix sockets and signals */
#define RULE_PORT    2

struct ruleset {
	__u64 fs, net, scoped;
};

struct port {
	__u64 access, port;
};

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
	exit(125);
}

#define FS_LOOK (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_RUN	(FS_LOOK | LANDLOCK_ACCESS_FS_EXECUTE)

static void allow_below(int ruleset, const char *path, __u64 access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};

	if (rule.parent_fd < 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		die(path);
	close(rule.parent_fd);
}

static void allow_port(int ruleset, __u64 number)
{
	struct port port = { .access = NET_BIND | NET_CONNECT, .port = number };

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &port, 0))
		die("port");
}

/* Six path rules and one port: the directory, and what node needs of the rest to start. */
static void landlock(const char *dir, int port)
{
	int abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all = { .fs = (1ULL << 14) - 1 };
	size_t size = sizeof(all.fs);
	int fd;

	if (abi < 0)
		die("Landlock");
	if (abi >= 3)
		all.fs |= FS_TRUNCATE;
	if (abi >= 4) {
		all.net = NET_BIND | NET_CONNECT;
		size = offsetof(struct ruleset, scoped);
	}
	if (abi >= 5)
		all.fs |= FS_IOCTL_DEV;
	if (abi >= 6) {
		all.scoped = SCOPE_ALL;
		size = sizeof(all);
	}
	fd = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (fd < 0)
		die("Landlock");
	allow_below(fd, dir, all.fs);
	allow_below(fd, "/usr", FS_RUN);
	allow_below(fd, "/etc", FS_LOOK);
	allow_below(fd, "/proc", FS_LOOK);
	allow_below(fd, "/dev", FS_LOOK | LANDLOCK_ACCESS_FS_WRITE_FILE);
	allow_below(fd, "/sys", FS_LOOK);
	if (abi >= 4)
		allow_port(fd, port);
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		die("Landlock");
	close(fd);
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE(nr)                                       \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/*
 * What a filter can see of the promises: system calls that are refused altogether, and clone
 * without CLONE_THREAD and the families of sockets by their arguments. A filter cannot see paths
 * and addresses. The kernel caches the verdict on calls whose arguments are not looked at. execve
 * is left in, for the command; a real one would need more than this.
 */
static void seccomp(void)
{
	static const struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		REFUSE(SYS_chdir),
		REFUSE(SYS_fchdir),
		REFUSE(SYS_chroot),
		REFUSE(SYS_fork),
		REFUSE(SYS_vfork),
		REFUSE(SYS_setuid),
		REFUSE(SYS_setgid),
		REFUSE(SYS_setreuid),
		REFUSE(SYS_setregid),
		REFUSE(SYS_setresuid),
		REFUSE(SYS_setresgid),
		REFUSE(SYS_setgroups),
		REFUSE(SYS_capset),
		REFUSE(SYS_ptrace),
		REFUSE(SYS_process_vm_readv),
		REFUSE(SYS_process_vm_writev),
		REFUSE(SYS_bpf),
		REFUSE(SYS_perf_event_open),
		REFUSE(SYS_userfaultfd),
		REFUSE(SYS_io_uring_setup),
		REFUSE(SYS_mount),
		REFUSE(SYS_umount2),
		REFUSE(SYS_unshare),
		REFUSE(SYS_setns),
		REFUSE(SYS_add_key),
		REFUSE(SYS_request_key),
		REFUSE(SYS_keyctl),
		REFUSE(SYS_shmget),
		REFUSE(SYS_msgget),
		REFUSE(SYS_semget),
		/* without it the C library falls back to clone, whose flags a filter can see */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		/* clone: threads only (the low half of the flags is enough) */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x10000, 6, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		/* socket: IPv4 and IPv6 */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 4),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(filter) / sizeof(*filter), (struct sock_filter *)filter };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		die("seccomp");
}

static void apparmor(const char *profile)
{
	int fd = open("/proc/self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "exec %s", profile) < 0)
		die("AppArmor");
	close(fd);
}

int main(int argc, char **argv)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs");
	if (argc > 4 && !strcmp(argv[1], "landlock")) {
		landlock(argv[2], atoi(argv[3]));
		argv += 4;
	} else if (argc > 3 && !strcmp(argv[1], "apparmor")) {
		apparmor(argv[2]);
		argv += 3;
	} else if (argc > 2 && !strcmp(argv[1], "seccomp")) {
		seccomp();
		argv += 2;
	} else {
		fprintf(stderr, "usage: confine landlock DIR PORT COMMAND... | apparmor PROFILE "
				"COMMAND... | "
				"seccomp COMMAND...\n");
		return 2;
	}
	execvp(argv[0], argv);
	die(argv[0]);
}
