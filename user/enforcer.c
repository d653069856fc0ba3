// SPDX-License-Identifier: GPL-2.0-only
/* What is loaded, as every tool opens it: state, cgroup mount, maps and their lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "enforcer.h"
#include "lock.h"
#include "object.h"
#include "pins.h"

static int open_with(int (*read_state)(struct sn_state *state, struct sn_err *err),
		     struct sn_enforcer *enforcer, struct sn_err *err)
{
	int ret, error;

	*enforcer = SN_ENFORCER_CLOSED;
	/* first: if what is read next is replaced, sn_enforcer_lock() locks the old directory */
	enforcer->lock = open(SN_PIN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = errno;
	ret = read_state(&enforcer->state, err);
	if (!ret)
		ret = sn_cgroup_mount(enforcer->mount, err);
	if (!ret && enforcer->lock < 0)
		ret = sn_fail(err, error, "cannot open %s: %s", SN_PIN_DIR, strerror(error));
	if (ret)
		sn_enforcer_close(enforcer);
	return ret;
}

int sn_enforcer_open(struct sn_enforcer *enforcer, struct sn_err *err)
{
	return open_with(sn_object_state, enforcer, err);
}

int sn_enforcer_open_loaded(struct sn_enforcer *enforcer, struct sn_err *err)
{
	return open_with(sn_pins_state, enforcer, err);
}

/* The lock of a directory that was removed since, or whose name is another's now, guards nothing.
 */
static int check_unmoved(const struct sn_enforcer *enforcer, struct sn_err *err)
{
	struct stat locked, named;

	if (fstat(enforcer->lock, &locked))
		return sn_fail(err, errno, "cannot look at %s: %s", SN_PIN_DIR, strerror(errno));
	if (!stat(SN_PIN_DIR, &named) && named.st_ino == locked.st_ino)
		return 0;
	return sn_fail(err, EAGAIN, "safenode was unloaded or loaded anew meanwhile; try again");
}

int sn_enforcer_lock(struct sn_enforcer *enforcer, enum sn_sharing sharing, struct sn_err *err)
{
	int how = sharing == SN_SHARED ? LOCK_SH : LOCK_EX;
	int ret = sn_lock(enforcer->lock, SN_PIN_DIR, how, err);

	if (!ret)
		ret = check_unmoved(enforcer, err);
	if (!ret)
		ret = sn_pins_check_whole(err);
	return ret ? ret : sn_store_open(&enforcer->store, err);
}

void sn_enforcer_close(struct sn_enforcer *enforcer)
{
	sn_store_close(&enforcer->store);
	if (enforcer->lock >= 0)
		close(enforcer->lock);
	enforcer->lock = -1;
}

int sn_enforcer_cgroup(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		       struct sn_err *err)
{
	int len = snprintf(path, PATH_MAX, "%s%.*s%s%s", enforcer->mount,
			   (int)sizeof(enforcer->state.parent), enforcer->state.parent,
			   *tenant ? "/" : "", tenant);

	if (len < PATH_MAX)
		return 0;
	return sn_fail(err, ENAMETOOLONG, "the path of the cgroup of '%s' is too long", tenant);
}

int sn_enforcer_find(const struct sn_enforcer *enforcer, const char *tenant, char path[PATH_MAX],
		     struct sn_err *err)
{
	__u64 id;
	int ret =
		sn_elsewhere_find(enforcer->store.cgroups, enforcer->mount, tenant, &id, path, err);

	return ret ? ret : sn_enforcer_cgroup(enforcer, tenant, path, err);
}

int sn_enforcer_cgroup_of(const struct sn_enforcer *enforcer, const struct sn_policy *policy,
			  char path[PATH_MAX], struct sn_err *err)
{
	if (!sn_elsewhere_get(enforcer->store.cgroups, policy->cgroup_id, enforcer->mount, path))
		return 1;
	return sn_enforcer_cgroup(enforcer, policy->tenant, path, err);
}
