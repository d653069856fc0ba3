// SPDX-License-Identifier: GPL-2.0-only
/* Tenants' cgroups that are not below the parent: where a new one goes, and where they are. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "mark.h"
#include "pins.h"

/* ---- a new one ---- */

int sn_elsewhere_below(const char *mount, const char *own, const char *tenant, char path[PATH_MAX],
		       struct sn_err *err)
{
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%s", own);
	/* only if the one above was delegated and this one was not, it is a leaf of that one */
	if (!sn_cgroup_delegated(own) && strlen(own) > strlen(mount)) {
		*strrchr(parent, '/') = '\0';
		if (!sn_cgroup_delegated(parent))
			strcpy(parent, own);
	}
	if (snprintf(path, PATH_MAX, "%s/%s", parent, tenant) < PATH_MAX)
		return 0;
	return sn_fail(err, ENAMETOOLONG, "the path of the cgroup of '%s' is too long", tenant);
}

int sn_elsewhere_choose(const char *mount, const char *tenant, char path[PATH_MAX],
			struct sn_err *err)
{
	char own[PATH_MAX];
	int ret = sn_cgroup_own(mount, own, err);

	return ret ? ret : sn_elsewhere_below(mount, own, tenant, path, err);
}

/* ---- those that are there ---- */

static int mark(int cgroup, const char *path, struct sn_err *err)
{
	struct sn_mark mark;
	int ret = sn_mark_open(SN_LINKS_DIR, &mark, err);

	if (!ret)
		ret = sn_mark_put(&mark, cgroup, path, err);
	sn_mark_close(&mark);
	return ret;
}

int sn_elsewhere_mark(int map, __u64 id, const char *mount, const char *path, struct sn_err *err)
{
	sn_autoclose int cgroup = sn_cgroup_open(mount, path, id);
	int ret;

	if (cgroup < 0)
		return sn_fail(err, -cgroup, "cannot open the cgroup %s: %s", path,
			       strerror(-cgroup));
	ret = sn_elsewhere_put(map, id, mount, path, err);
	return ret ? ret : mark(cgroup, path, err);
}

int sn_elsewhere_put(int map, __u64 id, const char *mount, const char *path, struct sn_err *err)
{
	const char *below = path + strlen(mount);
	struct sn_cgroup cgroup = {};

	if (strlen(below) >= sizeof(cgroup.path))
		return sn_fail(err, ENAMETOOLONG,
			       "the path of the cgroup %.200s... is longer than %d bytes; start "
			       "from a cgroup that is less deep",
			       path, SN_CGROUP_MAX - 1);
	strcpy(cgroup.path, below);
	if (!bpf_map_update_elem(map, &id, &cgroup, BPF_ANY))
		return 0;
	return sn_fail(err, errno == E2BIG ? ENOSPC : errno, "cannot write to the map '%s': %s",
		       "cgroups", errno == E2BIG ? "it is full" : strerror(errno));
}

int sn_elsewhere_get(int map, __u64 id, const char *mount, char path[PATH_MAX])
{
	struct sn_cgroup cgroup;

	if (bpf_map_lookup_elem(map, &id, &cgroup))
		return -errno;
	cgroup.path[sizeof(cgroup.path) - 1] = '\0'; /* may be damaged */
	return snprintf(path, PATH_MAX, "%s%s", mount, cgroup.path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* All keys first, for who removes entries while it goes through them may see some twice. */
static int read_ids(int map, __u64 **ids, size_t *nr)
{
	__u64 id, *after = NULL;

	*ids = NULL;
	*nr = 0;
	while (!bpf_map_get_next_key(map, after, &id)) {
		__u64 *more = *nr & (*nr - 1) ? *ids : /* all powers of two, and 0, are full */
				      reallocarray(*ids, *nr ? 2 * *nr : 1, sizeof(id));

		if (!more)
			return -ENOMEM;
		*ids = more;
		more[(*nr)++] = id;
		after = &id;
		if (*nr > SN_TENANTS_MAX) /* changed all the time */
			return -EAGAIN;
	}
	return errno == ENOENT ? 0 : -errno;
}

int sn_elsewhere_each(int map, const char *mount,
		      int (*each)(__u64 id, const char *path, void *data), void *data,
		      struct sn_err *err)
{
	sn_autofree __u64 *ids = NULL;
	char path[PATH_MAX];
	size_t nr;
	int ret = read_ids(map, &ids, &nr);

	if (ret)
		return sn_fail(err, -ret, "cannot read the map 'cgroups': %s", strerror(-ret));
	for (size_t i = 0; i < nr && !ret; i++)
		if (!sn_elsewhere_get(map, ids[i], mount, path))
			ret = each(ids[i], path, data);
	return ret;
}

struct search {
	const char *tenant;
	__u64 *id;
	char *path;
};

static int compare(__u64 id, const char *path, void *data)
{
	const struct search *search = data;
	const char *slash = strrchr(path, '/');

	if (!slash || strcmp(slash + 1, search->tenant) != 0)
		return 0;
	*search->id = id;
	strcpy(search->path, path);
	return 1;
}

int sn_elsewhere_find(int map, const char *mount, const char *tenant, __u64 *id,
		      char path[PATH_MAX], struct sn_err *err)
{
	struct search search = { .tenant = tenant, .id = id, .path = path };

	return sn_elsewhere_each(map, mount, compare, &search, err);
}
