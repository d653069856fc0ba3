// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors that another process handed over -> what they are of. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "received.h"
#include "identify.h"
#include "mountinfo.h"

/* Those of identify.c, by their names: what can be learned without asking them. */
static const struct {
	const char *name;
	bool is_kernels;
} accepted[] = {
	{ "ext2", false },   { "ext3", false },	 { "ext4", false },	{ "f2fs", false },
	{ "xfs", false },    { "tmpfs", false }, { "devtmpfs", false }, { "squashfs", false },
	{ "erofs", false },  { "proc", true },	 { "iso9660", false },	{ "sysfs", true },
	{ "cgroup2", true }, { "cgroup", true }, { "devpts", true },	{ "ramfs", true },
};

#define NR_ACCEPTED (sizeof(accepted) / sizeof(accepted[0]))

/* What is known of each before anything is asked. */
struct look {
	int mount;
	bool known;
};

static bool find_number(const char *text, const char *name, int base, long *number)
{
	const char *line = strstr(text, name);

	if (!line)
		return false;
	*number = strtol(line + strlen(name), NULL, base);
	return true;
}

bool sn_received_parse(const char *fdinfo, bool *is_path, int *mount)
{
	long flags, id;

	if (!find_number(fdinfo, "flags:\t", 8, &flags) ||
	    !find_number(fdinfo, "\nmnt_id:\t", 10, &id))
		return false;
	*is_path = flags & O_PATH;
	*mount = (int)id;
	return true;
}

/* Both are below @proc, for to walk to them costs as much as to read them. */
static int read_fdinfo(int proc, int fd, struct look *look, struct sn_err *err)
{
	char name[24], text[512];
	sn_autoclose int info = -1;
	bool is_path = false;
	ssize_t len;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	info = openat(proc, name, O_RDONLY | O_CLOEXEC);
	len = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (len < 0)
		return sn_fail(err, errno, "cannot read /proc/self/%s: %s", name, strerror(errno));
	text[len] = '\0';
	if (!sn_received_parse(text, &is_path, &look->mount))
		return sn_fail(err, EIO, "cannot understand /proc/self/%s", name);
	if (!is_path)
		return sn_fail(err, EINVAL, "a descriptor was handed over that is not O_PATH");
	return 0;
}

static int meet(const struct sn_mount *mount, struct look *look, struct sn_received *handed,
		struct sn_err *err)
{
	for (size_t i = 0; i < NR_ACCEPTED; i++) {
		if (strcmp(mount->type, accepted[i].name) != 0)
			continue;
		look->known = true;
		handed->is_kernels = accepted[i].is_kernels;
		return 0;
	}
	return sn_fail(err, EINVAL,
		       "something below '%.200s' was handed over, which is on %.32s; put it on "
		       "ext4, xfs, f2fs or tmpfs",
		       mount->point, mount->type);
}

static size_t unknown(const struct look *looks, size_t nr)
{
	size_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += !looks[i].known;
	return sum;
}

/* Sets what is known of all descriptors that are on one of @mounts; reads on while one is not. */
static int compare(struct sn_mounts mounts, struct look *looks, struct sn_received *handed,
		   size_t nr, struct sn_err *err)
{
	struct sn_mount mount;
	int ret = 0;

	while (!ret && unknown(looks, nr) && sn_mounts_next(&mounts, &mount))
		for (size_t i = 0; !ret && i < nr; i++)
			if (!looks[i].known && looks[i].mount == mount.id)
				ret = meet(&mount, &looks[i], &handed[i], err);
	sn_mounts_close(&mounts);
	return ret;
}

static int identify(int proc, int fd, struct sn_received *handed, struct sn_err *err)
{
	char link[24];
	struct stat st;
	ssize_t len;
	int ret;

	snprintf(link, sizeof(link), "fd/%d", fd);
	len = readlinkat(proc, link, handed->path, sizeof(handed->path) - 1);
	if (len < 0 || fstat(fd, &st))
		return sn_fail(err, errno, "cannot look at a descriptor: %s", strerror(errno));
	handed->path[len] = '\0';
	handed->is_directory = S_ISDIR(st.st_mode);
	handed->is_held = !handed->is_directory && !S_ISREG(st.st_mode);
	ret = handed->is_held ? -EOPNOTSUPP : sn_identify_fd(fd, &handed->id, err);
	if (ret != -EOPNOTSUPP || handed->is_directory)
		return ret;
	handed->is_held = true;
	return sn_identify_held_fd(fd, &handed->id, err);
}

int sn_received_look(const int *fds, size_t nr, pid_t from, struct sn_received *handed,
		     struct sn_err *err)
{
	sn_autofree struct look *looks = calloc(nr + 1, sizeof(*looks));
	sn_autoclose int proc = open("/proc/self", O_PATH | O_CLOEXEC);
	int ret = looks ? 0 : sn_fail(err, ENOMEM, "out of memory");

	if (proc < 0)
		ret = sn_fail(err, errno, "cannot open /proc/self: %s", strerror(errno));
	for (size_t i = 0; i < nr && !ret; i++)
		ret = read_fdinfo(proc, fds[i], &looks[i], err);
	if (!ret)
		ret = compare(sn_mounts_open(), looks, handed, nr, err);
	if (!ret)
		ret = compare(sn_mounts_open_of(from), looks, handed, nr, err);
	if (!ret) /* what a service was started with is of neither's mount namespace */
		ret = compare(sn_mounts_open_of(1), looks, handed, nr, err);
	for (size_t i = 0; i < nr && !ret; i++)
		ret = looks[i].known ? identify(proc, fds[i], &handed[i], err)
				     : sn_fail(err, EINVAL,
					       "something was handed over that is mounted nowhere; "
					       "standard streams can be pipes, sockets or files");
	return ret;
}
