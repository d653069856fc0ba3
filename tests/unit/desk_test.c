// SPDX-License-Identifier: GPL-2.0-only
/* user/desk.c: a process for each connection, so many of one user, and an orderly end. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk.h"
#include "request.h"

#define OF_ONE_USER 16

static struct sockaddr_un address;
static pid_t service;

/* Says "hello", and waits until the caller says something or goes. */
static int serve(int socket, void *data)
{
	char byte;

	send(socket, "hello", 5, 0);
	return recv(socket, &byte, 1, 0) < 0;
}

static int sweep(void *data)
{
	return 0;
}

static int start(void **state)
{
	struct sn_desk desk = { .serve = serve, .sweep = sweep };

	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "desk-%d", getpid());
	desk.listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	if (bind(desk.listening, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(desk.listening, 4096))
		return -1;
	service = fork();
	if (!service)
		_exit(sn_desk_run(&desk, NULL) ? 1 : 0);
	close(desk.listening);
	return 0;
}

static int call(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	return fd;
}

static bool is_served(int socket)
{
	struct sn_reply reply;
	ssize_t len = recv(socket, &reply, sizeof(reply), 0);

	if (len == 5)
		return true;
	assert_int_equal(len, sizeof(reply));
	assert_int_equal(reply.error, -EAGAIN);
	assert_non_null(strstr(reply.err.text, "try again"));
	return false;
}

/* Within a while: that a process has ended is learned later. */
static bool becomes_served(void)
{
	bool served = false;

	for (int i = 0; i < 100 && !served; i++) {
		int socket = call();

		served = is_served(socket);
		close(socket);
		poll(NULL, 0, served ? 0 : 20);
	}
	return served;
}

static int end(void **state)
{
	kill(service, SIGKILL);
	return waitpid(service, NULL, 0) < 0 && errno != ECHILD;
}

static void one_too_many_is_told_so(void **state)
{
	int sockets[OF_ONE_USER];

	for (int i = 0; i < OF_ONE_USER; i++) {
		sockets[i] = call();
		assert_true(is_served(sockets[i]));
	}
	for (int i = 0; i < 500; i++) {
		int socket = call();

		assert_false(is_served(socket));
		close(socket);
	}
	close(sockets[3]);
	assert_true(becomes_served());
	for (int i = 0; i < OF_ONE_USER; i++)
		if (i != 3)
			close(sockets[i]);
}

static void who_is_being_served_is_served_to_the_end(void **state)
{
	int socket = call(), status;

	assert_true(is_served(socket));
	kill(service, SIGTERM);
	poll(NULL, 0, 100);
	assert_int_equal(waitpid(service, &status, WNOHANG), 0);
	assert_int_equal(send(socket, "x", 1, 0), 1);
	assert_int_equal(waitpid(service, &status, 0), service);
	assert_int_equal(status, 0);
	close(socket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_too_many_is_told_so, start, end),
		cmocka_unit_test_setup_teardown(who_is_being_served_is_served_to_the_end, start,
						end),
	};

	return cmocka_run_group_tests_name("desk", tests, NULL, NULL);
}
