// SPDX-License-Identifier: GPL-2.0-only
/* What a tenant can use up, and that a refusal never depends on what is left. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <bpf/bpf.h>

#include "events.h"
#include "net_probes.h"

#define LISTED	 10002
#define UNLISTED 10003

static struct tenant *loud[3], *quiet;

SETUP()
{
	static const char *const dirs[] = { "/srv/t1", "/srv/t10", "/srv/t1-evil" };
	static const char *const names[] = { "t1", "loud2", "loud3" };

	for (int i = 0; i < 3; i++)
		loud[i] = tenant_start(names[i], "--dir", dirs[i],
				       "--restricted-outgoing-addresses", "127.0.0.1", NULL);
	/* more ports than a policy itself holds */
	quiet = tenant_start("t2", "--restricted-outgoing-addresses", "127.0.0.1",
			     "--allowed-outgoing-ports", "2,4,6,8,10,12,14,16,10002", NULL);
}

/* ---- acts that are refused, each in its own way ---- */

/* What they use, made beforehand so that they need nothing new. */
static int udp = -1, file = -1;

static bool prepare(void)
{
	if (udp >= 0 && file >= 0)
		return true;
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	file = open("prepared", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return udp >= 0 && file >= 0 && !ftruncate(file, 4096);
}

static long to_port(bool sending, uint16_t port)
{
	struct dest to;

	read_dest("127.0.0.1", port, &to);
	return sending ? by_sendto(udp, &to) : by_connect(udp, &to);
}

static long do_connect(void)
{
	return to_port(false, UNLISTED);
}

static long do_send(void)
{
	return to_port(true, UNLISTED);
}

static long do_socket(void)
{
	/* a stream in a thread is what glibc asks nscd by, and counted apart */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? fd : close(fd);
}

static long do_stat(void)
{
	struct stat st;

	return stat("/etc/passwd", &st);
}

static long do_access(void)
{
	return access("/etc/passwd", R_OK);
}

static long do_mkdir(void)
{
	return mkdir("/tmp/made", 0700) ?: rmdir("/tmp/made");
}

static long do_chdir(void)
{
	return chdir("/");
}

static long do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid < 0 ? pid : waitpid(pid, NULL, 0);
}

static long do_setuid(void)
{
	return setuid(getuid());
}

static long do_shmget(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	return id < 0 ? id : shmctl(id, IPC_RMID, NULL);
}

static long do_mmap(void)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);

	return code == MAP_FAILED ? -1 : munmap(code, 4096);
}

static const struct act {
	const char *name;
	enum sn_op op;
	enum sn_why why;
	int error;
	long (*go)(void);
} acts[] = {
	{ "connect", SN_OP_NET_CONNECT, SN_NOT_LISTED, EPERM, do_connect },
	{ "send", SN_OP_NET_SEND, SN_NOT_LISTED, EPERM, do_send },
	{ "socket", SN_OP_NET_SOCKET, SN_FAMILY, EPERM, do_socket },
	{ "stat", SN_OP_FS_STAT, SN_OUTSIDE, ENOENT, do_stat },
	{ "access", SN_OP_FS_ACCESS, SN_OUTSIDE, ENOENT, do_access },
	{ "mkdir", SN_OP_FS_LOOKUP, SN_OUTSIDE, ENOENT, do_mkdir },
	{ "chdir", SN_OP_FS_CHDIR, SN_NEVER, EPERM, do_chdir },
	{ "fork", SN_OP_TASK_FORK, SN_NEVER, EACCES, do_fork },
	{ "setuid", SN_OP_TASK_SETID, SN_NEVER, EPERM, do_setuid },
	{ "shmget", SN_OP_GUARD_IPC, SN_NEVER, EPERM, do_shmget },
	{ "mmap", SN_OP_CODE_MMAP, SN_NOT_RUNTIME, EPERM, do_mmap },
};
#define NR_ACTS (sizeof(acts) / sizeof(*acts))

static const struct act *find_act(const char *name)
{
	for (size_t i = 0; i < NR_ACTS; i++)
		if (!strcmp(acts[i].name, name))
			return &acts[i];
	return NULL;
}

PROBE(act)
{
	const struct act *act = find_act(arg);

	return act && prepare() ? answer(act->go()) : could_not_try("preparing '%s'", arg);
}

/* What a tenant may: its directory, a file in it, a listed port, memory. */
PROBE(ordinary)
{
	void *memory;

	if (!prepare())
		return could_not_try("preparing");
	if (pwrite(file, "hello", 5, 0) != 5 || access(".", R_OK | W_OK) ||
	    to_port(true, LISTED) != 5)
		return answer(-1);
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? answer(-1) : answer(munmap(memory, 4096));
}

/* ---- asking without emptying the ring, as inside() does ---- */

static void ask(struct tenant *t, const char *probe, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void ask(struct tenant *t, const char *probe, const char *fmt, ...)
{
	char text[256];
	size_t size = strlen(probe) + 1;
	va_list args;

	memcpy(text, probe, size);
	va_start(args, fmt);
	size += vsnprintf(text + size, sizeof(text) - size, fmt, args) + 1;
	va_end(args);
	if (write(t->to, text, size) != (ssize_t)size)
		GIVE_UP("tenant %s ended", t->name);
}

static bool has_answered(struct tenant *t)
{
	struct pollfd readable = { .fd = t->from, .events = POLLIN };

	return poll(&readable, 1, 0) == 1;
}

static long answer_of(struct tenant *t)
{
	long result;

	if (read(t->from, &result, sizeof(result)) != sizeof(result) || result == COULD_NOT_TRY)
		GIVE_UP("tenant %s ended or could not try", t->name);
	return result;
}

static long ask_act(struct tenant *t, const struct act *act)
{
	ask(t, "act", "%s", act->name);
	return answer_of(t);
}

/* What was refused to @t, or to processes without a policy if that is NULL, since @before. */
static __u64 all_denied(const struct tenant *t, const struct sn_counters *before)
{
	struct sn_counters now = tenant_counters(t ?: &(struct tenant){});
	__u64 sum = 0;

	for (int op = 0; op < SN_OP_NR; op++)
		sum += now.denied[op] - before->denied[op];
	return sum;
}

/* ---- the ring ---- */

/* What came from a tenant; a port's number tells which event is meant. */
static struct tally {
	__u64 id, events;
	uint16_t last_port;
} tallies[8];

static struct tally *tally_of(__u64 id)
{
	struct tally *tally = tallies;

	while (tally->id && tally->id != id)
		tally++;
	tally->id = id;
	return tally;
}

static int count_event(const struct sn_event *ev, void *data)
{
	struct tally *tally = tally_of(ev->cgroup_id);

	tally->events++;
	tally->last_port = ev->port;
	return 0;
}

static struct sn_events_reader *open_ring(void)
{
	struct sn_err err;
	struct sn_events_reader *ring = sn_events_open(open_map("events"), count_event, NULL, &err);

	if (!ring)
		GIVE_UP("cannot read the events");
	return ring;
}

static void drain(struct sn_events_reader *ring)
{
	while (sn_events_poll(ring, 0, NULL) > 0)
		;
}

/* Every refusal was told, or counted as not told. */
static void expect_no_event_vanished(const struct tenant *t, const struct sn_counters *before)
{
	struct sn_counters now = tenant_counters(t);

	EXPECT_EQ(all_denied(t, before), tally_of(t->id)->events + now.lost - before->lost +
						 now.suppressed - before->suppressed);
}

/* ---- floods ---- */

static const struct act *const flood_acts[] = { &acts[0], &acts[2], &acts[4], &acts[6] };

struct flood {
	pthread_t thread;
	long rounds, until_ms;
	long refused, otherwise;
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *run_flood(void *data)
{
	struct flood *flood = data;

	for (long i = 0; flood->until_ms ? now_ms() < flood->until_ms : i < flood->rounds; i++) {
		for (int j = 0; j < 4; j++) {
			bool refused = flood_acts[j]->go() < 0 && errno == flood_acts[j]->error;

			flood->refused += refused;
			flood->otherwise += !refused;
		}
	}
	return NULL;
}

/*
 * "THREADS ROUNDS MILLISECONDS": tries four acts in every round, until the rounds or the time are
 * over. How often all four together were refused; -1 if one of them was not.
 */
PROBE(flood)
{
	struct flood floods[8] = {};
	long threads, rounds, ms, refused = 0, otherwise = 0;

	if (sscanf(arg, "%ld %ld %ld", &threads, &rounds, &ms) != 3 || threads > 8 || !prepare())
		return could_not_try("cannot understand %s", arg);
	for (int i = 0; i < threads; i++) {
		floods[i].rounds = rounds;
		floods[i].until_ms = ms ? now_ms() + ms : 0;
		if (pthread_create(&floods[i].thread, NULL, run_flood, &floods[i]))
			return could_not_try("starting a thread");
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(floods[i].thread, NULL);
		refused += floods[i].refused;
		otherwise += floods[i].otherwise;
	}
	return otherwise && refused ? -1 : refused / 4;
}

static void expect_flood_counted(const struct tenant *t, const struct sn_counters *before,
				 long rounds)
{
	struct sn_counters now = tenant_counters(t);

	for (int i = 0; i < 4; i++) {
		enum sn_op op = flood_acts[i]->op;

		EXPECT_EQ(rounds, now.denied[op] - before->denied[op]);
	}
	EXPECT_EQ(4 * rounds, all_denied(t, before));
}

/* What safenode-status says about @t: how many events "found the ring full". */
static long told_as_lost(const struct tenant *t)
{
	char command[sizeof("safenode-status ") + SN_TENANT_MAX], line[256];
	long lost = 0, n;
	FILE *status;

	snprintf(command, sizeof(command), "safenode-status %s", t->name);
	status = popen(command, "r");
	while (status && fgets(line, sizeof(line), status))
		if (strstr(line, "found the ring full") &&
		    sscanf(line, " not reported %ld", &n) == 1)
			lost = n;
	if (!status || pclose(status))
		GIVE_UP("safenode-status failed");
	return lost;
}

/* Without a reader, three tenants at their rate put more on the ring in this time than it holds. */
static void fill_ring(void)
{
	struct sn_counters before[3];
	bool full = false;

	for (int i = 0; i < 3; i++) {
		before[i] = tenant_counters(loud[i]);
		ask(loud[i], "flood", "1 0 3200");
	}
	for (int i = 0; i < 3; i++) {
		long rounds = answer_of(loud[i]);

		EXPECT_TRUE(rounds > 100);
		expect_flood_counted(loud[i], &before[i], rounds);
		full |= tenant_counters(loud[i]).lost != before[i].lost;
	}
	if (!full)
		GIVE_UP("the ring is not full");
}

TEST(a_full_ring_changes_no_answer_and_every_event_that_it_lacks_is_counted)
{
	struct sn_events_reader *ring = open_ring();
	struct sn_counters first[4], before, now;

	drain(ring);
	memset(tallies, 0, sizeof(tallies));
	for (int i = 0; i < 4; i++)
		first[i] = tenant_counters(i < 3 ? loud[i] : quiet);
	fill_ring();
	for (size_t i = 0; i < NR_ACTS; i++) {
		before = tenant_counters(quiet);
		EXPECT_EQ(-acts[i].error, ask_act(quiet, &acts[i]));
		now = tenant_counters(quiet);
		EXPECT_EQ(1, now.denied[acts[i].op] - before.denied[acts[i].op]);
		EXPECT_EQ(1, now.lost - before.lost);
	}
	ask(quiet, "ordinary", "%s", "");
	EXPECT_EQ(0, answer_of(quiet));
	EXPECT_EQ(now.lost, told_as_lost(quiet));

	drain(ring);
	for (int i = 0; i < 4; i++)
		expect_no_event_vanished(i < 3 ? loud[i] : quiet, &first[i]);
	EXPECT_EQ(0, tally_of(quiet->id)->events);
	/* and once a reader has emptied it, it goes on */
	EXPECT_EQ(-EPERM, ask_act(quiet, &acts[0]));
	drain(ring);
	EXPECT_EQ(1, tally_of(quiet->id)->events);
	for (size_t i = 0; i < NR_ACTS; i++)
		EXPECT_EQ(0, outside("act", "%s", acts[i].name) < 0);
	EXPECT_EQ(0, outside("flood", "1 10 0"));
}

/* "PORT" */
PROBE(refused_port)
{
	return prepare() ? answer(to_port(false, atoi(arg))) : could_not_try("preparing");
}

/* One refusal, and the time until its event is there. */
static long ms_until_told(struct sn_events_reader *ring, struct tenant *t, uint16_t port)
{
	long start = now_ms();

	ask(t, "refused_port", "%d", port);
	EXPECT_EQ(-EPERM, answer_of(t));
	while (tally_of(t->id)->last_port != port && now_ms() - start < 5000)
		sn_events_poll(ring, 10, NULL);
	return now_ms() - start;
}

/* 4 threads of 6500 rounds with 4 refusals: 104 000. */
TEST(a_flood_of_refusals_is_counted_exactly_and_hides_no_other_tenants_refusal)
{
	struct sn_events_reader *ring = open_ring();
	struct sn_counters before[2] = { tenant_counters(loud[0]), tenant_counters(quiet) };
	long start = now_ms(), slowest = 0, told = 0, seconds;

	drain(ring);
	memset(tallies, 0, sizeof(tallies));
	ask(loud[0], "flood", "4 6500 0");
	while (!has_answered(loud[0])) {
		long ms = ms_until_told(ring, quiet, 30000 + told);

		slowest = ms > slowest ? ms : slowest;
		told++;
		usleep(50000);
	}
	seconds = (now_ms() - start) / 1000;
	EXPECT_EQ(26000, answer_of(loud[0]));
	expect_flood_counted(loud[0], &before[0], 26000);
	drain(ring);
	expect_no_event_vanished(loud[0], &before[0]);
	expect_no_event_vanished(quiet, &before[1]);
	EXPECT_EQ(told, tally_of(quiet->id)->events);
	EXPECT_TRUE(told >= 3);
	EXPECT_TRUE(slowest < 1000);
	/* no more of it than in that many seconds, the first and the last cut */
	EXPECT_TRUE(tally_of(loud[0]->id)->events <= (__u64)(seconds + 2) * (SN_EVENTS_RATE + 4));
	EXPECT_EQ(0, outside("flood", "4 100 0"));
}

/* ---- maps ---- */

static const char *const map_names[] = { "policies",	"counters", "addresses", "ports",
					 "directories", "names",    "lists" };
#define NR_MAPS (sizeof(map_names) / sizeof(*map_names))

static long entries(const char *name)
{
	char key[256], next[256];
	int fd = open_map(name);
	long n = 0;

	for (void *at = NULL; !bpf_map_get_next_key(fd, at, next); at = key, n++)
		memcpy(key, next, sizeof(key));
	close(fd);
	return n;
}

static void *idle(void *data)
{
	return data;
}

/* As many different objects as there are rounds: names, addresses, ports, sockets, threads. */
PROBE(wander)
{
	char name[64];
	pthread_t thread;
	struct dest to;

	if (!prepare())
		return could_not_try("preparing");
	for (int i = 1; i <= atoi(arg); i++) {
		snprintf(name, sizeof(name), "10.%d.%d.1", i / 256, i % 256);
		read_dest(name, i, &to);
		by_connect(udp, &to);
		to_port(true, 20000 + i);
		close(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
		snprintf(name, sizeof(name), "made-%d", i);
		if (mkdir(name, 0700))
			return could_not_try("mkdir");
		access(name, R_OK);
		rmdir(name);
		snprintf(name, sizeof(name), "/etc/guessed-%d", i);
		access(name, R_OK);
		kill(100 + i, 0);
		if (pthread_create(&thread, NULL, idle, NULL))
			return could_not_try("a thread");
		pthread_join(thread, NULL);
	}
	return 0;
}

TEST(nothing_that_a_tenant_does_makes_an_entry_in_a_map)
{
	long before[NR_MAPS];

	for (size_t i = 0; i < NR_MAPS; i++) {
		before[i] = entries(map_names[i]);
		EXPECT_TRUE(before[i] > 0);
	}
	EXPECT_EQ(4, before[0]); /* policies */
	EXPECT_EQ(0, inside(loud[0], "wander", "500"));
	for (size_t i = 0; i < NR_MAPS; i++)
		EXPECT_EQ(before[i], entries(map_names[i]));
}

static void expect_acts_refused(struct tenant *t)
{
	for (size_t i = 0; i < NR_ACTS; i++)
		EXPECT_EQ(-acts[i].error, ask_act(t, &acts[i]));
}

/* As after an attach that found the map full and was not undone. */
TEST(a_tenant_whose_policy_is_missing_is_refused_everything)
{
	struct sn_counters before = tenant_counters(&(struct tenant){});
	struct sn_homes_set there = homes_of(quiet->id), none = {};
	int map = open_map("policies");
	struct sn_slot slot;

	ask(loud[0], "ordinary", "%s", "");
	EXPECT_EQ(-EPERM, answer_of(loud[0])); /* no listed port */
	ask(quiet, "ordinary", "%s", "");
	EXPECT_EQ(0, answer_of(quiet));
	put_homes_of(quiet->id, &none);
	if (bpf_map_lookup_elem(map, &quiet->id, &slot) || bpf_map_delete_elem(map, &quiet->id))
		GIVE_UP("cannot take the policy away");
	expect_acts_refused(quiet);
	EXPECT_EQ(NR_ACTS, all_denied(NULL, &before));
	ask(quiet, "ordinary", "%s", "");
	EXPECT_EQ(-ENOENT, answer_of(quiet)); /* its own directory */
	ask(quiet, "refused_port", "%d", LISTED);
	EXPECT_EQ(-EPERM, answer_of(quiet));
	if (bpf_map_update_elem(map, &quiet->id, &slot, BPF_NOEXIST))
		GIVE_UP("cannot put the policy back");
	put_homes_of(quiet->id, &there);
	ask(quiet, "ordinary", "%s", "");
	EXPECT_EQ(0, answer_of(quiet));
	close(map);
}

TEST(a_tenant_whose_counters_are_missing_is_refused_the_same)
{
	struct sn_counters counters;
	int map = open_map("counters");

	if (bpf_map_lookup_elem(map, &quiet->id, &counters) || bpf_map_delete_elem(map, &quiet->id))
		GIVE_UP("cannot take the counters away");
	expect_acts_refused(quiet);
	ask(quiet, "ordinary", "%s", "");
	EXPECT_EQ(0, answer_of(quiet));
	if (bpf_map_update_elem(map, &quiet->id, &counters, BPF_NOEXIST))
		GIVE_UP("cannot put the counters back");
	EXPECT_EQ(-EPERM, ask_act(quiet, &acts[0]));
	EXPECT_EQ(counters.denied[SN_OP_NET_CONNECT] + 1,
		  tenant_counters(quiet).denied[SN_OP_NET_CONNECT]);
	close(map);
}

/* ---- descriptors, threads and memory ---- */

/* "LIMIT NAME": the act when there is no descriptor or no memory left, by number of the limit. */
PROBE(act_at_limit)
{
	char name[32];
	int limit;
	struct rlimit before, none;
	const struct act *act;
	long result;

	if (sscanf(arg, "%d %31s", &limit, name) != 2 || !(act = find_act(name)) || !prepare() ||
	    getrlimit(limit, &before))
		return could_not_try("cannot understand %s", arg);
	none = (struct rlimit){ 0, before.rlim_max };
	if (setrlimit(limit, &none))
		return could_not_try("setting the limit");
	if (limit == RLIMIT_NOFILE
		    ? dup(0) >= 0 || errno != EMFILE
		    : mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return could_not_try("the limit is not in force");
	result = answer(act->go());
	setrlimit(limit, &before);
	return result;
}

/* Some of the acts need a descriptor or memory, when nothing else stops them. */
static void expect_refused_at_limit(int limit, int exhausted)
{
	for (size_t i = 0; i < NR_ACTS; i++) {
		long got = inside(loud[0], "act_at_limit", "%d %s", limit, acts[i].name);

		EXPECT_EQ(-acts[i].error, got);
		EXPECT_EVENT(loud[0], acts[i].op, acts[i].why);
		got = outside("act_at_limit", "%d %s", limit, acts[i].name);
		EXPECT_TRUE(got >= 0 || got == -exhausted);
	}
}

TEST(without_a_free_descriptor_every_answer_is_the_same)
{
	expect_refused_at_limit(RLIMIT_NOFILE, EMFILE);
}

TEST(without_address_space_every_answer_is_the_same)
{
	expect_refused_at_limit(RLIMIT_AS, ENOMEM);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_at_gate(void *data)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return data;
}

PROBE(ordinary_thread)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, wait_at_gate, NULL);

	return error ? -error : pthread_join(thread, NULL);
}

/* "NAME": the act when there is no thread left; at most 63 are there. */
PROBE(act_without_threads)
{
	const struct act *act = find_act(arg);
	pthread_t threads[64];
	int n = 0, error = 0;
	long result;

	if (!act || !prepare())
		return could_not_try("cannot understand %s", arg);
	pthread_mutex_lock(&gate);
	while (n < 64 && !(error = pthread_create(&threads[n], NULL, wait_at_gate, NULL)))
		n++;
	result = error == EAGAIN ? answer(act->go()) : COULD_NOT_TRY;
	pthread_mutex_unlock(&gate);
	while (n)
		pthread_join(threads[--n], NULL);
	return result;
}

TEST(without_a_free_thread_every_answer_is_the_same)
{
	struct tenant *t = tenant_start("few", "--dir", "/srv/t10", "--pids-max", "5",
					"--restricted-outgoing-addresses", "127.0.0.1", NULL);

	for (size_t i = 0; i < NR_ACTS; i++) {
		EXPECT_EQ(-acts[i].error, inside(t, "act_without_threads", "%s", acts[i].name));
		EXPECT_EVENT(t, acts[i].op, acts[i].why);
	}
	EXPECT_EQ(0, inside(t, "ordinary_thread", "%s", ""));
}

static void *try_for_ever(void *data)
{
	for (;;) {
		for (size_t i = 0; i < NR_ACTS; i++)
			if (acts[i].go() >= 0 && write(1, acts[i].name, 1) != 1)
				_exit(1);
	}
	return data;
}

/* Takes memory until the kernel ends the process; what was granted meanwhile is written to 1. */
PROBE(starve)
{
	pthread_t thread;

	if (!prepare() || pthread_create(&thread, NULL, try_for_ever, NULL))
		return could_not_try("preparing");
	for (;;) {
		char *memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return could_not_try("mmap");
		memset(memory, 1, 65536);
		for (size_t i = 0; i < NR_ACTS; i++)
			if (acts[i].go() >= 0 && write(1, acts[i].name, 1) != 1)
				return could_not_try("telling");
	}
}

static long oom_kills(const struct tenant *t)
{
	char path[PATH_MAX + 32], line[64];
	long n = -1;
	FILE *events;

	snprintf(path, sizeof(path), "%s/memory.events", t->cgroup);
	events = fopen(path, "r");
	while (events && fgets(line, sizeof(line), events))
		sscanf(line, "oom_kill %ld", &n);
	if (events)
		fclose(events);
	return n;
}

TEST(a_tenant_that_runs_out_of_memory_is_refused_until_it_is_killed)
{
	struct tenant *t = tenant_start("poor", "--dir", "/srv/t10", "--memory-max", "8M",
					"--restricted-outgoing-addresses", "127.0.0.1", NULL);
	struct sn_counters now;
	char granted[64];

	ask(t, "starve", "%s", "");
	EXPECT_EQ(0, read(t->from, granted, sizeof(granted)));
	EXPECT_TRUE(oom_kills(t) > 0);
	now = tenant_counters(t);
	for (size_t i = 0; i < NR_ACTS; i++)
		EXPECT_TRUE(now.denied[acts[i].op] > 50);
}
