/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every decision, in pure C: no helper, no map, no kernel type. The programs gather the facts and
 * call these functions; tests/unit compiles the same lines.
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

	SN_SOL_SOCKET = 1,
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
	SN_S_IWGRP = 00020,
	SN_S_IWOTH = 00002,

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
		 * Another process looks missing. Not to signals, though: kill_pid_info() takes
		 * ESRCH from the hook for a race with exit or exec, and tries again, for ever and
		 * unkillable.
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

/* @known is the generation in a rule; SN_ANY_GENERATION matches any. */
static __always_inline bool sn_generation_matches(__u64 known, __u32 generation)
{
	return known == SN_ANY_GENERATION || known == generation;
}

/*
 * May a rule of several steps lead on from a directory of @mode and @user? Only if nobody but root,
 * and @owner, if that is not 0, can put something there. If there is an ACL, the bits of the group
 * show its mask.
 */
static __always_inline bool sn_decide_step(__u32 mode, __u32 user, __u32 owner)
{
	return (mode & SN_S_IFMT) == SN_S_IFDIR && !(mode & (SN_S_IWGRP | SN_S_IWOTH)) &&
	       (!user || user == owner);
}

/*
 * What such a rule with @access grants at its end, on a file of @mode and @user in a directory of
 * @owner. A rule for a file does not list a directory. In a directory that is not root's, the file
 * must be its owner's as well, and have no other name: who makes hard links can bring any file.
 */
static __always_inline __u32 sn_last_step_access(__u32 access, __u32 mode, __u32 user, __u32 owner,
						 __u32 links)
{
	if ((mode & SN_S_IFMT) == SN_S_IFDIR && !(access & SN_MAY_SEARCH))
		return 0;
	return !owner || (user == owner && links == 1) ? access : 0;
}

/* @have and @need are sums of enum sn_access. */
static __always_inline enum sn_why sn_decide_file(__u32 have, __u32 need)
{
	if ((have & need) == need)
		return SN_ALLOWED;
	/* a refusal to read is ENOENT even if stat is granted, as for other files */
	if (have && (need & (SN_MAY_WRITE | SN_MAY_CHANGE)))
		return SN_READ_ONLY;
	return SN_OUTSIDE;
}

/*
 * The character devices that runtimes need, by dev_t as in inode->i_rdev (major << 20 | minor,
 * include/linux/kdev_t.h). Any other device node is refused, wherever it is.
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
 * Set-user-id and set-group-id bits. They count even if the file is not executable: an ACL can make
 * it so later, which changes the mode without another hook.
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
 * Requests that concern the caller's own descriptor only, or clone between two files that were
 * both checked when they were opened. Setting a terminal's modes, and asking how much input there
 * is, take a descriptor that is open for reading: what is typed may be meant for another process.
 */
static __always_inline enum sn_why sn_decide_ioctl(__u32 request, bool readable)
{
	switch (request) {
	case 0x5402: /* TCSETS, TCSETSW, TCSETSF */
	case 0x5403:
	case 0x5404:
	case 0x541b: /* FIONREAD, SIOCINQ */
		return readable ? SN_ALLOWED : SN_NEVER;
	case 0x5401:	 /* TCGETS: isatty() */
	case 0x5413:	 /* TIOCGWINSZ */
	case 0x5411:	 /* TIOCOUTQ, SIOCOUTQ */
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
 * signals; make other processes wait that open a file or change a directory (leases, delegations);
 * or change what is shared, such as the size of a pipe or the seals of a memfd. @arg is that of
 * F_SETFL, @flags are those that the descriptor has.
 */
static __always_inline enum sn_why sn_decide_fcntl(__u32 cmd, __u64 arg, __u32 flags)
{
	switch (cmd) {
	case 4: /* F_SETFL */
		/* O_ASYNC makes the kernel send signals, on a tty to its foreground group */
		if (arg & SN_O_ASYNC)
			return SN_NEVER;
		/* a pipe's reader would get packets, and lose what it does not read at once */
		if (arg & ~(__u64)flags & SN_O_DIRECT)
			return SN_NEVER;
		/* a log that was handed over for appending stays so */
		return flags & ~arg & SN_O_APPEND ? SN_NEVER : SN_ALLOWED;
	case 0:	   /* F_DUPFD */
	case 1:	   /* F_GETFD */
	case 2:	   /* F_SETFD */
	case 3:	   /* F_GETFL */
	case 5:	   /* F_GETLK */
	case 6:	   /* F_SETLK: file_lock decides */
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
 * What fs.watch() asks for (libuv's uv_fs_event_start()): changes of a file or directory. Other
 * events tell when other processes open, read or run it. @mask is as in
 * include/linux/fsnotify_backend.h, for inotify and fanotify alike.
 */
#define SN_WATCH_CHANGES                                                                          \
	0x58000fc6 /* FS_MODIFY, _ATTRIB, _MOVE, _CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF; with \
		      FS_EVENT_ON_CHILD, FS_RENAME, FS_ISDIR */

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
 * Is the descriptor for appending? A shared mapping of its file could be written anywhere, even one
 * that is mapped for reading: with a descriptor open for writing mprotect(2) makes it writable.
 */
static __always_inline bool sn_is_for_appending(__u32 f_mode, __u32 f_flags)
{
	return f_mode & SN_FMODE_WRITE && f_flags & SN_O_APPEND;
}

/* TCSETS, TCSETSW, TCSETSF. Other requests that set a terminal's modes are never granted. */
static __always_inline bool sn_ioctl_sets_modes(__u32 request)
{
	return request >= 0x5402 && request <= 0x5404;
}

/*
 * SIOCGIFNAME and SIOCGIFINDEX, names and numbers of network devices: granted on sockets that the
 * tenant made, since os.networkInterfaces() tells the same. The zone in fe80::1%eth0 needs them.
 */
static __always_inline bool sn_ioctl_names_device(__u32 request)
{
	return request == 0x8910 || request == 0x8933;
}

/* security.* has capabilities and labels, trusted.* is root's. */
static __always_inline enum sn_why sn_decide_xattr_name(const char *name)
{
	if (name[0] == 's' && name[1] == 'e' && name[2] == 'c' && name[3] == 'u')
		return SN_NEVER;
	if (name[0] == 't' && name[1] == 'r' && name[2] == 'u' && name[3] == 's')
		return SN_NEVER;
	return SN_ALLOWED;
}

/* ---- a tenant that is warm ---- */

/* Of struct super_block: on a file system of the kernel's own, files are what the kernel does. */
static __always_inline bool sn_is_kernels(__u64 magic)
{
	switch (magic) {
	case 0x00009fa0: /* proc */
	case 0x62656572: /* sysfs */
	case 0x63677270: /* cgroup2 */
	case 0x0027e0eb: /* cgroup */
	case 0xcafe4a11: /* bpf */
	case 0x00001cd1: /* devpts */
	case 0x19800202: /* mqueue */
	case 0x64626720: /* debugfs */
	case 0x74726163: /* tracefs */
	case 0x73636673: /* securityfs */
	case 0x62656570: /* configfs */
		return true;
	}
	return false;
}

/*
 * Is an act that the policy would refuse left to a tenant that is warm? Files, mappings and the
 * working directory are. What no tenant may do whatever its policy is not, for its traces would
 * outlast the narrowing; nor are changes of the kernel's own files, by which it would leave its
 * cgroup. @magic is that of the file system.
 */
static __always_inline bool sn_decide_left(enum sn_op op, enum sn_why why, __u64 magic)
{
	__u8 kind = op < SN_OP_NR ? sn_kinds[op] : SN_ACTS;

	if (op == SN_OP_FS_CHDIR)
		return why == SN_NEVER;
	if (op == SN_OP_CODE_MMAP || op == SN_OP_CODE_MPROTECT)
		return why == SN_NOT_RUNTIME;
	if (why != SN_OUTSIDE && why != SN_READ_ONLY)
		return false;
	return kind == SN_LOOKS || (kind == SN_CHANGES && magic && !sn_is_kernels(magic));
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

/* What "addresses" has for a prefix: nothing, the beginning of longer ones, or a restricted one. */
enum sn_found { SN_FOUND_NONE, SN_FOUND_LONGER, SN_FOUND };

#define SN_SEARCH_STEPS 8 /* enough for 255 lengths */

/*
 * Is @address in a prefix of the list? A binary search over the prefix lengths (Waldvogel et al.,
 * Scalable High Speed IP Routing Lookups, 1997). No prefix of the list is inside another one, and
 * for each the list also has the beginnings that this search tries: so each lookup tells whether to
 * go on with longer or with shorter prefixes.
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

/* By the policy itself. A longer list is in "ports", and port_lengths is not 0. */
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

/* @restricted: by the address list; @listed: by the port list. */
static __always_inline enum sn_why sn_decide_destination(bool restricted, bool listed)
{
	return !restricted || listed ? SN_ALLOWED : SN_NOT_LISTED;
}

/*
 * The same of the destination that was asked for, when the machine has translated it (NAT) to one
 * that is refused: what the operator granted by name stays granted. That the list of addresses does
 * not name it is no such grant: it may name what lies behind the translation.
 */
static __always_inline enum sn_why sn_decide_translated(bool restricted, bool listed)
{
	return restricted && listed ? SN_ALLOWED : SN_NOT_LISTED;
}

/* @keeps_port: the socket's port was asked for, not chosen by the kernel. */
static __always_inline enum sn_why sn_decide_to_disconnect(int type, bool keeps_port)
{
	return type != SN_SOCK_STREAM && keeps_port ? SN_NEVER : SN_ALLOWED;
}

/*
 * Port 0 asks for any free port, as every client does; listen() is checked again with the real one.
 * @shares: the socket has an option by which it may take a port in use, and receive what is meant
 * for others. Only a listed port is shared; one that the kernel chooses could be anyone's.
 */
static __always_inline enum sn_why sn_decide_bind(const struct sn_policy *pol, __u16 port,
						  bool listed, bool shares)
{
	if (shares)
		return pol->listen_restricted && port && listed ? SN_ALLOWED : SN_NOT_LISTED;
	return !pol->listen_restricted || !port || listed ? SN_ALLOWED : SN_NOT_LISTED;
}

/* @port is 0 if listen() comes without bind(), and the kernel chooses a port. */
static __always_inline enum sn_why sn_decide_listen(const struct sn_policy *pol, __u16 port,
						    bool listed, bool shares)
{
	if (shares && !port)
		return SN_NOT_LISTED;
	return !pol->listen_restricted || listed ? SN_ALLOWED : SN_NOT_LISTED;
}

/*
 * Sockets that both have one of these options share a port, and the kernel gives each datagram or
 * connection to one of them. SO_REUSEADDR of a stream, which node always sets, does not share a
 * port on which a socket listens.
 */
static __always_inline bool sn_sockopt_shares(int level, int name, int type)
{
	return level == SN_SOL_SOCKET && (name == 15 /* SO_REUSEPORT */ ||
					  (name == 2 /* SO_REUSEADDR */ && type != SN_SOCK_STREAM));
}

/*
 * libuv sets SO_REUSEADDR on each datagram socket that it is given to open. On one that the server
 * has bound it shares a port which the server chose, and takes none: that socket keeps its port.
 */
static __always_inline bool sn_shares_what_it_was_given(int name, bool given, bool keeps_port)
{
	return name == 2 /* SO_REUSEADDR */ && given && keeps_port;
}

/*
 * May such an option be set? The hook is not told its value. It may if ports are listed, on a
 * socket that has no port yet (@port is 0), for bind() is checked again, or has a listed one.
 */
static __always_inline enum sn_why sn_decide_to_share(const struct sn_policy *pol, __u16 port,
						      bool listed, bool given)
{
	if (given)
		return SN_ALLOWED;
	return pol->listen_restricted && (!port || listed) ? SN_ALLOWED : SN_NOT_LISTED;
}

/*
 * The options that follow are those that node, libuv, c-ares and the C library set, and others that
 * concern the tenant's own socket only: buffers, timeouts, what it learns of what it receives,
 * multicast groups. All others are refused, including future ones. Among them are those that
 * put another destination or source into the packet than was checked (IP_OPTIONS, IPV6_RTHDR and
 * other extension headers, IPV6_FLOWLABEL_MGR, which carries them, IP_FREEBIND), change what kind
 * of socket it is (TCP_ULP, IPV6_ADDRFORM, UDP_ENCAP), run programs (SO_ATTACH_FILTER), receive
 * what is meant for others (IP_ROUTER_ALERT, IPV6_JOIN_ANYCAST; SO_BINDTODEVICE, for sockets of two
 * devices share a port, and a UDP socket that disconnects may change its device), or switch on what
 * then costs every socket of the machine (SO_TIMESTAMP, IP_MINTTL, TCP_TX_DELAY, UDP_GRO).
 */
static __always_inline bool sn_is_plain_socket_option(int name)
{
	switch (name) {
	case 2:	 /* SO_REUSEADDR, of a stream */
	case 6:	 /* SO_BROADCAST */
	case 7:	 /* SO_SNDBUF */
	case 8:	 /* SO_RCVBUF */
	case 9:	 /* SO_KEEPALIVE */
	case 10: /* SO_OOBINLINE */
	case 13: /* SO_LINGER */
	case 18: /* SO_RCVLOWAT */
	case 20: /* SO_RCVTIMEO, then SO_SNDTIMEO */
	case 21:
	case 47: /* SO_MAX_PACING_RATE */
	case 66: /* SO_RCVTIMEO and SO_SNDTIMEO with 64-bit times */
	case 67:
		return true;
	}
	return false;
}

/* Options, with the same numbers in IPv4 and IPv6, to join and leave groups and filter senders. */
static __always_inline bool sn_is_group_option(int name)
{
	return name >= 42 && name <= 48; /* MCAST_JOIN_GROUP to MCAST_MSFILTER */
}

static __always_inline bool sn_is_plain_ip_option(int name)
{
	switch (name) {
	case 1:	 /* IP_TOS */
	case 2:	 /* IP_TTL */
	case 8:	 /* IP_PKTINFO */
	case 10: /* IP_MTU_DISCOVER */
	case 11: /* IP_RECVERR */
	case 12: /* IP_RECVTTL */
	case 13: /* IP_RECVTOS */
	case 20: /* IP_RECVORIGDSTADDR */
	case 24: /* IP_BIND_ADDRESS_NO_PORT */
	case 26: /* IP_RECVERR_RFC4884 */
	case 32: /* IP_MULTICAST_IF */
	case 33: /* IP_MULTICAST_TTL */
	case 34: /* IP_MULTICAST_LOOP */
	case 35: /* IP_ADD_MEMBERSHIP */
	case 36: /* IP_DROP_MEMBERSHIP */
	case 37: /* IP_UNBLOCK_SOURCE */
	case 38: /* IP_BLOCK_SOURCE */
	case 39: /* IP_ADD_SOURCE_MEMBERSHIP */
	case 40: /* IP_DROP_SOURCE_MEMBERSHIP */
	case 41: /* IP_MSFILTER */
	case 49: /* IP_MULTICAST_ALL */
	case 50: /* IP_UNICAST_IF */
		return true;
	}
	return sn_is_group_option(name);
}

static __always_inline bool sn_is_plain_ipv6_option(int name)
{
	switch (name) {
	case 16: /* IPV6_UNICAST_HOPS */
	case 17: /* IPV6_MULTICAST_IF */
	case 18: /* IPV6_MULTICAST_HOPS */
	case 19: /* IPV6_MULTICAST_LOOP */
	case 20: /* IPV6_ADD_MEMBERSHIP */
	case 21: /* IPV6_DROP_MEMBERSHIP */
	case 23: /* IPV6_MTU_DISCOVER */
	case 24: /* IPV6_MTU */
	case 25: /* IPV6_RECVERR */
	case 26: /* IPV6_V6ONLY */
	case 29: /* IPV6_MULTICAST_ALL */
	case 31: /* IPV6_RECVERR_RFC4884 */
	case 49: /* IPV6_RECVPKTINFO */
	case 51: /* IPV6_RECVHOPLIMIT */
	case 60: /* IPV6_RECVPATHMTU */
	case 62: /* IPV6_DONTFRAG */
	case 66: /* IPV6_RECVTCLASS */
	case 67: /* IPV6_TCLASS */
	case 74: /* IPV6_RECVORIGDSTADDR */
	case 76: /* IPV6_UNICAST_IF */
		return true;
	}
	return sn_is_group_option(name);
}

static __always_inline bool sn_is_plain_tcp_option(int name)
{
	switch (name) {
	case 1:	 /* TCP_NODELAY */
	case 2:	 /* TCP_MAXSEG */
	case 3:	 /* TCP_CORK */
	case 4:	 /* TCP_KEEPIDLE */
	case 5:	 /* TCP_KEEPINTVL */
	case 6:	 /* TCP_KEEPCNT */
	case 7:	 /* TCP_SYNCNT */
	case 8:	 /* TCP_LINGER2 */
	case 9:	 /* TCP_DEFER_ACCEPT */
	case 10: /* TCP_WINDOW_CLAMP */
	case 12: /* TCP_QUICKACK */
	case 13: /* TCP_CONGESTION */
	case 16: /* TCP_THIN_LINEAR_TIMEOUTS */
	case 17: /* TCP_THIN_DUPACK */
	case 18: /* TCP_USER_TIMEOUT */
	case 23: /* TCP_FASTOPEN */
	case 25: /* TCP_NOTSENT_LOWAT */
	case 30: /* TCP_FASTOPEN_CONNECT */
	case 34: /* TCP_FASTOPEN_NO_COOKIE */
	case 36: /* TCP_INQ */
		return true;
	}
	return false;
}

static __always_inline bool sn_is_plain_udp_option(int name)
{
	return name == 1 /* UDP_CORK */ || name == 103 /* UDP_SEGMENT */;
}

/* For options of which sn_sockopt_shares() is false. */
static __always_inline enum sn_why sn_decide_sockopt(int level, int name)
{
	bool plain = false;

	if (level == SN_SOL_SOCKET)
		plain = sn_is_plain_socket_option(name);
	else if (level == SN_IPPROTO_IP)
		plain = sn_is_plain_ip_option(name);
	else if (level == SN_IPPROTO_IPV6)
		plain = sn_is_plain_ipv6_option(name);
	else if (level == SN_IPPROTO_TCP)
		plain = sn_is_plain_tcp_option(name);
	else if (level == SN_IPPROTO_UDP)
		plain = sn_is_plain_udp_option(name);
	return plain ? SN_ALLOWED : SN_NEVER;
}

/* A message to rtnetlink: of its header, and the first byte after it. */
struct sn_rtnetlink {
	__u32 len; /* of the message, its header of 16 bytes included */
	__u16 type;
	__u8 family; /* of addresses, or of link layers */
};

/*
 * os.networkInterfaces() and getaddrinfo() ask for links and addresses, by messages without
 * attributes. What else rtnetlink tells is not the tenant's: routes, rules, neighbours, bridges.
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

/* @groups of bind(2): a member is told every change of the machine's network. */
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
 * A tenant's own limits. That of core files stays as safenode-attach set it: with other values the
 * kernel may start a helper, outside and as root, and hand it the tenant's memory.
 */
static __always_inline enum sn_why sn_decide_limit(__u32 resource)
{
	return resource == 4 /* RLIMIT_CORE */ ? SN_NEVER : SN_ALLOWED;
}

/* All other options concern the caller alone. */
static __always_inline enum sn_why sn_decide_prctl(int option)
{
	return option == 62 /* PR_SCHED_CORE */ ? SN_NEVER : SN_ALLOWED;
}

/*
 * mprotect(2) of a file mapping: one that mmap_file granted may stay executable, but not become
 * writable at the same time, nor may another one become executable.
 */
static __always_inline enum sn_why sn_decide_mprotect(__u64 vm_flags, __u64 prot)
{
	return vm_flags & SN_VM_EXEC && !(prot & SN_PROT_WRITE) ? SN_ALLOWED : SN_NOT_RUNTIME;
}

#endif
