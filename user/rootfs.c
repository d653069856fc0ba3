// SPDX-License-Identifier: GPL-2.0-only
/* A container's root, as it is mounted before its first process starts -> its rules. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "identify.h"
#include "pseudo.h"
#include "rootfs.h"

#define LOOK (SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ)

/* Where code may be mapped from; from those with programs, one may be started, too. */
static const struct {
	const char *path;
	__u32 below;
} code[] = {
	{ "/bin", SN_MAY_MAP | SN_MAY_START },
	{ "/sbin", SN_MAY_MAP | SN_MAY_START },
	{ "/usr/bin", SN_MAY_MAP | SN_MAY_START },
	{ "/usr/sbin", SN_MAY_MAP | SN_MAY_START },
	{ "/usr/local/bin", SN_MAY_MAP | SN_MAY_START },
	{ "/usr/local/sbin", SN_MAY_MAP | SN_MAY_START },
	{ "/lib", SN_MAY_MAP },
	{ "/lib32", SN_MAY_MAP },
	{ "/lib64", SN_MAY_MAP },
	{ "/libx32", SN_MAY_MAP },
	{ "/usr/lib", SN_MAY_MAP },
	{ "/usr/lib32", SN_MAY_MAP },
	{ "/usr/lib64", SN_MAY_MAP },
	{ "/usr/libx32", SN_MAY_MAP },
	{ "/usr/local/lib", SN_MAY_MAP },
	{ "/usr/local/lib64", SN_MAY_MAP },
};
#define NR_CODE (sizeof(code) / sizeof(code[0]))

/* What engines mount over files of an image. */
static const char *const mounted[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/hostname" };

/* ---- paths ---- */

static int open_below(int root, const char *path, __u64 resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = resolve };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Without a link on the way, and not on a file system that is mounted in the image. */
static int open_in_image(int root, const char *path)
{
	return open_below(root, path + 1, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

/* Is @path @dir or below it? Both are plain. */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static bool overlap(const char *a, const char *b)
{
	return is_below(a, b) || is_below(b, a);
}

int sn_rootfs_open(const struct sn_bundle *bundle, struct sn_err *err)
{
	sn_autofree char *path = NULL, *namespace_root = NULL;
	sn_autoclose int top = -1;
	bool absolute = bundle->rootfs[0] == '/';
	int fd;

	if (asprintf(&namespace_root, "/proc/%d/root", bundle->pid) < 0 ||
	    asprintf(&path, "%s%s%s", absolute ? "" : bundle->directory, absolute ? "" : "/",
		     bundle->rootfs) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	/* the process has the container's mounts, and not yet its root */
	top = open(namespace_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = top < 0 ? -1 : open_below(top, path, RESOLVE_IN_ROOT);
	if (fd < 0)
		return sn_fail(err, errno, "cannot open the container's root %.300s: %s", path,
			       strerror(errno));
	return fd;
}

/* ---- code ---- */

static int add_code(int root, struct sn_rules *rules, struct sn_err *err)
{
	for (size_t i = 0; i < NR_CODE; i++) {
		sn_autoclose int fd = open_in_image(root, code[i].path);
		int ret;

		if (fd < 0)
			continue; /* not there, or a link to another of them */
		ret = sn_rules_add(rules, code[i].path, LOOK, LOOK | code[i].below, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int add_native_code(int root, struct sn_gathered *named, struct sn_err *err)
{
	const struct sn_options *options = named->options;
	const __u32 access = LOOK | SN_MAY_MAP;

	for (size_t i = 0; i < options->nr_native_code; i++) {
		const char *path = options->native_code[i];
		sn_autoclose int fd = open_in_image(root, path);
		int ret;

		if (fd < 0)
			return sn_fail(
				err, EINVAL,
				"native-code '%.200s': %s; it has to be in the image, with no "
				"symbolic link on the way",
				path, strerror(errno));
		ret = sn_rules_add(&named->own, path, access, access, err);
		if (ret)
			return sn_named_wrongly(ret);
	}
	return 0;
}

/* What can be changed must not be what code is mapped from. */
static int check_changed(const char *path, const struct sn_options *options, struct sn_err *err)
{
	const char *with = NULL;

	for (size_t i = 0; i < NR_CODE; i++)
		if (overlap(path, code[i].path))
			with = code[i].path;
	for (size_t i = 0; i < options->nr_native_code; i++)
		if (overlap(path, options->native_code[i]))
			with = options->native_code[i];
	if (!with)
		return 0;
	return sn_fail(err, EINVAL,
		       "the tenant could change '%.200s' (working directory, or read-write), and "
		       "its code may come from '%.200s': give it a place of its own, such as /app",
		       path, with);
}

static int check_all_changed(const struct sn_gathered *named, struct sn_err *err)
{
	const struct sn_options *options = named->options;
	int ret = check_changed(options->directory, options, err);

	for (size_t i = 0; i < options->nr_read_write && !ret; i++)
		ret = check_changed(options->read_write[i], options, err);
	return ret;
}

/* ---- the program ---- */

/*
 * The path of @fd below @root: as the kernel has it, in the container's mount namespace. False if
 * it is somewhere else.
 */
static bool path_below(int root, int fd, char path[PATH_MAX])
{
	char link[32], top[PATH_MAX], whole[PATH_MAX];
	const int fds[] = { root, fd };
	char *const texts[] = { top, whole };

	for (size_t i = 0; i < 2; i++) {
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fds[i]);
		len = readlink(link, texts[i], PATH_MAX - 1);
		if (len <= 0)
			return false;
		texts[i][len] = '\0';
	}
	if (!strcmp(top, "/"))
		top[0] = '\0';
	if (!is_below(whole, top))
		return false;
	strcpy(path, whole + strlen(top));
	return sn_path_is_plain(path);
}

/* An executable file there: its descriptor; or a negative errno. @path may lead through links. */
static int open_program(int root, const char *dir, const char *name)
{
	sn_autofree char *path = NULL;
	struct stat st;
	int fd;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	fd = open_below(root, path, RESOLVE_IN_ROOT);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_mode & 0111)
		return fd;
	close(fd);
	return -EACCES;
}

/* As the runtimes do it: by $PATH if there is no slash in it. */
static int find_program(int root, const struct sn_bundle *bundle)
{
	sn_autofree char *dirs = strdup(bundle->path ?: "");
	char *rest = dirs, *dir;
	int fd = -ENOENT;

	if (!dirs)
		return -ENOMEM;
	if (strchr(bundle->program, '/'))
		return open_program(root, bundle->program[0] == '/' ? "" : bundle->cwd,
				    bundle->program);
	while (fd < 0 && (dir = strsep(&rest, ":")))
		fd = open_program(root, *dir ? dir : bundle->cwd, bundle->program);
	return fd;
}

static bool can_be_started(const char *path)
{
	for (size_t i = 0; i < NR_CODE; i++)
		if (code[i].below & SN_MAY_START && is_below(path, code[i].path))
			return true;
	return false;
}

/*
 * The program may be started wherever it is in the image, but for the working directory, where the
 * tenant could replace it. One that is not there is for the runtime to say.
 */
static int add_program(int root, const struct sn_bundle *bundle, struct sn_gathered *named,
		       __u32 *layers, struct sn_err *err)
{
	sn_autoclose int fd = find_program(root, bundle), plain = -1;
	char path[PATH_MAX];
	int ret;

	if (fd < 0)
		return 0;
	/* of a file that is no directory the numbers tell whether those of an overlay do */
	ret = sn_identify_layers(fd, layers, err);
	if (ret)
		return sn_named_wrongly(ret);
	if (!path_below(root, fd, path))
		return sn_fail(err, EINVAL, "cannot tell where '%.200s' is in the image",
			       bundle->program);
	if (is_below(path, bundle->cwd))
		return sn_fail(err, EINVAL,
			       "the program '%.200s' is in the working directory, where the tenant "
			       "could replace it; start one outside, such as node",
			       path);
	plain = open_in_image(root, path);
	if (plain < 0)
		return sn_fail(err, EINVAL,
			       "the program '%.200s' is on something that is mounted in the "
			       "container; start one of the image",
			       path);
	if (can_be_started(path))
		return 0;
	return sn_rules_add(&named->own, path,
			    SN_MAY_STAT | SN_MAY_READ | SN_MAY_MAP | SN_MAY_START, 0, err);
}

/* ---- what is mounted ---- */

/*
 * The terminal that the runtime makes behind the hook is the first one of the container's own
 * devpts: fs/devpts/inode.c devpts_pty_new() numbers it so.
 */
static int add_terminal(int root, struct sn_rules *rules, struct sn_err *err)
{
	sn_autoclose int fd = open_below(root, "/dev/pts", RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	struct sn_inode id;
	int ret;

	if (fd < 0)
		return sn_fail(err, EINVAL,
			       "the container is to have a terminal, and no /dev/pts of its own");
	ret = sn_identify_fd(fd, &id, err);
	if (ret)
		return sn_named_wrongly(ret);
	id.ino = 3; /* of /dev/pts/0 */
	ret = sn_rules_add_inode(rules, "/dev/pts/0", &id, SN_MAY_STAT | SN_MAY_READ | SN_MAY_WRITE,
				 err);
	return ret ? ret : sn_rules_add(rules, "/dev/pts", SN_MAY_STAT | SN_MAY_SEARCH, 0, err);
}

static int add_mounted(struct sn_rules *rules)
{
	int ret = sn_pseudo_places(rules);

	if (!ret) /* the way to the files of its own cgroup */
		ret = sn_rules_add_if_there(rules, "/sys/fs/cgroup", SN_MAY_STAT | SN_MAY_SEARCH,
					    0);
	for (size_t i = 0; i < sizeof(mounted) / sizeof(mounted[0]) && !ret; i++)
		ret = sn_rules_add_if_there(rules, mounted[i], SN_MAY_STAT | SN_MAY_READ, 0);
	return ret;
}

/* ---- all of it ---- */

int sn_rootfs_gather(int root, const struct sn_bundle *bundle, struct sn_gathered *named,
		     __u32 *layers, struct sn_err *err)
{
	struct sn_rules *rules = &named->own;
	int ret = check_all_changed(named, err);

	*layers = 0;
	if (!ret)
		ret = sn_identify_layers(root, layers, err);
	if (!ret)
		ret = sn_rules_root(rules, root, err);
	if (!ret)
		ret = sn_rules_add(rules, "/", LOOK, LOOK, err);
	if (!ret)
		ret = sn_gather_directory(named, err);
	if (!ret)
		ret = sn_gather_paths(named, err);
	if (!ret)
		ret = add_code(root, rules, err);
	if (!ret)
		ret = add_native_code(root, named, err);
	if (!ret)
		ret = add_program(root, bundle, named, layers, err);
	if (!ret && bundle->terminal)
		ret = add_terminal(root, rules, err);
	if (!ret && add_mounted(rules))
		ret = sn_fail(err, ENOMEM, "out of memory, or of descriptors");
	return ret;
}
