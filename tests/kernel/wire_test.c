// SPDX-License-Identifier: GPL-2.0-only
/* What leaves the machine: the packets themselves, as another machine sees them. */
#include <fcntl.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdarg.h>

#include "joined.h"
#include "net_probes.h"

#include <linux/in6.h> /* flow labels; knows that the C library had its say before */

/*
 * A cable to another machine, which is a network namespace. There a packet socket sees all that
 * arrives. Of its addresses the ones that end in 5 are restricted; the neighbours' hardware
 * addresses are given, so that no question for them comes before the packet.
 */
#define LISTED	   10002
#define UNLISTED   10003
#define RESTRICTED "127.0.0.1,10.77.0.5,fd77::5,fe80::5"

static struct tenant *t1;
static int tap; /* in the other machine */
static unsigned int cable;

/* A socket of another network namespace, made by a process that goes there. */
static int open_tap(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there = open("/run/netns/far", O_RDONLY | O_CLOEXEC), size = 1 << 20, fd;

	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET))
		GIVE_UP("cannot go to the other machine: %s", strerror(errno));
	at.sll_ifindex = if_nametoindex("far0");
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	if (fd < 0 || bind(fd, (void *)&at, sizeof(at)) || setns(here, CLONE_NEWNET))
		GIVE_UP("cannot look at the cable: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	close(here);
	close(there);
	return fd;
}

SETUP()
{
	/* a namespace is freed late, and what was in it with it */
	must_run("ip link del near0 2>/dev/null; ip netns del far 2>/dev/null; ip netns add far &&"
		 "ip link add near0 address 02:00:00:00:00:01 type veth"
		 "   peer name far0 address 02:00:00:00:00:02 netns far &&"
		 "ip -n far -batch - <<'end'\n"
		 "address add 10.77.0.2/24 dev far0\n"
		 "address add 10.77.0.5/24 dev far0\n"
		 "address add fd77::2/64 dev far0 nodad\n"
		 "address add fd77::5/64 dev far0 nodad\n"
		 "link set far0 up\n"
		 "end\n");
	must_run("ip -batch - <<'end'\n"
		 "address add 10.77.0.1/24 broadcast 10.77.0.255 dev near0\n"
		 "address add fd77::1/64 dev near0 nodad\n"
		 "address add fe80::1/64 dev near0 nodad\n"
		 "link set near0 up\n"
		 "neighbour add 10.77.0.2 lladdr 02:00:00:00:00:02 dev near0\n"
		 "neighbour add 10.77.0.5 lladdr 02:00:00:00:00:02 dev near0\n"
		 "neighbour add fd77::2 lladdr 02:00:00:00:00:02 dev near0\n"
		 "neighbour add fd77::5 lladdr 02:00:00:00:00:02 dev near0\n"
		 "neighbour add fe80::2 lladdr 02:00:00:00:00:02 dev near0\n"
		 "neighbour add fe80::5 lladdr 02:00:00:00:00:02 dev near0\n"
		 "end\n");
	cable = if_nametoindex("near0");
	tap = open_tap();
	t1 = tenant_start("t1", "--restricted-outgoing-addresses", RESTRICTED,
			  "--allowed-outgoing-ports", "10002", NULL);
}

/* ---- what arrived ---- */

/* Whether an IP packet with TCP or UDP in it is for @to, a sockaddr_in or sockaddr_in6. */
static bool is_for(const unsigned char *packet, ssize_t len, const struct dest *to)
{
	const struct sockaddr_in *v4 = (const void *)&to->address;
	const struct sockaddr_in6 *v6 = (const void *)&to->address;

	if (to->address.ss_family == AF_INET)
		return len >= 20 && packet[0] >> 4 == 4 && !memcmp(packet + 16, &v4->sin_addr, 4);
	/* not the neighbours' questions and answers, which are ICMP */
	return len >= 40 && packet[0] >> 4 == 6 && packet[6] != IPPROTO_ICMPV6 &&
	       packet[6] != IPPROTO_HOPOPTS && !memcmp(packet + 24, &v6->sin6_addr, 16);
}

/* How many packets came for @address since the last look. What was sent before a marker is there.
 */
static int seen_for(const char *address)
{
	static int number;
	unsigned char packet[2048];
	char marker[32];
	struct pollfd readable = { .fd = tap, .events = POLLIN };
	struct dest want, beacon;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), n = 0;
	ssize_t len;

	snprintf(marker, sizeof(marker), "marker %d of %d.", ++number, getpid());
	read_dest(address, 0, &want);
	read_dest("10.77.0.2", 9, &beacon);
	usleep(20000); /* the other CPU may still have to deliver */
	if (sendto(fd, marker, strlen(marker), 0, (void *)&beacon.address, beacon.len) < 0)
		GIVE_UP("cannot send over the cable: %s", strerror(errno));
	close(fd);
	while (poll(&readable, 1, 5000) == 1) {
		len = recv(tap, packet, sizeof(packet), 0);
		if (len > 28 && memmem(packet, len, marker, strlen(marker)))
			return n;
		n += is_for(packet, len, &want);
	}
	GIVE_UP("the marker did not arrive");
}

/* Refused inside, and nothing for @to is on the cable; outside it is. */
static void expect_stopped(struct tenant *t, enum sn_op op, enum sn_why why, const char *to,
			   const char *probe, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

static void expect_stopped(struct tenant *t, enum sn_op op, enum sn_why why, const char *to,
			   const char *probe, const char *fmt, ...)
{
	char arg[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(arg, sizeof(arg), fmt, args);
	va_end(args);
	seen_for(to);
	EXPECT_EQ(-EPERM, inside(t, probe, "%s", arg));
	EXPECT_EVENT(t, op, why);
	EXPECT_EQ(0, seen_for(to));
	EXPECT_TRUE(outside(probe, "%s", arg) != -EPERM);
	if (!seen_for(to))
		FAIL("the control: %s %s: nothing arrived for %s", probe, arg, to);
}

/* The allowed twin: @n packets for @to are on the cable. */
static void expect_sent(struct tenant *t, int n, const char *to, const char *probe, const char *fmt,
			...) __attribute__((format(printf, 5, 6)));

static void expect_sent(struct tenant *t, int n, const char *to, const char *probe, const char *fmt,
			...)
{
	char arg[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(arg, sizeof(arg), fmt, args);
	va_end(args);
	seen_for(to);
	EXPECT_ALLOWED(t, probe, "%s", arg);
	EXPECT_EQ(n, seen_for(to));
}

/* ---- ways over the cable ---- */

/* Over which device a socket sends. */
static bool choose_device(int fd, int family, int device)
{
	struct ip_mreqn groups = { .imr_ifindex = device };
	uint32_t others = htonl(device);

	if (family == AF_INET)
		return !setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &others, sizeof(others)) &&
		       !setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &groups, sizeof(groups));
	return !setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, &others, sizeof(others)) &&
	       !setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &device, sizeof(device));
}

/* "ADDRESS PORT SIZE DEVICE": a datagram, also to a group, over a device that it chooses. */
PROBE(datagram)
{
	static char bytes[8192];
	char address[64];
	unsigned int port, size;
	int device, one = 1, fd;
	struct dest to;
	long result;

	if (sscanf(arg, "%63s %u %u %d", address, &port, &size, &device) != 4 ||
	    !read_dest(address, port, &to) || size > sizeof(bytes))
		return could_not_try("cannot understand %s", arg);
	if (to.address.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&to.address)->sin6_scope_id = device;
	fd = socket(to.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) ||
	    (device && !choose_device(fd, to.address.ss_family, device)))
		return could_not_try("making a socket for device %d", device);
	result = answer(sendto(fd, bytes, size, 0, (void *)&to.address, to.len));
	close(fd);
	return result;
}

TEST(what_is_refused_does_not_appear_on_the_wire)
{
	for (size_t i = 0; i < NR_WAYS; i++) {
		expect_stopped(t1, ways[i].op, SN_NOT_LISTED, "10.77.0.5", "reach",
			       "%s 4 10.77.0.5 %d", ways[i].name, UNLISTED);
		expect_stopped(t1, ways[i].op, SN_NOT_LISTED, "fd77::5", "reach", "%s 6 fd77::5 %d",
			       ways[i].name, UNLISTED);
	}
	expect_sent(t1, 1, "10.77.0.5", "reach", "udp-sendto 4 10.77.0.5 %d", LISTED);
	expect_sent(t1, 1, "10.77.0.2", "reach", "udp-sendto 4 10.77.0.2 %d", UNLISTED);
	expect_sent(t1, 1, "fd77::2", "reach", "udp-connect 6 fd77::2 %d", UNLISTED);
}

/* connect() may: it asks for the route. The kernel sends nothing to port 0 today, but it could. */
TEST(what_is_sent_to_port_0_of_a_restricted_address_does_not_appear_on_the_wire)
{
	expect_stopped(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED, "10.77.0.5", "reach",
		       "udp-connect 4 10.77.0.5 0");
	expect_stopped(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED, "fd77::5", "reach",
		       "udp-connect 6 fd77::5 0");
	expect_sent(t1, 1, "10.77.0.2", "reach", "udp-connect 4 10.77.0.2 0");
	expect_sent(t1, 1, "fd77::2", "reach", "udp-connect 6 fd77::2 0");
}

TEST(a_scope_or_a_device_of_its_own_does_not_change_the_address)
{
	expect_stopped(t1, SN_OP_NET_SEND, SN_NOT_LISTED, "fe80::5", "datagram", "fe80::5 %d 5 %u",
		       UNLISTED, cable);
	expect_stopped(t1, SN_OP_NET_SEND, SN_NOT_LISTED, "fd77::5", "datagram", "fd77::5 %d 5 %u",
		       UNLISTED, cable);
	expect_stopped(t1, SN_OP_NET_SEND, SN_NOT_LISTED, "10.77.0.5", "datagram",
		       "10.77.0.5 %d 5 %u", UNLISTED, cable);
	expect_sent(t1, 1, "fe80::5", "datagram", "fe80::5 %d 5 %u", LISTED, cable);
	expect_sent(t1, 1, "fe80::2", "datagram", "fe80::2 %d 5 %u", UNLISTED, cable);
	expect_sent(t1, 1, "10.77.0.5", "datagram", "10.77.0.5 %d 5 %u", LISTED, cable);
}

/* The entry self lists all groups; a list of single addresses does not. */
TEST(a_datagram_to_a_group_reaches_no_restricted_group)
{
	static const char *const groups[] = { "224.0.0.1",   "239.255.0.1", "255.255.255.255",
					      "10.77.0.255", "ff02::1",	    "ff0e::99" };
	struct tenant *t =
		tenant_start("self", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "self",
			     "--allowed-outgoing-ports", "10002", NULL);

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		expect_stopped(t, SN_OP_NET_SEND, SN_NOT_LISTED, groups[i], "datagram",
			       "%s %d 5 %u", groups[i], UNLISTED, cable);
		expect_sent(t, 1, groups[i], "datagram", "%s %d 5 %u", groups[i], LISTED, cable);
	}
	expect_sent(t1, 1, "10.77.0.255", "datagram", "10.77.0.255 %d 5 %u", UNLISTED, cable);
}

/* The egress program sees the datagram before it is cut. */
TEST(a_datagram_in_fragments_is_judged_as_a_whole)
{
	expect_sent(t1, 3, "10.77.0.5", "datagram", "10.77.0.5 %d 4000 0", LISTED);
	expect_sent(t1, 3, "fd77::5", "datagram", "fd77::5 %d 4000 0", LISTED);
	expect_stopped(t1, SN_OP_NET_SEND, SN_NOT_LISTED, "10.77.0.5", "datagram",
		       "10.77.0.5 %d 4000 0", UNLISTED);
	expect_stopped(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED, "fd77::5", "send_via",
		       "1 4000 fd77::2 fd77::5 %d", UNLISTED);
}

/* "ADDRESS PORT ADDRESS PORT": what the first one begins, the second one ends (MSG_MORE). */
PROBE(corked)
{
	struct dest to[2];
	long result;
	int fd;

	if (!read_two(arg, to))
		return could_not_try("cannot understand %s", arg);
	fd = socket(to[0].address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, "be", 2, MSG_MORE, (void *)&to[0].address, to[0].len) != 2)
		return could_not_try("beginning a datagram");
	result = answer(sendto(fd, "gun", 3, 0, (void *)&to[1].address, to[1].len));
	close(fd);
	return result;
}

/* The kernel sends all of it to the first address; the hook asks about each. */
TEST(a_datagram_that_was_begun_does_not_end_at_another_address)
{
	expect_sent(t1, 1, "10.77.0.2", "corked", "10.77.0.2 %d 10.77.0.5 %d", UNLISTED, LISTED);
	seen_for("10.77.0.5");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "corked",
		       "10.77.0.2 %d 10.77.0.5 %d", UNLISTED, UNLISTED);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "corked", "fd77::2 %d fd77::5 %d",
		       UNLISTED, UNLISTED);
	EXPECT_EQ(0, seen_for("10.77.0.5"));
}

/* ---- routing headers: the destination after the check ---- */

/* RFC 6275's type 2: the packet goes to its address, and only its receiver goes on from there. */
struct routing_header {
	__u8 next, length, type, left;
	__u32 reserved;
	struct in6_addr via;
};

union routing_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(struct routing_header))];
};

static bool put_route(struct msghdr *msg, union routing_control *control, const char *via)
{
	struct routing_header route = { .length = 2, .type = 2, .left = 1 };

	if (inet_pton(AF_INET6, via, &route.via) != 1)
		return false;
	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen = sizeof(*control);
	control->header = (struct cmsghdr){ .cmsg_level = IPPROTO_IPV6,
					    .cmsg_type = IPV6_RTHDR,
					    .cmsg_len = CMSG_LEN(sizeof(route)) };
	memcpy(CMSG_DATA(&control->header), &route, sizeof(route));
	return true;
}

/*
 * "MESSAGES SIZE ADDRESS VIA PORT": sends as many messages to ADDRESS in one sendmmsg(2), the last
 * one with a routing header. The last one's result: the number of messages, or an error.
 */
PROBE(send_via)
{
	static char bytes[8192];
	struct iovec data = { .iov_base = bytes };
	struct mmsghdr msgs[2] = {};
	union routing_control control;
	char address[64], via[64];
	unsigned int nr, size, port;
	struct dest to;
	long result;
	int fd;

	if (sscanf(arg, "%u %u %63s %63s %u", &nr, &size, address, via, &port) != 5 || nr < 1 ||
	    nr > 2 || size > sizeof(bytes) || !read_dest(address, port, &to))
		return could_not_try("cannot understand %s", arg);
	data.iov_len = size;
	for (unsigned int i = 0; i < nr; i++)
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &to.address,
						   .msg_namelen = to.len,
						   .msg_iov = &data,
						   .msg_iovlen = 1 };
	if (!put_route(&msgs[nr - 1].msg_hdr, &control, via))
		return could_not_try("cannot understand %s", via);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = answer(sendmmsg(fd, msgs, nr, 0));
	close(fd);
	return result;
}

TEST(a_routing_header_does_not_lead_to_a_restricted_address)
{
	expect_sent(t1, 1, "fd77::5", "send_via", "1 5 fd77::2 fd77::5 %d", LISTED);
	expect_stopped(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED, "fd77::5", "send_via",
		       "1 5 fd77::2 fd77::5 %d", UNLISTED);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_EGRESS, SN_NOT_LISTED, "send_via", "1 5 fd77::2 ::1 %d",
		       UNLISTED);
}

/* The kernel asks socket_sendmsg once for several messages to one address. */
TEST(the_tail_of_sendmmsg_cannot_bring_a_routing_header)
{
	EXPECT_EQ(2, inside(t1, "send_via", "2 5 fd77::2 fd77::5 %d", LISTED));
	EXPECT_QUIET(t1);
	EXPECT_EQ(1, seen_for("fd77::5"));
	EXPECT_EQ(1, inside(t1, "send_via", "2 5 fd77::2 fd77::5 %d", UNLISTED));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_EQ(0, seen_for("fd77::5"));
	EXPECT_EQ(2, outside("send_via", "2 5 fd77::2 fd77::5 %d", UNLISTED));
	EXPECT_EQ(1, seen_for("fd77::5"));
}

/* "FAMILY LEVEL OPTION LENGTH": sets LENGTH (0 or 4) zero bytes. */
PROBE(setsockopt)
{
	int family, level, option, length, zero = 0, fd;
	long result;

	if (sscanf(arg, "%d %d %d %d", &family, &level, &option, &length) != 4)
		return could_not_try("cannot understand %s", arg);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = answer(setsockopt(fd, level, option, length ? &zero : NULL, length));
	close(fd);
	return result;
}

TEST(options_that_rewrite_the_destination_cannot_be_set)
{
	static const struct {
		int family, level, option, length;
	} options[] = {
		{ AF_INET, IPPROTO_IP, IP_OPTIONS, 0 },
		{ AF_INET6, IPPROTO_IP, IP_OPTIONS, 0 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_2292HOPOPTS, 4 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_2292DSTOPTS, 4 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_2292RTHDR, 4 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, 0 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_RTHDR, 0 },
		/* these need a capability, so the control does */
		{ AF_INET6, IPPROTO_IPV6, IPV6_HOPOPTS, 0 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_DSTOPTS, 0 },
		{ AF_INET6, IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, 0 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (i < 7)
			EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "setsockopt",
				       "%d %d %d %d", options[i].family, options[i].level,
				       options[i].option, options[i].length);
		EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "setsockopt",
				    "%d %d %d %d", options[i].family, options[i].level,
				    options[i].option, options[i].length);
	}
	EXPECT_ALLOWED(t1, "setsockopt", "%d %d %d 4", AF_INET, IPPROTO_IP, IP_TOS);
	EXPECT_ALLOWED(t1, "setsockopt", "%d %d %d 4", AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY);
	EXPECT_ALLOWED(t1, "setsockopt", "%d %d %d 4", AF_INET, SOL_SOCKET, SO_BROADCAST);
}

/*
 * "ADDRESS VIA PORT": a segment routing header, by an option that needs no privilege. With no
 * segment left the packet goes to VIA and nowhere else.
 */
PROBE(send_by_segments)
{
	struct routing_header srh = { .length = 2, .type = 4 };
	char address[64], via[64];
	unsigned int port;
	struct dest to;
	long result;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sscanf(arg, "%63s %63s %u", address, via, &port) != 3 || fd < 0 ||
	    !read_dest(address, port, &to) || inet_pton(AF_INET6, via, &srh.via) != 1)
		return could_not_try("cannot understand %s", arg);
	result = answer(setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &srh, sizeof(srh)));
	if (!result)
		result = answer(by_sendto(fd, &to));
	close(fd);
	return result;
}

TEST(a_segment_routing_header_does_not_lead_to_a_restricted_address)
{
	expect_stopped(t1, SN_OP_NET_SETSOCKOPT, SN_NEVER, "fd77::5", "send_by_segments",
		       "fd77::2 fd77::5 %d", UNLISTED);
}

/*
 * "ADDRESS VIA PORT": a routing header that a flow label has with it. Only the header of type 2
 * needs no privilege.
 */
PROBE(send_by_flow_label)
{
	struct {
		struct in6_flowlabel_req ask;
		union routing_control route;
	} label = { .ask = { .flr_action = IPV6_FL_A_GET,
			     .flr_share = IPV6_FL_S_EXCL,
			     .flr_flags = IPV6_FL_F_CREATE,
			     .flr_label = htonl(0x12345) } };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in6 *v6;
	struct msghdr msg = {};
	char address[64], via[64];
	unsigned int port;
	struct dest to;
	long result;

	if (sscanf(arg, "%63s %63s %u", address, via, &port) != 3 || fd < 0 ||
	    !read_dest(address, port, &to) || !put_route(&msg, &label.route, via))
		return could_not_try("cannot understand %s", arg);
	v6 = (void *)&to.address;
	label.ask.flr_dst = v6->sin6_addr;
	v6->sin6_flowinfo = label.ask.flr_label;
	result = answer(
		setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &label, sizeof(label))
			?: setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, &one, sizeof(one)));
	if (!result)
		result = answer(by_sendto(fd, &to));
	close(fd);
	return result;
}

TEST(a_flow_label_does_not_bring_a_routing_header)
{
	expect_stopped(t1, SN_OP_NET_SETSOCKOPT, SN_NEVER, "fd77::5", "send_by_flow_label",
		       "fd77::2 fd77::5 %d", UNLISTED);
}

/* ---- another source ---- */

/* "SOURCE ADDRESS PORT": binds to an address that this machine has not, and sends. */
PROBE(send_from)
{
	char source[64], address[64];
	unsigned int port;
	struct dest from, to;
	int fd, one = 1;
	long result;

	if (sscanf(arg, "%63s %63s %u", source, address, &port) != 3 ||
	    !read_dest(source, 0, &from) || !read_dest(address, port, &to))
		return could_not_try("cannot understand %s", arg);
	fd = socket(to.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (to.address.ss_family == AF_INET)
		result = answer(setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one)));
	else
		result = answer(setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one)));
	result = result ?: answer(bind(fd, (void *)&from.address, from.len));
	if (!result)
		result = answer(by_sendto(fd, &to));
	close(fd);
	return result;
}

/* "SOURCE ADDRESS PORT": the same by a control message (PKTINFO), which may name own addresses. */
PROBE(send_from_by_message)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {};
	struct msghdr msg = { .msg_iov = &hello, .msg_iovlen = 1, .msg_control = &control };
	char source[64], address[64];
	struct in6_pktinfo six = {};
	struct in_pktinfo four = {};
	unsigned int port;
	struct dest to;
	long result;
	int fd;

	if (sscanf(arg, "%63s %63s %u", source, address, &port) != 3 ||
	    !read_dest(address, port, &to))
		return could_not_try("cannot understand %s", arg);
	msg.msg_name = &to.address;
	msg.msg_namelen = to.len;
	if (inet_pton(AF_INET, source, &four.ipi_spec_dst) == 1) {
		control.header = (struct cmsghdr){ CMSG_LEN(sizeof(four)), IPPROTO_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(&control.header), &four, sizeof(four));
		msg.msg_controllen = CMSG_SPACE(sizeof(four));
	} else if (inet_pton(AF_INET6, source, &six.ipi6_addr) == 1) {
		control.header =
			(struct cmsghdr){ CMSG_LEN(sizeof(six)), IPPROTO_IPV6, IPV6_PKTINFO };
		memcpy(CMSG_DATA(&control.header), &six, sizeof(six));
		msg.msg_controllen = CMSG_SPACE(sizeof(six));
	}
	fd = socket(to.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	result = fd < 0 ? could_not_try("socket") : answer(sendmsg(fd, &msg, 0));
	close(fd);
	return result;
}

TEST(a_datagram_has_an_address_of_this_machine_as_its_source)
{
	expect_stopped(t1, SN_OP_NET_SETSOCKOPT, SN_NEVER, "fd77::2", "send_from",
		       "fd99::99 fd77::2 %d", UNLISTED);
	EXPECT_EQ(-EPERM, inside(t1, "send_from", "192.0.2.99 10.77.0.2 %d", UNLISTED));
	EXPECT_EVENT(t1, SN_OP_NET_SETSOCKOPT, SN_NEVER);
	/* over IPv4, and by a message, the kernel itself refuses it to all */
	EXPECT_TRUE(outside("send_from", "192.0.2.99 10.77.0.2 %d", UNLISTED) < 0);
	seen_for("10.77.0.2");
	seen_for("fd77::2");
	EXPECT_TRUE(inside(t1, "send_from_by_message", "192.0.2.99 10.77.0.2 %d", UNLISTED) < 0);
	EXPECT_TRUE(outside("send_from_by_message", "192.0.2.99 10.77.0.2 %d", UNLISTED) < 0);
	EXPECT_EQ(-EINVAL, inside(t1, "send_from_by_message", "fd99::99 fd77::2 %d", UNLISTED));
	EXPECT_EQ(-EINVAL, outside("send_from_by_message", "fd99::99 fd77::2 %d", UNLISTED));
	EXPECT_EQ(0, seen_for("10.77.0.2"));
	EXPECT_EQ(0, seen_for("fd77::2"));
	expect_sent(t1, 1, "10.77.0.2", "send_from_by_message", "10.77.0.1 10.77.0.2 %d", UNLISTED);
	expect_sent(t1, 1, "fd77::2", "send_from_by_message", "fd77::1 fd77::2 %d", UNLISTED);
}

/* ---- the source route of IPv4 ---- */

/* IPv4's loose source route (RFC 791): needs CAP_NET_RAW. */
static void make_source_route(unsigned char route[8], const char *via)
{
	memcpy(route, "\x83\x07\x04\0\0\0\0\0", 8);
	inet_pton(AF_INET, via, route + 3);
}

/* "HOW ADDRESS VIA PORT" */
PROBE(send_by_source_route)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(8)];
	} control = { .header = { .cmsg_level = IPPROTO_IP,
				  .cmsg_type = IP_RETOPTS,
				  .cmsg_len = CMSG_LEN(8) } };
	char how[16], address[64], via[64];
	unsigned char route[8];
	struct msghdr msg = { .msg_iov = &hello, .msg_iovlen = 1 };
	unsigned int port;
	struct dest to;
	long result = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sscanf(arg, "%15s %63s %63s %u", how, address, via, &port) != 4 || fd < 0 ||
	    !read_dest(address, port, &to))
		return could_not_try("cannot understand %s", arg);
	make_source_route(route, via);
	memcpy(CMSG_DATA(&control.header), route, 8);
	msg.msg_name = &to.address;
	msg.msg_namelen = to.len;
	if (!strcmp(how, "option"))
		result = answer(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)));
	else
		msg.msg_control = &control, msg.msg_controllen = sizeof(control);
	if (!result)
		result = answer(sendmsg(fd, &msg, 0));
	close(fd);
	return result;
}

/* The tenant has no such capability; in its cgroup root has none that counts either. */
TEST(a_source_route_does_not_lead_to_a_restricted_address)
{
	seen_for("10.77.0.5");
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_NET_SETSOCKOPT, SN_NEVER, "send_by_source_route",
			    "option 10.77.0.2 10.77.0.5 %d", UNLISTED);
	EXPECT_EQ(1, seen_for("10.77.0.5")); /* the control's */
	EXPECT_ROOT_REFUSED(t1, EPERM, SN_OP_TASK_CAPABLE, SN_NEVER, "send_by_source_route",
			    "message 10.77.0.2 10.77.0.5 %d", UNLISTED);
	EXPECT_EQ(1, seen_for("10.77.0.5"));
	EXPECT_EQ(-EPERM,
		  inside(t1, "send_by_source_route", "message 10.77.0.2 10.77.0.5 %d", UNLISTED));
	EXPECT_EQ(0, seen_for("10.77.0.5"));
}

/* "ADDRESS PORT DEVICE": source address and device by a control message (PKTINFO). */
PROBE(send_with_pktinfo)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {};
	struct msghdr msg = { .msg_iov = &hello, .msg_iovlen = 1, .msg_control = &control };
	char address[64];
	unsigned int port;
	int device, fd;
	struct dest to;
	long result;

	if (sscanf(arg, "%63s %u %d", address, &port, &device) != 3 ||
	    !read_dest(address, port, &to))
		return could_not_try("cannot understand %s", arg);
	msg.msg_name = &to.address;
	msg.msg_namelen = to.len;
	if (to.address.ss_family == AF_INET) {
		struct in_pktinfo info = { .ipi_ifindex = device };

		control.header = (struct cmsghdr){ .cmsg_level = IPPROTO_IP,
						   .cmsg_type = IP_PKTINFO,
						   .cmsg_len = CMSG_LEN(sizeof(info)) };
		memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
		msg.msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = device };

		control.header = (struct cmsghdr){ .cmsg_level = IPPROTO_IPV6,
						   .cmsg_type = IPV6_PKTINFO,
						   .cmsg_len = CMSG_LEN(sizeof(info)) };
		memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
		msg.msg_controllen = CMSG_SPACE(sizeof(info));
	}
	fd = socket(to.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	result = fd < 0 ? could_not_try("socket") : answer(sendmsg(fd, &msg, 0));
	close(fd);
	return result;
}

TEST(a_control_message_that_chooses_the_device_does_not_change_the_address)
{
	expect_stopped(t1, SN_OP_NET_SEND, SN_NOT_LISTED, "10.77.0.5", "send_with_pktinfo",
		       "10.77.0.5 %d %u", UNLISTED, cable);
	expect_stopped(t1, SN_OP_NET_SEND, SN_NOT_LISTED, "fd77::5", "send_with_pktinfo",
		       "fd77::5 %d %u", UNLISTED, cable);
	expect_sent(t1, 1, "10.77.0.2", "send_with_pktinfo", "10.77.0.2 %d %u", UNLISTED, cable);
	expect_sent(t1, 1, "fd77::2", "send_with_pktinfo", "fd77::2 %d %u", UNLISTED, cable);
}

/* ---- sockets that the server made ---- */

/* "FD ADDRESS VIA PORT": ADDRESS and VIA may be -, for none. */
PROBE(send_via_kept)
{
	union routing_control control;
	struct msghdr msg = { .msg_iov = &hello, .msg_iovlen = 1 };
	char address[64], via[64];
	unsigned int port;
	struct dest to;
	int fd;

	if (sscanf(arg, "%d %63s %63s %u", &fd, address, via, &port) != 4)
		return could_not_try("cannot understand %s", arg);
	if (read_dest(address, port, &to)) {
		msg.msg_name = &to.address;
		msg.msg_namelen = to.len;
	}
	if (strcmp(via, "-") && !put_route(&msg, &control, via))
		return could_not_try("cannot understand %s", via);
	return answer(sendmsg(fd, &msg, 0));
}

/* A socket of the server's, connected if @to is not NULL, as the tenant's descriptor @number. */
static void keep_socket(int number, int family, const char *to)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	struct dest dest;

	if (to && (!read_dest(to, UNLISTED, &dest) || by_connect(fd, &dest)))
		GIVE_UP("cannot connect to %s: %s", to, strerror(errno));
	hand_over(fd, number);
}

/*
 * The kernel runs the egress programs of the cgroup in which a socket was made, so that nothing
 * sees where the packets of this one go.
 */
TEST(a_datagram_socket_over_ipv6_that_the_server_made_leads_nowhere_else)
{
	struct tenant *t, *free;

	keep_socket(40, AF_INET6, NULL);
	keep_socket(41, AF_INET, NULL);
	keep_socket(42, AF_INET6, "fd77::2");
	t = tenant_start("kept", "--dir", "/srv/t10", "--restricted-outgoing-addresses", RESTRICTED,
			 "--allowed-outgoing-ports", "10002", "--keep-fd", "40", "--keep-fd", "41",
			 "--keep-fd", "42", NULL);
	expect_stopped(t, SN_OP_NET_SEND, SN_FAMILY, "fd77::5", "send_via_kept",
		       "40 fd77::2 fd77::5 %d", UNLISTED);
	expect_stopped(t, SN_OP_NET_SEND, SN_FAMILY, "fd77::2", "send_via_kept", "40 fd77::2 - %d",
		       UNLISTED);
	expect_stopped(t, SN_OP_NET_SEND, SN_FAMILY, "fd77::5", "send_via_kept", "42 - fd77::5 0");
	expect_sent(t, 1, "fd77::2", "send_via_kept", "42 - - 0");
	expect_stopped(t, SN_OP_NET_SEND, SN_NOT_LISTED, "10.77.0.5", "send_via_kept",
		       "41 10.77.0.5 - %d", UNLISTED);
	expect_sent(t, 1, "10.77.0.5", "send_via_kept", "41 10.77.0.5 - %d", LISTED);
	/* where nothing is restricted, there is nothing to reach by it */
	free = tenant_start("free", "--dir", "/srv/t10", "--keep-fd", "40", NULL);
	expect_sent(free, 1, "fd77::2", "send_via_kept", "40 fd77::2 - %d", UNLISTED);
}

/* ---- IPsec ---- */

/* A cipher that hides nothing: it answers at once, in the same call. */
#define CIPHER                            \
	"enc 'ecb(cipher_null)' '' auth " \
	"'hmac(sha1)' 0x0102030405060708090a0b0c0d0e0f1011121314 "

static void remove_ipsec(void)
{
	must_run("ip xfrm policy flush; ip xfrm state flush; ip link del sec0 2>/dev/null;"
		 "ip route del fd88::/64 2>/dev/null; true");
}

/* Between this machine and the restricted one. */
static void add_transport(const char *encapsulation)
{
	char command[1024];

	remove_ipsec();
	snprintf(command, sizeof(command),
		 "ip xfrm state add src 10.77.0.1 dst 10.77.0.5 proto esp spi 0x105 mode "
		 "transport " CIPHER "%s"
		 "&& ip xfrm policy add src 10.77.0.1 dst 10.77.0.5 dir out"
		 " tmpl src 10.77.0.1 dst 10.77.0.5 proto esp mode transport",
		 encapsulation);
	must_run(command);
}

/* By a policy, the kernel encrypts before it asks. ESP has no ports that could be listed. */
TEST(what_ipsec_encrypts_for_a_restricted_address_is_refused_on_every_port)
{
	struct tenant *t =
		tenant_start("udp", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			     RESTRICTED, "--allowed-outgoing-ports", "10002,4500", NULL);

	add_transport("");
	expect_stopped(t, SN_OP_NET_EGRESS, SN_NOT_LISTED, "10.77.0.5", "reach",
		       "udp-sendto 4 10.77.0.5 %d", LISTED);
	EXPECT_EQ(IPPROTO_ESP, t->event.number);
	EXPECT_EQ(0, t->event.port);
	/* UDP around it has ports; the ones inside are judged at the call */
	add_transport("encap espinudp 4500 4500 0.0.0.0");
	expect_sent(t, 1, "10.77.0.5", "reach", "udp-sendto 4 10.77.0.5 %d", LISTED);
	expect_stopped(t, SN_OP_NET_SEND, SN_NOT_LISTED, "10.77.0.5", "reach",
		       "udp-sendto 4 10.77.0.5 %d", UNLISTED);
	expect_stopped(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED, "10.77.0.5", "reach",
		       "udp-sendto 4 10.77.0.5 %d", LISTED);
	remove_ipsec();
	expect_sent(t, 1, "10.77.0.5", "reach", "udp-sendto 4 10.77.0.5 %d", LISTED);
}

/* fd88::/64 is behind the gateway fd77::2. */
static void add_tunnel(const char *by_interface)
{
	char command[1024];

	remove_ipsec();
	snprintf(command, sizeof(command),
		 "ip xfrm state add src fd77::1 dst fd77::2 proto esp spi 0x102 mode tunnel "
		 "%s " CIPHER "&& ip xfrm policy add src ::/0 dst fd88::/64 dir out %s"
		 " tmpl src fd77::1 dst fd77::2 proto esp mode tunnel",
		 by_interface, by_interface);
	must_run(command);
}

static struct tenant *tenant_of_tunnel(const char *restricted)
{
	return tenant_start("tunnel", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			    restricted, "--allowed-outgoing-ports", "10002", NULL);
}

TEST(behind_an_ipsec_gateway_that_is_free_the_call_alone_is_judged)
{
	struct tenant *t = tenant_of_tunnel("fd88::5");

	add_tunnel("");
	must_run("ip route add fd88::/64 via fd77::2 dev near0");
	expect_sent(t, 1, "fd77::2", "reach", "udp-sendto 6 fd88::5 %d", LISTED);
	expect_stopped(t, SN_OP_NET_SEND, SN_NOT_LISTED, "fd77::2", "reach",
		       "udp-sendto 6 fd88::5 %d", UNLISTED);
	/* the second message brings a routing header, to the restricted address */
	expect_sent(t, 2, "fd77::2", "send_via", "2 5 fd88::2 fd88::5 %d", UNLISTED);
	remove_ipsec();
}

TEST(behind_an_ipsec_gateway_that_is_restricted_nothing_is_reached)
{
	struct tenant *t = tenant_of_tunnel("fd88::5,fd77::2");

	add_tunnel("");
	must_run("ip route add fd88::/64 via fd77::2 dev near0");
	expect_stopped(t, SN_OP_NET_EGRESS, SN_NOT_LISTED, "fd77::2", "reach",
		       "udp-sendto 6 fd88::5 %d", LISTED);
	expect_stopped(t, SN_OP_NET_EGRESS, SN_NOT_LISTED, "fd77::2", "reach",
		       "udp-sendto 6 fd88::2 %d", LISTED);
	remove_ipsec();
}

/* An interface of IPsec's is asked about twice: before it encrypts, and after. */
TEST(through_an_ipsec_interface_packets_are_judged_before_they_are_encrypted)
{
	struct tenant *t = tenant_of_tunnel("fd88::5");

	add_tunnel("if_id 7");
	must_run("ip link add sec0 type xfrm dev near0 if_id 7 && ip link set sec0 up &&"
		 "ip route add fd88::/64 dev sec0");
	expect_sent(t, 1, "fd77::2", "reach", "udp-sendto 6 fd88::5 %d", LISTED);
	EXPECT_EQ(1, inside(t, "send_via", "2 5 fd88::2 fd88::5 %d", UNLISTED));
	t->result = -EPERM;
	EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_EQ(1, seen_for("fd77::2"));
	EXPECT_EQ(2, outside("send_via", "2 5 fd88::2 fd88::5 %d", UNLISTED));
	EXPECT_EQ(2, seen_for("fd77::2"));
	remove_ipsec();
}
