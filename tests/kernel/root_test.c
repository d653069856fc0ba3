// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tenant that is root is held like any other. Every act is tried by a tenant that was started
 * with --user root, and by root with every capability that was moved into its cgroup, where only
 * a hook can be what refuses; the control is root outside, with an act that changes nothing.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/keyctl.h>
#include <linux/kexec.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include "joined.h"
#include "tenant.h"

static struct tenant *rooted;

/* The tenant may write to its directory as to any, and nothing else is in the way of an act. */
SETUP()
{
	if (chmod("/srv/t1", 0777) || system("echo -1 >/proc/sys/kernel/perf_event_paranoid"))
		GIVE_UP("cannot prepare");
	rooted = tenant_start("rooted", "--dir", "/srv/t1", "--user", "root", NULL);
}

static unsigned long long denials(void)
{
	struct sn_counters now = tenant_counters(rooted);
	unsigned long long sum = 0;

	for (int op = 0; op < SN_OP_NR; op++)
		sum += now.denied[op];
	return sum;
}

/* Both get -@error, and for the one with every capability a refusal is counted. */
static void expect_held(int error, const char *probe, const char *arg)
{
	unsigned long long before;
	long got = inside(rooted, probe, "%s", arg);

	if (got != -error)
		FAIL("the tenant: %s %s: want %d, got %ld %s", probe, arg, -error, got,
		     sn_test_errno(got));
	before = denials();
	got = JOINED(rooted, probe, "%s", arg);
	if (got != -error)
		FAIL("moved root: %s %s: want %d, got %ld %s", probe, arg, -error, got,
		     sn_test_errno(got));
	if (denials() == before)
		FAIL("moved root: %s %s: it was not safenode that refused", probe, arg);
}

/* ---- files ---- */

/* "MODE PATH": opens it, for reading (r), writing (w) or both (b), and no more */
PROBE(open_file)
{
	int mode = arg[0] == 'w' ? O_WRONLY : arg[0] == 'b' ? O_RDWR : O_RDONLY;
	int fd = open(arg + 2, mode | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? answer(fd) : answer(close(fd));
}

/* @paths ends with NULL; %s in a path is the tenant's cgroup. How many there are on this kernel. */
static int expect_files_closed(int error, const char *const paths[])
{
	int nr = 0;

	for (; *paths; paths++) {
		char path[PATH_MAX + 64];
		long got;

		snprintf(path, sizeof(path), *paths, rooted->cgroup);
		got = ROOT_OUTSIDE("open_file", "%s", path);
		if (got == -ENOENT)
			continue;
		if (got)
			FAIL("root outside: %s: %s", path, sn_test_errno(got));
		expect_held(error, "open_file", path);
		nr++;
	}
	return nr;
}

TEST(root_writes_to_no_file_of_a_cgroup)
{
	static const char *const own[] = {
		"w %s/cgroup.procs",
		"w %s/cgroup.threads",
		"w %s/cgroup.type",
		"w %s/cgroup.kill",
		"w %s/cgroup.freeze",
		"w %s/cgroup.subtree_control",
		"w %s/cgroup.max.depth",
		"w %s/memory.max",
		"w %s/pids.max",
		"w %s/cpu.max",
		"w %s/../cgroup.procs",
		"w %s/../cgroup.threads",
		"w %s/../cgroup.kill",
		"w %s/../cgroup.subtree_control",
		"w %s/../../cgroup.procs",
		"w %s/../../cgroup.subtree_control",
		NULL,
	};

	EXPECT_TRUE(expect_files_closed(EACCES, own) >= 12);
}

TEST(root_reaches_no_switch_of_the_kernel)
{
	static const char *const hidden[] = {
		"w /proc/sys/kernel/ftrace_enabled",
		"w /proc/sys/kernel/core_pattern",
		"w /proc/sys/kernel/modprobe",
		"w /proc/sys/kernel/sysrq",
		"w /proc/sys/kernel/hostname",
		"w /proc/sys/kernel/ns_last_pid",
		"w /proc/sys/kernel/randomize_va_space",
		"w /proc/sys/kernel/yama/ptrace_scope",
		"w /proc/sys/kernel/unprivileged_bpf_disabled",
		"w /proc/sys/fs/suid_dumpable",
		"w /proc/sys/fs/protected_symlinks",
		"w /proc/sys/vm/drop_caches",
		"w /proc/sys/net/ipv4/ip_forward",
		"w /proc/irq/default_smp_affinity",
		"r /sys/kernel/security/lsm",
		"r /sys/kernel/btf/vmlinux",
		"w /sys/power/state",

		"r /sys/kernel/debug/sched/features",
		"w /sys/kernel/tracing/tracing_on",
		"r /proc/1/environ",
		"r /proc/1/maps",
		"w /proc/1/mem",
		"w /proc/1/oom_score_adj",
		"r /etc/ssh/sshd_config",
		NULL,
	};
	static const char *const seen[] = { "w /proc/sysrq-trigger",
					    "w /sys/kernel/mm/transparent_hugepage/enabled",
					    "w /sys/devices/system/cpu/cpu1/online", NULL };
	static const char *const missing[] = {
		"r /proc/kcore",   "r /proc/kallsyms",	  "r /proc/keys",     "r /proc/kmsg",
		"r /proc/modules", "r /proc/vmallocinfo", "r /proc/iomem",    "r /etc/shadow",
		"r /etc/passwd",   "r /proc/timer_list",  "r /proc/slabinfo", NULL,
	};

	EXPECT_TRUE(expect_files_closed(ENOENT, hidden) >= 18);
	EXPECT_EQ(3, expect_files_closed(EACCES, seen));
	EXPECT_TRUE(expect_files_closed(ENOENT, missing) >= 8);
}

TEST(root_opens_no_device)
{
	static const char *const paths[] = {
		"b /dev/mem",	       "b /dev/port",
		"w /dev/kmsg",	       "b /dev/vda",
		"b /dev/loop-control", "b /dev/fuse",
		"b /dev/net/tun",      "b /dev/rtc0",
		"b /dev/ptmx",	       "b /dev/ttyS0",
		"b /dev/snapshot",     "b /dev/cpu_dma_latency",
		"b /dev/vhost-net",    "b /dev/uinput",
		"b /dev/hwrng",	       "b /dev/mapper/control",
		"b /dev/userfaultfd",  "b /dev/kvm",
		"b /dev/cpu/0/msr",    NULL,
	};
	int nr = 0;

	for (const char *const *path = paths; *path; path++) {
		long got = ROOT_OUTSIDE("open_file", "%s", *path);

		if (got) /* not on this machine, or nothing behind it */
			continue;
		got = inside(rooted, "open_file", "%s", *path);
		expect_held(got == -ENOENT ? ENOENT : EACCES, "open_file", *path);
		nr++;
	}
	EXPECT_TRUE(nr >= 5);
}

PROBE(unlink)
{
	return answer(unlink(arg));
}

PROBE(rename_away)
{
	return answer(rename(arg, SN_PIN_DIR "/links/away"));
}

PROBE(chmod)
{
	return answer(chmod(arg, 0777));
}

PROBE(list)
{
	int fd = open(arg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? answer(fd) : answer(close(fd));
}

PROBE(place)
{
	int fd = open(arg, O_PATH | O_CLOEXEC);

	return fd < 0 ? answer(fd) : answer(close(fd));
}

TEST(root_does_not_find_safenodes_pins)
{
	static const char *const pins[] = { SN_PIN_DIR "/policies", SN_PIN_DIR "/links",
					    SN_PIN_DIR "/links/sn_file_open" };
	static const char *const acts[] = { "unlink", "rename_away", "chmod", "list", "place" };

	EXPECT_EQ(0, ROOT_OUTSIDE("list", SN_PIN_DIR "/links"));
	EXPECT_EQ(0, ROOT_OUTSIDE("place", SN_PIN_DIR "/links/sn_file_open"));
	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++)
		for (size_t j = 0; j < sizeof(acts) / sizeof(*acts); j++)
			expect_held(ENOENT, acts[j], pins[i]);
	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++)
		EXPECT_EQ(0, access(pins[i], F_OK));
}

/* ---- safenode's maps and links, open already ---- */

/* "WHAT FD" */
PROBE(bpf_by_descriptor)
{
	__u64 key = 0, value[128] = {}, next;
	__u32 id = 0;
	char what[32];
	int fd;

	if (sscanf(arg, "%31s %d", what, &fd) != 2)
		return could_not_try("cannot understand %s", arg);
	if (!strcmp(what, "lookup"))
		return answer(bpf_map_lookup_elem(fd, &key, value));
	if (!strcmp(what, "next"))
		return answer(bpf_map_get_next_key(fd, NULL, &next));
	if (!strcmp(what, "update-nothing")) /* there is no such entry */
		return answer(bpf_map_update_elem(fd, &(__u64){ ~0ULL }, value, BPF_EXIST));
	if (!strcmp(what, "delete-nothing"))
		return answer(bpf_map_delete_elem(fd, &(__u64){ ~0ULL }));
	if (!strcmp(what, "link-detach"))
		return answer(bpf_link_detach(fd));
	if (!strcmp(what, "link-update"))
		return answer(bpf_link_update(fd, fd, NULL));
	if (!strcmp(what, "pin"))
		return answer(bpf_obj_pin(fd, "/sys/fs/bpf/none/none"));
	if (!strcmp(what, "link-by-id"))
		return answer(bpf_link_get_fd_by_id(~0U));
	if (!strcmp(what, "program-by-id"))
		return answer(bpf_prog_get_fd_by_id(~0U));
	if (!strcmp(what, "map-by-id"))
		return answer(bpf_map_get_fd_by_id(~0U));
	if (!strcmp(what, "next-link"))
		return answer(bpf_link_get_next_id(0, &id));
	if (!strcmp(what, "enable-stats"))
		return answer(bpf_enable_stats(1000));
	return could_not_try("cannot understand %s", arg);
}

TEST(root_does_nothing_with_safenodes_maps_and_links)
{
	int map = bpf_obj_get(SN_PIN_DIR "/counters");
	int link = bpf_obj_get(SN_PIN_DIR "/links/sn_file_open");
	const struct {
		const char *what;
		int fd;
		long outside;
	} acts[] = {
		{ "lookup", map, 0 },
		{ "next", map, 0 },
		{ "update-nothing", map, -ENOENT },
		{ "delete-nothing", map, -ENOENT },
		{ "pin", map, -ENOENT },
		{ "link-detach", link, -EOPNOTSUPP },
		{ "link-update", link, -EINVAL },
		{ "link-by-id", -1, -ENOENT },
		{ "program-by-id", -1, -ENOENT },
		{ "map-by-id", -1, -ENOENT },
		{ "next-link", -1, 0 },
		{ "enable-stats", -1, -EINVAL },
	};

	if (map < 0 || link < 0)
		GIVE_UP("the pins: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		char arg[64];

		snprintf(arg, sizeof(arg), "%s %d", acts[i].what, acts[i].fd);
		expect_held(EPERM, "bpf_by_descriptor", arg);
		EXPECT_EQ(acts[i].outside, ROOT_OUTSIDE("bpf_by_descriptor", "%s", arg));
	}
}

/* ---- system calls that change the machine ---- */

static long closed(long fd)
{
	if (fd < 0)
		return answer(fd);
	close(fd);
	return 0;
}

static long act_mount(void)
{
	return answer(mount("none", ".", NULL, MS_PRIVATE, NULL));
}

static long act_mount_type(void)
{
	return answer(mount("none", ".", "nothing", 0, NULL));
}

static long act_umount(void)
{
	return answer(umount2(".", MNT_EXPIRE));
}

static long act_pivot_root(void)
{
	return answer(syscall(SYS_pivot_root, ".", "."));
}

static long act_fsopen(void)
{
	return closed(syscall(SYS_fsopen, "tmpfs", 0));
}

static long act_open_tree(void)
{
	return closed(syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE));
}

static long act_chroot(void)
{
	return answer(chroot("."));
}

static long act_unshare(void)
{
	return answer(unshare(CLONE_NEWNS));
}

static long act_unshare_user(void)
{
	return answer(unshare(CLONE_NEWUSER));
}

static long act_reboot(void)
{
	return answer(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			      LINUX_REBOOT_CMD_CAD_OFF, NULL));
}

static long act_swapon(void)
{
	return answer(swapon("nothing", 0));
}

static long act_swapoff(void)
{
	return answer(swapoff("nothing"));
}

static long act_acct(void)
{
	return answer(acct(NULL));
}

static long act_sethostname(void)
{
	char name[65];

	return gethostname(name, sizeof(name)) ? could_not_try("gethostname")
					       : answer(sethostname(name, strlen(name)));
}

static long act_setdomainname(void)
{
	char name[65];

	return getdomainname(name, sizeof(name)) ? could_not_try("getdomainname")
						 : answer(setdomainname(name, strlen(name)));
}

static long act_settimeofday(void)
{
	struct timeval now;

	return gettimeofday(&now, NULL) ? could_not_try("gettimeofday")
					: answer(settimeofday(&now, NULL));
}

static long act_adjtimex(void)
{
	struct timex change = { .modes = ADJ_TICK, .tick = 10000 };

	return adjtimex(&change) < 0 ? answer(-1) : 0;
}

static long act_syslog_read(void)
{
	char text[64];

	return klogctl(3, text, sizeof(text)) < 0 ? answer(-1) : 0;
}

static long act_syslog_level(void)
{
	return klogctl(8, NULL, 5) < 0 ? answer(-1) : 0; /* as tests/vm/run sets it */
}

static long act_init_module(void)
{
	return answer(syscall(SYS_init_module, "no module", 9UL, ""));
}

static long act_finit_module(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	long result = answer(syscall(SYS_finit_module, fd, "", 0));

	close(fd);
	return result;
}

static long act_delete_module(void)
{
	return answer(syscall(SYS_delete_module, "nothing", O_NONBLOCK));
}

static long act_kexec_load(void)
{
	return answer(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL));
}

static long act_kexec_file_load(void)
{
	return answer(syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, KEXEC_FILE_UNLOAD));
}

static long act_vhangup(void)
{
	return answer(syscall(SYS_vhangup));
}

static long act_fanotify(void)
{
	return closed(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY));
}

static long act_handle(void)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[128];
	} at = { .handle.handle_bytes = 128 };
	int mount_id, root;
	long result;

	if (name_to_handle_at(AT_FDCWD, ".", &at.handle, &mount_id, 0))
		return could_not_try("name_to_handle_at");
	root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = closed(open_by_handle_at(root, &at.handle, O_RDONLY | O_CLOEXEC));
	close(root);
	return result;
}

static long act_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK };

	return closed(syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0));
}

static long act_bpf(void)
{
	return closed(bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 4, 1, NULL));
}

static long act_packet_socket(void)
{
	return closed(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static long act_raw_socket(void)
{
	return closed(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 255));
}

static long act_join_session(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? answer(-1) : 0;
}

static long act_add_key(void)
{
	return syscall(SYS_add_key, "user", "name", "data", 4L, KEY_SPEC_PROCESS_KEYRING) < 0
		       ? answer(-1)
		       : 0;
}

static long act_ptrace_init(void)
{
	return ptrace(PTRACE_SEIZE, 1, 0, 0) ? answer(-1) : answer(kill(1, 0));
}

static long act_kill_init(void)
{
	return answer(kill(1, 0));
}

static long act_setuid(void)
{
	return answer(syscall(SYS_setuid, 0));
}

static long act_setgroups(void)
{
	return answer(syscall(SYS_setgroups, 0, NULL));
}

static long act_capset(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &header, caps))
		return could_not_try("capget");
	return answer(syscall(SYS_capset, &header, caps));
}

static long act_fork(void)
{
	long pid = syscall(SYS_fork);

	if (!pid)
		_exit(0);
	return pid < 0 ? answer(pid) : waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static long act_chdir(void)
{
	return answer(chdir("/"));
}

static long act_exe(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	long result = answer(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0));

	close(fd);
	return result;
}

static long act_realtime(void)
{
	return answer(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 1 }));
}

static long act_node(void)
{
	if (mknod("device", S_IFBLK | 0600, 0xfe00))
		return answer(-1);
	return answer(unlink("device"));
}

static long act_label(void)
{
	int fd = open("label", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	long result = answer(fsetxattr(fd, "trusted.name", "x", 1, 0));

	close(fd);
	unlink("label");
	return result;
}

static long act_setuid_bit(void)
{
	int fd = open("program", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	long result = answer(fchmod(fd, 04755));

	close(fd);
	unlink("program");
	return result;
}

#ifdef __x86_64__
static long act_iopl(void)
{
	return answer(iopl(3) ?: iopl(0));
}

static long act_ioperm(void)
{
	return answer(ioperm(0x80, 1, 1) ?: ioperm(0x80, 1, 0));
}
#endif

#define ANY 1 /* outside: whatever the kernel says, but not what a refused tenant gets */

#define ACT(name, outside)                 \
	{                                  \
#name, act_##name, outside \
	}
static const struct {
	const char *name;
	long (*act)(void);
	long outside;
	int held; /* 0: EPERM */
} acts[] = {
	ACT(mount, ANY), /* its directory is no mount: EINVAL */
	ACT(mount_type, -ENODEV),
	ACT(umount, -EINVAL),
	ACT(pivot_root, ANY),
	ACT(fsopen, 0),
	ACT(open_tree, 0),
	ACT(chroot, 0),
	ACT(unshare, 0),
	ACT(unshare_user, 0),
	ACT(reboot, 0),
	ACT(swapon, -ENOENT),
	ACT(swapoff, -ENOENT),
	ACT(acct, 0),
	ACT(sethostname, 0),
	ACT(setdomainname, 0),
	ACT(settimeofday, 0),
	ACT(adjtimex, 0),
	ACT(syslog_read, 0),
	ACT(syslog_level, 0),
	ACT(init_module, -ENOEXEC),
	ACT(finit_module, -EINVAL),
	ACT(delete_module, -ENOENT),
	ACT(kexec_load, 0),
	ACT(kexec_file_load, 0),
	ACT(vhangup, 0),
	ACT(fanotify, 0),
	ACT(handle, 0),
	ACT(perf, 0),
	ACT(bpf, 0),
	ACT(packet_socket, 0),
	ACT(raw_socket, 0),
	ACT(join_session, 0),
	ACT(add_key, 0),
	ACT(ptrace_init, 0),
	ACT(kill_init, 0),
	ACT(setuid, 0),
	ACT(setgroups, 0),
	ACT(capset, 0),
	{ "fork", act_fork, 0, EACCES },
	ACT(chdir, 0),
	ACT(exe, ANY), /* EBUSY: it is mapped */
	ACT(realtime, 0),
	ACT(node, 0),
	ACT(label, 0),
	ACT(setuid_bit, 0),
#ifdef __x86_64__
	ACT(iopl, 0),
	ACT(ioperm, 0),
#endif
};
#define NR_ACTS (sizeof(acts) / sizeof(*acts))

/* "NAME" */
PROBE(act)
{
	for (size_t i = 0; i < NR_ACTS; i++)
		if (!strcmp(arg, acts[i].name))
			return acts[i].act();
	return could_not_try("no act '%s'", arg);
}

TEST(root_rules_nothing)
{
	for (size_t i = 0; i < NR_ACTS; i++) {
		long got;

		expect_held(acts[i].held ?: EPERM, "act", acts[i].name);
		got = ROOT_OUTSIDE("act", "%s", acts[i].name);
		if (acts[i].outside == ANY ? got == -EPERM : got != acts[i].outside)
			FAIL("root outside: %s: want %ld, got %ld %s", acts[i].name,
			     acts[i].outside, got, sn_test_errno(got));
	}
}
