// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process holds open that its policy would not let it open.
 *
 * Each descriptor is fetched by pidfd_getfd(2), and looked at as an own one: so it is the file that
 * the process has, and no path is followed.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "account.h"
#include "decide.h"
#include "identify.h"
#include "opened.h"

enum { READS = 1, WRITES = 2 };

/* A descriptor of the process. */
struct held {
	int number;
	unsigned int access; /* READS, WRITES */
	int flags;	     /* as open(2) has them */
	long magic;	     /* of its file system */
	struct stat st;
	bool named;
	bool fine; /* a tenant may open it by itself */
};

struct look {
	const struct sn_opened *opened;
	int pidfd;
	int mount;	/* mount id of the directory */
	struct stat st; /* of the directory */
	uid_t uid;
	struct held *all;
	size_t nr;
	char text[320]; /* what must not be open: "17 (/etc/passwd), 18 (...)" */
	size_t others;	/* for which there was no room */
};

/* ---- an own descriptor ---- */

static void read_link(int fd, char path[PATH_MAX])
{
	char name[32];
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, path, PATH_MAX - 1);
	path[len < 0 ? 0 : len] = '\0';
}

/* A line of its fdinfo that begins with @word, as a number; -1: there is none, -2: no telling. */
static int read_info(int fd, const char *word)
{
	char name[40], line[256];
	int value = -1;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	f = fopen(name, "re");
	if (!f)
		return -2;
	while (value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)))
			value = atoi(line + strlen(word));
	fclose(f);
	return value;
}

/* Below the directory, and not in what is mounted there: of that nothing is a tenant's. */
static bool is_inside(const struct look *look, int fd)
{
	const char *directory = look->opened->directory;
	size_t len = strlen(directory);
	char path[PATH_MAX];

	read_link(fd, path);
	return !strncmp(path, directory, len) && (!path[len] || path[len] == '/') &&
	       read_info(fd, "mnt_id:") == look->mount;
}

static bool is_own_device(const struct stat *st)
{
	return sn_device_access(st->st_mode, major(st->st_rdev) << 20 | minor(st->st_rdev));
}

/* A memfd, or shared memory without a name. */
static bool is_memory(const struct stat *st, long magic, const char *path)
{
	return S_ISREG(st->st_mode) && magic == TMPFS_MAGIC && !st->st_nlink &&
	       (!strncmp(path, "/memfd:", strlen("/memfd:")) ||
		!strcmp(path, "/dev/zero (deleted)"));
}

/* Was it given this file open when it was started? */
static bool was_given(const struct look *look, int fd)
{
	const struct sn_entries *given = look->opened->given;
	struct sn_inode id;

	if (sn_identify_held_fd(fd, &id, NULL))
		return false;
	for (size_t i = 0; i < given->nr; i++) {
		const struct sn_entry *entry = &given->all[i];

		if (entry->map == SN_RULES_DIRECTORIES && entry->rule.access == SN_MAY_STAT &&
		    !entry->rule.below && entry->key.directory.ino == id.ino &&
		    entry->key.directory.dev == id.dev && entry->rule.generation == id.generation)
			return true;
	}
	return false;
}

/* A watch would go on telling of files elsewhere. */
static bool is_quiet(int fd, const char *path)
{
	static const char *const kinds[] = { "[eventpoll]", "[eventfd]", "[timerfd]",
					     "[signalfd]" };
	const char *kind = strchr(path, ':');

	if (!kind || strncmp(path, "anon_inode:", strlen("anon_inode:")))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kind + 1, kinds[i]))
			return true;
	return !strcmp(kind + 1, "inotify") && read_info(fd, "inotify wd:") == -1;
}

static bool may_be_opened(const struct look *look, int fd, const struct held *held)
{
	char path[PATH_MAX];

	read_link(fd, path);
	if (held->magic == ANON_INODE_FS_MAGIC)
		return is_quiet(fd, path);
	if (is_own_device(&held->st))
		return true;
	if (is_memory(&held->st, held->magic, path))
		return !was_given(look, fd);
	return (S_ISREG(held->st.st_mode) || S_ISDIR(held->st.st_mode) ||
		S_ISFIFO(held->st.st_mode)) &&
	       is_inside(look, fd);
}

/* ---- what it is, for people ---- */

static void put_address(const struct sockaddr_storage *address, char *text, size_t size)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	snprintf(text, size, address->ss_family == AF_INET ? "%s:%u" : "[%s]:%u", host,
		 ntohs(v4->sin_port)); /* in both at the same place */
}

static void describe_socket(int fd, char *text, size_t size)
{
	struct sockaddr_storage own = {}, peer = {};
	char own_text[56], peer_text[56];
	socklen_t len = sizeof(own);
	int type = 0;

	getsockname(fd, (void *)&own, &len);
	len = sizeof(peer);
	if (getpeername(fd, (void *)&peer, &len))
		peer.ss_family = AF_UNSPEC;
	len = sizeof(type);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	if (own.ss_family != AF_INET && own.ss_family != AF_INET6) {
		snprintf(text, size, own.ss_family == AF_UNIX ? "a Unix socket" : "a socket");
		return;
	}
	put_address(&own, own_text, sizeof(own_text));
	put_address(&peer, peer_text, sizeof(peer_text));
	snprintf(text, size, "%s %s%s%s", type == SOCK_STREAM ? "TCP" : "UDP", own_text,
		 peer.ss_family == AF_UNSPEC ? "" : " to ",
		 peer.ss_family == AF_UNSPEC ? "" : peer_text);
}

static void describe(int fd, const struct held *held, char *text, size_t size)
{
	char path[PATH_MAX];

	if (S_ISSOCK(held->st.st_mode)) {
		describe_socket(fd, text, size);
		return;
	}
	read_link(fd, path);
	if (held->magic == PIPEFS_MAGIC)
		snprintf(text, size, "a pipe, whose other end is elsewhere");
	else if (!strcmp(path, "anon_inode:inotify"))
		snprintf(text, size, "inotify, with watches");
	else
		snprintf(text, size, "%.100s", path);
}

static void note(struct look *look, const struct held *held)
{
	sn_autoclose int fd = syscall(SYS_pidfd_getfd, look->pidfd, held->number, 0);
	size_t used = strlen(look->text);
	char what[128] = "?";

	if (fd >= 0)
		describe(fd, held, what, sizeof(what));
	if (used + strlen(what) + 24 > sizeof(look->text))
		look->others++;
	else
		snprintf(look->text + used, sizeof(look->text) - used, "%s%d (%s)",
			 used ? ", " : "", held->number, what);
}

/* ---- descriptors ---- */

/*
 * Still a standard stream? Whoever closes one gets its number for the next thing that it opens. Of
 * pipes and Unix sockets, nothing else can be it: a tenant makes no such socket, and has both ends
 * of a pipe that it makes.
 */
static bool is_stream(const struct look *look, int fd, const struct held *held)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	if (held->number > 2)
		return false;
	if (held->magic == SOCKFS_MAGIC)
		return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_UNIX;
	return held->magic == PIPEFS_MAGIC || is_own_device(&held->st) || was_given(look, fd);
}

static bool is_named(const struct look *look, int fd, const struct held *held)
{
	const struct sn_opened *opened = look->opened;

	for (size_t i = 0; i < opened->nr_keep_fd; i++)
		if (opened->keep_fd[i] == held->number)
			return true;
	return is_stream(look, fd, held);
}

static unsigned int access_of(int flags)
{
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return READS;
	case O_WRONLY:
		return WRITES;
	}
	return READS | WRITES;
}

static int look_at(struct look *look, struct held *held, struct sn_rules *own, struct sn_err *err)
{
	sn_autoclose int fd = syscall(SYS_pidfd_getfd, look->pidfd, held->number, 0);
	struct sn_err why = {};
	struct statfs fs;
	int ret;

	if (fd < 0)
		return sn_fail(err, errno, "cannot look at its descriptor %d: %s%s", held->number,
			       strerror(errno),
			       errno == EPERM ? "; leave CAP_SYS_PTRACE to safenode-attach" : "");
	if (fstat(fd, &held->st) || fstatfs(fd, &fs))
		return sn_fail(err, errno, "cannot look at its descriptor %d: %s", held->number,
			       strerror(errno));
	held->magic = fs.f_type;
	held->flags = fcntl(fd, F_GETFL);
	held->access = access_of(held->flags);
	held->named = is_named(look, fd, held);
	if (!held->named) {
		held->fine = may_be_opened(look, fd, held);
		return 0;
	}
	ret = sn_rules_add_fd(own, fd, &why);
	return ret ? sn_fail(err, -ret, "its descriptor %d cannot be kept: %.300s", held->number,
			     why.text)
		   : 0;
}

static bool are_one(const struct held *a, const struct held *b)
{
	return a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino && a->magic == b->magic;
}

/* What epoll, inotify and others make has one inode for all. */
static bool are_one_file(const struct look *look, const struct held *a, const struct held *b)
{
	pid_t pid = look->opened->pid;

	if (a->magic != ANON_INODE_FS_MAGIC)
		return are_one(a, b);
	return !syscall(SYS_kcmp, pid, pid, KCMP_FILE, a->number, b->number);
}

/* One that it has a second time: a duplicate, or opened again. */
static bool is_copy(const struct look *look, const struct held *held)
{
	for (size_t i = 0; i < look->nr; i++) {
		const struct held *kept = &look->all[i];

		if (kept->named && are_one_file(look, kept, held) &&
		    !(held->access & ~kept->access) && !(kept->flags & ~held->flags & O_APPEND) &&
		    !((kept->flags | held->flags) & O_PATH))
			return true;
	}
	return false;
}

static bool has_both_ends(const struct look *look, const struct held *held)
{
	unsigned int ends = 0;

	for (size_t i = 0; i < look->nr; i++)
		if (!look->all[i].named && are_one(&look->all[i], held))
			ends |= look->all[i].access;
	return held->magic == PIPEFS_MAGIC && ends == (READS | WRITES);
}

/* A directory of /proc/PID, into *@dir. */
static int open_proc(const struct look *look, const char *of, DIR **dir, struct sn_err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/%d/%s", look->opened->pid, of);
	*dir = opendir(name);
	return *dir ? 0 : sn_fail(err, errno, "cannot open %s: %s", name, strerror(errno));
}

/* The numbers of its descriptors. */
static int list(struct look *look, struct sn_err *err)
{
	struct dirent *entry;
	size_t room = 0;
	DIR *dir;
	int ret = open_proc(look, "fd", &dir, err);

	if (ret)
		return ret;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (look->nr == room) {
			struct held *all = reallocarray(look->all, room += 64, sizeof(*look->all));

			if (!all)
				break;
			look->all = all;
		}
		look->all[look->nr++] = (struct held){ .number = atoi(entry->d_name) };
	}
	closedir(dir);
	return entry ? sn_fail(err, ENOMEM, "out of memory") : 0;
}

static int check_named(const struct look *look, struct sn_err *err)
{
	const struct sn_opened *opened = look->opened;

	for (size_t i = 0; i < opened->nr_keep_fd; i++) {
		bool there = false;

		for (size_t j = 0; j < look->nr; j++)
			there |= look->all[j].number == opened->keep_fd[i];
		if (!there)
			return sn_fail(err, EINVAL,
				       "its descriptor %d is not open; --keep-fd names one of its "
				       "own",
				       opened->keep_fd[i]);
	}
	return 0;
}

static int check_descriptors(struct look *look, struct sn_rules *own, struct sn_err *err)
{
	int ret = list(look, err);
	char more[32] = "";

	if (!ret)
		ret = check_named(look, err);
	for (size_t i = 0; i < look->nr && !ret; i++)
		ret = look_at(look, &look->all[i], own, err);
	for (size_t i = 0; i < look->nr && !ret; i++) {
		const struct held *held = &look->all[i];

		if (!held->named && !held->fine && !is_copy(look, held) &&
		    !has_both_ends(look, held))
			note(look, held);
	}
	if (ret || !look->text[0])
		return ret;
	if (look->others)
		snprintf(more, sizeof(more), ", and %zu more", look->others);
	return sn_fail(err, EBUSY,
		       "it holds open what was not named: %s%s; let it close that, or name it "
		       "with --keep-fd",
		       look->text, more);
}

/* ---- threads ---- */

/* A thread may leave the directory, or the table of descriptors, that the others have. */
static int check_thread(const struct look *look, int tid, struct sn_err *err)
{
	pid_t pid = look->opened->pid;
	struct stat st;
	char name[64];
	long shares;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/cwd", pid, tid);
	if (stat(name, &st))
		return sn_fail(err, errno, "cannot look at %s: %s", name, strerror(errno));
	if (st.st_dev != look->st.st_dev || st.st_ino != look->st.st_ino)
		return sn_fail(err, EBUSY,
			       "its working directory is not %.200s (any more, or not of all its "
			       "threads)",
			       look->opened->directory);
	shares = syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0);
	if (shares < 0)
		return sn_fail(err, errno, "cannot tell whether its threads share descriptors: %s",
			       strerror(errno));
	return shares ? sn_fail(err, EBUSY, "its thread %d has descriptors of its own", tid) : 0;
}

static int check_threads(const struct look *look, struct sn_err *err)
{
	struct dirent *entry;
	DIR *dir;
	int ret = open_proc(look, "task", &dir, err);

	if (ret)
		return ret;
	while (!ret && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ret = check_thread(look, atoi(entry->d_name), err);
	closedir(dir);
	return ret;
}

/* ---- mappings ---- */

/* What can be made writable is: mprotect(2) of a shared mapping asks nobody again. */
static bool may_be_written(const struct look *look, unsigned long start)
{
	sn_autofree char *line = NULL;
	unsigned long from, end;
	bool answer = true, here = false;
	size_t size = 0;
	char name[32];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/smaps", look->opened->pid);
	f = fopen(name, "re");
	while (f && getline(&line, &size, f) > 0) {
		if (sscanf(line, "%lx-%lx ", &from, &end) == 2)
			here = from == start;
		if (!here || strncmp(line, "VmFlags:", strlen("VmFlags:")))
			continue;
		answer = strstr(line, " mw");
		break;
	}
	if (f)
		fclose(f);
	return answer;
}

/* A line of /proc/PID/maps. */
struct mapping {
	unsigned long start, end;
	unsigned long inode;
	char mode[5]; /* "r-xp" */
};

/* By its mode. A group that may write it could be one of its own. */
static bool may_change(const struct look *look, const struct stat *st)
{
	return st->st_uid == look->uid || st->st_mode & (S_IWGRP | S_IWOTH);
}

/* A file or directory that it may change, with all that is below. */
struct place {
	char path[PATH_MAX];
	int mount;
	dev_t dev;
};

static bool find_place(int fd, struct place *place)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return false;
	read_link(fd, place->path);
	place->mount = read_info(fd, "mnt_id:");
	place->dev = st.st_dev;
	return place->mount >= 0;
}

/* By another mount of its file system, a file that is below has a path that does not show it. */
static bool may_be_below(const struct place *place, const struct place *file)
{
	size_t len = strlen(place->path);

	if (file->mount != place->mount)
		return file->dev == place->dev;
	return !strncmp(file->path, place->path, len) &&
	       (!file->path[len] || file->path[len] == '/');
}

/* If unknown, yes. */
static bool can_reach(const struct look *look, int fd)
{
	const struct sn_opened *opened = look->opened;
	struct place file, place;

	if (!find_place(fd, &file) || !find_place(opened->directory_fd, &place) ||
	    may_be_below(&place, &file))
		return true;
	for (size_t i = 0; i < opened->nr_read_write; i++) {
		sn_autoclose int at = open(opened->read_write[i], O_PATH | O_CLOEXEC);

		if (!find_place(at, &place) || may_be_below(&place, &file))
			return true;
	}
	return false;
}

/* By a descriptor that stays with it. What a file lets who opens it does not matter to that. */
static bool has_for_writing(const struct look *look, const struct stat *st)
{
	for (size_t i = 0; i < look->nr; i++) {
		const struct held *held = &look->all[i];

		if (held->access & WRITES && held->st.st_dev == st->st_dev &&
		    held->st.st_ino == st->st_ino)
			return true;
	}
	return false;
}

/* Where it could reach it: also by another name of the file, which may be anywhere. */
static int check_code(const struct look *look, int fd, const struct stat *st, const char *path,
		      struct sn_err *err)
{
	if (has_for_writing(look, st))
		return sn_fail(err, EBUSY,
			       "it has code mapped from '%.200s', which it holds open for writing; "
			       "let it close that",
			       path);
	if (!may_change(look, st) || (st->st_nlink == 1 && !can_reach(look, fd)))
		return 0;
	return sn_fail(err, EBUSY,
		       "it has code mapped from '%.200s', which it could change%s; install that "
		       "where it cannot, or as another user",
		       path, st->st_nlink > 1 ? " by another of its names" : "");
}

static int check_mapping(const struct look *look, const struct mapping *mapping, struct sn_err *err)
{
	sn_autoclose int fd = -1;
	char name[80], path[PATH_MAX];
	struct statfs fs;
	struct stat st;
	int ret = 0;

	snprintf(name, sizeof(name), "/proc/%d/map_files/%lx-%lx", look->opened->pid,
		 mapping->start, mapping->end);
	fd = open(name, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || fstatfs(fd, &fs))
		return sn_fail(err, errno, "cannot look at what it has mapped: %s: %s", name,
			       strerror(errno));
	read_link(fd, path);
	if (mapping->mode[2] == 'x')
		ret = check_code(look, fd, &st, path, err);
	if (ret || mapping->mode[3] != 's')
		return ret;
	if (is_memory(&st, fs.f_type, path) || !strcmp(path, "/[aio] (deleted)") ||
	    is_inside(look, fd) || !may_be_written(look, mapping->start))
		return 0;
	return sn_fail(err, EBUSY,
		       "it could still write '%.200s', which it has mapped; let it unmap that",
		       path);
}

static int check_mappings(const struct look *look, struct sn_err *err)
{
	sn_autofree char *line = NULL;
	struct mapping mapping;
	size_t size = 0;
	char name[32];
	int ret = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/maps", look->opened->pid);
	f = fopen(name, "re");
	if (!f)
		return sn_fail(err, errno, "cannot open %s: %s", name, strerror(errno));
	while (!ret && getline(&line, &size, f) > 0)
		if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &mapping.start, &mapping.end,
			   mapping.mode, &mapping.inode) == 4 &&
		    mapping.inode && (mapping.mode[2] == 'x' || mapping.mode[3] == 's'))
			ret = check_mapping(look, &mapping, err);
	if (!ret && ferror(f))
		ret = sn_fail(err, EIO, "cannot read %s", name);
	fclose(f);
	return ret;
}

/*
 * What is below it is told by its path. Until nothing moved, it could be renamed, and another
 * directory be there.
 */
static int check_directory(struct look *look, struct sn_err *err)
{
	const struct sn_opened *opened = look->opened;
	char path[PATH_MAX];

	look->mount = read_info(opened->directory_fd, "mnt_id:");
	if (look->mount < 0 || fstat(opened->directory_fd, &look->st))
		return sn_fail(err, EIO, "cannot look at %s", opened->directory);
	read_link(opened->directory_fd, path);
	return strcmp(path, opened->directory)
		       ? sn_fail(err, EBUSY, "%.200s is not where it was: it is %.200s",
				 opened->directory, path)
		       : 0;
}

int sn_opened_check(const struct sn_opened *opened, struct sn_rules *own, struct sn_err *err)
{
	struct look look = { .opened = opened };
	struct sn_account account;
	sn_autoclose int pidfd = syscall(SYS_pidfd_open, opened->pid, 0);
	int ret;

	if (pidfd < 0)
		return sn_fail(err, errno, "cannot open process %d: %s", opened->pid,
			       strerror(errno));
	look.pidfd = pidfd;
	ret = sn_account_of(&account, opened->pid);
	if (ret)
		return sn_fail(err, -ret, "cannot learn its user: %s", strerror(-ret));
	look.uid = account.uid;
	sn_account_free(&account);
	ret = check_directory(&look, err);
	if (!ret)
		ret = check_threads(&look, err);
	if (!ret)
		ret = check_descriptors(&look, own, err);
	if (!ret)
		ret = check_mappings(&look, err);
	free(look.all);
	return ret;
}
