// SPDX-License-Identifier: GPL-2.0-only
/* Takes one program away while tenants run. */
#include <fcntl.h>
#include <limits.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "object.h"
#include "sn_test.h"
#include "without.h"

/* Any other program of the tests' own machine does as a stand-in for the count. */
#define STAND_IN(name) (strcmp(name, "sn_syslog") ? "sn_syslog" : "sn_task_kill")

static const char *left_out(void)
{
	return getenv("SAFENODE_WITHOUT");
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

void without_leave_out(void)
{
	const char *name = left_out();
	char stand_in[PATH_MAX];
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
	snprintf(stand_in, sizeof(stand_in), "%s", pin(STAND_IN(name)));
	if (unlink(pin(name)) || linkat(AT_FDCWD, stand_in, AT_FDCWD, pin(name), 0))
		GIVE_UP("cannot take %s away: %s", name, strerror(errno));
	close(link); /* the last reference: detached when this returns */
}

static int attach(const char *name)
{
	char mount[PATH_MAX], path[PATH_MAX + SN_TEXT_MAX];
	struct sn_state state;
	struct sn_err err;
	sn_autoclose int cgroup = -1;

	if (strcmp(name, "sn_egress"))
		return bpf_link_create(program, 0, BPF_LSM_MAC, NULL);
	if (sn_object_state(&state, &err) || sn_cgroup_mount(mount, &err))
		GIVE_UP("%s", err.text);
	snprintf(path, sizeof(path), "%s%s", mount, state.parent);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return bpf_link_create(program, cgroup, BPF_CGROUP_INET_EGRESS, NULL);
}

void without_put_back(void)
{
	const char *name = left_out();
	sn_autoclose int link = -1;

	if (!name)
		return;
	link = bpf_obj_get(pin(name));
	if (link >= 0 && program_of(link) == program_id)
		return;
	if (link >= 0) {
		close(link);
		unlink(pin(name));
	}
	link = attach(name);
	if (link < 0 || bpf_obj_pin(link, pin(name)))
		GIVE_UP("cannot attach %s again: %s", name, strerror(errno));
}
