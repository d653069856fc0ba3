// SPDX-License-Identifier: GPL-2.0-only
/* The mark of tenants' cgroups: safenode's egress program among those in force for the cgroup. */
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "mark.h"
#include "peers.h"
#include "pins.h"

#define OF_CGROUP_MAX 64 /* programs of one cgroup itself: BPF_CGROUP_MAX_PROGS */

static __u32 id_of(int program, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &size))
		return 0;
	memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	return info.id;
}

int sn_mark_open(const char *dir, struct sn_mark *mark, struct sn_err *err)
{
	char path[PATH_MAX], name[BPF_OBJ_NAME_LEN];

	snprintf(path, sizeof(path), "%s/" SN_MARK_PIN, dir);
	*mark = (struct sn_mark){ .program = bpf_obj_get(path) };
	if (mark->program < 0)
		return sn_fail(err, errno, "cannot open %s: %s; run safenode-load", path,
			       strerror(errno));
	mark->id = id_of(mark->program, name);
	if (mark->id)
		return 0;
	sn_mark_close(mark);
	return sn_fail(err, EPROTO, "%s is no program; run safenode-load", path);
}

void sn_mark_close(struct sn_mark *mark)
{
	sn_close_(&mark->program);
	*mark = SN_MARK_CLOSED;
}

/* Without it the kernel says EPERM, as it does where another's program admits no other. */
static bool may_attach(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2] = {};
	unsigned int needed = CAP_TO_MASK(CAP_NET_ADMIN);

	return !syscall(SYS_capget, &header, have) &&
	       (have[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & needed ||
		have[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN));
}

int sn_mark_check_powers(const char *path, struct sn_err *err)
{
	if (may_attach())
		return 0;
	return sn_fail(err, EPERM,
		       "cannot mark the cgroup %.200s: that takes CAP_NET_ADMIN; leave it in "
		       "CapabilityBoundingSet= of the unit, or in the container",
		       path);
}

int sn_mark_put(const struct sn_mark *mark, int cgroup, const char *path, struct sn_err *err)
{
	int ret = sn_mark_check_powers(path, err), error;

	if (ret)
		return ret;
	if (!bpf_prog_attach(mark->program, cgroup, BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI))
		return 0;
	error = errno;
	/* __cgroup_bpf_attach() in kernel/bpf/cgroup.c: the same program twice */
	if (error == EINVAL && sn_mark_is_there(mark, cgroup) == 1)
		return 0;
	return sn_peers_explain_egress(mark->program, path, error, err);
}

/* The ids of all programs in force, in memory that is the caller's to free. */
static int query_effective(int cgroup, __u32 **ids, __u32 *nr)
{
	__u32 room = OF_CGROUP_MAX;
	int ret;

	do {
		*nr = room;
		*ids = calloc(room, sizeof(**ids));
		if (!*ids)
			return -ENOMEM;
		ret = bpf_prog_query(cgroup, BPF_CGROUP_INET_EGRESS, BPF_F_QUERY_EFFECTIVE, NULL,
				     *ids, nr)
			      ? -errno
			      : 0;
		if (ret)
			free(*ids);
		room *= 2;
	} while (ret == -ENOSPC);
	return ret;
}

int sn_mark_is_there(const struct sn_mark *mark, int cgroup)
{
	__u32 *ids, nr;
	int ret = query_effective(cgroup, &ids, &nr);

	if (ret)
		return ret;
	for (__u32 i = 0; i < nr && !ret; i++)
		ret = ids[i] == mark->id;
	free(ids);
	return ret;
}

/* A program that has the mark's name and is not the mark: it goes from the cgroup. */
static int remove_other(const struct sn_mark *mark, const char *name, int cgroup, __u32 id)
{
	sn_autoclose int program = id == mark->id ? -1 : bpf_prog_get_fd_by_id(id);
	char other[BPF_OBJ_NAME_LEN];

	if (program < 0 || !id_of(program, other) || strncmp(other, name, sizeof(other)) != 0)
		return 0;
	if (bpf_prog_detach2(program, cgroup, BPF_CGROUP_INET_EGRESS) && errno != ENOENT)
		return -errno;
	return 0;
}

int sn_mark_remove_others(const struct sn_mark *mark, int cgroup)
{
	__u32 ids[OF_CGROUP_MAX], nr = OF_CGROUP_MAX, flags;
	char name[BPF_OBJ_NAME_LEN];
	int ret = 0;

	if (!id_of(mark->program, name))
		return -errno;
	if (bpf_prog_query(cgroup, BPF_CGROUP_INET_EGRESS, 0, &flags, ids, &nr))
		return -errno;
	for (__u32 i = 0; i < nr && !ret; i++)
		ret = remove_other(mark, name, cgroup, ids[i]);
	return ret;
}
