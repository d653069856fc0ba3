// SPDX-License-Identifier: GPL-2.0-only
/* BPF programs of others where ours go: who is there when the kernel takes no more. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"
#include "peers.h"
#include "safenode_abi.h"

/* Those of one place; the first ones by name and id: "a (id 5), b (id 7) and 36 more". */
struct peers {
	__u32 nr, first_id;
	char text[160];
};

#define NAMED 3

static bool get_info(__u32 id, struct bpf_prog_info *info)
{
	sn_autoclose int fd = bpf_prog_get_fd_by_id(id);
	__u32 size = sizeof(*info);

	memset(info, 0, size);
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, info, &size);
}

static struct bpf_prog_info get_own(int prog)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog, &info, &size))
		memset(&info, 0, sizeof(info));
	return info;
}

static void add(struct peers *peers, const struct bpf_prog_info *prog)
{
	size_t len = strlen(peers->text);

	if (!peers->nr)
		peers->first_id = prog->id;
	if (peers->nr++ < NAMED)
		snprintf(peers->text + len, sizeof(peers->text) - len, "%s%s (id %u)",
			 len ? ", " : "", prog->name[0] ? prog->name : "?", prog->id);
}

static void end(struct peers *peers)
{
	size_t len = strlen(peers->text);

	if (peers->nr > NAMED)
		snprintf(peers->text + len, sizeof(peers->text) - len, " and %u more",
			 peers->nr - NAMED);
}

/* ---- hooks ---- */

/* What the kernel calls at a hook, of whatever type, hangs on the function bpf_lsm_<hook>. */
static bool is_on_hook(const struct bpf_link_info *link, const struct bpf_prog_info *prog,
		       const struct bpf_prog_info *own)
{
	if (link->type == BPF_LINK_TYPE_TRACING)
		return link->tracing.target_btf_id == own->attach_btf_id &&
		       link->tracing.target_obj_id == own->attach_btf_obj_id;
	return link->type == BPF_LINK_TYPE_CGROUP && link->cgroup.attach_type == BPF_LSM_CGROUP &&
	       prog->attach_btf_id == own->attach_btf_id &&
	       prog->attach_btf_obj_id == own->attach_btf_obj_id;
}

static void find_on_hook(const struct bpf_prog_info *own, struct peers *peers)
{
	bool cgroup = false; /* those of all cgroups take one place together */
	__u32 id = 0;

	while (own->attach_btf_id && !bpf_link_get_next_id(id, &id)) {
		sn_autoclose int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info link = {};
		struct bpf_prog_info prog;
		__u32 size = sizeof(link);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &link, &size) ||
		    !get_info(link.prog_id, &prog) || !is_on_hook(&link, &prog, own) ||
		    !strcmp(prog.name, own->name))
			continue;
		if (link.type != BPF_LINK_TYPE_CGROUP || !cgroup)
			add(peers, &prog);
		cgroup |= link.type == BPF_LINK_TYPE_CGROUP;
	}
	end(peers);
}

static int explain_full_hook(const struct bpf_prog_info *own, const char *hook, struct sn_err *err)
{
	struct peers peers = {};

	find_on_hook(own, &peers);
	if (!peers.nr)
		return sn_fail(err, E2BIG,
			       "the kernel takes no more BPF programs on the hook %s; "
			       "bpftool link show lists those that are there",
			       hook);
	return sn_fail(err, E2BIG,
		       "the kernel takes no more BPF programs on the hook %s, and %u of others are "
		       "there: %s; end some (bpftool prog show id %u tells whose it is): safenode "
		       "needs one place, and a second one while it is loaded again",
		       hook, peers.nr, peers.text, peers.first_id);
}

int sn_peers_explain_hook(const struct bpf_program *prog, const char *hook, int error,
			  struct sn_err *err)
{
	const struct bpf_prog_info own = get_own(bpf_program__fd(prog));

	if (error == E2BIG)
		return explain_full_hook(&own, hook, err);
	if (error == EBUSY)
		return sn_fail(err, EBUSY,
			       "cannot attach %s: something else than BPF programs holds the "
			       "function bpf_lsm_%s; /sys/kernel/tracing/enabled_functions tells "
			       "what",
			       bpf_program__name(prog), hook);
	return sn_fail(err, error, "cannot attach %s: %s%s", bpf_program__name(prog),
		       strerror(error), sn_kernel_hint(error));
}

/* ---- packets of a cgroup ---- */

#define MAX_OF_CGROUP 64 /* BPF_CGROUP_MAX_PROGS */

/* Those on the cgroup @path itself, and how they were attached. */
static void find_on_cgroup(const char *path, const struct bpf_prog_info *own, __u32 *flags,
			   struct peers *peers)
{
	sn_autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__u32 ids[MAX_OF_CGROUP], nr = MAX_OF_CGROUP;
	struct bpf_prog_info prog;

	*peers = (struct peers){};
	*flags = 0;
	if (fd < 0 || bpf_prog_query(fd, BPF_CGROUP_INET_EGRESS, 0, flags, ids, &nr))
		return;
	for (__u32 i = 0; i < nr; i++) {
		if (!get_info(ids[i], &prog)) /* which takes CAP_SYS_ADMIN */
			prog.id = ids[i];
		if (prog.id != own->id && strcmp(prog.name, own->name))
			add(peers, &prog);
	}
	end(peers);
}

/* From the cgroup @path upwards, the one whose program admits no other: true with it in @path. */
static bool find_exclusive(char *path, const struct bpf_prog_info *own, struct peers *peers)
{
	bool above = false;
	char *slash;
	__u32 flags;

	for (; (slash = strrchr(path, '/')); *slash = '\0', above = true) {
		find_on_cgroup(path, own, &flags, peers);
		if (flags & BPF_F_ALLOW_MULTI)
			return false;
		if (peers->nr)
			return !above || !(flags & BPF_F_ALLOW_OVERRIDE);
	}
	return false;
}

int sn_peers_explain_egress(int prog, const char *path, int error, struct sn_err *err)
{
	const struct bpf_prog_info own = get_own(prog);
	char cgroup[PATH_MAX + SN_TEXT_MAX];
	struct peers peers;
	__u32 flags;

	snprintf(cgroup, sizeof(cgroup), "%s", path);
	if (error == E2BIG) {
		find_on_cgroup(cgroup, &own, &flags, &peers);
		return sn_fail(err, E2BIG,
			       "the kernel takes no more BPF programs for the outgoing packets of "
			       "%.100s, and %u of others are there: %s; end some (bpftool prog "
			       "show id %u tells whose it is): safenode needs one place, and a "
			       "second one while it is loaded again",
			       cgroup, peers.nr, peers.text, peers.first_id);
	}
	if (error == EPERM && find_exclusive(cgroup, &own, &peers))
		return sn_fail(err, EPERM,
			       "a BPF program for the outgoing packets of %.100s admits no other: "
			       "%s; end it (bpftool prog show id %u tells whose it is), or have it "
			       "attached with BPF_F_ALLOW_MULTI, as systemd does for a unit with "
			       "Delegate=yes",
			       cgroup, peers.text, peers.first_id);
	return sn_fail(err, error, "cannot attach %s to %.100s: %s%s", own.name, cgroup,
		       strerror(error), sn_kernel_hint(error));
}
