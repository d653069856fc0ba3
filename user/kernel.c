// SPDX-License-Identifier: GPL-2.0-only
/* What safenode needs of the kernel: what is there, what is missing, and the cure. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "cgroup.h"
#include "kernel.h"
#include "lsmhooks.h"

#define SECURITYFS_LSM	    "/sys/kernel/security/lsm"
#define SECURITYFS_LOCKDOWN "/sys/kernel/security/lockdown"
#define FTRACE_ENABLED	    "/proc/sys/kernel/ftrace_enabled"
#define UBUNTU_VERSION	    "/proc/version_signature"

/* By them the kernel calls a BPF program in place of a function (kernel/bpf/trampoline.c). */
#define DIRECT_CALLS "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"

static int read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	int ret = 0;

	if (!f)
		return -errno;
	errno = EIO;
	if (!fgets(line, (int)size, f)) {
		ret = ferror(f) ? -errno : 0;
		*line = '\0';
	}
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return ret;
}

int sn_kernel_check_ftrace(struct sn_err *err)
{
	char line[16];
	int ret = read_line(FTRACE_ENABLED, line, sizeof(line));

	/* without ftrace there is no such file, and no BPF LSM program can be attached */
	if (ret == -ENOENT || (!ret && strcmp(line, "0")))
		return 0;
	if (ret)
		return sn_fail(err, -ret, "cannot read %s: %s", FTRACE_ENABLED, strerror(-ret));
	return sn_fail(err, ENOSYS,
		       "kernel.ftrace_enabled=0 switches every BPF LSM program off; "
		       "sysctl kernel.ftrace_enabled=1");
}

__attribute__((format(printf, 2, 3))) static void set_found(struct sn_requirement *req,
							    const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(req->found, sizeof(req->found), fmt, args);
	va_end(args);
}

static void set_cure(struct sn_requirement *req, const char *cure)
{
	if (!req->met)
		snprintf(req->cure, sizeof(req->cure), "%s", cure);
}

#define DIRECT_CALLS_CURE "run one built with " DIRECT_CALLS "=y, as arm64 can be from Linux 6.4 on"

enum { ENOTSUPP = 524 }; /* errors of the kernel's own (include/linux/errno.h) */

const char *sn_kernel_hint(int error)
{
	switch (error) {
	case EPERM:
		return "; it needs CAP_SYS_ADMIN outside of a user namespace, and bpf(2) refused "
		       "by no seccomp filter (SystemCallFilter= of a unit) or other security "
		       "module";
	case ENOMEM:
		return "; free memory, or raise the limit of the unit or container (MemoryMax=)";
	case ENOTSUPP:
		return "; this kernel lacks direct calls: " DIRECT_CALLS_CURE;
	}
	return "";
}

/* A user who is root in a container, or in a unit with fewer privileges, may not. */
static int try_bpf(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	sn_autoclose int fd =
		bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, NULL, "GPL", nothing, 2, NULL);

	return fd < 0 ? -errno : 0;
}

static void check_root(struct sn_requirement *req)
{
	bool root = geteuid() == 0;
	int ret = root ? try_bpf() : 0;
	const char *hint = sn_kernel_hint(-ret);

	req->what = "root";
	req->met = root && !ret;
	if (ret)
		set_found(req, "it may load no BPF program: %s", strerror(-ret));
	else
		set_found(req, "%s", root ? "yes" : "no");
	set_cure(req, ret ? hint + strspn(hint, "; ") : "run it as root");
}

struct version {
	unsigned int major, minor, patch;
};

static bool parse_version(const char *text, struct version *v)
{
	*v = (struct version){};
	return sscanf(text, "%u.%u.%u", &v->major, &v->minor, &v->patch) >= 2;
}

/*
 * The releases of distributions are 6.1.0-1, 6.1.0-2, ..., whatever stable version they are built
 * from. Debian names that in uname's version, "#1 SMP ... Debian 6.1.192-2 (...)", Ubuntu at the
 * end of /proc/version_signature.
 */
static void find_patch(struct version *v, const char *version, const char *signature)
{
	const char *debian = strstr(version, "Debian "), *ubuntu = strrchr(signature, ' ');
	struct version real;

	if (debian && parse_version(debian + strlen("Debian "), &real) && real.major == v->major &&
	    real.minor == v->minor)
		v->patch = real.patch;
	if (!strncmp(signature, "Ubuntu ", 7) && parse_version(ubuntu + 1, &real) &&
	    real.major == v->major && real.minor == v->minor)
		v->patch = real.patch;
}

void sn_kernel_judge_version(const char *release, const char *version, const char *signature,
			     struct sn_requirement *req)
{
	struct version v;

	req->what = "kernel version";
	if (!parse_version(release, &v)) {
		set_found(req, "'%.64s' is none", release);
		set_cure(req, "run Linux 6.1.54 or newer");
		return;
	}
	find_patch(&v, version, signature);
	if (v.major != 6)
		req->met = v.major > 6;
	else
		req->met = v.minor > 1 || (v.minor == 1 && v.patch >= 54);
	set_found(req, "%u.%u.%u", v.major, v.minor, v.patch);
	set_cure(req, "run Linux 6.1.54 or newer: older ones lack what is needed, or grant "
		      "what is asked while the program that would refuse it is preempted");
}

static void check_version(struct sn_requirement *req)
{
	char signature[200] = "";
	struct utsname name;

	uname(&name);
	read_line(UBUNTU_VERSION, signature, sizeof(signature));
	sn_kernel_judge_version(name.release, name.version, signature, req);
}

static void check_btf(struct sn_requirement *req)
{
	req->what = "type information (CONFIG_DEBUG_INFO_BTF)";
	req->met = !access("/sys/kernel/btf/vmlinux", R_OK);
	set_found(req, "%s", req->met ? "yes" : "missing");
	set_cure(req, "run a kernel built with CONFIG_DEBUG_INFO_BTF=y");
}

/* Could bpf be among the security modules? Without type information nobody knows. */
static bool is_without_bpf_lsm(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	bool without = kernel && !sn_hook_exists(kernel, "file_open");

	btf__free(kernel);
	return without;
}

/* The list contains "capability", which is always enabled and must not be in lsm=. */
static void check_lsm(struct sn_requirement *req)
{
	char list[200], *names = list, *rest, *name;
	sn_autofree char *copy = NULL;
	int ret = read_line(SECURITYFS_LSM, list, sizeof(list));

	req->what = "bpf among the security modules";
	if (ret) {
		set_found(req, "cannot read %s: %s", SECURITYFS_LSM, strerror(-ret));
		if (ret == -ENOENT)
			set_cure(req, "mount -t securityfs securityfs /sys/kernel/security");
		return;
	}
	rest = copy = strdup(list);
	while (copy && (name = strsep(&rest, ",")))
		req->met |= !strcmp(name, "bpf");
	set_found(req, "%s", req->met ? list : "missing");
	if (!strncmp(names, "capability,", 11))
		names += 11;
	if (req->met)
		return;
	if (is_without_bpf_lsm()) {
		set_found(req, "not built into this kernel");
		set_cure(req, "run one built with CONFIG_BPF_LSM=y");
		return;
	}
	snprintf(req->cure, sizeof(req->cure), "boot with lsm=%s,bpf", names);
}

/* "none [integrity] confidentiality": brackets mark the current mode. */
void sn_kernel_judge_lockdown(const char *line, struct sn_requirement *req)
{
	const char *begin = strchr(line, '[');
	int len = begin ? (int)strcspn(begin + 1, "]") : 0;

	req->what = "lockdown";
	req->met = !strncmp(begin ?: "", "[none]", 6) || !strncmp(begin ?: "", "[integrity]", 11);
	set_found(req, "%.*s%s", len, begin ? begin + 1 : "",
		  req->met ? "" : ": programs cannot read the kernel's memory");
	set_cure(req, "boot without lockdown=confidentiality (lockdown=integrity will do)");
}

static void check_lockdown(struct sn_requirement *req)
{
	char line[64] = "";
	int ret = read_line(SECURITYFS_LOCKDOWN, line, sizeof(line));

	if (ret == -ENOENT) /* a kernel without lockdown */
		strcpy(line, "[none]");
	sn_kernel_judge_lockdown(line, req);
	if (!ret || ret == -ENOENT)
		return;
	set_found(req, "cannot read %s: %s", SECURITYFS_LOCKDOWN, strerror(-ret));
	*req->cure = '\0';
}

/* It is for some units of systemd, and in containers. @option is what does it in a unit. */
static bool is_read_only(const struct statfs *fs, const char *option, struct sn_requirement *req)
{
	if (!(fs->f_flags & ST_RDONLY))
		return false;
	req->met = false;
	set_found(req, "mounted read-only here");
	snprintf(req->cure, sizeof(req->cure),
		 "a unit must be without %s, a container needs it writable", option);
	return true;
}

static void check_bpffs(struct sn_requirement *req)
{
	struct statfs fs;

	req->what = "bpf file system on /sys/fs/bpf";
	req->met = !statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC;
	if (req->met && req->to_load && is_read_only(&fs, "ProtectKernelTunables=", req))
		return;
	set_found(req, "%s", req->met ? "yes" : "missing");
	set_cure(req, "mount -t bpf bpf /sys/fs/bpf");
}

/* Can the kernel mount it? Not to know is to try. */
static bool has_cgroup2(void)
{
	FILE *f = fopen("/proc/filesystems", "re");
	char name[64];
	bool found = !f;

	while (f && !found && fscanf(f, "%63s", name) == 1)
		found = !strcmp(name, "cgroup2");
	if (f)
		fclose(f);
	return found;
}

static void check_cgroup(struct sn_requirement *req)
{
	char mount[PATH_MAX];
	struct statfs fs;
	struct sn_err err;

	req->what = "cgroup v2";
	req->met = !sn_cgroup_mount(mount, &err);
	if (!req->met) {
		if (!has_cgroup2())
			sn_fail(&err, ENOSYS,
				"not built into this kernel; run one built with CONFIG_CGROUPS=y");
		sn_requirement_unmet(req, &err);
		return;
	}
	if (!req->to_load || statfs(mount, &fs) || !is_read_only(&fs, "ProtectControlGroups=", req))
		set_found(req, "%.255s", mount);
}

static void check_ftrace(struct sn_requirement *req)
{
	struct sn_err err;

	req->what = "kernel.ftrace_enabled";
	req->met = !sn_kernel_check_ftrace(&err);
	set_found(req, "1");
	if (!req->met)
		sn_requirement_unmet(req, &err);
}

int sn_kernel_check(bool to_load, void (*each)(const struct sn_requirement *req, void *data),
		    void *data, struct sn_err *err)
{
	static const struct {
		const char *id;
		void (*check)(struct sn_requirement *req);
		bool only_to_load;
		bool in_force;
	} checks[] = {
		{ "root", check_root, .only_to_load = true },
		{ "version", check_version },
		{ "btf", check_btf },
		{ "lsm", check_lsm, .in_force = true },
		{ "lockdown", check_lockdown },
		{ "bpffs", check_bpffs, .in_force = true },
		{ "cgroup", check_cgroup, .in_force = true },
		{ "ftrace", check_ftrace, .in_force = true },
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		struct sn_requirement req = { .id = checks[i].id, .to_load = to_load };

		if (checks[i].only_to_load && !to_load)
			continue;
		req.needed = checks[i].in_force || to_load;
		checks[i].check(&req);
		each(&req, data);
		if (!req.met && !ret)
			ret = sn_requirement_fail(&req, err);
	}
	return ret;
}

/* ---- what it was built with ---- */

int sn_kernel_check_build(const struct btf *kernel,
			  void (*each)(const struct sn_requirement *req, void *data), void *data,
			  struct sn_err *err)
{
	static const struct {
		const char *what, *function; /* which is there if it is */
		const char *cure;
	} parts[] = {
		{ "direct calls", "register_ftrace_direct", DIRECT_CALLS_CURE },
		{ "BPF programs on cgroups", "__cgroup_bpf_run_filter_skb",
		  "run one built with CONFIG_CGROUP_BPF=y" },
	};
	struct utsname name;
	int ret = 0;

	uname(&name);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct sn_requirement req = { .what = parts[i].what };

		req.met = btf__find_by_name_kind(kernel, parts[i].function, BTF_KIND_FUNC) > 0;
		if (req.met)
			set_found(&req, "yes");
		else
			set_found(&req, "this %.64s kernel lacks them", name.machine);
		set_cure(&req, parts[i].cure);
		each(&req, data);
		if (!req.met && !ret)
			ret = sn_requirement_fail(&req, err);
	}
	return ret;
}
