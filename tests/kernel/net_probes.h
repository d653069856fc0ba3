/* SPDX-License-Identifier: GPL-2.0-only */
/* Every way to reach an address, as probes, and the listeners there. */
#ifndef NET_PROBES_H
#define NET_PROBES_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "tenant.h"

/* ---- this side ---- */

static inline void must_run(const char *command)
{
	if (system(command))
		GIVE_UP("%s failed", command);
}

/* All addresses of both families: IPv4 comes in as ::ffff:a.b.c.d. */
static inline int listener(int type, uint16_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (void *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 4096)))
		GIVE_UP("cannot listen on port %d: %s", port, strerror(errno));
	return fd;
}

/*
 * Nothing but what this function sends: the loopback device keeps the order, so what was sent
 * before would be in front of it.
 */
static inline bool nothing_arrived(int udp, uint16_t port)
{
	static int number;
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct pollfd readable = { .fd = udp, .events = POLLIN };
	char want[32], got[64] = "";
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(want, sizeof(want), "marker %d of %d", ++number, getpid());
	if (sendto(fd, want, strlen(want), 0, (void *)&to, sizeof(to)) < 0 ||
	    poll(&readable, 1, 5000) != 1 || recv(udp, got, sizeof(got) - 1, 0) < 0)
		GIVE_UP("cannot send to port %d: %s", port, strerror(errno));
	close(fd);
	return !strcmp(got, want);
}

/* What came in by now, and throws it away. */
static inline int arrived(int udp)
{
	char byte;
	int n = 0;

	while (recv(udp, &byte, 1, MSG_TRUNC) >= 0)
		n++;
	return n;
}

static inline int accepted(int tcp)
{
	int n = 0, fd;

	for (; (fd = accept4(tcp, NULL, NULL, SOCK_CLOEXEC)) >= 0; n++)
		close(fd);
	return n;
}

/* Makes @fd[0] the descriptor @number, open across exec. */
static inline int hand_over(int fd, int number)
{
	if (fd < 0 || dup2(fd, number) != number)
		GIVE_UP("cannot make descriptor %d: %s", number, strerror(errno));
	close(fd);
	return number;
}

/* ---- ways to reach an address ---- */

struct dest {
	struct sockaddr_storage address;
	socklen_t len;
};

/* @text: an address, or "unspec:" and an IPv4 address to be filled in under AF_UNSPEC. */
static inline bool read_dest(const char *text, unsigned int port, struct dest *dest)
{
	struct sockaddr_in *v4 = (void *)&dest->address;
	struct sockaddr_in6 *v6 = (void *)&dest->address;
	bool unspec = !strncmp(text, "unspec:", 7);

	*dest = (struct dest){ .len = sizeof(*v6) };
	v6->sin6_port = htons(port);
	v6->sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		return true;
	*dest = (struct dest){ .len = sizeof(*v4) };
	v4->sin_port = htons(port);
	v4->sin_family = unspec ? AF_UNSPEC : AF_INET;
	return inet_pton(AF_INET, unspec ? text + 7 : text, &v4->sin_addr) == 1;
}

/* "ADDRESS PORT" */
static inline bool read_one(const char *arg, struct dest *to)
{
	char address[64];
	unsigned int port;

	return sscanf(arg, "%63s %u", address, &port) == 2 && read_dest(address, port, to);
}

/* "FD ADDRESS PORT" */
static inline bool read_kept(const char *arg, int *fd, struct dest *to)
{
	char address[64];
	unsigned int port;

	return sscanf(arg, "%d %63s %u", fd, address, &port) == 3 && read_dest(address, port, to);
}

/* "ADDRESS PORT ADDRESS PORT" */
static inline bool read_two(const char *arg, struct dest to[2])
{
	char address[2][64];
	unsigned int port[2];

	return sscanf(arg, "%63s %u %63s %u", address[0], &port[0], address[1], &port[1]) == 4 &&
	       read_dest(address[0], port[0], &to[0]) && read_dest(address[1], port[1], &to[1]);
}

static struct iovec hello = { .iov_base = "hello", .iov_len = 5 };

static inline long by_connect(int fd, struct dest *to)
{
	return connect(fd, (void *)&to->address, to->len);
}

static inline long by_connect_and_send(int fd, struct dest *to)
{
	return connect(fd, (void *)&to->address, to->len) ?: send(fd, "hello", 5, 0);
}

static inline long by_sendto(int fd, struct dest *to)
{
	return sendto(fd, "hello", 5, 0, (void *)&to->address, to->len);
}

static inline long by_sendmsg(int fd, struct dest *to)
{
	struct msghdr msg = {
		.msg_name = &to->address, .msg_namelen = to->len, .msg_iov = &hello, .msg_iovlen = 1
	};

	return sendmsg(fd, &msg, 0);
}

static inline long by_sendmmsg(int fd, struct dest *to)
{
	struct mmsghdr msg = { .msg_hdr = { .msg_name = &to->address,
					    .msg_namelen = to->len,
					    .msg_iov = &hello,
					    .msg_iovlen = 1 } };

	return sendmmsg(fd, &msg, 1, 0);
}

static inline long by_fastopen_sendto(int fd, struct dest *to)
{
	return sendto(fd, "hello", 5, MSG_FASTOPEN, (void *)&to->address, to->len);
}

static inline long by_fastopen_sendmsg(int fd, struct dest *to)
{
	struct msghdr msg = {
		.msg_name = &to->address, .msg_namelen = to->len, .msg_iov = &hello, .msg_iovlen = 1
	};

	return sendmsg(fd, &msg, MSG_FASTOPEN);
}

static inline long by_fastopen_sendmmsg(int fd, struct dest *to)
{
	struct mmsghdr msg = { .msg_hdr = { .msg_name = &to->address,
					    .msg_namelen = to->len,
					    .msg_iov = &hello,
					    .msg_iovlen = 1 } };

	return sendmmsg(fd, &msg, 1, MSG_FASTOPEN);
}

static inline long by_fastopen_connect(int fd, struct dest *to)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)))
		return could_not_try("TCP_FASTOPEN_CONNECT");
	return connect(fd, (void *)&to->address, to->len) ?: send(fd, "hello", 5, 0);
}

static const struct way {
	const char *name;
	int type;
	enum sn_op op;
	long (*go)(int fd, struct dest *to);
} ways[] = {
	{ "tcp-connect", SOCK_STREAM, SN_OP_NET_CONNECT, by_connect },
	{ "tcp-fastopen-connect", SOCK_STREAM, SN_OP_NET_CONNECT, by_fastopen_connect },
	{ "tcp-fastopen-sendto", SOCK_STREAM, SN_OP_NET_SEND, by_fastopen_sendto },
	{ "tcp-fastopen-sendmsg", SOCK_STREAM, SN_OP_NET_SEND, by_fastopen_sendmsg },
	{ "tcp-fastopen-sendmmsg", SOCK_STREAM, SN_OP_NET_SEND, by_fastopen_sendmmsg },
	{ "udp-connect", SOCK_DGRAM, SN_OP_NET_CONNECT, by_connect_and_send },
	{ "udp-sendto", SOCK_DGRAM, SN_OP_NET_SEND, by_sendto },
	{ "udp-sendmsg", SOCK_DGRAM, SN_OP_NET_SEND, by_sendmsg },
	{ "udp-sendmmsg", SOCK_DGRAM, SN_OP_NET_SEND, by_sendmmsg },
};
#define NR_WAYS (sizeof(ways) / sizeof(*ways))

static inline const struct way *find_way(const char *name)
{
	for (size_t i = 0; i < NR_WAYS; i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

/* "WAY SOCKET ADDRESS PORT [LENGTH]"; SOCKET is 4 or 6, LENGTH that of the address as passed. */
PROBE(reach)
{
	char name[32], address[64];
	const struct way *way;
	struct dest to;
	int family, fd;
	unsigned int port, len;
	long result;
	int words = sscanf(arg, "%31s %d %63s %u %u", name, &family, address, &port, &len);

	way = find_way(name);
	if (words < 4 || !way || !read_dest(address, port, &to))
		return could_not_try("cannot understand %s", arg);
	if (words == 5)
		to.len = len;
	fd = socket(family == 4 ? AF_INET : AF_INET6, way->type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = answer(way->go(fd, &to));
	close(fd);
	return result;
}

/* The answer to connect() without waiting; -EINPROGRESS if nothing is heard for a while. */
static inline long connect_and_wait(int fd, struct dest *to)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	int error = connect(fd, (void *)&to->address, to->len) ? errno : 0;
	socklen_t len = sizeof(error);

	if (error == EINPROGRESS && poll(&writable, 1, 700) == 1)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return -error;
}

/* "ADDRESS PORT" */
PROBE(try_to_connect)
{
	struct dest to;
	long result;
	int fd;

	if (!read_one(arg, &to))
		return could_not_try("cannot understand %s", arg);
	fd = socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = connect_and_wait(fd, &to);
	close(fd);
	return result;
}

#endif
