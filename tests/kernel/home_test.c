// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map "homes", which answers for what lies below a tenant's directory without its policy: who
 * is in it, and that it grants no more and no less than the policy does.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs_places.h"

static struct tenant *t1;

SETUP()
{
	t1 = tenant_start("t1", NULL);
}

/* How often, and the inode number of the directory in it. */
static int places_of(__u64 id, __u64 *ino)
{
	struct sn_homes_set set = homes_of(id);
	int nr = 0;

	for (int i = 0; i < SN_HOMES_WAYS; i++) {
		if (set.home[i].cgroup_id != id)
			continue;
		*ino = set.home[i].dir.ino;
		nr++;
	}
	return nr;
}

/* 0, or the first refusal among what is done with one's own files. */
PROBE(use_home)
{
	long ret = answer(mkdir("/srv/t1/d", 0700) ?: mkdir("/srv/t1/d/e", 0700));
	struct stat st;
	DIR *dir;
	int fd;

	if (ret)
		return ret;
	fd = open("/srv/t1/d/e/f", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ret = answer(fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) || fchmod(fd, 0640) ? -1
											      : 0);
	close(fd);
	if (!ret)
		ret = answer(stat("d/e/f", &st) ?: access("/srv/t1/d/e/f", R_OK | W_OK));
	if (!ret)
		ret = answer(rename("d/e/f", "d/g") ?: unlink("/srv/t1/d/g") ?: rmdir("d/e"));
	dir = ret ? NULL : opendir("d");
	if (!ret && !dir)
		ret = answer(-1);
	if (dir)
		closedir(dir);
	return ret ? ret : answer(rmdir("/srv/t1/d"));
}

PROBE(enter)
{
	return answer(chdir(arg));
}

static void expect_the_policy_in_force(void)
{
	put_file("/srv/t1/own");
	put_file("/srv/t1-evil/foreign");
	EXPECT_EQ(0, outside("use_home", "%s", ""));
	EXPECT_ALLOWED(t1, "use_home", "%s", "");
	EXPECT_ALLOWED(t1, "open", "0 /srv/t1/own");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "open", "0 /srv/t1-evil/foreign");
	EXPECT_REFUSED(t1, EPERM, SN_OP_FS_CHDIR, SN_NEVER, "enter", "/srv");
}

TEST(a_tenant_has_a_place_in_homes_until_it_is_detached)
{
	struct tenant *t2 = tenant_start("t2", NULL);
	struct stat st;
	__u64 ino = 0;

	EXPECT_EQ(0, stat("/srv/t2", &st));
	EXPECT_EQ(1, places_of(t2->id, &ino));
	EXPECT_EQ(st.st_ino, ino);
	tenant_stop(t2);
	EXPECT_EQ(0, places_of(t2->id, &ino));
}

/* Whose grants are reported as well. */
TEST(a_tenant_with_log_granted_has_no_place_in_homes)
{
	struct tenant *t2 = tenant_start("t2", "--log-granted", NULL);
	__u64 ino;

	EXPECT_EQ(0, places_of(t2->id, &ino));
}

TEST(with_and_without_its_place_in_homes_a_tenant_may_do_the_same)
{
	struct sn_homes_set before = homes_of(t1->id), none = {};
	__u64 ino;

	EXPECT_EQ(1, places_of(t1->id, &ino));
	expect_the_policy_in_force();
	put_homes_of(t1->id, &none);
	expect_the_policy_in_force();
	put_homes_of(t1->id, &before);
}

TEST(where_homes_is_full_a_tenant_starts_and_is_confined)
{
	struct sn_homes_set *before = calloc(1 << SN_HOMES_BITS, sizeof(*before)), full;
	int map = open_map("homes");
	struct tenant *t2;
	__u64 ino;

	for (__u32 i = 0; i < 1 << SN_HOMES_BITS; i++) {
		if (!before || bpf_map_lookup_elem(map, &i, &before[i]))
			GIVE_UP("cannot read homes: %s", strerror(errno));
		full = before[i];
		for (int way = 0; way < SN_HOMES_WAYS; way++)
			if (!full.home[way].cgroup_id)
				full.home[way].cgroup_id = ~0ULL;
		if (bpf_map_update_elem(map, &i, &full, BPF_ANY))
			GIVE_UP("cannot write homes: %s", strerror(errno));
	}
	put_file("/srv/t2/own");
	put_file("/srv/t1/foreign");
	t2 = tenant_start("t2", NULL);
	EXPECT_EQ(0, places_of(t2->id, &ino));
	EXPECT_EQ(0, inside(t2, "open", "0 /srv/t2/own"));
	EXPECT_EQ(-ENOENT, inside(t2, "open", "0 /srv/t1/foreign"));
	tenant_stop(t2);
	for (__u32 i = 0; i < 1 << SN_HOMES_BITS; i++)
		bpf_map_update_elem(map, &i, &before[i], BPF_ANY);
	free(before);
	close(map);
}

/* What root, which is in @dir and then moved into the tenant's cgroup, gets for @file there. */
static int read_from(const char *dir, const char *file)
{
	char path[PATH_MAX + 16];
	int procs, status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", t1->cgroup);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		procs = open(path, O_WRONLY | O_CLOEXEC);
		if (procs < 0 || chdir(dir) || write(procs, "0", 1) != 1)
			_exit(255);
		_exit(open(file, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) == 255)
		GIVE_UP("cannot try in %s", dir);
	return WEXITSTATUS(status);
}

/* A server's mistake, or its intent: the tenant's directory is what the policy says. */
TEST(another_working_directory_does_not_become_home)
{
	put_file("/srv/t1/file");
	put_file("/srv/t1-evil/file");
	EXPECT_EQ(0, read_from("/srv/t1", "file"));
	EXPECT_EQ(ENOENT, read_from("/srv/t1-evil", "file"));
	EXPECT_EQ(ENOENT, read_from("/srv", "t1-evil/file"));
	EXPECT_EQ(ENOENT, read_from("/", "srv/t1-evil/file"));
}
