// SPDX-License-Identifier: GPL-2.0-only
/* What identify.c tells, against what stat(2) and FS_IOC_GETVERSION tell where these are right. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "identity.h"
#include "mountinfo.h"

static __u32 dev_of(const struct stat *st)
{
	return major(st->st_dev) << 20 | minor(st->st_dev);
}

/* What the machine lacks is skipped, except where CI says that it lacks nothing. */
static void lacks(const char *what)
{
	if (getenv("SAFENODE_MUST_RUN"))
		fail_msg("%s", what);
	print_message("skipped: %s\n", what);
	skip();
}

/* A new directory on a file system that can be identified. */
static char *new_directory(void)
{
	static const char *const places[] = { "/tmp", "/dev/shm", "/run" };
	struct sn_inode id;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *dir;

		if (access(places[i], W_OK) || identify(places[i], &id, NULL))
			continue;
		assert_true(asprintf(&dir, "%s/identify.XXXXXX", places[i]) > 0);
		assert_non_null(mkdtemp(dir));
		return dir;
	}
	lacks("neither /tmp nor /dev/shm nor /run is on a file system with inode numbers");
	return NULL;
}

static char *in(const char *dir, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	return path;
}

static void assert_same(const struct sn_inode *a, const struct sn_inode *b)
{
	assert_int_equal(a->ino, b->ino);
	assert_int_equal(a->dev, b->dev);
	assert_int_equal(a->generation, b->generation);
}

static void every_type_of_file_is_identified(void **state)
{
	sn_autofree char *dir = new_directory(), *file = in(dir, "file"), *fifo = in(dir, "fifo"),
			 *link = in(dir, "link");
	const char *const paths[] = { dir, file, fifo, link };
	struct sn_inode id, again;
	struct stat st;

	assert_return_code(close(creat(file, 0600)), errno);
	assert_return_code(mkfifo(fifo, 0600), errno);
	assert_return_code(symlink("file", link), errno);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(identify(paths[i], &id, NULL), 0);
		assert_return_code(lstat(paths[i], &st), errno);
		assert_int_equal(id.ino, st.st_ino);
		assert_int_equal(id.dev, dev_of(&st));
		assert_int_equal(id.pad, 0);
		assert_true(id.generation <= UINT32_MAX);
		assert_int_equal(identify(paths[i], &again, NULL), 0);
		assert_same(&id, &again);
	}
	for (size_t i = 1; i < sizeof(paths) / sizeof(paths[0]); i++)
		unlink(paths[i]);
	rmdir(dir);
}

static void the_generation_is_the_one_that_the_kernel_tells(void **state)
{
	sn_autofree char *dir = new_directory(), *file = in(dir, "file");
	sn_autoclose int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct sn_inode id;
	__u32 generation;
	int known;

	assert_return_code(fd, errno);
	known = !ioctl(fd, FS_IOC_GETVERSION, &generation);
	assert_int_equal(sn_identify_fd(fd, &id, NULL), 0);
	unlink(file);
	rmdir(dir);
	if (!known)
		lacks("the temporary directory's file system has no FS_IOC_GETVERSION");
	assert_int_equal(id.generation, generation);
}

static void a_new_file_is_never_taken_for_a_removed_one(void **state)
{
	sn_autofree char *dir = new_directory(), *sub = in(dir, "sub");
	struct sn_inode old, new;

	for (int i = 0; i < 50; i++) {
		assert_return_code(mkdir(sub, 0700), errno);
		assert_int_equal(identify(sub, &new, NULL), 0);
		if (i)
			assert_false(old.ino == new.ino &&old.generation == new.generation);
		old = new;
		assert_return_code(rmdir(sub), errno);
	}
	rmdir(dir);
}

static void special_file_systems_need_no_generation(void **state)
{
	struct sn_inode id;
	struct stat st;

	assert_int_equal(identify("/proc", &id, NULL), 0);
	assert_return_code(stat("/proc", &st), errno);
	assert_int_equal(id.ino, st.st_ino);
	assert_int_equal(id.dev, dev_of(&st));
	assert_true(id.generation == SN_ANY_GENERATION);
}

static void what_has_no_mount_is_refused(void **state)
{
	struct sn_err err = {};
	struct sn_inode id;
	int ends[2], pair[2], epoll;

	assert_return_code(pipe(ends), errno);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), errno);
	epoll = epoll_create1(0);
	assert_int_equal(sn_identify_fd(ends[0], &id, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "pipe:["));
	assert_int_equal(sn_identify_fd(pair[0], &id, NULL), -EOPNOTSUPP);
	assert_int_equal(sn_identify_fd(epoll, &id, NULL), -EOPNOTSUPP);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(pair[i]);
	}
	close(epoll);
}

static void what_is_not_there_is_an_error(void **state)
{
	struct sn_err err = {};
	struct sn_inode id;

	assert_int_equal(sn_identify_fd(-1, &id, &err), -EBADF);
	assert_non_null(strstr(err.text, "descriptor -1: Bad file descriptor"));
	assert_int_equal(sn_identify_fd(9999, &id, &err), -EBADF);
}

/* Runs @body in a mount namespace of its own; it returns 0 if all is well. */
static void in_namespace(int (*body)(const char *dir, int fd))
{
	sn_autofree char *dir = new_directory(), *file = in(dir, "file");
	sn_autoclose int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int status;
	pid_t pid;

	assert_return_code(fd, errno);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(255);
		_exit(body(dir, fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(file);
	rmdir(dir);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 255)
		lacks("the right to make a mount namespace");
	if (WEXITSTATUS(status) == 254)
		lacks("overlayfs");
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define MUST(condition)                                                         \
	do {                                                                    \
		if (!(condition)) {                                             \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			return 1;                                               \
		}                                                               \
	} while (0)

static int odd_mount_points(const char *dir, int fd)
{
	sn_autofree char *point = in(dir, "a b\tc\nd\\e#\\040");
	char path[256];
	struct sn_inode id;

	MUST(!mkdir(point, 0700));
	MUST(!mount("none", point, "tmpfs", 0, NULL));
	MUST(!identify(point, &id, NULL));
	MUST(!sn_mount_point(id.dev, path, sizeof(path)));
	MUST(!strcmp(path, point));
	/* A part of a file system that is mounted elsewhere does not tell where its root is. */
	MUST(!mount(dir, "/mnt", NULL, MS_BIND, NULL));
	MUST(!identify("/mnt", &id, NULL));
	MUST(sn_mount_point(id.dev, path, sizeof(path)) || strcmp(path, "/mnt"));
	MUST(!umount(point) && !rmdir(point));
	return 0;
}

static int an_older_namespace(const char *dir, int fd)
{
	struct sn_inode by_path, by_fd;
	sn_autofree char *file = in(dir, "file");

	MUST(!identify(file, &by_path, NULL));
	MUST(!sn_identify_fd(fd, &by_fd, NULL)); /* its mount is not in mountinfo any more */
	MUST(by_path.ino == by_fd.ino && by_path.dev == by_fd.dev);
	MUST(by_path.generation == by_fd.generation);
	return 0;
}

static int on_overlayfs(const char *dir, int fd)
{
	char options[256];
	struct sn_err err = {};
	struct sn_inode id;

	MUST(!mount("none", "/mnt", "tmpfs", 0, NULL));
	MUST(!mkdir("/mnt/u", 0700) && !mkdir("/mnt/w", 0700) && !mkdir("/mnt/m", 0700));
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=/mnt/u,workdir=/mnt/w", dir);
	if (mount("none", "/mnt/m", "overlay", 0, options))
		return 254;
	MUST(identify("/mnt/m", &id, &err) == -EOPNOTSUPP);
	MUST(strstr(err.text, "'/mnt/m' is on overlay") && strstr(err.text, "put it on ext4"));
	MUST(identify("/mnt/m/file", &id, &err) == -EOPNOTSUPP);
	return 0;
}

/* Lower directory @lower, the others on a tmpfs; 0, or 254. */
static int overlay(const char *lower)
{
	char options[256];

	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=/mnt/u,workdir=/mnt/w", lower);
	return mount("none", "/mnt/m", "overlay", 0, options) ? 254 : 0;
}

static int identify_in_image(const char *path, struct sn_inode *id, struct sn_err *err)
{
	sn_autoclose int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : sn_identify_in_image(fd, id, err);
}

static int image_of_two_file_systems(const char *dir, int fd)
{
	struct sn_err err = {};
	struct sn_inode id;

	MUST(!mount("none", "/mnt", "tmpfs", 0, NULL));
	MUST(!mkdir("/mnt/u", 0700) && !mkdir("/mnt/w", 0700) && !mkdir("/mnt/m", 0700));
	if (overlay(dir))
		return 254;
	MUST(identify_in_image("/mnt/m", &id, &err) == -EOPNOTSUPP);
	MUST(strstr(err.text, "layers"));
	MUST(identify_in_image("/mnt/m/file", &id, &err) == -EOPNOTSUPP);
	return 0;
}

static int image_of_one_file_system(const char *dir, int fd)
{
	struct sn_inode image, file, layer;
	sn_autoclose int held = -1;
	struct stat st;
	__u32 dev;

	MUST(!mount("none", "/mnt", "tmpfs", 0, NULL));
	MUST(!mkdir("/mnt/u", 0700) && !mkdir("/mnt/w", 0700) && !mkdir("/mnt/m", 0700));
	MUST(!mkdir("/mnt/l", 0700) && !mkdir("/mnt/l/d", 0700));
	MUST(!close(creat("/mnt/l/file", 0600)));
	if (overlay("/mnt/l"))
		return 254;
	MUST(!identify_in_image("/mnt/m/d", &image, NULL) && !stat("/mnt/m/d", &st));
	MUST(image.ino == st.st_ino && image.generation == SN_ANY_GENERATION);
	MUST(!identify_in_image("/mnt/m/file", &file, NULL) && file.dev == image.dev);
	MUST(!identify("/mnt/l/d", &layer, NULL) && layer.dev != image.dev);
	held = open("/mnt/m", O_PATH);
	MUST(!sn_identify_layers(held, &dev, NULL) && dev == layer.dev);
	/* a file that is on none, and a tenant's that is not in a container */
	MUST(!sn_identify_layers(fd, &dev, NULL) && !dev);
	MUST(!identify_in_image("/mnt/l/d", &image, NULL) && image.generation == layer.generation);
	MUST(identify("/mnt/m/d", &image, NULL) == -EOPNOTSUPP);
	return 0;
}

static void an_image_is_identified_where_its_layers_are_on_one_file_system(void **state)
{
	in_namespace(image_of_one_file_system);
	in_namespace(image_of_two_file_systems);
}

static void odd_mount_points_are_decoded(void **state)
{
	in_namespace(odd_mount_points);
}

static void a_descriptor_from_an_older_namespace_is_identified(void **state)
{
	in_namespace(an_older_namespace);
}

static void overlayfs_is_refused_with_a_reason(void **state)
{
	in_namespace(on_overlayfs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_file_is_identified),
		cmocka_unit_test(the_generation_is_the_one_that_the_kernel_tells),
		cmocka_unit_test(a_new_file_is_never_taken_for_a_removed_one),
		cmocka_unit_test(special_file_systems_need_no_generation),
		cmocka_unit_test(what_has_no_mount_is_refused),
		cmocka_unit_test(what_is_not_there_is_an_error),
		cmocka_unit_test(odd_mount_points_are_decoded),
		cmocka_unit_test(a_descriptor_from_an_older_namespace_is_identified),
		cmocka_unit_test(overlayfs_is_refused_with_a_reason),
		cmocka_unit_test(an_image_is_identified_where_its_layers_are_on_one_file_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
