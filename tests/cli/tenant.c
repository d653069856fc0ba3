// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tenant runs in these tests, where node would need seconds to start:
 *
 * acts: tries each kind of act once and prints what came of it, in one line.
 * self DIR: is everything dropped and set as safenode-attach promises? "as promised", or what not.
 * deny N: asks N times for a Unix socket; fails unless each is refused with EPERM.
 * loop USEC: goes through the acts, with a pause, until the file "stop" appears; then prints how
 *	many were tried and how many of them had another answer than they should.
 * wait: does nothing until the file "stop" appears.
 * session: whose session is it in?
 * terminal: what can be done with the terminals on 0, 1 and 2? Into the file "report".
 * group GROUP: joins it and sets the terminal's modes, which stops a group in the background.
 * echo: reads lines, and prints them; into the file "got", too.
 * weight: what does it have that gives weight, and can it have more?
 * move PROCS UID COMMAND...: is the server instead: forks a child that becomes UID, goes into the
 *	cgroup whose cgroup.procs is PROCS, goes through the acts, and starts first env, then
 *	COMMAND; waits for it, and ends as it did.
 * hold MB [wait]: uses so much memory and prints "held"; then waits until the file "stop" is there.
 * huge: takes one huge page in each way that there is, and prints what came of it.
 * favoured COMMAND...: is a server that has all the weight that there is, and starts it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
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
	if (printf("%lu refused\n", nr) > 0)
		return 0;
	perror("cannot print");
	return 1;
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
	if (getsid(0) != getpid())
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

static int hold(size_t megabytes, bool wait)
{
	size_t size = megabytes << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return puts(strerrorname_np(errno)), 1;
	for (size_t at = 0; at < size; at += 64) /* nothing that swap in memory could make small */
		*(unsigned long *)(memory + at) = at * 0x9e3779b97f4a7c15;
	puts("held");
	fflush(stdout);
	while (wait && !stopped())
		usleep(50000);
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

/* ---- its session and its terminal ---- */

static int session(void)
{
	bool own = getsid(0) == getpid() && getpgrp() == getpid();

	printf("pid %d, session %s, %s\n", getpid(), own ? "of its own" : "of another",
	       waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD ? "no child" : "a child");
	return 0;
}

static const char *name_of(long result)
{
	return result < 0 ? strerrorname_np(errno) : "ok";
}

static int terminal(void)
{
	struct termios modes = {};
	struct winsize size;
	int count, fd;
	FILE *f = fopen("report.new", "w");
	char byte;

	if (!f)
		return 1;
	fprintf(f, "tty");
	for (fd = 0; fd <= 2; fd++)
		fprintf(f, " %s", isatty(fd) ? "yes" : "no");
	fprintf(f, ", size %s", ioctl(1, TIOCGWINSZ, &size) ? "no" : "yes");
	fcntl(1, F_SETFL, O_NONBLOCK);
	fprintf(f, ", read %s", read(1, &byte, 1) >= 0 || errno == EAGAIN ? "none" : name_of(-1));
	fd = open("/proc/self/fd/1", O_RDONLY | O_NOCTTY);
	fprintf(f, ", open %s", name_of(fd));
	if (tcgetattr(1, &modes))
		return 1;
	fprintf(f, ", set %s", name_of(tcsetattr(1, TCSANOW, &modes)));
	fprintf(f, ", count %s\n", name_of(ioctl(1, FIONREAD, &count)));
	fclose(f);
	return rename("report.new", "report");
}

static int group(pid_t other)
{
	struct termios modes;
	int fd = isatty(0) ? 0 : 2;

	puts(setpgid(0, other) ? name_of(-1) : "joined");
	if (tcgetattr(fd, &modes))
		return 1;
	printf("set: %s\n", name_of(tcsetattr(fd, TCSANOW, &modes)));
	return 0;
}

static int echo(void)
{
	FILE *f = fopen("got", "w");
	char line[256];

	while (f && fgets(line, sizeof(line), stdin)) {
		printf("got %s", line);
		fprintf(f, "got %s", line);
		fflush(f);
	}
	return 0;
}

/* ---- its weight ---- */

static unsigned long process_flags(void)
{
	unsigned long flags = 0;
	char line[1024] = "";
	FILE *f = fopen("/proc/self/stat", "r");

	if (f && fgets(line, sizeof(line), f))
		sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %lu", &flags);
	if (f)
		fclose(f);
	return flags;
}

static int oom_score(void)
{
	FILE *f = fopen("/proc/self/oom_score_adj", "r");
	int score = 12345;

	if (!f || fscanf(f, "%d", &score) != 1)
		perror("oom_score_adj");
	if (f)
		fclose(f);
	return score;
}

static rlim_t limit_of(int resource)
{
	struct rlimit limit = { 12345, 12345 };

	getrlimit(resource, &limit);
	return limit.rlim_cur == limit.rlim_max ? limit.rlim_max : 12345;
}

static bool can_have_more(void)
{
	struct rlimit more = { 1, 1 };
	struct sched_param param = { 1 };
	int oom = open("/proc/self/oom_score_adj", O_WRONLY);

	return oom >= 0 || !setpriority(PRIO_PROCESS, 0, -1) ||
	       !sched_setscheduler(0, SCHED_FIFO, &param) ||
	       !syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
			IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 4)) ||
	       !setrlimit(RLIMIT_RTPRIO, &more) || !setrlimit(RLIMIT_NICE, &more) ||
	       !prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
}

static int weight(void)
{
	int policy = sched_getscheduler(0), nice = getpriority(PRIO_PROCESS, 0);
	int io = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0) >> IOPRIO_CLASS_SHIFT;

	printf("oom %d, policy %d, nice %d, io %d, rtprio %lu, nice limit %lu, core %lu%s",
	       oom_score(), policy, nice, io == IOPRIO_CLASS_RT, limit_of(RLIMIT_RTPRIO),
	       limit_of(RLIMIT_NICE), limit_of(RLIMIT_CORE),
	       process_flags() & 0x180000 ? ", flusher" : "");
	puts(can_have_more() ? ", and more" : "");
	return 0;
}

static int favoured(char **command)
{
	struct sched_param param = { .sched_priority = 50 };
	FILE *oom = fopen("/proc/self/oom_score_adj", "w");

	if (!oom || fputs("-900", oom) < 0 || fclose(oom) || setpriority(PRIO_PROCESS, 0, -10) ||
	    sched_setscheduler(0, SCHED_FIFO, &param) ||
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 4)) ||
	    setrlimit(RLIMIT_RTPRIO, &(struct rlimit){ 99, 99 }) ||
	    setrlimit(RLIMIT_NICE, &(struct rlimit){ 40, 40 }) ||
	    setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }) ||
	    prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) {
		perror("favoured");
		return 99;
	}
	execvp(command[0], command);
	perror(command[0]);
	return 98;
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
		return hold(strtoul(argv[2], NULL, 10), argc > 3);
	if (!strcmp(what, "huge"))
		return huge();
	if (!strcmp(what, "session"))
		return session();
	if (!strcmp(what, "terminal"))
		return terminal();
	if (!strcmp(what, "group") && argc > 2)
		return group(strtoul(argv[2], NULL, 10));
	if (!strcmp(what, "echo"))
		return echo();
	if (!strcmp(what, "weight"))
		return weight();
	if (!strcmp(what, "favoured") && argc > 2)
		return favoured(argv + 2);
	if (!strcmp(what, "wait")) {
		while (!stopped())
			usleep(50000);
		return 0;
	}
	return 2;
}
