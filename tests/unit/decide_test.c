// SPDX-License-Identifier: GPL-2.0-only
/* bpf/decide.h, the same lines that the BPF programs are made of. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include <cmocka.h>

#include "decide.h"
#include "addresses.h"
#include "ports.h"

#define SAME(name) \
	_Static_assert((int)SN_##name == (int)name, "the kernel's and the C library's " #name)
SAME(EPERM);
SAME(ENOENT);
SAME(ESRCH);
SAME(ECHILD);
SAME(EACCES);
SAME(EMFILE);
SAME(AF_UNSPEC);
SAME(AF_UNIX);
SAME(AF_INET);
SAME(AF_INET6);
SAME(AF_NETLINK);
SAME(AF_PACKET);
SAME(SOCK_STREAM);
SAME(SOCK_DGRAM);
SAME(SOCK_RAW);
SAME(SOL_SOCKET);
SAME(IPPROTO_IP);
SAME(IPPROTO_TCP);
SAME(IPPROTO_UDP);
SAME(IPPROTO_IPV6);
SAME(S_IFMT);
SAME(S_IFSOCK);
SAME(S_IFDIR);
SAME(S_IFCHR);
SAME(S_IFBLK);
SAME(S_IFREG);
SAME(S_IFIFO);
SAME(S_ISUID);
SAME(S_ISGID);
SAME(S_IWGRP);
SAME(S_IWOTH);
SAME(O_APPEND);
SAME(O_ASYNC);
SAME(O_DIRECT);
SAME(MAP_TYPE);
SAME(MAP_SHARED);
SAME(MAP_SHARED_VALIDATE);
SAME(PROT_WRITE);
SAME(PROT_EXEC);
SAME(CLONE_THREAD);

static struct sn_address address(const char *text)
{
	struct in_addr v4;
	uint64_t half[2];

	if (inet_pton(AF_INET, text, &v4) == 1)
		return sn_address_v4(ntohl(v4.s_addr));
	assert_int_equal(inet_pton(AF_INET6, text, half), 1);
	return (struct sn_address){ be64toh(half[0]), be64toh(half[1]) };
}

static void assert_same_address(struct sn_address a, struct sn_address b)
{
	assert_int_equal(a.hi, b.hi);
	assert_int_equal(a.lo, b.lo);
}

static void assert_prefix(const char *whole, uint32_t length, const char *prefix)
{
	assert_same_address(sn_address_prefix(address(whole), length), address(prefix));
}

/* ---- errno ---- */

static void denied_looks_like_missing_where_the_caller_only_looked(void **state)
{
	static const enum sn_op looking[] = {
		SN_OP_FS_OPEN,	 SN_OP_FS_STAT,	    SN_OP_FS_READLINK,
		SN_OP_FS_ACCESS, SN_OP_FS_LOOKUP,   SN_OP_FS_STATFS,
		SN_OP_FS_WATCH,	 SN_OP_FS_GETXATTR, SN_OP_FS_GETFLAGS,
	};

	for (size_t i = 0; i < sizeof(looking) / sizeof(looking[0]); i++) {
		assert_int_equal(sn_errno(looking[i], SN_OUTSIDE), -ENOENT);
		assert_int_equal(sn_errno(looking[i], SN_UNKNOWN), -ENOENT);
		assert_int_equal(sn_errno(looking[i], SN_NO_POLICY), -ENOENT);
	}
}

static void an_attempt_to_change_is_eacces(void **state)
{
	static const enum sn_op changing[] = {
		SN_OP_FS_OPEN_WRITE, SN_OP_FS_CREATE,	SN_OP_FS_MKDIR,	   SN_OP_FS_RMDIR,
		SN_OP_FS_UNLINK,     SN_OP_FS_SYMLINK,	SN_OP_FS_LINK,	   SN_OP_FS_RENAME,
		SN_OP_FS_MODIFY_DIR, SN_OP_FS_TRUNCATE, SN_OP_FS_CHMOD,	   SN_OP_FS_CHOWN,
		SN_OP_FS_UTIMES,     SN_OP_FS_SETXATTR, SN_OP_FS_SETFLAGS, SN_OP_FS_LOCK,
		SN_OP_FS_MMAP,
	};

	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
		assert_int_equal(sn_errno(changing[i], SN_OUTSIDE), -EACCES);
		assert_int_equal(sn_errno(changing[i], SN_READ_ONLY), -EACCES);
		assert_int_equal(sn_errno(changing[i], SN_NEVER), -EPERM);
	}
}

/* node throws EPERM at the caller, and makes an 'error' event of EACCES. */
static void what_makes_a_process_is_eacces_whatever_the_reason(void **state)
{
	for (int why = SN_UNKNOWN; why < SN_WHY_NR; why++) {
		assert_int_equal(sn_errno(SN_OP_TASK_FORK, why), -EACCES);
		assert_int_equal(sn_errno(SN_OP_TASK_EXEC, why), -EACCES);
		assert_int_equal(sn_errno(SN_OP_NET_SOCKETPAIR, why), -EMFILE); /* its pipes */
	}
}

static void everything_else_is_eperm(void **state)
{
	int nr = 0;

	for (int op = SN_OP_NONE; op <= SN_OP_NR; op++) {
		if (op < SN_OP_NR && sn_kinds[op] != SN_ACTS)
			continue;
		nr++;
		for (int why = SN_UNKNOWN; why < SN_WHY_NR; why++)
			if (why != SN_OTHER_TASK && why != SN_READ_ONLY)
				assert_int_equal(sn_errno(op, why), -EPERM);
	}
	/* all but those of the three tests above */
	assert_int_equal(nr, SN_OP_NR + 1 - 9 - 17 - 3);
}

static void the_verdict_can_overrule_the_operation(void **state)
{
	for (int op = SN_OP_NONE; op < SN_OP_NR; op++) {
		if (sn_kinds[op] == SN_SPAWNS || sn_kinds[op] == SN_PAIRS)
			continue;
		if (op != SN_OP_TASK_KILL)
			assert_int_equal(sn_errno(op, SN_OTHER_TASK), -ESRCH);
		assert_int_equal(sn_errno(op, SN_NEVER), -EPERM);
	}
	assert_int_equal(sn_errno(SN_OP_FS_ACCESS, SN_READ_ONLY), -EACCES);
}

/* The kernel would try again for ever: kernel/signal.c kill_pid_info(). */
static void a_signal_is_never_answered_with_esrch(void **state)
{
	for (int why = SN_UNKNOWN; why < SN_WHY_NR; why++)
		assert_int_not_equal(sn_errno(SN_OP_TASK_KILL, why), -ESRCH);
}

/* ---- files ---- */

static void a_generation_matches_itself_or_any(void **state)
{
	assert_true(sn_generation_matches(7, 7));
	assert_false(sn_generation_matches(7, 8));
	assert_false(sn_generation_matches(0, 8));
	assert_true(sn_generation_matches(SN_ANY_GENERATION, 8));
	/* a 32-bit generation of all ones is not the wildcard */
	assert_false(sn_generation_matches(0xffffffff, 8));
	/* nor is what says that it has to be the root of a ramfs */
	assert_false(sn_generation_matches(SN_RAMFS_ROOT, 0));
	assert_false(sn_generation_matches(SN_RAMFS_ROOT, (__u32)SN_RAMFS_ROOT));
}

static void a_step_leads_on_where_only_root_or_the_owner_can_put_something(void **state)
{
	assert_true(sn_decide_step(S_IFDIR | 0755, 0, 0));
	assert_true(sn_decide_step(S_IFDIR | 0500, 0, 101));
	assert_true(sn_decide_step(S_IFDIR | 0755, 101, 101));
	assert_false(sn_decide_step(S_IFDIR | 0755, 101, 0));
	assert_false(sn_decide_step(S_IFDIR | 0755, 2001, 101));
	for (int mode = 0; mode < 010000; mode++)
		assert_int_equal(sn_decide_step(S_IFDIR | mode, 0, 0), !(mode & 022));
	/* no directory, or one that could not be read */
	assert_false(sn_decide_step(S_IFLNK | 0755, 0, 0));
	assert_false(sn_decide_step(S_IFREG | 0755, 0, 0));
	assert_false(sn_decide_step(0, 0, 0));
}

static void the_last_step_is_the_directorys_owners(void **state)
{
	const __u32 file = SN_MAY_STAT | SN_MAY_READ, tree = file | SN_MAY_SEARCH;

	assert_int_equal(sn_last_step_access(file, S_IFREG | 0644, 0, 0, 1), file);
	assert_int_equal(sn_last_step_access(file, S_IFREG | 0644, 2001, 0, 2), file);
	assert_int_equal(sn_last_step_access(file, S_IFLNK | 0777, 0, 0, 1), file);
	assert_int_equal(sn_last_step_access(tree, S_IFDIR | 0755, 0, 0, 2), tree);
	assert_int_equal(sn_last_step_access(tree, S_IFLNK | 0777, 0, 0, 1), tree);
	/* a directory is not listed because a file of that name may be read */
	assert_int_equal(sn_last_step_access(file, S_IFDIR | 0755, 0, 0, 2), 0);
	/* in a directory of user 101 */
	assert_int_equal(sn_last_step_access(file, S_IFREG | 0644, 101, 101, 1), file);
	assert_int_equal(sn_last_step_access(file, S_IFREG | 0644, 101, 101, 2), 0);
	assert_int_equal(sn_last_step_access(file, S_IFREG | 0644, 0, 101, 1), 0);
	assert_int_equal(sn_last_step_access(file, S_IFREG | 0644, 2001, 101, 1), 0);
}

static void a_file_needs_every_bit(void **state)
{
	assert_int_equal(sn_decide_file(SN_MAY_ALL, SN_MAY_READ | SN_MAY_WRITE), SN_ALLOWED);
	assert_int_equal(sn_decide_file(SN_MAY_LOOK, SN_MAY_READ), SN_ALLOWED);
	assert_int_equal(sn_decide_file(SN_MAY_LOOK, SN_MAY_READ | SN_MAY_WRITE), SN_READ_ONLY);
	assert_int_equal(sn_decide_file(SN_MAY_STAT, SN_MAY_CHANGE), SN_READ_ONLY);
	assert_int_equal(sn_decide_file(SN_MAY_STAT, SN_MAY_READ), SN_OUTSIDE);
	assert_int_equal(sn_decide_file(0, SN_MAY_STAT), SN_OUTSIDE);
	assert_int_equal(sn_decide_file(0, SN_MAY_WRITE), SN_OUTSIDE);
	assert_int_equal(sn_decide_file(SN_MAY_ALL, SN_MAY_START), SN_OUTSIDE);
	assert_int_equal(sn_decide_file(SN_MAY_ALL, SN_MAY_MAP), SN_OUTSIDE);
}

static void only_five_devices_are_open(void **state)
{
	static const int open[] = { 3, 5, 7, 8, 9 };
	uint32_t all = SN_MAY_STAT | SN_MAY_READ | SN_MAY_WRITE;

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		assert_int_equal(sn_device_access(S_IFCHR | 0666, 1 << 20 | open[i]), all);
		assert_int_equal(sn_device_access(S_IFBLK | 0666, 1 << 20 | open[i]), 0);
		assert_int_equal(sn_device_access(S_IFREG | 0666, 1 << 20 | open[i]), 0);
	}
	assert_int_equal(sn_device_access(S_IFCHR, 1 << 20 | 1), 0);  /* mem */
	assert_int_equal(sn_device_access(S_IFCHR, 1 << 20 | 11), 0); /* kmsg */
	assert_int_equal(sn_device_access(S_IFCHR, 5 << 20 | 0), 0);  /* tty */
	assert_int_equal(sn_device_access(S_IFCHR, 3), 0);
	assert_int_equal(sn_device_access(S_IFCHR, makedev(1, 3)), 0); /* not the C library's */
}

static void set_id_bits_lend_an_identity(void **state)
{
	assert_true(sn_mode_lends_identity(04755));
	assert_true(sn_mode_lends_identity(04000));
	assert_true(sn_mode_lends_identity(02755));
	assert_true(sn_mode_lends_identity(02010));
	assert_true(sn_mode_lends_identity(02644)); /* until an ACL adds the execute */
	assert_true(sn_mode_lends_identity(S_IFREG | 02644));
	assert_false(sn_mode_lends_identity(01777));
	assert_false(sn_mode_lends_identity(0));
}

static void mknod_makes_plain_files_and_pipes(void **state)
{
	assert_int_equal(sn_decide_mknod(0644), SN_ALLOWED);
	assert_int_equal(sn_decide_mknod(S_IFREG | 0755), SN_ALLOWED);
	assert_int_equal(sn_decide_mknod(S_IFIFO | 0600), SN_ALLOWED);
	assert_int_equal(sn_decide_mknod(S_IFCHR | 0600), SN_NEVER);
	assert_int_equal(sn_decide_mknod(S_IFBLK | 0600), SN_NEVER);
	assert_int_equal(sn_decide_mknod(S_IFSOCK | 0600), SN_NEVER);
	assert_int_equal(sn_decide_mknod(S_IFREG | 04755), SN_NEVER);
	assert_int_equal(sn_decide_mknod(S_IFREG | 02755), SN_NEVER);
	assert_int_equal(sn_decide_mknod(02755), SN_NEVER);
}

static void ioctl_knows_a_few_harmless_requests(void **state)
{
	static const unsigned int allowed[] = {
		TCGETS,	  TIOCGWINSZ,	TIOCOUTQ, FIONBIO,
		FIONCLEX, FIOCLEX,	FIOQSIZE, _IOR('T', 0x2a, char[44]),
		FICLONE,  FICLONERANGE,
	};
	static const unsigned int of_readers[] = { TCSETS, TCSETSW, TCSETSF, FIONREAD };
	static const unsigned int denied[] = {
		TIOCSTI,   TIOCLINUX, TIOCSCTTY,       TIOCCONS,
		TIOCSPGRP, FIOASYNC,  FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR,
		FIBMAP,	   FIFREEZE,  FS_IOC_GETFLAGS, _IO(0x94, 0),
	};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		assert_int_equal(sn_decide_ioctl(allowed[i], false), SN_ALLOWED);
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		assert_int_equal(sn_decide_ioctl(denied[i], true), SN_NEVER);
	for (size_t i = 0; i < sizeof(of_readers) / sizeof(of_readers[0]); i++) {
		assert_int_equal(sn_decide_ioctl(of_readers[i], true), SN_ALLOWED);
		assert_int_equal(sn_decide_ioctl(of_readers[i], false), SN_NEVER);
		assert_int_equal(sn_ioctl_sets_modes(of_readers[i]), of_readers[i] != FIONREAD);
	}
	assert_false(sn_ioctl_sets_modes(TCGETS));
}

static void two_requests_to_a_socket_name_devices(void **state)
{
	assert_true(sn_ioctl_names_device(SIOCGIFINDEX));
	assert_true(sn_ioctl_names_device(SIOCGIFNAME));
	assert_false(sn_ioctl_names_device(SIOCGIFHWADDR));
	assert_false(sn_ioctl_names_device(SIOCGIFCONF));
	assert_int_equal(sn_decide_ioctl(SIOCGIFINDEX, true), SN_NEVER); /* of another file */
	assert_int_equal(sn_decide_ioctl(SIOCGIFNAME, true), SN_NEVER);
}

static void fcntl_refuses_what_sends_signals_or_stops_others(void **state)
{
	static const unsigned int denied[] = {
		F_SETOWN,     F_SETSIG,	   F_SETOWN_EX, F_SETLEASE, F_NOTIFY,
		F_SETPIPE_SZ, F_ADD_SEALS, 1040, /* F_SETDELEG, newer than the C library's headers
						  */
		1041,	      4096,
	};
	static const unsigned int allowed[] = { F_DUPFD,     F_DUPFD_CLOEXEC, F_GETFD,
						F_SETFD,     F_GETFL,	      F_SETLK,
						F_OFD_SETLK, F_GETOWN,	      F_GETPIPE_SZ };

	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		assert_int_equal(sn_decide_fcntl(denied[i], 0, 0), SN_NEVER);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		assert_int_equal(sn_decide_fcntl(allowed[i], O_ASYNC, 0), SN_ALLOWED);
	assert_int_equal(sn_decide_fcntl(F_SETFL, O_NONBLOCK | O_APPEND, 0), SN_ALLOWED);
	assert_int_equal(sn_decide_fcntl(F_SETFL, O_NONBLOCK | O_ASYNC, 0), SN_NEVER);
	assert_int_equal(sn_decide_fcntl(F_SETFL, O_NONBLOCK | O_APPEND, O_APPEND), SN_ALLOWED);
	assert_int_equal(sn_decide_fcntl(F_SETFL, O_NONBLOCK, O_APPEND), SN_NEVER);
	assert_int_equal(sn_decide_fcntl(F_SETFL, O_DIRECT, 0), SN_NEVER);
	assert_int_equal(sn_decide_fcntl(F_SETFL, O_DIRECT | O_NONBLOCK, O_DIRECT), SN_ALLOWED);
	assert_int_equal(sn_decide_fcntl(F_SETFL, 0, O_DIRECT), SN_ALLOWED);
}

static void xattrs_of_the_system_are_refused(void **state)
{
	assert_int_equal(sn_decide_xattr_name("security.capability"), SN_NEVER);
	assert_int_equal(sn_decide_xattr_name("trusted.overlay.opaque"), SN_NEVER);
	assert_int_equal(sn_decide_xattr_name("user.mime_type"), SN_ALLOWED);
	assert_int_equal(sn_decide_xattr_name("system.posix_acl_access"), SN_ALLOWED);
	assert_int_equal(sn_decide_xattr_name(""), SN_ALLOWED);
	assert_int_equal(sn_decide_xattr_name("se"), SN_ALLOWED);
}

/* ---- addresses and ports ---- */

enum { EXT4 = 0xef53, PROC = 0x9fa0, CGROUP2 = 0x63677270 };

static void files_mappings_and_the_directory_are_left_to_who_is_warm(void **state)
{
	assert_true(sn_decide_left(SN_OP_FS_OPEN, SN_OUTSIDE, EXT4));
	assert_true(sn_decide_left(SN_OP_FS_OPEN, SN_OUTSIDE, PROC));
	assert_true(sn_decide_left(SN_OP_FS_UNLINK, SN_READ_ONLY, EXT4));
	assert_true(sn_decide_left(SN_OP_CODE_MMAP, SN_NOT_RUNTIME, EXT4));
	assert_true(sn_decide_left(SN_OP_CODE_MPROTECT, SN_NOT_RUNTIME, EXT4));
	assert_true(sn_decide_left(SN_OP_FS_CHDIR, SN_NEVER, EXT4));
}

static void what_no_tenant_may_is_not_left_to_who_is_warm(void **state)
{
	for (int op = 0; op < SN_OP_NR; op++) {
		if (op != SN_OP_FS_CHDIR)
			assert_false(sn_decide_left(op, SN_NEVER, EXT4));
		assert_false(sn_decide_left(op, SN_UNKNOWN, EXT4));
		assert_false(sn_decide_left(op, SN_NO_POLICY, EXT4));
		assert_false(sn_decide_left(op, SN_FAMILY, EXT4));
		assert_false(sn_decide_left(op, SN_OTHER_TASK, EXT4));
		if (sn_kinds[op] != SN_LOOKS && sn_kinds[op] != SN_CHANGES)
			assert_false(sn_decide_left(op, SN_OUTSIDE, EXT4));
	}
	assert_false(sn_decide_left(SN_OP_NR, SN_OUTSIDE, EXT4));
}

static void the_kernels_own_files_are_not_changed_by_who_is_warm(void **state)
{
	for (int op = 0; op < SN_OP_NR; op++) {
		if (sn_kinds[op] != SN_CHANGES)
			continue;
		assert_true(sn_decide_left(op, SN_OUTSIDE, EXT4));
		assert_false(sn_decide_left(op, SN_OUTSIDE, PROC));
		assert_false(sn_decide_left(op, SN_READ_ONLY, CGROUP2));
		assert_false(sn_decide_left(op, SN_OUTSIDE, 0)); /* who knows */
	}
}

static void ipv4_is_kept_as_a_mapped_address(void **state)
{
	assert_same_address(sn_address_v4(0x0a000001), address("::ffff:10.0.0.1"));
	assert_true(sn_address_is_v4(address("10.0.0.1")));
	assert_true(sn_address_is_v4(address("::ffff:0.0.0.0")));
	assert_false(sn_address_is_v4(address("::10.0.0.1")));
	assert_false(sn_address_is_v4(address("1::ffff:10.0.0.1")));
	assert_false(sn_address_is_v4(address("::1:ffff:10.0.0.1")));
}

static void ipv6_can_carry_ipv4_in_three_ways(void **state)
{
	static const char *const carry[] = { "::ffff:192.0.2.7", "::192.0.2.7",
					     "64:ff9b::192.0.2.7" };
	static const char *const none[] = { "::",
					    "::1",
					    "2001:db8::1",
					    "64:ff9b:1::192.0.2.7",
					    "1::192.0.2.7",
					    "::fffe:192.0.2.7",
					    "64:ff9b::1:0:0" };
	struct sn_address v4;

	for (size_t i = 0; i < sizeof(carry) / sizeof(carry[0]); i++) {
		assert_true(sn_address_carries_v4(address(carry[i]), &v4));
		assert_same_address(v4, address("192.0.2.7"));
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(sn_address_carries_v4(address(none[i]), &v4));
}

static void loopback_is_one_thing_in_both_families(void **state)
{
	static const char *const loopback[] = { "127.0.0.1",	 "127.255.255.255",
						"0.0.0.0",	 "::",
						"::1",		 "::ffff:127.1.2.3",
						"::ffff:0.0.0.0" };
	static const char *const other[] = { "126.255.255.255", "128.0.0.0", "0.0.0.1",
					     "10.0.0.1",	"::2",	     "1::1",
					     "::127.0.0.1",	"fe80::1" };

	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
		assert_true(sn_address_is_loopback(address(loopback[i])));
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_false(sn_address_is_loopback(address(other[i])));
}

static void loopback_in_disguise_is_found_by_what_it_carries(void **state)
{
	struct sn_address v4;

	assert_true(sn_address_carries_v4(address("::127.0.0.1"), &v4));
	assert_true(sn_address_is_loopback(v4));
	assert_true(sn_address_carries_v4(address("64:ff9b::127.0.0.1"), &v4));
	assert_true(sn_address_is_loopback(v4));
}

static void prefixes_keep_the_first_bits(void **state)
{
	assert_prefix("172.16.255.255", 96 + 20, "172.16.240.0");
	assert_prefix("10.1.2.3", 96 + 8, "10.0.0.0");
	assert_prefix("10.1.2.3", 96 + 31, "10.1.2.2");
	assert_prefix("10.1.2.3", 96 + 32, "10.1.2.3");
	assert_prefix("255.255.255.255", 96 + 0, "0.0.0.0");
	assert_prefix("255.255.255.255", 96 + 1, "128.0.0.0");
	assert_prefix("2001:db8:ffff::1", 0, "::");
	assert_prefix("ffff::1", 1, "8000::");
	assert_prefix("2001:db8:ffff::1", 20, "2001::");
	assert_prefix("2001:db8:ffff::1", 32, "2001:db8::");
	assert_prefix("1:2:3:4:5:6:7:8", 63, "1:2:3:4::");
	assert_prefix("1:2:3:4:5:6:7:8", 64, "1:2:3:4::");
	assert_prefix("1:2:3:4:ffff:6:7:8", 65, "1:2:3:4:8000::");
	assert_prefix("1:2:3:4:5:6:7:8", 127, "1:2:3:4:5:6:7:8");
	assert_prefix("1:2:3:4:5:6:7:9", 127, "1:2:3:4:5:6:7:8");
	assert_prefix("1:2:3:4:5:6:7:9", 128, "1:2:3:4:5:6:7:9");
}

/* Bit @n of an address, counted from the left. */
static bool bit(struct sn_address a, unsigned int n)
{
	return n < 64 ? a.hi >> (63 - n) & 1 : a.lo >> (127 - n) & 1;
}

static void every_length_keeps_exactly_its_bits(void **state)
{
	struct sn_address ones = { ~0ULL, ~0ULL };

	for (unsigned int length = 0; length <= 128; length++) {
		struct sn_address prefix = sn_address_prefix(ones, length);

		for (unsigned int n = 0; n < 128; n++)
			assert_int_equal(bit(prefix, n), n < length);
	}
	for (unsigned int length = 0; length <= 16; length++)
		for (unsigned int n = 0; n < 16; n++)
			assert_int_equal(sn_port_prefix(0xffff, length) >> (15 - n) & 1,
					 n < length);
}

/* ---- the look-up of bpf/net.bpf.c, against a scan ---- */

static struct sn_address random_address(void)
{
	/* few different bits, so that prefixes hit */
	uint64_t hi = (uint64_t)(random() & 3) << 62 | (random() & 1);
	uint64_t lo = (uint64_t)(random() & 3) << 62 | (random() & 7);

	return random() & 1 ? sn_address_v4((uint32_t)(random() & 0xc0000007))
			    : (struct sn_address){ hi, lo };
}

struct prefix {
	struct sn_address address;
	uint32_t length;
};

static bool scan(const struct prefix *list, size_t nr, struct sn_address a)
{
	for (size_t i = 0; i < nr; i++) {
		uint32_t n = 0;

		while (n < list[i].length && bit(list[i].address, n) == bit(a, n))
			n++;
		if (n == list[i].length)
			return true;
	}
	return false;
}

/* What "addresses" would hold, and how often it was asked. */
static const struct sn_address_rule *stored;
static size_t nr_stored;
static int asked;

static enum sn_found look_up(const struct sn_policy *pol, struct sn_address prefix, __u32 length)
{
	enum sn_found found = SN_FOUND_NONE;

	asked++;
	for (size_t i = 0; i < nr_stored; i++) {
		uint64_t half[2];

		memcpy(half, stored[i].key.addr, sizeof(half));
		if (stored[i].key.length != length || be64toh(half[0]) != prefix.hi ||
		    be64toh(half[1]) != prefix.lo)
			continue;
		/* a map has one value for a key: both kinds of rule cannot have the same */
		assert_true(!found || (!stored[i].text.text[0] && found == SN_FOUND_LONGER));
		found = stored[i].text.text[0] ? SN_FOUND : SN_FOUND_LONGER;
	}
	return found;
}

#define LISTED_MOST 40

/* Every address of a few is in @list for the search exactly if a scan says so. */
static void assert_search_agrees(const struct prefix *list, size_t nr, int hits[2])
{
	struct sn_address_rule listed[LISTED_MOST] = {}, *rules;
	struct sn_policy policy = {};
	ssize_t nr_rules;

	for (size_t i = 0; i < nr; i++) {
		uint64_t half[2] = { htobe64(list[i].address.hi), htobe64(list[i].address.lo) };

		memcpy(listed[i].key.addr, half, sizeof(half));
		listed[i].key.length = list[i].length;
		strcpy(listed[i].text.text, "listed");
	}
	nr_rules = sn_addresses_cut(&(struct sn_address_list){ listed, nr }, &policy, &rules);
	assert_true(nr_rules >= !!nr);
	stored = rules;
	nr_stored = nr_rules;
	for (int i = 0; i < 40; i++) {
		struct sn_address a = random_address();
		bool expected;

		/* or one beside or inside what is listed */
		if (nr && i % 2) {
			const struct prefix *near = &list[random() % nr];

			a = near->address;
			a.hi ^= random() & 1 ? 1ULL << random() % 64 : 0;
			a.lo ^= random() & 1 ? 1ULL << random() % 64 : 0;
		}
		expected = scan(list, nr, a);
		asked = 0;
		assert_int_equal(sn_search_prefixes(&policy, a, look_up), expected);
		assert_in_range(asked, 0, SN_SEARCH_STEPS);
		hits[expected]++;
	}
	free(rules);
}

static void the_search_for_a_prefix_agrees_with_a_scan(void **state)
{
	int hits[2] = {};

	srandom(1);
	for (int round = 0; round < 3000; round++) {
		struct prefix list[LISTED_MOST];
		size_t nr = random() % (round % 2 ? LISTED_MOST + 1 : 5);

		for (size_t i = 0; i < nr; i++) {
			struct sn_address a = random_address();

			if (random() & 1)
				a.hi ^= (uint64_t)random() << 33 ^ random();
			list[i].length = random() % 129;
			if (sn_address_is_v4(a) && random() & 1)
				list[i].length = 96 + random() % 33;
			list[i].address = sn_address_prefix(a, list[i].length);
		}
		assert_search_agrees(list, nr, hits);
	}
	assert_true(hits[0] > 10000 && hits[1] > 10000);
}

/* A single 1 in the last place makes networks of all lengths of which none is in another. */
static void any_number_of_lengths_takes_eight_lookups(void **state)
{
	struct sn_address_rule listed[160] = {}, *rules;
	struct sn_policy policy = {};
	size_t nr = 0;

	for (unsigned int length = 1; length <= 160; length++) {
		struct sn_address_key *key = &listed[nr].key;

		if (length == 81) /* all of IPv4 would be in there */
			continue;
		if (length > 128) {
			key->addr[10] = key->addr[11] = 0xff;
			key->length = length - 32;
		} else {
			key->length = length;
		}
		key->addr[(key->length - 1) / 8] = 0x80 >> (key->length - 1) % 8;
		strcpy(listed[nr++].text.text, "listed");
	}
	nr_stored = sn_addresses_cut(&(struct sn_address_list){ listed, nr }, &policy, &rules);
	stored = rules;
	assert_int_equal(policy.lengths_v4, 32);
	for (size_t i = 0; i < nr; i++) {
		uint64_t half[2];

		memcpy(half, listed[i].key.addr, sizeof(half));
		asked = 0;
		assert_true(sn_search_prefixes(
			&policy, (struct sn_address){ be64toh(half[0]), be64toh(half[1]) },
			look_up));
		assert_in_range(asked, 1, SN_SEARCH_STEPS);
	}
	asked = 0;
	assert_false(sn_search_prefixes(&policy, address("::ffff:0.0.0.0"), look_up));
	assert_false(sn_search_prefixes(&policy, address("::"), look_up));
	assert_in_range(asked, 2, 2 * SN_SEARCH_STEPS);
	free(rules);
}

static bool port_is_in(const struct sn_port_key *blocks, size_t nr, uint16_t port)
{
	for (size_t i = 0; i < nr; i++)
		if (sn_port_prefix(port, blocks[i].length) == blocks[i].port)
			return true;
	return false;
}

static void assert_blocks_are(uint16_t first, uint16_t last)
{
	struct sn_port_key blocks[30];
	size_t nr = sn_port_blocks((struct sn_port_range){ first, last }, blocks);

	assert_in_range(nr, 1, 30);
	for (uint32_t port = 0; port < 65536; port++)
		assert_int_equal(port_is_in(blocks, nr, port), port >= first && port <= last);
}

static void port_blocks_cover_exactly_the_range(void **state)
{
	srandom(2);
	assert_blocks_are(1, 65535);
	assert_blocks_are(0, 65535);
	assert_blocks_are(1, 65534); /* the most blocks there can be */
	assert_blocks_are(65535, 65535);
	assert_blocks_are(80, 80);
	for (int i = 0; i < 200; i++) {
		uint16_t a = random(), b = random();

		assert_blocks_are(a < b ? a : b, a < b ? b : a);
	}
}

static void ranges_in_the_policy_end_where_they_say(void **state)
{
	struct sn_policy policy = {
		.port_ranges_nr = 3,
		.port_ranges = { { 80, 80 }, { 8000, 8100 }, { 65000, 65535 }, { 1, 65535 } }
	};

	for (uint32_t port = 0; port < 65536; port++)
		assert_int_equal(sn_in_port_ranges(&policy, port),
				 port == 80 || (port >= 8000 && port <= 8100) || port >= 65000);
	policy.port_ranges_nr = 0;
	assert_false(sn_in_port_ranges(&policy, 80));
}

/* ---- sockets ---- */

static void tcp_and_udp_sockets_exist(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 2; i++) {
		int family = families[i];

		assert_int_equal(sn_decide_socket(family, SOCK_STREAM, 0), SN_ALLOWED);
		assert_int_equal(sn_decide_socket(family, SOCK_STREAM, IPPROTO_TCP), SN_ALLOWED);
		assert_int_equal(sn_decide_socket(family, SOCK_DGRAM, 0), SN_ALLOWED);
		assert_int_equal(sn_decide_socket(family, SOCK_DGRAM, IPPROTO_UDP), SN_ALLOWED);
		assert_int_equal(sn_decide_socket(family, SOCK_STREAM, 262), SN_FAMILY); /* MPTCP */
		assert_int_equal(sn_decide_socket(family, SOCK_STREAM, IPPROTO_SCTP), SN_FAMILY);
		assert_int_equal(sn_decide_socket(family, SOCK_DGRAM, IPPROTO_ICMP), SN_FAMILY);
		assert_int_equal(sn_decide_socket(family, SOCK_DGRAM, IPPROTO_TCP), SN_FAMILY);
		assert_int_equal(sn_decide_socket(family, SOCK_STREAM, IPPROTO_UDP), SN_FAMILY);
		assert_int_equal(sn_decide_socket(family, SOCK_RAW, IPPROTO_TCP), SN_FAMILY);
		assert_int_equal(sn_decide_socket(family, SOCK_SEQPACKET, 0), SN_FAMILY);
	}
}

static void other_families_do_not(void **state)
{
	for (int family = -1; family < 64; family++)
		if (family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
			for (int type = 0; type < 12; type++)
				assert_int_equal(sn_decide_socket(family, type, 0), SN_FAMILY);
}

static void netlink_is_rtnetlink(void **state)
{
	assert_int_equal(sn_decide_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), SN_ALLOWED);
	assert_int_equal(sn_decide_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE), SN_ALLOWED);
	for (int protocol = 1; protocol < 32; protocol++)
		assert_int_equal(sn_decide_socket(AF_NETLINK, SOCK_RAW, protocol), SN_FAMILY);
}

static enum sn_why ask_rtnetlink(__u16 type, __u8 family, __u32 behind_header)
{
	struct sn_rtnetlink message = { .len = sizeof(struct nlmsghdr) + behind_header,
					.type = type,
					.family = family };

	return sn_decide_rtnetlink(&message);
}

static void rtnetlink_tells_links_and_addresses(void **state)
{
	assert_int_equal(ask_rtnetlink(RTM_GETLINK, AF_UNSPEC, sizeof(struct rtgenmsg)),
			 SN_ALLOWED);
	assert_int_equal(ask_rtnetlink(RTM_GETLINK, AF_PACKET, sizeof(struct ifinfomsg)),
			 SN_ALLOWED);
	assert_int_equal(ask_rtnetlink(RTM_GETADDR, AF_UNSPEC, sizeof(struct rtgenmsg)),
			 SN_ALLOWED);
	assert_int_equal(ask_rtnetlink(RTM_GETADDR, AF_INET, sizeof(struct ifaddrmsg)), SN_ALLOWED);
	assert_int_equal(ask_rtnetlink(RTM_GETADDR, AF_INET6, 4), SN_ALLOWED);
}

static void rtnetlink_tells_nothing_else(void **state)
{
	for (int type = 0; type < 65536; type++)
		if (type != RTM_GETLINK && type != RTM_GETADDR)
			assert_int_equal(ask_rtnetlink(type, AF_UNSPEC, 4), SN_NEVER);
	for (int family = 0; family < 256; family++) {
		if (family != AF_UNSPEC && family != AF_PACKET) /* AF_BRIDGE is one */
			assert_int_equal(ask_rtnetlink(RTM_GETLINK, family, 16), SN_NEVER);
		if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
			assert_int_equal(ask_rtnetlink(RTM_GETADDR, family, 8), SN_NEVER);
	}
	/* no family, and attributes */
	assert_int_equal(ask_rtnetlink(RTM_GETLINK, AF_UNSPEC, 0), SN_NEVER);
	assert_int_equal(ask_rtnetlink(RTM_GETADDR, AF_UNSPEC, -16), SN_NEVER);
	assert_int_equal(ask_rtnetlink(RTM_GETLINK, AF_UNSPEC, 20), SN_NEVER);
	assert_int_equal(ask_rtnetlink(RTM_GETADDR, AF_UNSPEC, 12), SN_NEVER);
}

static void netlink_has_no_groups(void **state)
{
	assert_int_equal(sn_decide_netlink_bind(0), SN_ALLOWED);
	for (int group = 0; group < 32; group++)
		assert_int_equal(sn_decide_netlink_bind(1u << group), SN_NEVER);
}

static void a_restricted_destination_needs_its_port_listed(void **state)
{
	assert_int_equal(sn_decide_destination(false, false), SN_ALLOWED);
	assert_int_equal(sn_decide_destination(false, true), SN_ALLOWED);
	assert_int_equal(sn_decide_destination(true, true), SN_ALLOWED);
	assert_int_equal(sn_decide_destination(true, false), SN_NOT_LISTED);
}

static void a_translated_destination_needs_a_grant_by_name(void **state)
{
	assert_int_equal(sn_decide_translated(true, true), SN_ALLOWED);
	assert_int_equal(sn_decide_translated(true, false), SN_NOT_LISTED);
	assert_int_equal(sn_decide_translated(false, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_translated(false, false), SN_NOT_LISTED);
}

static void listening_is_free_until_it_is_restricted(void **state)
{
	struct sn_policy open = {}, closed = { .listen_restricted = 1 };

	assert_int_equal(sn_decide_bind(&open, 80, false, false), SN_ALLOWED);
	assert_int_equal(sn_decide_listen(&open, 80, false, false), SN_ALLOWED);
	assert_int_equal(sn_decide_bind(&closed, 80, false, false), SN_NOT_LISTED);
	assert_int_equal(sn_decide_bind(&closed, 80, true, false), SN_ALLOWED);
	assert_int_equal(sn_decide_bind(&closed, 0, false, false), SN_ALLOWED);
	assert_int_equal(sn_decide_listen(&closed, 80, false, false), SN_NOT_LISTED);
	assert_int_equal(sn_decide_listen(&closed, 80, true, false), SN_ALLOWED);
}

static void only_a_listed_port_is_shared(void **state)
{
	struct sn_policy open = {}, closed = { .listen_restricted = 1 };

	assert_int_equal(sn_decide_bind(&open, 80, false, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_bind(&open, 0, false, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_bind(&open, 80, true, true),
			 SN_NOT_LISTED); /* there is no list */
	assert_int_equal(sn_decide_bind(&closed, 80, true, true), SN_ALLOWED);
	assert_int_equal(sn_decide_bind(&closed, 80, false, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_bind(&closed, 0, false, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_bind(&closed, 0, true, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_listen(&open, 0, false, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_listen(&open, 80, false, true),
			 SN_ALLOWED); /* the port that it was bound to */
	assert_int_equal(sn_decide_listen(&closed, 0, false, true), SN_NOT_LISTED);
	assert_int_equal(sn_decide_listen(&closed, 80, true, true), SN_ALLOWED);

	assert_int_equal(sn_decide_to_share(&open, 0, false, false), SN_NOT_LISTED);
	assert_int_equal(sn_decide_to_share(&open, 80, true, false), SN_NOT_LISTED);
	assert_int_equal(sn_decide_to_share(&closed, 0, false, false), SN_ALLOWED);
	assert_int_equal(sn_decide_to_share(&closed, 80, true, false), SN_ALLOWED);
	assert_int_equal(sn_decide_to_share(&closed, 80, false, false), SN_NOT_LISTED);
	assert_int_equal(sn_decide_to_share(&closed, 80, false, true), SN_ALLOWED);
	assert_int_equal(sn_decide_to_share(&open, 80, false, true), SN_ALLOWED);
}

static void a_socket_that_the_server_has_bound_is_opened_by_libuv(void **state)
{
	assert_true(sn_shares_what_it_was_given(SO_REUSEADDR, true, true));
	assert_false(sn_shares_what_it_was_given(SO_REUSEADDR, true, false));
	assert_false(sn_shares_what_it_was_given(SO_REUSEADDR, false, true));
	assert_false(sn_shares_what_it_was_given(SO_REUSEPORT, true, true));
}

static void a_datagram_socket_stays_connected_at_a_port_that_it_asked_for(void **state)
{
	assert_int_equal(sn_decide_to_disconnect(SOCK_DGRAM, true), SN_NEVER);
	assert_int_equal(sn_decide_to_disconnect(SOCK_DGRAM, false), SN_ALLOWED);
	assert_int_equal(sn_decide_to_disconnect(SOCK_STREAM, true), SN_ALLOWED);
}

static void a_stream_that_reuses_an_address_shares_nothing(void **state)
{
	assert_true(sn_sockopt_shares(SOL_SOCKET, SO_REUSEADDR, SOCK_DGRAM));
	assert_true(sn_sockopt_shares(SOL_SOCKET, SO_REUSEADDR, SOCK_RAW));
	assert_true(sn_sockopt_shares(SOL_SOCKET, SO_REUSEPORT, SOCK_DGRAM));
	assert_true(sn_sockopt_shares(SOL_SOCKET, SO_REUSEPORT, SOCK_STREAM));
	assert_false(sn_sockopt_shares(SOL_SOCKET, SO_REUSEADDR, SOCK_STREAM));
	assert_false(sn_sockopt_shares(IPPROTO_IP, SO_REUSEADDR, SOCK_DGRAM));
	assert_false(sn_sockopt_shares(SOL_SOCKET, SO_BROADCAST, SOCK_DGRAM));
}

/* Every option that is granted, and nothing else of what there is or may come. */
static const struct options {
	int level, names[24]; /* up to a 0 */
} granted[] = {
	{ SOL_SOCKET,
	  { SO_REUSEADDR, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE, SO_LINGER,
	    SO_RCVLOWAT, SO_RCVTIMEO, SO_SNDTIMEO, SO_MAX_PACING_RATE, SO_RCVTIMEO_NEW,
	    SO_SNDTIMEO_NEW } },
	{ IPPROTO_IP,
	  { IP_TOS,
	    IP_TTL,
	    IP_PKTINFO,
	    IP_MTU_DISCOVER,
	    IP_RECVERR,
	    IP_RECVTTL,
	    IP_RECVTOS,
	    IP_RECVORIGDSTADDR,
	    IP_BIND_ADDRESS_NO_PORT,
	    26 /* IP_RECVERR_RFC4884 */,
	    IP_MULTICAST_IF,
	    IP_MULTICAST_TTL,
	    IP_MULTICAST_LOOP,
	    IP_ADD_MEMBERSHIP,
	    IP_DROP_MEMBERSHIP,
	    IP_UNBLOCK_SOURCE,
	    IP_BLOCK_SOURCE,
	    IP_ADD_SOURCE_MEMBERSHIP,
	    IP_DROP_SOURCE_MEMBERSHIP,
	    IP_MSFILTER,
	    IP_MULTICAST_ALL,
	    IP_UNICAST_IF } },
	{ IPPROTO_IPV6,
	  { IPV6_UNICAST_HOPS,
	    IPV6_MULTICAST_IF,
	    IPV6_MULTICAST_HOPS,
	    IPV6_MULTICAST_LOOP,
	    IPV6_JOIN_GROUP,
	    IPV6_LEAVE_GROUP,
	    IPV6_MTU_DISCOVER,
	    IPV6_MTU,
	    IPV6_RECVERR,
	    IPV6_V6ONLY,
	    29 /* IPV6_MULTICAST_ALL */,
	    31 /* IPV6_RECVERR_RFC4884 */,
	    IPV6_RECVPKTINFO,
	    IPV6_RECVHOPLIMIT,
	    IPV6_RECVPATHMTU,
	    IPV6_DONTFRAG,
	    IPV6_RECVTCLASS,
	    IPV6_TCLASS,
	    IPV6_ORIGDSTADDR,
	    IPV6_UNICAST_IF } },
	{ IPPROTO_TCP,
	  { TCP_NODELAY,
	    TCP_MAXSEG,
	    TCP_CORK,
	    TCP_KEEPIDLE,
	    TCP_KEEPINTVL,
	    TCP_KEEPCNT,
	    TCP_SYNCNT,
	    TCP_LINGER2,
	    TCP_DEFER_ACCEPT,
	    TCP_WINDOW_CLAMP,
	    TCP_QUICKACK,
	    TCP_CONGESTION,
	    TCP_THIN_LINEAR_TIMEOUTS,
	    TCP_THIN_DUPACK,
	    TCP_USER_TIMEOUT,
	    TCP_FASTOPEN,
	    TCP_NOTSENT_LOWAT,
	    TCP_FASTOPEN_CONNECT,
	    TCP_FASTOPEN_NO_COOKIE,
	    TCP_INQ } },
	{ IPPROTO_UDP, { UDP_CORK, UDP_SEGMENT } },
};
static const int both_families[] = { MCAST_JOIN_GROUP,	      MCAST_BLOCK_SOURCE,
				     MCAST_UNBLOCK_SOURCE,    MCAST_LEAVE_GROUP,
				     MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP,
				     MCAST_MSFILTER };

static bool is_one_of(const int *names, size_t nr, int name)
{
	for (size_t i = 0; i < nr && names[i]; i++)
		if (names[i] == name)
			return true;
	return false;
}

static bool is_granted(int level, int name)
{
	if ((level == IPPROTO_IP || level == IPPROTO_IPV6) && is_one_of(both_families, 7, name))
		return true;
	for (size_t i = 0; i < sizeof(granted) / sizeof(*granted); i++)
		if (granted[i].level == level)
			return is_one_of(granted[i].names, 24, name);
	return false;
}

static void options_of_the_socket_itself_are_granted_and_no_others(void **state)
{
	for (int level = -1; level < 300; level++)
		for (int name = -1; name < 300; name++)
			assert_int_equal(sn_decide_sockopt(level, name),
					 is_granted(level, name) ? SN_ALLOWED : SN_NEVER);
}

/* By name, because each does harm of its own. */
static void options_that_reach_further_are_refused(void **state)
{
	static const int of_sockets[] = { SO_ATTACH_FILTER,
					  SO_ATTACH_BPF,
					  SO_ATTACH_REUSEPORT_CBPF,
					  SO_ATTACH_REUSEPORT_EBPF,
					  SO_DETACH_REUSEPORT_BPF,
					  SO_LOCK_FILTER,
					  SO_MARK,
					  SO_TIMESTAMP,
					  SO_PRIORITY,
					  SO_SNDBUFFORCE };
	static const int of_ipv6[] = {
		IPV6_2292HOPOPTS, IPV6_2292DSTOPTS,  IPV6_2292RTHDR,   IPV6_2292PKTOPTIONS,
		IPV6_HOPOPTS,	  IPV6_RTHDRDSTOPTS, IPV6_RTHDR,       IPV6_DSTOPTS,
		IPV6_ADDRFORM,	  IPV6_FREEBIND,     IPV6_TRANSPARENT, 32 /* IPV6_FLOWLABEL_MGR */,
		IPV6_XFRM_POLICY, IPV6_ROUTER_ALERT, IPV6_JOIN_ANYCAST
	};
	static const int
		of_ip[] = { IP_OPTIONS,	    IP_FREEBIND,     IP_TRANSPARENT,
			    IP_XFRM_POLICY, IP_ROUTER_ALERT, 51 /* IP_LOCAL_PORT_RANGE */ };

	for (size_t i = 0; i < sizeof(of_sockets) / sizeof(int); i++)
		assert_int_equal(sn_decide_sockopt(SOL_SOCKET, of_sockets[i]), SN_NEVER);
	for (size_t i = 0; i < sizeof(of_ipv6) / sizeof(int); i++)
		assert_int_equal(sn_decide_sockopt(IPPROTO_IPV6, of_ipv6[i]), SN_NEVER);
	for (size_t i = 0; i < sizeof(of_ip) / sizeof(int); i++)
		assert_int_equal(sn_decide_sockopt(IPPROTO_IP, of_ip[i]), SN_NEVER);
	assert_int_equal(sn_decide_sockopt(IPPROTO_TCP, TCP_ULP), SN_NEVER);
	assert_int_equal(sn_decide_sockopt(IPPROTO_TCP, TCP_REPAIR), SN_NEVER);
	assert_int_equal(sn_decide_sockopt(IPPROTO_UDP, UDP_ENCAP), SN_NEVER);
	assert_int_equal(sn_decide_sockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP), SN_NEVER);
}

/* ---- processes and code ---- */

static void only_threads_are_cloned(void **state)
{
	assert_int_equal(sn_decide_clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD), SN_ALLOWED);
	assert_int_equal(sn_decide_clone(CLONE_VM | CLONE_VFORK), SN_NEVER);
	assert_int_equal(sn_decide_clone(0), SN_NEVER);
}

static void the_limit_of_core_files_stays(void **state)
{
	assert_int_equal(sn_decide_limit(RLIMIT_CORE), SN_NEVER);
	assert_int_equal(sn_decide_limit(RLIMIT_NOFILE), SN_ALLOWED);
}

static void prctl_makes_no_core_scheduling_cookies(void **state)
{
	assert_int_equal(sn_decide_prctl(PR_SCHED_CORE), SN_NEVER);
	assert_int_equal(sn_decide_prctl(PR_SET_NAME), SN_ALLOWED);
}

static void a_task_reaches_itself_only(void **state)
{
	assert_int_equal(sn_decide_task(42, 42), SN_ALLOWED);
	assert_int_equal(sn_decide_task(1, 42), SN_OTHER_TASK);
	assert_int_equal(sn_decide_task(0, 42), SN_OTHER_TASK);
}

static void a_mapping_that_was_not_executable_never_becomes_so(void **state)
{
	assert_int_equal(sn_decide_mprotect(SN_VM_EXEC, PROT_READ | PROT_EXEC), SN_ALLOWED);
	assert_int_equal(sn_decide_mprotect(SN_VM_EXEC, PROT_WRITE | PROT_EXEC), SN_NOT_RUNTIME);
	assert_int_equal(sn_decide_mprotect(0, PROT_READ | PROT_EXEC), SN_NOT_RUNTIME);
	assert_int_equal(sn_decide_mprotect(3, PROT_READ | PROT_EXEC), SN_NOT_RUNTIME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(denied_looks_like_missing_where_the_caller_only_looked),
		cmocka_unit_test(an_attempt_to_change_is_eacces),
		cmocka_unit_test(what_makes_a_process_is_eacces_whatever_the_reason),
		cmocka_unit_test(everything_else_is_eperm),
		cmocka_unit_test(the_verdict_can_overrule_the_operation),
		cmocka_unit_test(a_signal_is_never_answered_with_esrch),
		cmocka_unit_test(a_generation_matches_itself_or_any),
		cmocka_unit_test(a_step_leads_on_where_only_root_or_the_owner_can_put_something),
		cmocka_unit_test(the_last_step_is_the_directorys_owners),
		cmocka_unit_test(a_file_needs_every_bit),
		cmocka_unit_test(only_five_devices_are_open),
		cmocka_unit_test(set_id_bits_lend_an_identity),
		cmocka_unit_test(mknod_makes_plain_files_and_pipes),
		cmocka_unit_test(ioctl_knows_a_few_harmless_requests),
		cmocka_unit_test(two_requests_to_a_socket_name_devices),
		cmocka_unit_test(fcntl_refuses_what_sends_signals_or_stops_others),
		cmocka_unit_test(xattrs_of_the_system_are_refused),
		cmocka_unit_test(files_mappings_and_the_directory_are_left_to_who_is_warm),
		cmocka_unit_test(what_no_tenant_may_is_not_left_to_who_is_warm),
		cmocka_unit_test(the_kernels_own_files_are_not_changed_by_who_is_warm),
		cmocka_unit_test(ipv4_is_kept_as_a_mapped_address),
		cmocka_unit_test(ipv6_can_carry_ipv4_in_three_ways),
		cmocka_unit_test(loopback_is_one_thing_in_both_families),
		cmocka_unit_test(loopback_in_disguise_is_found_by_what_it_carries),
		cmocka_unit_test(prefixes_keep_the_first_bits),
		cmocka_unit_test(every_length_keeps_exactly_its_bits),
		cmocka_unit_test(the_search_for_a_prefix_agrees_with_a_scan),
		cmocka_unit_test(any_number_of_lengths_takes_eight_lookups),
		cmocka_unit_test(port_blocks_cover_exactly_the_range),
		cmocka_unit_test(ranges_in_the_policy_end_where_they_say),
		cmocka_unit_test(tcp_and_udp_sockets_exist),
		cmocka_unit_test(other_families_do_not),
		cmocka_unit_test(netlink_is_rtnetlink),
		cmocka_unit_test(rtnetlink_tells_links_and_addresses),
		cmocka_unit_test(rtnetlink_tells_nothing_else),
		cmocka_unit_test(netlink_has_no_groups),
		cmocka_unit_test(a_restricted_destination_needs_its_port_listed),
		cmocka_unit_test(a_translated_destination_needs_a_grant_by_name),
		cmocka_unit_test(listening_is_free_until_it_is_restricted),
		cmocka_unit_test(only_a_listed_port_is_shared),
		cmocka_unit_test(a_socket_that_the_server_has_bound_is_opened_by_libuv),
		cmocka_unit_test(a_datagram_socket_stays_connected_at_a_port_that_it_asked_for),
		cmocka_unit_test(a_stream_that_reuses_an_address_shares_nothing),
		cmocka_unit_test(options_of_the_socket_itself_are_granted_and_no_others),
		cmocka_unit_test(options_that_reach_further_are_refused),
		cmocka_unit_test(only_threads_are_cloned),
		cmocka_unit_test(the_limit_of_core_files_stays),
		cmocka_unit_test(prctl_makes_no_core_scheduling_cookies),
		cmocka_unit_test(a_task_reaches_itself_only),
		cmocka_unit_test(a_mapping_that_was_not_executable_never_becomes_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
