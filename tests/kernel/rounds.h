/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tenant that does allowed and forbidden acts without a pause, beside whatever else a test does,
 * and judges each answer itself: rounds_begin(), then the test's own part, rounds_stop(),
 * rounds_end().
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tenant.h"

/*
 * What the tenant must be started with for connections to have the answers that are expected. More
 * ports than fit into the policy, so that all maps are asked.
 */
#define ROUNDS_OPTIONS                                                                          \
	"--restricted-outgoing-addresses", "127.0.0.1,10.9.0.0/24", "--allowed-outgoing-ports", \
		"8080,9001,9003,9005,9007,9009,9011,9013,9015"

static char rounds_libc[PATH_MAX];

static int rounds_note_libc(struct dl_phdr_info *info, size_t size, void *data)
{
	if (strstr(info->dlpi_name, "/libc.so"))
		snprintf(rounds_libc, sizeof(rounds_libc), "%s", info->dlpi_name);
	return 0;
}

static long rounds_closed(long fd)
{
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long rounds_open(const char *path)
{
	return rounds_closed(open(path, O_RDONLY | O_CLOEXEC));
}

static long rounds_stat(const char *path)
{
	struct stat st;

	return answer(stat(path, &st));
}

static long rounds_access(const char *path)
{
	return answer(access(path, R_OK));
}

static long rounds_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	long result = at == MAP_FAILED ? -errno : 0;

	if (!result)
		munmap(at, 1);
	close(fd);
	return result;
}

static long rounds_socket(const char *unused)
{
	return rounds_closed(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* A datagram socket, so that no listener is needed. "ADDRESS PORT" */
static long rounds_connect(const char *to)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(atoi(strchr(to, ' '))) };
	static int fd = -1;
	char text[32];

	if (fd < 0)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(to, " "), to);
	address.sin_addr.s_addr = inet_addr(text);
	return answer(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

static long rounds_mkdir(const char *path)
{
	return answer(mkdir(path, 0700));
}

static const struct {
	long (*act)(const char *arg);
	const char *arg;
	int refused; /* 0: allowed */
} rounds_acts[] = {
	{ rounds_open, rounds_libc, 0 },
	{ rounds_open, "/etc/passwd", ENOENT },
	{ rounds_connect, "127.0.0.1 8080", 0 },
	{ rounds_connect, "127.0.0.1 22", EPERM },
	{ rounds_map, rounds_libc, 0 },
	{ rounds_map, "code", EPERM },
	{ rounds_stat, "/usr/lib", 0 },
	{ rounds_stat, "/srv/t2/file", ENOENT },
	{ rounds_open, "code", 0 },
	{ rounds_socket, NULL, EPERM },
	{ rounds_open, "/etc/nsswitch.conf", 0 },
	{ rounds_mkdir, "/srv/new", EACCES },
	{ rounds_connect, "10.9.0.1 8080", 0 },
	{ rounds_connect, "10.9.0.1 22", EPERM },
	{ rounds_stat, ".", 0 },
	{ rounds_access, "/etc/hostname", ENOENT },
};
#define NR_ROUNDS_ACTS (sizeof(rounds_acts) / sizeof(*rounds_acts))

/* Allowed and forbidden ones in turn. "MINIMUM" of acts. */
PROBE(rounds)
{
	long minimum = atol(arg), acts = 0, wrong = 0;

	dl_iterate_phdr(rounds_note_libc, NULL);
	while (acts < minimum || acts % 1024 || access("stop", F_OK)) {
		size_t i = acts++ % NR_ROUNDS_ACTS;
		long got = rounds_acts[i].act(rounds_acts[i].arg);

		if (got == -rounds_acts[i].refused)
			continue;
		if (wrong++ < 5)
			dprintf(2, "# act %ld, number %zu with %s: want %d, got %ld\n", acts, i,
				rounds_acts[i].arg, -rounds_acts[i].refused, got);
	}
	return wrong ? -wrong : acts;
}

/* What the tenant in @directory needs there. */
static void rounds_prepare(const char *directory)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "ip address replace 10.9.0.1/32 dev lo && rm -f %s/stop && head -c 8192 /dev/zero "
		 ">%s/code && chmod 755 %s/code",
		 directory, directory, directory);
	if (system(command))
		GIVE_UP("%s failed", command);
}

static inline void rounds_begin(struct tenant *t, const char *directory, long minimum)
{
	char request[64];
	int len = snprintf(request, sizeof(request), "rounds%c%ld", 0, minimum) + 1;

	rounds_prepare(directory);
	if (write(t->to, request, len) != len)
		GIVE_UP("tenant %s is gone", t->name);
}

/* It may end when it has done as many as it must. */
static inline void rounds_stop(const char *directory)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/stop", directory);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static inline bool rounds_are_done(const struct tenant *t)
{
	struct pollfd from = { .fd = t->from, .events = POLLIN };

	return poll(&from, 1, 0) > 0;
}

/* How many acts there were; less than 0: so many answers were wrong, and the tenant said which.
 */
static long rounds_end(struct tenant *t)
{
	long result;

	if (read(t->from, &result, sizeof(result)) != sizeof(result))
		GIVE_UP("tenant %s ended", t->name);
	return result;
}

#endif
