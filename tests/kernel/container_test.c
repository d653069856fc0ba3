// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a container's policy has beyond others: a process that was forked into the cgroup is the
 * engine's until its exec. tests/containers has engines; here the policy of a tenant gets the bit.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "joined.h"

static struct tenant *t1;
static char self[PATH_MAX];

SETUP()
{
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		GIVE_UP("readlink: %s", strerror(errno));
	t1 = tenant_start("t1", NULL);
}

/* From now on t1's policy is a container's, or it is not. */
static void set_container(bool is)
{
	int map = open_map("policies");
	struct sn_slot slot;

	if (bpf_map_lookup_elem_flags(map, &t1->id, &slot, BPF_F_LOCK))
		GIVE_UP("the policy: %s", strerror(errno));
	slot.policy[slot.in_force].runtime_init = is;
	if (bpf_map_update_elem(map, &t1->id, &slot, BPF_EXIST | BPF_F_LOCK))
		GIVE_UP("the policy: %s", strerror(errno));
	close(map);
}

static void lay_out(void)
{
	if (system("cd /srv && touch t1/file t10/file && mkdir -p t1/d && chown -R t1: t1 t10"))
		GIVE_UP("making the files");
}

PROBE(read)
{
	return answer(open(arg, O_RDONLY | O_CLOEXEC));
}

PROBE(fork)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid < 0)
		return answer(pid);
	waitpid(pid, NULL, 0);
	return 0;
}

PROBE(socket)
{
	return answer(socket(AF_UNIX, SOCK_STREAM, 0));
}

PROBE(setuid)
{
	return answer(setuid(getuid()));
}

TEST(until_its_exec_a_process_in_a_container_is_the_engines)
{
	static const char *const probes[] = { "read", "fork", "socket", "setuid" };

	lay_out();
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		set_container(false);
		EXPECT_TRUE(JOINED(t1, probes[i], "/srv/t10/file") < 0);
		set_container(true);
		EXPECT_TRUE(JOINED(t1, probes[i], "/srv/t10/file") >= 0);
	}
	set_container(false);
}

TEST(who_has_called_exec_in_a_container_is_the_tenant)
{
	lay_out();
	set_container(true);
	EXPECT_ALLOWED(t1, "read", "/srv/t1/file");
	EXPECT_REFUSED(t1, ENOENT, SN_OP_FS_LOOKUP, SN_OUTSIDE, "read", "/srv/t10/file");
	EXPECT_REFUSED(t1, EACCES, SN_OP_TASK_FORK, SN_NEVER, "fork", "%s", "");
	EXPECT_REFUSED(t1, EPERM, SN_OP_NET_SOCKET, SN_FAMILY, "socket", "%s", "");
	set_container(false);
}

/* Forked outside, moved in, and in @directory: what its exec of @path says, or the status. */
static int exec_in(const char *directory, const char *path)
{
	char *argv[] = { "program", "--serve", NULL }, *envp[] = { NULL }, procs[PATH_MAX + 16];
	int status = -1;
	pid_t pid;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", t1->cgroup);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		int join = open(procs, O_WRONLY | O_CLOEXEC);

		if (dup2(null, 0) || dup2(null, 1) != 1 || write(join, "0", 1) != 1 ||
		    chdir(directory))
			_exit(100);
		execve(path, argv, envp);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_container_starts_its_program_in_its_directory_only)
{
	lay_out();
	set_container(true);
	EXPECT_EQ(0, exec_in("/srv/t1", self)); /* serves no probes, and ends */
	EXPECT_EQ(EACCES, exec_in("/srv/t1/d", self));
	EXPECT_EQ(EACCES, exec_in("/srv/t10", self));
	EXPECT_EQ(EACCES, exec_in("/", self));
	EXPECT_EQ(EACCES, exec_in("/srv/t1", "/bin/true"));
	set_container(false);
}
