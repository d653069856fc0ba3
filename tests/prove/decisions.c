// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever decide.h is asked, the answer is a verdict, and never by having forgotten one; a refusal
 * is always an error; and what must not be allowed is not, for every value of every argument.
 */
#include "prove.h"

/* Counts as a decision: SN_UNKNOWN is what nobody decided. */
static bool is_verdict(enum sn_why why)
{
	return why > SN_UNKNOWN && why < SN_WHY_NR;
}

static void refusals_are_errors(void)
{
	enum sn_op op = nondet_u16(); /* as many as an event can tell */
	enum sn_why why = nondet_u16();
	int error = sn_errno(op, why);

	PROVE(error < 0 && error > -4096);
	/* the kernel would try for ever */
	IMPLIES(op == SN_OP_TASK_KILL, error != -SN_ESRCH);
}

static void files(void)
{
	uint32_t have = nondet_u32(), need = nondet_u32(), mode = nondet_u32();
	uint32_t type = mode & SN_S_IFMT;
	enum sn_why why = sn_decide_file(have, need);

	PROVE(is_verdict(why));
	PROVE((why == SN_ALLOWED) == !(need & ~have));
	IMPLIES(!have && need, why == SN_OUTSIDE);

	IMPLIES(type != SN_S_IFCHR, !sn_device_access(mode, nondet_u32()));
	PROVE(!(sn_device_access(mode, nondet_u32()) &
		~(SN_MAY_STAT | SN_MAY_READ | SN_MAY_WRITE)));

	why = sn_decide_mknod(mode);
	PROVE(is_verdict(why));
	IMPLIES(why == SN_ALLOWED, !type || type == SN_S_IFREG || type == SN_S_IFIFO);
	IMPLIES(why == SN_ALLOWED, !(mode & (SN_S_ISUID | SN_S_ISGID)));
	PROVE(sn_watch_needs(nondet_u64()) & SN_MAY_READ);
}

static void descriptors(void)
{
	uint32_t cmd = nondet_u32(), flags = nondet_u32(), request = nondet_u32();
	uint64_t arg = nondet_u64();
	bool readable = nondet_bool();
	enum sn_why why = sn_decide_fcntl(cmd, arg, flags);

	PROVE(is_verdict(why));
	IMPLIES(cmd == 4 && why == SN_ALLOWED, !(arg & SN_O_ASYNC));
	IMPLIES(cmd == 4 && why == SN_ALLOWED, !(flags & SN_O_APPEND) || arg & SN_O_APPEND);
	IMPLIES(cmd == 4 && why == SN_ALLOWED, flags & SN_O_DIRECT || !(arg & SN_O_DIRECT));

	why = sn_decide_ioctl(request, readable);
	PROVE(is_verdict(why));
	IMPLIES(sn_ioctl_sets_modes(request) && why == SN_ALLOWED, readable);
	IMPLIES(request == 0x5412 /* TIOCSTI */, why != SN_ALLOWED);
}

static void attributes(void)
{
	char name[8];

	name[7] = '\0';
	PROVE(is_verdict(sn_decide_xattr_name(name)));
	IMPLIES(!memcmp(name, "securit", 7), sn_decide_xattr_name(name) != SN_ALLOWED);
	IMPLIES(!memcmp(name, "trusted", 7), sn_decide_xattr_name(name) != SN_ALLOWED);
}

static void sockets(void)
{
	int family = nondet_int(), type = nondet_int(), protocol = nondet_int();
	int level = nondet_int(), name = nondet_int();
	enum sn_why why = sn_decide_socket(family, type, protocol);

	PROVE(is_verdict(why));
	IMPLIES(why == SN_ALLOWED,
		family == SN_AF_INET || family == SN_AF_INET6 || family == SN_AF_NETLINK);
	IMPLIES(why == SN_ALLOWED && type == SN_SOCK_RAW, family == SN_AF_NETLINK && !protocol);

	why = sn_decide_sockopt(level, name);
	PROVE(is_verdict(why));
	/* by which a port is shared, whatever the socket: the other question decides */
	IMPLIES(sn_sockopt_shares(level, name, SN_SOCK_STREAM), why != SN_ALLOWED);
	PROVE(is_verdict(sn_decide_to_disconnect(type, nondet_bool())));
	PROVE(is_verdict(sn_decide_netlink_bind(nondet_u32())));
}

static void ports(void)
{
	struct sn_policy policy = nondet_policy();
	uint16_t port = nondet_u16();
	bool listed = nondet_bool(), shares = nondet_bool(), given = nondet_bool();
	enum sn_why bind = sn_decide_bind(&policy, port, listed, shares);
	enum sn_why listen = sn_decide_listen(&policy, port, listed, shares);
	enum sn_why share = sn_decide_to_share(&policy, port, listed, given);

	PROVE(is_verdict(bind) && is_verdict(listen) && is_verdict(share));
	/* a restricted tenant listens on nothing else, and a port is shared where it is listed */
	IMPLIES(policy.listen_restricted && !listed, listen != SN_ALLOWED);
	IMPLIES(policy.listen_restricted && !listed && port, bind != SN_ALLOWED);
	IMPLIES(shares && !listed, bind != SN_ALLOWED);
	IMPLIES(shares && !port, bind != SN_ALLOWED && listen != SN_ALLOWED);
	IMPLIES(!policy.listen_restricted && !given, share != SN_ALLOWED);
}

static void messages(void)
{
	struct sn_rtnetlink message = { nondet_u32(), nondet_u16(), nondet_u8() };
	bool restricted = nondet_bool(), listed = nondet_bool();
	enum sn_why why = sn_decide_rtnetlink(&message);

	PROVE(is_verdict(why));
	IMPLIES(why == SN_ALLOWED, message.type == 18 || message.type == 22);
	IMPLIES(why == SN_ALLOWED, message.len > 16 && message.len <= 32);
	PROVE(is_verdict(sn_decide_destination(restricted, listed)));
	PROVE(sn_decide_destination(true, false) != SN_ALLOWED);
	/* translated: no more than was asked for, and nothing that the lists do not name */
	PROVE(is_verdict(sn_decide_translated(restricted, listed)));
	IMPLIES(!restricted || !listed, sn_decide_translated(restricted, listed) != SN_ALLOWED);
}

static void processes(void)
{
	uint64_t flags = nondet_u64(), prot = nondet_u64();
	uint32_t target = nondet_u32(), own = nondet_u32(), limit = nondet_u32();
	enum sn_why why = sn_decide_mprotect(flags, prot);

	PROVE(is_verdict(why));
	IMPLIES(why == SN_ALLOWED, flags & SN_VM_EXEC && !(prot & SN_PROT_WRITE));
	PROVE(is_verdict(sn_decide_clone(flags)));
	IMPLIES(!(flags & SN_CLONE_THREAD), sn_decide_clone(flags) != SN_ALLOWED);
	PROVE(is_verdict(sn_decide_task(target, own)));
	IMPLIES(target != own, sn_decide_task(target, own) != SN_ALLOWED);
	PROVE(is_verdict(sn_decide_limit(limit)) && is_verdict(sn_decide_prctl(nondet_int())));
}

/* Every prefix of every address, against one number of 128 bits. */
static void addresses(void)
{
	struct sn_address a = { nondet_u64(), nondet_u64() }, prefix, v4 = { 0 };
	unsigned __int128 number = (unsigned __int128)a.hi << 64 | a.lo;
	uint32_t length = nondet_u32();

	ASSUME(length <= 128);
	if (length < 128)
		number &= ~(~(unsigned __int128)0 >> length);
	prefix = sn_address_prefix(a, length);
	PROVE(prefix.hi == (uint64_t)(number >> 64) && prefix.lo == (uint64_t)number);

	IMPLIES(sn_address_carries_v4(a, &v4),
		sn_address_is_v4(v4) && (uint32_t)v4.lo == (uint32_t)a.lo);
	IMPLIES(sn_address_is_v4(a), sn_address_carries_v4(a, &v4));
	PROVE(sn_homes_index(a.hi) < 1u << SN_HOMES_BITS);
}

int main(void)
{
	refusals_are_errors();
	files();
	descriptors();
	attributes();
	sockets();
	ports();
	messages();
	processes();
	addresses();
	return 0;
}
