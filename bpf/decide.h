/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every decision, in pure C: no helper, no map, no kernel type. The programs gather the facts and
 * ask here; tests/unit compiles these same lines.
 */
#ifndef SAFENODE_DECIDE_H
#define SAFENODE_DECIDE_H

#include "safenode_abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/*
 * errno values and other numbers of the kernel's user interface. The programs cannot include the
 * C library's headers beside vmlinux.h; tests/unit asserts that these are the C library's.
 */
enum {
	SN_EPERM = 1,
	SN_ENOENT = 2,
	SN_ESRCH = 3,
	SN_ECHILD = 10,
	SN_EACCES = 13,
	SN_EMFILE = 24,

	SN_AF_UNSPEC = 0,
	SN_AF_UNIX = 1,
	SN_AF_INET = 2,
	SN_AF_INET6 = 10,
	SN_AF_NETLINK = 16,
	SN_AF_PACKET = 17,

	SN_SOCK_STREAM = 1,
	SN_SOCK_DGRAM = 2,
	SN_SOCK_RAW = 3,

	SN_IPPROTO_IP = 0,
	SN_IPPROTO_TCP = 6,
	SN_IPPROTO_UDP = 17,
	SN_IPPROTO_IPV6 = 41,

	SN_S_IFMT = 0170000,
	SN_S_IFSOCK = 0140000,
	SN_S_IFDIR = 0040000,
	SN_S_IFCHR = 0020000,
	SN_S_IFBLK = 0060000,
	SN_S_IFREG = 0100000,
	SN_S_IFIFO = 0010000,
	SN_S_ISUID = 04000,
	SN_S_ISGID = 02000,

	SN_O_APPEND = 02000,
	SN_O_ASYNC = 020000,
#if defined(__aarch64__) || defined(__TARGET_ARCH_arm64)
	SN_O_DIRECT = 0200000,
#else
	SN_O_DIRECT = 040000,
#endif

	SN_FMODE_READ = 1, /* include/linux/fs.h */
	SN_FMODE_WRITE = 2,

	SN_MAP_TYPE = 0xf,
	SN_MAP_SHARED = 1,
	SN_MAP_SHARED_VALIDATE = 3,

	SN_PROT_WRITE = 2,
	SN_PROT_EXEC = 4,
	SN_VM_EXEC = 4,
	SN_CLONE_THREAD = 0x10000,
};

static const __u8 sn_kinds[SN_OP_NR] = {
#define SN_KIND_OF(id, name, kind, number) [SN_OP_##id] = (kind),
	SN_OPS(SN_KIND_OF)
#undef SN_KIND_OF
};

/* The errno of a refusal; the README has the same as a table. */
static __always_inline int sn_errno(enum sn_op op, enum sn_why why)
{
	__u8 kind = op < SN_OP_NR ? sn_kinds[op] : SN_ACTS;

	if (kind == SN_SPAWNS)
		return -SN_EACCES;
	if (kind == SN_PAIRS)
		return -SN_EMFILE;
	switch (why) {
	case SN_OTHER_TASK:
		/*
		 * Another process looks missing. But not to a signal: kill_pid_info() takes ESRCH
		 * from the hook for a race with exit and tries again, for ever and unkillable.
		 */
		return op == SN_OP_TASK_KILL ? -SN_EPERM : -SN_ESRCH;
	case SN_NEVER:
		return -SN_EPERM;
	case SN_READ_ONLY:
		return -SN_EACCES; /* that it exists is no secret */
	default:
		break;
	}
	if (kind == SN_LOOKS)
		return -SN_ENOENT;
	return kind == SN_CHANGES ? -SN_EACCES : -SN_EPERM;
}

/* ---- files ---- */

#define SN_MAY_LOOK (SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ)
#define SN_MAY_ALL  (SN_MAY_LOOK | SN_MAY_WRITE | SN_MAY_CHANGE)

/* @known is the identity in a rule; SN_ANY_GENERATION matches whatever the inode has. */
static __always_inline bool sn_generation_matches(__u64 known, __u32 generation)
{
	return known == SN_ANY_GENERATION || known == generation;
}

/* @have and @need are sums of enum sn_access. */
static __always_inline enum sn_why sn_decide_file(__u32 have, __u32 need)
{
	if ((have & need) == need)
		return SN_ALLOWED;
	/* A refusal to read stays ENOENT even where stat works: no different from other files. */
	if (have && (need & (SN_MAY_WRITE | SN_MAY_CHANGE)))
		return SN_READ_ONLY;
	return SN_OUTSIDE;
}

/*
 * The character devices that runtimes need, by dev_t as inode->i_rdev has it (major << 20 | minor,
 * include/linux/kdev_t.h). Any other device node is refused, wherever it lies.
 */
static __always_inline __u32 sn_device_access(__u32 mode, __u32 rdev)
{
	if ((mode & SN_S_IFMT) != SN_S_IFCHR)
		return 0;
	switch (rdev) {
	case 1 << 20 | 3: /* null */
	case 1 << 20 | 5: /* zero */
	case 1 << 20 | 7: /* full */
	case 1 << 20 | 8: /* random */
	case 1 << 20 | 9: /* urandom */
		return SN_MAY_STAT | SN_MAY_READ | SN_MAY_WRITE;
	}
	return 0;
}

/*
 * set-id bits lend an identity. A file need not be executable for that: an ACL can make it so
 * later, which changes the mode and asks nobody.
 */
static __always_inline bool sn_mode_lends_identity(__u32 mode)
{
	return mode & (SN_S_ISUID | SN_S_ISGID);
}

/* mknod(2) and open(O_CREAT): plain files and pipes. A type of 0 means a plain file. */
static __always_inline enum sn_why sn_decide_mknod(__u32 mode)
{
	__u32 type = mode & SN_S_IFMT;

	if (type && type != SN_S_IFREG && type != SN_S_IFIFO)
		return SN_NEVER;
	return sn_mode_lends_identity(mode) ? SN_NEVER : SN_ALLOWED;
}

/*
 * Requests that read or change nothing but the caller's own descriptor, its own terminal settings,
 * or clone between two files that were both checked when they were opened.
 */
static __always_inline enum sn_why sn_decide_ioctl(__u32 request)
{
	switch (request) {
	case 0x5401: /* TCGETS: isatty() */
	case 0x5402: /* TCSETS, TCSETSW, TCSETSF: raw mode of the terminal that was handed over */
	case 0x5403:
	case 0x5404:
	case 0x5413:	 /* TIOCGWINSZ */
	case 0x5411:	 /* TIOCOUTQ, SIOCOUTQ */
	case 0x541b:	 /* FIONREAD, SIOCINQ */
	case 0x5421:	 /* FIONBIO */
	case 0x5450:	 /* FIONCLEX */
	case 0x5451:	 /* FIOCLEX */
	case 0x5460:	 /* FIOQSIZE */
	case 0x802c542a: /* TCGETS2 */
	case 0x40049409: /* FICLONE */
	case 0x4020940d: /* FICLONERANGE */
		return SN_ALLOWED;
	}
	return SN_NEVER;
}

/*
 * Commands that concern the caller's own descriptor, or locks. The others make the kernel send
 * signals; make everybody wait who opens a file or changes a directory (leases, delegations); or
 * change what both ends of a pipe, or all who share a memfd, have (its size, its seals). @arg is
 * the flags word of F_SETFL,
 * @flags those that the descriptor has.
 */
static __always_inline enum sn_why sn_decide_fcntl(__u32 cmd, __u64 arg, __u32 flags)
{
	switch (cmd) {
	case 4: /* F_SETFL */
		/* O_ASYNC makes the kernel send signals, and a tty choose to whom */
		if (arg & SN_O_ASYNC)
			return SN_NEVER;
		/* a pipe's other end would get packets, of which it may lose the rest */
		if (arg & ~(__u64)flags & SN_O_DIRECT)
			return SN_NEVER;
		/* a log that was handed over stays one for appending */
		return flags & ~arg & SN_O_APPEND ? SN_NEVER : SN_ALLOWED;
	case 0:	   /* F_DUPFD */
	case 1:	   /* F_GETFD */
	case 2:	   /* F_SETFD */
	case 3:	   /* F_GETFL */
	case 5:	   /* F_GETLK */
	case 6:	   /* F_SETLK, which file_lock asks about, too */
	case 7:	   /* F_SETLKW */
	case 9:	   /* F_GETOWN */
	case 11:   /* F_GETSIG */
	case 12:   /* F_GETLK64, of 32-bit programs, and the two that follow */
	case 13:   /* F_SETLK64 */
	case 14:   /* F_SETLKW64 */
	case 16:   /* F_GETOWN_EX */
	case 36:   /* F_OFD_GETLK */
	case 37:   /* F_OFD_SETLK */
	case 38:   /* F_OFD_SETLKW */
	case 1025: /* F_GETLEASE */
	case 1027: /* F_DUPFD_QUERY */
	case 1028: /* F_CREATED_QUERY */
	case 1030: /* F_DUPFD_CLOEXEC */
	case 1032: /* F_GETPIPE_SZ */
	case 1034: /* F_GET_SEALS */
	case 1035: /* F_GET_RW_HINT */
	case 1039: /* F_GETDELEG */
		return SN_ALLOWED;
	}
	return SN_NEVER;
}

/*
 * What fs.watch() needs (libuv's uv_fs_event_start): that a file changes, appears or goes. The rest
 * tells who opens, reads and starts what others use as well; @mask as in include/linux/fsnotify_
 * backend.h, the same bits for inotify and fanotify.
 */
#define SN_WATCH_CHANGES 0x58000fc6 /* FS_MODIFY to FS_MOVE_SELF, and three flags that tell how */

static __always_inline __u32 sn_watch_needs(__u64 mask)
{
	return mask & ~(__u64)SN_WATCH_CHANGES ? SN_MAY_READ | SN_MAY_CHANGE : SN_MAY_READ;
}

static __always_inline bool sn_mapping_is_shared(__u64 map_flags)
{
	__u64 type = map_flags & SN_MAP_TYPE;

	return type == SN_MAP_SHARED || type == SN_MAP_SHARED_VALIDATE;
}

/*
 * A descriptor for appending. What is written into a shared mapping of its file is not appended,
 * and one that begins for reading can be made writable later: mm/mmap.c sets VM_MAYWRITE.
 */
static __always_inline bool sn_is_for_appending(__u32 f_mode, __u32 f_flags)
{
	return f_mode & SN_FMODE_WRITE && f_flags & SN_O_APPEND;
}

/*
 * Names and numbers of network devices, SIOCGIFNAME and SIOCGIFINDEX: granted on a socket that the
 * tenant made, for os.networkInterfaces() tells the same. The zone in fe80::1%eth0 is such a name.
 */
static __always_inline bool sn_ioctl_names_device(__u32 request)
{
	return request == 0x8910 || request == 0x8933;
}

/* security.* carries capabilities and labels, trusted.* belongs to root. */
static __always_inline enum sn_why sn_decide_xattr_name(const char *name)
{
	if (name[0] == 's' && name[1] == 'e' && name[2] == 'c' && name[3] == 'u')
		return SN_NEVER;
	if (name[0] == 't' && name[1] == 'r' && name[2] == 'u' && name[3] == 's')
		return SN_NEVER;
	return SN_ALLOWED;
}

/* ---- network ---- */

/* A destination. IPv4 is ::ffff:a.b.c.d, hi and lo are its halves in host byte order. */
struct sn_address {
	__u64 hi;
	__u64 lo;
};

static __always_inline struct sn_address sn_address_v4(__u32 host_order)
{
	return (struct sn_address){ .lo = 0xffff00000000ULL | host_order };
}

/*
 * The IPv4 address that an IPv6 one carries: mapped (RFC 4291, 2.5.5.2), compatible (2.5.5.1) or
 * the well-known translation prefix 64:ff9b::/96 (RFC 6052). Both forms reach the same service.
 */
static __always_inline bool sn_address_carries_v4(struct sn_address a, struct sn_address *v4)
{
	bool mapped = !a.hi && a.lo >> 32 == 0xffff;
	bool compatible = !a.hi && !(a.lo >> 32) && a.lo > 1;
	bool translated = a.hi == 0x0064ff9b00000000ULL && !(a.lo >> 32);

	if (!mapped && !compatible && !translated)
		return false;
	*v4 = sn_address_v4((__u32)a.lo);
	return true;
}

static __always_inline bool sn_address_is_v4(struct sn_address a)
{
	return !a.hi && a.lo >> 32 == 0xffff;
}

/*
 * Loopback in either family, and the unspecified addresses, which connect() and sendto() take for
 * loopback (net/ipv4/route.c ip_route_output_key_hash_rcu, net/ipv6/datagram.c).
 */
static __always_inline bool sn_address_is_loopback(struct sn_address a)
{
	if (sn_address_is_v4(a))
		return (__u32)a.lo >> 24 == 127 || (__u32)a.lo == 0;
	return !a.hi && a.lo <= 1;
}

/* Keeps the first @length bits (0 to 128). */
static __always_inline struct sn_address sn_address_prefix(struct sn_address a, __u32 length)
{
	if (length < 64) {
		a.lo = 0;
		a.hi = length ? a.hi & ~0ULL << (64 - length) : 0;
		return a;
	}
	length -= 64;
	if (length < 64)
		a.lo = length ? a.lo & ~0ULL << (64 - length) : 0;
	return a;
}

/* What "addresses" holds for a prefix: nothing, the beginning of longer ones, or a restricted one.
 */
enum sn_found { SN_FOUND_NONE, SN_FOUND_LONGER, SN_FOUND };

#define SN_SEARCH_STEPS 8 /* enough for 255 lengths */

/*
 * Is @address in a prefix of the list? One exact lookup for each length would do. But no prefix of
 * the list is inside another one, and the list also holds the beginnings of its prefixes, as long
 * as this search passes them: so each lookup tells in which half of the lengths the answer lies
 * (Waldvogel et al., Scalable High Speed IP Routing Lookups, 1997).
 */
static __always_inline bool
sn_search_prefixes(const struct sn_policy *pol, struct sn_address address,
		   enum sn_found (*look_up)(const struct sn_policy *pol, struct sn_address prefix,
					    __u32 length))
{
	bool v4 = sn_address_is_v4(address);
	__u32 low = v4 ? 0 : pol->lengths_v4, high = v4 ? pol->lengths_v4 : pol->lengths_all;

	for (int i = 0; i < SN_SEARCH_STEPS && low < high; i++) {
		__u32 middle = (low + high) / 2, length;
		enum sn_found found;

		if (middle >= SN_ADDRESS_LENGTHS_MAX)
			return true; /* no policy says so: refuse */
		length = pol->address_lengths[middle];
		found = look_up(pol, sn_address_prefix(address, length), length);
		if (found == SN_FOUND)
			return true;
		if (found == SN_FOUND_LONGER)
			low = middle + 1;
		else
			high = middle;
	}
	return low < high; /* no policy has so many lengths: refuse */
}

/* Only what the policy itself says: a long list is in "ports", and port_lengths is not 0. */
static __always_inline bool sn_in_port_ranges(const struct sn_policy *pol, __u16 port)
{
	for (int i = 0; i < SN_PORT_RANGES_MAX && i < pol->port_ranges_nr; i++)
		if (pol->port_ranges[i].first <= port && port <= pol->port_ranges[i].last)
			return true;
	return false;
}

static __always_inline __u16 sn_port_prefix(__u16 port, __u32 length)
{
	return length ? port & (__u16)(0xffffu << (16 - length)) : 0;
}

/* socket(2) and socketpair(2); NETLINK_ROUTE is what os.networkInterfaces() asks. */
static __always_inline enum sn_why sn_decide_socket(int family, int type, int protocol)
{
	if (family == SN_AF_NETLINK)
		return (type == SN_SOCK_RAW || type == SN_SOCK_DGRAM) && protocol == 0 ? SN_ALLOWED
										       : SN_FAMILY;
	if (family != SN_AF_INET && family != SN_AF_INET6)
		return SN_FAMILY;
	if (type == SN_SOCK_STREAM && (protocol == 0 || protocol == SN_IPPROTO_TCP))
		return SN_ALLOWED;
	if (type == SN_SOCK_DGRAM && (protocol == 0 || protocol == SN_IPPROTO_UDP))
		return SN_ALLOWED;
	return SN_FAMILY;
}

/* @restricted and @listed: what the tenant's address and port lists say of the destination. */
static __always_inline enum sn_why sn_decide_destination(bool restricted, bool listed)
{
	return !restricted || listed ? SN_ALLOWED : SN_NOT_LISTED;
}

/* Port 0 asks for any free port, as every client does; listen() asks again with the real one. */
static __always_inline enum sn_why sn_decide_bind(const struct sn_policy *pol, __u16 port,
						  bool listed)
{
	return !pol->listen_restricted || !port || listed ? SN_ALLOWED : SN_NOT_LISTED;
}

static __always_inline enum sn_why sn_decide_listen(const struct sn_policy *pol, bool listed)
{
	return !pol->listen_restricted || listed ? SN_ALLOWED : SN_NOT_LISTED;
}

/*
 * Options that put another destination into the packet than the one that was checked: IPv4 source
 * routes, IPv6 routing headers, and the extension headers that they travel in (RFC 3542).
 */
static __always_inline enum sn_why sn_decide_sockopt(int level, int name)
{
	if (level == SN_IPPROTO_IP && name == 4) /* IP_OPTIONS */
		return SN_NEVER;
	if (level != SN_IPPROTO_IPV6)
		return SN_ALLOWED;
	switch (name) {
	case 3:	 /* IPV6_2292HOPOPTS */
	case 4:	 /* IPV6_2292DSTOPTS */
	case 5:	 /* IPV6_2292RTHDR */
	case 6:	 /* IPV6_2292PKTOPTIONS */
	case 54: /* IPV6_HOPOPTS */
	case 55: /* IPV6_RTHDRDSTOPTS */
	case 57: /* IPV6_RTHDR */
	case 59: /* IPV6_DSTOPTS */
		return SN_NEVER;
	}
	return SN_ALLOWED;
}

/* A message to rtnetlink: what its header and the first byte behind that say. */
struct sn_rtnetlink {
	__u32 len; /* of the message, its header of 16 bytes included */
	__u16 type;
	__u8 family; /* of addresses, or of link layers */
};

/*
 * os.networkInterfaces() and getaddrinfo() ask for links and addresses, by messages without
 * attributes. All else that rtnetlink knows is the machine's: routes, rules, neighbours, bridges.
 */
static __always_inline enum sn_why sn_decide_rtnetlink(const struct sn_rtnetlink *message)
{
	__u8 family = message->family;

	if (message->len <= 16)
		return SN_NEVER;
	if (message->type == 18) /* RTM_GETLINK, a struct ifinfomsg or only its first member */
		return message->len <= 32 && (family == SN_AF_UNSPEC || family == SN_AF_PACKET)
			       ? SN_ALLOWED
			       : SN_NEVER;
	if (message->type == 22) /* RTM_GETADDR, a struct ifaddrmsg */
		return message->len <= 24 && (family == SN_AF_UNSPEC || family == SN_AF_INET ||
					      family == SN_AF_INET6)
			       ? SN_ALLOWED
			       : SN_NEVER;
	return SN_NEVER;
}

/* @groups of bind(2): who is in one hears of every change to the machine's network. */
static __always_inline enum sn_why sn_decide_netlink_bind(__u32 groups)
{
	return groups ? SN_NEVER : SN_ALLOWED;
}

/* ---- processes and code ---- */

static __always_inline enum sn_why sn_decide_clone(__u64 flags)
{
	return flags & SN_CLONE_THREAD ? SN_ALLOWED : SN_NEVER;
}

static __always_inline enum sn_why sn_decide_task(__u32 target_tgid, __u32 own_tgid)
{
	return target_tgid == own_tgid ? SN_ALLOWED : SN_OTHER_TASK;
}

/*
 * mprotect() of a file mapping: what mmap_file granted may stay executable, but not become
 * writable at the same time, nor executable after it was writable.
 */
static __always_inline enum sn_why sn_decide_mprotect(__u64 vm_flags, __u64 prot)
{
	return vm_flags & SN_VM_EXEC && !(prot & SN_PROT_WRITE) ? SN_ALLOWED : SN_NOT_RUNTIME;
}

#endif
