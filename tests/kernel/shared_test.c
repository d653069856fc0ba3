// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tenant shares with others, and can use up or change for them: accounts of the machine, of
 * its user id, descriptors that it was handed, files that it may read. docs/shared-state.md has the
 * whole list.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>

#include "tenant.h"

/* ---- asynchronous I/O: one account for the machine, fs.aio-max-nr ---- */

#define AIO_REQUESTS 4096 /* a ring of 256 KiB; all of 65536 are 4 MiB */

static aio_context_t contexts[1024];
static int nr_contexts;

PROBE(aio)
{
	aio_context_t context = 0;
	long result = answer(syscall(SYS_io_setup, 1, &context));

	return result ? result : answer(syscall(SYS_io_destroy, context));
}

/* Takes what is left, in ever smaller pieces. How many contexts. */
PROBE(aio_take)
{
	long size = AIO_REQUESTS;

	while (nr_contexts < (int)(sizeof(contexts) / sizeof(*contexts)) && size) {
		contexts[nr_contexts] = 0;
		if (!syscall(SYS_io_setup, size, &contexts[nr_contexts]))
			nr_contexts++;
		else if (errno == EAGAIN)
			size /= 2;
		else
			return could_not_try("io_setup");
	}
	return nr_contexts;
}

PROBE(aio_give)
{
	while (nr_contexts)
		if (syscall(SYS_io_destroy, contexts[--nr_contexts]))
			return could_not_try("io_destroy");
	return 0;
}

TEST(a_tenant_with_little_memory_takes_all_of_the_machines_asynchronous_io)
{
	struct tenant *t = tenant_start("t2", "--memory-max", "64M", NULL);

	outside_as("root");
	EXPECT_EQ(0, outside("aio", "%s", ""));
	EXPECT_TRUE(inside(t, "aio_take", "%s", "") > 0);
	EXPECT_QUIET(t);
	EXPECT_EQ(-EAGAIN, outside("aio", "%s", ""));
	EXPECT_EQ(0, inside(t, "aio_give", "%s", ""));
	EXPECT_EQ(0, outside("aio", "%s", ""));
	inside(t, "aio_take", "%s", "");
	EXPECT_EQ(-EAGAIN, outside("aio", "%s", ""));
	tenant_stop(t); /* what it had goes with it */
	EXPECT_EQ(0, outside("aio", "%s", ""));
}

/* ---- accounts of a user id ---- */

#define HELD_MAX 2048

static int held[HELD_MAX], nr_held;
static timer_t timers[HELD_MAX];
static int nr_timers;

static long hold(int fd)
{
	if (fd < 0)
		return -errno;
	held[nr_held++] = fd;
	return 0;
}

static long take_inotify(void)
{
	return hold(inotify_init1(IN_CLOEXEC));
}

static long take_fanotify(void)
{
	return hold(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY));
}

static long take_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	static int set = -1;
	int fd = eventfd(0, EFD_CLOEXEC);

	if (set < 0)
		set = epoll_create1(EPOLL_CLOEXEC);
	return hold(fd) ?: answer(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
}

/* 16 pages, as long as there are some. */
static long take_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	close(ends[1]);
	return hold(ends[0]) ?: fcntl(ends[0], F_GETPIPE_SZ) < 65536 ? -ENOSPC : 0;
}

/* Each keeps a signal ready. */
static long take_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };

	if (timer_create(CLOCK_MONOTONIC, &event, &timers[nr_timers]))
		return -errno;
	nr_timers++;
	return 0;
}

static long size_of_a_pipe(void)
{
	int ends[2];

	return pipe2(ends, O_CLOEXEC) ? -errno : fcntl(ends[0], F_GETPIPE_SZ);
}

/* What one more gets where there is some left, and where there is none. */
static const struct account {
	const char *name;
	long (*take)(void);
	long (*one)(void);
	const char *limit; /* is set to 100 meanwhile, where the usual one takes long to reach */
	long left, none;
} accounts[] = {
	{ "inotify instances", take_inotify, take_inotify, NULL, 0, -EMFILE },
	{ "fanotify groups", take_fanotify, take_fanotify, NULL, 0, -EMFILE },
	{ "epoll watches", take_epoll, take_epoll, "fs/epoll/max_user_watches", 0, -ENOSPC },
	{ "pipe pages", take_pipe, size_of_a_pipe, "fs/pipe-user-pages-soft", 65536, 8192 },
	{ "pending signals", take_timer, take_timer, NULL, 0, -EAGAIN },
};

/* All that is left: HELD_MAX is more than any of the limits. */
PROBE(take)
{
	const struct account *account = &accounts[atoi(arg)];

	for (int i = 0; i < HELD_MAX; i++)
		if (account->take())
			return i;
	return could_not_try("reaching the limit of %s", account->name);
}

PROBE(give)
{
	while (nr_held)
		close(held[--nr_held]);
	while (nr_timers)
		timer_delete(timers[--nr_timers]);
	return *arg ? could_not_try("give takes no argument") : 0;
}

PROBE(one)
{
	return accounts[atoi(arg)].one();
}

static int set_limit(const char *name, int value)
{
	char path[128];
	int before = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	file = fopen(path, "r+");
	if (!file || fscanf(file, "%d", &before) != 1)
		GIVE_UP("cannot read %s", path);
	rewind(file);
	if (fprintf(file, "%d\n", value) < 0 || fclose(file))
		GIVE_UP("cannot write %s", path);
	return before;
}

static void expect_one(const char *user, int account, long want)
{
	long got;

	outside_as(user);
	got = outside("one", "%d", account);
	if (got != want)
		FAIL("%s, user %s: want %ld %s, got %ld %s", accounts[account].name, user, want,
		     sn_test_errno(want), got, sn_test_errno(got));
}

static void use_up(struct tenant *greedy, struct tenant *neighbour, int nr)
{
	const struct account *account = &accounts[nr];
	int before = account->limit ? set_limit(account->limit, 100) : 0;

	expect_one("t1", nr, account->left);
	EXPECT_TRUE(inside(greedy, "take", "%d", nr) > 0);
	EXPECT_QUIET(greedy);
	EXPECT_EQ(account->none, inside(neighbour, "one", "%d", nr));
	expect_one("t1", nr, account->none);
	expect_one("t2", nr, account->left);
	EXPECT_EQ(0, inside(greedy, "give", "%s", ""));
	EXPECT_EQ(0, inside(neighbour, "give", "%s", ""));
	expect_one("t1", nr, account->left);
	if (account->limit)
		set_limit(account->limit, before);
}

TEST(what_the_kernel_counts_by_user_id_a_tenant_takes_from_all_of_that_user)
{
	const struct rlimit signals = { 500, 500 };
	struct tenant *greedy, *neighbour;

	if (setrlimit(RLIMIT_SIGPENDING, &signals))
		GIVE_UP("setrlimit: %s", strerror(errno));
	greedy = tenant_start("t1", NULL);
	neighbour = tenant_start("t10", NULL);
	for (size_t nr = 0; nr < sizeof(accounts) / sizeof(*accounts); nr++)
		use_up(greedy, neighbour, nr);
}

/* ---- an open file description that the server goes on using ---- */

PROBE(set_flags) /* FD FLAGS */
{
	int fd, flags;

	if (sscanf(arg, "%d %d", &fd, &flags) != 2)
		return could_not_try("set_flags %s", arg);
	return answer(fcntl(fd, F_SETFL, flags));
}

PROBE(set_nonblocking) /* FD 0|1 */
{
	int fd, on;

	if (sscanf(arg, "%d %d", &fd, &on) != 2)
		return could_not_try("set_nonblocking %s", arg);
	return answer(ioctl(fd, FIONBIO, &on));
}

static int flags_of(int fd)
{
	return fcntl(fd, F_GETFL) & (O_NONBLOCK | O_DIRECT);
}

static long fill(int fd)
{
	static const char page[4096];

	while (write(fd, page, sizeof(page)) > 0)
		;
	return -errno;
}

/* Hands one end of a new pipe over as descriptor 50, and keeps it as well. */
static struct tenant *share_a_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) || dup2(ends[1], 50) != 50)
		GIVE_UP("pipe: %s", strerror(errno));
	return tenant_start("t10", "--keep-fd", "50", NULL);
}

TEST(a_shared_descriptor_that_a_tenant_makes_nonblocking_no_longer_waits_for_the_server)
{
	char name[32];
	int ends[2], own;
	struct tenant *t = share_a_pipe(ends);

	/* the cure: the same pipe, and flags of its own */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[1]);
	own = open(name, O_WRONLY | O_CLOEXEC);
	if (own < 0)
		GIVE_UP("%s: %s", name, strerror(errno));
	EXPECT_EQ(0, flags_of(ends[1]));
	EXPECT_ALLOWED(t, "set_nonblocking", "50 1");
	EXPECT_EQ(O_NONBLOCK, flags_of(ends[1]));
	EXPECT_EQ(0, flags_of(own));
	EXPECT_EQ(-EAGAIN, fill(ends[1]));
	EXPECT_ALLOWED(t, "set_nonblocking", "50 0");
	EXPECT_EQ(0, flags_of(ends[1]));
	EXPECT_ALLOWED(t, "set_flags", "50 %d", O_NONBLOCK);
	EXPECT_EQ(O_NONBLOCK, flags_of(ends[1]));
	EXPECT_EQ(0, flags_of(own));
}

/* ---- watches on a pipe whose other end is the server's ---- */

#define NUMBERS 500 /* of one description; a watch is a pair of a set and a number */

static long watch(int set, long most)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	long nr = 0;

	/* held: the description's numbers come first */
	while (nr < NUMBERS && nr < most && !epoll_ctl(set, EPOLL_CTL_ADD, held[nr], &event))
		nr++;
	return nr;
}

/* Watches descriptor 50 as often as asked, or as possible. How often. */
PROBE(watch)
{
	long most = atol(arg), nr = 0, more = 1;

	while (nr_held < NUMBERS)
		if (hold(fcntl(50, F_DUPFD_CLOEXEC, 60)))
			return could_not_try("F_DUPFD");
	for (; nr < most && more; nr += more) {
		if (hold(epoll_create1(EPOLL_CLOEXEC)))
			return could_not_try("epoll_create1");
		more = watch(held[nr_held - 1], most - nr);
	}
	return nr;
}

/* Nanoseconds that it takes to read a page from a full pipe, the best of ten times. */
static long time_to_read(const int ends[2])
{
	static char page[4096];
	struct timespec from, to;
	long best = 1000000000;

	for (int i = 0; i < 10; i++) {
		fill(ends[1]);
		clock_gettime(CLOCK_MONOTONIC, &from);
		if (read(ends[0], page, sizeof(page)) != sizeof(page))
			GIVE_UP("read: %s", strerror(errno));
		clock_gettime(CLOCK_MONOTONIC, &to);
		to.tv_nsec += (to.tv_sec - from.tv_sec) * 1000000000 - from.tv_nsec;
		best = to.tv_nsec < best ? to.tv_nsec : best;
	}
	return best;
}

TEST(who_reads_from_a_tenants_pipe_works_through_all_watches_that_the_tenant_has_on_it)
{
	int ends[2], limit;
	struct tenant *t = share_a_pipe(ends);
	long alone, watched;

	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	alone = time_to_read(ends);
	EXPECT_EQ(20000, inside(t, "watch", "20000"));
	EXPECT_QUIET(t);
	watched = time_to_read(ends);
	printf("# %ld ns, with 20000 watches %ld ns\n", alone, watched);
	EXPECT_TRUE(watched > 10 * alone);
	EXPECT_EQ(0, inside(t, "give", "%s", ""));
	limit = set_limit("fs/epoll/max_user_watches", 100);
	EXPECT_EQ(100, inside(t, "watch", "20000"));
	set_limit("fs/epoll/max_user_watches", limit);
}

/* ---- processes that wait in a file that a tenant may read ---- */

static int *map_word(const char *name, int how)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int *word = mmap(NULL, 4096, PROT_READ, how, fd, 0);

	close(fd);
	return word == MAP_FAILED ? NULL : word;
}

/* How many were waiting. */
PROBE(wake)
{
	int *word = map_word(arg, MAP_SHARED);

	if (!word)
		return could_not_try("mapping %s", arg);
	return answer(syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0));
}

/* To where only the caller can wake them. How many. */
PROBE(move_waiters)
{
	int *word = map_word(arg, MAP_PRIVATE);
	static int own;

	if (!word)
		return could_not_try("mapping %s", arg);
	return answer(syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 0, (void *)INT_MAX, &own, *word));
}

static pid_t wait_in(const char *name)
{
	pid_t pid = fork();
	int *word;

	if (pid)
		return pid;
	word = map_word(name, MAP_SHARED);
	_exit(word ? syscall(SYS_futex, word, FUTEX_WAIT, *word, NULL, NULL, 0) : 1);
}

TEST(who_waits_in_a_file_that_a_tenant_may_read_can_be_kept_from_being_woken)
{
	static const char name[] = "/srv/words";
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), status;
	struct tenant *t;
	pid_t pid;

	if (fd < 0 || ftruncate(fd, 4096))
		GIVE_UP("%s: %s", name, strerror(errno));
	close(fd);
	t = tenant_start("t10", "--read-only", name, NULL);
	outside_as("root");
	pid = wait_in(name);
	while (outside("wake", "%s", name) != 1) /* until it waits */
		usleep(10000);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	pid = wait_in(name);
	while (inside(t, "move_waiters", "%s", name) != 1)
		usleep(10000);
	EXPECT_QUIET(t);
	EXPECT_EQ(0, outside("wake", "%s", name));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(name);
}

/* ---- a core dump that core_pattern sends to a socket (Linux 6.16) ---- */

#define CORES "/srv/cores" /* where a tenant may walk through: its directory lies below /srv */

static int listen_for_cores(void)
{
	const struct sockaddr_un here = { .sun_family = AF_UNIX, .sun_path = CORES };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(CORES);
	if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) || listen(fd, 4))
		GIVE_UP("%s: %s", CORES, strerror(errno));
	return fd;
}

static void set_core_pattern(const char *pattern)
{
	FILE *file = fopen("/proc/sys/kernel/core_pattern", "w");

	if (!file || fprintf(file, "%s", pattern) < 0 || fclose(file))
		GIVE_UP("cannot write core_pattern");
}

/* Ends a process, and tells whether a connection came to @listener. */
static bool leaves_a_core(pid_t pid, int listener)
{
	struct pollfd came = { .fd = listener, .events = POLLIN };
	int fd = -1, status;

	if (poll(&came, 1, 3000) == 1)
		fd = accept(listener, NULL, NULL);
	close(fd); /* or it would go on writing */
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		GIVE_UP("it did not die");
	return fd >= 0;
}

PROBE(abort)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static bool knows_sockets(void)
{
	struct utsname name;
	int major, minor;

	uname(&name);
	return sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 16));
}

TEST(a_tenant_that_dies_sends_its_memory_to_no_socket)
{
	const struct rlimit none = { 1, 1 }; /* stops helpers, and not this */
	int listener = listen_for_cores();
	struct tenant *t;
	pid_t pid;

	setrlimit(RLIMIT_CORE, &none);
	set_core_pattern("@" CORES);
	pid = fork();
	if (!pid)
		probe_abort("");
	EXPECT_EQ(knows_sockets(), leaves_a_core(pid, listener));
	t = tenant_start("t10", NULL);
	if (write(t->to, "abort\0\0", 7) != 7)
		GIVE_UP("write: %s", strerror(errno));
	EXPECT_EQ(false, leaves_a_core(t->pid, listener));
	EXPECT_EQ(knows_sockets(), tenant_counters(t).denied[SN_OP_NET_SOCKET] > 0);
	set_core_pattern("core");
	unlink(CORES);
}
