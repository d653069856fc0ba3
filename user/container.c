// SPDX-License-Identifier: GPL-2.0-only
/* An engine's container becomes a tenant before its program starts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "annotations.h"
#include "cgroup.h"
#include "compile.h"
#include "container.h"
#include "detach.h"
#include "elsewhere.h"
#include "enforcer.h"
#include "floor.h"
#include "gather.h"
#include "label.h"
#include "rootfs.h"

/* Everything that is gathered before anything is changed. */
struct plan {
	const struct sn_bundle *bundle;
	struct sn_options options;
	struct sn_gathered named;
	struct sn_enforcer enforcer;
	char cgroup[PATH_MAX];
	__u64 cgroup_id;
	__u32 layers;
};

/* ---- checks ---- */

/* A rootless engine is root of a user namespace. */
static int check_root(struct sn_err *err)
{
	const ino_t initial = 0xeffffffd; /* PROC_USER_INIT_INO in include/linux/proc_ns.h */
	struct stat ns;

	if (!geteuid() && !stat("/proc/self/ns/user", &ns) && ns.st_ino == initial)
		return 0;
	return sn_fail(err, EINVAL,
		       "the engine does not run as root, and containers of such cannot be tenants; "
		       "start it as root");
}

static int read_options(struct plan *plan, const char *floor, struct sn_err *err)
{
	struct sn_options *options = &plan->options, least = {};
	char label[SN_TENANT_MAX];
	int ret = sn_floor_read(&least, floor, err);

	if (!ret)
		ret = sn_annotations_read(plan->bundle, options, err);
	if (!ret)
		ret = sn_container_options_check(options, err);
	if (!ret)
		ret = sn_floor_apply(&least, options, err);
	sn_options_free(&least);
	if (ret)
		return ret;
	if (!options->safe_mode)
		return sn_fail(err, EINVAL,
			       "nothing says how to confine the container: add the "
			       "annotation " SN_ANNOTATION
			       "safe-mode: \"true\", or safe-mode to %s",
			       floor);
	sn_label(plan->bundle, label);
	options->tenant = strdup(label);
	options->directory = strdup(plan->bundle->cwd);
	if (!options->tenant || !options->directory)
		return sn_fail(err, ENOMEM, "out of memory");
	return sn_options_check(options, err);
}

static int find_cgroup(struct plan *plan, struct sn_err *err)
{
	struct sn_err why = {};
	int ret = sn_cgroup_of(plan->bundle->pid, plan->enforcer.mount, plan->cgroup, &why);

	if (ret)
		return sn_fail(err, EINVAL,
			       "%.300s; the engine has to use cgroup v2 (cgroupns and a node "
			       "without cgroup v1)",
			       why.text);
	ret = sn_cgroup_check_alone(plan->cgroup, plan->bundle->pid, err);
	return ret ? ret : sn_cgroup_id(plan->cgroup, &plan->cgroup_id, err);
}

/*
 * The standard streams need rules where they are files. Of what else the runtime's process has open
 * the program gets what the engine says, and an io_uring nobody.
 */
static int add_descriptors(struct plan *plan, struct sn_err *err)
{
	sn_autofree char *path = NULL;
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	if (asprintf(&path, "/proc/%d/fd", plan->bundle->pid) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	dir = opendir(path);
	if (!dir)
		return sn_fail(err, errno, "cannot read %s: %s", path, strerror(errno));
	while (!ret && (entry = readdir(dir))) {
		sn_autoclose int fd = openat(dirfd(dir), entry->d_name, O_PATH | O_CLOEXEC);
		struct sn_rules others = {};
		int number = atoi(entry->d_name);

		if (fd < 0 || entry->d_name[0] == '.')
			continue;
		if (number <= 2)
			ret = sn_rules_add_fd(&plan->named.own, fd, err);
		else if (sn_rules_add_fd(&others, fd, err) == -EINVAL)
			ret = -EINVAL;
		sn_rules_free(&others);
	}
	closedir(dir);
	return ret;
}

/* The paths of the host first: then the container's root is in their place. */
static int gather_rules(struct plan *plan, struct sn_err *err)
{
	sn_autoclose int root = -1;
	int ret = sn_gather_cgroup(&plan->named, plan->enforcer.mount, plan->cgroup, err);

	if (!ret)
		ret = add_descriptors(plan, err);
	if (!ret)
		ret = root = sn_rootfs_open(plan->bundle, err);
	return ret < 0 ? ret
		       : sn_rootfs_gather(root, plan->bundle, &plan->named, &plan->layers, err);
}

static int check_all(struct plan *plan, const char *floor, struct sn_err *err)
{
	int ret = check_root(err);

	if (!ret && !plan->bundle->pid)
		ret = sn_fail(err, EINVAL,
			      "the container has no process; this hook is for "
			      "createRuntime");
	if (!ret)
		ret = sn_bundle_check(plan->bundle, err);
	if (!ret)
		ret = read_options(plan, floor, err);
	if (!ret)
		ret = sn_enforcer_open(&plan->enforcer, err);
	if (!ret)
		ret = find_cgroup(plan, err);
	return ret ? ret : gather_rules(plan, err);
}

/* ---- changes, under the lock ---- */

static int compile(struct plan *plan, struct sn_compiled *compiled, struct sn_err *err)
{
	struct sn_rules none = {};
	struct sn_source source = {
		.options = &plan->options,
		.cgroup_id = plan->cgroup_id,
		.directory = plan->named.directory,
		.dir = plan->named.dir,
		.own = &plan->named.own,
		.baseline = &none,
		.container = true,
		.layers = plan->layers,
	};

	return sn_compile(&source, compiled, err);
}

/* The end of the path keeps it from being taken for the cgroup of a tenant that has that name. */
static int mark_cgroup(const struct plan *plan, struct sn_err *err)
{
	sn_autofree char *path = NULL;

	if (asprintf(&path, "%s/.", plan->cgroup) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	return sn_elsewhere_mark(plan->enforcer.store.cgroups, plan->cgroup_id,
				 plan->enforcer.mount, path, err);
}

/* The engine removes the cgroup, and the mark with it. */
static int establish(struct plan *plan, struct sn_err *err)
{
	struct sn_compiled compiled = {};
	struct sn_policy none = { .cgroup_id = plan->cgroup_id };
	int ret = sn_sweep_gone(&plan->enforcer, err);

	if (!ret)
		ret = compile(plan, &compiled, err);
	if (ret)
		return ret;
	ret = mark_cgroup(plan, err);
	if (!ret)
		ret = sn_store_put(&plan->enforcer.store, &compiled, NULL, err);
	if (ret)
		sn_store_forget(&plan->enforcer.store, &none, 0, NULL);
	sn_compiled_free(&compiled);
	return ret;
}

int sn_container_make(const struct sn_bundle *bundle, const char *floor, struct sn_err *err)
{
	struct plan plan = { .bundle = bundle, .enforcer = SN_ENFORCER_CLOSED };
	int ret;

	plan.named = SN_GATHERED(&plan.options);
	ret = check_all(&plan, floor, err);
	if (!ret)
		ret = sn_enforcer_lock(&plan.enforcer, SN_EXCLUSIVE, err);
	if (!ret)
		ret = establish(&plan, err);
	sn_enforcer_close(&plan.enforcer);
	sn_gathered_free(&plan.named);
	sn_options_free(&plan.options);
	return ret;
}
