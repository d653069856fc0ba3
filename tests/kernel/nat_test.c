// SPDX-License-Identifier: GPL-2.0-only
/* bpf/net.bpf.c, where the machine translates addresses (NAT) between connect() and the wire. */
#include <netinet/ip.h>
#include <netpacket/packet.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "net_probes.h"

#include <linux/if_ether.h> /* and others that know that the C library had its say before */
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

/*
 * What ends in 1 is restricted, what ends in 9 is free. Those of 10.79.0 and fd79:0 are this
 * machine's. Those of 10.79.1 and fd79:1 are nobody's, as a cluster has them: what is not
 * translated is lost on the device nat0. All that is translated comes to the port BEHIND, which is
 * not listed, of a restricted address. What begins at KEPT is kept for a process on its way.
 */
#define BEHIND	   10003
#define KEPT	   1090
#define RESTRICTED "127.0.0.1,10.79.0.1,10.79.1.1,fd79::1,fd79:1::1"
#define LISTED	   "53,80,443,1090,10002"

static struct tenant *t1;
static int tcp, udp; /* at BEHIND */
static int tap;	     /* on the loopback device, where all of it arrives */
static pid_t main_process;

/* In the end as well, but not at the end of each test, which is a process. */
static void remove_translation(void)
{
	if (getpid() == main_process &&
	    system("nft 'add table inet sn_test; delete table inet sn_test' || exit\n"
		   "ip -force -batch - >/dev/null 2>&1 <<'end'\n"
		   "link del nat0\n"
		   "address del 10.79.0.1/32 dev lo\n"
		   "address del 10.79.0.9/32 dev lo\n"
		   "address del fd79::1/128 dev lo\n"
		   "address del fd79::9/128 dev lo\n"
		   "end\n"
		   "true"))
		printf("# cannot take the translation back\n");
}

static void add_translation(void)
{
	must_run("ip -batch - <<'end'\n"
		 "link add nat0 type dummy\n"
		 "link set nat0 up\n"
		 "address add 10.79.1.254/24 dev nat0\n"
		 "address add fd79:1::254/64 dev nat0 nodad\n"
		 "address add 10.79.0.1/32 dev lo\n"
		 "address add 10.79.0.9/32 dev lo\n"
		 "address add fd79::1/128 dev lo nodad\n"
		 "address add fd79::9/128 dev lo nodad\n"
		 "end\n");
	must_run("nft -f - <<'end'\n"
		 "table inet sn_test {\n"
		 "chain translate {\n"
		 "type nat hook output priority -100;\n"
		 "ip daddr 127.0.0.11 meta l4proto {tcp, udp} th dport 53 dnat ip to "
		 "127.0.0.11:10003\n"
		 "ip daddr 10.79.1.1 tcp dport 443 redirect to :10003\n"
		 "ip6 daddr fd79:1::1 tcp dport 443 redirect to :10003\n"
		 "ip daddr {10.79.0.1, 10.79.1.1, 10.79.0.9, 10.79.1.9}"
		 " tcp dport {22, 80, 1090} dnat ip to 10.79.0.1:10003\n"
		 "ip6 daddr {fd79::1, fd79:1::1, fd79::9, fd79:1::9}"
		 " tcp dport {22, 80, 1090} dnat ip6 to [fd79::1]:10003\n"
		 "}\n"
		 "chain keep {\n"
		 "type filter hook output priority 0;\n"
		 "tcp flags & (syn | ack) == syn ct original proto-dst 1090 queue num 1090\n"
		 "}\n"
		 "}\n"
		 "end\n");
}

static void open_tap(void)
{
	struct sockaddr_ll lo = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = 1 };

	tap = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	if (tap < 0 || bind(tap, (void *)&lo, sizeof(lo)))
		GIVE_UP("cannot look at the loopback device: %s", strerror(errno));
}

SETUP()
{
	main_process = getpid();
	remove_translation();
	atexit(remove_translation);
	add_translation();
	tcp = listener(SOCK_STREAM, BEHIND);
	udp = listener(SOCK_DGRAM, BEHIND);
	open_tap();
	t1 = tenant_start("t1", "--restricted-outgoing-addresses", RESTRICTED,
			  "--allowed-outgoing-ports", LISTED, NULL);
}

/* Does it open a TCP connection to BEHIND, whatever is between its headers? */
static bool opens(const unsigned char *packet, ssize_t len)
{
	int at = packet[0] >> 4 == 4 ? (packet[0] & 15) * 4 : 40;
	int protocol = packet[0] >> 4 == 4 ? packet[9] : packet[6];

	if (protocol == IPPROTO_ROUTING) {
		protocol = packet[at];
		at += (packet[at + 1] + 1) * 8;
	}
	return protocol == IPPROTO_TCP && at + 20 <= len &&
	       (packet[at + 2] << 8 | packet[at + 3]) == BEHIND && (packet[at + 13] & 0x12) == 2;
}

/* How many such packets left since the last look. */
static int opened(void)
{
	unsigned char packet[2048];
	struct sockaddr_ll from;
	int n = 0;
	ssize_t len;

	do {
		socklen_t size = sizeof(from);

		len = recvfrom(tap, packet, sizeof(packet), 0, (void *)&from, &size);
		n += len > 40 && from.sll_pkttype == PACKET_OUTGOING && opens(packet, len);
	} while (len >= 0);
	return n;
}

/* How many connections came in since the last look. */
static int came_in(void)
{
	usleep(20000); /* the other CPU may still have to deliver */
	return accepted(tcp);
}

/* Refused inside on its way, and nothing leaves; outside it arrives. */
static void expect_lost(struct tenant *t, const char *address, int port)
{
	opened();
	EXPECT_EQ(-EINPROGRESS, inside(t, "try_to_connect", "%s %d", address, port));
	t->result = -EPERM;
	EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_EQ(BEHIND, t->event.port);
	EXPECT_EQ(0, opened());
	EXPECT_EQ(0, came_in());
	EXPECT_EQ(0, outside("try_to_connect", "%s %d", address, port));
	EXPECT_EQ(1, came_in());
}

/* ---- what the operator granted ---- */

static const struct {
	int family;
	const char *address;
	int port;
} granted[] = {
	{ 4, "127.0.0.11", 53 },	/* a name server in a container */
	{ 4, "10.79.0.1", 80 },		/* another port of this machine */
	{ 6, "::ffff:10.79.0.1", 80 },	/* the same */
	{ 4, "10.79.1.1", 80 },		/* a service of a cluster */
	{ 4, "10.79.1.1", 443 },	/* through a proxy */
	{ 6, "::ffff:10.79.1.1", 443 }, /* the same */
	{ 6, "fd79::1", 80 },		{ 6, "fd79:1::1", 80 }, { 6, "fd79:1::1", 443 },
};
#define NR_GRANTED (sizeof(granted) / sizeof(*granted))

TEST(a_granted_connection_is_made_where_the_machine_translates_it)
{
	for (size_t i = 0; i < NR_GRANTED; i++) {
		for (size_t j = 0; j < NR_WAYS; j++) {
			if (ways[j].type != SOCK_STREAM)
				continue;
			EXPECT_ALLOWED(t1, "reach", "%s %d %s %d", ways[j].name, granted[i].family,
				       granted[i].address, granted[i].port);
			EXPECT_EQ(1, came_in());
			EXPECT_TRUE(outside("reach", "%s %d %s %d", ways[j].name, granted[i].family,
					    granted[i].address, granted[i].port) >= 0);
			EXPECT_EQ(1, came_in());
		}
	}
	/* what it is translated to has to be asked for by itself, and is not granted */
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "try_to_connect",
		       "10.79.0.1 %d", BEHIND);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "try_to_connect",
		       "10.79.1.1 22");
}

/* "ADDRESS PORT": asks, and hears the same. */
PROBE(converse)
{
	char heard[64] = "";
	struct dest to;
	long result;
	int fd;

	if (!read_one(arg, &to))
		return could_not_try("cannot understand %s", arg);
	fd = socket(to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = answer(by_connect_and_send(fd, &to));
	if (result == 5)
		result = answer(recv(fd, heard, sizeof(heard), 0));
	close(fd);
	return result == 5 && strcmp(heard, "hello") ? -EBADMSG : result;
}

/* In a process of its own: says what it hears. */
static pid_t start_echo(void)
{
	struct pollfd readable = { .fd = tcp, .events = POLLIN };
	char text[64];
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	for (;;) {
		int fd = poll(&readable, 1, -1) == 1 ? accept(tcp, NULL, NULL) : -1;
		ssize_t len = recv(fd, text, sizeof(text), 0);

		if (len > 0)
			send(fd, text, len, MSG_NOSIGNAL);
		close(fd);
	}
}

TEST(what_is_said_on_a_translated_connection_is_heard_and_answered)
{
	pid_t echo = start_echo();

	for (size_t i = 0; i < NR_GRANTED; i++) {
		EXPECT_EQ(5, inside(t1, "converse", "%s %d", granted[i].address, granted[i].port));
		EXPECT_QUIET(t1);
		EXPECT_EQ(5, outside("converse", "%s %d", granted[i].address, granted[i].port));
	}
	kill(echo, SIGKILL);
	waitpid(echo, NULL, 0);
}

/* ---- what he did not ---- */

TEST(a_free_address_that_is_translated_to_a_restricted_one_is_lost)
{
	/* on a port that is listed, too: the list is that of restricted addresses */
	expect_lost(t1, "10.79.0.9", 80);
	expect_lost(t1, "10.79.0.9", 22);
	expect_lost(t1, "::ffff:10.79.0.9", 80);
	expect_lost(t1, "10.79.1.9", 80);
	expect_lost(t1, "fd79::9", 80);
	expect_lost(t1, "fd79:1::9", 22);
}

/* "self" names the addresses of this machine, and a cluster's are not among them. */
TEST(where_self_is_restricted_other_addresses_that_lead_to_it_are_lost)
{
	struct tenant *t =
		tenant_start("self", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "self",
			     "--allowed-outgoing-ports", LISTED, NULL);

	EXPECT_ALLOWED(t, "try_to_connect", "127.0.0.11 53");
	EXPECT_ALLOWED(t, "try_to_connect", "10.79.0.1 80");
	EXPECT_ALLOWED(t, "try_to_connect", "10.79.0.9 80");
	EXPECT_ALLOWED(t, "try_to_connect", "fd79::1 80");
	EXPECT_EQ(4, came_in());
	expect_lost(t, "10.79.1.1", 80);
	expect_lost(t, "10.79.1.1", 443);
	expect_lost(t, "fd79:1::1", 443);
}

/* Where a datagram goes is in the call, and the socket may be connected to another place. */
TEST(a_datagram_that_the_machine_translates_is_judged_by_where_it_leaves_to)
{
	struct tenant *t =
		tenant_start("both", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			     RESTRICTED, "--allowed-outgoing-ports", "53,10003", NULL);

	for (size_t i = 0; i < NR_WAYS; i++) {
		if (ways[i].type == SOCK_STREAM)
			continue;
		EXPECT_REFUSED(t1, EPERM, SN_OP_NET_EGRESS, SN_NOT_LISTED, "reach",
			       "%s 4 127.0.0.11 53", ways[i].name);
		EXPECT_EQ(1, arrived(udp));
		EXPECT_ALLOWED(t, "reach", "%s 4 127.0.0.11 53", ways[i].name);
		EXPECT_EQ(1, arrived(udp));
	}
}

/* ---- sockets that are kept open between two probes ---- */

/* "4" or "6": returns the descriptor. */
PROBE(make)
{
	return answer(socket(*arg == '4' ? AF_INET : AF_INET6,
			     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

PROBE(close)
{
	return answer(close(atoi(arg)));
}

PROBE(disconnect)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	return answer(connect(atoi(arg), &nowhere, sizeof(nowhere)));
}

/* "FD ADDRESS PORT", as the next two */
PROBE(connect_by)
{
	struct dest to;
	int fd;

	if (!read_kept(arg, &fd, &to))
		return could_not_try("cannot understand %s", arg);
	return connect_and_wait(fd, &to);
}

PROBE(begin)
{
	struct dest to;
	int fd;

	if (!read_kept(arg, &fd, &to))
		return could_not_try("cannot understand %s", arg);
	return answer(by_connect(fd, &to));
}

/* Connected, but nothing is sent before there is something to say. */
PROBE(begin_in_silence)
{
	struct dest to;
	int fd, one = 1;

	if (!read_kept(arg, &fd, &to))
		return could_not_try("cannot understand %s", arg);
	if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, &one, sizeof(one)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)))
		return could_not_try("TCP_FASTOPEN_CONNECT");
	return answer(by_connect(fd, &to));
}

static long here(long (*probe)(const char *), const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static long here(long (*probe)(const char *), const char *fmt, ...)
{
	char arg[256];
	va_list args;
	long result;

	va_start(args, fmt);
	vsnprintf(arg, sizeof(arg), fmt, args);
	va_end(args);
	result = probe(arg);
	if (result == COULD_NOT_TRY)
		GIVE_UP("%s: could not try", arg);
	return result;
}

/* The tenant's act; with t == NULL the control, by the test itself. */
#define ACT(t, probe, ...) ((t) ? inside(t, #probe, __VA_ARGS__) : here(probe_##probe, __VA_ARGS__))

TEST(a_socket_that_is_connected_again_leads_to_where_it_was_connected_last)
{
	for (int i = 0; i < 2; i++) {
		struct tenant *t = i ? NULL : t1;
		int fd = ACT(t, make, "4");

		EXPECT_EQ(0, ACT(t, connect_by, "%d 10.79.0.1 80", fd));
		EXPECT_EQ(0, ACT(t, disconnect, "%d", fd));
		EXPECT_EQ(t ? -EINPROGRESS : 0, ACT(t, connect_by, "%d 10.79.0.9 80", fd));
		if (t) {
			t->result = -EPERM;
			EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
		}
		EXPECT_EQ(0, ACT(t, disconnect, "%d", fd));
		EXPECT_EQ(0, ACT(t, connect_by, "%d 10.79.1.1 443", fd));
		EXPECT_EQ(0, ACT(t, close, "%d", fd));
		EXPECT_EQ(t ? 2 : 3, came_in());
	}
}

/* The test's own descriptor of that socket. */
static int same_socket(struct tenant *t, int fd)
{
	int process = syscall(SYS_pidfd_open, t ? t->pid : getpid(), 0);
	int own = syscall(SYS_pidfd_getfd, process, fd, 0);

	if (own < 0)
		GIVE_UP("cannot get descriptor %d: %s", fd, strerror(errno));
	close(process);
	return own;
}

/* ---- headers that lead a socket's packets to somewhere else ---- */

/* IPv4's loose source route (RFC 791), and RFC 6275's routing header, by way of the free address */
static void route_by_free_address(int fd, bool v4)
{
	unsigned char source_route[8] = { IPOPT_LSRR, 7, IPOPT_MINOFF };
	unsigned char header[24] = { 0, 2, 2, 1 };
	int error;

	inet_pton(AF_INET, "10.79.0.9", source_route + 3);
	inet_pton(AF_INET6, "fd79::9", header + 8);
	error = v4 ? setsockopt(fd, IPPROTO_IP, IP_OPTIONS, source_route, sizeof(source_route))
		   : setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, header, sizeof(header));
	if (error)
		GIVE_UP("cannot set a route: %s", strerror(errno));
	close(fd);
}

/*
 * A tenant cannot set such options. Here root sets them from outside, on the tenant's socket: it is
 * connected to what is granted, and its packets leave for the free address.
 */
TEST(a_route_that_the_socket_has_itself_is_no_translation)
{
	static const char *const address[] = { "10.79.0.1", "fd79::1" };

	for (int i = 0; i < 4; i++) {
		struct tenant *t = i & 1 ? NULL : t1;
		int fd = ACT(t, make, i & 2 ? "6" : "4");

		route_by_free_address(same_socket(t, fd), !(i & 2));
		opened();
		EXPECT_EQ(-EINPROGRESS, ACT(t, connect_by, "%d %s 80", fd, address[i / 2]));
		if (t) {
			t->result = -EPERM;
			EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
			EXPECT_EQ(0, opened());
		} else if (!opened()) {
			FAIL("the control: nothing left by way of the free address");
		}
		EXPECT_EQ(0, ACT(t, close, "%d", fd));
	}
}

/* ---- packets that a process keeps on their way ---- */

static void tell_queue(int queue, int type, int attribute, const void *data, size_t len)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg of;
		struct nlattr attribute;
		char data[16];
	} message = {
		.header = { .nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type,
			    .nlmsg_flags = NLM_F_REQUEST },
		.of = { .version = NFNETLINK_V0, .res_id = htons(KEPT) },
		.attribute = { .nla_len = NLA_HDRLEN + len, .nla_type = attribute },
	};

	message.header.nlmsg_len = offsetof(typeof(message), data) + len;
	memcpy(message.data, data, len);
	if (send(queue, &message, NLMSG_ALIGN(message.header.nlmsg_len), 0) < 0)
		GIVE_UP("cannot use the queue: %s", strerror(errno));
}

static int open_queue(void)
{
	struct nfqnl_msg_config_cmd bind_it = { .command = NFQNL_CFG_CMD_BIND };
	struct nfqnl_msg_config_params whole = { .copy_range = htonl(0xffff),
						 .copy_mode = NFQNL_COPY_PACKET };
	int queue = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	tell_queue(queue, NFQNL_MSG_CONFIG, NFQA_CFG_CMD, &bind_it, sizeof(bind_it));
	tell_queue(queue, NFQNL_MSG_CONFIG, NFQA_CFG_PARAMS, &whole, sizeof(whole));
	return queue;
}

struct kept {
	__be32 id;
	__u32 seq; /* TCP's */
};

static struct kept take_kept(int queue)
{
	struct pollfd readable = { .fd = queue, .events = POLLIN };
	unsigned char bytes[4096];
	struct kept kept = { 0 };
	ssize_t len = poll(&readable, 1, 5000) == 1 ? recv(queue, bytes, sizeof(bytes), 0) : -1;
	struct nlattr *attribute;

	for (ssize_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg)); at < len;
	     at += NLA_ALIGN(attribute->nla_len)) {
		const unsigned char *data = bytes + at + NLA_HDRLEN;

		attribute = (void *)(bytes + at);
		if (attribute->nla_type == NFQA_PACKET_HDR)
			memcpy(&kept.id, data, sizeof(kept.id));
		if (attribute->nla_type == NFQA_PAYLOAD)
			memcpy(&kept.seq, data + 24, sizeof(kept.seq));
	}
	if (!kept.id || !kept.seq)
		GIVE_UP("no packet was kept");
	kept.seq = ntohl(kept.seq);
	return kept;
}

static void release_kept(int queue, struct kept kept)
{
	struct nfqnl_msg_verdict_hdr accept_it = { .verdict = htonl(NF_ACCEPT), .id = kept.id };

	tell_queue(queue, NFQNL_MSG_VERDICT, NFQA_VERDICT_HDR, &accept_it, sizeof(accept_it));
}

TEST(a_packet_that_a_process_keeps_for_a_while_leaves_if_it_was_granted)
{
	int queue = open_queue(), fd = ACT(t1, make, "4");

	EXPECT_EQ(-EINPROGRESS, inside(t1, "begin", "%d 10.79.0.1 %d", fd, KEPT));
	opened();
	release_kept(queue, take_kept(queue));
	EXPECT_QUIET(t1);
	EXPECT_EQ(1, opened());
	EXPECT_EQ(1, came_in());
	EXPECT_EQ(0, inside(t1, "close", "%d", fd));

	fd = inside(t1, "make", "4");
	EXPECT_EQ(-EINPROGRESS, inside(t1, "begin", "%d 10.79.0.9 %d", fd, KEPT));
	release_kept(queue, take_kept(queue));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_EQ(0, opened());
	EXPECT_EQ(0, inside(t1, "close", "%d", fd));
}

/* Sequence numbers can be reached again, by sending enough; root is faster. */
static void begin_with_sequence(int fd, __u32 seq)
{
	int on = 1, sending = 2 /* TCP_SEND_QUEUE */, off = -1 /* without a probe for the window */;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &sending, sizeof(sending)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, sizeof(seq)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)))
		GIVE_UP("cannot set the sequence number: %s", strerror(errno));
	close(fd);
}

/* What is kept was sent to the free address; the socket is granted where it leads to then. */
static void expect_not_to_leave_later(struct tenant *t, bool same_sequence, bool in_silence)
{
	int queue = open_queue(), fd = ACT(t, make, "4");
	struct kept kept;

	EXPECT_EQ(-EINPROGRESS, ACT(t, begin, "%d 10.79.0.9 %d", fd, KEPT));
	kept = take_kept(queue);
	EXPECT_EQ(0, ACT(t, disconnect, "%d", fd));
	if (same_sequence)
		begin_with_sequence(same_socket(t, fd), kept.seq);
	if (in_silence)
		EXPECT_EQ(0, ACT(t, begin_in_silence, "%d 10.79.1.1 10002", fd));
	else
		EXPECT_EQ(-EINPROGRESS, ACT(t, begin, "%d 10.79.1.1 10002", fd));
	opened();
	release_kept(queue, kept);
	if (t) {
		t->result = -EPERM;
		EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	}
	EXPECT_EQ(t ? 0 : 1, opened());
	EXPECT_EQ(0, ACT(t, close, "%d", fd));
	close(queue);
}

TEST(a_packet_that_is_kept_does_not_leave_by_what_its_socket_is_granted_later)
{
	for (int i = 0; i < 2; i++) {
		expect_not_to_leave_later(i ? NULL : t1, false, false);
		expect_not_to_leave_later(i ? NULL : t1, true, false);
		expect_not_to_leave_later(i ? NULL : t1, false, true);
	}
}
