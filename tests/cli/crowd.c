// SPDX-License-Identifier: GPL-2.0-only
/*
 * Others' BPF programs, which do nothing, where safenode's go: as many as the kernel takes.
 *
 * crowd HOOK		on an LSM hook, of every kind in turn
 * crowd CGROUP		on the outgoing packets of that cgroup, a path
 * crowd --alone CGROUP	one that admits no other there and below
 *
 * Prints how many. Each line on standard input takes one of them away, and prints how many are
 * left; its end takes away all.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int libbpf_find_vmlinux_btf_id(const char *name, enum bpf_attach_type type);

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A program that does nothing but answer. */
static int load(enum bpf_prog_type type, int answer, const struct bpf_prog_load_opts *opts)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = answer },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(type, "crowd", "GPL", nothing, 2, opts);

	if (fd < 0)
		die("load");
	return fd;
}

/* An LSM program, or a tracer of the same function: they take places of the same kind. */
static int attach_to_hook(const char *hook, int nr)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	static const struct {
		enum bpf_prog_type type;
		enum bpf_attach_type attach;
	} kinds[] = {
		{ BPF_PROG_TYPE_LSM, BPF_LSM_MAC },
		{ BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
		{ BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	};
	char function[64];
	int kind = nr % 3, id, fd, link;

	snprintf(function, sizeof(function), "bpf_lsm_%s", hook);
	id = libbpf_find_vmlinux_btf_id(function, BPF_TRACE_FENTRY);
	if (id < 0)
		die(function);
	opts.expected_attach_type = kinds[kind].attach;
	opts.attach_btf_id = id;
	fd = load(kinds[kind].type, 0, &opts);
	link = bpf_raw_tracepoint_open(NULL, fd);
	close(fd);
	return link;
}

/* The link keeps it; one that is alone has none, and stays until the cgroup goes. */
static int attach_to_cgroup(const char *path, int alone)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	int cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = load(BPF_PROG_TYPE_CGROUP_SKB, 1, &opts), link;

	if (cgroup < 0)
		die(path);
	if (alone && !bpf_prog_attach(fd, cgroup, BPF_CGROUP_INET_EGRESS, 0))
		return fd;
	link = bpf_link_create(fd, cgroup, BPF_CGROUP_INET_EGRESS, NULL);
	close(fd);
	close(cgroup);
	return link;
}

int main(int argc, char **argv)
{
	int alone = argc == 3 && !strcmp(argv[1], "--alone"), links[200], nr = 0;
	char line[16];

	if (argc != 2 + alone)
		return 2;
	while (nr < (alone ? 1 : 200)) {
		const char *where = argv[1 + alone];

		links[nr] =
			*where == '/' ? attach_to_cgroup(where, alone) : attach_to_hook(where, nr);
		if (links[nr] < 0)
			break;
		nr++;
	}
	if (errno != E2BIG && !alone)
		die("attach");
	do {
		printf("%d\n", nr);
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin) && nr && !close(links[--nr]));
	return 0;
}
