// SPDX-License-Identifier: GPL-2.0-only
/* user/peers.c: what is said of BPF programs of others, in a kernel of variables. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "peers.h"

/* ---- the kernel: an id is a place in these, and so is a descriptor ---- */

#define LINKS  1000 /* added to the descriptors of links */
#define OWN_FD 2000

#define VMLINUX	  7 /* the types' id */
#define FILE_OPEN 70
#define ANOTHER	  71

static struct {
	struct bpf_prog_info programs[50];
	struct bpf_link_info links[50];
	__u32 nr;
	struct {
		const char *path;
		__u32 flags, id;
	} cgroups[3];
} kernel;

int bpf_link_get_next_id(__u32 start, __u32 *next)
{
	*next = start + 1;
	return start < kernel.nr ? 0 : -ENOENT;
}

int bpf_link_get_fd_by_id(__u32 id)
{
	return LINKS + id;
}

int bpf_prog_get_fd_by_id(__u32 id)
{
	return id && id <= kernel.nr ? (int)id : -ENOENT;
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size)
{
	if (fd == OWN_FD)
		*(struct bpf_prog_info *)info = (struct bpf_prog_info){
			.name = "sn_file_open",
			.attach_btf_obj_id = VMLINUX,
			.attach_btf_id = FILE_OPEN,
		};
	else if (fd > LINKS)
		*(struct bpf_link_info *)info = kernel.links[fd - LINKS];
	else
		*(struct bpf_prog_info *)info = kernel.programs[fd];
	return 0;
}

int bpf_program__fd(const struct bpf_program *prog)
{
	return OWN_FD;
}

const char *bpf_program__name(const struct bpf_program *prog)
{
	return "sn_file_open";
}

/* A cgroup's descriptor: its place. */
int open(const char *path, int flags, ...)
{
	for (int i = 0; i < 3; i++)
		if (kernel.cgroups[i].path && !strcmp(path, kernel.cgroups[i].path))
			return 3000 + i;
	errno = ENOENT;
	return -1;
}

int close(int fd)
{
	return 0;
}

int bpf_prog_query(int fd, enum bpf_attach_type type, __u32 query_flags, __u32 *flags, __u32 *ids,
		   __u32 *nr)
{
	assert_int_equal(type, BPF_CGROUP_INET_EGRESS);
	assert_true(*nr >= 64);
	*flags = kernel.cgroups[fd - 3000].flags;
	ids[0] = kernel.cgroups[fd - 3000].id;
	*nr = ids[0] ? 1 : 0;
	return 0;
}

static int reset(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	return 0;
}

/* Attached to the function @btf_id of the kernel. */
static void add(const char *name, __u32 btf_id)
{
	__u32 id = ++kernel.nr;

	strcpy(kernel.programs[id].name, name);
	kernel.programs[id].id = id;
	kernel.links[id].type = BPF_LINK_TYPE_TRACING;
	kernel.links[id].prog_id = id;
	kernel.links[id].tracing.target_obj_id = VMLINUX;
	kernel.links[id].tracing.target_btf_id = btf_id;
}

/* The same, for the processes of a cgroup. */
static void add_of_cgroup(const char *name, __u32 btf_id)
{
	add(name, btf_id);
	kernel.programs[kernel.nr].attach_btf_obj_id = VMLINUX;
	kernel.programs[kernel.nr].attach_btf_id = btf_id;
	memset(&kernel.links[kernel.nr], 0, sizeof(kernel.links[0]));
	kernel.links[kernel.nr].type = BPF_LINK_TYPE_CGROUP;
	kernel.links[kernel.nr].prog_id = kernel.nr;
	kernel.links[kernel.nr].cgroup.attach_type = BPF_LSM_CGROUP;
}

static void expect_on_hook(int error, const char *text)
{
	struct sn_err err = {};

	assert_int_equal(sn_peers_explain_hook(NULL, "file_open", error, &err), -error);
	if (!strstr(err.text, text))
		fail_msg("no '%s' in: %s", text, err.text);
}

static void expect_in_cgroup(int error, const char *text)
{
	struct sn_err err = {};

	assert_int_equal(sn_peers_explain_egress(OWN_FD, "/cg/up/safenode", error, &err), -error);
	if (!strstr(err.text, text))
		fail_msg("no '%s' in: %s", text, err.text);
}

/* ---- the tests ---- */

static void who_fills_a_hook_is_named(void **state)
{
	add("one", FILE_OPEN);
	expect_on_hook(E2BIG, "on the hook file_open, and 1 of others are there: one (id 1); end");
	add("", FILE_OPEN);
	add("three", FILE_OPEN);
	expect_on_hook(E2BIG, "3 of others are there: one (id 1), ? (id 2), three (id 3); end");
	for (int i = 0; i < 34; i++)
		add("more", FILE_OPEN);
	expect_on_hook(E2BIG, "37 of others are there: one (id 1), ? (id 2), three (id 3) and 34 "
			      "more; end some (bpftool prog show id 1 tells whose it is)");
}

static void those_elsewhere_and_our_own_are_not(void **state)
{
	add("elsewhere", ANOTHER);
	add("sn_file_open", FILE_OPEN);
	add("module", FILE_OPEN);
	kernel.links[kernel.nr].tracing.target_obj_id++;
	expect_on_hook(E2BIG, "on the hook file_open; bpftool link show lists");
	add("there", FILE_OPEN);
	expect_on_hook(E2BIG, "1 of others are there: there (id 4);");
}

static void those_of_cgroups_take_one_place(void **state)
{
	add_of_cgroup("elsewhere", ANOTHER);
	add_of_cgroup("module", FILE_OPEN);
	kernel.programs[kernel.nr].attach_btf_obj_id++;
	add_of_cgroup("packets", FILE_OPEN);
	kernel.links[kernel.nr].cgroup.attach_type = BPF_CGROUP_INET_EGRESS;
	expect_on_hook(E2BIG, "on the hook file_open; bpftool link show lists");
	add_of_cgroup("a", FILE_OPEN);
	add_of_cgroup("b", FILE_OPEN);
	add("c", FILE_OPEN);
	expect_on_hook(E2BIG, "2 of others are there: a (id 4), c (id 6);");
}

static void another_errno_has_its_own_cure(void **state)
{
	expect_on_hook(EBUSY, "/sys/kernel/tracing/enabled_functions");
	expect_on_hook(EPERM, "cannot attach sn_file_open: Operation not permitted; it needs "
			      "CAP_SYS_ADMIN");
	expect_on_hook(ENOMEM, "Cannot allocate memory; free memory");
	expect_on_hook(EINVAL, "cannot attach sn_file_open: Invalid argument");
}

static void the_longest_text_is_not_cut(void **state)
{
	struct sn_err err = {};

	for (int i = 0; i < 45; i++)
		add("fifteen_letters", FILE_OPEN);
	for (__u32 id = 1; id <= kernel.nr; id++)
		kernel.programs[id].id = 4000000000U;
	sn_peers_explain_hook(NULL, "inode_init_security_anon", E2BIG, &err);
	assert_non_null(strstr(err.text, "and 42 more; end"));
	assert_non_null(strstr(err.text, "while it is loaded again"));
}

static void who_admits_no_other_is_named_with_its_cgroup(void **state)
{
	add("greedy", 0);
	kernel.cgroups[0].path = "/cg";
	kernel.cgroups[0].id = 1;
	kernel.cgroups[1].path = "/cg/up";
	kernel.cgroups[2].path = "/cg/up/safenode";
	expect_in_cgroup(EPERM, "packets of /cg admits no other: greedy (id 1); end it");
	expect_in_cgroup(ENOMEM, "to /cg/up/safenode: Cannot allocate memory; free memory");
	/* one that a cgroup below may override */
	kernel.cgroups[0].flags = BPF_F_ALLOW_OVERRIDE;
	expect_in_cgroup(EPERM, "Operation not permitted; it needs CAP_SYS_ADMIN");
	/* but not beside it */
	kernel.cgroups[2].id = 1;
	kernel.cgroups[2].flags = BPF_F_ALLOW_OVERRIDE;
	expect_in_cgroup(EPERM, "packets of /cg/up/safenode admits no other: greedy (id 1); end");
	/* the nearest decides */
	kernel.cgroups[0].flags = kernel.cgroups[2].id = 0;
	kernel.cgroups[1].id = 1;
	kernel.cgroups[1].flags = BPF_F_ALLOW_MULTI;
	expect_in_cgroup(EPERM, "Operation not permitted; it needs CAP_SYS_ADMIN");
}

static void who_fills_a_cgroup_is_named(void **state)
{
	add("one", 0);
	kernel.cgroups[0].path = "/cg/up/safenode";
	kernel.cgroups[0].id = 1;
	kernel.cgroups[0].flags = BPF_F_ALLOW_MULTI;
	expect_in_cgroup(E2BIG,
			 "packets of /cg/up/safenode, and 1 of others are there: one (id 1);");
	add("sn_file_open", 0); /* our own */
	kernel.cgroups[0].id = 2;
	expect_in_cgroup(E2BIG, "packets of /cg/up/safenode, and 0 of others");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_fills_a_hook_is_named, reset),
		cmocka_unit_test_setup(those_elsewhere_and_our_own_are_not, reset),
		cmocka_unit_test_setup(those_of_cgroups_take_one_place, reset),
		cmocka_unit_test_setup(another_errno_has_its_own_cure, reset),
		cmocka_unit_test_setup(the_longest_text_is_not_cut, reset),
		cmocka_unit_test_setup(who_admits_no_other_is_named_with_its_cgroup, reset),
		cmocka_unit_test_setup(who_fills_a_cgroup_is_named, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
