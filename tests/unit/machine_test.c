// SPDX-License-Identifier: GPL-2.0-only
/* What --check says about machines of every kind, by what their files and system calls tell. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "kernel.h"

/* ---- the machine, in place of this one ---- */

static struct {
	uid_t uid;
	int refuses; /* every BPF program, with this errno */
	const char *release, *version;
	bool btf, bpffs, unified; /* cgroup v2 on /sys/fs/cgroup */
	const char *types[4];	  /* functions of which it has type information */
	const char *read_only;	  /* a mount */
	/* contents of files; NULL: missing */
	const char *lsm, *lockdown, *ftrace, *mountinfo, *filesystems;
	const char *unreadable; /* a file that is there, and cannot be opened */
} machine;

uid_t geteuid(void)
{
	return machine.uid;
}

int bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
		  const struct bpf_insn *insns, size_t nr, const struct bpf_prog_load_opts *opts)
{
	errno = machine.refuses;
	return machine.refuses ? -machine.refuses : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int uname(struct utsname *name)
{
	snprintf(name->release, sizeof(name->release), "%s", machine.release);
	snprintf(name->version, sizeof(name->version), "%s", machine.version);
	snprintf(name->machine, sizeof(name->machine), "aarch64");
	return 0;
}

struct btf *btf__load_vmlinux_btf(void)
{
	struct btf *btf = machine.btf ? btf__new_empty() : NULL;
	int proto = btf ? btf__add_func_proto(btf, 0) : 0;

	for (size_t i = 0; btf && machine.types[i]; i++)
		assert_true(btf__add_func(btf, machine.types[i], BTF_FUNC_GLOBAL, proto) > 0);
	return btf;
}

int access(const char *path, int mode)
{
	assert_string_equal(path, "/sys/kernel/btf/vmlinux");
	errno = ENOENT;
	return machine.btf ? 0 : -1;
}

int statfs(const char *path, struct statfs *fs)
{
	memset(fs, 0, sizeof(*fs));
	if (machine.read_only && !strcmp(path, machine.read_only))
		fs->f_flags = ST_RDONLY;
	if (!strcmp(path, "/sys/fs/bpf"))
		fs->f_type = machine.bpffs ? BPF_FS_MAGIC : SYSFS_MAGIC;
	else if (!strcmp(path, "/sys/fs/cgroup"))
		fs->f_type = machine.unified ? CGROUP2_SUPER_MAGIC : TMPFS_MAGIC;
	else if (strcmp(path, "/sys/fs/cgroup/unified") && strcmp(path, "/a b"))
		fail_msg("statfs %s", path);
	return 0;
}

FILE *fopen(const char *path, const char *mode)
{
	const struct {
		const char *path, *content;
	} files[] = {
		{ "/sys/kernel/security/lsm", machine.lsm },
		{ "/sys/kernel/security/lockdown", machine.lockdown },
		{ "/proc/sys/kernel/ftrace_enabled", machine.ftrace },
		{ "/proc/self/mountinfo", machine.mountinfo },
		{ "/proc/filesystems", machine.filesystems },
		{ "/proc/version_signature", NULL },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(path, files[i].path))
			continue;
		if (machine.unreadable && !strcmp(path, machine.unreadable)) {
			errno = EMFILE;
			return NULL;
		}
		if (files[i].content && *files[i].content)
			return fmemopen((void *)files[i].content, strlen(files[i].content), "r");
		if (files[i].content)
			return tmpfile();
		errno = ENOENT;
		return NULL;
	}
	fail_msg("fopen %s", path);
	return NULL;
}

/* ---- what is said about it ---- */

static struct sn_requirement told[16];
static size_t nr_told;

static void keep(const struct sn_requirement *req, void *data)
{
	assert_true(nr_told < sizeof(told) / sizeof(told[0]));
	told[nr_told++] = *req;
}

static int setup(void **state)
{
	nr_told = 0;
	machine.unreadable = machine.read_only = NULL;
	machine.uid = machine.refuses = 0;
	machine.release = "6.12.95-amd64";
	machine.version = "#1 SMP Debian 6.12.95-1";
	machine.btf = machine.bpffs = machine.unified = true;
	machine.lsm = "lockdown,capability,yama,bpf\n";
	machine.lockdown = "[none] integrity confidentiality\n";
	machine.ftrace = "1\n";
	machine.mountinfo = "";
	machine.filesystems = "nodev\ttmpfs\nnodev\tcgroup\nnodev\tcgroup2\n\text4\n";
	memset(machine.types, 0, sizeof(machine.types));
	machine.types[0] = "bpf_lsm_file_open";
	return 0;
}

static const struct sn_requirement *about(const char *what)
{
	for (size_t i = 0; i < nr_told; i++)
		if (!strcmp(told[i].what, what))
			return &told[i];
	fail_msg("nothing about %s", what);
	return NULL;
}

static void has(const char *what, const char *found)
{
	nr_told = 0;
	assert_int_equal(sn_kernel_check(true, keep, NULL, NULL), 0);
	assert_true(about(what)->met);
	assert_string_equal(about(what)->found, found);
}

/* It lacks one thing, and the error is what is said about it. */
static void lacks(const char *what, const char *found)
{
	struct sn_err err = {};
	char expected[600], both[520];
	const struct sn_requirement *req;
	size_t missing = 0;

	nr_told = 0;
	assert_int_equal(sn_kernel_check(true, keep, NULL, &err), -ENOSYS);
	for (size_t i = 0; i < nr_told; i++)
		missing += !told[i].met;
	assert_int_equal(missing, 1);
	assert_false(about(what)->met);
	req = about(what);
	snprintf(both, sizeof(both), "%s%s%s", req->found, *req->cure ? "; " : "", req->cure);
	assert_string_equal(both, found);
	snprintf(expected, sizeof(expected), "%s: %s", what, found);
	assert_string_equal(err.text, expected);
}

/* ---- the tests ---- */

static void a_machine_that_has_all_is_told_what(void **state)
{
	has("root", "yes");
	has("kernel version", "6.12.95");
	has("type information (CONFIG_DEBUG_INFO_BTF)", "yes");
	has("bpf among the security modules", "lockdown,capability,yama,bpf");
	has("lockdown", "none");
	has("bpf file system on /sys/fs/bpf", "yes");
	has("cgroup v2", "/sys/fs/cgroup");
	has("kernel.ftrace_enabled", "1");
	assert_int_equal(nr_told, 8);
}

static void what_is_missing_is_told_with_the_cure(void **state)
{
	machine.uid = 1000;
	lacks("root", "no; run it as root");
	setup(NULL);
	machine.refuses = EPERM;
	lacks("root", "it may load no BPF program: Operation not permitted; it needs CAP_SYS_ADMIN "
		      "outside of a user namespace, and bpf(2) refused by no seccomp filter "
		      "(SystemCallFilter= of a unit) or other security module");
	machine.refuses = ENOMEM;
	lacks("root", "it may load no BPF program: Cannot allocate memory; free memory, or raise "
		      "the limit of the unit or container (MemoryMax=)");
	setup(NULL);
	machine.btf = false;
	lacks("type information (CONFIG_DEBUG_INFO_BTF)",
	      "missing; run a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	setup(NULL);
	machine.bpffs = false;
	lacks("bpf file system on /sys/fs/bpf", "missing; mount -t bpf bpf /sys/fs/bpf");
	setup(NULL);
	machine.ftrace = "0\n";
	lacks("kernel.ftrace_enabled", "kernel.ftrace_enabled=0 switches every BPF LSM program "
				       "off; sysctl kernel.ftrace_enabled=1");
	setup(NULL);
	machine.lockdown = "none integrity [confidentiality]\n";
	lacks("lockdown", "confidentiality: programs cannot read the kernel's memory; boot without "
			  "lockdown=confidentiality (lockdown=integrity will do)");
}

/* Nothing could be pinned, and no cgroup made. */
static void what_is_mounted_read_only_is_missing(void **state)
{
	machine.read_only = "/sys/fs/bpf";
	lacks("bpf file system on /sys/fs/bpf",
	      "mounted read-only here; a unit must be without ProtectKernelTunables=, "
	      "a container needs it writable");
	machine.read_only = "/sys/fs/cgroup";
	lacks("cgroup v2", "mounted read-only here; a unit must be without ProtectControlGroups=, "
			   "a container needs it writable");
}

static void bpf_is_one_word_of_the_list_of_modules(void **state)
{
	has("bpf among the security modules", "lockdown,capability,yama,bpf");
	machine.lsm = "bpf";
	has("bpf among the security modules", "bpf");
	machine.lsm = "capability,landlock,yama\n"; /* "capability" is not for lsm= */
	lacks("bpf among the security modules", "missing; boot with lsm=landlock,yama,bpf");
	machine.lsm = "lockdown,capability,ebpf,bpfilter\n";
	lacks("bpf among the security modules",
	      "missing; boot with lsm=lockdown,capability,ebpf,bpfilter,bpf");
	machine.lsm = NULL;
	lacks("bpf among the security modules",
	      "cannot read /sys/kernel/security/lsm: No such file or directory; "
	      "mount -t securityfs securityfs /sys/kernel/security");
}

/* There lsm= would change nothing. */
static void a_kernel_without_bpf_lsm_is_told_from_one_that_does_not_start_it(void **state)
{
	machine.lsm = "capability,selinux\n";
	lacks("bpf among the security modules", "missing; boot with lsm=selinux,bpf");
	machine.types[0] = NULL;
	lacks("bpf among the security modules",
	      "not built into this kernel; run one built with CONFIG_BPF_LSM=y");
	machine.lsm = "bpf\n"; /* what is in force is not asked for */
	has("bpf among the security modules", "bpf");
}

/* Without type information nobody knows. */
static void without_type_information_lsm_is_the_cure(void **state)
{
	machine.lsm = "capability,selinux\n";
	machine.btf = false;
	assert_int_equal(sn_kernel_check(true, keep, NULL, NULL), -ENOSYS);
	assert_string_equal(about("bpf among the security modules")->cure,
			    "boot with lsm=selinux,bpf");
}

static int check_build(struct sn_err *err)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int ret;

	nr_told = 0;
	ret = sn_kernel_check_build(kernel, keep, NULL, err);
	btf__free(kernel);
	return ret;
}

/* arm64 has them from 6.4 on; before, attaching gives an errno that no library knows. */
static void a_kernel_without_direct_calls_is_named(void **state)
{
	struct sn_err err = {};

	machine.types[0] = "__cgroup_bpf_run_filter_skb";
	assert_int_equal(check_build(&err), -ENOSYS);
	assert_string_equal(err.text,
			    "direct calls: this aarch64 kernel lacks them; run one built with "
			    "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y, as arm64 can be from Linux "
			    "6.4 on");
	assert_true(about("BPF programs on cgroups")->met);
	machine.types[1] = "register_ftrace_direct";
	assert_int_equal(check_build(&err), 0);
	assert_true(about("direct calls")->met);
	assert_int_equal(nr_told, 2);
	assert_non_null(strstr(sn_kernel_hint(524), "; this kernel lacks direct calls: run one"));
}

static void and_so_is_one_without_bpf_on_cgroups(void **state)
{
	struct sn_err err = {};

	machine.types[0] = "register_ftrace_direct";
	assert_int_equal(check_build(&err), -ENOSYS);
	assert_string_equal(err.text, "BPF programs on cgroups: this aarch64 kernel lacks them; "
				      "run one built with CONFIG_CGROUP_BPF=y");
	machine.types[0] = NULL;
	assert_int_equal(check_build(&err), -ENOSYS);
	assert_memory_equal(err.text, "direct calls", 12);
	assert_int_equal(nr_told, 2); /* and all of it is told */
}

static void kernels_without_lockdown_or_ftrace_are_as_good(void **state)
{
	machine.lockdown = NULL;
	has("lockdown", "none");
	machine.ftrace = NULL;
	has("kernel.ftrace_enabled", "1");
	assert_int_equal(sn_kernel_check_ftrace(NULL), 0);
}

/* Not to know is not to have; and the reason is none of the machine's. */
static void what_cannot_be_read_counts_as_missing(void **state)
{
	machine.unreadable = "/sys/kernel/security/lsm";
	lacks("bpf among the security modules",
	      "cannot read /sys/kernel/security/lsm: Too many open files");
	machine.unreadable = "/sys/kernel/security/lockdown";
	lacks("lockdown", "cannot read /sys/kernel/security/lockdown: Too many open files");
	machine.unreadable = "/proc/sys/kernel/ftrace_enabled";
	lacks("kernel.ftrace_enabled",
	      "cannot read /proc/sys/kernel/ftrace_enabled: Too many open files");
}

static void cgroup_v2_is_found_wherever_it_is_mounted(void **state)
{
	machine.unified = false;
	machine.mountinfo =
		"30 1 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n"
		"31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
		"32 30 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
	has("cgroup v2", "/sys/fs/cgroup/unified");
	machine.mountinfo = "31 30 0:27 / /a\\040b rw - cgroup2 cgroup2 rw\n";
	has("cgroup v2", "/a b");
	machine.mountinfo = "32 30 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
	lacks("cgroup v2", "cgroup v2 is not mounted; "
			   "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
	machine.filesystems = "nodev\ttmpfs\nnodev\tcgroup\n\text4\n";
	lacks("cgroup v2", "not built into this kernel; run one built with CONFIG_CGROUPS=y");
	machine.filesystems = NULL; /* not known */
	machine.mountinfo = NULL;
	lacks("cgroup v2", "cannot read /proc/self/mountinfo: No such file or directory");
}

static void the_first_thing_that_is_missing_is_the_error(void **state)
{
	struct sn_err err = {};

	machine.release = "5.10.0-30-amd64";
	machine.btf = false;
	machine.lsm = "capability\n";
	assert_int_equal(sn_kernel_check(true, keep, NULL, &err), -ENOSYS);
	assert_memory_equal(err.text, "kernel version: 5.10.0; run Linux 6.1.54 or newer", 49);
	assert_int_equal(nr_told, 8); /* and all of it is told */
}

/* Of a service with few rights: what it could not load is no fault of what is loaded. */
static void who_only_looks_needs_no_rights(void **state)
{
	struct sn_err err = {};

	machine.refuses = EPERM;
	machine.read_only = "/sys/fs/bpf";
	assert_int_equal(sn_kernel_check(false, keep, NULL, &err), 0);
	assert_int_equal(nr_told, 7);
	machine.read_only = "/sys/fs/cgroup";
	assert_int_equal(sn_kernel_check(false, keep, NULL, &err), 0);
	machine.ftrace = "0\n";
	nr_told = 0;
	assert_int_equal(sn_kernel_check(false, keep, NULL, &err), -ENOSYS);
	assert_true(about("kernel.ftrace_enabled")->needed);
	assert_false(about("lockdown")->needed);
	assert_string_equal(about("kernel.ftrace_enabled")->id, "ftrace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_machine_that_has_all_is_told_what, setup),
		cmocka_unit_test_setup(who_only_looks_needs_no_rights, setup),
		cmocka_unit_test_setup(what_is_missing_is_told_with_the_cure, setup),
		cmocka_unit_test_setup(what_is_mounted_read_only_is_missing, setup),
		cmocka_unit_test_setup(bpf_is_one_word_of_the_list_of_modules, setup),
		cmocka_unit_test_setup(
			a_kernel_without_bpf_lsm_is_told_from_one_that_does_not_start_it, setup),
		cmocka_unit_test_setup(without_type_information_lsm_is_the_cure, setup),
		cmocka_unit_test_setup(a_kernel_without_direct_calls_is_named, setup),
		cmocka_unit_test_setup(and_so_is_one_without_bpf_on_cgroups, setup),
		cmocka_unit_test_setup(kernels_without_lockdown_or_ftrace_are_as_good, setup),
		cmocka_unit_test_setup(what_cannot_be_read_counts_as_missing, setup),
		cmocka_unit_test_setup(cgroup_v2_is_found_wherever_it_is_mounted, setup),
		cmocka_unit_test_setup(the_first_thing_that_is_missing_is_the_error, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
