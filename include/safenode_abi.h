/* SPDX-License-Identifier: GPL-2.0-only */
/* The contract between the kernel programs and the tools: policy, rules, events and their limits.
 */
#ifndef SAFENODE_ABI_H
#define SAFENODE_ABI_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/bpf.h>
#include <linux/types.h>
#endif

/*
 * Raised whenever a map's layout changes. Tools refuse maps pinned by another version;
 * safenode-load carries them over, each member by its name (user/upgrade.h). So that this is right:
 *  - Zero in a new member means "as before".
 *  - A name is not used again for something else. What an entry means does not change; where it
 *    must, SN_ABI_OLDEST is raised as well: then older maps are refused, and so are these by
 *    tools of an older version, which find it in "state".
 *  - Enumerators of which a map holds the number keep it: enum sn_access, enum sn_port_use,
 *    enum sn_rule_map. Arrays with SN_COUNTED_BY() go by their names instead.
 *  - "abi_version" and "abi_oldest" remain.
 * tests/unit/layout_test.c fails where a layout changes and the version does not.
 */
#define SN_ABI_VERSION 8
#define SN_ABI_OLDEST  4 /* what can be carried over */

/* The member has an element for each enumerator of enum @name: says so in BTF. */
#ifdef __bpf__
#define SN_COUNTED_BY(name) __attribute__((btf_decl_tag("counted-by:" #name)))
#else
#define SN_COUNTED_BY(name)
#endif

#define SN_PIN_DIR "/sys/fs/bpf/safenode"

#define SN_TENANT_MAX	  64	    /* bytes of a tenant's name, the NUL included */
#define SN_NAME_MAX	  64	    /* bytes of a single file's name, the NUL included */
#define SN_TEXT_MAX	  128	    /* bytes of a path kept for people to read */
#define SN_CGROUP_MAX	  512	    /* bytes of a cgroup's path, the NUL included */
#define SN_EVENT_PATH_MAX 512	    /* bytes of the path in an event */
#define SN_TENANTS_MAX	  16384	    /* entries in "policies", "counters" and "cgroups" */
#define SN_RULES_MAX	  262144    /* entries in each of the maps of rules, and in "lists" */
#define SN_EVENTS_BYTES	  (1 << 20) /* size of the ring buffer */
#define SN_EVENTS_RATE	  256	    /* events that one tenant may put on the ring in a second */
#define SN_WALK_FAST	  64   /* directories that a walk climbs by plain loads, which are faster */
#define SN_WALK_MAX	  4096 /* directories that it climbs altogether before it refuses */

/* What a tenant may do with one file or directory; a sum of these bits. */
enum sn_access {
	SN_MAY_STAT = 1,    /* learn that it exists, its attributes, and where a link leads */
	SN_MAY_SEARCH = 2,  /* directory: walk through it */
	SN_MAY_READ = 4,    /* read the file or list the directory */
	SN_MAY_WRITE = 8,   /* write the contents */
	SN_MAY_CHANGE = 16, /* create, remove, rename, link below it; its attributes */
	SN_MAY_MAP = 32,    /* map it executable */
	SN_MAY_START = 64,  /* start it as the tenant's one program */
	SN_HAS_STEPS = 128, /* below the root of a file system: "names" has more than files in it */
};

/* The verdict; only SN_ALLOWED lets an operation through. */
enum sn_why {
	SN_UNKNOWN,	/* zero: nothing was decided, or a read failed: refused */
	SN_ALLOWED,	/* granted */
	SN_NO_POLICY,	/* the process's cgroup has the mark of tenants, but no policy */
	SN_OUTSIDE,	/* neither the tenant's directory nor the runtime baseline */
	SN_READ_ONLY,	/* may be read or seen, not used in this way */
	SN_NOT_LISTED,	/* restricted address, or listening, and the port is not in the list */
	SN_FAMILY,	/* no socket of this family, type and protocol */
	SN_OTHER_TASK,	/* aimed at another process */
	SN_NOT_RUNTIME, /* executable code that is not the runtime's own */
	SN_NEVER,	/* no tenant may do this, whatever its policy */
	SN_WHY_NR,
};

/* The class of an operation: it decides the errno of a refusal, by sn_errno() in bpf/decide.h. */
enum sn_kind {
	SN_ACTS,    /* EPERM */
	SN_LOOKS,   /* ENOENT: denied looks like missing */
	SN_CHANGES, /* EACCES */
	SN_SPAWNS,  /* EACCES: node makes an 'error' event of it, while it throws EPERM */
	SN_PAIRS,   /* EMFILE: the same; after EACCES node would go on without its pipes */
};

/*
 * The operations: X(id, name, kind, number). The last is the printf format, for a long long, of the
 * number in an event; NULL: it has none.
 */
/* clang-format off */
#define SN_OPS(X)                                                    \
	X(NONE,           "none",           SN_ACTS,    NULL)              \
	X(FS_OPEN,        "fs.open",        SN_LOOKS,   NULL)              \
	X(FS_STAT,        "fs.stat",        SN_LOOKS,   NULL)              \
	X(FS_READLINK,    "fs.readlink",    SN_LOOKS,   NULL)              \
	X(FS_ACCESS,      "fs.access",      SN_LOOKS,   NULL)              \
	X(FS_LOOKUP,      "fs.lookup",      SN_LOOKS,   NULL)              \
	X(FS_STATFS,      "fs.statfs",      SN_LOOKS,   NULL)              \
	X(FS_WATCH,       "fs.watch",       SN_LOOKS,   NULL)              \
	X(FS_GETXATTR,    "fs.getxattr",    SN_LOOKS,   NULL)              \
	X(FS_GETFLAGS,    "fs.getflags",    SN_LOOKS,   NULL)              \
	X(FS_OPEN_WRITE,  "fs.open-write",  SN_CHANGES, NULL)              \
	X(FS_CREATE,      "fs.create",      SN_CHANGES, "mode=0%llo")      \
	X(FS_MKDIR,       "fs.mkdir",       SN_CHANGES, NULL)              \
	X(FS_RMDIR,       "fs.rmdir",       SN_CHANGES, NULL)              \
	X(FS_UNLINK,      "fs.unlink",      SN_CHANGES, NULL)              \
	X(FS_SYMLINK,     "fs.symlink",     SN_CHANGES, NULL)              \
	X(FS_LINK,        "fs.link",        SN_CHANGES, NULL)              \
	X(FS_RENAME,      "fs.rename",      SN_CHANGES, NULL)              \
	X(FS_MODIFY_DIR,  "fs.modify-dir",  SN_CHANGES, NULL)              \
	X(FS_TRUNCATE,    "fs.truncate",    SN_CHANGES, NULL)              \
	X(FS_CHMOD,       "fs.chmod",       SN_CHANGES, "mode=0%llo")      \
	X(FS_CHOWN,       "fs.chown",       SN_CHANGES, NULL)              \
	X(FS_UTIMES,      "fs.utimes",      SN_CHANGES, NULL)              \
	X(FS_SETXATTR,    "fs.setxattr",    SN_CHANGES, NULL)              \
	X(FS_SETFLAGS,    "fs.setflags",    SN_CHANGES, NULL)              \
	X(FS_LOCK,        "fs.lock",        SN_CHANGES, NULL)              \
	X(FS_MMAP,        "fs.mmap",        SN_CHANGES, NULL)              \
	X(FS_CHDIR,       "fs.chdir",       SN_ACTS,    NULL)              \
	X(FS_RECEIVE,     "fs.receive",     SN_ACTS,    NULL)              \
	X(FS_IOCTL,       "fs.ioctl",       SN_ACTS,    "ioctl=0x%llx")    \
	X(FS_FCNTL,       "fs.fcntl",       SN_ACTS,    "fcntl=%lld")      \
	X(NET_SOCKET,     "net.socket",     SN_ACTS,    "family=%lld")     \
	X(NET_SOCKETPAIR, "net.socketpair", SN_PAIRS,   "family=%lld")     \
	X(NET_BIND,       "net.bind",       SN_ACTS,    "family=%lld")     \
	X(NET_LISTEN,     "net.listen",     SN_ACTS,    "family=%lld")     \
	X(NET_CONNECT,    "net.connect",    SN_ACTS,    "family=%lld")     \
	X(NET_SEND,       "net.send",       SN_ACTS,    "family=%lld")     \
	X(NET_SETSOCKOPT, "net.setsockopt", SN_ACTS,    "option=%lld")     \
	X(NET_NETLINK,    "net.netlink",    SN_ACTS,    "type=%lld")       \
	X(NET_EGRESS,     "net.egress",     SN_ACTS,    "protocol=%lld")   \
	X(TASK_FORK,      "task.fork",      SN_SPAWNS,  "flags=0x%llx")    \
	X(TASK_EXEC,      "task.exec",      SN_SPAWNS,  NULL)              \
	X(TASK_KILL,      "task.kill",      SN_ACTS,    "signal=%lld")     \
	X(TASK_SETID,     "task.setid",     SN_ACTS,    NULL)              \
	X(TASK_CAPGET,    "task.capget",    SN_ACTS,    NULL)              \
	X(TASK_CAPSET,    "task.capset",    SN_ACTS,    NULL)              \
	X(TASK_CAPABLE,   "task.capable",   SN_ACTS,    "cap=%lld")        \
	X(TASK_PTRACE,    "task.ptrace",    SN_ACTS,    "mode=0x%llx")     \
	X(TASK_SCHED,     "task.sched",     SN_ACTS,    NULL)              \
	X(TASK_RLIMIT,    "task.rlimit",    SN_ACTS,    "limit=%lld")      \
	X(TASK_PRCTL,     "task.prctl",     SN_ACTS,    "option=%lld")     \
	X(TASK_PGRP,      "task.pgrp",      SN_ACTS,    NULL)              \
	X(CODE_MMAP,      "code.mmap",      SN_ACTS,    NULL)              \
	X(CODE_MPROTECT,  "code.mprotect",  SN_ACTS,    NULL)              \
	X(GUARD_BPF,      "guard.bpf",      SN_ACTS,    "cmd=%lld")        \
	X(GUARD_PERF,     "guard.perf",     SN_ACTS,    NULL)              \
	X(GUARD_USERNS,   "guard.userns",   SN_ACTS,    NULL)              \
	X(GUARD_ANON,     "guard.anon",     SN_ACTS,    NULL)              \
	X(GUARD_MOUNT,    "guard.mount",    SN_ACTS,    NULL)              \
	X(GUARD_QUOTA,    "guard.quota",    SN_ACTS,    "cmd=0x%llx")      \
	X(GUARD_KEY,      "guard.key",      SN_ACTS,    NULL)              \
	X(GUARD_IPC,      "guard.ipc",      SN_ACTS,    NULL)              \
	X(GUARD_MODULE,   "guard.module",   SN_ACTS,    NULL)              \
	X(GUARD_SYSLOG,   "guard.syslog",   SN_ACTS,    "type=%lld")
/* clang-format on */

enum sn_op {
#define SN_OP_ID(id, name, kind, number) SN_OP_##id,
	SN_OPS(SN_OP_ID)
#undef SN_OP_ID
		SN_OP_NR,
};

/* What stock node and its C library always try and do without: refused, but not an attack. */
#define SN_KNOWNS(X)            \
	X(NOTHING, "")          \
	X(IO_URING, "io_uring") \
	X(NSCD, "nscd")         \
	X(MALLOC, "malloc")

enum sn_known {
#define SN_KNOWN_ID(id, name) SN_KNOWN_##id,
	SN_KNOWNS(SN_KNOWN_ID)
#undef SN_KNOWN_ID
		SN_KNOWN_NR,
};

/*
 * A directory or file as the kernel identifies it: dev is s_dev, the kernel's internal dev_t
 * (major << 20 | minor), ino is i_ino; stat(2) may show other numbers (overlayfs, btrfs).
 */
struct sn_inode {
	__u64 ino;
	__u32 dev;
	__u32 pad;
	__u64 generation; /* i_generation, which differs when an inode number is reused; or
			     one of these: */
};
_Static_assert(sizeof(struct sn_inode) == 24, "no hidden padding");
#define SN_ANY_GENERATION (~0ULL) /* the file system never reuses inode numbers */
#define SN_RAMFS_ROOT	  (~1ULL) /* the root of a ramfs, whose other inodes are not identified */

/* Ports @first to @last, both included, host byte order. */
struct sn_port_range {
	__u16 first;
	__u16 last;
};
#define SN_PORT_RANGES_MAX     8   /* in a policy; a longer list is in "ports" */
#define SN_ADDRESS_LENGTHS_MAX 162 /* 33 of IPv4's (96 to 128) and 129 of IPv6's (0 to 128) */

/*
 * The value in "homes": the directories of tenants in safe mode and without audit, which are their
 * *homes*. It repeats a part of the policies to make the most frequent act fast: a tenant's use of
 * its own files. Unused entries are zero. A tenant without an entry is served by its policy, only
 * slower.
 */
#define SN_HOMES_BITS 13 /* of the index; 2^13 values of 4 entries are 1 MiB */
#define SN_HOMES_WAYS 4

struct sn_homes_set {
	struct sn_home {
		__u64 cgroup_id;
		struct sn_inode dir;
	} home[SN_HOMES_WAYS];
};
_Static_assert(sizeof(struct sn_homes_set) == 128, "no hidden padding");

/* The index in "homes" of the set for that cgroup: Fibonacci hashing. */
static inline __u32 sn_homes_index(__u64 cgroup_id)
{
	return (__u32)((cgroup_id * 0x9e3779b97f4a7c15ULL) >> (64 - SN_HOMES_BITS));
}

/*
 * A tenant's policy: first what the operator said, for people who dump the map (long lists end in
 * "..."), then what decisions use. All numbers in host byte order.
 */
struct sn_policy {
	char tenant[SN_TENANT_MAX]; /* its name, NUL-terminated */
	char directory[SN_TEXT_MAX];
	char restricted_outgoing_addresses[SN_TEXT_MAX];
	char allowed_outgoing_ports[SN_TEXT_MAX];
	char allowed_listen_ports[SN_TEXT_MAX];

	__u8 safe_mode;		  /* 0: everything is refused, as without a policy */
	__u8 audit;		  /* --log-granted: report grants as well; an older name */
	__u8 loopback_restricted; /* one loopback address is listed, so all of loopback is */
	__u8 self_restricted;	  /* whatever leaves through the loopback device is restricted */
	__u8 listen_restricted;	  /* binding to a port needs it to be listed */
	__u8 lengths_v4;	  /* how many of address_lengths are of IPv4; they come first... */
	__u8 lengths_all;	  /* ...and how many there are altogether */
	__u8 port_ranges_nr;
	__u64 cgroup_id;	  /* kernfs id of the tenant's cgroup; 0: not to be used */
	__u64 scope;		  /* of its own rules, those that no other tenant has */
	__u64 baseline;		  /* scope of the runtime's rules in "directories" and "names" */
	struct sn_inode dir;	  /* the tenant's one directory */
	struct sn_inode launcher; /* the program whose process image may exec() once */
	__u32 port_lengths;	  /* bit n: "ports" holds a prefix of n bits (0 to 16) */
	__u32 listen_lengths;	  /* the same for the ports to listen on */
	struct sn_port_range port_ranges[SN_PORT_RANGES_MAX]; /* allowed outgoing ports */
	__u8 address_lengths[SN_ADDRESS_LENGTHS_MAX]; /* of prefixes in "addresses", ascending */
	__u8 observe;	   /* with safe_mode: refuse nothing, report what would be refused */
	__u8 runtime_init; /* a container's: until it calls exec, a process is the engine's */
	__u32 layers_dev;  /* s_dev of the layers of the overlay that its files are on; or 0 */
	__u8 warm; /* with safe_mode: files and mappings are left to it until it is narrowed */
	__u8 pad[7];
	__u64 baseline_sum; /* of what is in the baseline, whatever its scope */
};
_Static_assert(sizeof(struct sn_policy) == 880, "no hidden padding");

/*
 * The value in "policies", whose key is the id of the tenant's cgroup: its policy, and room for the
 * one that is to replace it. The kernel reuses the memory of a replaced entry while programs may
 * still read it. So entries of this map are changed in place (BPF_F_LOCK), and of what a program
 * may be reading nothing is changed but cgroup_id. To switch policies is to change in_force, a
 * single byte. What was in force before is cleared, and its rules are removed, after a grace
 * period.
 */
struct sn_slot {
	struct bpf_spin_lock lock; /* for BPF_F_LOCK; programs do not take it */
	__u32 in_force;		   /* 0 or 1: which of the two policies */
	struct sn_policy policy[2];
};
_Static_assert(sizeof(struct sn_slot) == 8 + 2 * sizeof(struct sn_policy), "no hidden padding");

/*
 * Value of "cgroups", whose key is an id as in "policies": where the tenants' cgroups are that are
 * not below the parent. One that is below it has no entry, and is found by the tenant's name.
 */
struct sn_cgroup {
	char path[SN_CGROUP_MAX]; /* from the mount, as its maker saw that; ends in "/NAME" */
};

#define SN_SCOPE_SECOND	  (1ULL << 62) /* set in scopes of the second policy of a slot... */
#define SN_SCOPE_BASELINE (1ULL << 63) /* ...and of baselines; kernfs ids have fewer bits */

/* The scope of the own rules of the policy in place 0 or 1 of the tenant's slot. */
static inline __u64 sn_own_scope(__u64 cgroup_id, __u32 place)
{
	return place ? cgroup_id | SN_SCOPE_SECOND : cgroup_id;
}

/*
 * Key of "addresses": a restricted prefix, or the beginning of longer ones, and then the text is
 * empty. The latter are for the binary search of sn_search_prefixes() in bpf/decide.h. IPv4 is
 * stored as ::ffff:a.b.c.d, 96 bits longer.
 */
struct sn_address_key {
	__u64 cgroup_id; /* or another scope, as in struct sn_directory_key */
	__u32 length;	 /* bits that count, 0 to 128 */
	__u32 pad;
	__u8 addr[16]; /* network byte order, the bits after length are zero */
};
_Static_assert(sizeof(struct sn_address_key) == 32, "no hidden padding");

enum sn_port_use { SN_PORT_OUTGOING, SN_PORT_LISTEN };

/* Key of "ports": an aligned block of ports; a range is cut into the fewest such blocks. */
struct sn_port_key {
	__u64 cgroup_id; /* or another scope, as in struct sn_directory_key */
	__u16 port;	 /* host byte order, the bits after length are zero */
	__u8 length;	 /* bits that count, 0 to 16 */
	__u8 use;	 /* enum sn_port_use */
	__u32 pad;
};
_Static_assert(sizeof(struct sn_port_key) == 16, "no hidden padding");

/* Value of "addresses" and "ports": what the operator wrote, for people who dump the map. */
struct sn_text {
	char text[48];
};

/* Key of "directories": a directory, or a file that was handed over open, known by inode. */
struct sn_directory_key {
	__u64 scope; /* of a policy's own rules, or of its baseline */
	__u64 ino;
	__u32 dev;
	__u32 pad;
};
_Static_assert(sizeof(struct sn_directory_key) == 24, "no hidden padding");

/*
 * Key of "names": a single file, known by directory and name because rename may replace it. Or, in
 * a baseline, what is SN_STEPS_MAX steps or fewer below the root of a file system, whatever is
 * there at the time: "etc/ssl/certs". There are rules for "etc" and "etc/ssl" as well; each is a
 * directory that only root can change, or nothing below it is granted.
 */
struct sn_name_key {
	struct sn_directory_key directory;
	char name[SN_NAME_MAX]; /* NUL-padded */
};
#define SN_STEPS_MAX 4	/* in a name: "systemd/resolve/resolv.conf" has three */
#define SN_STEP_MAX  31 /* bytes of a step, the NUL included */
_Static_assert(sizeof(struct sn_name_key) == 88, "no hidden padding");

/* Value of "directories" and "names". */
struct sn_rule {
	__u64 generation; /* of the directory in the key, as in struct sn_inode */
	__u8 access;	  /* sum of enum sn_access, for the object itself */
	__u8 below;	  /* the same for everything below the directory */
	__u8 pad[2];
	__u32 owner;		/* user who may own the directory as well, if it is a step; or 0 */
	char path[SN_TEXT_MAX]; /* for people */
};
_Static_assert(sizeof(struct sn_rule) == 144, "no hidden padding");

/*
 * Key of "lists", which lists the keys of all rules by scope. Without it, finding the rules of one
 * tenant would mean going through those of all.
 */
struct sn_list_key {
	__u64 scope;  /* as in the rules' keys */
	__u64 number; /* from 0 on; or SN_LIST_COMPLETE */
};
_Static_assert(sizeof(struct sn_list_key) == 16, "no hidden padding");
#define SN_LIST_COMPLETE (~0ULL) /* its entry says that all listed rules of the scope are there */

/* The maps of rules. Stored in "lists", so a number stays what it is. */
enum sn_rule_map {
	SN_RULES_ADDRESSES,
	SN_RULES_PORTS,
	SN_RULES_DIRECTORIES,
	SN_RULES_NAMES,
};

/*
 * Value of "lists", used by the tools only. With its key and the kernel's header it fits into 192
 * bytes, which is a size that the kernel allocates.
 */
struct sn_list {
	__u8 map; /* enum sn_rule_map: which map the keys are of */
	__u8 pad[7];
	char keys[112]; /* each after its length plus 1, without the scope and trailing zeros */
};
_Static_assert(sizeof(struct sn_list) == 120, "no hidden padding");

/* The one value in "state": what safenode-load did. */
struct sn_state {
	__u32 abi_version;	  /* SN_ABI_VERSION */
	__u32 programs;		  /* links that must be pinned */
	__u64 parent_id;	  /* kernfs id of the cgroup below which tenants live */
	__u32 parent_level;	  /* its level in the hierarchy, 0 is the root */
	char parent[SN_TEXT_MAX]; /* its path from the root of the hierarchy, "/safenode" */
	__u32 abi_oldest; /* SN_ABI_OLDEST: to an older version, entries mean another thing */
};
_Static_assert(sizeof(struct sn_state) == 152, "no hidden padding");

/* Value of "counters", one per tenant; key 0 counts processes that have no policy. */
struct sn_counters {
	/* refusals, or what would be refused to a tenant that is observed, except... */
	__u64 denied[SN_OP_NR] SN_COUNTED_BY(sn_op);
	__u64 known;	  /* ...those of enum sn_known... */
	__u64 self_test;  /* ...and those that safenode-attach tries before it starts the command */
	__u64 lost;	  /* events for which the ring had no room */
	__u64 suppressed; /* events above SN_EVENTS_RATE */
	__u64 second;	  /* of CLOCK_MONOTONIC, in which... */
	__u64 sent;	  /* ...so many events were put on the ring */
};
_Static_assert(sizeof(struct sn_counters) == (SN_OP_NR + 6) * 8, "no hidden padding");

/* One record of the ring "events". */
struct sn_event {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 cgroup_id;
	char tenant[SN_TENANT_MAX];
	char comm[16];
	__u32 pid; /* the process (thread group), initial pid namespace; 0: unknown */
	__u32 tid;
	__u16 op;	/* enum sn_op */
	__u16 why;	/* enum sn_why */
	__s32 error;	/* what the caller got: 0 or a negative errno */
	__s64 number;	/* meaning depends on op: signal, capability, request, family, ... */
	__u32 target;	/* the process that the act was aimed at, or 0 */
	__u32 dev;	/* s_dev of the file, or 0 */
	__u16 family;	/* AF_INET or AF_INET6 when addr is set, otherwise 0 */
	__u16 port;	/* host byte order */
	__u16 path_len; /* bytes used in path */
	__u8 path_cut;	/* the path did not fit */
	__u8 known;	/* enum sn_known */
	__u8 addr[16];	/* network byte order, IPv4 as ::ffff:a.b.c.d */
	__s32 would;	/* what the caller of a tenant that is observed would have got; or 0 */
	__u8 warm;	/* the tenant was warm */
	__u8 pad[3];
	char path[SN_EVENT_PATH_MAX]; /* names from the file up to the root of its file system, each
					 with its NUL */
};
_Static_assert(sizeof(struct sn_event) == 672, "no hidden padding");

/* Where each member is, for every compiler: X(structure, member, offset). */
/* clang-format off */
#define SN_LAYOUT(X)                                                   \
	X(bpf_spin_lock, val, 0)                                       \
	X(sn_inode, ino, 0)                                            \
	X(sn_inode, dev, 8)                                            \
	X(sn_inode, pad, 12)                                           \
	X(sn_inode, generation, 16)                                    \
	X(sn_port_range, first, 0)                                     \
	X(sn_port_range, last, 2)                                      \
	X(sn_policy, tenant, 0)                                        \
	X(sn_policy, directory, 64)                                    \
	X(sn_policy, restricted_outgoing_addresses, 192)               \
	X(sn_policy, allowed_outgoing_ports, 320)                      \
	X(sn_policy, allowed_listen_ports, 448)                        \
	X(sn_policy, safe_mode, 576)                                   \
	X(sn_policy, audit, 577)                                       \
	X(sn_policy, loopback_restricted, 578)                         \
	X(sn_policy, self_restricted, 579)                             \
	X(sn_policy, listen_restricted, 580)                           \
	X(sn_policy, lengths_v4, 581)                                  \
	X(sn_policy, lengths_all, 582)                                 \
	X(sn_policy, port_ranges_nr, 583)                              \
	X(sn_policy, cgroup_id, 584)                                   \
	X(sn_policy, scope, 592)                                       \
	X(sn_policy, baseline, 600)                                    \
	X(sn_policy, dir, 608)                                         \
	X(sn_policy, launcher, 632)                                    \
	X(sn_policy, port_lengths, 656)                                \
	X(sn_policy, listen_lengths, 660)                              \
	X(sn_policy, port_ranges, 664)                                 \
	X(sn_policy, address_lengths, 696)                             \
	X(sn_policy, observe, 858)                                     \
	X(sn_policy, runtime_init, 859)                                \
	X(sn_policy, layers_dev, 860)                                  \
	X(sn_policy, warm, 864)                                        \
	X(sn_policy, pad, 865)                                         \
	X(sn_policy, baseline_sum, 872)                                \
	X(sn_slot, lock, 0)                                            \
	X(sn_slot, in_force, 4)                                        \
	X(sn_slot, policy, 8)                                          \
	X(sn_counters, denied, 0)                                      \
	X(sn_counters, known, 8 * SN_OP_NR)                            \
	X(sn_counters, self_test, 8 * SN_OP_NR + 8)                    \
	X(sn_counters, lost, 8 * SN_OP_NR + 16)                        \
	X(sn_counters, suppressed, 8 * SN_OP_NR + 24)                  \
	X(sn_counters, second, 8 * SN_OP_NR + 32)                      \
	X(sn_counters, sent, 8 * SN_OP_NR + 40)                        \
	X(sn_address_key, cgroup_id, 0)                                \
	X(sn_address_key, length, 8)                                   \
	X(sn_address_key, pad, 12)                                     \
	X(sn_address_key, addr, 16)                                    \
	X(sn_text, text, 0)                                            \
	X(sn_port_key, cgroup_id, 0)                                   \
	X(sn_port_key, port, 8)                                        \
	X(sn_port_key, length, 10)                                     \
	X(sn_port_key, use, 11)                                        \
	X(sn_port_key, pad, 12)                                        \
	X(sn_directory_key, scope, 0)                                  \
	X(sn_directory_key, ino, 8)                                    \
	X(sn_directory_key, dev, 16)                                   \
	X(sn_directory_key, pad, 20)                                   \
	X(sn_rule, generation, 0)                                      \
	X(sn_rule, access, 8)                                          \
	X(sn_rule, below, 9)                                           \
	X(sn_rule, pad, 10)                                            \
	X(sn_rule, owner, 12)                                          \
	X(sn_rule, path, 16)                                           \
	X(sn_name_key, directory, 0)                                   \
	X(sn_name_key, name, 24)                                       \
	X(sn_list_key, scope, 0)                                       \
	X(sn_list_key, number, 8)                                      \
	X(sn_list, map, 0)                                             \
	X(sn_list, pad, 1)                                             \
	X(sn_list, keys, 8)                                            \
	X(sn_cgroup, path, 0)                                          \
	X(sn_home, cgroup_id, 0)                                       \
	X(sn_home, dir, 8)                                             \
	X(sn_homes_set, home, 0)                                       \
	X(sn_state, abi_version, 0)                                    \
	X(sn_state, programs, 4)                                       \
	X(sn_state, parent_id, 8)                                      \
	X(sn_state, parent_level, 16)                                  \
	X(sn_state, parent, 20)                                        \
	X(sn_state, abi_oldest, 148)                                   \
	X(sn_event, time_ns, 0)                                        \
	X(sn_event, cgroup_id, 8)                                      \
	X(sn_event, tenant, 16)                                        \
	X(sn_event, comm, 80)                                          \
	X(sn_event, pid, 96)                                           \
	X(sn_event, tid, 100)                                          \
	X(sn_event, op, 104)                                           \
	X(sn_event, why, 106)                                          \
	X(sn_event, error, 108)                                        \
	X(sn_event, number, 112)                                       \
	X(sn_event, target, 120)                                       \
	X(sn_event, dev, 124)                                          \
	X(sn_event, family, 128)                                       \
	X(sn_event, port, 130)                                         \
	X(sn_event, path_len, 132)                                     \
	X(sn_event, path_cut, 134)                                     \
	X(sn_event, known, 135)                                        \
	X(sn_event, addr, 136)                                         \
	X(sn_event, would, 152)                                        \
	X(sn_event, warm, 156)                                         \
	X(sn_event, pad, 157)                                          \
	X(sn_event, path, 160)
/* clang-format on */

#define SN_ASSERT_OFFSET(type, member, offset)                              \
	_Static_assert(__builtin_offsetof(struct type, member) == (offset), \
		       "struct " #type ": '" #member "' is not where it was");
SN_LAYOUT(SN_ASSERT_OFFSET)
#undef SN_ASSERT_OFFSET

#endif
