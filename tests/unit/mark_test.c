// SPDX-License-Identifier: GPL-2.0-only
/* user/mark.c over a kernel of variables: what it attaches, finds and takes away. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>
#include <linux/capability.h>

#include "mark.h"
#include "peers.h"
#include "pins.h"

#define CGROUP 5 /* a descriptor */

/* A program's descriptor is its id and this. */
#define PROGRAM 1000

static struct {
	const char *names[8]; /* of the programs with these ids */
	__u32 own[100], nr;   /* on the cgroup itself */
	__u32 above[100], nr_above;
	int attach; /* its error */
	bool no_pin, no_power;
	__u32 detached;
} kernel;

int bpf_obj_get(const char *path)
{
	assert_string_equal(path, SN_LINKS_DIR "/" SN_MARK_PIN);
	errno = ENOENT;
	return kernel.no_pin ? -1 : PROGRAM + 1;
}

int bpf_prog_get_fd_by_id(__u32 id)
{
	return PROGRAM + id;
}

int bpf_obj_get_info_by_fd(int fd, void *data, __u32 *size)
{
	struct bpf_prog_info *info = data;

	info->id = fd - PROGRAM;
	strcpy(info->name, kernel.names[info->id] ?: "");
	return 0;
}

int close(int fd)
{
	return 0;
}

int bpf_prog_attach(int program, int cgroup, enum bpf_attach_type type, unsigned int flags)
{
	assert_int_equal(program, PROGRAM + 1);
	assert_int_equal(cgroup, CGROUP);
	assert_int_equal(flags, BPF_F_ALLOW_MULTI);
	errno = kernel.attach;
	if (errno)
		return -1;
	kernel.own[kernel.nr++] = 1;
	return 0;
}

int bpf_prog_detach2(int program, int cgroup, enum bpf_attach_type type)
{
	kernel.detached |= 1 << (program - PROGRAM);
	return 0;
}

int bpf_prog_query(int cgroup, enum bpf_attach_type type, __u32 query_flags, __u32 *flags,
		   __u32 *ids, __u32 *nr)
{
	__u32 all = kernel.nr + (query_flags & BPF_F_QUERY_EFFECTIVE ? kernel.nr_above : 0);
	__u32 room = *nr;

	*nr = all;
	errno = ENOSPC;
	if (all > room)
		return -1;
	memcpy(ids, kernel.own, kernel.nr * sizeof(*ids));
	memcpy(ids + kernel.nr, kernel.above, (all - kernel.nr) * sizeof(*ids));
	return 0;
}

long syscall(long number, ...)
{
	va_list args;
	struct __user_cap_data_struct *have;

	assert_int_equal(number, SYS_capget);
	va_start(args, number);
	va_arg(args, void *);
	have = va_arg(args, struct __user_cap_data_struct *);
	va_end(args);
	have[0].effective = kernel.no_power ? 0 : 1 << CAP_NET_ADMIN;
	have[1].effective = 0;
	return 0;
}

int sn_peers_explain_egress(int program, const char *path, int error, struct sn_err *err)
{
	return sn_fail(err, error, "another's program on %s", path);
}

static struct sn_mark mark;

static int reset(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.names[1] = kernel.names[2] = "sn_egress";
	kernel.names[3] = "another";
	mark = (struct sn_mark){ .program = PROGRAM + 1, .id = 1 };
	return 0;
}

static void the_pinned_program_is_the_mark(void **state)
{
	struct sn_err err = {};

	assert_int_equal(sn_mark_open(SN_LINKS_DIR, &mark, &err), 0);
	assert_int_equal(mark.id, 1);
	sn_mark_close(&mark);
	kernel.no_pin = true;
	assert_int_equal(sn_mark_open(SN_LINKS_DIR, &mark, &err), -ENOENT);
	assert_non_null(strstr(err.text, "run safenode-load"));
}

static void it_is_put_once(void **state)
{
	assert_int_equal(sn_mark_put(&mark, CGROUP, "/cg/a", NULL), 0);
	kernel.attach = EINVAL; /* what the kernel says the second time */
	assert_int_equal(sn_mark_put(&mark, CGROUP, "/cg/a", NULL), 0);
	assert_int_equal(kernel.nr, 1);
}

static void who_may_not_or_cannot_is_told_why(void **state)
{
	struct sn_err err = {};

	kernel.attach = EPERM;
	assert_int_equal(sn_mark_put(&mark, CGROUP, "/cg/a", &err), -EPERM);
	assert_string_equal(err.text, "another's program on /cg/a");
	kernel.attach = EINVAL;
	assert_int_equal(sn_mark_put(&mark, CGROUP, "/cg/a", &err), -EINVAL);
	kernel.no_power = true;
	assert_int_equal(sn_mark_put(&mark, CGROUP, "/cg/a", &err), -EPERM);
	assert_non_null(strstr(err.text, "CAP_NET_ADMIN"));
	assert_int_equal(sn_mark_check_powers("/cg/a", &err), -EPERM);
}

static void it_is_found_wherever_it_was_put_however_many_there_are(void **state)
{
	assert_int_equal(sn_mark_is_there(&mark, CGROUP), 0);
	for (int i = 0; i < 99; i++)
		kernel.above[kernel.nr_above++] = 3;
	assert_int_equal(sn_mark_is_there(&mark, CGROUP), 0);
	kernel.above[kernel.nr_above++] = 1;
	assert_int_equal(sn_mark_is_there(&mark, CGROUP), 1);
}

static void of_others_only_those_of_safenode_go(void **state)
{
	kernel.own[kernel.nr++] = 3;
	kernel.own[kernel.nr++] = 2;
	kernel.own[kernel.nr++] = 1;
	assert_int_equal(sn_mark_remove_others(&mark, CGROUP), 0);
	assert_int_equal(kernel.detached, 1 << 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_pinned_program_is_the_mark, reset),
		cmocka_unit_test_setup(it_is_put_once, reset),
		cmocka_unit_test_setup(who_may_not_or_cannot_is_told_why, reset),
		cmocka_unit_test_setup(it_is_found_wherever_it_was_put_however_many_there_are,
				       reset),
		cmocka_unit_test_setup(of_others_only_those_of_safenode_go, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
