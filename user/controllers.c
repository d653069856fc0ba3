// SPDX-License-Identifier: GPL-2.0-only
/* Limits of a tenant's cgroup, and the controllers that they need. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "cgroup.h"
#include "controllers.h"

#define HUGE_PAGES "/sys/kernel/mm/hugepages" /* a directory for each size */

static const char *const controllers[SN_CONTROLLER_NR] = {
	[SN_CONTROLLER_MEMORY] = "memory",
	[SN_CONTROLLER_HUGETLB] = "hugetlb",
	[SN_CONTROLLER_CPU] = "cpu",
	[SN_CONTROLLER_PIDS] = "pids",
};

/* Does @cgroup enable @controller for its children? 1, 0 or a negative errno. */
static int is_enabled(const char *cgroup, const char *controller)
{
	sn_autofree char *name = NULL;
	char line[512] = "", *rest = line, *word;
	FILE *f;

	if (asprintf(&name, "%s/cgroup.subtree_control", cgroup) < 0)
		return -ENOMEM;
	f = fopen(name, "re");
	if (!f)
		return -errno;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	while ((word = strsep(&rest, " ")))
		if (!strcmp(word, controller))
			return 1;
	return 0;
}

static int switch_controller(const char *cgroup, char sign, const char *controller)
{
	char order[32];

	snprintf(order, sizeof(order), "%c%s", sign, controller);
	return sn_cgroup_write(cgroup, "cgroup.subtree_control", order);
}

/* The errnos are those of kernel/cgroup/cgroup.c cgroup_subtree_control_write(). */
static int not_enabled(const char *cgroup, const char *controller, int error, struct sn_err *err)
{
	switch (error) {
	case EBUSY:
		return sn_fail(err, EBUSY,
			       "cannot enable the cgroup v2 controller '%s': processes are in %s "
			       "itself; move them into a cgroup below it (DelegateSubgroup= in a "
			       "unit does)",
			       controller, cgroup);
	case EOPNOTSUPP:
		return sn_fail(err, EOPNOTSUPP,
			       "cannot enable the cgroup v2 controller '%s': %s is threaded; use "
			       "safenode-load --parent below one that is not",
			       controller, cgroup);
	case EINVAL:
		return sn_fail(err, ENOSYS,
			       "the kernel has no cgroup v2 controller '%s'; run one that has, or "
			       "do without the limit",
			       controller);
	case ENOENT:
		return sn_fail(err, ENOENT,
			       "cannot enable the cgroup v2 controller '%s': %s does not have it; "
			       "is it mounted as cgroup v1, or not passed on by a cgroup above "
			       "(Delegate=yes in a unit does)?",
			       controller, cgroup);
	}
	return sn_fail(err, error, "cannot enable the cgroup v2 controller '%s' in %s: %s",
		       controller, cgroup, strerror(error));
}

/*
 * A threaded controller can be enabled where processes are, and then nobody can join a child
 * (cgroup_is_valid_domain() in kernel/cgroup/cgroup-internal.h). @parent: bytes of @path.
 */
static int can_be_joined(const char *path, size_t parent, const char *controller,
			 struct sn_err *err)
{
	sn_autofree char *cgroup = strndup(path, parent);
	char type[32];

	if (!cgroup)
		return -ENOMEM;
	if (sn_cgroup_read(path, "cgroup.type", type, sizeof(type)) ||
	    strcmp(type, "domain invalid"))
		return 0;
	return not_enabled(cgroup, controller, EBUSY, err);
}

/* Enables the controller in every cgroup from @from to the parent of @path. */
static int enable(const char *from, const char *path, enum sn_controller number,
		  struct sn_controllers *enabled, struct sn_err *err)
{
	const char *controller = controllers[number];
	size_t parent = strrchr(path, '/') - path;

	for (size_t len = strlen(from); len <= parent; len += 1 + strcspn(path + len + 1, "/")) {
		sn_autofree char *cgroup = strndup(path, len);
		int ret = cgroup ? is_enabled(cgroup, controller) : -ENOMEM;

		if (ret > 0)
			continue;
		if (!ret)
			ret = switch_controller(cgroup, '+', controller);
		if (ret)
			return not_enabled(cgroup ?: path, controller, -ret, err);
		if (!enabled->from[number])
			enabled->from[number] = len;
	}
	return can_be_joined(path, parent, controller, err);
}

void sn_controllers_undo(const char *path, const struct sn_controllers *enabled)
{
	for (int i = 0; i < SN_CONTROLLER_NR; i++) {
		sn_autofree char *cgroup = enabled->from[i] ? strdup(path) : NULL;
		char *slash;

		while (cgroup && (slash = strrchr(cgroup, '/'))) {
			*slash = '\0';
			if (strlen(cgroup) < enabled->from[i])
				break;
			switch_controller(cgroup, '-', controllers[i]);
		}
	}
}

static int write_limit(const char *path, const char *file, const char *value, struct sn_err *err)
{
	int ret = sn_cgroup_write(path, file, value);

	if (ret)
		return sn_fail(err, -ret, "cannot write '%s' to %s/%s: %s", value, path, file,
			       strerror(-ret));
	return 0;
}

/* Pages in swap do not count in memory.max. */
static int forbid_swap(const char *path, struct sn_err *err)
{
	int ret = sn_cgroup_write(path, "memory.swap.max", "0");

	if (ret == -ENOENT && access("/proc/swaps", F_OK) && errno == ENOENT)
		return 0; /* a kernel without swap */
	if (ret)
		return sn_fail(err, -ret,
			       "cannot limit swap in %s/memory.swap.max (%s), and without that "
			       "--memory-max limits nothing; boot without swapaccount=0",
			       path, strerror(-ret));
	return 0;
}

static int count_huge_page_sizes(struct sn_err *err)
{
	DIR *dir = opendir(HUGE_PAGES);
	struct dirent *entry;
	int nr = 0;

	if (!dir)
		return errno == ENOENT ? 0
				       : sn_fail(err, errno, "cannot open %s: %s", HUGE_PAGES,
						 strerror(errno));
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	return nr;
}

/* "hugetlb.2MB.max" and "hugetlb.2MB.rsvd.max" */
static bool is_huge_page_limit(const char *file)
{
	size_t len = strlen(file);

	return !strncmp(file, "hugetlb.", 8) && len > 12 && !strcmp(file + len - 4, ".max");
}

/* Writes @value to each of them. The number of limits, or a negative errno. */
static int limit_each_size(const char *path, const char *value, struct sn_err *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int nr = 0, ret = 0;

	if (!dir)
		return sn_fail(err, errno, "cannot open %s: %s", path, strerror(errno));
	while (!ret && (entry = readdir(dir)))
		if (is_huge_page_limit(entry->d_name)) {
			ret = write_limit(path, entry->d_name, value, err);
			nr++;
		}
	closedir(dir);
	return ret ? ret : nr;
}

/*
 * Huge pages do not count in memory.max. With the limit of reservations mmap(2) fails; with only
 * the limit of pages the first access would raise SIGBUS.
 */
static int forbid_huge_pages(const char *mount, const char *path, struct sn_controllers *enabled,
			     struct sn_err *err)
{
	int sizes = count_huge_page_sizes(err), ret;
	struct sn_err why = {};

	if (sizes <= 0)
		return sizes;
	ret = enable(mount, path, SN_CONTROLLER_HUGETLB, enabled, &why);
	if (ret)
		return sn_fail(err, -ret, "huge pages would escape --memory-max: %s", why.text);
	ret = limit_each_size(path, "0", err);
	if (ret >= 0 && ret != 2 * sizes)
		return sn_fail(err, ENOSYS,
			       "%s limits huge pages of other sizes than %s has; run a kernel that "
			       "counts all of them, or do without --memory-max",
			       path, HUGE_PAGES);
	return ret < 0 ? ret : 0;
}

static int limit_memory(const char *mount, const char *from, const char *path, const char *value,
			struct sn_controllers *enabled, struct sn_err *err)
{
	int ret = enable(from, path, SN_CONTROLLER_MEMORY, enabled, err);

	if (!ret)
		ret = write_limit(path, "memory.max", value, err);
	if (ret || !strcmp(value, "max"))
		return ret;
	ret = forbid_swap(path, err);
	return ret ? ret : forbid_huge_pages(mount, path, enabled, err);
}

int sn_limits_set(const char *mount, const char *from, const char *path,
		  const struct sn_limits *limits, struct sn_controllers *enabled,
		  struct sn_err *err)
{
	const struct {
		enum sn_controller controller;
		const char *file, *value;
	} simple[] = {
		{ SN_CONTROLLER_CPU, "cpu.max", limits->cpu_max },
		{ SN_CONTROLLER_PIDS, "pids.max", limits->pids_max },
	};
	int ret = 0;

	*enabled = (struct sn_controllers){};
	if (limits->memory_max)
		ret = limit_memory(mount, from, path, limits->memory_max, enabled, err);
	for (size_t i = 0; i < sizeof(simple) / sizeof(*simple) && !ret; i++) {
		if (!simple[i].value)
			continue;
		ret = enable(from, path, simple[i].controller, enabled, err);
		if (!ret)
			ret = write_limit(path, simple[i].file, simple[i].value, err);
	}
	if (ret)
		sn_controllers_undo(path, enabled);
	else if (limits->memory_max || limits->cpu_max || limits->pids_max)
		sn_limits_remember(path);
	return ret;
}

/* A limit that does not exist, for its controller is not enabled, limits nothing. */
static int lift_memory(const char *path, struct sn_err *err)
{
	int ret = limit_each_size(path, "max", err);

	for (int i = 0; i < 2 && ret >= 0; i++) {
		const char *file = i ? "memory.max" : "memory.swap.max";

		ret = sn_cgroup_write(path, file, "max");
		ret = ret == -ENOENT ? 0 : ret;
		if (ret)
			sn_fail(err, -ret, "cannot write 'max' to %s/%s: %s", path, file,
				strerror(-ret));
	}
	return ret < 0 ? ret : 0;
}

int sn_limits_change(const char *mount, const char *from, const char *path,
		     const struct sn_limits *limits, struct sn_controllers *enabled,
		     struct sn_err *err)
{
	struct sn_limits others = *limits;
	int ret = 0;

	if (limits->memory_max && !strcmp(limits->memory_max, "max")) {
		ret = lift_memory(path, err);
		others.memory_max = NULL;
	}
	if (!ret)
		ret = sn_limits_set(mount, from, path, &others, enabled, err);
	if (!ret)
		sn_limits_remember(path);
	return ret;
}

/* ---- do they still hold? ---- */

#define REMEMBERED "user.safenode.limits" /* lines of a file's name and what it held */

static bool is_limit(const char *file)
{
	return !strcmp(file, "memory.max") || !strcmp(file, "memory.swap.max") ||
	       !strcmp(file, "cpu.max") || !strcmp(file, "pids.max") || is_huge_page_limit(file);
}

/* As the file reads, for the kernel rounds memory.max to pages. "max" limits nothing. */
static void remember(FILE *out, const char *path, const char *file)
{
	char now[64];

	if (!sn_cgroup_read(path, file, now, sizeof(now)) && strncmp(now, "max", 3) != 0)
		fprintf(out, "%s %s\n", file, now);
}

static int names_limit(const struct dirent *entry)
{
	return is_limit(entry->d_name);
}

/* By name, so that what is told of them has one order. */
void sn_limits_remember(const char *path)
{
	sn_autofree char *text = NULL;
	struct dirent **entries = NULL;
	int nr = scandir(path, &entries, names_limit, alphasort);
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (int i = 0; i < nr; i++) {
		if (out)
			remember(out, path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (out && !fclose(out))
		setxattr(path, REMEMBERED, text, size, 0);
}

/* Of the next line: false at the end, and where it is no such line. */
static bool next_remembered(char **rest, struct sn_drift *drift)
{
	char *line = strsep(rest, "\n"), *set = line ? strchr(line, ' ') : NULL;

	if (!set)
		return false;
	*set++ = '\0';
	/* into a path it goes */
	if (strchr(line, '/') || strlen(line) >= sizeof(drift->file))
		return false;
	strcpy(drift->file, line);
	snprintf(drift->set, sizeof(drift->set), "%s", set);
	return true;
}

size_t sn_limits_drift(const char *path, struct sn_drift *drift, size_t max)
{
	char text[2048], *rest = text;
	ssize_t len = getxattr(path, REMEMBERED, text, sizeof(text) - 1);
	struct sn_drift one;
	size_t nr = 0;

	text[len > 0 ? len : 0] = '\0';
	while (next_remembered(&rest, &one)) {
		if (sn_cgroup_read(path, one.file, one.now, sizeof(one.now)))
			one.now[0] = '\0';
		if (!strcmp(one.now, one.set))
			continue;
		if (nr < max)
			drift[nr] = one;
		nr++;
	}
	return nr;
}

/* ---- before and after ---- */

static int save(const char *path, const char *file, struct sn_saved *saved)
{
	struct sn_saved_limit *all = reallocarray(saved->all, saved->nr + 1, sizeof(*all));
	char value[64];
	int ret;

	if (!all)
		return -ENOMEM;
	saved->all = all;
	ret = sn_cgroup_read(path, file, value, sizeof(value));
	if (ret)
		return ret;
	all += saved->nr++;
	*all = (struct sn_saved_limit){ strdup(file), strdup(value) };
	return all->file && all->value ? 0 : -ENOMEM;
}

int sn_limits_save(const char *path, struct sn_saved *saved, struct sn_err *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ret = 0;

	*saved = (struct sn_saved){};
	if (!dir)
		return sn_fail(err, errno, "cannot open %s: %s", path, strerror(errno));
	while (!ret && (entry = readdir(dir)))
		if (is_limit(entry->d_name))
			ret = save(path, entry->d_name, saved);
	closedir(dir);
	if (!ret)
		return 0;
	sn_saved_free(saved);
	return sn_fail(err, -ret, "cannot read the limits of %s: %s", path, strerror(-ret));
}

int sn_limits_restore(const char *path, const struct sn_saved *saved)
{
	int ret = 0;

	for (size_t i = 0; i < saved->nr; i++) {
		const struct sn_saved_limit *limit = &saved->all[i];
		char value[64];
		int wrote = 0;

		if (sn_cgroup_read(path, limit->file, value, sizeof(value)) ||
		    strcmp(value, limit->value))
			wrote = sn_cgroup_write(path, limit->file, limit->value);
		if (wrote)
			ret = wrote;
	}
	sn_limits_remember(path);
	return ret;
}

void sn_saved_free(struct sn_saved *saved)
{
	for (size_t i = 0; i < saved->nr; i++) {
		free(saved->all[i].file);
		free(saved->all[i].value);
	}
	free(saved->all);
	*saved = (struct sn_saved){};
}
