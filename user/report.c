// SPDX-License-Identifier: GPL-2.0-only
/* What a maintainer needs to see of a machine -> text, without what is the operator's or tenants'.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <json-c/json_c_version.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <zlib.h>

#include "cgroup.h"
#include "logline.h"
#include "mountinfo.h"
#include "pins.h"
#include "report.h"
#include "statustable.h"

/* ---- files ---- */

static void begin(FILE *out, const char *title)
{
	fprintf(out, "\n== %s ==\n", title);
}

/* The first line of it, as printable text. */
static void put_file(FILE *out, const char *name, const char *path)
{
	char line[1024] = "", text[4 * sizeof(line)];
	FILE *f = fopen(path, "re");

	if (!f)
		snprintf(line, sizeof(line), "(%s)", strerror(errno));
	else if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	fprintf(out, "%s: %s\n", name, sn_printable(line, sizeof(line), text, sizeof(text)));
}

/* ---- the kernel ---- */

static const char *const boot_words[] = {
	"lsm=",
	"lsm.debug",
	"security=",
	"lockdown=",
	"apparmor=",
	"selinux=",
	"cgroup",
	"swapaccount",
	"ftrace",
	"mitigations=",
	"audit=",
	"systemd.unified_cgroup_hierarchy",
	"systemd.legacy_systemd_cgroup_controller",
};

bool sn_report_boot_word(const char *word)
{
	for (size_t i = 0; i < sizeof(boot_words) / sizeof(*boot_words); i++)
		if (!strncmp(word, boot_words[i], strlen(boot_words[i])))
			return true;
	return false;
}

static void put_boot_words(FILE *out)
{
	char line[4096] = "", *rest = line, *word;
	FILE *f = fopen("/proc/cmdline", "re");

	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	fputs("command line, as far as it matters here:", out);
	while ((word = strsep(&rest, " ")))
		if (sn_report_boot_word(word))
			fprintf(out, " %s", word);
	putc('\n', out);
}

static void put_distribution(FILE *out)
{
	FILE *f = fopen("/etc/os-release", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "PRETTY_NAME=", 12))
			fprintf(out, "distribution: %s", line + 12);
	if (f)
		fclose(f);
}

static void put_kernel(FILE *out)
{
	static const char *const files[] = {
		"/sys/kernel/security/lsm",
		"/sys/kernel/security/lockdown",
		"/proc/sys/kernel/ftrace_enabled",
		"/proc/sys/kernel/unprivileged_bpf_disabled",
		"/proc/sys/kernel/bpf_stats_enabled",
		"/proc/sys/net/core/bpf_jit_enable",
		"/proc/sys/net/core/bpf_jit_harden",
		"/proc/sys/net/core/bpf_jit_limit",
		"/proc/sys/kernel/panic_on_oops",
		"/proc/sys/kernel/tainted",
		"/proc/sys/kernel/pid_max",
		"/proc/sys/net/ipv4/ip_unprivileged_port_start",
	};
	struct utsname name;

	begin(out, "kernel");
	uname(&name); /* but for the machine's name */
	fprintf(out, "%s %s %s %s\n", name.sysname, name.release, name.version, name.machine);
	put_distribution(out);
	put_boot_words(out);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		put_file(out, files[i], files[i]);
}

/* Those that decide whether the BPF programs load, are asked, and by what they are slowed down. */
static const char *const config_options[] = {
	"CONFIG_BPF",
	"CONFIG_BPF_SYSCALL",
	"CONFIG_BPF_JIT",
	"CONFIG_BPF_JIT_ALWAYS_ON",
	"CONFIG_BPF_LSM",
	"CONFIG_BPF_UNPRIV_DEFAULT_OFF",
	"CONFIG_CGROUP_BPF",
	"CONFIG_DEBUG_INFO_BTF",
	"CONFIG_DEBUG_INFO_BTF_MODULES",
	"CONFIG_LSM",
	"CONFIG_SECURITY",
	"CONFIG_SECURITY_NETWORK",
	"CONFIG_SECURITY_NETWORK_XFRM",
	"CONFIG_SECURITY_PATH",
	"CONFIG_SECURITYFS",
	"CONFIG_SECURITY_LOCKDOWN_LSM",
	"CONFIG_SECURITY_APPARMOR",
	"CONFIG_SECURITY_SELINUX",
	"CONFIG_SECURITY_LANDLOCK",
	"CONFIG_FUNCTION_TRACER",
	"CONFIG_DYNAMIC_FTRACE",
	"CONFIG_CGROUPS",
	"CONFIG_MEMCG",
	"CONFIG_CGROUP_HUGETLB",
	"CONFIG_CGROUP_PIDS",
	"CONFIG_CFS_BANDWIDTH",
	"CONFIG_SWAP",
	"CONFIG_USER_NS",
	"CONFIG_IO_URING",
	"CONFIG_KPROBES",
	"CONFIG_PREEMPT",
	"CONFIG_PREEMPT_DYNAMIC",
	"CONFIG_PREEMPT_RCU",
	"CONFIG_PREEMPT_RT",
	"CONFIG_HZ",
	"CONFIG_NR_CPUS",
	"CONFIG_DEBUG_LIST",
	"CONFIG_CFI_CLANG",
	"CONFIG_KASAN",
};

static bool is_config_option(const char *line, size_t len)
{
	for (size_t i = 0; i < sizeof(config_options) / sizeof(*config_options); i++)
		if (strlen(config_options[i]) == len && !strncmp(line, config_options[i], len))
			return true;
	return false;
}

/* What is not set has a line "# CONFIG_X is not set", or none; then it is not told. */
static void put_config(FILE *out)
{
	char path[128], line[512];
	struct utsname name;
	gzFile f;

	begin(out, "how it was configured");
	uname(&name);
	f = gzopen("/proc/config.gz", "re");
	snprintf(path, sizeof(path), "/boot/config-%s", name.release);
	if (!f)
		f = gzopen(path, "re"); /* which reads plain files as well */
	if (!f) {
		fprintf(out, "(neither /proc/config.gz nor %s)\n", path);
		return;
	}
	while (gzgets(f, line, sizeof(line)))
		if (is_config_option(line, strcspn(line, "=\n")))
			fputs(line, out);
	gzclose(f);
}

static void put_cgroups(const struct sn_status *status, FILE *out)
{
	sn_automounts struct sn_mounts mounts = sn_mounts_open();
	char line[256], path[PATH_MAX + SN_TEXT_MAX];
	struct sn_mount mount;

	begin(out, "cgroups");
	while (sn_mounts_next(&mounts, &mount))
		if (!strncmp(mount.type, "cgroup", 6))
			fprintf(out, "%s on %s\n", mount.type, mount.point);
	if (!status->known)
		return;
	snprintf(path, sizeof(path), "%s%s", status->mount, status->state.parent);
	fprintf(out, "parent %s, level %u\n", path, status->state.parent_level);
	if (!sn_cgroup_read(status->mount, "cgroup.controllers", line, sizeof(line)))
		fprintf(out, "controllers at the root: %s\n", line);
	if (!sn_cgroup_read(path, "cgroup.controllers", line, sizeof(line)))
		fprintf(out, "at the parent: %s\n", line);
	if (!sn_cgroup_read(path, "cgroup.subtree_control", line, sizeof(line)))
		fprintf(out, "for tenants: %s\n", line);
}

/* ---- BPF programs and maps ---- */

static void put_program(FILE *out, const char *name)
{
	sn_autoclose int link = -1, prog = -1;
	struct bpf_link_info link_info = {};
	struct bpf_prog_info info = {};
	__u32 size = sizeof(link_info);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SN_LINKS_DIR "/%s", name);
	link = bpf_obj_get(path);
	if (link < 0 || bpf_obj_get_info_by_fd(link, &link_info, &size)) {
		fprintf(out, "%s: %s\n", name, strerror(errno));
		return;
	}
	prog = bpf_prog_get_fd_by_id(link_info.prog_id);
	size = sizeof(info);
	if (prog < 0 || bpf_obj_get_info_by_fd(prog, &info, &size))
		memset(&info, 0, sizeof(info));
	fprintf(out, "%s: link type %u, program %u, %u bytes, compiled %u, run %" PRIu64 " times\n",
		name, link_info.type, link_info.prog_id, info.xlated_prog_len, info.jited_prog_len,
		(uint64_t)info.run_cnt);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_pin(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Those of others, by type, for they are asked as well. */
static void put_others(FILE *out)
{
	__u32 id = 0, lsm = 0, skb = 0, tracing = 0, all = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		sn_autoclose int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ||
		    !strncmp(info.name, "sn_", 3))
			continue;
		all++;
		lsm += info.type == BPF_PROG_TYPE_LSM;
		skb += info.type == BPF_PROG_TYPE_CGROUP_SKB;
		tracing += info.type == BPF_PROG_TYPE_TRACING;
	}
	fprintf(out, "of others: %u, among them LSM %u, cgroup_skb %u, tracing %u\n", all, lsm, skb,
		tracing);
}

static void put_programs(FILE *out)
{
	struct dirent **entries;
	int nr = scandir(SN_LINKS_DIR, &entries, is_pin, by_name);

	begin(out, "BPF programs");
	for (int i = 0; i < nr; i++) {
		put_program(out, entries[i]->d_name);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
	put_others(out);
}

static void put_maps(const struct sn_status *status, FILE *out)
{
	begin(out, "maps");
	for (size_t i = 0; i < status->nr_maps; i++)
		fprintf(out, "%s: %u of %u entries\n", status->maps[i].name,
			status->maps[i].entries, status->maps[i].capacity);
}

/* ---- what is loaded, and tenants ---- */

/* What was found for a tenant's sake has its name. */
static bool is_of_tenants(const char *id)
{
	return !strcmp(id, "limits") || !strcmp(id, "observed") || !strcmp(id, "warm");
}

static void put_checks(const struct sn_status *status, bool names, FILE *out)
{
	begin(out, "checks");
	fprintf(out, "in force: %s\n", status->in_force ? "yes" : "NO");
	for (size_t i = 0; i < status->nr_checks; i++) {
		const struct sn_requirement *req = &status->checks[i];
		bool hide = !names && !req->met && is_of_tenants(req->id);

		fprintf(out, "%-8s %s: %s%s%s\n", req->met ? "ok" : "MISSING", req->what,
			hide ? "not of all tenants" : req->found, *req->cure ? "; " : "",
			req->cure);
	}
}

static void put_denied(const struct sn_counters *counters, FILE *out)
{
	for (int op = 0; op < SN_OP_NR; op++)
		if (counters->denied[op])
			fprintf(out, " %s=%" PRIu64, sn_op_name(op),
				(uint64_t)counters->denied[op]);
	fprintf(out, " known=%" PRIu64 " lost=%" PRIu64 " suppressed=%" PRIu64 "\n",
		(uint64_t)counters->known, (uint64_t)counters->lost,
		(uint64_t)counters->suppressed);
}

static void put_tenant(const struct sn_tenant *tenant, size_t number, FILE *out)
{
	char memory[SN_SIZE_TEXT], cpu[SN_SIZE_TEXT];

	fprintf(out,
		"tenant %zu: %s, %s, %zu processes, memory %s, CPU %s, %zu limits do not hold;",
		number, tenant->running ? "running" : "ended", sn_status_mode(&tenant->policy),
		tenant->usage.nr_pids, sn_size_text(tenant->usage.memory, memory),
		sn_cpu_text(tenant->usage.cpu_usec, cpu), tenant->drifts);
	put_denied(&tenant->counters, out);
}

static void put_tenants(const struct sn_status *status, bool names, FILE *out)
{
	begin(out, "tenants");
	if (!status->known) {
		fputs("(not known)\n", out);
		return;
	}
	fputs("without a policy:", out);
	put_denied(&status->without_policy, out);
	for (size_t i = 0; i < status->nr_tenants; i++)
		put_tenant(&status->tenants[i], i + 1, out);
	if (names) {
		putc('\n', out);
		sn_status_details(status, out);
	}
}

/* ---- what the kernel said ---- */

static bool is_about_us(const char *text)
{
	static const char *const words[] = { "BPF", "bpf",  "safenode", "lockdown", "Lockdown",
					     "LSM", "lsm=", "BTF",	"ftrace",   "trampoline" };

	/* they have commands and paths of anybody; what sn_report_boot_word() keeps back */
	if (!strncmp(text, "audit", 5) || strstr(text, "ommand line"))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

static void mask(char *text, const char *parent)
{
	size_t len = strlen(parent);
	char *at = text;

	while (len && (at = strstr(at, parent))) {
		char *name = at + len + 1;
		size_t size;

		at += len;
		if (*at != '/')
			continue;
		size = strcspn(name, " ,:;/\"'()\n");
		memmove(name, name + size, strlen(name + size) + 1);
	}
}

/* A tenant that is in its unit has its name in the unit's, or in that of a cgroup below. */
static void mask_units(char *text)
{
	static const char *const types[] = { ".slice", ".service", ".scope" };
	char *at, *end;

	for (at = strchr(text, '/'); at; at = strchr(end, '/')) {
		bool unit = false;
		size_t size = strcspn(at, " ,:;\"'()\n");

		end = at + size;
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			unit |= memmem(at, size, types[i], strlen(types[i])) != NULL;
		if (!unit)
			continue;
		memmove(at + 1, end, strlen(end) + 1);
		end = at + 1;
	}
}

/* "oom-kill:constraint=...,task_memcg=/safenode/t1,task=node,pid=160,uid=2001" */
static void cut_process(char *text)
{
	char *process = strncmp(text, "oom-kill:", 9) ? NULL : strstr(text, ",task=");

	if (process)
		*process = '\0';
}

/*
 * "6,1234,5678,-;text", and lines that begin with a blank are of the devices it is about. The first
 * number is 8 times the facility, which is 0 for the kernel, and the level: others write there,
 * too.
 */
char *sn_report_message(char *record, const char *parent)
{
	char *text = strchr(record, ';');

	if (!text || strtoul(record, NULL, 10) >= 8)
		return NULL;
	text++;
	text[strcspn(text, "\n")] = '\0';
	if (!is_about_us(text))
		return NULL;
	mask(text, parent);
	mask_units(text);
	cut_process(text);
	return text;
}

#define MESSAGES_MAX 200

static void put_messages(const struct sn_status *status, FILE *out)
{
	sn_autoclose int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const char *parent = status->state.parent[0] ? status->state.parent : "/safenode";
	char record[8192], *text;
	ssize_t len = 0;
	int nr = 0;

	begin(out, "what the kernel said about it");
	if (fd < 0)
		fprintf(out, "(/dev/kmsg: %s)\n", strerror(errno));
	/* EPIPE: some were overwritten meanwhile */
	while (fd >= 0 && nr < MESSAGES_MAX &&
	       ((len = read(fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE)) {
		record[len > 0 ? len : 0] = '\0';
		text = sn_report_message(record, parent);
		if (text)
			fprintf(out, "%s\n", text);
		nr += text != NULL;
	}
}

void sn_report(const struct sn_status *status, bool names, FILE *out)
{
	time_t now = time(NULL);
	struct tm tm;
	char date[32];

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out,
		"== safenode ==\nversion %s, ABI %d (from %d on), at %s\n"
		"libbpf %s, json-c %s, libc %s\n",
		SAFENODE_VERSION, SN_ABI_VERSION, SN_ABI_OLDEST, date, libbpf_version_string(),
		json_c_version(), gnu_get_libc_version());
	put_checks(status, names, out);
	put_kernel(out);
	put_config(out);
	put_cgroups(status, out);
	put_programs(out);
	put_maps(status, out);
	put_tenants(status, names, out);
	put_messages(status, out);
}
