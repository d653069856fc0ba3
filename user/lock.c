// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for a tool that holds a lock, and saying for whom. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lock.h"

#define MOMENT 1000 /* ms: others' attach and detach hold the locks for a fraction of that */
#define STEP   10   /* ms */

static void (*tell)(const char *text);

void sn_lock_tell(void (*say)(const char *text))
{
	tell = say;
}

/* "2: FLOCK  ADVISORY  WRITE 812 00:1d:17 0 EOF"; who waits has "->" in front of FLOCK. */
pid_t sn_lock_holder(const char *line, dev_t dev, ino_t ino)
{
	unsigned int major, minor;
	unsigned long inode;
	int pid;

	if (sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%lu ", &pid, &major, &minor, &inode) != 4)
		return 0;
	return major == major(dev) && minor == minor(dev) && inode == ino && pid > 0 ? pid : 0;
}

/* The first one, where several share it; 0: the kernel does not say. */
static pid_t find_holder(int fd)
{
	FILE *locks = fopen("/proc/locks", "re");
	struct stat st;
	char line[256];
	pid_t pid = 0;

	while (locks && !pid && !fstat(fd, &st) && fgets(line, sizeof(line), locks))
		pid = sn_lock_holder(line, st.st_dev, st.st_ino);
	if (locks)
		fclose(locks);
	return pid;
}

static void say_for_whom(int fd, const char *path)
{
	char name[32] = "", file[64], text[256];
	pid_t pid = find_holder(fd);
	FILE *comm;

	snprintf(file, sizeof(file), "/proc/%d/comm", pid);
	comm = pid ? fopen(file, "re") : NULL;
	if (comm && fgets(name, sizeof(name), comm))
		name[strcspn(name, "\n")] = '\0';
	if (comm)
		fclose(comm);
	if (*name)
		snprintf(text, sizeof(text), "waiting for %s (process %d), which has locked %s",
			 name, pid, path);
	else /* of another PID namespace, or its guardian is left */
		snprintf(text, sizeof(text), "waiting for a process that has locked %s", path);
	tell(text);
}

static int try(int fd, int how)
{
	int ret;

	while ((ret = flock(fd, how)) && errno == EINTR)
		;
	return ret ? -errno : 0;
}

int sn_lock(int fd, const char *path, int how, struct sn_err *err)
{
	int ret = try(fd, how | LOCK_NB);

	for (int waited = 0; ret == -EWOULDBLOCK && waited < MOMENT; waited += STEP) {
		poll(NULL, 0, STEP);
		ret = try(fd, how | LOCK_NB);
	}
	if (ret == -EWOULDBLOCK) {
		if (tell)
			say_for_whom(fd, path);
		ret = try(fd, how);
	}
	return ret ? sn_fail(err, -ret, "cannot lock %s: %s", path, strerror(-ret)) : 0;
}
