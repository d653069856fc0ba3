// SPDX-License-Identifier: GPL-2.0-only
/* bpf/net.bpf.c: where the sockets of a tenant reach. */
#include <fcntl.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "int80.h"
#include "joined.h"
#include "net_probes.h"

/*
 * Of the restricted addresses (loopback, 10.0.0.5 and fd00::5, in all their spellings) the tenant
 * t1 reaches the ports 10002, 10004 and 20000 to 20010. There is a listener on 10002 and one on
 * 10003.
 */
#define LISTED	   10002
#define UNLISTED   10003
#define RESTRICTED "127.0.0.1,10.0.0.5,fd00::5"

static struct tenant *t1;
static int tcp_listed, tcp_unlisted, udp_listed, udp_unlisted;

/*
 * Addresses of both families for every way to write one, all on the loopback device. The
 * IPv4-compatible and translated ones lead nowhere by themselves, so they are made addresses as
 * well.
 */
SETUP()
{
	must_run("ip -force -batch - >/dev/null 2>&1 <<'end'\n"
		 "address add 10.0.0.5/32 dev lo\n"
		 "address add 10.0.0.6/32 dev lo\n"
		 "address add fd00::5/128 dev lo nodad\n"
		 "address add fd00::6/128 dev lo nodad\n"
		 "address add ::7f00:1/128 dev lo nodad\n"
		 "address add ::a00:5/128 dev lo nodad\n"
		 "address add 64:ff9b::7f00:1/128 dev lo nodad\n"
		 "address add 64:ff9b::a00:5/128 dev lo nodad\n"
		 "route add 224.0.0.0/4 dev lo\n"
		 "end\n"
		 "true");
	tcp_listed = listener(SOCK_STREAM, LISTED);
	tcp_unlisted = listener(SOCK_STREAM, UNLISTED);
	udp_listed = listener(SOCK_DGRAM, LISTED);
	udp_unlisted = listener(SOCK_DGRAM, UNLISTED);
	t1 = tenant_start("t1", "--restricted-outgoing-addresses", RESTRICTED,
			  "--allowed-outgoing-ports", "10002,10004,20000-20010", NULL);
}

/* ---- what the lists mean ---- */

static void expect_reached_on_listed_ports(struct tenant *t, int family, const char *address)
{
	for (size_t i = 0; i < NR_WAYS; i++) {
		EXPECT_ALLOWED(t, "reach", "%s %d %s %d", ways[i].name, family, address, LISTED);
		EXPECT_REFUSED(t, EPERM, ways[i].op, SN_NOT_LISTED, "reach", "%s %d %s %d",
			       ways[i].name, family, address, UNLISTED);
	}
}

static void expect_reached(struct tenant *t, int family, const char *address)
{
	for (size_t i = 0; i < NR_WAYS; i++)
		EXPECT_ALLOWED(t, "reach", "%s %d %s %d", ways[i].name, family, address, UNLISTED);
}

TEST(a_restricted_ipv4_address_is_reached_on_listed_ports_only)
{
	expect_reached_on_listed_ports(t1, 4, "10.0.0.5");
}

TEST(a_restricted_ipv6_address_is_reached_on_listed_ports_only)
{
	expect_reached_on_listed_ports(t1, 6, "fd00::5");
}

TEST(what_was_refused_never_arrives_and_what_was_allowed_does)
{
	accepted(tcp_listed);
	accepted(tcp_unlisted);
	arrived(udp_listed);
	arrived(udp_unlisted);
	for (size_t i = 0; i < NR_WAYS; i++) {
		inside(t1, "reach", "%s 4 127.0.0.1 %d", ways[i].name, LISTED);
		inside(t1, "reach", "%s 4 127.0.0.1 %d", ways[i].name, UNLISTED);
	}
	EXPECT_EQ(5, accepted(tcp_listed));
	EXPECT_EQ(0, accepted(tcp_unlisted));
	EXPECT_TRUE(nothing_arrived(udp_unlisted, UNLISTED));
	EXPECT_EQ(4, arrived(udp_listed));
}

TEST(addresses_that_are_not_listed_are_free)
{
	expect_reached(t1, 4, "10.0.0.6");
	expect_reached(t1, 6, "::ffff:10.0.0.6");
	expect_reached(t1, 6, "fd00::6");
}

/* The verdict comes before routing: the kernel says of the one that there is no way to it. */
TEST(an_unlisted_address_without_a_route_gets_the_kernels_answer)
{
	EXPECT_EQ(-ENETUNREACH, outside("reach", "tcp-connect 4 192.0.2.1 22"));
	EXPECT_EQ(-ENETUNREACH, inside(t1, "reach", "tcp-connect 4 192.0.2.1 22"));
	EXPECT_QUIET(t1);
	EXPECT_EQ(-ENETUNREACH, outside("reach", "udp-sendto 6 2001:db8::1 22"));
	EXPECT_EQ(-ENETUNREACH, inside(t1, "reach", "udp-sendto 6 2001:db8::1 22"));
	EXPECT_QUIET(t1);
}

TEST(a_listed_port_without_a_listener_gets_the_kernels_answer)
{
	EXPECT_EQ(-ECONNREFUSED, outside("reach", "tcp-connect 4 127.0.0.1 10004"));
	EXPECT_EQ(-ECONNREFUSED, inside(t1, "reach", "tcp-connect 4 127.0.0.1 10004"));
	EXPECT_QUIET(t1);
}

TEST(the_event_tells_the_address_and_the_port)
{
	static const __u8 want[16] = { [10] = 0xff, 0xff, 10, 0, 0, 5 };

	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "reach",
		       "tcp-connect 4 10.0.0.5 %d", UNLISTED);
	EXPECT_EQ(UNLISTED, t1->event.port);
	EXPECT_EQ(AF_INET6, t1->event.family);
	EXPECT_TRUE(!memcmp(want, t1->event.addr, 16));
	EXPECT_EQ(t1->pid, t1->event.pid);
}

/* ---- one address, many spellings ---- */

TEST(an_ipv4_mapped_address_is_the_ipv4_address)
{
	expect_reached_on_listed_ports(t1, 6, "::ffff:10.0.0.5");
	expect_reached_on_listed_ports(t1, 6, "::ffff:127.0.0.1");
}

TEST(an_ipv4_compatible_address_is_the_ipv4_address)
{
	expect_reached_on_listed_ports(t1, 6, "::10.0.0.5");
	expect_reached_on_listed_ports(t1, 6, "::127.0.0.1");
}

TEST(a_translated_address_is_the_ipv4_address)
{
	expect_reached_on_listed_ports(t1, 6, "64:ff9b::10.0.0.5");
	expect_reached_on_listed_ports(t1, 6, "64:ff9b::127.0.0.1");
}

TEST(one_listed_loopback_address_restricts_all_of_loopback)
{
	expect_reached_on_listed_ports(t1, 4, "127.0.0.2");
	expect_reached_on_listed_ports(t1, 4, "127.255.255.254");
	expect_reached_on_listed_ports(t1, 6, "::ffff:127.1.2.3");
	expect_reached_on_listed_ports(t1, 6, "::1");
}

TEST(the_unspecified_addresses_are_loopback)
{
	expect_reached_on_listed_ports(t1, 4, "0.0.0.0");
	expect_reached_on_listed_ports(t1, 6, "::");
	expect_reached_on_listed_ports(t1, 6, "::ffff:0.0.0.0");
}

/* Over TCP the kernel itself insists on AF_INET6. */
TEST(an_ipv4_sockaddr_on_an_ipv6_socket_is_an_ipv4_address)
{
	for (size_t i = 0; i < NR_WAYS; i++) {
		if (ways[i].type != SOCK_DGRAM)
			continue;
		EXPECT_ALLOWED(t1, "reach", "%s 6 10.0.0.5 %d", ways[i].name, LISTED);
		EXPECT_REFUSED(t1, EPERM, ways[i].op, SN_NOT_LISTED, "reach", "%s 6 10.0.0.5 %d",
			       ways[i].name, UNLISTED);
	}
	EXPECT_EQ(-EPERM, inside(t1, "reach", "tcp-connect 6 10.0.0.5 %d 28", UNLISTED));
	EXPECT_EVENT(t1, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_EQ(-EAFNOSUPPORT, outside("reach", "tcp-connect 6 10.0.0.5 %d 28", UNLISTED));
}

/* udp_sendmsg() takes AF_UNSPEC for AF_INET. */
TEST(an_unspecified_family_in_a_datagrams_address_is_ipv4)
{
	static const char *const senders[] = { "udp-sendto", "udp-sendmsg", "udp-sendmmsg" };

	arrived(udp_listed);
	for (size_t i = 0; i < 3; i++) {
		EXPECT_ALLOWED(t1, "reach", "%s 4 unspec:10.0.0.5 %d", senders[i], LISTED);
		EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "reach",
			       "%s 4 unspec:10.0.0.5 %d", senders[i], UNLISTED);
	}
	EXPECT_EQ(3, arrived(udp_listed));
}

/* "WAY SOCKET ADDRESS PORT": connects to a listed place, disconnects, goes the way to ADDRESS. */
PROBE(reconnect)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	struct dest listed, to;
	char name[32], address[64];
	const struct way *way;
	unsigned int port;
	int family, fd;
	long result;

	if (sscanf(arg, "%31s %d %63s %u", name, &family, address, &port) != 4 ||
	    !(way = find_way(name)) || !read_dest(address, port, &to) ||
	    !read_dest(family == 4 ? "127.0.0.1" : "::1", LISTED, &listed))
		return could_not_try("cannot understand %s", arg);
	fd = socket(family == 4 ? AF_INET : AF_INET6, way->type | SOCK_CLOEXEC, 0);
	/* also before it was ever connected */
	if (fd < 0 || connect(fd, &nowhere, sizeof(nowhere)) || by_connect(fd, &listed))
		return could_not_try("connecting to the listed port");
	/* the shortest form: nothing but the family */
	if (connect(fd, &nowhere, sizeof(nowhere.sa_family)) ||
	    connect(fd, &nowhere, sizeof(nowhere)))
		result = -errno * 1000L;
	else
		result = answer(way->go(fd, &to));
	close(fd);
	return result;
}

TEST(disconnecting_works_and_connecting_again_is_asked_again)
{
	for (size_t i = 0; i < NR_WAYS; i++) {
		EXPECT_ALLOWED(t1, "reconnect", "%s 4 10.0.0.5 %d", ways[i].name, LISTED);
		EXPECT_REFUSED(t1, EPERM, ways[i].op, SN_NOT_LISTED, "reconnect",
			       "%s 4 10.0.0.5 %d", ways[i].name, UNLISTED);
		EXPECT_REFUSED(t1, EPERM, ways[i].op, SN_NOT_LISTED, "reconnect", "%s 6 fd00::5 %d",
			       ways[i].name, UNLISTED);
	}
}

/* Over IPv6 no address is meant; the kernel's answer is that the socket has none. */
TEST(an_unspecified_family_on_an_ipv6_datagram_socket_leads_nowhere)
{
	arrived(udp_unlisted);
	EXPECT_EQ(-EPERM, inside(t1, "reach", "udp-sendto 6 unspec:127.0.0.1 %d", UNLISTED));
	EXPECT_EVENT(t1, SN_OP_NET_SEND, SN_NOT_LISTED);
	EXPECT_EQ(-EDESTADDRREQ, inside(t1, "reach", "udp-sendto 6 unspec:127.0.0.1 %d", LISTED));
	EXPECT_EQ(-EDESTADDRREQ, outside("reach", "udp-sendto 6 unspec:127.0.0.1 %d", UNLISTED));
	EXPECT_TRUE(nothing_arrived(udp_unlisted, UNLISTED));
}

/* ---- lengths of addresses ---- */

/*
 * The kernel says EINVAL to what it does not understand, the hook EPERM. Since Linux 7 connect()
 * wants to see the whole family before it asks the hook.
 */
static void expect_too_short(const struct way *way, int family, const char *address,
			     unsigned int length)
{
	long got =
		inside(t1, "reach", "%s %d %s %d %u", way->name, family, address, UNLISTED, length);

	if (got == -EINVAL && length < sizeof(sa_family_t) && way->op == SN_OP_NET_CONNECT) {
		EXPECT_QUIET(t1);
	} else {
		EXPECT_EQ(-EPERM, got);
		EXPECT_EVENT(t1, way->op, SN_FAMILY);
	}
	EXPECT_EQ(-EINVAL,
		  outside("reach", "%s %d %s %d %u", way->name, family, address, UNLISTED, length));
}

TEST(an_ipv4_address_that_is_cut_short_is_refused)
{
	static const char *const some[] = { "tcp-connect", "tcp-fastopen-sendto", "udp-connect",
					    "udp-sendto" };
	static const unsigned int lengths[] = { 0, 1, 2, 8, 15 };

	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 5; j++) {
			expect_too_short(find_way(some[i]), 4, "127.0.0.1", lengths[j]);
		}
		EXPECT_ALLOWED(t1, "reach", "%s 4 127.0.0.1 %d 16", some[i], LISTED);
		EXPECT_ALLOWED(t1, "reach", "%s 4 127.0.0.1 %d 128", some[i], LISTED);
		EXPECT_REFUSED(t1, EPERM, find_way(some[i])->op, SN_NOT_LISTED, "reach",
			       "%s 4 127.0.0.1 %d 128", some[i], UNLISTED);
	}
}

/* RFC 2133 had no scope id: 24 bytes are a whole address. */
TEST(an_ipv6_address_that_is_cut_short_is_refused)
{
	static const char *const some[] = { "tcp-connect", "tcp-fastopen-sendto", "udp-connect",
					    "udp-sendto" };
	static const unsigned int lengths[] = { 0, 1, 2, 8, 15, 16, 23 };

	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 7; j++) {
			expect_too_short(find_way(some[i]), 6, "::1", lengths[j]);
		}
		EXPECT_ALLOWED(t1, "reach", "%s 6 ::1 %d 24", some[i], LISTED);
		EXPECT_REFUSED(t1, EPERM, find_way(some[i])->op, SN_NOT_LISTED, "reach",
			       "%s 6 ::1 %d 24", some[i], UNLISTED);
	}
}

/* ---- several destinations on one socket ---- */

/* "ADDRESS PORT ADDRESS PORT": connects to the first, sends to the second. */
PROBE(connect_then_sendto)
{
	struct dest to[2];
	long result;
	int fd;

	if (!read_two(arg, to))
		return could_not_try("cannot understand %s", arg);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || by_connect(fd, &to[0]))
		return could_not_try("connecting to the first of %s", arg);
	result = answer(by_sendto(fd, &to[1]));
	close(fd);
	return result;
}

TEST(a_connected_datagram_socket_cannot_send_elsewhere)
{
	EXPECT_ALLOWED(t1, "connect_then_sendto", "127.0.0.1 %d 10.0.0.5 %d", LISTED, LISTED);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "connect_then_sendto",
		       "127.0.0.1 %d 10.0.0.5 %d", LISTED, UNLISTED);
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "connect_then_sendto",
		       "10.0.0.6 %d 10.0.0.5 %d", UNLISTED, UNLISTED);
}

/* The same, but two messages in one sendmmsg(2). How many were sent. */
PROBE(two_messages)
{
	struct mmsghdr msgs[2] = {};
	struct dest to[2];
	long result;
	int fd;

	if (!read_two(arg, to))
		return could_not_try("cannot understand %s", arg);
	for (int i = 0; i < 2; i++)
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &to[i].address,
						   .msg_namelen = to[i].len,
						   .msg_iov = &hello,
						   .msg_iovlen = 1 };
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	result = answer(sendmmsg(fd, msgs, 2, 0));
	close(fd);
	return result;
}

TEST(every_message_of_sendmmsg_is_asked_about)
{
	arrived(udp_listed);
	arrived(udp_unlisted);
	EXPECT_EQ(2, inside(t1, "two_messages", "127.0.0.1 %d 10.0.0.5 %d", LISTED, LISTED));
	EXPECT_QUIET(t1);
	EXPECT_EQ(2, arrived(udp_listed));

	/* sendmmsg(2) tells how many went out before the one that failed */
	EXPECT_EQ(1, inside(t1, "two_messages", "127.0.0.1 %d 10.0.0.5 %d", LISTED, UNLISTED));
	t1->result = -EPERM;
	EXPECT_EVENT(t1, SN_OP_NET_SEND, SN_NOT_LISTED);
	EXPECT_TRUE(nothing_arrived(udp_unlisted, UNLISTED));
	EXPECT_EQ(2, outside("two_messages", "127.0.0.1 %d 10.0.0.5 %d", LISTED, UNLISTED));
	EXPECT_TRUE(!nothing_arrived(udp_unlisted, UNLISTED));
	arrived(udp_unlisted);
}

/* ---- an address that changes during the call ---- */

static struct dest shared_dest;
static atomic_bool enough;

/* Each of the two ports stays for a while: emulation interrupts no straight line of code. */
static void *keep_changing(void *data)
{
	volatile in_port_t *port = &((struct sockaddr_in *)&shared_dest.address)->sin_port;

	for (bool listed = true; !enough; listed = !listed) {
		*port = htons(listed ? LISTED : UNLISTED);
		for (volatile int i = 0; i < 200; i++)
			;
	}
	return data;
}

/* "ROUNDS": as many datagrams, while a thread changes the port. How many went, -1 if all did. */
PROBE(changing_address)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long rounds = atol(arg), sent = 0, refused = 0;
	pthread_t thread;

	enough = false;
	if (fd < 0 || !read_dest("127.0.0.1", LISTED, &shared_dest) ||
	    pthread_create(&thread, NULL, keep_changing, NULL))
		return could_not_try("preparing");
	for (long i = 0; i < rounds; i++) {
		bool went = by_sendto(fd, &shared_dest) == 5;

		sent += went;
		refused += !went && errno == EPERM;
	}
	enough = true;
	pthread_join(thread, NULL);
	close(fd);
	if (sent + refused != rounds)
		return could_not_try("%ld of %ld rounds", sent + refused, rounds);
	return refused ? sent : -1;
}

TEST(an_address_that_another_thread_rewrites_is_read_once)
{
	EXPECT_TRUE(inside(t1, "changing_address", "20000") > 0);
	EXPECT_TRUE(nothing_arrived(udp_unlisted, UNLISTED));
	EXPECT_EQ(-1, outside("changing_address", "20000"));
	EXPECT_TRUE(!nothing_arrived(udp_unlisted, UNLISTED));
	arrived(udp_unlisted);
	arrived(udp_listed);
}

/* ---- the 32-bit entry ---- */

/* Linux's numbers there; those of socketcall(2) are its first argument. */
enum {
	SOCKETCALL = 102,
	CALL_CONNECT = 3,
	CALL_SENDTO = 11,
	CALL_SENDMSG = 16,
	CALL_SENDMMSG = 20,
	CONNECT32 = 362,
	SENDMSG32 = 370,
};

struct message32 {
	__u32 name, name_len, iov, iov_len, control, control_len, flags, sent;
};

/* What the calls point to, in a low page. */
struct page32 {
	__u32 args[6];
	struct message32 message;
	__u32 iov[2];
	struct sockaddr_in to;
	char text[8];
};

static __u32 pointer32(const void *to)
{
	return (__u32)(unsigned long)to;
}

static long socketcall32(struct page32 *page, int call, __u32 fd, __u32 a, __u32 b, __u32 c,
			 __u32 d, __u32 e)
{
	__u32 args[6] = { fd, a, b, c, d, e };

	memcpy(page->args, args, sizeof(args));
	return int80(SOCKETCALL, call, (long)page->args, 0);
}

/* "CALL PORT FLAGS": to 127.0.0.1, over UDP, or over TCP where the flags have MSG_FASTOPEN. */
PROBE(reach32)
{
	struct page32 *page = (void *)low_page();
	unsigned int port, flags;
	char call[16];
	long result;
	int fd;

	if (page == MAP_FAILED || sscanf(arg, "%15s %u %u", call, &port, &flags) != 3)
		return could_not_try("cannot understand %s", arg);
	page->to = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_port = htons(port),
					 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	page->iov[0] = pointer32(page->text);
	page->iov[1] = 5;
	page->message = (struct message32){ .name = pointer32(&page->to),
					    .name_len = sizeof(page->to),
					    .iov = pointer32(page->iov),
					    .iov_len = 1 };
	fd = socket(AF_INET, (flags ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (!strcmp(call, "connect"))
		result = socketcall32(page, CALL_CONNECT, fd, pointer32(&page->to), 16, 0, 0, 0);
	else if (!strcmp(call, "sendto"))
		result = socketcall32(page, CALL_SENDTO, fd, pointer32(page->text), 5, flags,
				      pointer32(&page->to), 16);
	else if (!strcmp(call, "sendmsg"))
		result = socketcall32(page, CALL_SENDMSG, fd, pointer32(&page->message), flags, 0,
				      0, 0);
	else if (!strcmp(call, "sendmmsg"))
		result = socketcall32(page, CALL_SENDMMSG, fd, pointer32(&page->message), 1, flags,
				      0, 0);
	else if (!strcmp(call, "connect32"))
		result = int80(CONNECT32, fd, (long)&page->to, 16);
	else if (!strcmp(call, "sendmsg32"))
		result = int80(SENDMSG32, fd, (long)&page->message, flags);
	else
		result = could_not_try("cannot understand %s", arg);
	close(fd);
	munmap(page, 4096);
	return result;
}

TEST(the_32_bit_socket_calls_are_no_way_around)
{
	static const struct {
		const char *call;
		enum sn_op op;
		unsigned int flags;
	} calls[] = {
		{ "connect", SN_OP_NET_CONNECT, 0 },
		{ "connect32", SN_OP_NET_CONNECT, 0 },
		{ "sendto", SN_OP_NET_SEND, 0 },
		{ "sendmsg", SN_OP_NET_SEND, 0 },
		{ "sendmmsg", SN_OP_NET_SEND, 0 },
		{ "sendmsg32", SN_OP_NET_SEND, 0 },
		{ "sendto", SN_OP_NET_SEND, MSG_FASTOPEN },
		{ "sendmsg32", SN_OP_NET_SEND, MSG_FASTOPEN },
		{ "sendmmsg", SN_OP_NET_SEND, MSG_FASTOPEN },
	};

	if (outside("has_int80", "%s", ""))
		SKIP("a kernel with the 32-bit system calls");
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		EXPECT_ALLOWED(t1, "reach32", "%s %d %u", calls[i].call, LISTED, calls[i].flags);
		EXPECT_REFUSED(t1, EPERM, calls[i].op, SN_NOT_LISTED, "reach32", "%s %d %u",
			       calls[i].call, UNLISTED, calls[i].flags);
	}
}

/* ---- lists of addresses and ports ---- */

/*
 * For each length from 2 on, a network that no other of them overlaps: ones, then 01. The address
 * just outside has 00 instead, and the bits behind are some of both.
 */
static void comb(unsigned int length, bool in, bool host_bits, __u8 bytes[16])
{
	memset(bytes, host_bits ? 0xa5 : 0, 16);
	for (unsigned int bit = 0; bit < length; bit++) {
		__u8 mask = 0x80 >> bit % 8;

		bytes[bit / 8] &= ~mask;
		if (bit < length - 2 || (bit == length - 1 && in))
			bytes[bit / 8] |= mask;
	}
}

/*
 * "FAMILY": tries the address inside and the one just outside the network of every length. The
 * result is 1000 times the inner ones that were refused plus the outer ones.
 */
PROBE(comb)
{
	unsigned int family = atoi(arg), longest = family == 4 ? 32 : 128;
	long refused[2] = {};

	for (unsigned int length = 2; length <= longest; length++) {
		for (int in = 0; in < 2; in++) {
			struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(22) };
			struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
						   .sin6_port = htons(22) };
			int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC,
					0);
			__u8 bytes[16];

			if (fd < 0)
				return could_not_try("socket");
			comb(length, in, true, bytes);
			memcpy(&v4.sin_addr, bytes, 4);
			memcpy(&v6.sin6_addr, bytes, 16);
			if (family == 4 ? connect(fd, (void *)&v4, sizeof(v4))
					: connect(fd, (void *)&v6, sizeof(v6)))
				refused[in] += errno == EPERM;
			close(fd);
		}
	}
	return refused[1] * 1000 + refused[0];
}

static void add_comb(char *list, int family, unsigned int longest)
{
	char text[INET6_ADDRSTRLEN];
	__u8 bytes[16];

	for (unsigned int length = 2; length <= longest; length++) {
		comb(length, true, false, bytes);
		inet_ntop(family, bytes, text, sizeof(text));
		sprintf(list + strlen(list), "%s%s/%u", *list ? "," : "", text, length);
	}
}

TEST(networks_of_every_length_hold_what_is_inside_and_nothing_else)
{
	char list[16384] = "";
	struct tenant *t;

	add_comb(list, AF_INET, 32);
	add_comb(list, AF_INET6, 128);
	t = tenant_start("comb", "--dir", "/srv/t10", "--restricted-outgoing-addresses", list,
			 NULL);
	EXPECT_EQ(31000, inside(t, "comb", "4"));
	EXPECT_EQ(127000, inside(t, "comb", "6"));
	EXPECT_EQ(0, outside("comb", "4"));
	EXPECT_EQ(0, outside("comb", "6"));
}

TEST(networks_of_one_bit_hold_half_of_all_addresses)
{
	struct tenant *t =
		tenant_start("halves", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			     "128.0.0.0/1,8000::/1", NULL);

	EXPECT_EQ(-EPERM, inside(t, "reach", "tcp-connect 4 128.0.0.0 22"));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_EQ(-EPERM, inside(t, "reach", "tcp-connect 6 8000::1 22"));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_EQ(-ENETUNREACH, outside("reach", "tcp-connect 4 128.0.0.0 22"));
	EXPECT_EQ(-ENETUNREACH, outside("reach", "tcp-connect 6 8000::1 22"));
	EXPECT_EQ(-ENETUNREACH, inside(t, "reach", "tcp-connect 6 7fff::1 22"));
	EXPECT_QUIET(t);
	expect_reached(t, 4, "127.0.0.1");
}

TEST(all_of_ipv4_and_not_ipv6_can_be_restricted)
{
	struct tenant *t =
		tenant_start("all", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			     "0.0.0.0/0", "--allowed-outgoing-ports", "10002", NULL);

	expect_reached_on_listed_ports(t, 4, "10.0.0.6");
	expect_reached_on_listed_ports(t, 4, "127.0.0.1");
	expect_reached_on_listed_ports(t, 6, "::ffff:10.0.0.6");
	EXPECT_EQ(-EPERM, inside(t, "reach", "udp-connect 4 192.0.2.1 53"));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_EQ(-ENETUNREACH, outside("reach", "udp-connect 4 192.0.2.1 53"));
	expect_reached(t, 6, "fd00::6");
}

TEST(all_addresses_can_be_restricted)
{
	struct tenant *t =
		tenant_start("all", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			     "0.0.0.0/0,::/0", "--allowed-outgoing-ports", "10002", NULL);

	expect_reached_on_listed_ports(t, 4, "10.0.0.6");
	expect_reached_on_listed_ports(t, 6, "fd00::6");
	expect_reached_on_listed_ports(t, 6, "::1");
	EXPECT_EQ(-EPERM, inside(t, "reach", "udp-connect 6 2001:db8::1 53"));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_NOT_LISTED);
}

TEST(without_lists_every_address_is_free)
{
	struct tenant *t = tenant_start("free", "--dir", "/srv/t10", NULL);

	expect_reached(t, 4, "127.0.0.1");
	expect_reached(t, 4, "10.0.0.5");
	expect_reached(t, 6, "::1");
}

TEST(without_a_list_of_ports_a_restricted_address_has_none)
{
	struct tenant *t = tenant_start("none", "--dir", "/srv/t10",
					"--restricted-outgoing-addresses", "10.0.0.5", NULL);

	for (size_t i = 0; i < NR_WAYS; i++)
		EXPECT_REFUSED(t, EPERM, ways[i].op, SN_NOT_LISTED, "reach", "%s 4 10.0.0.5 %d",
			       ways[i].name, LISTED);
	expect_reached(t, 4, "127.0.0.1"); /* not listed */
}

/* "ADDRESS": how many of the ports 1 to 65535 may be reached, and their sum behind that. */
PROBE(ports)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long nr = 0, sum = 0;
	struct dest to;

	if (fd < 0)
		return could_not_try("socket");
	for (unsigned int port = 1; port <= 65535; port++) {
		if (!read_dest(arg, port, &to))
			return could_not_try("cannot understand %s", arg);
		if (!by_connect(fd, &to)) {
			nr++;
			sum += port;
		} else if (errno != EPERM) {
			return could_not_try("port %u", port);
		}
	}
	close(fd);
	return nr << 32 | sum;
}

static long run_of(long first, long last)
{
	long nr = last - first + 1;

	return nr << 32 | nr * (first + last) / 2;
}

TEST(exactly_the_listed_ports_and_ranges_are_open)
{
	struct tenant *t = tenant_start(
		"ports", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "10.0.0.5",
		"--allowed-outgoing-ports", "1,10-12,1000-2023,32767-32768,65535", NULL);
	long want = run_of(1, 1) + run_of(10, 12) + run_of(1000, 2023) + run_of(32767, 32768) +
		    run_of(65535, 65535);

	EXPECT_EQ(want, inside(t, "ports", "10.0.0.5"));
	EXPECT_EQ(run_of(1, 65535), outside("ports", "10.0.0.5"));
	EXPECT_EQ(65535 - (want >> 32), tenant_counters(t).denied[SN_OP_NET_CONNECT]);
}

/* Eight ranges fit into the policy; a longer list is in a map. */
TEST(a_long_list_of_ports_is_as_exact_as_a_short_one)
{
	struct tenant *t = tenant_start(
		"ports", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "10.0.0.5",
		"--allowed-outgoing-ports",
		"1,10-12,1000-2023,3000,4000-4001,5000,6000-6100,32767-32768,65535", NULL);

	EXPECT_EQ(run_of(1, 1) + run_of(10, 12) + run_of(1000, 2023) + run_of(3000, 3000) +
			  run_of(4000, 4001) + run_of(5000, 5000) + run_of(6000, 6100) +
			  run_of(32767, 32768) + run_of(65535, 65535),
		  inside(t, "ports", "10.0.0.5"));
}

TEST(a_range_ends_where_it_says)
{
	EXPECT_ALLOWED(t1, "reach", "udp-sendto 4 10.0.0.5 20000");
	EXPECT_ALLOWED(t1, "reach", "udp-sendto 4 10.0.0.5 20010");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "reach",
		       "udp-sendto 4 10.0.0.5 19999");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "reach",
		       "udp-sendto 4 10.0.0.5 20011");
}

TEST(every_port_can_be_listed)
{
	struct tenant *t =
		tenant_start("ports", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			     "10.0.0.5", "--allowed-outgoing-ports", "1-65535", NULL);

	EXPECT_ALLOWED(t, "reach", "udp-sendto 4 10.0.0.5 1");
	EXPECT_ALLOWED(t, "reach", "udp-sendto 4 10.0.0.5 65535");
	/* port 0 is in no list; the kernel does not send there either */
	EXPECT_EQ(-EPERM, inside(t, "reach", "udp-sendto 4 10.0.0.5 0"));
	EXPECT_EQ(-EINVAL, outside("reach", "udp-sendto 4 10.0.0.5 0"));
}

/* "SOCKET ADDRESS": connects a datagram socket to port 0, and sends nothing. */
PROBE(ask_for_route)
{
	char address[64];
	struct dest to;
	int family, fd;
	long result;

	if (sscanf(arg, "%d %63s", &family, address) != 2 || !read_dest(address, 0, &to))
		return could_not_try("cannot understand %s", arg);
	fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	result = fd < 0 ? could_not_try("socket") : answer(by_connect(fd, &to));
	close(fd);
	return result;
}

/* So getaddrinfo() puts addresses into order. What is sent there, the egress program drops. */
TEST(a_datagram_socket_may_be_connected_to_port_0_to_ask_for_the_route)
{
	EXPECT_ALLOWED(t1, "ask_for_route", "4 10.0.0.5");
	EXPECT_ALLOWED(t1, "ask_for_route", "4 127.0.0.1");
	EXPECT_ALLOWED(t1, "ask_for_route", "6 fd00::5");
	EXPECT_ALLOWED(t1, "ask_for_route", "6 ::ffff:10.0.0.5");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_EGRESS, SN_NOT_LISTED, "reach",
		       "udp-connect 4 10.0.0.5 0");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_EGRESS, SN_NOT_LISTED, "reach",
		       "udp-connect 6 fd00::5 0");
	EXPECT_EQ(-EPERM, inside(t1, "reach", "udp-sendto 4 10.0.0.5 0"));
	EXPECT_EVENT(t1, SN_OP_NET_SEND, SN_NOT_LISTED);
	EXPECT_EQ(-EPERM, inside(t1, "reach", "tcp-connect 4 10.0.0.5 0"));
	EXPECT_EVENT(t1, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_EQ(-ECONNREFUSED, outside("reach", "tcp-connect 4 10.0.0.5 0"));
}

/* "NAME": how many addresses, in the order of getaddrinfo(), which connects sockets to port 0. */
PROBE(look_up)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all;
	int error = getaddrinfo(arg, NULL, &hints, &all);
	long n = 0;

	if (error)
		return could_not_try("%s", gai_strerror(error));
	for (struct addrinfo *found = all; found; found = found->ai_next)
		n++;
	freeaddrinfo(all);
	return n;
}

TEST(looking_up_a_name_is_refused_no_connection)
{
	long found = inside(t1, "look_up", "localhost");

	EXPECT_EQ(t1->before.denied[SN_OP_NET_CONNECT],
		  tenant_counters(t1).denied[SN_OP_NET_CONNECT]);
	EXPECT_TRUE(found > 0);
	EXPECT_EQ(found, outside("look_up", "localhost"));
}

TEST(two_tenants_have_their_own_lists)
{
	struct tenant *other =
		tenant_start("other", "--dir", "/srv/t10", "--restricted-outgoing-addresses",
			     "10.0.0.6", "--allowed-outgoing-ports", "10003", NULL);

	EXPECT_EQ(-EPERM, inside(other, "reach", "tcp-connect 4 10.0.0.6 %d", LISTED));
	EXPECT_EVENT(other, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_ALLOWED(other, "reach", "tcp-connect 4 10.0.0.6 %d", UNLISTED);
	EXPECT_ALLOWED(other, "reach", "tcp-connect 4 10.0.0.5 %d", UNLISTED);
	EXPECT_ALLOWED(other, "reach", "tcp-connect 4 127.0.0.1 %d", UNLISTED);

	EXPECT_EQ(-EPERM, inside(t1, "reach", "tcp-connect 4 10.0.0.5 %d", UNLISTED));
	EXPECT_EVENT(t1, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_ALLOWED(t1, "reach", "tcp-connect 4 10.0.0.5 %d", LISTED);
	EXPECT_ALLOWED(t1, "reach", "tcp-connect 4 10.0.0.6 %d", UNLISTED);
}

/* ---- self ---- */

TEST(self_is_every_address_of_this_machine)
{
	static const struct {
		int family;
		const char *address;
	} own[] = {
		{ 4, "127.0.0.1" },  { 4, "127.9.9.9" },       { 4, "0.0.0.0" },
		{ 4, "10.0.0.5" },   { 4, "10.0.0.6" },	       { 6, "::1" },
		{ 6, "::" },	     { 6, "fd00::5" },	       { 6, "fd00::6" },
		{ 6, "::10.0.0.5" }, { 6, "::ffff:10.0.0.6" },
	};
	struct tenant *t =
		tenant_start("self", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "self",
			     "--allowed-outgoing-ports", "10002", NULL);

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		expect_reached_on_listed_ports(t, own[i].family, own[i].address);

	/* multicast and broadcast: this machine may be among the listeners */
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "reach",
		       "udp-sendto 4 224.0.0.1 %d", UNLISTED);
	EXPECT_EQ(-EPERM, inside(t, "reach", "udp-sendto 6 ff0e::1 %d", UNLISTED));
	EXPECT_EVENT(t, SN_OP_NET_SEND, SN_NOT_LISTED);
	EXPECT_TRUE(outside("reach", "udp-sendto 6 ff0e::1 %d", UNLISTED) != -EPERM);
	EXPECT_EQ(-EPERM, inside(t, "reach", "udp-sendto 4 255.255.255.255 %d", UNLISTED));
	EXPECT_EVENT(t, SN_OP_NET_SEND, SN_NOT_LISTED);
	EXPECT_TRUE(outside("reach", "udp-sendto 4 255.255.255.255 %d", UNLISTED) != -EPERM);

	/* other machines are free */
	EXPECT_EQ(-ENETUNREACH, inside(t, "reach", "tcp-connect 4 192.0.2.1 22"));
	EXPECT_QUIET(t);
}

static void expect_later_address_is_restricted(struct tenant *t, int family, const char *address)
{
	arrived(udp_unlisted);
	accepted(tcp_unlisted);
	EXPECT_EQ(-EPERM, inside(t, "reach", "udp-sendto %d %s %d", family, address, UNLISTED));
	EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	/* a SYN that is dropped is sent again later: connect() waits for an answer */
	EXPECT_EQ(-EINPROGRESS, inside(t, "try_to_connect", "%s %d", address, UNLISTED));
	t->result = -EPERM;
	EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_TRUE(nothing_arrived(udp_unlisted, UNLISTED));
	EXPECT_EQ(0, accepted(tcp_unlisted));

	EXPECT_EQ(0, outside("try_to_connect", "%s %d", address, UNLISTED));
	EXPECT_EQ(5, outside("reach", "udp-sendto %d %s %d", family, address, UNLISTED));
	EXPECT_EQ(1, accepted(tcp_unlisted));
	EXPECT_EQ(1, arrived(udp_unlisted));
	EXPECT_ALLOWED(t, "try_to_connect", "%s %d", address, LISTED);
	EXPECT_ALLOWED(t, "reach", "udp-sendto %d %s %d", family, address, LISTED);
}

TEST(self_is_also_an_address_that_the_machine_gets_later)
{
	struct tenant *t =
		tenant_start("self", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "self",
			     "--allowed-outgoing-ports", "10002", NULL);

	must_run("ip address add 10.9.9.9/32 dev lo && ip address add fd99::9/128 dev lo nodad");
	expect_later_address_is_restricted(t, 4, "10.9.9.9");
	expect_later_address_is_restricted(t, 6, "fd99::9");
	must_run("ip address del 10.9.9.9/32 dev lo && ip address del fd99::9/128 dev lo");
}

/* "ADDRESS PORT": a datagram whose header has an option that needs no privilege: record the route.
 */
PROBE(send_with_option)
{
	static const unsigned char record_route[12] = { IPOPT_RR, 11, IPOPT_MINOFF };
	static struct iovec word = { "word", 4 };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(record_route))];
	} control = { .header = { .cmsg_level = IPPROTO_IP,
				  .cmsg_type = IP_RETOPTS,
				  .cmsg_len = CMSG_LEN(sizeof(record_route)) } };
	struct msghdr msg = { .msg_iov = &word,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct dest to;
	long result;

	if (fd < 0 || !read_one(arg, &to))
		return could_not_try("cannot understand %s", arg);
	memcpy(CMSG_DATA(&control.header), record_route, sizeof(record_route));
	msg.msg_name = &to.address;
	msg.msg_namelen = to.len;
	result = answer(sendmsg(fd, &msg, 0));
	close(fd);
	return result;
}

TEST(a_packet_with_an_option_is_judged_by_the_ports_behind_it)
{
	struct tenant *t =
		tenant_start("self", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "self",
			     "--allowed-outgoing-ports", "10002", NULL);

	arrived(udp_unlisted);
	must_run("ip address add 10.9.9.9/32 dev lo");
	EXPECT_EQ(-EPERM, inside(t, "send_with_option", "10.9.9.9 %d", UNLISTED));
	EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_TRUE(nothing_arrived(udp_unlisted, UNLISTED));
	EXPECT_EQ(4, outside("send_with_option", "10.9.9.9 %d", UNLISTED));
	EXPECT_EQ(1, arrived(udp_unlisted));
	EXPECT_ALLOWED(t, "send_with_option", "10.9.9.9 %d", LISTED);
	must_run("ip address del 10.9.9.9/32 dev lo");
}

/* ---- answering ---- */

/* "PORT": accepts one connection, answers what it is told, in capitals. */
PROBE(serve_tcp)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(arg)) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), client, one = 1;
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	char text[16];
	ssize_t len;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (void *)&any, sizeof(any)) || listen(fd, 8))
		return answer(-1);
	if (poll(&readable, 1, 20000) != 1)
		return could_not_try("nobody came");
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	close(fd);
	len = recv(client, text, sizeof(text), 0);
	for (ssize_t i = 0; i < len; i++)
		text[i] -= 32;
	len = len < 0 ? answer(len) : answer(send(client, text, len, 0));
	close(client);
	return len;
}

/* In a process of its own: talks to the server that is about to start. Exits with 0 if it heard. */
static pid_t start_client(const char *address, uint16_t port)
{
	struct dest to;
	char text[16] = "";
	pid_t pid;

	read_dest(address, port, &to);
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	for (int i = 0; i < 100; i++) {
		int fd = socket(to.address.ss_family, SOCK_STREAM, 0);

		if (!by_connect(fd, &to))
			_exit(send(fd, "question", 8, 0) != 8 || recv(fd, text, 15, 0) != 8 ||
			      strcmp(text, "QUESTION"));
		close(fd);
		usleep(100000);
	}
	_exit(1);
}

/* The client's port is not in the list, yet the answers get there. */
static void expect_served(struct tenant *t, const char *address)
{
	pid_t client = start_client(address, 18001);
	int status = -1;

	EXPECT_EQ(8, inside(t, "serve_tcp", "18001"));
	EXPECT_QUIET(t);
	EXPECT_EQ(client, waitpid(client, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(a_tenants_server_answers_whoever_connects)
{
	struct tenant *t = tenant_start("self", "--dir", "/srv/t10",
					"--restricted-outgoing-addresses", "self", NULL);

	expect_served(t1, "127.0.0.1");
	expect_served(t1, "::1");
	expect_served(t1, "10.0.0.5");
	expect_served(t, "127.0.0.1");
	expect_served(t, "::1");
	expect_served(t, "10.0.0.6");
}

/* ---- listening ---- */

/*
 * "WHAT FAMILY PORT": binds a TCP socket (and listens) or a UDP one; "none": listens only,
 * "unspec": as TCP, but by an address that does not say its family, which bind() takes for IPv4.
 */
PROBE(listen)
{
	struct dest any;
	unsigned int port;
	char what[16];
	int family, fd, one = 1;
	long result = 0;

	if (sscanf(arg, "%15s %d %u", what, &family, &port) != 3 ||
	    !read_dest(family == 4 ? "0.0.0.0" : "::", port, &any))
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "unspec"))
		any.address.ss_family = AF_UNSPEC;
	fd = socket(family == 4 ? AF_INET : AF_INET6,
		    (strcmp(what, "udp") ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return could_not_try("socket");
	if (strcmp(what, "udp"))
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (strcmp(what, "none"))
		result = answer(bind(fd, (void *)&any.address, any.len));
	if (!result && strcmp(what, "udp") && strcmp(what, "bind"))
		result = answer(listen(fd, 8));
	close(fd);
	return result;
}

TEST(a_tenant_may_listen_on_any_port)
{
	EXPECT_ALLOWED(t1, "listen", "tcp 4 18000");
	EXPECT_ALLOWED(t1, "listen", "tcp 6 18000");
	EXPECT_ALLOWED(t1, "listen", "tcp 4 0");
	EXPECT_ALLOWED(t1, "listen", "none 4 0");
	EXPECT_ALLOWED(t1, "listen", "none 6 0");
	EXPECT_ALLOWED(t1, "listen", "udp 4 18000");
	EXPECT_ALLOWED(t1, "listen", "udp 6 0");
}

TEST(allowed_listen_ports_are_the_only_ones_to_listen_on)
{
	struct tenant *t = tenant_start("listen", "--dir", "/srv/t10", "--allowed-listen-ports",
					"18000,18010-18020", NULL);

	EXPECT_ALLOWED(t, "listen", "tcp 4 18000");
	EXPECT_ALLOWED(t, "listen", "unspec 4 18000");
	EXPECT_ALLOWED(t, "listen", "tcp 6 18010");
	EXPECT_ALLOWED(t, "listen", "tcp 6 18020");
	EXPECT_ALLOWED(t, "listen", "udp 4 18015");
	EXPECT_ALLOWED(t, "listen", "udp 4 0");
	EXPECT_ALLOWED(t, "listen", "udp 6 0");
	EXPECT_ALLOWED(t, "listen", "bind 4 0"); /* as a client may */
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_NOT_LISTED, "listen", "tcp 4 18001");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_NOT_LISTED, "listen", "unspec 4 18001");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_NOT_LISTED, "listen", "tcp 6 18009");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_BIND, SN_NOT_LISTED, "listen", "udp 4 18021");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_LISTEN, SN_NOT_LISTED, "listen", "tcp 4 0");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_LISTEN, SN_NOT_LISTED, "listen", "none 4 0");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_LISTEN, SN_NOT_LISTED, "listen", "none 6 0");
	/* outgoing ports are another list */
	expect_reached(t, 4, "127.0.0.1");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "reach",
		       "tcp-connect 4 127.0.0.1 %d", UNLISTED);
}

/* ---- sockets that were handed over ---- */

/* "FD ADDRESS PORT" */
PROBE(sendto_with)
{
	struct dest to;
	int fd;

	if (!read_kept(arg, &fd, &to))
		return could_not_try("cannot understand %s", arg);
	return answer(by_sendto(fd, &to));
}

TEST(a_datagram_socket_that_was_handed_over_obeys_the_tenants_lists)
{
	struct tenant *t;

	hand_over(socket(AF_INET, SOCK_DGRAM, 0), 40);
	t = tenant_start("kept", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "10.0.0.5",
			 "--allowed-outgoing-ports", "10002", "--keep-fd", "40", NULL);
	EXPECT_ALLOWED(t, "sendto_with", "40 10.0.0.5 %d", LISTED);
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_SEND, SN_NOT_LISTED, "sendto_with", "40 10.0.0.5 %d",
		       UNLISTED);
}

/* "FD ADDRESS PORT": connects, or begins to: the socket does not wait. */
PROBE(reach_by)
{
	struct dest to;
	int fd;

	if (!read_kept(arg, &fd, &to))
		return could_not_try("cannot understand %s", arg);
	return by_connect(fd, &to) && errno != EINPROGRESS ? answer(-1) : 0;
}

/* Its packets pass no egress program of the tenant's. */
TEST(a_datagram_socket_that_was_handed_over_asks_for_no_route)
{
	struct tenant *t;

	hand_over(socket(AF_INET, SOCK_DGRAM, 0), 40);
	t = tenant_start("kept", "--dir", "/srv/t10", "--restricted-outgoing-addresses", "10.0.0.5",
			 "--keep-fd", "40", NULL);
	EXPECT_ALLOWED(t, "reach_by", "40 10.0.0.6 0");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "reach_by", "40 10.0.0.5 0");
}

/* "FD": says something and hears it again. */
PROBE(talk)
{
	char text[8] = "";
	struct pollfd readable = { .fd = atoi(arg), .events = POLLIN };

	if (send(atoi(arg), "hello", 5, MSG_NOSIGNAL) != 5)
		return answer(-1);
	if (poll(&readable, 1, 5000) != 1)
		return could_not_try("no answer");
	return recv(atoi(arg), text, sizeof(text), 0) == 5 && !strcmp(text, "hello") ? 0 : -EBADMSG;
}

/* "FD ADDRESS PORT": lets go of the connection and makes another. */
PROBE(connect_kept_again)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	struct dest to;
	int fd;

	if (!read_kept(arg, &fd, &to))
		return could_not_try("cannot understand %s", arg);
	return connect(fd, &nowhere, sizeof(nowhere)) ? could_not_try("disconnecting")
						      : answer(by_connect(fd, &to));
}

/* Says what it hears, in a process of its own, until the other side has gone. */
static void start_echo(int fd)
{
	char text[64];
	ssize_t len;

	fflush(stdout);
	if (!fork()) {
		while ((len = recv(fd, text, sizeof(text), 0)) > 0)
			send(fd, text, len, MSG_NOSIGNAL);
		_exit(0);
	}
	close(fd);
}

static int connection_to(uint16_t port)
{
	struct dest to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	read_dest("127.0.0.1", port, &to);
	if (fd < 0 || by_connect(fd, &to))
		GIVE_UP("cannot connect to port %d: %s", port, strerror(errno));
	return fd;
}

TEST(a_connection_that_was_handed_over_goes_on_but_leads_nowhere_else)
{
	struct tenant *t;

	accepted(tcp_unlisted);
	hand_over(connection_to(UNLISTED), 40);
	start_echo(accept4(tcp_unlisted, NULL, NULL, SOCK_CLOEXEC));
	t = tenant_start("kept", "--dir", "/srv/t10", "--restricted-outgoing-addresses", RESTRICTED,
			 "--allowed-outgoing-ports", "10002", "--keep-fd", "40", NULL);
	EXPECT_ALLOWED(t, "talk", "40"); /* to a port that is not in the list */
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "connect_kept_again",
		       "40 127.0.0.1 %d", UNLISTED);
	EXPECT_ALLOWED(t, "connect_kept_again", "40 127.0.0.1 %d", LISTED);
}

/* "FD": accepts a connection and says what it hears. */
PROBE(accept_on)
{
	struct pollfd readable = { .fd = atoi(arg), .events = POLLIN };
	char text[16];
	long result;
	int client;

	if (poll(&readable, 1, 5000) != 1)
		return could_not_try("nobody came");
	client = accept4(atoi(arg), NULL, NULL, SOCK_CLOEXEC);
	if (client < 0)
		return answer(client);
	result = recv(client, text, sizeof(text), 0);
	result = result < 0 ? answer(result) : answer(send(client, text, result, 0));
	close(client);
	return result;
}

PROBE(stop_listening)
{
	return answer(shutdown(atoi(arg), SHUT_RD));
}

TEST(a_listening_socket_that_was_handed_over_serves_and_cannot_connect)
{
	int client, fd = listener(SOCK_STREAM, 10020);
	char text[8] = "";
	struct tenant *t;

	hand_over(fd, 40);
	fcntl(40, F_SETFD, 0);
	t = tenant_start("kept", "--dir", "/srv/t10", "--restricted-outgoing-addresses", RESTRICTED,
			 "--keep-fd", "40", NULL);
	client = connection_to(10020);
	send(client, "hello", 5, 0);
	EXPECT_ALLOWED(t, "accept_on", "40");
	EXPECT_EQ(5, recv(client, text, sizeof(text), 0));
	close(client);
	EXPECT_EQ(-EPERM, inside(t, "reach_by", "40 ::1 %d", UNLISTED));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	/* once it listens no more, it is a socket like any other */
	EXPECT_EQ(0, inside(t, "stop_listening", "40"));
	EXPECT_EQ(-EPERM, inside(t, "reach_by", "40 ::1 %d", UNLISTED));
	EXPECT_EVENT(t, SN_OP_NET_CONNECT, SN_NOT_LISTED);
	EXPECT_EQ(0, outside("reach_by", "40 ::1 %d", UNLISTED));
}
