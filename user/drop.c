// SPDX-License-Identifier: GPL-2.0-only
/* What a tenant may not have of the caller: descriptors, root, capabilities. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "drop.h"

int sn_drop_descriptors(const int *keep, size_t nr, struct sn_err *err)
{
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC))
		return sn_fail(err, errno, "cannot close descriptors: %s", strerror(errno));
	for (size_t i = 0; i < nr; i++)
		if (fcntl(keep[i], F_SETFD, 0))
			return sn_fail(err, EINVAL, "descriptor %d is not open", keep[i]);
	return 0;
}

/* For root as well: with an empty bounding set exec gives nothing back. */
static int drop_capabilities(struct sn_err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &header, none))
		return sn_fail(err, errno, "cannot drop capabilities: %s", strerror(errno));
	return 0;
}

static int drop_bounding_set(struct sn_err *err)
{
	int cap = 0;

	while (!prctl(PR_CAPBSET_DROP, cap))
		cap++;
	if (errno != EINVAL) /* no such capability: all are dropped */
		return sn_fail(err, errno,
			       "cannot drop capability %d: %s; leave CAP_SETPCAP in "
			       "CapabilityBoundingSet= of the unit, or in the container",
			       cap, strerror(errno));
	return 0;
}

/* Or is it a user namespace, where others do not exist? */
static bool has_all_users(void)
{
	unsigned long from = 0, to = 0, count = 0;
	FILE *f = fopen("/proc/self/uid_map", "re");

	if (!f)
		return true;
	if (fscanf(f, "%lu %lu %lu", &from, &to, &count) != 3)
		count = 0;
	fclose(f);
	return count == UINT32_MAX;
}

static int become(const struct sn_account *account, struct sn_err *err)
{
	uid_t uid = account->uid;
	gid_t gid = account->gid;
	const char *cure = "leave CAP_SETGID and CAP_SETUID in CapabilityBoundingSet= of the unit, "
			   "or in the container";
	int error;

	if (!setgroups(account->nr_groups, account->groups) && !setresgid(gid, gid, gid) &&
	    !setresuid(uid, uid, uid))
		return 0;
	error = errno;
	if (!has_all_users())
		cure = "this is a user namespace that may not have them: leave PrivateUsers= out "
		       "of the unit, or map them into the container";
	return sn_fail(err, error, "cannot change to user %u, group %u: %s; %s", uid, gid,
		       strerror(error), cure);
}

static int forbid_new(struct sn_err *err)
{
	if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 0;
	return sn_fail(err, errno, "cannot set no_new_privs: %s", strerror(errno));
}

int sn_drop_own(struct sn_err *err)
{
	int ret = drop_capabilities(err);

	return ret ? ret : forbid_new(err);
}

int sn_drop_root(const struct sn_account *account, struct sn_err *err)
{
	int ret = drop_bounding_set(err);

	if (!ret)
		ret = become(account, err);
	if (!ret)
		ret = drop_capabilities(err);
	return ret ? ret : forbid_new(err);
}
