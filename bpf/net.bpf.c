// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network: which sockets exist and where they reach. Hooks and why each:
 *  socket_create	only TCP, UDP, and rtnetlink for reading; no Unix, raw or MPTCP sockets
 *  socket_connect	the destination of a connection
 *  socket_sendmsg	the destination of a datagram; and of MSG_FASTOPEN, which connects without
 *			socket_connect
 *  socket_bind, socket_listen
 *			the tenant's own ports, no names for inherited Unix sockets, no groups of
 *			rtnetlink
 *  socket_setsockopt	only options of the tenant's own socket: none that rewrites the destination
 *			after it was checked, or shares a port with others
 *  netlink_send	two kinds of requests to rtnetlink
 *  cgroup_skb/egress	the header that really leaves: what the hooks above cannot see (control
 *			messages, later messages of sendmmsg(2), addresses that became local since)
 */
#include "hook.bpf.h"
#include <bpf/bpf_endian.h>

/* The destination in a sockaddr; known is false if it is not understood or cannot be read. */
struct sn_dest {
	struct sn_address address;
	__u16 port; /* host byte order */
	bool known;
};

/* struct sockaddr_in and sockaddr_in6 as bytes: family, port, address (and flowinfo before it). */
union sn_sockaddr {
	struct {
		__u16 family;
		__be16 port;
		__be32 v4;
	};
	struct {
		__u16 family6;
		__be16 port6;
		__be32 flowinfo;
		__be64 v6[2];
	};
};

/*
 * A socket keeps its sk until the system call that works on it ends; the kernel relies on that
 * (sock_sendmsg()). So no answer rests on this comparison, which only the verifier needs.
 */
static __always_inline int sn_family_of(struct socket *sock)
{
	struct sock *sk = sock->sk;

	return sk ? sk->__sk_common.skc_family : SN_AF_UNSPEC;
}

/*
 * @sending: udp_sendmsg() takes AF_UNSPEC for AF_INET, while to connect() it means "disconnect". An
 * address shorter than its family's minimum is not understood: the bytes after its end are stale.
 */
static __always_inline struct sn_dest sn_read_dest(const void *addr, int len, bool sending)
{
	union sn_sockaddr sa = {};
	struct sn_dest dest = {};

	if (len >= 24) { /* SIN6_LEN_RFC2133 */
		if (bpf_probe_read_kernel(&sa, 24, addr))
			return dest;
	} else if (len < 16 || bpf_probe_read_kernel(&sa, 16, addr)) {
		return dest;
	}
	dest.port = bpf_ntohs(sa.port);
	if (sa.family == SN_AF_INET || (sending && sa.family == SN_AF_UNSPEC)) {
		dest.address = sn_address_v4(bpf_ntohl(sa.v4));
		dest.known = true;
	}
	if (sa.family == SN_AF_INET6 && len >= 24) {
		dest.address.hi = bpf_be64_to_cpu(sa.v6[0]);
		dest.address.lo = bpf_be64_to_cpu(sa.v6[1]);
		dest.known = true;
	}
	return dest;
}

/* The number of the lowest set bit of @word, which is not 0. BPF has no instruction for it. */
static __always_inline __u32 sn_lowest_bit(__u64 word)
{
	static const __u8 position[64] = {
		0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,
		62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
		63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
		46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
	};

	/* a de Bruijn sequence: its 64 windows of 6 bits are all different */
	return position[((word & -word) * 0x03f79d71b4cb0a89ULL) >> 58];
}

static __always_inline enum sn_found sn_look_up_prefix(const struct sn_policy *pol,
						       struct sn_address prefix, __u32 length)
{
	struct sn_address_key key = { .cgroup_id = pol->scope, .length = length };
	const struct sn_text *text;

	sn_put_address(key.addr, prefix);
	text = bpf_map_lookup_elem(&addresses, &key);
	if (!text)
		return SN_FOUND_NONE;
	return text->text[0] ? SN_FOUND : SN_FOUND_LONGER;
}

/*
 * The cost grows with the logarithm of the number of prefix lengths that the tenant uses, not with
 * the number of tenants or addresses. A BPF function takes no struct by value, hence @hi and @lo.
 */
SN_GLOBAL int sn_in_addresses(const struct sn_policy *pol, __u64 hi, __u64 lo)
{
	return !pol || sn_search_prefixes(pol, (struct sn_address){ hi, lo }, sn_look_up_prefix);
}

/* A search for a port: the prefix lengths still to try, as bits, and what was found. */
struct sn_search {
	__u64 cgroup_id;
	__u32 lengths;
	__u16 port;
	__u8 use;
	bool found;
};

/* By bpf_loop() the verifier checks one step instead of 17. */
static long sn_try_port_length(__u64 step, struct sn_search *s)
{
	struct sn_port_key key = { .cgroup_id = s->cgroup_id, .use = s->use };

	if (!s->lengths)
		return 1;
	key.length = sn_lowest_bit(s->lengths);
	key.port = sn_port_prefix(s->port, key.length);
	s->lengths &= s->lengths - 1;
	s->found = bpf_map_lookup_elem(&ports, &key) != NULL;
	return s->found;
}

static __always_inline bool sn_in_ports(const struct sn_policy *pol, __u16 port, __u8 use)
{
	struct sn_search s = {
		.cgroup_id = pol->scope,
		.lengths = use == SN_PORT_LISTEN ? pol->listen_lengths : pol->port_lengths,
		.port = port,
		.use = use,
	};

	if (!s.lengths)
		return false;
	bpf_loop(17, sn_try_port_length, &s, 0);
	return s.found;
}

static __always_inline bool sn_is_restricted(const struct sn_policy *pol, struct sn_address address)
{
	struct sn_address v4;

	if (sn_address_is_loopback(address))
		return pol->loopback_restricted;
	if (sn_in_addresses(pol, address.hi, address.lo))
		return true;
	if (sn_address_is_v4(address) || !sn_address_carries_v4(address, &v4))
		return false;
	if (sn_address_is_loopback(v4))
		return pol->loopback_restricted;
	return sn_in_addresses(pol, v4.hi, v4.lo);
}

/* May it be reached at a restricted address? */
static __always_inline bool sn_is_listed(const struct sn_policy *pol, __u16 port)
{
	return sn_in_port_ranges(pol, port) || sn_in_ports(pol, port, SN_PORT_OUTGOING);
}

/* Is every destination allowed? Then nothing needs to be looked up. */
static __always_inline bool sn_restricts_nothing(const struct sn_policy *pol)
{
	return !pol->loopback_restricted && !pol->lengths_all;
}

/*
 * Ports come first: they are few, and for a listed port no address is looked up. @restricted: the
 * destination is, whatever its address.
 */
static __always_inline enum sn_why sn_judge_dest(const struct sn_policy *pol,
						 const struct sn_dest *dest, bool restricted)
{
	bool listed;

	if (!restricted && sn_restricts_nothing(pol))
		return SN_ALLOWED;
	listed = sn_is_listed(pol, dest->port);
	restricted = restricted || (!listed && sn_is_restricted(pol, dest->address));
	return sn_decide_destination(restricted, listed);
}

static __always_inline void sn_name_dest(struct sn_ask *ask, const struct sn_dest *dest)
{
	ask->family = SN_AF_INET6;
	ask->address = dest->address;
	ask->port = dest->port;
}

static __noinline enum sn_why sn_ask_about_dest(const struct sn_policy *pol, struct sn_ask *ask,
						const struct sn_dest *dest)
{
	sn_name_dest(ask, dest);
	return sn_judge_dest(pol, dest, false);
}

/*
 * Completes a refusal: which system call was it, and is it a known one? The C library tries nscd by
 * its Unix socket before it looks up a name or a user, which node does in threads of libuv's pool.
 * Any Unix socket from a thread other than the main one looks the same, and is counted and shown as
 * known. Nothing is granted either way.
 */
static __always_inline void sn_name_socket(struct sn_ask *ask, int family, int type)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (sn_in_socketpair())
		ask->op = SN_OP_NET_SOCKETPAIR;
	else if (family == SN_AF_UNIX && type == SN_SOCK_STREAM && id >> 32 != (__u32)id)
		ask->known = SN_KNOWN_NSCD;
}

/*
 * A socket that the kernel makes for itself, such as an SMB connection, is no act of the tenant.
 * But for a core dump the kernel connects, as the tenant, to the Unix socket that core_pattern
 * names, whatever the limit of core files (fs/coredump.c, since 6.16): the tenant's memory would
 * leave.
 */
SN_HOOK(socket_create, int family, int type, int protocol, int kern)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask = { .op = SN_OP_NET_SOCKET, .number = family };

	if (!pol || (kern && family != SN_AF_UNIX))
		return 0;
	ask.why = sn_decide_socket(family, type, protocol);
	if (ask.why != SN_ALLOWED && !kern)
		sn_name_socket(&ask, family, type);
	return sn_finish(pol, &ask);
}

/* Do the packets of this socket pass sn_egress()? They do if a tenant's process made it. */
static __always_inline bool sn_made_by_tenant(const struct sn_policy *pol, struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct cgroup *cgroup;

	if (!sk)
		return false;
	cgroup = sk->sk_cgrp_data.cgroup;
	return sn_is_cgroup_of(pol, cgroup);
}

/* The socket's own port; 0: it has none yet. */
static __always_inline __u16 sn_port_of(struct socket *sock)
{
	struct sock *sk = sock->sk;

	return sk ? sk->__sk_common.skc_num : 0;
}

/* Does it take a port that other sockets may have as well? */
static __always_inline bool sn_shares(struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk);

	return BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport) ||
	       (sock->type != SN_SOCK_STREAM &&
		BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse));
}

/*
 * A datagram socket without a port gets one when it connects or sends, as by bind() to port 0.
 * Without a list of ports no socket of a tenant shares: see sn_socket_setsockopt().
 */
static __always_inline bool sn_would_share_any(const struct sn_policy *pol, struct socket *sock)
{
	return pol->listen_restricted && sock->type != SN_SOCK_STREAM && !sn_port_of(sock) &&
	       sn_shares(sock);
}

static __always_inline void sn_refuse_to_share(struct sn_ask *ask)
{
	ask->op = SN_OP_NET_BIND;
	ask->why = SN_NOT_LISTED;
}

/*
 * getaddrinfo() connects datagram sockets to port 0, to learn the address that the kernel would
 * send from, and sends nothing. A packet sent nevertheless is judged by sn_egress().
 */
static __always_inline enum sn_why sn_ask_to_reach(const struct sn_policy *pol, struct sn_ask *ask,
						   struct socket *sock, const struct sn_dest *dest)
{
	enum sn_why why = sn_ask_about_dest(pol, ask, dest);

	if (why == SN_NOT_LISTED && !dest->port && sock->type == SN_SOCK_DGRAM &&
	    sn_made_by_tenant(pol, sock))
		return SN_ALLOWED;
	return why;
}

#define SN_SOCK_BINDPORT_LOCK 8 /* include/net/sock.h: the port was asked for by bind() */

static __always_inline bool sn_keeps_port(struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk);
	__u64 locks = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks);

	return locks & SN_SOCK_BINDPORT_LOCK;
}

/*
 * A connected datagram socket has the local address that the kernel chose, and other sockets may
 * bind its port on other addresses. When it disconnects, it keeps a port that it asked for but
 * loses the address and the device, and the kernel does not check who has that port by now:
 * connected again, to a peer of a service, it would receive what is meant for the service.
 */
static __always_inline enum sn_why sn_ask_to_disconnect(struct socket *sock)
{
	return sn_decide_to_disconnect(sock->type, sn_keeps_port(sock));
}

SN_HOOK(socket_connect, struct socket *sock, struct sockaddr *address, int len)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	struct sn_dest dest;
	__u16 family = 0;
	int own;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_NET_CONNECT };
	own = sn_family_of(sock);
	ask.number = own;
	ask.why = SN_FAMILY;
	if (own == SN_AF_NETLINK)
		ask.why = SN_ALLOWED; /* to the kernel; to a process it takes CAP_NET_ADMIN */
	if (own != SN_AF_INET && own != SN_AF_INET6)
		return sn_finish(pol, &ask);

	dest = sn_read_dest(address, len, false);
	if (dest.known && sn_would_share_any(pol, sock))
		sn_refuse_to_share(&ask);
	else if (dest.known)
		ask.why = sn_ask_to_reach(pol, &ask, sock, &dest);
	else if (len >= 2 && !bpf_probe_read_kernel(&family, 2, address) && family == SN_AF_UNSPEC)
		ask.why = sn_ask_to_disconnect(sock);
	return sn_finish(pol, &ask);
}

/*
 * A control message may bring a routing header, which only sn_egress() sees. So may the later
 * messages of a sendmmsg(2): for those to the same address the kernel does not call the hook again.
 * So if anything is restricted, an IPv6 datagram socket that was handed over sends only to where it
 * is connected.
 */
static __always_inline bool sn_may_lead_elsewhere(const struct sn_policy *pol, struct socket *sock)
{
	if (sn_restricts_nothing(pol) || sock->type == SN_SOCK_STREAM)
		return false;
	return !sn_made_by_tenant(pol, sock);
}

/* Does it send on a stream, which leads to where it was connected? */
static __always_inline bool sn_goes_on(struct socket *sock, struct msghdr *msg)
{
	return sock->type == SN_SOCK_STREAM && !msg->msg_name;
}

static __noinline int sn_ask_to_send(struct socket *sock, struct msghdr *msg)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	struct sn_dest dest;
	int own;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_NET_SEND };
	own = sn_family_of(sock);
	ask.number = own;
	ask.why = SN_FAMILY;
	/* no address: to where it was connected, by the tenant or before it was handed over */
	if (!msg->msg_name || own == SN_AF_NETLINK)
		ask.why = SN_ALLOWED;
	if (own == SN_AF_INET6 && (msg->msg_name || msg->msg_controllen) &&
	    sn_may_lead_elsewhere(pol, sock)) {
		ask.why = SN_FAMILY;
		return sn_finish(pol, &ask);
	}
	if (own != SN_AF_INET && own != SN_AF_INET6)
		return sn_finish(pol, &ask);
	if (sn_would_share_any(pol, sock))
		sn_refuse_to_share(&ask);
	if (!msg->msg_name || ask.op != SN_OP_NET_SEND)
		return sn_finish(pol, &ask);

	dest = sn_read_dest(msg->msg_name, msg->msg_namelen, true);
	if (dest.known)
		ask.why = sn_ask_about_dest(pol, &ask, &dest);
	return sn_finish(pol, &ask);
}

SN_HOOK(socket_sendmsg, struct socket *sock, struct msghdr *msg)
{
	if (sn_goes_on(sock, msg) && sn_find_home(sn_current_cgroup()))
		return 0;
	return sn_ask_to_send(sock, msg);
}

/* The answer to bind() of a netlink socket, by its address. */
static __always_inline enum sn_why sn_ask_about_groups(const void *address, int len)
{
	struct {
		__u16 family;
		__u16 pad;
		__u32 pid;
		__u32 groups;
	} name = {}; /* struct sockaddr_nl */

	if (len < (int)sizeof(name) || bpf_probe_read_kernel(&name, sizeof(name), address))
		return SN_UNKNOWN;
	return sn_decide_netlink_bind(name.groups);
}

SN_HOOK(socket_bind, struct socket *sock, struct sockaddr *address, int len)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	struct sn_dest dest;
	int own;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_NET_BIND };
	own = sn_family_of(sock);
	ask.number = own;
	ask.why = own == SN_AF_NETLINK ? sn_ask_about_groups(address, len) : SN_FAMILY;
	if (own != SN_AF_INET && own != SN_AF_INET6)
		return sn_finish(pol, &ask);

	dest = sn_read_dest(address, len, true); /* inet_bind() takes AF_UNSPEC for AF_INET */
	if (dest.known) {
		sn_name_dest(&ask, &dest);
		ask.why =
			sn_decide_bind(pol, dest.port, sn_in_ports(pol, dest.port, SN_PORT_LISTEN),
				       sn_shares(sock));
	}
	return sn_finish(pol, &ask);
}

/* listen() without bind() takes any free port; skc_num is 0 then. */
SN_HOOK(socket_listen, struct socket *sock)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;
	int own;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_NET_LISTEN, .why = SN_FAMILY };
	own = sn_family_of(sock);
	ask.number = own;
	if (own == SN_AF_INET || own == SN_AF_INET6) {
		ask.port = sn_port_of(sock);
		ask.why = sn_decide_listen(
			pol, ask.port, sn_in_ports(pol, ask.port, SN_PORT_LISTEN), sn_shares(sock));
	}
	return sn_finish(pol, &ask);
}

SN_HOOK(socket_setsockopt, struct socket *sock, int level, int name)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask;

	if (!pol)
		return 0;
	ask = (struct sn_ask){ .op = SN_OP_NET_SETSOCKOPT, .number = name };
	if (sn_sockopt_shares(level, name, sock->type)) {
		ask.port = sn_port_of(sock);
		ask.why = sn_decide_to_share(
			pol, ask.port, sn_in_ports(pol, ask.port, SN_PORT_LISTEN),
			sn_shares_what_it_was_given(name, !sn_made_by_tenant(pol, sock),
						    sn_keeps_port(sock)));
	} else {
		ask.why = sn_decide_sockopt(level, name);
	}
	return sn_finish(pol, &ask);
}

#define SN_RTNETLINK_BYTES 17

SN_HOOK(netlink_send, struct sock *sk, struct sk_buff *skb)
{
	const struct sn_policy *pol = sn_current_policy();
	struct sn_ask ask = { .op = SN_OP_NET_NETLINK };
	struct {
		__u32 len;
		__u16 type;
		__u16 flags;
		__u32 seq;
		__u32 pid;
		__u8 family;
	} message = {}; /* struct nlmsghdr, and the first member of struct rtgenmsg and others */

	if (!pol)
		return 0;
	/* one message in a call: rtnetlink_rcv() would handle a second one after it */
	if (!bpf_probe_read_kernel(&message, SN_RTNETLINK_BYTES, skb->data) &&
	    message.len + 3 >= skb->len && skb->len >= SN_RTNETLINK_BYTES) {
		ask.number = message.type;
		ask.why = sn_decide_rtnetlink(&(struct sn_rtnetlink){
			.len = message.len, .type = message.type, .family = message.family });
	}
	/* a socket handed over may be of another netlink protocol, with other requests */
	if (sk->sk_protocol != 0)
		ask.why = SN_FAMILY;
	return sn_finish(pol, &ask);
}

/* ---- the header on the wire ---- */

struct sn_packet {
	struct sn_dest dest;
	__u32 transport; /* offset of the transport header */
	__u8 protocol;
	bool opens; /* a TCP segment that opens a connection */
};

/* IPv6 extension headers that may precede the transport header (RFC 8200, 4). */
#define SN_EXTENSIONS_MAX 8

static __always_inline bool sn_skip_extensions(struct __sk_buff *skb, struct sn_packet *packet)
{
	for (int i = 0; i < SN_EXTENSIONS_MAX; i++) {
		__u8 header[2];

		if (packet->protocol != 0 && packet->protocol != 43 && packet->protocol != 44 &&
		    packet->protocol != 60)
			return true;
		if (bpf_skb_load_bytes(skb, packet->transport, header, 2))
			return false;
		/* a fragment header is 8 bytes, the others say how long they are */
		packet->transport += packet->protocol == 44 ? 8 : (header[1] + 1) * 8;
		packet->protocol = header[0];
	}
	return false;
}

static __always_inline bool sn_read_ip(struct __sk_buff *skb, struct sn_packet *packet)
{
	__u8 header[20]; /* all of IPv4's, and of IPv6's as far as its protocol */
	__be64 v6[2];
	__be32 v4;

	if (bpf_skb_load_bytes(skb, 0, header, sizeof(header)))
		return false;
	if (header[0] >> 4 == 4) {
		__builtin_memcpy(&v4, header + 16, sizeof(v4));
		packet->protocol = header[9];
		packet->dest.address = sn_address_v4(bpf_ntohl(v4));
		packet->transport = (header[0] & 15) * 4;
		return true;
	}
	if (header[0] >> 4 != 6 || bpf_skb_load_bytes(skb, 24, v6, sizeof(v6)))
		return false;
	packet->protocol = header[6];
	packet->dest.address.hi = bpf_be64_to_cpu(v6[0]);
	packet->dest.address.lo = bpf_be64_to_cpu(v6[1]);
	packet->transport = 40;
	return sn_skip_extensions(skb, packet);
}

/* SYN without ACK */
static __always_inline bool sn_tcp_opens(__u8 flags)
{
	return (flags & 0x12) == 0x02;
}

/* Any packet, by helpers that copy it from wherever it lies. */
static __noinline bool sn_read_packet(struct __sk_buff *skb, struct sn_packet *packet)
{
	__u8 header[14]; /* of TCP as far as its flags */
	__be16 port;

	if (!sn_read_ip(skb, packet))
		return false;
	if (packet->protocol == SN_IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, packet->transport, header, sizeof(header)))
			return false;
		packet->opens = sn_tcp_opens(header[13]);
	} else if (packet->protocol == SN_IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, packet->transport, header, 4))
			return false;
	} else {
		return true;
	}
	__builtin_memcpy(&port, header + 2, sizeof(port));
	packet->dest.port = bpf_ntohs(port);
	return true;
}

/*
 * Fast path: TCP or UDP after an IP header without options or extensions, in the linear part of the
 * packet, as nearly all are. False for any other, which sn_read_packet() reads.
 */
static __always_inline bool sn_read_plain_packet(struct __sk_buff *skb, struct sn_packet *packet)
{
	const __u8 *ip = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const __u8 *transport;

	if (ip + 28 > end) /* the shortest headers of IPv4 and UDP */
		return false;
	if (ip[0] == 0x45) {
		packet->protocol = ip[9];
		packet->dest.address = sn_address_v4(bpf_ntohl(*(const __be32 *)(ip + 16)));
		transport = ip + 20;
	} else if (ip[0] >> 4 == 6 && ip + 40 <= end) {
		packet->protocol = ip[6];
		packet->dest.address.hi = bpf_be64_to_cpu(*(const __be64 *)(ip + 24));
		packet->dest.address.lo = bpf_be64_to_cpu(*(const __be64 *)(ip + 32));
		transport = ip + 40;
	} else {
		return false;
	}
	packet->opens = false;
	if (packet->protocol == SN_IPPROTO_TCP) {
		if (transport + 14 > end)
			return false;
		packet->opens = sn_tcp_opens(transport[13]);
	} else if (packet->protocol != SN_IPPROTO_UDP || transport + 4 > end) {
		return false;
	}
	packet->dest.port = bpf_ntohs(*(const __be16 *)(transport + 2));
	return true;
}

/* Does it belong to a connection that a peer opened, or that was checked when it was opened? */
static __always_inline bool sn_is_answer(const struct sn_packet *packet)
{
	return packet->protocol == SN_IPPROTO_TCP && !packet->opens;
}

static __always_inline __u64 sn_join(__be32 high, __be32 low)
{
	return (__u64)bpf_ntohl(high) << 32 | bpf_ntohl(low);
}

/*
 * Is the SYN with that sequence number the last packet that its socket has sent, for the connection
 * that it has now? Sequence numbers can be reached again, the time of sending cannot. After another
 * connect() nothing is sent yet (TCP_FASTOPEN_CONNECT); when the new SYN counts as sent, and its
 * time is not yet set, its sequence number is.
 */
static __always_inline bool sn_is_last_sent(const struct tcp_sock *tcp, struct __sk_buff *skb,
					    __u32 seq)
{
	return tcp->tcp_wstamp_ns == skb->tstamp && tcp->packets_out && tcp->snd_una == seq;
}

/*
 * Where the socket behind a SYN is connected to: what connect() asked for, whatever the machine's
 * own translation (NAT) has made of it since. The headers must be plain: an IPv4 option or an IPv6
 * extension header is how a socket sends to somewhere else by itself.
 *
 * Netfilter may have kept the packet for a while (NFQUEUE), and the socket may lead elsewhere by
 * now. connect() sets that before it sends anything, so it is read before the packet is compared.
 */
static __always_inline bool sn_read_connected(struct __sk_buff *skb, struct sn_dest *dest)
{
	const volatile struct bpf_sock *sk = skb->sk;
	const struct tcp_sock *tcp;
	__u8 version;
	__be32 seq;

	if (!sk || bpf_skb_load_bytes(skb, 0, &version, sizeof(version)))
		return false;
	version >>= 4;
	tcp = bpf_skc_to_tcp_sock((void *)sk);
	if (!tcp || bpf_skb_load_bytes(skb, version == 4 ? 24 : 44, &seq, sizeof(seq)))
		return false;
	dest->port = bpf_ntohs(sk->dst_port);
	if (version == 4) {
		dest->address = sn_address_v4(bpf_ntohl(sk->dst_ip4));
	} else {
		dest->address.hi = sn_join(sk->dst_ip6[0], sk->dst_ip6[1]);
		dest->address.lo = sn_join(sk->dst_ip6[2], sk->dst_ip6[3]);
	}
	barrier();
	return sn_is_last_sent(tcp, skb, bpf_ntohl(seq));
}

/* Is it a connection that was granted by name, and that the machine has translated since? */
static __noinline bool sn_was_granted(struct __sk_buff *skb, const struct sn_policy *pol)
{
	struct sn_dest dest = {};
	bool listed;

	if (!sn_read_connected(skb, &dest))
		return false;
	listed = sn_is_listed(pol, dest.port);
	return sn_decide_translated(listed && sn_is_restricted(pol, dest.address), listed) ==
	       SN_ALLOWED;
}

/*
 * The answer to a packet that is refused. The event has no process: when a packet leaves, current
 * need not be the sender.
 */
static __noinline int sn_drop(const struct sn_policy *pol, const struct sn_packet *packet,
			      enum sn_why why)
{
	struct sn_ask ask = { .op = SN_OP_NET_EGRESS, .why = why };
	struct sn_event *ev;

	if (packet) {
		ask.number = packet->protocol;
		sn_name_dest(&ask, &packet->dest);
	}
	ev = sn_event_begin(pol, &ask, sn_errno(ask.op, why));
	if (ev)
		bpf_ringbuf_submit(ev, 0);
	return sn_is_observed(pol);
}

struct sn_sender {
	struct __sk_buff *skb;
	__u64 found;
};

/* From the root down, so that the nearest ancestor of the sender's cgroup is found last. */
static long sn_try_level(__u64 level, struct sn_sender *sender)
{
	__u64 id = bpf_skb_ancestor_cgroup_id(sender->skb, level);

	if (sn_policy_of(id))
		sender->found = id;
	return !id;
}

#define SN_LEVELS_MAX (1 << 20) /* a cgroup cannot be as deep */

/* As sn_marked_policy(), for the cgroup of the socket that sends the packet. */
static __noinline const struct sn_policy *sn_policy_of_sender(struct __sk_buff *skb)
{
	struct sn_sender sender = { .skb = skb };

	bpf_loop(SN_LEVELS_MAX, sn_try_level, &sender, 0);
	return sn_policy_of(sender.found);
}

/* 1: the packet leaves; 0: it is dropped, and a sender that waits for the result gets EPERM. */
SEC("cgroup_skb/egress")
int sn_egress(struct __sk_buff *skb)
{
	__u64 id = bpf_skb_cgroup_id(skb);
	struct sn_packet packet;
	bool plain = sn_read_plain_packet(skb, &packet);
	const struct sn_policy *pol;
	enum sn_why why;

	if (plain && sn_is_answer(&packet) && sn_find_home(id))
		return 1;
	pol = sn_policy_of(id);
	if (!pol)
		pol = sn_policy_of_sender(skb);
	if (!pol)
		return sn_drop(&sn_no_policy, NULL, SN_NO_POLICY);
	if (!pol->safe_mode)
		return sn_drop(pol, NULL, SN_NO_POLICY);
	if (!plain) {
		packet = (struct sn_packet){};
		if (!sn_read_packet(skb, &packet))
			return sn_drop(pol, NULL, SN_UNKNOWN);
	}
	if (sn_is_answer(&packet))
		return 1;
	/* whatever goes to this machine, by any of its addresses, leaves through loopback */
	why = sn_judge_dest(pol, &packet.dest, pol->self_restricted && skb->ifindex == 1);
	if (why == SN_ALLOWED || (plain && packet.opens && sn_was_granted(skb, pol)))
		return 1;
	return sn_drop(pol, &packet, why);
}
