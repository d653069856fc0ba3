// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tenant runs in these tests, where node would need seconds to start:
 *  acts		tries each kind of act once and prints what came of it, in one line
 *  self DIR		is everything dropped and set as safenode-attach promises? "as promised", or
 *what not deny N		asks N times for a Unix socket; fails unless each is refused with
 *EPERM loop USEC		goes through the acts, with a pause, until the file "stop" appears;
 *then prints how many were tried and how many of them had another answer than they should wait
 *does nothing until the file "stop" appears move PROCS UID COMMAND... is the server instead: forks
 *a child that becomes UID, goes into the cgroup whose cgroup.procs is PROCS, goes through the acts,
 *and starts first env, then COMMAND; waits for it, and ends as it did
 *
 * hold MB: uses so much memory and prints "held"
 *
 * huge: takes one huge page in each way that there is, and prints what came of it
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- acts: 0 or an errno ---- */

static int close_or_errno(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_socket(void)
{
	return close_or_errno(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_read(void)
{
	return close_or_errno(open("/etc/passwd", O_RDONLY));
}

static int try_list(void)
{
	return close_or_errno(open("/", O_RDONLY | O_DIRECTORY));
}

static int try_chdir(void)
{
	int here = open(".", O_PATH | O_DIRECTORY), error = chdir("..") ? errno : 0;

	if (!error && fchdir(here))
		error = errno;
	close(here);
	return error;
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return 0;
}

static int try_write(void)
{
	int error = close_or_errno(open("written", O_WRONLY | O_CREAT, 0600));

	return error ? error : unlink("written") ? errno : 0;
}

static const struct act {
	const char *name;
	int (*act)(void);
	int refused; /* what a tenant gets; 0: it may */
} acts[] = {
	{ "unix-socket", try_socket, EPERM }, { "read-outside", try_read, ENOENT },
	{ "list-root", try_list, ENOENT },    { "chdir", try_chdir, EPERM },
	{ "fork", try_fork, EACCES },	      { "write-inside", try_write, 0 },
};
#define NR_ACTS (sizeof(acts) / sizeof(*acts))

static int print_acts(void)
{
	for (size_t i = 0; i < NR_ACTS; i++) {
		int error = acts[i].act();

		printf("%s%s=%s", i ? " " : "", acts[i].name,
		       error ? strerrorname_np(error) : "ok");
	}
	putchar('\n');
	return 0;
}

static bool stopped(void)
{
	return !access("stop", F_OK);
}

static int loop(unsigned long pause)
{
	unsigned long tries = 0, other = 0;

	while (!stopped()) {
		for (size_t i = 0; i < NR_ACTS; i++) {
			tries++;
			other += acts[i].act() != acts[i].refused;
		}
		usleep(pause);
	}
	printf("%lu tries, %lu with another answer\n", tries, other);
	return other != 0;
}

static int deny(unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		if (try_socket() != EPERM)
			return 1;
	printf("%lu refused\n", nr);
	return 0;
}

/* ---- what it is ---- */

static const char *wrong_ids(const struct stat *dir)
{
	uid_t r, e, s;
	gid_t rg, eg, sg, groups[2];

	if (getresuid(&r, &e, &s) || r != dir->st_uid || e != r || s != r)
		return "user";
	if (getresgid(&rg, &eg, &sg) || rg != dir->st_gid || eg != rg || sg != rg)
		return "group";
	if (getgroups(2, groups) != 1 || groups[0] != rg)
		return "supplementary groups";
	return NULL;
}

static const char *wrong_powers(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &header, caps))
		return "capget";
	for (int i = 0; i < 2; i++)
		if (caps[i].effective | caps[i].permitted | caps[i].inheritable)
			return "capabilities";
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (prctl(PR_CAPBSET_READ, cap))
			return "bounding set";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return "no_new_privs";
	return NULL;
}

static bool env_is(const char *name, const char *value)
{
	const char *have = getenv(name);

	return have && !strcmp(have, value);
}

static const char *wrong_environment(const char *dir)
{
	const char *user = getenv("USER");
	char cwd[4096];

	if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, dir))
		return "working directory";
	if (!env_is("HOME", dir) || !env_is("TMPDIR", dir) || !env_is("PWD", dir))
		return "HOME, TMPDIR or PWD";
	if (user && (!strcmp(user, "root") != !getuid() || !env_is("LOGNAME", user)))
		return "USER or LOGNAME";
	if (getenv("LD_PRELOAD"))
		return "LD_PRELOAD";
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return "open descriptors";
	if (getsid(0) != getpid() && getpgrp() != getpid())
		return "session";
	return NULL;
}

static int self(const char *dir)
{
	struct stat st;
	const char *wrong;

	if (stat(dir, &st))
		return puts("the directory is missing"), 1;
	wrong = wrong_ids(&st);
	if (!wrong)
		wrong = wrong_powers();
	if (!wrong)
		wrong = wrong_environment(dir);
	for (size_t i = 0; !wrong && i < NR_ACTS; i++)
		if (acts[i].act() != acts[i].refused)
			wrong = acts[i].name;
	printf("%s%s\n", wrong ? "not as promised: " : "as promised", wrong ? wrong : "");
	return wrong != NULL;
}

/* ---- memory ---- */

static int hold(size_t megabytes)
{
	size_t size = megabytes << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return puts(strerrorname_np(errno)), 1;
	for (size_t at = 0; at < size; at += 64) /* nothing that swap in memory could make small */
		*(unsigned long *)(memory + at) = at * 0x9e3779b97f4a7c15;
	puts("held");
	return 0;
}

#define HUGE_PAGE (2 << 20)

static sigjmp_buf no_page;

static void on_sigbus(int sig)
{
	siglongjmp(no_page, 1);
}

static const char *map_huge(int flags, int fd)
{
	char *page;

	page = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (page == MAP_FAILED)
		return strerrorname_np(errno);
	if (sigsetjmp(no_page, 1)) {
		munmap(page, HUGE_PAGE);
		return "SIGBUS";
	}
	*page = 1;
	munmap(page, HUGE_PAGE);
	return "ok";
}

static int huge(void)
{
	int anonymous = MAP_ANONYMOUS | MAP_HUGETLB, fd = memfd_create("huge", MFD_HUGETLB);

	signal(SIGBUS, on_sigbus);
	printf("private=%s", map_huge(MAP_PRIVATE | anonymous, -1));
	printf(" shared=%s", map_huge(MAP_SHARED | anonymous, -1));
	printf(" file=%s", map_huge(MAP_SHARED, fd));
	printf(" allocated=%s", fallocate(fd, 0, 0, HUGE_PAGE) ? strerrorname_np(errno) : "ok");
	ftruncate(fd, 0);
	printf(" unreserved=%s\n", map_huge(MAP_PRIVATE | MAP_NORESERVE | anonymous, -1));
	return 0;
}

/* ---- the server ---- */

static void __attribute__((noreturn)) moved(const char *procs, uid_t uid, char **command)
{
	char *env[] = { "env", "true", NULL };
	int fd = open(procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ||
	    write(fd, "0", 1) != 1) {
		perror("move");
		_exit(99);
	}
	print_acts();
	execv("/usr/bin/env", env);
	printf("env: %s\n", strerrorname_np(errno));
	execvp(command[0], command);
	printf("%s: %s\n", command[0], strerrorname_np(errno));
	_exit(98);
}

static int move(const char *procs, uid_t uid, char **command)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		moved(procs, uid, command);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setlinebuf(stdout);
	if (!strcmp(what, "acts"))
		return print_acts();
	if (!strcmp(what, "self") && argc > 2)
		return self(argv[2]);
	if (!strcmp(what, "deny") && argc > 2)
		return deny(strtoul(argv[2], NULL, 10));
	if (!strcmp(what, "loop") && argc > 2)
		return loop(strtoul(argv[2], NULL, 10));
	if (!strcmp(what, "move") && argc > 4)
		return move(argv[2], strtoul(argv[3], NULL, 10), argv + 4);
	if (!strcmp(what, "hold") && argc > 2)
		return hold(strtoul(argv[2], NULL, 10));
	if (!strcmp(what, "huge"))
		return huge();
	if (!strcmp(what, "wait")) {
		while (!stopped())
			usleep(50000);
		return 0;
	}
	return 2;
}
