// SPDX-License-Identifier: GPL-2.0-only
/* Cgroup v2: find it, make and remove the tenants' cgroups. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "cgroup.h"
#include "mountinfo.h"

int sn_cgroup_mount(char path[PATH_MAX], struct sn_err *err)
{
	sn_automounts struct sn_mounts mounts = {};
	struct sn_mount mount;
	struct statfs fs;

	strcpy(path, "/sys/fs/cgroup"); /* the usual place; a machine can have many mounts */
	if (!statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	mounts = sn_mounts_open();
	if (!mounts.file)
		return sn_fail(err, errno, "cannot read /proc/self/mountinfo: %s", strerror(errno));
	while (sn_mounts_next(&mounts, &mount))
		if (!strcmp(mount.type, "cgroup2") &&
		    snprintf(path, PATH_MAX, "%s", mount.point) < PATH_MAX)
			return 0;
	return sn_fail(err, ENOSYS,
		       "cgroup v2 is not mounted; "
		       "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
}

#define READ_ONLY_CURE \
	"leave ProtectControlGroups= out of the unit, or mount it writable in the container"

int sn_cgroup_check_writable(const char *path, struct sn_err *err)
{
	struct statvfs fs;

	if (statvfs(path, &fs) || !(fs.f_flag & ST_RDONLY))
		return 0;
	return sn_fail(err, EROFS,
		       "%s is mounted read-only here, and the tenant needs a cgroup in "
		       "it; " READ_ONLY_CURE,
		       path);
}

int sn_cgroup_make(const char *path, struct sn_err *err)
{
	int error;

	if (mkdir(path, 0755)) {
		if (errno == EEXIST)
			return 0;
		return sn_fail(err, errno, "cannot make the cgroup %s: %s%s", path, strerror(errno),
			       errno == EROFS ? "; " READ_ONLY_CURE : "");
	}
	if (!chmod(path, 0755)) /* whatever the umask: the tenant reads its limits there */
		return 1;
	error = errno;
	rmdir(path);
	return sn_fail(err, error, "cannot open the cgroup %s to its tenant: %s", path,
		       strerror(error));
}

/* Of kernfs: it holds the id alone (kernfs_encode_fh() in fs/kernfs/mount.c). */
union handle {
	struct file_handle handle;
	char bytes[sizeof(struct file_handle) + sizeof(__u64)];
};

/* Of @path, or if that is "", of what is open as @fd. */
static int get_handle(int fd, const char *path, union handle *h)
{
	int mount;

	*h = (union handle){ .handle.handle_bytes = sizeof(__u64) };
	return name_to_handle_at(fd, path, &h->handle, &mount, AT_EMPTY_PATH) ? -errno : 0;
}

static __u64 id_in(const union handle *h)
{
	__u64 id;

	memcpy(&id, h->handle.f_handle, sizeof(id));
	return id;
}

int sn_cgroup_id(const char *path, __u64 *id, struct sn_err *err)
{
	union handle h;
	int ret = get_handle(AT_FDCWD, path, &h);

	if (ret)
		return sn_fail(err, -ret, "cannot learn the id of the cgroup %s: %s", path,
			       strerror(-ret));
	*id = id_in(&h);
	return 0;
}

/* The root of the cgroup2 file system at @mount, as the caller's cgroup namespace sees it. */
static void find_root(const char *point, char root[PATH_MAX])
{
	sn_automounts struct sn_mounts mounts = sn_mounts_open();
	struct sn_mount mount;

	strcpy(root, "/");
	while (sn_mounts_next(&mounts, &mount)) /* the last one is on top */
		if (!strcmp(mount.type, "cgroup2") && !strcmp(mount.point, point))
			snprintf(root, PATH_MAX, "%s", mount.root);
}

/* Has every cgroup a path here, as all others see it who are in no namespace? */
static bool sees_all(const char *mount)
{
	const ino_t initial = 0xeffffffb; /* PROC_CGROUP_INIT_INO in include/linux/proc_ns.h */
	char root[PATH_MAX];
	struct stat ns;

	find_root(mount, root);
	return !strcmp(root, "/") && !stat("/proc/self/ns/cgroup", &ns) && ns.st_ino == initial;
}

static int open_by_id(const char *mount, __u64 id)
{
	sn_autoclose int root = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union handle h;
	int ret = root < 0 ? -errno : get_handle(root, "", &h), fd;

	if (ret)
		return ret;
	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(root, &h.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return errno == ESTALE ? -ENOENT : -errno;
}

int sn_cgroup_open(const char *mount, const char *path, __u64 id)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union handle h;
	int ret = fd < 0 ? -errno : get_handle(fd, "", &h);

	if (!ret && id_in(&h) == id)
		return fd;
	sn_close_(&fd);
	/* who cannot look has not seen that it is gone */
	if (ret && ret != -ENOENT)
		return ret;
	/* not even tried: for open_by_handle_at() a unit's filter of system calls may kill */
	return sees_all(mount) ? -ENOENT : open_by_id(mount, id);
}

static int open_file(const char *path, const char *file, FILE **f)
{
	sn_autofree char *name = NULL;

	if (asprintf(&name, "%s/%s", path, file) < 0)
		return -ENOMEM;
	*f = fopen(name, "re");
	return *f ? 0 : -errno;
}

static int read_word(const char *path, const char *file, const char *word)
{
	char line[64];
	FILE *f;
	int value = -EIO, ret = open_file(path, file, &f);

	if (ret)
		return ret;
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

int sn_cgroup_write(const char *path, const char *file, const char *value)
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

int sn_cgroup_read(const char *path, const char *file, char *line, int size)
{
	bool read;
	FILE *f;
	int ret = open_file(path, file, &f);

	if (ret)
		return ret;
	read = fgets(line, size, f);
	fclose(f);
	if (!read)
		return -ENODATA;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

/* https://systemd.io/CGROUP_DELEGATION: "user." since version 251; "trusted." takes a capability */
bool sn_cgroup_delegated(const char *path)
{
	static const char *const names[] = { "user.delegate", "trusted.delegate" };
	char value[2];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (getxattr(path, names[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	return false;
}

int sn_cgroup_kill(const char *path, struct sn_err *err)
{
	int ret = sn_cgroup_write(path, "cgroup.kill", "1");

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

int sn_cgroup_freeze(const char *path, struct sn_err *err)
{
	int ret = sn_cgroup_write(path, "cgroup.freeze", "1");

	if (ret)
		return sn_fail(err, -ret, "cannot freeze %s: %s", path, strerror(-ret));
	for (int i = 0; i < 5000; i++) {
		if (read_word(path, "cgroup.events", "frozen ") == 1)
			return 0;
		poll(NULL, 0, 1);
	}
	return sn_fail(err, EBUSY, "the threads in %s do not stop: one waits for a device?", path);
}

int sn_cgroup_thaw(const char *path)
{
	return sn_cgroup_write(path, "cgroup.freeze", "0");
}

int sn_cgroup_below(const char *mount, const char *root, const char *own, char path[PATH_MAX])
{
	size_t len = strcmp(root, "/") ? strlen(root) : 0;
	const char *rest = own + len;

	if (strncmp(own, root, len) || (*rest && *rest != '/'))
		return -ENOENT;
	if (!strncmp(rest, "/..", 3) && (!rest[3] || rest[3] == '/'))
		return -ENOENT;
	if (!rest[strspn(rest, "/")]) /* the root itself */
		rest = "";
	return snprintf(path, PATH_MAX, "%s%s", mount, rest) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The cgroup of a process, "self" or a number, as the caller's cgroup namespace sees it. */
static int read_cgroup(const char *process, char own[PATH_MAX], struct sn_err *err)
{
	char name[48];
	int ret = -ENOENT;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%s/cgroup", process);
	f = fopen(name, "re");
	if (!f)
		return sn_fail(err, errno, "cannot read %s: %s", name, strerror(errno));
	while (ret && fgets(own, PATH_MAX, f)) {
		own[strcspn(own, "\n")] = '\0';
		if (strncmp(own, "0::", 3))
			continue;
		memmove(own, own + 3, strlen(own + 3) + 1);
		ret = 0;
	}
	fclose(f);
	return ret ? sn_fail(err, ENOENT, "%s names no cgroup v2", name) : 0;
}

static int find_cgroup(const char *process, const char *whose, const char *mount,
		       char path[PATH_MAX], struct sn_err *err)
{
	char own[PATH_MAX], root[PATH_MAX];
	int ret = read_cgroup(process, own, err);

	if (ret)
		return ret;
	find_root(mount, root);
	ret = sn_cgroup_below(mount, root, own, path);
	if (ret)
		return sn_fail(err, -ret,
			       "%s cgroup %.100s is outside of the part of cgroup v2 that "
			       "is mounted at %.100s, %.100s; mount it again from inside the "
			       "caller's cgroup namespace, or start from a cgroup in it",
			       whose, own, mount, root);
	return 0;
}

int sn_cgroup_own(const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	return find_cgroup("self", "the caller's", mount, path, err);
}

int sn_cgroup_of(pid_t pid, const char *mount, char path[PATH_MAX], struct sn_err *err)
{
	char process[16];

	snprintf(process, sizeof(process), "%d", pid);
	return find_cgroup(process, "the container's", mount, path, err);
}

int sn_cgroup_check_alone(const char *path, pid_t pid, struct sn_err *err)
{
	int others = 0, below = read_word(path, "cgroup.stat", "nr_descendants ");
	char line[32];
	FILE *f;
	int ret = open_file(path, "cgroup.procs", &f);

	if (ret)
		return sn_fail(err, -ret, "cannot read the processes of %s: %s", path,
			       strerror(-ret));
	while (fgets(line, sizeof(line), f))
		others += atoi(line) != pid;
	fclose(f);
	if (!others && !below)
		return 0;
	return sn_fail(err, EINVAL,
		       "the container's cgroup %.200s is not its own: others are in it, whom its "
		       "policy would confine, too; let the engine make one for each container",
		       path);
}
