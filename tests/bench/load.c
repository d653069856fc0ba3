// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to an HTTP server on loopback: load CLOCK PORT CONNECTIONS REQUESTS ROUNDS keeps so many
 * connections busy and prints, of the cheapest round, the cost of a request, the median and the
 * 99th percentile of how long one was under way. CLOCK as for ops.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define CONNECTIONS_MAX 256

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
static enum clock unit;
static int poll_fd, fds[CONNECTIONS_MAX];
static unsigned long long sent_at[CONNECTIONS_MAX];

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_connection(int i, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
	int one = 1;

	fds[i] = socket(AF_INET, SOCK_STREAM, 0);
	if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fds[i], &event))
		die("connect");
}

static void send_request(int i)
{
	sent_at[i] = clock_now(unit);
	if (write(fds[i], request, sizeof(request) - 1) != sizeof(request) - 1)
		die("send");
}

/* An answer of this server is short enough to arrive at once. */
static unsigned long long take_answer(int i)
{
	static char answer[65536];
	ssize_t n = read(fds[i], answer, sizeof(answer));

	if (n < 12 || memcmp(answer, "HTTP/1.1 200", 12))
		die("no good answer");
	return clock_now(unit) - sent_at[i];
}

static unsigned long long round_of(int connections, int requests, unsigned long long *took)
{
	unsigned long long start = clock_now(unit);
	int sent = 0, done = 0;

	for (; sent < connections; sent++)
		send_request(sent);
	while (done < requests) {
		struct epoll_event events[CONNECTIONS_MAX];
		int n = epoll_wait(poll_fd, events, CONNECTIONS_MAX, 60000);

		if (n <= 0)
			die("wait");
		for (int i = 0; i < n; i++) {
			took[done++] = take_answer(events[i].data.u32);
			if (sent < requests) {
				send_request(events[i].data.u32);
				sent++;
			}
		}
	}
	return clock_now(unit) - start;
}

static int by_size(const void *a, const void *b)
{
	const unsigned long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	unsigned long long best = ~0ULL, half = 0, most = 0, *took;
	int connections, requests;

	if (argc != 6 || !clock_named(argv[1], &unit)) {
		fprintf(stderr, "usage: load CLOCK PORT CONNECTIONS REQUESTS ROUNDS\n");
		return 2;
	}
	connections = atoi(argv[3]);
	requests = atoi(argv[4]);
	took = calloc(requests, sizeof(*took));
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!took || poll_fd < 0 || connections < 1 || connections > CONNECTIONS_MAX ||
	    requests < connections)
		die("wrong numbers");
	for (int i = 0; i < connections; i++)
		open_connection(i, atoi(argv[2]));
	for (int i = 0; i < atoi(argv[5]); i++) {
		unsigned long long t = round_of(connections, requests, took);

		if (t >= best)
			continue;
		best = t;
		qsort(took, requests, sizeof(*took), by_size);
		half = took[requests / 2];
		most = took[requests * 99 / 100];
	}
	printf("%.0f %llu %llu\n", (double)best / requests, half, most);
	return 0;
}
