// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one system call costs here and now: the cheapest of many batches, one JSON line for each
 * operation. What confines this process (a tenant's cgroup, Landlock, nothing) is its caller's
 * business, so that the program under measurement is the same in every column.
 *
 * ops [--wait] CLOCK DIR OUTSIDE PID PORT CLOSED [NAME...]
 *	CLOCK	"ns"; "instructions": the time stamp counter, which counts executed instructions in
 *		QEMU with -icount shift=0; "calls": hook calls, as floor tells them (descriptors 8
 *		and 9 are its standard input and output)
 *	DIR	writable, and allowed in every column
 *	OUTSIDE	writable, but not allowed to the confined
 *	PID	another process of the same user
 *	PORT	a TCP and UDP port that is allowed, on loopback or as ADDRESS:PORT; CLOSED one that
 *		is not
 *	NAME	only the operations whose names begin so
 *
 * With --wait it begins when it can read a byte from standard input.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define BATCH	       20   /* operations in one batch; a batch is shorter than a timer tick */
#define BATCHES_STABLE 150  /* end after so many without a new minimum... */
#define BATCHES_MAX    2000 /* ...or after so many */
#define DEEPEST	       30
#define ENTRIES	       16 /* files in the directory that is listed */
#define BLOCK	       4096
#define NAME_BYTES     512

#define FLOOR_ASK    8
#define FLOOR_ANSWER 9

static enum clock unit;
static bool calls_counted;
static char top[256], outside[256];
static pid_t other;
static struct sockaddr_in allowed, closed;
static int fds[BATCH], peers[BATCH], listener = -1, receiver = -1, block_fd = -1, pipe_fds[2];
static char block[BLOCK];

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "ops: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long long now(void)
{
	unsigned long long calls;

	if (!calls_counted)
		return clock_now(unit);
	if (write(FLOOR_ASK, "", 1) != 1 ||
	    read(FLOOR_ANSWER, &calls, sizeof(calls)) != sizeof(calls))
		die("floor");
	return calls;
}

/* What a call that is not a descriptor to keep returned -> 0 or the errno. */
static int result(long ret)
{
	return ret < 0 ? errno : 0;
}

/* ---- names ---- */

static char deep[DEEPEST + 1][NAME_BYTES];  /* a file at depth n: DIR/d/d/.../file */
static char numbered[3][BATCH][NAME_BYTES]; /* DIR/a-N, DIR/b-N, OUTSIDE/o-N */
static char in_outside[NAME_BYTES];

static void make_names(void)
{
	char dir[NAME_BYTES - 16];

	snprintf(dir, sizeof(dir), "%s", top);
	for (int i = 1; i <= DEEPEST; i++) {
		snprintf(deep[i], NAME_BYTES, "%s/file", dir);
		strcat(dir, "/d");
	}
	for (int i = 0; i < BATCH; i++) {
		snprintf(numbered[0][i], NAME_BYTES, "%s/a-%d", top, i);
		snprintf(numbered[1][i], NAME_BYTES, "%s/b-%d", top, i);
		snprintf(numbered[2][i], NAME_BYTES, "%s/o-%d", outside, i);
	}
	snprintf(in_outside, NAME_BYTES, "%s/file", outside);
}

static void make_file(const char *path, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, bytes))
		die(path);
	close(fd);
}

static void make_files(void)
{
	char path[NAME_BYTES];

	for (int i = 1; i <= DEEPEST; i++) {
		snprintf(path, sizeof(path), "%s", deep[i]);
		*strrchr(path, '/') = 0;
		if (i > 1 && mkdir(path, 0700) && errno != EEXIST)
			die(path);
		make_file(deep[i], BLOCK);
	}
	snprintf(path, sizeof(path), "%s/list", top);
	if (mkdir(path, 0700) && errno != EEXIST)
		die(path);
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(path, sizeof(path), "%s/list/entry-%d", top, i);
		make_file(path, 0);
	}
}

/* ---- operations: 0 or the errno. @i counts from 0 within the batch ---- */

static int do_nothing(int i)
{
	return 0;
}

static int open_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int stat_path(const char *path)
{
	struct stat st;

	return result(stat(path, &st));
}

#define AT_DEPTH(n)                                   \
	static int open_##n(int i)                    \
	{                                             \
		return open_close(deep[n], O_RDONLY); \
	}                                             \
	static int stat_##n(int i)                    \
	{                                             \
		return stat_path(deep[n]);            \
	}
AT_DEPTH(1)
AT_DEPTH(3)
AT_DEPTH(9)
AT_DEPTH(30)

static int open_outside(int i)
{
	return open_close(in_outside, O_RDONLY);
}

static int stat_outside(int i)
{
	return stat_path(in_outside);
}

static int access_1(int i)
{
	return result(access(deep[1], R_OK));
}

static int access_outside(int i)
{
	return result(access(in_outside, R_OK));
}

static int create_unlink(int i)
{
	int error = open_close(numbered[0][i], O_WRONLY | O_CREAT);

	return error ? error : result(unlink(numbered[0][i]));
}

static int create_outside(int i)
{
	int error = open_close(numbered[2][i], O_WRONLY | O_CREAT);

	return error ? error : result(unlink(numbered[2][i]));
}

static void before_rename(void)
{
	for (int i = 0; i < BATCH; i++)
		make_file(numbered[0][i], 0);
}

static int do_rename(int i)
{
	return result(rename(numbered[0][i], numbered[1][i]));
}

static void unlink_renamed(int to)
{
	for (int i = 0; i < BATCH; i++) {
		unlink(numbered[0][i]);
		unlink(numbered[to][i]);
	}
}

static void after_rename(void)
{
	unlink_renamed(1);
}

static int rename_outside(int i)
{
	return result(rename(numbered[0][i], numbered[2][i]));
}

static void after_rename_outside(void)
{
	unlink_renamed(2);
}

static int mkdir_rmdir(int i)
{
	int error = result(mkdir(numbered[0][i], 0700));

	return error ? error : result(rmdir(numbered[0][i]));
}

static int mkdir_outside(int i)
{
	int error = result(mkdir(numbered[2][i], 0700));

	return error ? error : result(rmdir(numbered[2][i]));
}

static int do_readdir(int i)
{
	static char path[NAME_BYTES];
	int entries = 0;
	DIR *dir;

	if (!*path)
		snprintf(path, sizeof(path), "%s/list", top);
	dir = opendir(path);
	if (!dir)
		return errno;
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries == ENTRIES + 2 ? 0 : ENODATA;
}

/* Connections are made to a queue that is emptied between the batches. */
static void before_connect(void)
{
	for (int i = 0; i < BATCH; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fds[i] < 0)
			die("socket");
	}
}

static int connect_close(int i)
{
	int error = result(connect(fds[i], (struct sockaddr *)&allowed, sizeof(allowed)));

	close(fds[i]);
	return error;
}

static int connect_refused(int i)
{
	int error = result(connect(fds[i], (struct sockaddr *)&closed, sizeof(closed)));

	close(fds[i]);
	return error;
}

static void after_connect(void)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
		close(fd);
}

static void drain(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		;
}

static int send_to(const struct sockaddr_in *to)
{
	return result(sendto(fds[0], "x", 1, 0, (struct sockaddr *)to, sizeof(*to)));
}

static void before_sendto(void)
{
	fds[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fds[0] < 0)
		die("socket");
}

static int sendto_allowed(int i)
{
	return send_to(&allowed);
}

static int sendto_refused(int i)
{
	return send_to(&closed);
}

static void after_sendto(void)
{
	close(fds[0]);
	drain(receiver);
}

static int socket_close(int i)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int socket_unix(int i)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int kill_self(int i)
{
	return result(kill(getpid(), 0));
}

static int kill_other(int i)
{
	return result(kill(other, 0));
}

static void *thread(void *arg)
{
	return arg;
}

static int thread_join(int i)
{
	pthread_t id;
	int error = pthread_create(&id, NULL, thread, NULL);

	return error ? error : pthread_join(id, NULL);
}

static int fork_wait(int i)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid < 0)
		return errno;
	return result(waitpid(pid, NULL, 0));
}

static void before_block(void)
{
	block_fd = open(deep[1], O_RDWR | O_CLOEXEC);
	if (block_fd < 0)
		die(deep[1]);
}

static void after_block(void)
{
	close(block_fd);
}

static int map_unmap(int prot)
{
	void *at = mmap(NULL, BLOCK, prot, MAP_PRIVATE, block_fd, 0);

	if (at == MAP_FAILED)
		return errno;
	return result(munmap(at, BLOCK));
}

static int mmap_munmap(int i)
{
	return map_unmap(PROT_READ);
}

static int mmap_code(int i)
{
	return map_unmap(PROT_READ | PROT_EXEC);
}

static int read_block(int i)
{
	return pread(block_fd, block, BLOCK, 0) == BLOCK ? 0 : errno;
}

static int write_block(int i)
{
	return pwrite(block_fd, block, BLOCK, 0) == BLOCK ? 0 : errno;
}

static int fstat_fd(int i)
{
	struct stat st;

	return result(fstat(block_fd, &st));
}

static void before_stream(void)
{
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fds[0] < 0 || connect(fds[0], (struct sockaddr *)&allowed, sizeof(allowed)))
		die("connect");
	peers[0] = accept(listener, NULL, NULL);
	if (peers[0] < 0)
		die("accept");
}

static int stream_send(int i)
{
	return result(send(fds[0], "x", 1, 0));
}

static void after_stream(void)
{
	close(peers[0]);
	close(fds[0]);
}

static void before_pipe(void)
{
	if (pipe2(pipe_fds, O_CLOEXEC))
		die("pipe");
}

static int pipe_write_read(int i)
{
	char byte = 0;

	return write(pipe_fds[1], &byte, 1) == 1 && read(pipe_fds[0], &byte, 1) == 1 ? 0 : errno;
}

static void after_pipe(void)
{
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static int futex_wake(int i)
{
	static int word;

	return result(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
}

static int getppid_call(int i)
{
	return result(syscall(SYS_getppid));
}

/* ---- the table ---- */

struct op {
	const char *name;
	int (*run)(int i);
	void (*before)(void), (*after)(void); /* around a batch, not measured */
};
#define AROUND(name, run, before, after) \
	{                                \
		name, run, before, after \
	}
#define OP(name, run) AROUND(name, run, NULL, NULL)

static const struct op ops[] = {
	OP("open+close depth 1", open_1),
	OP("open+close depth 3", open_3),
	OP("open+close depth 9", open_9),
	OP("open+close depth 30", open_30),
	OP("stat depth 1", stat_1),
	OP("stat depth 3", stat_3),
	OP("stat depth 9", stat_9),
	OP("stat depth 30", stat_30),
	OP("access", access_1),
	OP("create+unlink", create_unlink),
	AROUND("rename", do_rename, before_rename, after_rename),
	OP("mkdir+rmdir", mkdir_rmdir),
	OP("readdir", do_readdir),
	AROUND("mmap+munmap", mmap_munmap, before_block, after_block),
	AROUND("fstat", fstat_fd, before_block, after_block),
	AROUND("connect+close", connect_close, before_connect, after_connect),
	AROUND("sendto", sendto_allowed, before_sendto, after_sendto),
	OP("socket+close", socket_close),
	OP("kill self", kill_self),
	OP("thread create+join", thread_join),
	/* meet no hook */
	AROUND("read 4 KiB", read_block, before_block, after_block),
	AROUND("write 4 KiB", write_block, before_block, after_block),
	AROUND("send on a stream", stream_send, before_stream, after_stream),
	AROUND("pipe write+read", pipe_write_read, before_pipe, after_pipe),
	OP("futex", futex_wake),
	OP("getppid", getppid_call),
	/* refused to a tenant */
	OP("open outside", open_outside),
	OP("stat outside", stat_outside),
	OP("access outside", access_outside),
	OP("create outside", create_outside),
	AROUND("rename to outside", rename_outside, before_rename, after_rename_outside),
	OP("mkdir outside", mkdir_outside),
	AROUND("connect to a closed port", connect_refused, before_connect, after_connect),
	AROUND("sendto a closed port", sendto_refused, before_sendto, after_sendto),
	OP("socket unix", socket_unix),
	OP("kill other", kill_other),
	OP("fork+wait", fork_wait),
	AROUND("mmap code", mmap_code, before_block, after_block),
};
#define NR_OPS (sizeof(ops) / sizeof(*ops))

/* One batch's time; the results of all its operations must agree. */
static unsigned long long batch(const struct op *op, int *error)
{
	unsigned long long start, end;
	int seen[BATCH];

	if (op->before)
		op->before();
	start = now();
	for (int i = 0; i < BATCH; i++)
		seen[i] = op->run(i);
	end = now();
	if (op->after)
		op->after();
	for (int i = 1; i < BATCH; i++) {
		if (seen[i] != seen[0]) {
			errno = seen[i];
			die(op->name);
		}
	}
	*error = seen[0];
	return end - start;
}

static unsigned long long cheapest(const struct op *op, int *error)
{
	unsigned long long best = batch(op, error);
	int last = 0, most = calls_counted ? 3 : BATCHES_MAX; /* calls are always the same */

	for (int i = 1; i < most; i++) {
		unsigned long long t = batch(op, error);

		if (t < best) {
			best = t;
			last = i;
		}
		if (i - last >= BATCHES_STABLE)
			break;
	}
	return best;
}

static void measure(const struct op *op, unsigned long long nothing)
{
	int error = 0;
	unsigned long long best = cheapest(op, &error);
	double each = best > nothing ? (double)(best - nothing) / BATCH : 0;

	printf("{\"op\": \"%s\", \"cost\": %.1f, \"result\": \"%s\"}\n", op->name, each,
	       error ? strerrorname_np(error) : "ok");
	fflush(stdout);
}

static bool wanted(const char *name, char **names, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return !nr;
}

/* "8080" on loopback, or "10.9.9.9:8080" */
static struct sockaddr_in endpoint(const char *word)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *colon = strchr(word, ':');
	char address[INET_ADDRSTRLEN] = "127.0.0.1";

	if (colon)
		snprintf(address, sizeof(address), "%.*s", (int)(colon - word), word);
	to.sin_port = htons(atoi(colon ? colon + 1 : word));
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die(word);
	return to;
}

/* @again: where connections of before may linger; a datagram socket would share its port so. */
static int bound(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), again = type == SOCK_STREAM;

	if (fd < 0 || (again && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &again, sizeof(again))) ||
	    bind(fd, (struct sockaddr *)&allowed, sizeof(allowed)))
		die("bind");
	return fd;
}

int main(int argc, char **argv)
{
	const struct op nothing = OP("nothing", do_nothing);
	unsigned long long overhead;
	bool wait = false;
	char byte;
	int error;

	if (argc > 1 && !strcmp(argv[1], "--wait")) {
		wait = true;
		argc--;
		argv++;
	}
	calls_counted = argc > 1 && !strcmp(argv[1], "calls");
	if (argc < 7 || (!calls_counted && !clock_named(argv[1], &unit))) {
		fprintf(stderr,
			"usage: ops [--wait] CLOCK DIR OUTSIDE PID PORT CLOSED [NAME...]\n");
		return 2;
	}
	if (wait && read(0, &byte, 1) != 1)
		die("standard input");
	argc--;
	argv++;
	snprintf(top, sizeof(top), "%s", argv[1]);
	snprintf(outside, sizeof(outside), "%s", argv[2]);
	other = atoi(argv[3]);
	allowed = endpoint(argv[4]);
	closed = endpoint(argv[5]);
	make_names();
	make_files();
	listener = bound(SOCK_STREAM);
	receiver = bound(SOCK_DGRAM);
	if (listen(listener, 2 * BATCH) || fcntl(listener, F_SETFL, O_NONBLOCK))
		die("listen");
	overhead = cheapest(&nothing, &error);
	for (size_t i = 0; i < NR_OPS; i++)
		if (wanted(ops[i].name, argv + 6, argc - 6))
			measure(&ops[i], overhead);
	return 0;
}
