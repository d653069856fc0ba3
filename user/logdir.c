// SPDX-License-Identifier: GPL-2.0-only
/* Where the reader of the ring is found: a directory, its locks and its socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "logdir.h"

int sn_logdir_make(const char *path, struct sn_err *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return sn_fail(err, errno, "cannot make %s: %s", path, strerror(errno));
	if (lstat(path, &st))
		return sn_fail(err, errno, "cannot look at %s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return sn_fail(err, ENOTDIR, "%s is no directory; remove it", path);
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return sn_fail(err, EPERM,
			       "%s can be changed by others; chown it to root, chmod it to 700",
			       path);
	return 0;
}

static int open_lock(const char *path, int how, struct sn_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), ret;

	if (fd < 0)
		return sn_fail(err, errno, "cannot open %s: %s", path, strerror(errno));
	if (!flock(fd, how | LOCK_NB))
		return fd;
	ret = errno == EWOULDBLOCK
		      ? -EBUSY
		      : sn_fail(err, errno, "cannot lock %s: %s", path, strerror(errno));
	close(fd);
	return ret;
}

/* Its holder has written its process id into the file. */
static int name_holder(const char *path, struct sn_err *err)
{
	sn_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[16] = "";
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	return sn_fail(err, EBUSY, "safenode-logd runs already%s%.*s",
		       len > 0 ? ", as process " : "", (int)strspn(text, "0123456789"), text);
}

int sn_logdir_lock(const char *path, struct sn_err *err)
{
	int fd = open_lock(path, LOCK_EX, err);

	if (fd == -EBUSY)
		return name_holder(path, err);
	if (fd >= 0 && (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0)) {
		int ret = sn_fail(err, errno, "cannot write to %s: %s", path, strerror(errno));

		close(fd);
		return ret;
	}
	return fd;
}

int sn_logdir_lock_ring(const char *path, bool exclusive, struct sn_err *err)
{
	int fd = open_lock(path, exclusive ? LOCK_EX : LOCK_SH, err);

	if (fd != -EBUSY)
		return fd;
	return sn_fail(err, EBUSY, "%s reads the events itself",
		       exclusive ? "a safenode-log" : "safenode-logd");
}

int sn_logdir_listen(const char *path, struct sn_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ret;
	mode_t mask = umask(0177);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path); /* of one that was killed: whoever calls this has the lock */
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 64)) {
		umask(mask);
		return fd;
	}
	ret = sn_fail(err, errno, "cannot listen on %s: %s", path, strerror(errno));
	umask(mask);
	if (fd >= 0)
		close(fd);
	return ret;
}
