// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network: which sockets exist and where they reach. Hooks and why each:
 *  socket_create	only TCP and UDP, and rtnetlink to read; so no Unix sockets, raw, MPTCP, ...
 *  socket_connect	the destination of a connection
 *  socket_sendmsg	the destination of a datagram; and of MSG_FASTOPEN, which connects without
 *			socket_connect
 *  socket_bind, socket_listen
 *			the tenant's own ports, no names for inherited Unix sockets, no groups of
 *			rtnetlink
 *  socket_setsockopt	only options of the tenant's own socket: none that rewrites the destination
 *			after it was checked, or shares a port with others
 *  netlink_send	two questions to rtnetlink
 *  cgroup_skb/egress	the header that really leaves: what the hooks above cannot see (control
 *			messages, the tail of sendmmsg(2), addresses that became local later)
 */
#include "hook.bpf.h"
#include <bpf/bpf_endian.h>

/* Where a sockaddr leads; known is false when it is not understood, or not read in full. */
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
 * A socket that a system call works on has its sk until that call ends: the kernel itself relies on
 * it (sock_sendmsg), so no answer rests on this comparison, which only the verifier asks for.
 */
static __always_inline int sn_family_of(struct socket *sock)
{
	struct sock *sk = sock->sk;

	return sk ? sk->__sk_common.skc_family : SN_AF_UNSPEC;
}

/*
 * @sending: udp_sendmsg() takes AF_UNSPEC for AF_INET, where connect() takes it for "disconnect".
 * A length below the family's minimum is not understood: the bytes behind it are stale.
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

/* The number of the lowest set bit of @word, which is not 0: there is no such BPF instruction. */
static __always_inline __u32 sn_lowest_bit(__u64 word)
{
	static const __u8 position[64] = {
		0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,
		62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
		63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
		46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
	};

	/* a de Bruijn sequence: each of its 64 windows of 6 bits is another number */
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
 * The cost follows the logarithm of how many prefix lengths the tenant uses, not how many tenants
 * or addresses there are. Two numbers, for a function of its own takes no struct by value.
 */
static __noinline bool sn_in_addresses(const struct sn_policy *pol, __u64 hi, __u64 lo)
{
	return sn_search_prefixes(pol, (struct sn_address){ hi, lo }, sn_look_up_prefix);
}

/* A search for a port: the prefix lengths still to try, as bits, and what was found. */
struct sn_search {
	__u64 cgroup_id;
	__u32 lengths;
	__u16 port;
	__u8 use;
	bool found;
};

/* bpf_loop() lets the verifier look at one step instead of 17. */
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

/* Nothing to look up: whatever the destination, it is allowed. */
static __always_inline bool sn_restricts_nothing(const struct sn_policy *pol)
{
	return !pol->loopback_restricted && !pol->lengths_all;
}

/*
 * The ports come first: they are few, and where all goes to a listed one no address is looked up.
 * @restricted: the destination is, whatever its address.
 */
static __always_inline enum sn_why sn_judge_dest(const struct sn_policy *pol,
						 const struct sn_dest *dest, bool restricted)
{
	bool listed;

	if (!restricted && sn_restricts_nothing(pol))
		return SN_ALLOWED;
	listed = sn_in_port_ranges(pol, dest->port) ||
		 sn_in_ports(pol, dest->port, SN_PORT_OUTGOING);
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
 * What is refused, exactly. The C library asks nscd by its Unix socket before it looks up a name or
 * a user: node does that in threads of libuv's pool. Whoever opens one from a thread of its own
 * looks the same, so that its refusals are counted and shown as known, too; the main thread's never
 * are. Nothing is granted either way.
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
 * What the kernel makes for itself, such as an SMB connection, is no act of the tenant. But for a
 * core dump it connects as the tenant to the Unix socket that core_pattern names, whatever the
 * limit of core files (fs/coredump.c, since 6.16), and the tenant's memory would go outside.
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

/* Whether the packets of this socket pass sn_egress(): those of the cgroup where it was made do. */
static __always_inline bool sn_made_by_tenant(const struct sn_policy *pol, struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct cgroup *cgroup;

	if (!sk)
		return false;
	cgroup = sk->sk_cgrp_data.cgroup;
	return cgroup->kn->id == pol->cgroup_id || sn_is_cgroup_of(pol, cgroup);
}

/* The port that the socket has; 0: none yet. */
static __always_inline __u16 sn_port_of(struct socket *sock)
{
	struct sock *sk = sock->sk;

	return sk ? sk->__sk_common.skc_num : 0;
}

/* Whether it takes a port that others have, too. */
static __always_inline bool sn_shares(struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk);

	return BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport) ||
	       (sock->type != SN_SOCK_STREAM &&
		BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse));
}

/*
 * A datagram socket without a port gets one when it connects or sends, by the same rules as from
 * bind() to port 0. Without a list of ports no tenant's socket shares: sn_socket_setsockopt().
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
 * getaddrinfo() connects datagram sockets to port 0 to learn which address the kernel would send
 * from, and sends nothing. What is sent nevertheless, sn_egress() judges by that port.
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

#define SN_SOCK_BINDPORT_LOCK 8 /* include/net/sock.h: bind() was asked for this port */

/*
 * While a datagram socket is connected it has the address that the kernel sends from, and others
 * may bind its port of another address. Disconnected, it keeps a port that it asked for, but gives
 * that address back, and its device, and the kernel does not look who is there by now: connected
 * again, to whom a service speaks, it would get what comes for that.
 */
static __always_inline enum sn_why sn_ask_to_disconnect(struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk);
	__u64 locks = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks);

	return sn_decide_to_disconnect(sock->type, locks & SN_SOCK_BINDPORT_LOCK);
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
		ask.why = SN_ALLOWED; /* to the kernel; another process's needs CAP_NET_ADMIN */
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
 * A control message may bring a routing header, which only sn_egress() sees; the tail of
 * sendmmsg(2) may, too, and about messages to an address that was asked about already the kernel
 * does not ask again. So a datagram socket over IPv6 that somebody else made can be used where it
 * is connected to, and no further, once there is something to restrict.
 */
static __always_inline bool sn_may_lead_elsewhere(const struct sn_policy *pol, struct socket *sock)
{
	if (sn_restricts_nothing(pol) || sock->type == SN_SOCK_STREAM)
		return false;
	return !sn_made_by_tenant(pol, sock);
}

/* Is it a stream, which leads to where connect() went? Or one that the server handed over. */
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
	/* no address: to where connect() went, or over a socket that the server handed over */
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

/* Of a bind() address of netlink. */
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

	dest = sn_read_dest(address, len, true); /* inet_bind() takes AF_UNSPEC for AF_INET, too */
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
		ask.why = sn_decide_to_share(pol, ask.port,
					     sn_in_ports(pol, ask.port, SN_PORT_LISTEN));
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
	} message = {}; /* struct nlmsghdr, and what is behind it in struct rtgenmsg and others */

	if (!pol)
		return 0;
	/* one message a call: rtnetlink_rcv() would go on to a second one behind it */
	if (!bpf_probe_read_kernel(&message, SN_RTNETLINK_BYTES, skb->data) &&
	    message.len + 3 >= skb->len && skb->len >= SN_RTNETLINK_BYTES) {
		ask.number = message.type;
		ask.why = sn_decide_rtnetlink(&(struct sn_rtnetlink){
			.len = message.len, .type = message.type, .family = message.family });
	}
	/* the same numbers mean something else to another protocol, of a socket handed over */
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

/* IPv6 extension headers that may stand before the transport header (RFC 8200, 4). */
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

/* Any packet: the kernel copies its parts together. */
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
 * A packet as nearly all are, read where it lies: TCP or UDP behind a header of IP without options
 * or extensions, all of it in the linear part. False for any other, which sn_read_packet() reads.
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

/* On a connection that somebody opened to the tenant, or that was checked when it was opened? */
static __always_inline bool sn_is_answer(const struct sn_packet *packet)
{
	return packet->protocol == SN_IPPROTO_TCP && !packet->opens;
}

/* Whichever process is current when a packet leaves, it need not be the sender. */
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
	return 0;
}

/* 1 lets the packet leave, 0 drops it; the sender sees EPERM where it waits for the result. */
SEC("cgroup_skb/egress")
int sn_egress(struct __sk_buff *skb)
{
	__u64 id = bpf_skb_ancestor_cgroup_id(skb, sn_parent_level + 1);
	struct sn_packet packet;
	bool plain = sn_read_plain_packet(skb, &packet);
	const struct sn_policy *pol;
	enum sn_why why;

	if (plain && sn_is_answer(&packet) && sn_find_home(id))
		return 1;
	pol = sn_policy_of(id);
	if (!pol)
		return sn_drop((const struct sn_policy *)&sn_no_policy, NULL, SN_NO_POLICY);
	if (!pol->safe_mode)
		return sn_drop(pol, NULL, SN_NO_POLICY);
	if (!plain) {
		packet = (struct sn_packet){};
		if (!sn_read_packet(skb, &packet))
			return sn_drop(pol, NULL, SN_UNKNOWN);
	}
	if (sn_is_answer(&packet))
		return 1;
	/* the loopback device carries what goes to any address of this machine */
	why = sn_judge_dest(pol, &packet.dest, pol->self_restricted && skb->ifindex == 1);
	return why == SN_ALLOWED ? 1 : sn_drop(pol, &packet, why);
}
