// SPDX-License-Identifier: GPL-2.0-only
/*
 * --warm and --narrow: first a tenant has files, mappings and addresses as its user does, and is
 * refused what no tenant may; then it is what another tenant is, for good, and holds nothing that
 * was not named.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "acts.h"

#define LENT "--keep-fd 50 --keep-fd 51"
#define POLICY                                                                \
	"--restricted-outgoing-addresses self --allowed-outgoing-ports 7001 " \
	"--allowed-listen-ports 7002"

static struct tenant *held_one, *warm;

static struct tenant *start_warm(const char *name)
{
	return tenant_start(name, "--warm", "--dir", "/srv/t10", "--user", "t1", "--keep-fd", "50",
			    "--keep-fd", "51", NULL);
}

SETUP()
{
	prepare_acts();
	must_run("chown t1 /srv/log");
	held_one =
		tenant_start("t1", "--keep-fd", "50", "--keep-fd", "51", "--user", "t1",
			     "--restricted-outgoing-addresses", "self", "--allowed-outgoing-ports",
			     "7001", "--allowed-listen-ports", "7002", NULL);
	warm = start_warm("warm");
}

static char said[2048];

/* The exit status of safenode-attach; @said is what it wrote. */
static int tool(const char *name, const char *options)
{
	char command[1024];
	size_t len;
	FILE *f;

	snprintf(command, sizeof(command), "safenode-attach --cgroup %s --safe-mode %s 2>&1", name,
		 options);
	f = popen(command, "re");
	len = f ? fread(said, 1, sizeof(said) - 1, f) : 0;
	said[len] = '\0';
	return f ? WEXITSTATUS(pclose(f)) : -1;
}

static void narrow(const struct tenant *t, const char *options)
{
	char all[512];

	snprintf(all, sizeof(all), "--narrow " LENT " %s", options);
	if (tool(t->name, all))
		GIVE_UP("not narrowed: %s", said);
}

static void expect_warm(struct tenant *t, int status, const char *options, const char *text)
{
	char all[512];
	int got;

	snprintf(all, sizeof(all), "--narrow " LENT " %s", options);
	got = tool(t->name, all);
	if (got != status || !strstr(said, text))
		FAIL("want %d with '%s', got %d: %s", status, text, got, said);
	EXPECT_ALLOWED(t, "stat", "/etc/passwd");
}

/* ---- what is left to it, and what is not ---- */

static bool is_left(enum sn_op op)
{
	switch (op) {
	case SN_OP_FS_RECEIVE:
	case SN_OP_FS_IOCTL:
	case SN_OP_FS_FCNTL:
		return false;
	case SN_OP_NET_BIND:
	case SN_OP_NET_LISTEN:
	case SN_OP_NET_CONNECT:
	case SN_OP_NET_SEND:
	case SN_OP_NET_EGRESS:
	case SN_OP_CODE_MMAP:
	case SN_OP_CODE_MPROTECT:
		return true;
	default:
		return !strncmp(sn_op_name(op), "fs.", 3);
	}
}

static void expect_as_held(const struct act *act, struct tenant *t, bool is_warm)
{
	long want = inside(held_one, act->name, "%s", prepare(act, "held"));
	const struct sn_event *one = first(held_one, -1), *other;
	long got = inside(t, act->name, "%s", prepare(act, t->name));

	other = first(t, -1);
	if (!one || !other || other->op != one->op || other->why != one->why ||
	    other->error != one->error || other->warm != is_warm || got != want)
		FAIL("%s %s: held %ld %s %s, got %ld %s %s", act->name, act->arg, want,
		     sn_op_name(one ? one->op : 0), sn_why_name(one ? one->why : 0), got,
		     sn_op_name(other ? other->op : 0), sn_why_name(other ? other->why : 0));
}

static void expect_as_outside(const struct act *act, struct tenant *t)
{
	long got = inside(t, act->name, "%s", prepare(act, t->name)), control;

	EXPECT_QUIET(t);
	if (act->op == SN_OP_FS_CHDIR)
		inside(t, "go", "/srv/t10");
	control = outside("alone", "%td %s", act - acts, prepare(act, "outside"));
	if (got != control)
		FAIL("%s %s: warm %ld %s, outside %ld %s", act->name, act->arg, got,
		     sn_test_errno(got), control, sn_test_errno(control));
}

TEST(a_warm_tenant_is_refused_what_no_tenant_may_and_else_does_what_its_user_may)
{
	for (size_t i = 0; i < NR_ACTS; i++)
		if (is_left(acts[i].op))
			expect_as_outside(&acts[i], warm);
		else
			expect_as_held(&acts[i], warm, true);
}

TEST(a_tenant_that_was_narrowed_is_refused_every_act)
{
	struct tenant *t = start_warm("narrowed");

	narrow(t, POLICY);
	for (size_t i = 0; i < NR_ACTS; i++)
		expect_as_held(&acts[i], t, false);
	lay_out_in("/srv/t10");
	EXPECT_ALLOWED(t, "open", "2 /srv/t10/f");
	EXPECT_ALLOWED(t, "rename", "0 /srv/t10/f\t/srv/t10/new");
}

TEST(a_warm_tenant_makes_no_set_id_files_anywhere)
{
	put_file("/srv/sid");
	EXPECT_ALLOWED(warm, "chmod", "493 /srv/sid");
	EXPECT_REFUSED(warm, EPERM, SN_OP_FS_CHMOD, SN_NEVER, "chmod", "2541 /srv/sid");
	EXPECT_REFUSED(warm, EPERM, SN_OP_FS_OPEN_WRITE, SN_NEVER, "tmpfile", "2541 /srv");
}

/* As its owner it could leave its cgroup, or have programs started by the kernel. */
TEST(a_warm_tenant_of_root_changes_nothing_in_the_kernels_own_files)
{
	struct tenant *t =
		tenant_start("rooted", "--warm", "--dir", "/srv/t2", "--user", "root", NULL);

	must_run("touch /srv/roots");
	outside_as("root");
	EXPECT_ALLOWED(t, "open", "1 /srv/roots");
	EXPECT_ALLOWED(t, "open", "0 /sys/fs/cgroup/cgroup.procs");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open",
		       "1 /sys/fs/cgroup/cgroup.procs");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "open", "1 %s/cgroup.procs",
		       t->cgroup);
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_OUTSIDE, "open",
		       "1 /proc/sys/kernel/core_pattern");
	EXPECT_EQ(-EACCES, inside(t, "mkdir", "493 %s/below", t->cgroup));
}

/* ---- what it holds ---- */

static void *held_mapping;
static size_t held_size = 4096;

static long hold(int fd, int number)
{
	if (fd < 0)
		return could_not_try("making descriptor %d", number);
	if (fd != number && (dup2(fd, number) != number || close(fd)))
		return could_not_try("dup2 to %d", number);
	return 0;
}

PROBE(hold_open) /* NUMBER FLAGS PATH */
{
	int at = number(&arg), flags = number(&arg);

	return hold(open(arg, flags, 0666), at);
}

static int connected(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(7009),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (void *)&to, sizeof(to)) ? -1 : fd;
}

static int watching(void)
{
	int fd = inotify_init1(0);

	return fd >= 0 && inotify_add_watch(fd, "/etc", IN_CREATE) < 0 ? -1 : fd;
}

static int make(const char *what)
{
	sigset_t none;

	sigemptyset(&none);
	if (!strcmp(what, "tcp"))
		return connected();
	if (!strcmp(what, "udp"))
		return socket(AF_INET, SOCK_DGRAM, 0);
	if (!strcmp(what, "watch"))
		return watching();
	if (!strcmp(what, "inotify"))
		return inotify_init1(0);
	if (!strcmp(what, "epoll"))
		return epoll_create1(0);
	if (!strcmp(what, "eventfd"))
		return eventfd(0, 0);
	if (!strcmp(what, "timerfd"))
		return timerfd_create(CLOCK_MONOTONIC, 0);
	if (!strcmp(what, "signalfd"))
		return signalfd(-1, &none, 0);
	return memfd_create(what, 0);
}

PROBE(hold_made) /* NUMBER WHAT */
{
	int at = number(&arg);

	return hold(make(arg), at);
}

PROBE(hold_pipe) /* NUMBER: of its end to read; the other one is the next */
{
	int at = number(&arg), ends[2];

	if (pipe(ends) || hold(ends[1], at + 1))
		return could_not_try("pipe");
	return hold(ends[0], at);
}

PROBE(let_go) /* NUMBER */
{
	return answer(close(number(&arg)));
}

PROBE(hold_mapping) /* PROT FLAGS OPEN PATH */
{
	int prot = number(&arg), flags = number(&arg), mode = number(&arg);
	int fd = open(arg, mode | O_CLOEXEC);

	held_mapping = mmap(NULL, held_size, prot, flags, fd, 0);
	if (fd < 0 || held_mapping == MAP_FAILED)
		return could_not_try("%s", arg);
	return answer(close(fd));
}

PROBE(let_go_of_mapping)
{
	return *arg ? -1 : answer(munmap(held_mapping, held_size));
}

PROBE(use_mapping) /* PROT */
{
	int prot = number(&arg);

	if (mprotect(held_mapping, held_size, prot))
		return -errno;
	return *(volatile char *)held_mapping;
}

PROBE(use_fd) /* NUMBER: to be read */
{
	char byte;

	return answer(read(number(&arg), &byte, 1));
}

PROBE(send_fd) /* NUMBER */
{
	return answer(send(number(&arg), "x", 1, MSG_NOSIGNAL));
}

TEST(narrowing_is_refused_while_something_is_open_that_was_not_named)
{
	static const struct {
		const char *probe, *arg, *text;
	} all[] = {
		{ "hold_open", "60 0 /etc/passwd", "60 (/etc/passwd)" },
		{ "hold_open", "60 0 /", "60 (/)" },
		{ "hold_open", "60 2097152 /etc", "60 (/etc)" }, /* O_PATH */
		{ "hold_open", "60 0 /proc/self/maps", "60 (/proc/" },
		{ "hold_open", "60 0 /proc/self/mem", "60 (/proc/" },
		{ "hold_open", "60 0 /srv/t1/neighbours", "60 (/srv/t1/neighbours)" },
		{ "hold_open", "60 2 /srv/log", "60 (/srv/log)" }, /* 50, but not to append */
		{ "hold_made", "60 tcp", "60 (TCP 127.0.0.1:" },
		{ "hold_made", "60 tcp", " to 127.0.0.1:7009)" },
		{ "hold_made", "60 udp", "60 (UDP 0.0.0.0:0)" },
		{ "hold_made", "60 watch", "60 (inotify, with watches)" },
	};

	put_file("/srv/t1/neighbours");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		EXPECT_EQ(0, inside(warm, all[i].probe, "%s", all[i].arg));
		expect_warm(warm, 1, POLICY, all[i].text);
		EXPECT_EQ(0, inside(warm, "let_go", "60"));
	}
	EXPECT_EQ(0, inside(warm, "hold_pipe", "60"));
	EXPECT_EQ(0, inside(warm, "let_go", "61"));
	expect_warm(warm, 1, POLICY, "60 (a pipe, whose other end is elsewhere)");
	EXPECT_EQ(0, inside(warm, "let_go", "60"));
	expect_warm(warm, 2, "--keep-fd 60", "its descriptor 60 is not open");
}

TEST(narrowing_is_refused_while_a_file_elsewhere_could_be_written_by_its_mapping)
{
	/* MAP_SHARED is 1; for reading, but made writable by mprotect(2) later */
	EXPECT_EQ(0, inside(warm, "hold_mapping", "3 1 2 /srv/log"));
	expect_warm(warm, 1, POLICY, "it could still write '/srv/log'");
	EXPECT_EQ(0, inside(warm, "let_go_of_mapping", "%s", ""));
	EXPECT_EQ(0, inside(warm, "hold_mapping", "1 1 2 /srv/log"));
	expect_warm(warm, 1, POLICY, "it could still write '/srv/log'");
	EXPECT_EQ(0, inside(warm, "let_go_of_mapping", "%s", ""));
}

/* What is in no page of its own yet changes with the file. */
TEST(narrowing_is_refused_while_code_is_mapped_that_it_could_change)
{
	struct tenant *t = start_warm("changing");

	put_file("/srv/t10/code");
	EXPECT_EQ(0, inside(t, "hold_mapping", "5 2 0 /srv/t10/code"));
	expect_warm(t, 1, POLICY, "from '/srv/t10/code', which it could change");
	EXPECT_EQ(0, inside(t, "let_go_of_mapping", "%s", ""));
	put_file("/srv/code");
	EXPECT_EQ(0, inside(t, "hold_mapping", "5 2 0 /srv/code"));
	expect_warm(t, 1, "--read-write /srv/code " POLICY, "which it could change");
	narrow(t, POLICY);
	EXPECT_TRUE(inside(t, "use_mapping", "5") >= 0);
	EXPECT_EQ(-EACCES, inside(t, "open", "1 /srv/code"));
}

/* ---- its threads ---- */

static pthread_t aside;
static atomic_int aside_stays;

static void *go_aside(void *what)
{
	bool went =
		strcmp(what, "files") ? !unshare(CLONE_FS) && !chdir("/") : !unshare(CLONE_FILES);

	aside_stays = went ? 1 : -1;
	while (aside_stays == 1)
		usleep(10000);
	return NULL;
}

PROBE(thread_aside) /* "files", "directory" */
{
	static char what[16];

	snprintf(what, sizeof(what), "%s", arg);
	aside_stays = 0;
	if (pthread_create(&aside, NULL, go_aside, what))
		return could_not_try("pthread_create");
	while (!aside_stays)
		usleep(1000);
	return aside_stays == 1 ? 0 : could_not_try("unshare");
}

PROBE(thread_back)
{
	aside_stays = 0;
	return *arg ? -1 : -pthread_join(aside, NULL);
}

TEST(narrowing_is_refused_while_a_thread_has_descriptors_or_a_directory_of_its_own)
{
	EXPECT_EQ(0, inside(warm, "thread_aside", "files"));
	expect_warm(warm, 1, POLICY, "has descriptors of its own");
	EXPECT_EQ(0, inside(warm, "thread_back", "%s", ""));
	EXPECT_EQ(0, inside(warm, "thread_aside", "directory"));
	expect_warm(warm, 1, POLICY, "its working directory is not /srv/t10");
	EXPECT_EQ(0, inside(warm, "thread_back", "%s", ""));
}

/* ---- what stays with it ---- */

TEST(what_a_tenant_could_open_by_itself_need_not_be_named)
{
	static const char *const made[] = { "60 epoll",	   "61 eventfd", "62 timerfd",
					    "63 signalfd", "64 inotify", "65 memory" };
	struct tenant *t = start_warm("usual");

	put_file("/srv/t10/own");
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		EXPECT_EQ(0, inside(t, "hold_made", "%s", made[i]));
	EXPECT_EQ(0, inside(t, "hold_pipe", "66"));
	EXPECT_EQ(0, inside(t, "hold_open", "68 2 /srv/t10/own"));
	EXPECT_EQ(0, inside(t, "hold_open", "69 0 /srv/t10"));
	EXPECT_EQ(0, inside(t, "hold_open", "70 0 /dev/urandom"));
	EXPECT_EQ(0, inside(t, "hold_open", "71 1026 /srv/log"));    /* as 50 is */
	EXPECT_EQ(0, inside(t, "hold_mapping", "1 1 0 /etc/hosts")); /* never to be written */
	narrow(t, POLICY);
	EXPECT_EQ(1, inside(t, "use_fd", "70"));
	EXPECT_EQ(-EACCES, inside(t, "use_mapping", "3"));
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", "/etc/passwd");
}

TEST(what_was_named_is_used_as_it_was_opened_and_not_opened_again)
{
	struct tenant *t = start_warm("named");

	EXPECT_EQ(0, inside(t, "hold_open", "60 0 /etc/passwd"));
	EXPECT_EQ(0, inside(t, "hold_made", "61 tcp"));
	narrow(t, "--keep-fd 60 --keep-fd 61 " POLICY);
	EXPECT_EQ(1, inside(t, "use_fd", "60"));
	EXPECT_EQ(1, inside(t, "send_fd", "61"));
	EXPECT_EQ(-ENOENT, inside(t, "open", "0 /proc/self/fd/60"));
	EXPECT_EQ(-EPERM, inside(t, "reach", "tcp-connect 4 127.0.0.1 7009"));
}

TEST(code_that_was_mapped_stays_and_no_other_is_mapped)
{
	struct tenant *t = start_warm("coded");

	EXPECT_EQ(0, inside(t, "hold_mapping", "5 2 0 /etc/hosts")); /* PROT_EXEC, MAP_PRIVATE */
	narrow(t, "");
	EXPECT_TRUE(inside(t, "use_mapping", "5") >= 0);
	EXPECT_REFUSED(t, EPERM, SN_OP_CODE_MMAP, SN_NOT_RUNTIME, "map_code", "/etc/hosts");
}

/* ---- the directory ---- */

TEST(a_narrowed_tenant_has_the_directory_where_it_is)
{
	struct tenant *t = start_warm("moved");

	must_run("install -d -m 755 -o t1 -g t1 /srv/moved && install -o t1 -m 600 /dev/null "
		 "/srv/moved/f"
		 " && install -o t1 -m 600 /dev/null /srv/t10/f");
	EXPECT_ALLOWED(t, "go", "/srv/moved");
	expect_warm(
		t, 2, "--dir /srv/t10 " POLICY,
		"'/srv/t10' is not the working directory of tenant 'moved', which is /srv/moved");
	narrow(t, "--dir /srv/moved " POLICY);
	EXPECT_ALLOWED(t, "open", "2 /srv/moved/f");
	EXPECT_ALLOWED(t, "open", "2 f");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "2 /srv/t10/f");
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "go", "/srv/t10");
}

/* ---- once, and for good ---- */

TEST(a_tenant_is_narrowed_once_and_never_widened)
{
	struct tenant *t = start_warm("once");

	expect_warm(t, 2, "--warm", "give one of them");
	EXPECT_EQ(2, tool("once", "--replace --dir /srv/t10 --user t1"));
	EXPECT_TRUE(strstr(said, "only --narrow confines it"));
	EXPECT_ALLOWED(t, "stat", "/etc/passwd");
	narrow(t, POLICY);
	EXPECT_EQ(2, tool("once", "--narrow " LENT));
	EXPECT_TRUE(strstr(said, "tenant 'once' is not warm"));
	EXPECT_EQ(2, tool("once", "--warm --dir /srv/t10 -- node"));
	EXPECT_TRUE(strstr(said, "is running"));
	EXPECT_EQ(2, tool("once", "--replace --observe --dir /srv/t10 --user t1"));
	EXPECT_EQ(0, tool("once", "--replace --dir /srv/t10 --user t1"));
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_STAT, SN_OUTSIDE, "stat", "/etc/passwd");
}

#define RACERS 4
#define ENOUGH 300 /* refusals of each act, to each thread */

static atomic_long wrong, racing;

struct racer {
	pthread_t thread;
	int number;
};

/* Each is granted until the switch, and refused from then on. */
static int race(const struct racer *racer, int act, int own)
{
	char path[64], other[64];
	struct stat st;
	void *at;

	snprintf(path, sizeof(path), "/srv/race-%d", racer->number);
	snprintf(other, sizeof(other), "/srv/race-%d-other", racer->number);
	switch (act) {
	case 0:
		return stat("/etc/passwd", &st) ? errno : 0;
	case 1:
		if (!mkdir(path, 0700))
			return rmdir(path) && errno != EACCES ? errno : 0;
		return errno == EEXIST ? EACCES : errno;
	case 2:
		return access("/srv/log", R_OK) ? errno : 0;
	case 3:
		return truncate("/srv/racers", 0) ? errno : 0;
	default:
		at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, own, 0);
		return at == MAP_FAILED ? errno : munmap(at, 4096);
	}
}

static void *run_racer(void *data)
{
	static const int errors[] = { ENOENT, EACCES, ENOENT, EACCES, EPERM };
	struct racer *racer = data;
	int own = open("own", O_RDONLY | O_CLOEXEC);
	long refused = 0;

	for (int turn = 0; refused < ENOUGH * 5 && own >= 0; turn++) {
		int act = turn % 5, error = race(racer, act, own);

		if (error ? error != errors[act] : refused > 0) {
			dprintf(2, "# act %d of racer %d after %ld refusals: %s\n", act,
				racer->number, refused, strerror(error));
			wrong++;
		}
		refused += !!error;
	}
	if (own < 0)
		wrong += 1000;
	racing--;
	return NULL;
}

PROBE(act_until_refused)
{
	struct racer racers[RACERS] = {};

	wrong = 0;
	racing = RACERS;
	for (int i = 0; i < RACERS; i++) {
		racers[i].number = i;
		if (pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]))
			return could_not_try("pthread_create");
	}
	for (int i = 0; i < RACERS; i++)
		pthread_join(racers[i].thread, NULL);
	return *arg ? -1 : -wrong;
}

TEST(threads_that_act_meanwhile_are_refused_from_one_moment_on)
{
	struct tenant *t = start_warm("raced");
	pid_t pid;
	int status = 1;

	put_file("/srv/racers");
	put_file("/srv/t10/own");
	must_run("chown root /srv/t10/own"); /* what is mapped from it must not be its own to change
					      */
	fflush(stdout);
	pid = fork();
	if (!pid) {
		usleep(500000);
		status = tool("raced", "--narrow " LENT " " POLICY);
		if (status)
			dprintf(2, "# %s\n", said);
		_exit(status);
	}
	EXPECT_EQ(0, inside(t, "act_until_refused", "%s", ""));
	if (waitpid(pid, &status, 0) != pid || status)
		FAIL("not narrowed");
}
