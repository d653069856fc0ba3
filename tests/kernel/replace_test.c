// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that is replaced again and again while its tenant acts: every act is judged by the one
 * or the other, whole, and once it is replaced by the new one alone.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "compile.h"
#include "enforcer.h"
#include "fs_places.h"
#include "identify.h"
#include "rounds.h"
#include "runtime.h"

#define SWITCHES sn_test_rounds(2000)
#define FILLERS	 ",1001,1003,1005,1007,1009,1011,1013,1015" /* so that "ports" is asked */

/* What both sides know, in a file in the tenant's directory. */
struct shared {
	_Atomic unsigned long turn; /* odd while it is being replaced; twice the version */
	_Atomic bool stop;
	_Atomic unsigned long judged[2], refused_connects;
};

static struct shared *map_shared(const char *path, int flags)
{
	int fd = open(path, flags | O_RDWR | O_CLOEXEC, 0666);
	void *at = MAP_FAILED;

	if (fd >= 0 && (!(flags & O_CREAT) || !ftruncate(fd, sizeof(struct shared))))
		at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

/* ---- the tenant ---- */

static long replace_open(const char *path)
{
	return rounds_closed(open(path, O_RDWR | O_CLOEXEC));
}

static long replace_rename(const char *unused)
{
	return answer(rename("/srv/rwa/f", "/srv/rwb/f"));
}

static long replace_link(const char *unused)
{
	return answer(link("/srv/rwb/f", "/srv/rwa/f2"));
}

/* What each policy says. Where both say the same, a mixture of them says something else. */
static const struct {
	long (*act)(const char *arg);
	const char *arg;
	int refused[2]; /* 0: allowed */
} replace_acts[] = {
	{ rounds_connect, "10.9.1.1 9090", { EPERM, 0 } },
	{ rounds_connect, "10.9.2.1 8080", { 0, EPERM } },
	{ rounds_connect, "10.9.1.1 8080", { 0, 0 } },
	{ rounds_connect, "10.9.2.1 9090", { 0, 0 } },
	{ rounds_connect, "10.9.0.1 22", { EPERM, EPERM } },
	{ replace_open, "/srv/rwa/f", { 0, EACCES } },
	{ replace_open, "/srv/rwb/f", { EACCES, 0 } },
	{ replace_rename, NULL, { EACCES, EACCES } },
	{ replace_link, NULL, { EACCES, EACCES } },
	{ rounds_open, "own", { 0, 0 } },
	{ rounds_open, "/etc/nsswitch.conf", { 0, 0 } },
	{ rounds_open, "/etc/passwd", { ENOENT, ENOENT } },
	{ rounds_socket, NULL, { EPERM, EPERM } },
};
#define NR_REPLACE_ACTS (sizeof(replace_acts) / sizeof(*replace_acts))

static bool answered_rightly(struct shared *shared, size_t i)
{
	const int *refused = replace_acts[i].refused;
	unsigned long before = shared->turn, after;
	long got = replace_acts[i].act(replace_acts[i].arg);
	bool first, second;

	after = shared->turn;
	first = got == -refused[0];
	second = got == -refused[1];
	if (got == -EPERM && replace_acts[i].act == rounds_connect)
		shared->refused_connects++;
	if (before == after && !(before & 1)) {
		int version = before / 2 % 2;

		shared->judged[version]++;
		first = first && version == 0;
		second = second && version == 1;
	}
	if (!first && !second)
		dprintf(2, "# number %zu with %s, turns %lu to %lu: got %ld\n", i,
			replace_acts[i].arg, before, after, got);
	return first || second;
}

/* Until it is told to stop. How many acts; less than 0: so many answers were wrong. */
PROBE(act_under_replacement)
{
	struct shared *shared = map_shared("shared", 0);
	long acts = 0, wrong = 0;

	if (!shared)
		return could_not_try("mapping");
	for (; !shared->stop && wrong < 5; acts++)
		wrong += !answered_rightly(shared, acts % NR_REPLACE_ACTS);
	return wrong ? -wrong : acts;
}

/* ---- the policies ---- */

static struct sn_rules baseline;

/* As attach compiles them, but for the rules of its cgroup and descriptors. */
static struct sn_compiled compile_for(const struct tenant *t, const char *addresses,
				      const char *ports, const char *writable, const char *readable)
{
	__u32 look = SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ;
	__u32 all = look | SN_MAY_WRITE | SN_MAY_CHANGE;
	struct sn_options options = { .tenant = (char *)t->name, .safe_mode = true };
	struct sn_rules own = {};
	struct sn_source source = { .options = &options, .cgroup_id = t->id };
	struct sn_compiled compiled;
	struct sn_err err = {};
	char real[PATH_MAX];
	int dir = sn_rules_reach_directory(&own, "/srv/t1", real, &err);

	source.directory = real;
	source.own = &own;
	source.baseline = &baseline;
	if (dir < 0 || sn_identify_fd(dir, &source.dir, &err) ||
	    sn_rules_add(&own, writable, all, all, &err) ||
	    sn_rules_add(&own, readable, look, look, &err) ||
	    (*addresses && (sn_addresses_add(&options.restricted, addresses, &err) ||
			    sn_ports_add(&options.outgoing, ports, &err))) ||
	    sn_compile(&source, &compiled, &err))
		GIVE_UP("%s", err.text);
	close(dir);
	sn_rules_free(&own);
	sn_addresses_free(&options.restricted);
	free(options.outgoing.ranges);
	return compiled;
}

/* Its policy permits what neither of the two does, and its memory may be theirs the next moment. */
static void neighbour_comes_and_goes(const struct sn_store *store)
{
	struct tenant nobody = { .name = "neighbour", .id = 1ULL << 40 };
	struct sn_compiled compiled = compile_for(&nobody, "", "", "/srv", "/etc");
	struct sn_err err;

	if (sn_store_put(store, &compiled, NULL, &err) ||
	    sn_store_remove_tenant(store, nobody.name, &err) != 1)
		GIVE_UP("%s", err.text);
	sn_compiled_free(&compiled);
}

static void replace(const struct sn_store *store, struct shared *shared,
		    const struct sn_compiled *compiled)
{
	struct sn_err err;

	shared->turn++;
	if (sn_store_replace(store, compiled, &err))
		GIVE_UP("%s", err.text);
	shared->turn++;
}

static long count_rules(const struct sn_store *store)
{
	const int maps[] = { store->addresses, store->ports, store->directories, store->names,
			     store->lists };
	char key[sizeof(struct sn_name_key)];
	long nr = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		for (void *at = NULL; !bpf_map_get_next_key(maps[i], at, key); at = key)
			nr++;
	return nr;
}

static void prepare_places(void)
{
	put_dir("/srv/rwa");
	put_dir("/srv/rwb");
	put_file("/srv/rwa/f");
	put_file("/srv/rwb/f");
	put_file("/srv/t1/own");
	unlink("/srv/rwa/f2");
	if (system("ip address replace 10.9.0.1/32 dev lo; ip address replace 10.9.1.1/32 dev lo; "
		   "ip address replace 10.9.2.1/32 dev lo"))
		GIVE_UP("ip failed");
}

static void begin(struct tenant *t)
{
	static const char request[] = "act_under_replacement\0";

	if (write(t->to, request, sizeof(request)) != sizeof(request))
		GIVE_UP("tenant %s is gone", t->name);
}

TEST(while_its_policy_is_replaced_a_tenant_is_judged_by_the_one_or_the_other)
{
	struct tenant *t = tenant_start("t1", NULL);
	struct sn_counters stray = tenant_counters(&(struct tenant){});
	struct sn_compiled policies[2];
	struct sn_counters before;
	struct shared *shared;
	struct sn_enforcer enforcer;
	const struct sn_store *store = &enforcer.store;
	char self[PATH_MAX] = "";
	struct sn_err err;
	long acts, rules;

	prepare_places();
	shared = map_shared("/srv/t1/shared", O_CREAT);
	if (!shared || chmod("/srv/t1/shared", 0666))
		GIVE_UP("mapping: %s", strerror(errno));
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    sn_runtime_baseline(&baseline, self, &err) || sn_enforcer_open(&enforcer, &err) ||
	    sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, &err))
		GIVE_UP("%s", err.text);
	policies[0] =
		compile_for(t, "10.9.0.0/24,10.9.1.0/24", "8080" FILLERS, "/srv/rwa", "/srv/rwb");
	policies[1] =
		compile_for(t, "10.9.0.0/24,10.9.2.0/24", "9090" FILLERS, "/srv/rwb", "/srv/rwa");
	replace(store, shared, &policies[1]);
	replace(store, shared, &policies[0]);
	rules = count_rules(store);
	before = tenant_counters(t);
	shared->turn = 0;
	begin(t);
	for (int i = 1; i <= SWITCHES && !rounds_are_done(t); i++) {
		replace(store, shared, &policies[i % 2]);
		if (i % 7 == 0)
			neighbour_comes_and_goes(store);
	}
	shared->stop = true;
	acts = rounds_end(t);
	printf("# %ld acts, %lu and %lu of them under one policy from the beginning to the end\n",
	       acts, shared->judged[0], shared->judged[1]);
	EXPECT_TRUE(acts > SWITCHES);
	EXPECT_TRUE((long)shared->judged[0] > SWITCHES / 10);
	EXPECT_TRUE((long)shared->judged[1] > SWITCHES / 10);
	EXPECT_EQ(shared->refused_connects,
		  tenant_counters(t).denied[SN_OP_NET_CONNECT] - before.denied[SN_OP_NET_CONNECT]);
	before = tenant_counters(&(struct tenant){});
	EXPECT_EQ(0, memcmp(before.denied, stray.denied, sizeof(stray.denied)));
	EXPECT_EQ(rules, count_rules(store));
	sn_compiled_free(&policies[0]);
	sn_compiled_free(&policies[1]);
	sn_enforcer_close(&enforcer);
}

/* ---- with the tool ---- */

#define TOOL_SWITCHES sn_test_rounds(40)

/* The two policies, as options of safenode-attach. */
static const char *const tool_options[2][10] = {
	{ "--restricted-outgoing-addresses", "10.9.0.0/24,10.9.1.0/24", "--allowed-outgoing-ports",
	  "8080" FILLERS, "--read-write", "/srv/rwa", "--read-only", "/srv/rwb", "--pids-max",
	  "60" },
	{ "--restricted-outgoing-addresses", "10.9.0.0/24,10.9.2.0/24", "--allowed-outgoing-ports",
	  "9090" FILLERS, "--read-write", "/srv/rwb", "--read-only", "/srv/rwa", "--pids-max",
	  "70" },
};

/* Runs safenode-attach --replace for "t1"; it has to succeed. */
static void replace_by_tool(const char *const options[10])
{
	char command[1024] = "safenode-attach --replace --cgroup t1 --dir /srv/t1 --safe-mode";

	for (int i = 0; i < 10 && options[i]; i++)
		sprintf(command + strlen(command), " %s", options[i]);
	strcat(command, " >/dev/null");
	if (system(command))
		GIVE_UP("%s failed", command);
}

/* Until the tenant has acted under that version, from the beginning of an act to its end. */
static void let_act(struct tenant *t, struct shared *shared, int version)
{
	unsigned long before = shared->judged[version];

	for (int i = 0; i < 1000 && shared->judged[version] < before + NR_REPLACE_ACTS; i++) {
		if (rounds_are_done(t))
			return;
		usleep(10000);
	}
}

static struct tenant *start_with(const char *const o[10])
{
	return tenant_start("t1", o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8], o[9], NULL);
}

TEST(when_the_tool_has_replaced_a_policy_no_act_is_judged_by_the_old_one)
{
	struct tenant *t;
	struct shared *shared;
	long acts;

	prepare_places();
	t = start_with(tool_options[0]);
	shared = map_shared("/srv/t1/shared", O_CREAT);
	if (!shared || chmod("/srv/t1/shared", 0666))
		GIVE_UP("mapping: %s", strerror(errno));
	begin(t);
	for (int i = 1; i <= TOOL_SWITCHES && !rounds_are_done(t); i++) {
		shared->turn++;
		replace_by_tool(tool_options[i % 2]);
		shared->turn++;
		let_act(t, shared, i % 2);
	}
	shared->stop = true;
	acts = rounds_end(t);
	printf("# %ld acts, %lu and %lu of them under one policy from the beginning to the end\n",
	       acts, shared->judged[0], shared->judged[1]);
	EXPECT_TRUE(acts > TOOL_SWITCHES);
	EXPECT_TRUE(shared->judged[0] > 10);
	EXPECT_TRUE(shared->judged[1] > 10);
}

/* ---- what is open ---- */

static int kept_tcp = -1, kept_udp = -1, kept_file = -1;

static struct sockaddr_in far_end(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = inet_addr("10.9.1.1") };
}

/* A connection, a connected datagram socket and a file, which stay open. */
PROBE(replace_open_all)
{
	struct sockaddr_in at = far_end(9090);

	kept_tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	kept_udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	kept_file = open("/srv/rwa/f", O_RDWR | O_CLOEXEC);
	if (kept_file < 0 || connect(kept_tcp, (void *)&at, sizeof(at)) ||
	    connect(kept_udp, (void *)&at, sizeof(at)))
		return -errno;
	return 0;
}

PROBE(replace_send_tcp)
{
	return answer(send(kept_tcp, "x", 1, 0));
}

PROBE(replace_send_udp)
{
	return answer(send(kept_udp, "x", 1, 0));
}

PROBE(replace_write_file)
{
	return answer(pwrite(kept_file, "x", 1, 0));
}

PROBE(replace_connect_again)
{
	struct sockaddr_in at = far_end(9090);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long result = answer(connect(fd, (void *)&at, sizeof(at)));

	close(fd);
	return result;
}

PROBE(replace_open_read)
{
	return rounds_open(arg);
}

PROBE(replace_read_link)
{
	char target[PATH_MAX];

	return answer(readlink(arg, target, sizeof(target)));
}

PROBE(replace_open_again)
{
	return rounds_closed(open("/srv/rwa/f", O_RDWR | O_CLOEXEC));
}

static int listen_there(void)
{
	struct sockaddr_in at = far_end(9090);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (void *)&at, sizeof(at)) || listen(fd, 8))
		GIVE_UP("cannot listen: %s", strerror(errno));
	return fd;
}

TEST(what_a_replaced_policy_granted_stays_open_and_is_not_opened_again)
{
	static const char *const open_to_all[10] = { "--read-write", "/srv/rwa" };
	struct tenant *t;
	struct sockaddr_in at = far_end(9090);
	int listener, peer, receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte = 0;

	prepare_places();
	listener = listen_there();
	/* without a receiver, the answer to one datagram would be the error of the next */
	if (bind(receiver, (void *)&at, sizeof(at)))
		GIVE_UP("cannot receive: %s", strerror(errno));
	t = tenant_start("t1", open_to_all[0], open_to_all[1], NULL);
	EXPECT_ALLOWED(t, "replace_open_all", "%s", "");
	EXPECT_ALLOWED(t, "replace_send_udp", "%s", "");
	EXPECT_ALLOWED(t, "replace_connect_again", "%s", "");
	EXPECT_ALLOWED(t, "replace_open_again", "%s", "");
	peer = accept(listener, NULL, NULL);
	replace_by_tool(tool_options[0]);
	EXPECT_ALLOWED(t, "replace_send_tcp", "%s", "");
	EXPECT_EQ(1, recv(peer, &byte, 1, 0));
	EXPECT_EQ('x', byte);
	EXPECT_EQ(-EPERM, inside(t, "replace_send_udp", "%s", ""));
	EXPECT_EVENT(t, SN_OP_NET_EGRESS, SN_NOT_LISTED);
	EXPECT_ALLOWED(t, "replace_write_file", "%s", "");
	EXPECT_ALLOWED(t, "replace_open_again", "%s", "");
	EXPECT_REFUSED(t, EPERM, SN_OP_NET_CONNECT, SN_NOT_LISTED, "replace_connect_again", "%s",
		       "");
	replace_by_tool(tool_options[1]);
	EXPECT_ALLOWED(t, "replace_write_file", "%s", "");
	EXPECT_REFUSED(t, EACCES, SN_OP_FS_OPEN_WRITE, SN_READ_ONLY, "replace_open_again", "%s",
		       "");
	EXPECT_ALLOWED(t, "replace_connect_again", "%s", "");
	close(receiver);
	close(peer);
	close(listener);
}

/* The path itself stays, so only the link can be what makes the difference. */
TEST(a_link_is_granted_as_long_as_the_policy_names_a_path_by_it)
{
	static const char *const by_link[10] = { "--read-only", "/srv/rwl" };
	static const char *const by_name[10] = { "--read-only", "/srv/rwa" };
	struct tenant *t;

	prepare_places();
	unlink("/srv/rwl");
	if (symlink("/srv/rwa", "/srv/rwl"))
		GIVE_UP("symlink: %s", strerror(errno));
	t = tenant_start("t1", by_link[0], by_link[1], NULL);
	EXPECT_ALLOWED(t, "replace_read_link", "/srv/rwl");
	EXPECT_ALLOWED(t, "replace_open_read", "/srv/rwl/f");
	replace_by_tool(by_name);
	EXPECT_REFUSED(t, ENOENT, SN_OP_FS_READLINK, SN_OUTSIDE, "replace_read_link", "/srv/rwl");
	EXPECT_ALLOWED(t, "replace_open_read", "/srv/rwa/f");
	replace_by_tool(by_link);
	EXPECT_ALLOWED(t, "replace_read_link", "/srv/rwl");
	unlink("/srv/rwl");
}
