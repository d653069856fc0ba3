// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tenant in any cgroup: in that of a unit, deep or not, beside egress programs of others. What a
 * policy refuses there is tested by its mark alone: who has that, and who has not.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "pins.h"
#include "tenant.h"

#define PORT 18200 /* nobody listens there; it is not allowed */

static char mount[PATH_MAX], unit[PATH_MAX + 32];
static struct tenant *t1; /* with its cgroup below the unit's, in which the tests are */

/* "PORT": a connection to this machine. */
PROBE(reach)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(atoi(arg)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long result;

	if (fd < 0)
		return could_not_try("socket");
	result = answer(connect(fd, (void *)&to, sizeof(to)));
	close(fd);
	return result == -ECONNREFUSED ? 0 : result;
}

/*
 * "PORT": sends one byte, with a routing header of type 2 (RFC 6275) that leads to this machine.
 * Only the egress program sees where the packet goes.
 */
PROBE(send_round)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(arg)) };
	struct in6_addr via = IN6ADDR_LOOPBACK_INIT;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(24)];
	} control = { .header = { CMSG_LEN(24), IPPROTO_IPV6, IPV6_RTHDR } };
	unsigned char *route = CMSG_DATA(&control.header);
	struct iovec byte = { (char *)"x", 1 };
	struct msghdr message = { .msg_name = &to,
				  .msg_namelen = sizeof(to),
				  .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long result;

	if (fd < 0 || inet_pton(AF_INET6, "2001:db8::1", &to.sin6_addr) != 1)
		return could_not_try("socket");
	route[1] = route[2] = 2; /* the length, in 8 bytes; the type */
	route[3] = 1;		 /* how many addresses are left */
	memcpy(route + 8, &via, sizeof(via));
	result = answer(sendmsg(fd, &message, 0));
	close(fd);
	return result;
}

PROBE(open)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void must_run(const char *command)
{
	if (system(command))
		GIVE_UP("%s failed", command);
}

static void make_cgroup(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		GIVE_UP("mkdir %s: %s", path, strerror(errno));
}

static void join(const char *cgroup)
{
	int ret = sn_cgroup_write(cgroup, "cgroup.procs", "0");

	if (ret)
		GIVE_UP("cannot join %s: %s", cgroup, strerror(-ret));
}

static int open_cgroup(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		GIVE_UP("%s: %s", path, strerror(errno));
	return fd;
}

SETUP()
{
	struct sn_err err;

	if (sn_cgroup_mount(mount, &err))
		GIVE_UP("%s", err.text);
	must_run("ip link set lo up");
	snprintf(unit, sizeof(unit), "%s/place.service", mount);
	make_cgroup(unit);
	join(unit);
	t1 = tenant_start("t1", "--delegated", "--restricted-outgoing-addresses", "127.0.0.1",
			  "--allowed-outgoing-ports", "53", NULL);
}

/* ---- in the unit ---- */

static void expect_confined(struct tenant *t)
{
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "reach", "%d", PORT);
	EXPECT_ALLOWED(t, "reach", "53");
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_OPEN, SN_OUTSIDE, "open", "/etc");
}

TEST(a_tenant_in_its_units_cgroup_is_confined)
{
	char want[PATH_MAX + 64];

	snprintf(want, sizeof(want), "%s/t1", unit);
	EXPECT_TRUE(!strcmp(want, t1->cgroup));
	expect_confined(t1);
}

/* Its unit's processes are not the tenant's. */
TEST(who_is_in_the_unit_beside_a_tenant_is_unconfined)
{
	EXPECT_EQ(0, outside("open", "/etc"));
	EXPECT_EQ(0, moved_into(t1, unit, "reach", "%d", PORT));
	EXPECT_QUIET(t1);
}

static void move(const struct tenant *t, const char *cgroup)
{
	char number[16];
	int ret;

	snprintf(number, sizeof(number), "%d", t->pid);
	ret = sn_cgroup_write(cgroup, "cgroup.procs", number);
	if (ret)
		GIVE_UP("%s: %s", cgroup, strerror(-ret));
}

TEST(as_deep_as_cgroups_go_it_is_still_the_tenant)
{
	static const int depths[] = { 1, 2, 40 };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
		size_t used = snprintf(path, sizeof(path), "%s", t1->cgroup);

		for (int level = 0; level < depths[i]; level++) {
			used += snprintf(path + used, sizeof(path) - used, "/c");
			make_cgroup(path);
		}
		move(t1, path);
		expect_confined(t1);
		move(t1, t1->cgroup);
	}
	while (strlen(path) > strlen(t1->cgroup)) {
		rmdir(path);
		*strrchr(path, '/') = '\0';
	}
}

/* The egress program finds the policy by the socket's cgroup, and those above it. */
TEST(packets_of_a_child_cgroup_are_the_tenants)
{
	char child[PATH_MAX + 16];

	snprintf(child, sizeof(child), "%s/child", t1->cgroup);
	make_cgroup(child);
	EXPECT_EQ(-EPERM, inside(t1, "send_round", "%d", PORT));
	EXPECT_EVENT(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_ALLOWED(t1, "send_round", "53");
	move(t1, child);
	EXPECT_EQ(-EPERM, inside(t1, "send_round", "%d", PORT));
	EXPECT_EVENT(t1, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_ALLOWED(t1, "send_round", "53");
	move(t1, t1->cgroup);
	EXPECT_EQ(1, outside("send_round", "%d", PORT));
	rmdir(child);
}

/* ---- egress programs of others ---- */

/* One that lets all packets pass. */
static int load_nothing(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "nothing", "GPL", insns, 2, NULL);

	if (program < 0)
		GIVE_UP("cannot load a program: %s", strerror(errno));
	return program;
}

static void attach_nothing(const char *path, unsigned int flags, int times)
{
	int cgroup = open_cgroup(path);

	for (int i = 0; i < times; i++) {
		int program = load_nothing();

		if (bpf_prog_attach(program, cgroup, BPF_CGROUP_INET_EGRESS, flags))
			GIVE_UP("cannot attach to %s: %s", path, strerror(errno));
		close(program);
	}
	close(cgroup);
}

/* As journald and every unit with IPAddressDeny= have one, and as many as the kernel takes. */
TEST(who_has_egress_programs_of_others_is_unconfined)
{
	static const int numbers[] = { 1, 63 }; /* and then once more on a cgroup below */
	char path[PATH_MAX + 64], below[PATH_MAX + 80];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		snprintf(path, sizeof(path), "%s/others%d.service", mount, numbers[i]);
		snprintf(below, sizeof(below), "%s/below", path);
		make_cgroup(path);
		make_cgroup(below);
		attach_nothing(path, BPF_F_ALLOW_MULTI, numbers[i]);
		attach_nothing(below, BPF_F_ALLOW_MULTI, numbers[i]);
		EXPECT_EQ(0, moved_into(t1, path, "open", "/etc"));
		EXPECT_EQ(0, moved_into(t1, below, "open", "/etc"));
		EXPECT_EQ(0, moved_into(t1, below, "reach", "%d", PORT));
		EXPECT_QUIET(t1);
		rmdir(below);
		rmdir(path);
	}
}

TEST(a_tenant_below_egress_programs_of_others_is_confined)
{
	char path[PATH_MAX + 64];
	struct tenant *t;

	snprintf(path, sizeof(path), "%s/firewalled.service", mount);
	make_cgroup(path);
	attach_nothing(path, BPF_F_ALLOW_MULTI, 40);
	join(path);
	t = tenant_start("t10", "--delegated", "--restricted-outgoing-addresses", "127.0.0.1",
			 "--allowed-outgoing-ports", "53", NULL);
	expect_confined(t);
	tenant_stop(t);
	join(unit);
	rmdir(path);
}

/* Root's tool can attach there; a tenant cannot. */
TEST(a_program_further_down_does_not_hide_the_mark)
{
	static const unsigned int ways[] = { BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE, 0 };
	char child[PATH_MAX + 16];

	snprintf(child, sizeof(child), "%s/child", t1->cgroup);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		make_cgroup(child);
		attach_nothing(child, ways[i], 1);
		move(t1, child);
		expect_confined(t1);
		EXPECT_EQ(-EPERM, inside(t1, "send_round", "%d", PORT));
		move(t1, t1->cgroup);
		rmdir(child);
	}
}

/* Says what attach says: the first line of its standard error. */
static bool attach_says(const char *options, const char *text)
{
	char command[512], line[1024] = "";
	FILE *out;

	snprintf(command, sizeof(command),
		 "safenode-attach --cgroup t10 --dir /srv/t10 --safe-mode %s -- /bin/true 2>&1",
		 options);
	out = popen(command, "r");
	if (!out || !fgets(line, sizeof(line), out))
		line[0] = '\0';
	if (out)
		pclose(out);
	if (!strstr(line, text))
		printf("# %s\n", line);
	return strstr(line, text);
}

TEST(where_anothers_program_admits_no_other_no_tenant_is_started)
{
	char path[PATH_MAX + 64], tenant[PATH_MAX + 80];

	snprintf(path, sizeof(path), "%s/exclusive.service", mount);
	make_cgroup(path);
	attach_nothing(path, 0, 1);
	join(path);
	EXPECT_TRUE(attach_says("--delegated", "admits no other: nothing (id "));
	EXPECT_TRUE(attach_says("--delegated", "a unit with Delegate=yes"));
	join(unit);
	snprintf(tenant, sizeof(tenant), "%s/t10", path);
	EXPECT_EQ(-1, access(tenant, F_OK)); /* nothing is left */
	EXPECT_EQ(0, rmdir(path));
}

/* ---- the mark ---- */

static void take_mark_away(const struct tenant *t)
{
	int program = bpf_obj_get(SN_LINKS_DIR "/" SN_MARK_PIN), cgroup = open_cgroup(t->cgroup);

	if (program < 0 || bpf_prog_detach2(program, cgroup, BPF_CGROUP_INET_EGRESS))
		GIVE_UP("cannot take the mark away: %s", strerror(errno));
	close(program);
	close(cgroup);
}

/* Only root can; then status says so, and the next load marks it again. */
TEST(a_mark_that_is_taken_away_is_noticed_and_put_back)
{
	EXPECT_EQ(0, system("safenode-status >/dev/null"));
	take_mark_away(t1);
	EXPECT_EQ(4, WEXITSTATUS(system("safenode-status 2>&1 | grep -q 'missing for t1' &&"
					" safenode-status >/dev/null 2>&1")));
	EXPECT_EQ(0, inside(t1, "open", "/etc"));
	EXPECT_EQ(0, system("safenode-load"));
	EXPECT_EQ(0, system("safenode-status >/dev/null"));
	expect_confined(t1);
}

TEST(no_tenant_is_started_in_another_tenants_cgroup)
{
	take_mark_away(t1); /* otherwise nothing can be started there at all */
	join(t1->cgroup);
	EXPECT_TRUE(attach_says("--delegated", "is the cgroup of tenant 't1'"));
	join(unit);
	EXPECT_EQ(0, system("safenode-load"));
	expect_confined(t1);
}

/* ---- names ---- */

TEST(a_name_is_that_of_one_tenant_wherever_it_is)
{
	struct tenant *t = tenant_start("t10", NULL);
	char path[PATH_MAX + 64];

	EXPECT_TRUE(attach_says("--delegated", "tenant 't10' is running, in"));
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	EXPECT_EQ(0, system("safenode-attach --cgroup t10 --dir /srv/t10 --safe-mode --delegated"));
	EXPECT_EQ(-1, access(t->cgroup, F_OK));
	snprintf(path, sizeof(path), "%s/t10", unit);
	EXPECT_EQ(0, access(path, F_OK));
	EXPECT_EQ(0, system("safenode-detach --cgroup t10"));
	EXPECT_EQ(-1, access(path, F_OK));
	t->owner = 0;
}

/* As systemd does it with a unit that ends. */
TEST(a_policy_whose_cgroup_is_gone_is_swept)
{
	char path[PATH_MAX + 64];
	int map = open_map("policies"), cgroups = open_map("cgroups");
	struct sn_slot slot;
	__u64 id;

	EXPECT_EQ(0, system("safenode-attach --cgroup t10 --dir /srv/t10 --safe-mode --delegated"));
	snprintf(path, sizeof(path), "%s/t10", unit);
	if (sn_cgroup_id(path, &id, NULL) || rmdir(path))
		GIVE_UP("%s: %s", path, strerror(errno));
	EXPECT_EQ(0, bpf_map_lookup_elem(map, &id, &slot));
	EXPECT_EQ(0, system("safenode-attach --cgroup t2 --dir /srv/t2 --safe-mode --delegated"));
	EXPECT_EQ(-ENOENT, bpf_map_lookup_elem(map, &id, &slot));
	EXPECT_EQ(-ENOENT, bpf_map_lookup_elem(cgroups, &id, &(struct sn_cgroup){}));
	EXPECT_EQ(0, system("safenode-detach --cgroup t2"));
}
