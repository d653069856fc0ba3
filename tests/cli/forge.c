// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls safenode-broker as no tool of safenode does, and prints what it answers; "nothing" if it
 * ends the connection without a word. As an ordinary user:
 *
 * plain: a good request, from a program that is none of safenode's; what the others differ from.
 * garbage, empty: a message that is no request, and one of no bytes.
 * replay: with the nonce of another connection of its own.
 * child: a child process sends it.
 * privileges: without no_new_privs.
 * threads: with a second thread.
 * exec COMMAND...: sends it, and executes that.
 * open, fifo, socket: the tenant's directory is a descriptor that is not O_PATH, of a FIFO, of a
 * socket.
 * place PATH: it is of PATH, whatever that is.
 * kept NUMBER:SCOPE, beside NUMBER:SCOPE: with that kept baseline, in hexadecimal; and with a rule
 * of its own beside those.
 * dies: ends when it has sent it.
 * heir: the same, and a child that has the connection, too, waits for the answer.
 * crowd N: makes N connections and says nothing; prints how many of them are turned away; waits
 * until its input ends.
 *
 * As root: fuse PATH mounts a file system there that never answers, and waits until its input ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "request.h"

static __u64 kept, scope; /* of the next request */
static bool beside;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "forge: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int call(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SN_BROKER_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		die(SN_BROKER_SOCKET);
	return fd;
}

static struct sn_nonce read_nonce(int socket)
{
	struct sn_nonce nonce;

	if (recv(socket, &nonce, sizeof(nonce), 0) != sizeof(nonce))
		die("no nonce");
	return nonce;
}

static int print_answer(int socket)
{
	struct sn_reply reply = {};
	ssize_t len = recv(socket, &reply, sizeof(reply), 0);

	if (len <= 0)
		puts("nothing");
	else if (len != sizeof(reply))
		printf("%zd bytes\n", len);
	else
		printf("%s: %s\n", reply.error ? strerrorname_np(-reply.error) : "granted",
		       reply.err.text);
	fflush(stdout);
	return 0;
}

static void send_bytes(int socket, const void *bytes, size_t size, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)bytes, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	if (sendmsg(socket, &msg, MSG_NOSIGNAL) < 0)
		die("sendmsg");
}

static void send_request(int socket, struct sn_nonce nonce, int directory)
{
	struct sn_request_rule rule = { .access = SN_MAY_STAT, .baseline = beside };
	struct sn_request request = {
		.act = SN_ACT_START,
		.nonce = nonce,
		.nr_places = 1,
		.kept = kept,
		.kept_scope = scope,
		.rules = &rule,
		.nr_rules = 1,
		.options.tenant = (char *)"forged",
	};
	struct sn_err err = {};
	char *message;
	size_t size;

	if (sn_request_write(&request, &message, &size, &err)) {
		fprintf(stderr, "forge: %s\n", err.text);
		exit(2);
	}
	send_bytes(socket, message, size, directory);
	free(message);
}

static int open_path(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

/* A good request about that descriptor, and its answer. */
static int ask_for(int directory)
{
	int socket = call();

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	send_request(socket, read_nonce(socket), directory);
	return print_answer(socket);
}

static int send_garbage(size_t size)
{
	static char bytes[64] = "GET / HTTP/1.1\r\n\r\n";
	int socket = call();

	read_nonce(socket);
	send_bytes(socket, bytes, size, -1);
	return print_answer(socket);
}

static int replay(void)
{
	int other = call(), socket = call();

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	read_nonce(socket);
	send_request(socket, read_nonce(other), open_path("."));
	return print_answer(socket);
}

static int send_by_child(void)
{
	int socket = call();
	struct sn_nonce nonce = read_nonce(socket);
	pid_t pid = fork();

	if (!pid) {
		send_request(socket, nonce, open_path("."));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return print_answer(socket);
}

static int keep_privileges(void)
{
	int socket = call();

	send_request(socket, read_nonce(socket), open_path("."));
	return print_answer(socket);
}

static void *sleep_on(void *data)
{
	pause();
	return NULL;
}

static int with_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_on, NULL))
		die("pthread_create");
	return ask_for(open_path("."));
}

/* What it starts inherits the socket, as 3. */
static int execute(char *const argv[])
{
	int socket = call(), directory = open_path(".");

	send_request(socket, read_nonce(socket), directory);
	if (dup2(socket, 3) < 0)
		die("dup2");
	execvp(argv[0], argv);
	die(argv[0]);
}

static int send_fifo(void)
{
	if (mkfifo("fifo", 0600))
		die("fifo");
	return ask_for(open_path("fifo"));
}

static int send_socket(void)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", call());
	return ask_for(open_path(name));
}

static int ends(void)
{
	int socket = call();

	send_request(socket, read_nonce(socket), open_path("."));
	return 0;
}

static int leave_to_child(void)
{
	int socket = call();

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	send_request(socket, read_nonce(socket), open_path("."));
	return fork() ? 0 : print_answer(socket);
}

static bool is_turned_away(int socket)
{
	struct sn_reply reply;

	return recv(socket, &reply, sizeof(reply), 0) == sizeof(reply);
}

static int crowd(int nr)
{
	struct rlimit limit = { nr + 16, nr + 16 };
	int away = 0;
	char end;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("RLIMIT_NOFILE");
	for (int i = 0; i < nr; i++)
		away += is_turned_away(call());
	printf("%d\n", away);
	fflush(stdout);
	return read(0, &end, 1) < 0;
}

static int mount_fuse(const char *path)
{
	int fd = open("/dev/fuse", O_RDWR);
	char options[128], end;

	if (fd < 0)
		die("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 fd);
	if (mount("forge", path, "fuse", 0, options))
		die(path);
	puts("mounted");
	fflush(stdout);
	return read(0, &end, 1) < 0;
}

static int ask_with(const char *number)
{
	char *colon;

	kept = strtoull(number, &colon, 16);
	scope = strtoull(colon + !!*colon, NULL, 16);
	return ask_for(open_path("."));
}

static int by_path(const char *how, const char *path)
{
	beside = !strcmp(how, "beside");
	if (beside || !strcmp(how, "kept"))
		return ask_with(path);
	if (!strcmp(how, "fuse"))
		return mount_fuse(path);
	if (!strcmp(how, "crowd"))
		return crowd(atoi(path));
	return ask_for(open_path(path));
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (!strcmp(how, "exec") && argc > 2)
		return execute(argv + 2);
	if (argc == 3)
		return by_path(how, argv[2]);
	if (!strcmp(how, "plain"))
		return ask_for(open_path("."));
	if (!strcmp(how, "open"))
		return ask_for(open(".", O_RDONLY | O_DIRECTORY));
	if (!strcmp(how, "garbage"))
		return send_garbage(18);
	if (!strcmp(how, "empty"))
		return send_garbage(0);
	if (!strcmp(how, "replay"))
		return replay();
	if (!strcmp(how, "child"))
		return send_by_child();
	if (!strcmp(how, "privileges"))
		return keep_privileges();
	if (!strcmp(how, "threads"))
		return with_threads();
	if (!strcmp(how, "fifo"))
		return send_fifo();
	if (!strcmp(how, "socket"))
		return send_socket();
	if (!strcmp(how, "dies"))
		return ends();
	if (!strcmp(how, "heir"))
		return leave_to_child();
	fprintf(stderr, "forge: see its source\n");
	return 2;
}
