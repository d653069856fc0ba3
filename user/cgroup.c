// SPDX-License-Identifier: GPL-2.0-only
/* Cgroup v2: find it, make and remove the tenants' cgroups, set their limits. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cgroup.h"

#define HUGE_PAGES "/sys/kernel/mm/hugepages" /* a directory for each size */

static bool find_mount(FILE *mounts, char path[PATH_MAX])
{
	struct mntent entry;
	char line[PATH_MAX * 2];

	while (getmntent_r(mounts, &entry, line, sizeof(line)))
		if (!strcmp(entry.mnt_type, "cgroup2") &&
		    snprintf(path, PATH_MAX, "%s", entry.mnt_dir) < PATH_MAX)
			return true;
	return false;
}

int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err)
{
	struct statfs fs;
	FILE *mounts;
	bool found;

	strcpy(path, "/sys/fs/cgroup"); /* mostly, and there are many mounts */
	if (!statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	mounts = setmntent("/proc/self/mounts", "re");
	if (!mounts)
		return sn_fail(err, errno, "cannot read /proc/self/mounts: %s", strerror(errno));
	found = find_mount(mounts, path); /* getmntent_r() undoes the octal escapes */
	endmntent(mounts);
	if (!found)
		return sn_fail(err, ENOSYS,
			       "cgroup v2 is not mounted; "
			       "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
	return 0;
}

int sn_cgroup_make(const char *path, struct sn_err *err)
{
	if (!mkdir(path, 0755))
		return 1;
	if (errno == EEXIST)
		return 0;
	return sn_fail(err, errno, "cannot make the cgroup %s: %s", path, strerror(errno));
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	struct {
		struct file_handle handle;
		__u64 id;
	} h = { .handle.handle_bytes = sizeof(__u64) };
	int mount;

	if (name_to_handle_at(AT_FDCWD, path, &h.handle, &mount, 0))
		return sn_fail(err, errno, "cannot learn the id of the cgroup %s: %s", path,
			       strerror(errno));
	memcpy(id, h.handle.f_handle, sizeof(*id));
	return 0;
}

static int read_word(const char *path, const char *file, const char *word)
{
	sn_autofree char *name = NULL;
	char line[64];
	int value = -ENOENT;
	FILE *f;

	if (asprintf(&name, "%s/%s", path, file) < 0)
		return -ENOMEM;
	f = fopen(name, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)))
			value = atoi(line + strlen(word));
	fclose(f);
	return value;
}

int sn_cgroup_populated(const char *path)
{
	return read_word(path, "cgroup.events", "populated ");
}

int sn_cgroup_remove(const char *path, struct sn_err *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return errno == ENOENT ? 0
				       : sn_fail(err, errno, "cannot open the cgroup %s: %s", path,
						 strerror(errno));
	while (!ret && (entry = readdir(dir))) {
		sn_autofree char *child = NULL;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0)
			ret = sn_fail(err, ENOMEM, "out of memory");
		else
			ret = sn_cgroup_remove(child, err);
	}
	closedir(dir);
	if (!ret && rmdir(path) && errno != ENOENT)
		ret = sn_fail(err, errno, "cannot remove the cgroup %s: %s", path, strerror(errno));
	return ret;
}

static int write_file(const char *path, const char *file, const char *value)
{
	sn_autofree char *name = NULL;
	sn_autoclose int fd = -1;

	if (asprintf(&name, "%s/%s", path, file) < 0)
		return -ENOMEM;
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

int sn_cgroup_kill(const char *path, struct sn_err *err)
{
	int ret = write_file(path, "cgroup.kill", "1");

	if (ret)
		return sn_fail(err, -ret, "cannot kill the processes of %s: %s", path,
			       strerror(-ret));
	for (int i = 0; i < 1000; i++) {
		if (sn_cgroup_populated(path) != 1)
			return 0;
		poll(NULL, 0, 10);
	}
	return sn_fail(err, EBUSY, "the processes of %s do not end", path);
}

int sn_cgroup_enter(const char *path, pid_t pid, struct sn_err *err)
{
	char number[16];
	int ret;

	snprintf(number, sizeof(number), "%d", pid);
	ret = write_file(path, "cgroup.procs", number);
	if (ret)
		return sn_fail(err, -ret, "cannot move process %d into %s: %s", pid, path,
			       strerror(-ret));
	return 0;
}

/* Every cgroup from the root of the mount down to the parent of @path passes the controller on. */
static int enable_controller(const char *mount, const char *path, const char *controller)
{
	sn_autofree char *parent = strdup(path);
	char order[32];
	char *slash;
	int ret;

	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (!slash || strlen(parent) <= strlen(mount))
		return 0;
	*slash = '\0';
	ret = enable_controller(mount, parent, controller);
	if (ret)
		return ret;
	snprintf(order, sizeof(order), "+%s", controller);
	return write_file(parent, "cgroup.subtree_control", order);
}

static int write_limit(const char *path, const char *file, const char *value, struct sn_err *err)
{
	int ret = write_file(path, file, value);

	if (ret)
		return sn_fail(err, -ret, "cannot write '%s' to %s/%s: %s", value, path, file,
			       strerror(-ret));
	return 0;
}

int sn_cgroup_limit(const char *mount, const char *path, const char *controller, const char *file,
		    const char *value, struct sn_err *err)
{
	int ret = enable_controller(mount, path, controller);

	if (ret == -EBUSY)
		return sn_fail(err, EBUSY,
			       "cannot enable the cgroup v2 controller '%s': a cgroup above %s "
			       "holds processes; move them into one of their own",
			       controller, path);
	if (ret)
		return sn_fail(err, -ret,
			       "cannot enable the cgroup v2 controller '%s' (%s); "
			       "is it still mounted as cgroup v1?",
			       controller, strerror(-ret));
	return write_limit(path, file, value, err);
}

/* A page that goes to swap no longer counts in memory.max. */
static int forbid_swap(const char *path, struct sn_err *err)
{
	int ret = write_file(path, "memory.swap.max", "0");

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

/* How many limits there were to set, or a negative errno. */
static int forbid_each_size(const char *path, struct sn_err *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int nr = 0, ret = 0;

	if (!dir)
		return sn_fail(err, errno, "cannot open %s: %s", path, strerror(errno));
	while (!ret && (entry = readdir(dir)))
		if (is_huge_page_limit(entry->d_name)) {
			ret = write_limit(path, entry->d_name, "0", err);
			nr++;
		}
	closedir(dir);
	return ret ? ret : nr;
}

/*
 * Huge pages do not count in memory.max. A limit on reservations lets mmap(2) fail, one on pages
 * alone would let the first access be SIGBUS.
 */
static int forbid_huge_pages(const char *mount, const char *path, struct sn_err *err)
{
	int sizes = count_huge_page_sizes(err), ret;

	if (sizes <= 0)
		return sizes;
	ret = enable_controller(mount, path, "hugetlb");
	if (ret)
		return sn_fail(err, -ret,
			       "cannot enable the cgroup v2 controller 'hugetlb' (%s), without "
			       "which huge pages escape --memory-max; is it mounted as cgroup v1, "
			       "not passed on by a cgroup above, or the kernel without "
			       "CONFIG_CGROUP_HUGETLB?",
			       strerror(-ret));
	ret = forbid_each_size(path, err);
	if (ret >= 0 && ret != 2 * sizes)
		return sn_fail(err, ENOSYS,
			       "%s limits huge pages of other sizes than %s has; run a kernel that "
			       "counts all of them, or do without --memory-max",
			       path, HUGE_PAGES);
	return ret < 0 ? ret : 0;
}

int sn_cgroup_limit_memory(const char *mount, const char *path, const char *value,
			   struct sn_err *err)
{
	int ret = sn_cgroup_limit(mount, path, "memory", "memory.max", value, err);

	if (ret || !strcmp(value, "max"))
		return ret;
	ret = forbid_swap(path, err);
	return ret ? ret : forbid_huge_pages(mount, path, err);
}

int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	char line[PATH_MAX];
	int ret = -ENOENT;
	FILE *f = fopen("/proc/self/cgroup", "re");

	if (!f)
		return sn_fail(err, errno, "cannot read /proc/self/cgroup: %s", strerror(errno));
	while (ret && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		ret = snprintf(path, PATH_MAX, "%s%s", mount, line + 3) < PATH_MAX ? 0 : -E2BIG;
	}
	fclose(f);
	if (ret)
		return sn_fail(err, -ret, "cannot find the caller's own cgroup v2");
	return 0;
}
