// SPDX-License-Identifier: GPL-2.0-only
/*
 * LD_PRELOAD library: one chosen library call of a program fails, or is where the program is
 * killed.
 *
 *  FAILAT=FAMILY:N   the Nth call of that family fails, with an errno that it can have
 *  FAILAT_ON=1	      and so does every later one, for callers that try again
 *  FAILAT_KILL=1     it ends the process with SIGKILL instead
 *  FAILAT_STOP=1     it stops the process instead, which then goes on as if nothing were
 *  FAILAT_LIST=FILE  gets a line "FAMILY:N CALLERS" for each call, CALLERS being a hash of where in
 *		      the program it comes from; with FAILAT only the line "hit FAMILY:N", so that a
 *		      test knows that it came so far
 *  FAILAT_DEPTH=N    how many calls inside the program tell one place from another (default 1)
 *  FAILAT_ONLY=LIST  lists only these families, separated by commas: walking the stack is slow
 *
 * A family is a function, or a command of bpf(2). In a forked child its name begins with a "+", in
 * a grandchild with "++", and counts begin anew. Nothing is passed on through exec.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <link.h>
#include <linux/bpf.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int error;
} families[] = {
	{ "access", EACCES },	   { "bpf-link", ENOMEM },    { "bpf-map", ENOMEM },
	{ "bpf-obj-get", EMFILE }, { "bpf-pin", ENOSPC },     { "bpf-prog", ENOMEM },
	{ "bpf-update", ENOMEM },  { "calloc", ENOMEM },      { "capset", EPERM },
	{ "fchdir", EACCES },	   { "close_range", ENOSYS }, { "execv", ENOMEM },
	{ "fcntl", EBADF },	   { "fdopen", ENOMEM },      { "flock", EINTR },
	{ "fopen", EMFILE },	   { "fork", EAGAIN },	      { "fstat", EACCES },
	{ "fstatfs", EIO },	   { "getcwd", EACCES },      { "getifaddrs", EMFILE },
	{ "getpwnam", EIO },	   { "getpwuid", EIO },	      { "getsid", EINVAL },
	{ "malloc", ENOMEM },	   { "mkdir", ENOSPC },	      { "name_to_handle_at", EOPNOTSUPP },
	{ "open", EMFILE },	   { "openat", EMFILE },      { "opendir", EMFILE },
	{ "pipe2", EMFILE },	   { "posix_spawn", EAGAIN }, { "prctl", EPERM },
	{ "read", EIO },	   { "readlinkat", EACCES },  { "realloc", ENOMEM },
	{ "realpath", ELOOP },	   { "rename", EBUSY },	      { "rmdir", EBUSY },
	{ "setenv", ENOMEM },	   { "setgroups", EPERM },    { "chmod", EROFS },
	{ "setresgid", EPERM },	   { "setresuid", EAGAIN },   { "socket", ENOMEM },
	{ "stat", EACCES },	   { "statfs", EIO },	      { "statx", EACCES },
	{ "unlink", EBUSY },	   { "write", EIO },
};
#define NR_FAMILIES (sizeof(families) / sizeof(*families))

static unsigned int calls[NR_FAMILIES];
static char generation[8]; /* a '+' for each fork since the start */
static char wanted[64], only[256];
static bool fail, failing_on, reached, armed;
static int list = -1, callers = 1, signal_instead;
static unsigned long program_start, program_end;
static const void *wrapper; /* in libbpf, which may be a part of the program, and calls bpf(2) */

/* Not through the functions below, and not counted. */
static void put_line(const char *line, size_t len)
{
	syscall(SYS_write, list, line, len);
}

static bool is_listed(const char *name)
{
	const char *at = strstr(only, name);
	size_t len = strlen(name);

	return !*only || (at && (at == only || at[-1] == ',') && (!at[len] || at[len] == ','));
}

static bool is_program(const void *frame)
{
	unsigned long at = (unsigned long)frame;

	return at >= program_start && at < program_end;
}

static void list_call(const char *name, unsigned int nr)
{
	void *frames[64];
	unsigned long sum = 5381;
	int depth, left = callers;
	char line[128];

	if (list < 0 || fail || !is_listed(name))
		return;
	depth = backtrace(frames, 64);
	for (int i = 0; i < depth && left; i++) {
		if (!is_program(frames[i]) || frames[i] == wrapper)
			continue;
		sum = sum * 33 ^ (unsigned long)frames[i];
		left--;
	}
	put_line(line, snprintf(line, sizeof(line), "%s%s:%u %lx\n", generation, name, nr, sum));
}

/* Counts a call; true if it has to fail, with errno set. */
static bool hit(const char *name)
{
	char call[64], line[80];
	size_t i = 0;
	bool later;

	if (!armed)
		return false;
	while (i < NR_FAMILIES && strcmp(families[i].name, name))
		i++;
	if (i == NR_FAMILIES)
		return false;
	armed = false; /* what follows calls some of them as well */
	list_call(name, ++calls[i]);
	snprintf(call, sizeof(call), "%s%s:%u", generation, name, calls[i]);
	armed = true;
	later = failing_on && reached && !strncmp(call, wanted, strcspn(wanted, ":") + 1);
	if (!fail || (strcmp(call, wanted) && !later))
		return false;
	if (!reached)
		put_line(line, snprintf(line, sizeof(line), "hit %s\n", call));
	reached = true;
	if (signal_instead)
		syscall(SYS_kill, getpid(), signal_instead);
	errno = families[i].error;
	return !signal_instead;
}

/* Before the library is armed, dlsym(3) itself may come here for memory. */
/* NOLINTBEGIN(bugprone-reserved-identifier): these are the C library's */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t nr, size_t size);
extern void *__libc_realloc(void *old, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

void *malloc(size_t size)
{
	return hit("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	return hit("calloc") ? NULL : __libc_calloc(nr, size);
}

void *realloc(void *old, size_t size)
{
	return hit("realloc") ? NULL : __libc_realloc(old, size);
}

#define NEXT(name)                                                     \
	({                                                             \
		static typeof(&name) next;                             \
		if (!next) {                                           \
			bool was = armed;                              \
			armed = false;                                 \
			next = (typeof(&name))dlsym(RTLD_NEXT, #name); \
			armed = was;                                   \
		}                                                      \
		next;                                                  \
	})

#define WRAP(type, name, family, params, args, failed)           \
	type name params                                         \
	{                                                        \
		return hit(family) ? (failed) : NEXT(name) args; \
	}

WRAP(int, access, "access", (const char *path, int mode), (path, mode), -1)
WRAP(int, execv, "execv", (const char *path, char *const argv[]), (path, argv), -1)
WRAP(int, fchdir, "fchdir", (int fd), (fd), -1)
WRAP(FILE *, fdopen, "fdopen", (int fd, const char *mode), (fd, mode), NULL)
WRAP(int, flock, "flock", (int fd, int how), (fd, how), -1)
WRAP(FILE *, fopen, "fopen", (const char *path, const char *mode), (path, mode), NULL)
WRAP(FILE *, fopen64, "fopen", (const char *path, const char *mode), (path, mode), NULL)
WRAP(int, fstat, "fstat", (int fd, struct stat *st), (fd, st), -1)
WRAP(int, fstatfs, "fstatfs", (int fd, struct statfs *fs), (fd, fs), -1)
WRAP(char *, getcwd, "getcwd", (char *path, size_t size), (path, size), NULL)
WRAP(struct passwd *, getpwnam, "getpwnam", (const char *name), (name), NULL)
WRAP(struct passwd *, getpwuid, "getpwuid", (uid_t uid), (uid), NULL)
WRAP(pid_t, getsid, "getsid", (pid_t pid), (pid), -1)
WRAP(int, chmod, "chmod", (const char *path, mode_t mode), (path, mode), -1)
WRAP(int, mkdir, "mkdir", (const char *path, mode_t mode), (path, mode), -1)
WRAP(int, name_to_handle_at, "name_to_handle_at",
     (int dir, const char *path, struct file_handle *handle, int *mount, int flags),
     (dir, path, handle, mount, flags), -1)
WRAP(DIR *, opendir, "opendir", (const char *path), (path), NULL)
WRAP(int, pipe2, "pipe2", (int ends[2], int flags), (ends, flags), -1)
WRAP(int, posix_spawn, "posix_spawn",
     (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attr, char *const argv[], char *const envp[]),
     (pid, path, actions, attr, argv, envp), errno)
WRAP(ssize_t, read, "read", (int fd, void *to, size_t size), (fd, to, size), -1)
WRAP(ssize_t, readlinkat, "readlinkat", (int dir, const char *path, char *to, size_t size),
     (dir, path, to, size), -1)
WRAP(char *, realpath, "realpath", (const char *path, char *to), (path, to), NULL)
WRAP(int, rename, "rename", (const char *from, const char *to), (from, to), -1)
WRAP(int, renameat2, "rename",
     (int from_dir, const char *from, int to_dir, const char *to, unsigned int flags),
     (from_dir, from, to_dir, to, flags), -1)
WRAP(int, rmdir, "rmdir", (const char *path), (path), -1)
WRAP(int, unlink, "unlink", (const char *path), (path), -1)
WRAP(int, unlinkat, flags &AT_REMOVEDIR ? "rmdir" : "unlink",
     (int dir, const char *path, int flags), (dir, path, flags), -1)
WRAP(int, setenv, "setenv", (const char *name, const char *value, int replace),
     (name, value, replace), -1)
WRAP(int, setgroups, "setgroups", (size_t nr, const gid_t *gids), (nr, gids), -1)
WRAP(int, setresgid, "setresgid", (gid_t r, gid_t e, gid_t s), (r, e, s), -1)
WRAP(int, setresuid, "setresuid", (uid_t r, uid_t e, uid_t s), (r, e, s), -1)
WRAP(int, socket, "socket", (int family, int type, int protocol), (family, type, protocol), -1)
WRAP(int, stat, "stat", (const char *path, struct stat *st), (path, st), -1)
WRAP(int, statfs, "statfs", (const char *path, struct statfs *fs), (path, fs), -1)
WRAP(int, statx, "statx",
     (int dir, const char *path, int flags, unsigned int mask, struct statx *st),
     (dir, path, flags, mask, st), -1)
WRAP(ssize_t, write, "write", (int fd, const void *from, size_t size), (fd, from, size), -1)

int getifaddrs(struct ifaddrs **all)
{
	return hit("getifaddrs") ? -1 : NEXT(getifaddrs)(all);
}

pid_t fork(void)
{
	pid_t pid;

	if (hit("fork"))
		return -1;
	pid = NEXT(fork)();
	if (!pid && strlen(generation) + 1 < sizeof(generation)) {
		strcat(generation, "+");
		memset(calls, 0, sizeof(calls));
	}
	return pid;
}

/* Of a child that has the caller's memory: until it ends, its calls are counted apart. */
int clone(int (*act)(void *), void *stack, int flags, void *data, ...)
{
	unsigned int before[NR_FAMILIES];
	size_t length = strlen(generation);
	int pid, error;

	if (hit("fork"))
		return -1;
	memcpy(before, calls, sizeof(calls));
	if (length + 1 < sizeof(generation)) {
		strcat(generation, "+");
		memset(calls, 0, sizeof(calls));
	}
	pid = NEXT(clone)(act, stack, flags, data);
	error = errno;
	generation[length] = '\0';
	memcpy(calls, before, sizeof(calls));
	errno = error;
	return pid;
}

/* Which it may be, and a function that calls vfork(2) must not return. */
pid_t vfork(void)
{
	return fork();
}

#define WRAP_OPEN(name, family, params, args)              \
	int name params                                    \
	{                                                  \
		mode_t mode = 0;                           \
		va_list list_;                             \
                                                           \
		va_start(list_, flags);                    \
		if (flags & (O_CREAT | O_TMPFILE))         \
			mode = va_arg(list_, mode_t);      \
		va_end(list_);                             \
		return hit(family) ? -1 : NEXT(name) args; \
	}

WRAP_OPEN(open, "open", (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, "open", (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, "openat", (int dir, const char *path, int flags, ...), (dir, path, flags, mode))

#define REST(last, n)                          \
	long rest[n];                          \
	va_list list_;                         \
                                               \
	va_start(list_, last);                 \
	for (int i = 0; i < (n); i++)          \
		rest[i] = va_arg(list_, long); \
	va_end(list_)

int fcntl(int fd, int cmd, ...)
{
	REST(cmd, 1);

	return hit("fcntl") ? -1 : NEXT(fcntl)(fd, cmd, rest[0]);
}

int fcntl64(int fd, int cmd, ...)
{
	REST(cmd, 1);

	return hit("fcntl") ? -1 : NEXT(fcntl64)(fd, cmd, rest[0]);
}

int prctl(int option, ...)
{
	REST(option, 4);

	return hit("prctl") ? -1 : NEXT(prctl)(option, rest[0], rest[1], rest[2], rest[3]);
}

/* Only what can fail for want of memory, room or descriptors: no look-up, deletion or iteration. */
static const char *bpf_family(long cmd)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
		return "bpf-map";
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_UPDATE_BATCH:
		return "bpf-update";
	case BPF_PROG_LOAD:
		return "bpf-prog";
	case BPF_OBJ_PIN:
		return "bpf-pin";
	case BPF_OBJ_GET:
		return "bpf-obj-get";
	case BPF_LINK_CREATE:
		return "bpf-link";
	}
	return "";
}

long syscall(long number, ...)
{
	const char *family = "";
	REST(number, 6);

	wrapper = number == SYS_bpf ? __builtin_return_address(0) : NULL;
	if (number == SYS_bpf)
		family = bpf_family(rest[0]);
	if (number == SYS_capset)
		family = "capset";
	if (number == SYS_close_range)
		family = "close_range";
	if (hit(family))
		return -1;
	return NEXT(syscall)(number, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]);
}

static void copy_env(char *to, size_t size, const char *name)
{
	const char *value = getenv(name);

	snprintf(to, size, "%s", value ? value : "");
}

/* The program itself comes first. */
static int find_program(struct dl_phdr_info *info, size_t size, void *data)
{
	program_start = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		unsigned long end = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && program_end < program_start + end)
			program_end = program_start + end;
	}
	return 1;
}

static void __attribute__((constructor)) arm(void)
{
	static const char *const own[] = { "FAILAT",	   "FAILAT_ON",	  "FAILAT_KILL",
					   "FAILAT_STOP",  "FAILAT_LIST", "FAILAT_ONLY",
					   "FAILAT_DEPTH", "LD_PRELOAD" };
	const char *file = getenv("FAILAT_LIST"), *depth = getenv("FAILAT_DEPTH");
	void *frame;

	copy_env(wanted, sizeof(wanted), "FAILAT");
	copy_env(only, sizeof(only), "FAILAT_ONLY");
	fail = *wanted;
	failing_on = getenv("FAILAT_ON");
	signal_instead = getenv("FAILAT_KILL") ? SIGKILL : getenv("FAILAT_STOP") ? SIGSTOP : 0;
	if (depth)
		callers = atoi(depth);
	dl_iterate_phdr(find_program, NULL);
	if (file) {
		/* out of the way of descriptors that a test counts */
		int fd = syscall(SYS_openat, AT_FDCWD, file,
				 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

		list = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
		syscall(SYS_close, fd);
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		unsetenv(own[i]);
	backtrace(&frame, 1); /* loads the unwinder */
	armed = true;
}
