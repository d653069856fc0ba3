// SPDX-License-Identifier: GPL-2.0-only
/* Takes one BPF program away while tenants run. */
#include <fcntl.h>
#include <limits.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "object.h"
#include "pins.h"
#include "sn_test.h"
#include "without.h"

/* Any other program of the tests' own machine does as a stand-in for the count. */
#define STAND_IN(name) (strcmp(name, "sn_syslog") ? "sn_syslog" : "sn_task_kill")

static const char *left_out(void)
{
	return getenv("SAFENODE_WITHOUT");
}

/* What safenode-attach tries itself; the others can stay away while it starts a tenant. */
static bool attach_notices(const char *name)
{
	static const char *const tried[] = { "sn_socket_create", "sn_file_open",
					     "sn_inode_permission", "sn_task_getsid" };

	for (size_t i = 0; i < sizeof(tried) / sizeof(*tried); i++)
		if (!strcmp(name, tried[i]))
			return true;
	return false;
}

static const char *pin(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", SN_LINKS_DIR, name);
	return path;
}

/* Since before the first test: a program that is attached nowhere lives as long as this. */
static int program = -1;
static __u32 program_id;

static __u32 program_of(int link)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &size))
		GIVE_UP("a pin in %s is no link: %s", SN_LINKS_DIR, strerror(errno));
	return info.prog_id;
}

bool without_is_right(void)
{
	const char *name = left_out();
	sn_autoclose int link = -1;

	if (!name)
		return true;
	link = bpf_obj_get(pin(name));
	if (link >= 0) {
		program_id = program_of(link);
		program = bpf_prog_get_fd_by_id(program_id);
	}
	if (program < 0)
		printf("Bail out! SAFENODE_WITHOUT: no program %s is attached\n", name);
	return program >= 0;
}

/* A cgroup program that lets everything pass, or -errno. */
static int load_nothing(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "nothing", "GPL", insns, 2, NULL);
}

/* The link of @prog, attached where the program @name belongs, or -errno. */
static int attach(const char *name, int prog)
{
	char mount[PATH_MAX], path[PATH_MAX + SN_TEXT_MAX];
	struct sn_state state;
	struct sn_err err;
	sn_autoclose int cgroup = -1;

	if (strcmp(name, "sn_egress"))
		return bpf_link_create(prog, 0, BPF_LSM_MAC, NULL);
	if (sn_object_state(&state, &err) || sn_cgroup_mount(mount, &err))
		GIVE_UP("%s", err.text);
	snprintf(path, sizeof(path), "%s%s", mount, state.parent);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return bpf_link_create(prog, cgroup, BPF_CGROUP_INET_EGRESS, NULL);
}

/*
 * What stands in while @name is left out: the pin of any other program for the count, and for the
 * egress program one that lets all packets pass, for it also marks the cgroups of tenants.
 */
static int stand_in(const char *name)
{
	if (!strcmp(name, "sn_egress"))
		return attach(name, load_nothing());
	return bpf_obj_get(pin(STAND_IN(name)));
}

void without_leave_out(void)
{
	const char *name = left_out();
	sn_autoclose int other = -1;
	int link;

	if (!name)
		return;
	link = bpf_obj_get(pin(name));
	if (link < 0)
		GIVE_UP("%s is not attached: %s", name, strerror(errno));
	if (program_of(link) != program_id) {
		close(link);
		return;
	}
	other = stand_in(name);
	if (other < 0 || unlink(pin(name)) || bpf_obj_pin(other, pin(name)))
		GIVE_UP("cannot take %s away: %s", name, strerror(errno));
	close(link); /* the last reference: detached when this returns */
}

void without_before_attach(void)
{
	if (left_out() && attach_notices(left_out()))
		without_put_back();
}

void without_put_back(void)
{
	const char *name = left_out();
	sn_autoclose int other = -1, link = -1;

	if (!name)
		return;
	other = bpf_obj_get(pin(name));
	if (other >= 0 && program_of(other) == program_id)
		return;
	link = attach(name, program);
	unlink(pin(name));
	if (link < 0 || bpf_obj_pin(link, pin(name)))
		GIVE_UP("cannot attach %s again: %s", name, strerror(errno));
}
