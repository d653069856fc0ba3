// SPDX-License-Identifier: GPL-2.0-only
/* bpf/net.bpf.c: sockets that are neither TCP nor UDP, and Unix sockets that were handed over. */
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <linux/if_alg.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "int80.h"
#include "joined.h"
#include "net_probes.h"

static struct tenant *t1;

SETUP()
{
	t1 = tenant_start("t1", NULL);
}

/* ---- which sockets there are ---- */

/* "FAMILY TYPE PROTOCOL" */
PROBE(socket)
{
	int family, type, protocol, fd;

	if (sscanf(arg, "%d %d %d", &family, &type, &protocol) != 3)
		return could_not_try("cannot understand %s", arg);
	fd = socket(family, type, protocol);
	if (fd < 0)
		return answer(fd);
	close(fd);
	return 0;
}

PROBE(socketpair)
{
	int family, type, protocol, fd[2];

	if (sscanf(arg, "%d %d %d", &family, &type, &protocol) != 3)
		return could_not_try("cannot understand %s", arg);
	if (socketpair(family, type, protocol, fd))
		return answer(-1);
	close(fd[0]);
	close(fd[1]);
	return 0;
}

TEST(other_sockets_that_the_user_has_outside_are_refused)
{
	static const struct {
		int family, type, protocol;
	} user[] = {
		{ AF_UNIX, SOCK_STREAM, 0 },
		{ AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_UNIX, SOCK_SEQPACKET, 0 },
		{ AF_NETLINK, SOCK_RAW, 15 },			/* NETLINK_KOBJECT_UEVENT */
		{ AF_INET, SOCK_STREAM, 262 },			/* MPTCP */
		{ AF_INET6, SOCK_STREAM, 262 },
	}, root[] = {
		{ AF_INET, SOCK_RAW, IPPROTO_RAW },
		{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
		{ AF_PACKET, SOCK_RAW, 0 },
	};

	for (size_t i = 0; i < sizeof(user) / sizeof(*user); i++)
		EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "socket", "%d %d %d",
			       user[i].family, user[i].type, user[i].protocol);
	for (size_t i = 0; i < sizeof(root) / sizeof(*root); i++)
		EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "socket", "%d %d %d",
				    root[i].family, root[i].type, root[i].protocol);
	EXPECT_EQ(AF_PACKET, t1->event.number);
}

/* When it cannot start a program, node makes an 'error' event of EMFILE, and throws EPERM. */
TEST(there_are_no_socket_pairs)
{
	EXPECT_REFUSED(t1, EMFILE, SN_OP_NET_SOCKETPAIR, SN_FAMILY, "socketpair", "%d %d 0",
		       AF_UNIX, SOCK_STREAM);
	EXPECT_EQ(AF_UNIX, t1->event.number);
	EXPECT_REFUSED(t1, EMFILE, SN_OP_NET_SOCKETPAIR, SN_FAMILY, "socketpair", "%d %d 0",
		       AF_UNIX, SOCK_DGRAM);
	/* of a family that is granted; it has no pairs */
	EXPECT_EQ(-EOPNOTSUPP, inside(t1, "socketpair", "%d %d 0", AF_INET, SOCK_STREAM));
	EXPECT_EQ(-EOPNOTSUPP, outside("socketpair", "%d %d 0", AF_INET, SOCK_STREAM));
}

/* Numbers of the 32-bit entry, and of what socketcall(2) does. */
enum { SOCKETCALL = 102, SOCKET32 = 359, CALL_SOCKET = 1, CALL_SOCKETPAIR = 8 };

/* "CALL": a Unix socket, or two, by the 32-bit entry. */
PROBE(sockets32)
{
	__u32 *page = (void *)low_page();
	long result;

	if (page == MAP_FAILED)
		return could_not_try("a page in the first 4 GB");
	memcpy(page, (__u32[]){ AF_UNIX, SOCK_STREAM, 0, (__u32)(unsigned long)(page + 8) }, 16);
	if (!strcmp(arg, "socket32"))
		result = int80(SOCKET32, AF_UNIX, SOCK_STREAM, 0);
	else
		result = int80(SOCKETCALL, atoi(arg), (long)page, 0);
	munmap(page, 4096);
	return result;
}

TEST(the_32_bit_entry_tells_a_socket_pair_from_a_socket)
{
	if (outside("has_int80", "%s", ""))
		SKIP("a kernel with the 32-bit system calls");
	EXPECT_REFUSED(t1, EMFILE, SN_OP_NET_SOCKETPAIR, SN_FAMILY, "sockets32", "%d",
		       CALL_SOCKETPAIR);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "sockets32", "%d", CALL_SOCKET);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "sockets32", "socket32");
}

static void *make_unix_socket(void *type)
{
	long fd = socket(AF_UNIX, *(int *)type | SOCK_CLOEXEC, 0);

	*(int *)type = fd < 0 ? -errno : fd;
	return NULL;
}

/* "TYPE": a Unix socket of a thread, as the C library makes it in one of libuv's. */
PROBE(unix_socket_of_a_thread)
{
	int type = atoi(arg);
	pthread_t thread;

	if (pthread_create(&thread, NULL, make_unix_socket, &type) || pthread_join(thread, NULL))
		return could_not_try("a thread");
	return type;
}

/* Refused like all others, but counted and shown apart. */
TEST(a_question_to_nscd_is_known)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "unix_socket_of_a_thread", "%d",
		       SOCK_STREAM);
	EXPECT_EQ(SN_KNOWN_NSCD, t1->event.known);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "unix_socket_of_a_thread", "%d",
		       SOCK_DGRAM);
	EXPECT_EQ(SN_KNOWN_NOTHING, t1->event.known);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "socket", "%d %d 0", AF_UNIX,
		       SOCK_STREAM);
	EXPECT_EQ(SN_KNOWN_NOTHING, t1->event.known);
}

/* ---- names of network devices, which IPv6 addresses have in them ---- */

static long device_ioctl(int fd, unsigned long request)
{
	struct ifreq device = { .ifr_name = "lo" };

	if (request == SIOCGIFNAME)
		device.ifr_ifindex = 1;
	return answer(ioctl(fd, request, &device));
}

/* "REQUEST FAMILY": of a socket of its own. */
PROBE(ask_for_device)
{
	unsigned long request;
	int family, fd;
	long result;

	if (sscanf(arg, "%lu %d", &request, &family) != 2)
		return could_not_try("cannot understand %s", arg);
	fd = socket(family, (family == AF_NETLINK ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = device_ioctl(fd, request);
	close(fd);
	return result;
}

/* "REQUEST FD" */
PROBE(ask_kept_for_device)
{
	unsigned long request;
	int fd;

	if (sscanf(arg, "%lu %d", &request, &fd) != 2)
		return could_not_try("cannot understand %s", arg);
	return device_ioctl(fd, request);
}

TEST(a_tenant_may_look_up_the_names_of_network_devices)
{
	struct tenant *t;

	EXPECT_ALLOWED(t1, "ask_for_device", "%d %d", SIOCGIFINDEX, AF_INET);
	EXPECT_ALLOWED(t1, "ask_for_device", "%d %d", SIOCGIFINDEX, AF_INET6);
	EXPECT_ALLOWED(t1, "ask_for_device", "%d %d", SIOCGIFNAME, AF_INET);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ask_for_device", "%d %d",
		       SIOCGIFHWADDR, AF_INET);
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ask_for_device", "%d %d", SIOCGIFFLAGS,
		       AF_INET);
	/* the network of a socket that the server made may be another */
	hand_over(socket(AF_INET, SOCK_DGRAM, 0), 40);
	hand_over(open("/dev/null", O_RDONLY), 41);
	t = tenant_start("kept", "--dir", "/srv/t10", "--keep-fd", "40", "--keep-fd", "41", NULL);
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ask_kept_for_device", "%d 40",
		       SIOCGIFINDEX);
	EXPECT_REFUSED(t, EPERM, SN_OP_FS_IOCTL, SN_NEVER, "ask_kept_for_device", "%d 40",
		       SIOCGIFNAME);
	EXPECT_EQ(-EPERM, inside(t, "ask_kept_for_device", "%d 41", SIOCGIFINDEX));
	EXPECT_EQ(-ENOTTY, outside("ask_kept_for_device", "%d 41", SIOCGIFINDEX));
}

static int count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	int n = 0, c;

	if (!file)
		GIVE_UP("cannot open %s", path);
	while ((c = getc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

/* A protocol family that is missing makes socket() load a module, before it fails. */
TEST(asking_for_sockets_loads_no_modules)
{
	int before = count_lines("/proc/modules");

	for (int family = 0; family < AF_MAX; family++)
		inside(t1, "socket", "%d %d 0", family, SOCK_DGRAM);
	inside(t1, "socket", "%d %d 132", AF_INET, SOCK_STREAM); /* SCTP */
	EXPECT_EQ(before, count_lines("/proc/modules"));
}

/* ---- Unix sockets that were handed over ---- */

/* "FD": sends and receives over a socket that it got. */
PROBE(exchange)
{
	char text[8] = "";

	if (send(atoi(arg), "ping", 4, 0) != 4)
		return answer(-1);
	if (recv(atoi(arg), text, sizeof(text), 0) < 0)
		return answer(-1);
	return strcmp(text, "pong") ? -EBADMSG : 0;
}

/* "FD WHAT NAME": NAME is in the abstract namespace. */
PROBE(unix_socket)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t);
	char what[16], name[64] = "";
	int fd;

	if (sscanf(arg, "%d %15s %63s", &fd, what, name) < 2)
		return could_not_try("cannot understand %s", arg);
	if (*name) {
		len += 1 + strlen(name);
		memcpy(to.sun_path + 1, name, strlen(name));
	}
	if (!strcmp(what, "connect"))
		return answer(connect(fd, (void *)&to, len));
	if (!strcmp(what, "bind"))
		return answer(bind(fd, (void *)&to, len));
	if (!strcmp(what, "sendto"))
		return answer(sendto(fd, "hello", 5, 0, (void *)&to, len));
	if (!strcmp(what, "sendmsg"))
		return answer(sendmsg(fd,
				      &(struct msghdr){ .msg_name = &to,
							.msg_namelen = len,
							.msg_iov = &hello,
							.msg_iovlen = 1 },
				      0));
	if (!strcmp(what, "listen"))
		return answer(listen(fd, 1));
	return could_not_try("cannot understand %s", arg);
}

static int unix_service(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0service" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (void *)&name, sizeof(sa_family_t) + 8))
		GIVE_UP("cannot bind a Unix socket: %s", strerror(errno));
	return fd;
}

TEST(a_unix_socket_that_was_handed_over_works_but_leads_nowhere_else)
{
	int pair[2], service = unix_service();
	struct tenant *t;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		GIVE_UP("socketpair: %s", strerror(errno));
	hand_over(pair[0], 40);
	hand_over(socket(AF_UNIX, SOCK_STREAM, 0), 41);
	t = tenant_start("unix", "--dir", "/srv/t10", "--keep-fd", "40", "--keep-fd", "41", NULL);

	send(pair[1], "pong", 4, 0);
	EXPECT_ALLOWED(t, "exchange", "40");
	/* before the control connects the same socket elsewhere */
	EXPECT_EQ(-EPERM, inside(t, "unix_socket", "40 connect service"));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_FAMILY);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SEND, SN_FAMILY, "unix_socket", "40 sendto service");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SEND, SN_FAMILY, "unix_socket", "40 sendmsg service");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_FAMILY, "unix_socket", "40 bind name");
	EXPECT_EQ(-EPERM, inside(t, "unix_socket", "41 listen"));
	EXPECT_EVENT(t, SN_OP_NET_LISTEN, SN_FAMILY);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_FAMILY, "unix_socket", "41 bind other");
	EXPECT_EQ(0, outside("unix_socket", "41 listen"));
	EXPECT_EQ(0, outside("unix_socket", "40 connect service"));
	close(service);
}

/* A tenant that was handed one of two connected Unix sockets as 40; @pair[1] is the other. */
static struct tenant *start_with_pair(int type, int pair[2])
{
	if (socketpair(AF_UNIX, type, 0, pair))
		GIVE_UP("socketpair: %s", strerror(errno));
	hand_over(pair[0], 40);
	return tenant_start("unix", "--dir", "/srv/t10", "--keep-fd", "40", NULL);
}

/* node's IPC channel, and the streams that node makes for a child, are of this kind. */
TEST(a_unix_stream_that_was_handed_over_leads_nowhere_else)
{
	int pair[2];
	struct tenant *t = start_with_pair(SOCK_STREAM, pair);

	send(pair[1], "pong", 4, 0);
	EXPECT_ALLOWED(t, "exchange", "40");
	/* the kernel itself has other answers, for it is asked later */
	EXPECT_EQ(-EPERM, inside(t, "unix_socket", "40 connect service"));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_FAMILY);
	EXPECT_EQ(-EISCONN, outside("unix_socket", "40 sendto service"));
	EXPECT_EQ(-EPERM, inside(t, "unix_socket", "40 sendto service"));
	EXPECT_EVENT(t, SN_OP_NET_SEND, SN_FAMILY);
	EXPECT_EQ(-EPERM, inside(t, "unix_socket", "40 sendmsg service"));
	EXPECT_EVENT(t, SN_OP_NET_SEND, SN_FAMILY);
	EXPECT_EQ(-EPERM, inside(t, "unix_socket", "40 listen"));
	EXPECT_EVENT(t, SN_OP_NET_LISTEN, SN_FAMILY);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_FAMILY, "unix_socket", "40 bind stream");
	close(pair[1]);
}

/* "FD": receives a descriptor. */
PROBE(receive_descriptor)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	if (recvmsg(atoi(arg), &msg, MSG_CMSG_CLOEXEC) != 1)
		return could_not_try("recvmsg");
	if (msg.msg_flags & MSG_CTRUNC || !msg.msg_controllen)
		return -EPERM; /* the message came, what was in it was left out */
	close(*(int *)CMSG_DATA(&control.header));
	return 0;
}

static void send_descriptor(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (fd < 0 || sendmsg(socket, &msg, 0) != 1)
		GIVE_UP("cannot send a descriptor: %s", strerror(errno));
	close(fd);
}

TEST(a_descriptor_that_is_sent_is_asked_about_as_if_it_were_opened)
{
	int pair[2];
	struct tenant *t = start_with_pair(SOCK_DGRAM, pair);

	send_descriptor(pair[1], open("/srv/t10/own", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	EXPECT_ALLOWED(t, "receive_descriptor", "40");
	send_descriptor(pair[1], open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(-EPERM, inside(t, "receive_descriptor", "40"));
	EXPECT_EVENT(t, SN_OP_FS_RECEIVE, SN_OUTSIDE);
	send_descriptor(pair[1], open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(0, outside("receive_descriptor", "40"));
}

/* Over the stream from @ends[1], which the probe has as 40. */
static void expect_arrival(struct tenant *t, const int ends[2], const char *what, int fd)
{
	if (fd < 0)
		GIVE_UP("%s: %s", what, strerror(errno));
	send_descriptor(ends[1], fd);
	if (inside(t, "receive_descriptor", "40"))
		FAIL("%s does not arrive", what);
	EXPECT_QUIET(t);
}

/* The control comes last: each is received once. */
static void expect_no_arrival(struct tenant *t, const int ends[2], const char *what, int fd)
{
	int again = dup(fd);

	if (fd < 0)
		GIVE_UP("%s: %s", what, strerror(errno));
	send_descriptor(ends[1], fd);
	if (inside(t, "receive_descriptor", "40") != -EPERM)
		FAIL("%s arrives", what);
	EXPECT_EVENT(t, SN_OP_FS_RECEIVE, SN_OUTSIDE);
	send_descriptor(ends[1], again);
	if (outside("receive_descriptor", "40"))
		FAIL("the control: %s does not arrive", what);
}

static int pipe_end(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	close(ends[0]);
	return ends[1];
}

static int bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* What node sends with child.send() arrives; what is more than a file or a connection does not. */
TEST(sockets_and_pipes_that_are_sent_arrive_and_objects_of_the_kernel_do_not)
{
	int ends[2], other[2];
	struct tenant *t = start_with_pair(SOCK_STREAM, ends);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, other))
		GIVE_UP("socketpair: %s", strerror(errno));

	expect_arrival(t, ends, "a TCP socket", socket(AF_INET, SOCK_STREAM, 0));
	expect_arrival(t, ends, "a UDP socket", socket(AF_INET6, SOCK_DGRAM, 0));
	expect_arrival(t, ends, "a Unix socket", other[0]);
	expect_arrival(t, ends, "a pipe", pipe_end());
	expect_arrival(t, ends, "/dev/null", open("/dev/null", O_RDWR));

	expect_no_arrival(t, ends, "a directory", open("/etc", O_DIRECTORY));
	expect_no_arrival(t, ends, "an epoll set", epoll_create1(0));
	expect_no_arrival(t, ends, "an eventfd", eventfd(0, 0));
	expect_no_arrival(t, ends, "a BPF map", bpf_map());
	expect_no_arrival(t, ends, "a pidfd", syscall(SYS_pidfd_open, getpid(), 0));
	close(other[1]);
	close(ends[1]);
}

/* ---- rtnetlink ---- */

struct request {
	struct nlmsghdr header;
	struct ifaddrmsg address;
	struct rtattr attr;
	struct in_addr local;
};

static struct request netlink_request(int type)
{
	struct request request = {
		.header = { .nlmsg_len = sizeof(struct request),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.address = { .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1 },
		.attr = { .rta_len = RTA_LENGTH(4), .rta_type = IFA_LOCAL },
		.local = { htonl(0x0a090901) },
	};

	if (type == RTM_GETADDR) {
		request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		request.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg));
	}
	return request;
}

/* The kernel's answer to an order: 0, or a negative errno. */
static long netlink_ack(int fd)
{
	char buffer[8192];
	struct nlmsghdr *header = (void *)buffer;
	ssize_t len = recv(fd, buffer, sizeof(buffer), 0);

	if (len < (ssize_t)sizeof(*header) || header->nlmsg_type != NLMSG_ERROR)
		return could_not_try("no answer from the kernel");
	return ((struct nlmsgerr *)NLMSG_DATA(header))->error;
}

/* Of a dump: how many messages, or the kernel's error. */
static long netlink_answers(int fd)
{
	char buffer[32768];
	long n = 0;

	for (;;) {
		int len = recv(fd, buffer, sizeof(buffer), 0);

		if (len <= 0)
			return could_not_try("no answer from the kernel");
		for (struct nlmsghdr *header = (void *)buffer; NLMSG_OK(header, len);
		     header = NLMSG_NEXT(header, len), n++) {
			if (header->nlmsg_type == NLMSG_DONE)
				return n;
			if (header->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(header))->error;
		}
	}
}

PROBE(list_addresses)
{
	struct ifaddrs *all;
	long n = 0;

	if (getifaddrs(&all))
		return answer(-1);
	for (struct ifaddrs *ifa = all; ifa; ifa = ifa->ifa_next)
		n++;
	freeifaddrs(all);
	return n;
}

/* "TYPE": an order; on success it is undone. */
PROBE(netlink_order)
{
	struct request request = netlink_request(atoi(arg));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	long result;

	if (fd < 0)
		return could_not_try("socket");
	if (request.header.nlmsg_type == RTM_SETLINK) /* whose message is a struct ifinfomsg */
		request.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	result = answer(send(fd, &request, request.header.nlmsg_len, 0));
	if (result >= 0)
		result = netlink_ack(fd);
	if (!result && request.header.nlmsg_type == RTM_NEWADDR) {
		request.header.nlmsg_type = RTM_DELADDR;
		send(fd, &request, sizeof(request), 0);
	}
	close(fd);
	return result;
}

/* A question and an order in one send(). */
PROBE(netlink_two)
{
	struct request requests[2] = { netlink_request(RTM_GETADDR), netlink_request(RTM_NEWADDR) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char both[2 * sizeof(*requests)];
	size_t first = NLMSG_ALIGN(requests[0].header.nlmsg_len);
	long result;

	if (fd < 0)
		return could_not_try("socket");
	memcpy(both, &requests[0], first);
	memcpy(both + first, &requests[1], sizeof(*requests));
	result = answer(send(fd, both, first + sizeof(*requests), 0));
	close(fd);
	return result;
}

TEST(a_tenant_may_list_the_machines_addresses_but_not_change_them)
{
	EXPECT_ALLOWED(t1, "list_addresses", "%s", "");
	EXPECT_EQ(inside(t1, "list_addresses", "%s", ""), outside("list_addresses", "%s", ""));
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_NET_NETLINK, SN_NEVER, "netlink_order", "%d",
			    RTM_NEWADDR);
	EXPECT_EQ(RTM_NEWADDR, t1->event.number);
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_NET_NETLINK, SN_NEVER, "netlink_order", "%d",
			    RTM_SETLINK);
	EXPECT_EQ(-EPERM, inside(t1, "netlink_order", "%d", RTM_NEWADDR));
	EXPECT_EVENT(t1, SN_OP_NET_NETLINK, SN_NEVER);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_NETLINK, SN_UNKNOWN, "netlink_two", "%s", "");
}

/*
 * "TYPE FAMILY BYTES": asks for all there is, with so many bytes behind the header; if they are
 * more than the message has, the rest is an attribute. How many messages came.
 */
PROBE(netlink_dump)
{
	struct {
		struct nlmsghdr header;
		__u8 bytes[64];
	} request = {};
	int type, family, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned int behind;
	long result;

	if (sscanf(arg, "%d %d %u", &type, &family, &behind) != 3 || fd < 0 || behind > 64)
		return could_not_try("cannot understand %s", arg);
	request.header = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH(behind),
					    .nlmsg_type = type,
					    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP };
	request.bytes[0] = family;
	if (behind > sizeof(struct ifinfomsg)) /* what bridges and virtual functions want */
		memcpy(request.bytes + sizeof(struct ifinfomsg),
		       &(struct rtattr){ .rta_len = 8, .rta_type = IFLA_EXT_MASK }, 4);
	result = answer(send(fd, &request, NLMSG_LENGTH(behind), 0));
	if (result > 0)
		result = netlink_answers(fd);
	close(fd);
	return result;
}

TEST(rtnetlink_tells_a_tenant_links_and_addresses)
{
	EXPECT_ALLOWED(t1, "netlink_dump", "%d %d 1", RTM_GETLINK, AF_UNSPEC);
	EXPECT_ALLOWED(t1, "netlink_dump", "%d %d 4", RTM_GETLINK, AF_UNSPEC);
	EXPECT_ALLOWED(t1, "netlink_dump", "%d %d 16", RTM_GETLINK, AF_PACKET);
	EXPECT_ALLOWED(t1, "netlink_dump", "%d %d 4", RTM_GETADDR, AF_UNSPEC);
	EXPECT_ALLOWED(t1, "netlink_dump", "%d %d 8", RTM_GETADDR, AF_INET);
	EXPECT_ALLOWED(t1, "netlink_dump", "%d %d 8", RTM_GETADDR, AF_INET6);
	EXPECT_EQ(inside(t1, "netlink_dump", "%d %d 4", RTM_GETLINK, AF_UNSPEC),
		  outside("netlink_dump", "%d %d 4", RTM_GETLINK, AF_UNSPEC));
}

TEST(rtnetlink_tells_a_tenant_nothing_else_of_the_machine)
{
	static const struct {
		const char *what;
		int type, family, behind;
	} asked[] = {
		{ "routes", RTM_GETROUTE, AF_UNSPEC, 12 },
		{ "IPv4 routes", RTM_GETROUTE, AF_INET, 12 },
		{ "neighbours", RTM_GETNEIGH, AF_UNSPEC, 12 },
		{ "neighbour tables", RTM_GETNEIGHTBL, AF_UNSPEC, 4 },
		{ "rules", RTM_GETRULE, AF_UNSPEC, 12 },
		{ "queueing disciplines", RTM_GETQDISC, AF_UNSPEC, 20 },
		{ "traffic classes", RTM_GETTCLASS, AF_UNSPEC, 20 },
		{ "network namespaces", RTM_GETNSID, AF_UNSPEC, 4 },
		{ "address labels", RTM_GETADDRLABEL, AF_INET6, 12 },
		{ "configuration", RTM_GETNETCONF, AF_INET, 4 },
		{ "groups", RTM_GETMULTICAST, AF_INET6, 4 },
		{ "next hops", RTM_GETNEXTHOP, AF_UNSPEC, 8 },
		{ "bridges", RTM_GETLINK, AF_BRIDGE, 16 },
		{ "links with an attribute", RTM_GETLINK, AF_UNSPEC, 24 },
		{ "links of IPv6", RTM_GETLINK, AF_INET6, 16 },
		{ "addresses of another family", RTM_GETADDR, AF_BRIDGE, 8 },
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		printf("# %s\n", asked[i].what);
		EXPECT_REFUSED(t1, EPERM, SN_OP_NET_NETLINK, SN_NEVER, "netlink_dump", "%d %d %d",
			       asked[i].type, asked[i].family, asked[i].behind);
		EXPECT_EQ(asked[i].type, t1->event.number);
	}
}

/* "HOW GROUPS": listens to what happens to links. */
PROBE(netlink_groups)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char how[16];
	long result;

	if (sscanf(arg, "%15s %u", how, &name.nl_groups) != 2 || fd < 0)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(how, "bind"))
		result = answer(bind(fd, (void *)&name, sizeof(name)));
	else
		result = answer(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &name.nl_groups,
					   sizeof(int)));
	close(fd);
	return result;
}

TEST(a_tenant_hears_of_no_changes_to_the_network)
{
	EXPECT_ALLOWED(t1, "netlink_groups", "bind 0");
	for (int group = 0; group < 32; group++) {
		EXPECT_EQ(-EPERM, inside(t1, "netlink_groups", "bind %u", 1u << group));
		EXPECT_EVENT(t1, SN_OP_NET_BIND, SN_NEVER);
	}
	EXPECT_EQ(0, outside("netlink_groups", "bind %u",
			     RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE));
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "netlink_groups", "option %d",
		       RTNLGRP_LINK);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "netlink_groups", "option %d",
		       RTNLGRP_NEIGH);
}

/* "FD": the old request about TCP sockets, which has the number of RTM_GETLINK elsewhere. */
PROBE(diagnose)
{
	struct {
		struct nlmsghdr header;
		__u8 bytes[16];
	} request = { .header = { .nlmsg_len = NLMSG_LENGTH(16),
				  .nlmsg_type = RTM_GETLINK, /* TCPDIAG_GETSOCK */
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	return answer(send(atoi(arg), &request, sizeof(request), 0));
}

TEST(another_netlink_protocol_that_was_handed_over_is_asked_nothing)
{
	struct tenant *t;

	hand_over(socket(AF_NETLINK, SOCK_RAW, 4 /* NETLINK_SOCK_DIAG */), 40);
	t = tenant_start("kept", "--dir", "/srv/t10", "--keep-fd", "40", NULL);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_NETLINK, SN_FAMILY, "diagnose", "40");
}

/* ---- families that come as modules: last but one, because the controls load them ---- */

/* Where the kernel has it neither built in nor as @module there is no control. */
static const struct family {
	const char *name, *module;
	int family, type, protocol;
	bool root;
} families[] = {
	{ "MPTCP over IPv4", NULL, AF_INET, SOCK_STREAM, 262, false },
	{ "MPTCP over IPv6", NULL, AF_INET6, SOCK_STREAM, 262, false },
	{ "ICMP echo over IPv4", NULL, AF_INET, SOCK_DGRAM, IPPROTO_ICMP, false },
	{ "ICMP echo over IPv6", NULL, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, false },
	{ "raw IPv4", NULL, AF_INET, SOCK_RAW, IPPROTO_TCP, true },
	{ "raw IPv6", NULL, AF_INET6, SOCK_RAW, IPPROTO_UDP, true },
	{ "packets", NULL, AF_PACKET, SOCK_DGRAM, 0, true },
	{ "packets of old", NULL, AF_INET, SOCK_PACKET, 0, true },
	{ "kernel events", NULL, AF_NETLINK, SOCK_RAW, 15, false },
	{ "generic netlink", NULL, AF_NETLINK, SOCK_RAW, 16, false },
	{ "socket diagnosis", NULL, AF_NETLINK, SOCK_RAW, 4, false },
	{ "audit", NULL, AF_NETLINK, SOCK_RAW, 9, false },
	{ "express data path", NULL, AF_XDP, SOCK_RAW, 0, true },
	{ "crypto", "af_alg", AF_ALG, SOCK_SEQPACKET, 0, false },
	{ "host sockets", "vsock_loopback", AF_VSOCK, SOCK_STREAM, 0, false },
	{ "SCTP", "sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP, false },
	{ "SCTP of many", "sctp", AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP, false },
	{ "SMC", "smc", AF_SMC, SOCK_STREAM, 0, false },
	{ "TIPC", "tipc", AF_TIPC, SOCK_RDM, 0, false },
	{ "RDS", "rds", AF_RDS, SOCK_SEQPACKET, 0, false },
	{ "KCM", "kcm", AF_KCM, SOCK_DGRAM, 0, false },
	{ "L2TP", "l2tp_ip", AF_INET, SOCK_DGRAM, 115, false },
	{ "DCCP", "dccp_ipv4", AF_INET, SOCK_DCCP, IPPROTO_DCCP, false },
	{ "UDP-Lite", "udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, false },
	{ "keys", "af_key", AF_KEY, SOCK_RAW, 2, true },
};

static bool load_module(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "modprobe -q %s", name);
	return !system(command);
}

static bool is_unknown(long result)
{
	return result == -EAFNOSUPPORT || result == -EPROTONOSUPPORT || result == -ESOCKTNOSUPPORT;
}

TEST(sockets_of_other_families_are_refused_where_the_user_has_them_outside)
{
	must_run("sysctl -q net.ipv4.ping_group_range='0 100000'");
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		const struct family *f = &families[i];
		char what[64];

		snprintf(what, sizeof(what), "%d %d %d", f->family, f->type, f->protocol);
		if (f->module && !load_module(f->module) &&
		    is_unknown(outside("socket", "%s", what))) {
			printf("# this kernel has no %s\n", f->name);
			EXPECT_EQ(-EPERM, inside(t1, "socket", "%s", what));
			EXPECT_EVENT(t1, SN_OP_NET_SOCKET, SN_FAMILY);
		} else if (f->root) {
			EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "socket", "%s",
					    what);
		} else {
			EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "socket", "%s",
				       what);
		}
	}
	must_run("sysctl -q net.ipv4.ping_group_range='1 0'");
}

/* "FD WHAT": with an address of the socket's own family. */
PROBE(other_family)
{
	struct sockaddr_alg hash = { .salg_family = AF_ALG,
				     .salg_type = "hash",
				     .salg_name = "sha1" };
	struct sockaddr_vm host = { .svm_family = AF_VSOCK, .svm_port = 9, .svm_cid = 1 };
	struct sockaddr_in raw = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	char what[16];
	int fd;

	if (sscanf(arg, "%d %15s", &fd, what) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "alg-bind"))
		return answer(bind(fd, (void *)&hash, sizeof(hash)));
	if (!strcmp(what, "vsock-bind"))
		return answer(bind(fd, (void *)&host, sizeof(host)));
	if (!strcmp(what, "vsock-connect"))
		return answer(connect(fd, (void *)&host, sizeof(host)));
	if (!strcmp(what, "raw-sendto"))
		return answer(sendto(fd, "hello", 5, 0, (void *)&raw, sizeof(raw)));
	return could_not_try("cannot understand %s", arg);
}

TEST(a_socket_of_another_family_that_was_handed_over_gets_no_address)
{
	struct tenant *t;

	if (!load_module("af_alg") || !load_module("algif_hash") || !load_module("vsock_loopback"))
		GIVE_UP("no modules");
	hand_over(socket(AF_ALG, SOCK_SEQPACKET, 0), 40);
	hand_over(socket(AF_VSOCK, SOCK_STREAM, 0), 41);
	hand_over(socket(AF_INET, SOCK_RAW, 253), 42);
	t = tenant_start("kept", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			 "127.0.0.1", "--keep-fd", "40", "--keep-fd", "41", "--keep-fd", "42",
			 NULL);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_FAMILY, "other_family", "40 alg-bind");
	EXPECT_EQ(-EPERM, inside(t, "other_family", "41 vsock-connect"));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_FAMILY);
	EXPECT_EQ(-ECONNRESET, outside("other_family", "41 vsock-connect"));
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "other_family", "42 raw-sendto");
}

/* "PORT": makes a TCP socket one of SMC (an upper layer protocol), and connects. */
PROBE(connect_by_smc)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct dest to;
	long result;

	read_dest("127.0.0.1", atoi(arg), &to);
	result = answer(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "smc", 3));
	if (!result)
		result = answer(by_connect(fd, &to));
	close(fd);
	return result;
}

/* What was a TCP socket when it was made is one of another family when it connects. */
TEST(a_socket_that_changes_its_family_connects_nowhere)
{
	int fd = listener(SOCK_STREAM, 10030);
	long outer;

	load_module("smc");
	EXPECT_EQ(-EPERM, inside(t1, "connect_by_smc", "10030"));
	EXPECT_EVENT(t1, SN_OP_NET_SETSOCKOPT, SN_NEVER);
	/* not every kernel has that layer */
	outer = outside("connect_by_smc", "10030");
	EXPECT_TRUE(!outer || outer == -ENOENT);
	close(fd);
}

/* ---- last: it is a flood, and the events of a flood are left out ---- */

/*
 * "FAMILY PROTOCOLS": all types and so many protocols. How many sockets were made, and a thousand
 * times how many were neither made nor refused with EPERM.
 */
PROBE(count_sockets)
{
	int family, protocols, made = 0, strange = 0, fd;

	if (sscanf(arg, "%d %d", &family, &protocols) != 2)
		return could_not_try("cannot understand %s", arg);
	for (int type = SOCK_STREAM; type <= SOCK_PACKET; type++) {
		for (int protocol = 0; protocol < protocols; protocol++) {
			fd = socket(family, type, protocol);
			made += fd >= 0;
			strange += fd < 0 && errno != EPERM;
			if (fd >= 0)
				close(fd);
		}
	}
	return made + 1000L * strange;
}

TEST(the_only_sockets_are_tcp_udp_and_rtnetlink)
{
	EXPECT_ALLOWED(t1, "socket", "%d %d 0", AF_INET, SOCK_STREAM);
	EXPECT_ALLOWED(t1, "socket", "%d %d %d", AF_INET, SOCK_STREAM, IPPROTO_TCP);
	EXPECT_ALLOWED(t1, "socket", "%d %d 0", AF_INET, SOCK_DGRAM);
	EXPECT_ALLOWED(t1, "socket", "%d %d %d", AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	EXPECT_ALLOWED(t1, "socket", "%d %d 0", AF_INET6, SOCK_STREAM);
	EXPECT_ALLOWED(t1, "socket", "%d %d %d", AF_INET6, SOCK_STREAM, IPPROTO_TCP);
	EXPECT_ALLOWED(t1, "socket", "%d %d 0", AF_INET6, SOCK_DGRAM);
	EXPECT_ALLOWED(t1, "socket", "%d %d %d", AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
	EXPECT_ALLOWED(t1, "socket", "%d %d %d", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	EXPECT_ALLOWED(t1, "socket", "%d %d %d", AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);

	for (int family = 0; family < AF_MAX; family++) {
		int made = 0, protocols = 18;

		if (family == AF_INET || family == AF_INET6)
			made = 4, protocols = 263; /* IPPROTO_MPTCP is 262 */
		if (family == AF_NETLINK)
			made = 2, protocols = 32;
		EXPECT_EQ(made, inside(t1, "count_sockets", "%d %d", family, protocols));
	}
}
