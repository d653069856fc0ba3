/* SPDX-License-Identifier: GPL-2.0-only */
/* The files that the fs tests are about: the same in every place. */
#ifndef FS_PLACES_H
#define FS_PLACES_H

#include "fs_probes.h"

/*
 * In each place: a file f, a directory d, a link l to f, a pipe p; and nothing called new. All of
 * it, and /srv itself, belongs to t1, so only safenode keeps t1 from it.
 */
static const char *const places[] = {
	"/srv/t1",	/* the tenant's */
	"/srv/t10",	/* hidden: a neighbour whose name begins in the same way */
	"/srv/t1-evil", /* hidden: another one */
	"/srv",		/* an ancestor */
	"/srv/ro",	/* --read-only */
	"/srv/rw",	/* --read-write */
};

static inline const char *in(const char *dir, const char *name)
{
	static char path[4][PATH_MAX];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], PATH_MAX, "%s/%s", dir, name);
	return path[turn];
}

static inline void give_to_t1(const char *path)
{
	if (lchown(path, 2001, 2001))
		GIVE_UP("chown %s: %s", path, strerror(errno));
}

static inline void put_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "text\n", 5) != 5 || fchmod(fd, 0644))
		GIVE_UP("making %s: %s", path, strerror(errno));
	close(fd);
	give_to_t1(path);
}

static inline void put_dir(const char *path)
{
	if ((mkdir(path, 0755) && errno != EEXIST) || chmod(path, 0755))
		GIVE_UP("making %s: %s", path, strerror(errno));
	give_to_t1(path);
}

static inline void put_link(const char *target, const char *path)
{
	unlink(path);
	if (symlink(target, path))
		GIVE_UP("making %s: %s", path, strerror(errno));
	give_to_t1(path);
}

static inline void put_device(const char *path, unsigned int mode, dev_t device)
{
	unlink(path);
	if (mknod(path, mode, device) || chmod(path, 0666))
		GIVE_UP("making %s: %s", path, strerror(errno));
	give_to_t1(path);
}

static inline void lay_out_in(const char *dir)
{
	static const char *const made[] = { "new", "d/f", "f", "d" };

	put_dir(dir);
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		if (unlink(in(dir, made[i])))
			rmdir(in(dir, made[i]));
	put_file(in(dir, "f"));
	put_dir(in(dir, "d"));
	put_link("f", in(dir, "l"));
	put_device(in(dir, "p"), S_IFIFO | 0666, 0);
	if (setxattr(in(dir, "f"), "user.x", "value", 5, 0) ||
	    setxattr(in(dir, "f"), SN_ACL, sn_acl, sizeof(sn_acl), 0))
		GIVE_UP("attributes of %s/f: %s", dir, strerror(errno));
}

static inline void lay_out(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		lay_out_in(places[i]);
}

/* Options for the probes: "577 ", and "4480 0 ". */
static inline const char *num(long number)
{
	static char text[4][32];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof(text[turn]), "%ld ", number);
	return text[turn];
}

static inline const char *nums(long first, long second)
{
	static char text[4][64];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof(text[turn]), "%ld %ld ", first, second);
	return text[turn];
}

#endif
