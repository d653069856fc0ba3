// SPDX-License-Identifier: GPL-2.0-only
/* bpf/net.bpf.c: options of sockets, and the ports that some of them share. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pwd.h>

#include "joined.h"
#include "net_probes.h"

/*
 * A service of the host has the port TAKEN by such an option. The tenant t1 may listen everywhere,
 * the tenant "listed" on LISTED and OWN.
 */
#define TAKEN  18200
#define LISTED 18201
#define FREE   18202
#define OWN    18203

#define TRIES 32 /* from as many ports, for SO_REUSEPORT goes by them */

static struct tenant *t1, *listed;

SETUP()
{
	t1 = tenant_start("t1", NULL);
	listed = tenant_start("listed", "--dir", "/srv/t10", "--allowed-listen-ports",
			      "18201,18203", NULL);
}

/* ---- who shares a port ---- */

static struct sockaddr_in at(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int bind_to(int fd, uint16_t port)
{
	struct sockaddr_in to = at(port);

	return bind(fd, (void *)&to, sizeof(to));
}

static int set_one(int fd, int option)
{
	return setsockopt(fd, SOL_SOCKET, option, &(int){ 1 }, sizeof(int));
}

/* What the service is, made by @user; TCP listens. */
static int service(const char *user, int type, int option, uint16_t port)
{
	const struct passwd *pw = getpwnam(user);
	int fd;

	if (!pw || seteuid(pw->pw_uid))
		GIVE_UP("there is no user %s", user);
	fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || set_one(fd, option) || bind_to(fd, port) ||
	    (type == SOCK_STREAM && listen(fd, TRIES)))
		GIVE_UP("no service on port %d: %s", port, strerror(errno));
	if (seteuid(0))
		GIVE_UP("seteuid: %s", strerror(errno));
	return fd;
}

/* So many datagrams or connections, each from another port, to the service's port. */
static bool send_some(int type, uint16_t port)
{
	struct sockaddr_in to = at(port);

	for (int i = 0; i < TRIES; i++) {
		int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, (void *)&to, sizeof(to)) ||
		    (type == SOCK_DGRAM && send(fd, "hello", 5, 0) != 5))
			return false;
		close(fd);
	}
	return true;
}

/* "TYPE OPTION PORT": takes the port with that option. How much of what is sent there comes here.
 */
PROBE(steal)
{
	int type, option, fd;
	unsigned int port;
	long result;

	if (sscanf(arg, "%d %d %u", &type, &option, &port) != 3)
		return could_not_try("cannot understand %s", arg);
	fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = answer(option ? set_one(fd, option) : 0) ?: answer(bind_to(fd, port));
	if (!result && type == SOCK_STREAM)
		result = answer(listen(fd, TRIES));
	if (!result && !send_some(type, port))
		result = could_not_try("sending to port %u", port);
	if (!result)
		result = type == SOCK_STREAM ? accepted(fd) : arrived(fd);
	close(fd);
	return result;
}

static void expect_no_theft(const char *user, int type, int option)
{
	int fd = service(user, type, option, TAKEN);

	EXPECT_EQ(-EPERM, inside(t1, "steal", "%d %d %d", type, option, TAKEN));
	EXPECT_EVENT(t1, SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED);
	EXPECT_EQ(-EPERM, inside(listed, "steal", "%d %d %d", type, option, TAKEN));
	EXPECT_EVENT(listed, SN_OP_NET_BIND, SN_NOT_LISTED);
	EXPECT_EQ(TAKEN, listed->event.port);
	/* without the option the port is simply taken */
	EXPECT_EQ(-EADDRINUSE, inside(t1, "steal", "%d 0 %d", type, TAKEN));
	EXPECT_QUIET(t1);
	EXPECT_TRUE(send_some(type, TAKEN));
	EXPECT_EQ(TRIES, type == SOCK_STREAM ? accepted(fd) : arrived(fd));
	EXPECT_TRUE(outside("steal", "%d %d %d", type, option, TAKEN) > 0);
	close(fd);
}

TEST(a_port_that_a_service_shares_is_not_shared_with_a_tenant)
{
	expect_no_theft("root", SOCK_DGRAM, SO_REUSEADDR);
	expect_no_theft("t1", SOCK_DGRAM, SO_REUSEADDR);
	expect_no_theft("t1", SOCK_DGRAM, SO_REUSEPORT);
	expect_no_theft("t1", SOCK_STREAM, SO_REUSEPORT);
}

/* "OTHER PORT": takes the port of a service that is bound to a device, by way of another device. */
PROBE(steal_by_device)
{
	int other, lo = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	unsigned int port;
	long result;

	if (sscanf(arg, "%d %u", &other, &port) != 2 || fd < 0)
		return could_not_try("cannot understand %s", arg);
	result = answer(setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &other, sizeof(other)));
	result = result ?: answer(bind_to(fd, port));
	/* which also takes the device from it, so that it may have the service's */
	result = result ?: answer(connect(fd, &nowhere, sizeof(nowhere)));
	result = result ?: answer(setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &lo, sizeof(lo)));
	if (!result)
		result = send_some(SOCK_DGRAM, port) ? arrived(fd) : could_not_try("sending");
	close(fd);
	return result;
}

#define NO_DEVICE 9999 /* the kernel takes any number */

TEST(a_port_that_a_service_has_on_a_device_is_not_taken_by_another_device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) || bind_to(fd, TAKEN))
		GIVE_UP("no service on lo: %s", strerror(errno));
	EXPECT_EQ(-EPERM, inside(t1, "steal_by_device", "%d %d", NO_DEVICE, TAKEN));
	EXPECT_EVENT(t1, SN_OP_NET_SETSOCKOPT, SN_NEVER);
	EXPECT_EQ(-EADDRINUSE, inside(t1, "steal", "%d 0 %d", SOCK_DGRAM, TAKEN));
	EXPECT_TRUE(send_some(SOCK_DGRAM, TAKEN));
	EXPECT_EQ(TRIES, arrived(fd));
	EXPECT_EQ(TRIES, outside("steal_by_device", "%d %d", NO_DEVICE, TAKEN));
	close(fd);
}

#define SECOND "10.78.0.1" /* another address of this machine */

static int use_second(int (*act)(int, const struct sockaddr *, socklen_t), int fd, uint16_t port)
{
	struct sockaddr_in to = at(port);

	inet_pton(AF_INET, SECOND, &to.sin_addr);
	return act(fd, (void *)&to, sizeof(to));
}

/*
 * "PORT FROM": has the port of all addresses, but is connected to loopback until a service has
 * bound it to SECOND; then disconnects, and connects to the service's peer. How much of what that
 * sends to the service comes here.
 */
PROBE(steal_by_disconnecting)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int service = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	struct sockaddr_in any = {}, loopback = at(TAKEN);
	unsigned int port, from_port;
	long result;

	if (sscanf(arg, "%u %u", &port, &from_port) != 2 || fd < 0)
		return could_not_try("cannot understand %s", arg);
	any.sin_family = AF_INET;
	any.sin_port = htons(port);
	if (bind(fd, (void *)&any, sizeof(any)) ||
	    connect(fd, (void *)&loopback, sizeof(loopback)) || use_second(bind, service, port) ||
	    use_second(bind, from, from_port))
		return could_not_try("making sockets");
	result = answer(connect(fd, &nowhere, sizeof(nowhere)));
	result = result ?: answer(use_second(connect, fd, from_port));
	if (!result && (use_second(connect, from, port) || send(from, "hello", 5, 0) != 5))
		result = could_not_try("sending");
	result = result ?: arrived(fd);
	close(fd);
	close(service);
	close(from);
	return result;
}

TEST(a_port_that_was_asked_for_is_not_taken_by_disconnecting)
{
	must_run("ip addr add " SECOND "/32 dev lo");
	EXPECT_EQ(-EPERM, inside(t1, "steal_by_disconnecting", "%d %d", FREE, OWN));
	EXPECT_EVENT(t1, SN_OP_NET_CONNECT, SN_NEVER);
	EXPECT_EQ(1, outside("steal_by_disconnecting", "%d %d", FREE, OWN));
	must_run("ip addr del " SECOND "/32 dev lo");
}

/* "PORT": what dgram's connect() and disconnect() do; 0 is the kernel's choice. */
PROBE(disconnect)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	struct sockaddr_in to = at(TAKEN);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long result;

	if (fd < 0 || bind_to(fd, atoi(arg)) || connect(fd, (void *)&to, sizeof(to)))
		return could_not_try("connecting");
	result = answer(connect(fd, &nowhere, sizeof(nowhere)));
	close(fd);
	return result;
}

TEST(a_datagram_socket_lets_go_of_where_it_is_connected_to_unless_it_asked_for_its_port)
{
	EXPECT_ALLOWED(t1, "disconnect", "0");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_CONNECT, SN_NEVER, "disconnect", "%d", FREE);
}

TEST(a_listed_port_can_be_shared)
{
	static const int options[] = { SO_REUSEADDR, SO_REUSEPORT };

	for (int i = 0; i < 2; i++) {
		int fd = service("t1", SOCK_DGRAM, options[i], LISTED);

		EXPECT_TRUE(inside(listed, "steal", "%d %d %d", SOCK_DGRAM, options[i], LISTED) >
			    0);
		EXPECT_QUIET(listed);
		close(fd);
	}
	close(service("t1", SOCK_STREAM, SO_REUSEPORT, LISTED));
	EXPECT_EQ(TRIES, inside(listed, "steal", "%d %d %d", SOCK_STREAM, SO_REUSEPORT, LISTED));
	EXPECT_QUIET(listed);
}

TEST(a_free_port_needs_no_option)
{
	EXPECT_EQ(TRIES, inside(t1, "steal", "%d 0 %d", SOCK_DGRAM, FREE));
	EXPECT_QUIET(t1);
	EXPECT_EQ(TRIES, inside(t1, "steal", "%d 0 %d", SOCK_STREAM, FREE));
	EXPECT_QUIET(t1);
	/* what servers always set, to be there again at once */
	EXPECT_EQ(TRIES, inside(t1, "steal", "%d %d %d", SOCK_STREAM, SO_REUSEADDR, FREE));
	EXPECT_QUIET(t1);
}

/* "TYPE OPTION PORT": takes the port first, so that it is shared with later sockets. */
PROBE(share_later)
{
	int type, option, fd;
	unsigned int port;
	long result;

	if (sscanf(arg, "%d %d %u", &type, &option, &port) != 3)
		return could_not_try("cannot understand %s", arg);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind_to(fd, port))
		return could_not_try("binding to port %u", port);
	result = answer(set_one(fd, option));
	close(fd);
	return result;
}

TEST(a_port_that_a_tenant_has_is_not_shared_later)
{
	static const struct {
		int type, option;
	} options[] = { { SOCK_DGRAM, SO_REUSEADDR },
			{ SOCK_DGRAM, SO_REUSEPORT },
			{ SOCK_STREAM, SO_REUSEPORT } };

	for (int i = 0; i < 3; i++) {
		EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED, "share_later",
			       "%d %d %d", options[i].type, options[i].option, FREE);
		EXPECT_EQ(FREE, t1->event.port);
		/* also the one that the kernel chose */
		EXPECT_REFUSED(listed, EPERM, SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED, "share_later",
			       "%d %d 0", options[i].type, options[i].option);
		EXPECT_ALLOWED(listed, "share_later", "%d %d %d", options[i].type,
			       options[i].option, OWN);
	}
}

/* "HOW TYPE OPTION": the kernel chooses the port. */
PROBE(share_any)
{
	struct sockaddr_in to = at(TAKEN);
	int type, option, fd;
	char how[16];
	long result;

	if (sscanf(arg, "%15s %d %d", how, &type, &option) != 3)
		return could_not_try("cannot understand %s", arg);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || (option && set_one(fd, option)))
		return could_not_try("setting the option");
	if (!strcmp(how, "bind"))
		result = answer(bind_to(fd, 0));
	else if (!strcmp(how, "connect"))
		result = answer(connect(fd, (void *)&to, sizeof(to)));
	else if (!strcmp(how, "sendto"))
		result = answer(sendto(fd, "hello", 5, 0, (void *)&to, sizeof(to)));
	else if (!strcmp(how, "send")) /* to nowhere, but it has a port then */
		result = send(fd, "hello", 5, 0) < 0 && errno != EDESTADDRREQ ? answer(-1) : 0;
	else
		result = answer(listen(fd, 1));
	close(fd);
	return result;
}

/* The kernel may then choose one that another socket shares. */
TEST(a_port_of_the_kernels_choice_is_not_shared)
{
	static const struct {
		const char *how;
		int type, option;
		enum sn_op op;
	} acts[] = {
		{ "bind", SOCK_DGRAM, SO_REUSEADDR, SN_OP_NET_BIND },
		{ "bind", SOCK_DGRAM, SO_REUSEPORT, SN_OP_NET_BIND },
		{ "bind", SOCK_STREAM, SO_REUSEPORT, SN_OP_NET_BIND },
		{ "connect", SOCK_DGRAM, SO_REUSEADDR, SN_OP_NET_BIND },
		{ "connect", SOCK_DGRAM, SO_REUSEPORT, SN_OP_NET_BIND },
		{ "sendto", SOCK_DGRAM, SO_REUSEADDR, SN_OP_NET_BIND },
		{ "send", SOCK_DGRAM, SO_REUSEADDR, SN_OP_NET_BIND },
		{ "listen", SOCK_STREAM, SO_REUSEPORT, SN_OP_NET_LISTEN },
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		EXPECT_REFUSED(listed, EPERM, acts[i].op, SN_NOT_LISTED, "share_any", "%s %d %d",
			       acts[i].how, acts[i].type, acts[i].option);
	EXPECT_ALLOWED(listed, "share_any", "bind %d 0", SOCK_DGRAM);
	EXPECT_ALLOWED(listed, "share_any", "connect %d 0", SOCK_DGRAM);
	EXPECT_ALLOWED(listed, "share_any", "sendto %d 0", SOCK_DGRAM);
	EXPECT_ALLOWED(listed, "share_any", "bind %d %d", SOCK_STREAM, SO_REUSEADDR);
}

/* "FD HOW PORT": with a socket of the server's, whatever options that has set. */
PROBE(use_kept)
{
	struct sockaddr_in to;
	char how[16];
	unsigned int port;
	int fd;

	if (sscanf(arg, "%d %15s %u", &fd, how, &port) != 3)
		return could_not_try("cannot understand %s", arg);
	to = at(port);
	if (!strcmp(how, "bind"))
		return answer(bind(fd, (void *)&to, sizeof(to)));
	return answer(listen(fd, 1));
}

static void hand_over_sharing(int number, int type, int option)
{
	hand_over(socket(AF_INET, type | SOCK_NONBLOCK, 0), number);
	if (set_one(number, option))
		GIVE_UP("cannot set option %d: %s", option, strerror(errno));
}

TEST(a_socket_that_was_handed_over_takes_no_port_that_it_would_share)
{
	struct tenant *t, *with_list;

	hand_over_sharing(40, SOCK_DGRAM, SO_REUSEADDR);
	hand_over_sharing(41, SOCK_STREAM, SO_REUSEPORT);
	hand_over_sharing(42, SOCK_DGRAM, SO_REUSEPORT);
	if (bind_to(42, FREE))
		GIVE_UP("cannot bind: %s", strerror(errno));
	t = tenant_start("kept", "--dir", "/srv/t10", "--keep-fd", "40", "--keep-fd", "41",
			 "--keep-fd", "42", NULL);
	with_list = tenant_start("kept2", "--dir", "/srv/t10", "--allowed-listen-ports", "18203",
				 "--keep-fd", "40", NULL);
	EXPECT_EQ(-EPERM, inside(t, "use_kept", "40 bind %d", FREE));
	EXPECT_EVENT(t, SN_OP_NET_BIND, SN_NOT_LISTED);
	EXPECT_EQ(-EPERM, inside(t, "use_kept", "41 bind 0"));
	EXPECT_EVENT(t, SN_OP_NET_BIND, SN_NOT_LISTED);
	EXPECT_EQ(-EPERM, inside(t, "use_kept", "41 listen 0"));
	EXPECT_EVENT(t, SN_OP_NET_LISTEN, SN_NOT_LISTED);
	/* what the server has bound is the server's choice */
	EXPECT_TRUE(send_some(SOCK_DGRAM, FREE));
	EXPECT_EQ(TRIES, arrived(42));
	EXPECT_ALLOWED(with_list, "use_kept", "40 bind %d", OWN);
	EXPECT_EQ(0, outside("use_kept", "41 listen 0"));
}

/* "FD OPTION": as libuv does when it opens the socket. */
PROBE(share_kept)
{
	int fd, option;

	if (sscanf(arg, "%d %d", &fd, &option) != 2)
		return could_not_try("cannot understand %s", arg);
	return answer(set_one(fd, option));
}

/* Of the server's sockets 43 is bound, 44 is not, 45 has a port that the kernel chose. */
TEST(a_datagram_socket_that_the_server_has_bound_can_be_opened_by_node)
{
	struct sockaddr_in to = at(TAKEN);
	struct tenant *t;

	for (int fd = 43; fd <= 45; fd++)
		hand_over(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), fd);
	if (bind_to(43, FREE) || connect(45, (void *)&to, sizeof(to)))
		GIVE_UP("no sockets for the tenant: %s", strerror(errno));
	t = tenant_start("given", "--dir", "/srv/t10", "--keep-fd", "43", "--keep-fd", "44",
			 "--keep-fd", "45", NULL);
	EXPECT_ALLOWED(t, "share_kept", "43 %d", SO_REUSEADDR);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED, "share_kept", "43 %d",
		       SO_REUSEPORT);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED, "share_kept", "44 %d",
		       SO_REUSEADDR);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SETSOCKOPT, SN_NOT_LISTED, "share_kept", "45 %d",
		       SO_REUSEADDR);
	/* it has its port for good, and takes no other with the option */
	EXPECT_EQ(-EPERM, inside(t, "use_kept", "43 bind %d", TAKEN));
	EXPECT_EVENT(t, SN_OP_NET_BIND, SN_NOT_LISTED);
	EXPECT_EQ(-EINVAL, outside("use_kept", "43 bind %d", TAKEN));
	EXPECT_TRUE(send_some(SOCK_DGRAM, FREE));
	EXPECT_EQ(TRIES, arrived(43));
}

/* ---- all other options ---- */

/* "FAMILY TYPE LEVEL OPTION VALUE": sets a number. */
PROBE(option)
{
	int family, type, level, option, value, fd;
	long result;

	if (sscanf(arg, "%d %d %d %d %d", &family, &type, &level, &option, &value) != 5)
		return could_not_try("cannot understand %s", arg);
	fd = socket(family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = answer(setsockopt(fd, level, option, &value, sizeof(value)));
	close(fd);
	return result;
}

TEST(options_of_the_socket_itself_work)
{
	static const struct {
		int family, type, level, option, value;
	} options[] = {
		{ AF_INET, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, 1 },
		{ AF_INET, SOCK_STREAM, SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ AF_INET, SOCK_STREAM, SOL_SOCKET, SO_SNDBUF, 65536 },
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_RCVBUF, 65536 },
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_BROADCAST, 1 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY, 1 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_KEEPIDLE, 9 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_KEEPINTVL, 9 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_KEEPCNT, 9 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_USER_TIMEOUT, 9000 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_FASTOPEN, 9 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_TTL, 9 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_TOS, 8 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_RECVERR, 1 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_PKTINFO, 1 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_MULTICAST_TTL, 9 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_MULTICAST_LOOP, 1 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, UDP_SEGMENT, 1000 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_V6ONLY, 1 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_RECVERR, 1 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 9 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_TCLASS, 8 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		EXPECT_ALLOWED(t1, "option", "%d %d %d %d %d", options[i].family, options[i].type,
			       options[i].level, options[i].option, options[i].value);
}

/* "ADDRESS GROUP": joins and leaves, by the device's address or number. */
PROBE(join)
{
	struct ip_mreq four = { .imr_interface = { htonl(INADDR_LOOPBACK) } };
	struct ipv6_mreq six = { .ipv6mr_interface = 1 };
	bool v4 = inet_pton(AF_INET, arg, &four.imr_multiaddr) == 1;
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long result;

	if (fd < 0 || (!v4 && inet_pton(AF_INET6, arg, &six.ipv6mr_multiaddr) != 1))
		return could_not_try("cannot understand %s", arg);
	if (v4)
		result = answer(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof(four))
					?: setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &four,
						      sizeof(four)));
	else
		result = answer(setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &six, sizeof(six))
					?: setsockopt(fd, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &six,
						      sizeof(six)));
	close(fd);
	return result;
}

TEST(groups_can_be_joined)
{
	EXPECT_ALLOWED(t1, "join", "239.1.2.3");
	EXPECT_ALLOWED(t1, "join", "ff02::fb");
}

TEST(options_that_reach_further_are_refused)
{
	static const struct {
		int family, type, level, option, value;
	} options[] = {
		/* another source address */
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_FREEBIND, 1 },
		{ AF_INET, SOCK_STREAM, IPPROTO_IP, IP_FREEBIND, 1 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IP, IP_FREEBIND, 1 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_FREEBIND, 1 },
		{ AF_INET6, SOCK_STREAM, IPPROTO_IPV6, IPV6_FREEBIND, 1 },
		/* a filter that stays; a socket of another kind; a flow label of others */
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_LOCK_FILTER, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_L2TPINUDP },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, 33 /* IPV6_FLOWINFO_SEND */, 1 },
		/* work for every packet of the machine */
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_TIMESTAMP, 1 },
		{ AF_INET, SOCK_STREAM, IPPROTO_IP, IP_MINTTL, 1 },
		{ AF_INET6, SOCK_STREAM, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 1 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_TX_DELAY, 1 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, UDP_GRO, 1 },
		/* precedence over others, and what no program needs */
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_PRIORITY, 6 },
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_DONTROUTE, 1 },
		{ AF_INET, SOCK_STREAM, SOL_SOCKET, SO_BINDTOIFINDEX, 1 },
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_NO_CHECK, 1 },
		{ AF_INET, SOCK_STREAM, SOL_SOCKET, SO_INCOMING_CPU, 0 },
		{ AF_INET, SOCK_STREAM, SOL_SOCKET, SO_ZEROCOPY, 1 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_SAVE_SYN, 1 },
		{ AF_NETLINK, SOCK_RAW, SOL_NETLINK, NETLINK_EXT_ACK, 1 },
	}, with_powers[] = {
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_REPAIR, 1 },
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_RCVBUFFORCE, 65536 },
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_MARK, 1 },
		{ AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_DEBUG, 1 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_TRANSPARENT, 1 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_TRANSPARENT, 1 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "option",
			       "%d %d %d %d %d", options[i].family, options[i].type,
			       options[i].level, options[i].option, options[i].value);
		EXPECT_EQ(options[i].option, t1->event.number);
	}
	for (size_t i = 0; i < sizeof(with_powers) / sizeof(*with_powers); i++)
		EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "option",
				    "%d %d %d %d %d", with_powers[i].family, with_powers[i].type,
				    with_powers[i].level, with_powers[i].option,
				    with_powers[i].value);
}

/* "TYPE OPTION": a classic BPF program that lets all pass; for SO_REUSEPORT the group comes first.
 */
PROBE(filter)
{
	struct sock_filter pass = { BPF_RET | BPF_K, 0, 0, 0xffff };
	struct sock_fprog program = { .len = 1, .filter = &pass };
	int type, option, fd;
	long result;

	if (sscanf(arg, "%d %d", &type, &option) != 2)
		return could_not_try("cannot understand %s", arg);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || (option == SO_ATTACH_REUSEPORT_CBPF && set_one(fd, SO_REUSEPORT)))
		return could_not_try("a socket");
	result = answer(setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program)));
	close(fd);
	return result;
}

TEST(sockets_run_no_programs)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "filter", "%d %d", SOCK_DGRAM,
		       SO_ATTACH_FILTER);
	EXPECT_REFUSED(listed, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "filter", "%d %d", SOCK_DGRAM,
		       SO_ATTACH_REUSEPORT_CBPF);
}

/* "PORT": an IPv6 socket that is connected over IPv4 becomes one of IPv4. */
PROBE(become_ipv4)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct dest to;
	long result;

	if (fd < 0 || !read_dest("::ffff:127.0.0.1", atoi(arg), &to) || by_connect(fd, &to))
		return could_not_try("connecting");
	result = answer(setsockopt(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &(int){ AF_INET }, 4));
	close(fd);
	return result;
}

TEST(an_ipv6_socket_stays_one)
{
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "become_ipv4", "%d", TAKEN);
}
