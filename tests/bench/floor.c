// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: an empty BPF program on each hook on which safenode has one, and as often. What these
 * cost is the kernel's price for being asked; what safenode costs above it is safenode's own.
 *
 * floor OBJECT CGROUP [HOOK...]: attaches them for the BPF programs in OBJECT
 * (build/safenode.linked.o), or for those on the hooks named, prints how many, and holds them until
 * standard input ends.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int programs[256], nr_programs;

static int load(enum bpf_prog_type type, int answer, const struct bpf_prog_load_opts *opts)
{
	const struct bpf_insn empty[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = answer },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	if (nr_programs == sizeof(programs) / sizeof(*programs)) {
		errno = E2BIG;
		die("programs");
	}
	programs[nr_programs] = bpf_prog_load(type, "floor", "GPL", empty, 2, opts);
	return programs[nr_programs++];
}

/* Where this kernel has no such hook, safenode leaves its BPF program out as well. */
static void attach_lsm(const char *hook)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
	int id = libbpf_find_vmlinux_btf_id(hook, BPF_LSM_MAC), fd;

	if (id < 0)
		return;
	opts.attach_btf_id = id;
	fd = load(BPF_PROG_TYPE_LSM, 0, &opts);
	if (fd < 0 || bpf_raw_tracepoint_open(NULL, fd) < 0)
		die(hook);
}

/* The function that calls all security modules' hooks, with its answer replaced. */
static void attach_fmod_ret(const char *hook)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_MODIFY_RETURN);
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "security_%s", hook);
	opts.attach_btf_id = libbpf_find_vmlinux_btf_id(name, BPF_MODIFY_RETURN);
	fd = load(BPF_PROG_TYPE_TRACING, 0, &opts);
	if (fd < 0 || bpf_raw_tracepoint_open(NULL, fd) < 0)
		die(name);
}

/* Asked for the processes below @cgroup only, which the kernel finds out at every call. */
static void attach_lsm_cgroup(const char *hook, int cgroup)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_CGROUP);
	int fd;

	opts.attach_btf_id = libbpf_find_vmlinux_btf_id(hook, BPF_LSM_MAC);
	fd = load(BPF_PROG_TYPE_LSM, 1, &opts);
	if (fd < 0 || bpf_link_create(fd, cgroup, BPF_LSM_CGROUP, NULL) < 0)
		die(hook);
}

static void attach_egress(int cgroup)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	int fd = load(BPF_PROG_TYPE_CGROUP_SKB, 1, &opts);

	if (fd < 0 || bpf_link_create(fd, cgroup, BPF_CGROUP_INET_EGRESS, NULL) < 0)
		die("egress");
}

static bool wanted(const char *hook, char **hooks, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(hook, hooks[i]))
			return true;
	return !nr;
}

static void attach(const struct bpf_program *prog, int cgroup, char **hooks, int nr)
{
	const char *section = bpf_program__section_name(prog);
	bool lsm = !strncmp(section, "lsm/", 4);

	if (!lsm && strcmp(section, "cgroup_skb/egress"))
		return; /* not on a hook: run by the loader */
	if (!wanted(lsm ? section + 4 : "egress", hooks, nr))
		return;
	if (lsm)
		attach_lsm(section + 4);
	else
		attach_egress(cgroup);
}

static __u64 times_run(void)
{
	__u64 times = 0;

	for (int i = 0; i < nr_programs; i++) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(programs[i], &info, &size))
			die("statistics");
		times += info.run_cnt;
	}
	return times;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *prog;
	__u64 times;
	int cgroup;
	char byte;

	if (argc < 3) {
		fprintf(stderr, "usage: floor OBJECT CGROUP [HOOK...]\n");
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	cgroup = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!object || cgroup < 0)
		die(argv[1]);
	bpf_object__for_each_program (prog, object)
		attach(prog, cgroup, argv + 3, argc - 3);
	for (int i = 3; i < argc; i++) {
		if (!strncmp(argv[i], "fmod_ret:", 9))
			attach_fmod_ret(argv[i] + 9);
		if (!strncmp(argv[i], "lsm_cgroup:", 11))
			attach_lsm_cgroup(argv[i] + 11, cgroup);
	}
	printf("%d\n", nr_programs);
	fflush(stdout);
	while (read(0, &byte, 1) > 0) {
		times = times_run();
		if (write(1, &times, sizeof(times)) != sizeof(times))
			die("answer");
	}
	return 0;
}
