// SPDX-License-Identifier: GPL-2.0-only
/* Probes outside and inside a tenant; the tests' main(). */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "cgroup.h"
#include "elsewhere.h"
#include "enforcer.h"
#include "events.h"
#include "logline.h"
#include "object.h"
#include "tenant.h"
#include "without.h"

#define TENANTS_MAX   64
#define ARG_MAX_BYTES 16384 /* room for several paths */

struct sn_test *sn_tests;
struct sn_test_result *sn_test_result;

static struct probe *probes;
static struct tenant tenants[TENANTS_MAX];
static int nr_tenants;
static char last_arg[ARG_MAX_BYTES];

/* What main() makes empty before every test, and whose it is. */
static const struct {
	const char *path, *user;
} directories[] = {
	{ "/srv/t1", "t1" },
	{ "/srv/t10", "t1" },
	{ "/srv/t1-evil", "t1" },
	{ "/srv/t2", "t2" },
};

/* ---- probes ---- */

void probe_add(struct probe *probe)
{
	probe->next = probes;
	probes = probe;
}

static const struct probe *probe_find(const char *name)
{
	const struct probe *probe = probes;

	while (probe && strcmp(probe->name, name))
		probe = probe->next;
	return probe;
}

long could_not_try(const char *fmt, ...)
{
	const char *error = strerror(errno);
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	dprintf(2, "# could not try: %s: %s\n", text, error);
	return COULD_NOT_TRY;
}

/* So that tenant_start() knows that the tenant is up. */
PROBE(ready)
{
	return *arg ? could_not_try("ready takes no argument") : 0;
}

/* ---- what is sent: a probe's name and its arg, each with its NUL; back comes a number ---- */

static bool read_string(int fd, char *to, size_t size)
{
	for (size_t used = 0; used < size; used++) {
		if (read(fd, to + used, 1) != 1)
			return false;
		if (!to[used])
			return true;
	}
	return false;
}

/* The tenant's program, until the test runner closes its end. */
static int serve(void)
{
	static char name[128], arg[ARG_MAX_BYTES];

	while (read_string(0, name, sizeof(name)) && read_string(0, arg, sizeof(arg))) {
		const struct probe *probe = probe_find(name);
		long result = probe ? probe->run(arg) : could_not_try("no probe '%s'", name);

		if (write(1, &result, sizeof(result)) != sizeof(result))
			return 1;
	}
	return 0;
}

/* Where do the tenants' threads stand? For a test whose time is up. */
static void show_where_they_are(int signal_number)
{
	for (int i = 0; i < nr_tenants; i++) {
		char where[32];

		snprintf(where, sizeof(where), "/proc/%d/task", tenants[i].pid);
		dprintf(2, "# %s:\n", tenants[i].name);
		if (chdir(where) || system("grep -h . */syscall */stack >&2"))
			dprintf(2, "# cannot look at %s: %s\n", where, strerror(errno));
	}
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static long ask(struct tenant *t, const char *probe, const char *arg)
{
	size_t name_size = strlen(probe) + 1, arg_size = strlen(arg) + 1;
	long result;

	if (write(t->to, probe, name_size) != (ssize_t)name_size ||
	    write(t->to, arg, arg_size) != (ssize_t)arg_size ||
	    read(t->from, &result, sizeof(result)) != sizeof(result))
		GIVE_UP("tenant %s ended or was never there (%s %s)", t->name, probe,
			sn_last_arg());
	return result;
}

/* ---- counters and events ---- */

int open_map(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), SN_PIN_DIR "/%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		GIVE_UP("cannot open %s: %s", path, strerror(errno));
	return fd;
}

struct sn_homes_set homes_of(__u64 cgroup_id)
{
	__u32 index = sn_homes_index(cgroup_id);
	struct sn_homes_set set;
	int map = open_map("homes");

	if (bpf_map_lookup_elem(map, &index, &set))
		GIVE_UP("cannot read homes: %s", strerror(errno));
	close(map);
	return set;
}

void put_homes_of(__u64 cgroup_id, const struct sn_homes_set *set)
{
	__u32 index = sn_homes_index(cgroup_id);
	int map = open_map("homes");

	if (bpf_map_update_elem(map, &index, set, BPF_ANY))
		GIVE_UP("cannot write homes: %s", strerror(errno));
	close(map);
}

struct sn_counters tenant_counters(const struct tenant *t)
{
	static int map = -1;
	struct sn_counters counters = {};

	if (map < 0)
		map = open_map("counters");
	if (bpf_map_lookup_elem(map, &t->id, &counters))
		GIVE_UP("tenant %s has no counters: %s", t->name, strerror(errno));
	return counters;
}

static int keep_event(const struct sn_event *ev, void *data)
{
	struct tenant **now = data, *t = *now;

	if (t && ev->cgroup_id == t->id && t->nr_seen < SEEN_MAX)
		t->seen[t->nr_seen++] = *ev;
	return 0;
}

/*
 * Takes what is on the ring; what is not @t's (NULL: of processes without a policy) is thrown away.
 * Each test is a process and opens the ring anew: the position in it is the kernel's, shared by
 * all.
 */
static void take_events(struct tenant *t, int wait_ms)
{
	static struct sn_events_reader *reader;
	static struct tenant *now;
	static pid_t opened_by;
	struct sn_err err;

	if (opened_by != getpid()) {
		reader = sn_events_open(open_map("events"), keep_event, &now, &err);
		opened_by = getpid();
	}
	if (!reader)
		GIVE_UP("%s", err.text);
	now = t;
	sn_events_poll(reader, wait_ms, NULL);
}

static const struct sn_event *find_event(const struct tenant *t, enum sn_op op, enum sn_why why)
{
	for (int i = 0; i < t->nr_seen; i++)
		if (t->seen[i].op == op && t->seen[i].why == why && t->seen[i].error == t->result)
			return &t->seen[i];
	return NULL;
}

static void show_what_happened(const struct tenant *t, const struct sn_counters *now)
{
	char line[SN_LOGLINE_MAX];

	for (int op = 0; op < SN_OP_NR; op++)
		if (now->denied[op] != t->before.denied[op])
			printf("#   counted: %s %llu\n", sn_op_name(op),
			       now->denied[op] - t->before.denied[op]);
	for (int i = 0; i < t->nr_seen; i++) {
		sn_logline(&t->seen[i], line, sizeof(line));
		printf("#   event: %s\n", line);
	}
}

/* The ring may be full or the tenant above its rate, which is counted; the counters are exact. */
void expect_event(const char *file, int line, struct tenant *t, enum sn_op op, enum sn_why why)
{
	struct sn_counters now = tenant_counters(t);
	bool unsent = now.lost != t->before.lost || now.suppressed != t->before.suppressed;
	const struct sn_event *ev = find_event(t, op, why);

	if (!ev && !unsent) {
		take_events(t, 500);
		ev = find_event(t, op, why);
		now = tenant_counters(t);
	}
	if (ev)
		t->event = *ev;
	if (ev && ev->known && now.known > t->before.known)
		return;
	if ((ev || unsent) && now.denied[op] > t->before.denied[op])
		return;
	sn_test_result->failed = true;
	printf("# %s:%d: after %s: want %s %s %ld %s\n", file, line, sn_last_arg(), sn_op_name(op),
	       sn_why_name(why), t->result, sn_test_errno(t->result));
	show_what_happened(t, &now);
}

void expect_quiet(const char *file, int line, struct tenant *t)
{
	struct sn_counters now = tenant_counters(t);
	bool quiet = true;

	/* the kernel asks in passing for capabilities that it does not need, as in fanotify_init()
	 */
	for (int op = 0; op < SN_OP_NR; op++)
		quiet &= op == SN_OP_TASK_CAPABLE || now.denied[op] == t->before.denied[op];
	if (quiet)
		return;
	sn_test_result->failed = true;
	printf("# %s:%d: after %s: want no denial\n", file, line, sn_last_arg());
	show_what_happened(t, &now);
}

/* ---- outside and inside ---- */

const char *sn_last_arg(void)
{
	static char text[400];
	size_t used = 0;

	for (const char *c = last_arg; *c && used < sizeof(text) - 8; c++)
		used += snprintf(text + used, 8, *c >= ' ' && *c <= '~' ? "%c" : "\\x%02x",
				 (unsigned char)*c);
	text[used] = '\0';
	return text;
}

static void make_arg(const char *fmt, va_list args)
{
	if (vsnprintf(last_arg, sizeof(last_arg), fmt, args) >= (int)sizeof(last_arg))
		GIVE_UP("an argument is longer than %d bytes", ARG_MAX_BYTES - 1);
}

static void begin(struct tenant *t)
{
	take_events(NULL, 0);
	t->before = tenant_counters(t);
	t->nr_seen = 0;
}

long inside(struct tenant *t, const char *probe, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	make_arg(fmt, args);
	va_end(args);
	begin(t);
	t->result = ask(t, probe, last_arg);
	if (t->result == COULD_NOT_TRY)
		GIVE_UP("inside %s: %s %s could not try", t->name, probe, sn_last_arg());
	take_events(t, 0);
	return t->result;
}

static const char *outside_user = "t1";

void outside_as(const char *user)
{
	outside_user = user;
}

static bool outside_session = true; /* of its own */

void outside_in_this_session(void)
{
	outside_session = false;
}

/* What safenode-attach does to a tenant's process, without the tenant. */
static bool become_user(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (outside_session)
		setsid();
	if (!pw || chdir("/srv/t1"))
		return false;
	if (!pw->pw_uid)
		return true;
	return !setgroups(1, &pw->pw_gid) && !setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) &&
	       !setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) &&
	       !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* @procs: the cgroup.procs to join, opened by root; -1: none. */
static void __attribute__((noreturn)) run_probe(const struct probe *probe, int procs, int answers)
{
	long result;

	if (!become_user(outside_user))
		result = could_not_try("becoming user %s", outside_user);
	else if (procs >= 0 && write(procs, "0", 1) != 1)
		result = could_not_try("joining the cgroup");
	else
		result = probe->run(last_arg);
	_exit(write(answers, &result, sizeof(result)) != sizeof(result));
}

static long fork_probe(const char *name, int procs)
{
	const struct probe *probe = probe_find(name);
	long result = COULD_NOT_TRY;
	int ends[2];
	pid_t pid;

	if (!probe || pipe2(ends, O_CLOEXEC))
		GIVE_UP("cannot run the probe %s", name);
	fflush(stdout);
	pid = fork();
	if (!pid)
		run_probe(probe, procs, ends[1]);
	close(ends[1]);
	if (read(ends[0], &result, sizeof(result)) != sizeof(result))
		result = COULD_NOT_TRY;
	close(ends[0]);
	waitpid(pid, NULL, 0);
	if (result == COULD_NOT_TRY)
		GIVE_UP("%s: %s %s could not try", procs < 0 ? "outside" : "moved", name,
			sn_last_arg());
	return result;
}

long outside(const char *probe, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	make_arg(fmt, args);
	va_end(args);
	return fork_probe(probe, -1);
}

long moved_into(struct tenant *t, const char *cgroup, const char *probe, const char *fmt, ...)
{
	char path[PATH_MAX + 16];
	va_list args;
	int procs;

	va_start(args, fmt);
	make_arg(fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	procs = open(path, O_WRONLY | O_CLOEXEC);
	if (procs < 0)
		GIVE_UP("cannot open %s: %s", path, strerror(errno));
	begin(t);
	t->result = fork_probe(probe, procs);
	close(procs);
	take_events(t, 0);
	return t->result;
}

/* ---- tenants ---- */

static int run(const char *const argv[])
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(2, 1); /* stdout is for TAP */
		execvp(argv[0], (char **)argv);
		could_not_try("%s", argv[0]);
		_exit(127);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}

static void detach(const char *name)
{
	const char *const argv[] = { "safenode-detach", "--cgroup", name, "--kill", NULL };

	if (run(argv))
		FAIL("safenode-detach --cgroup %s --kill failed", name);
}

static void exec_attach(const struct tenant *t, const char *const options[], bool has_dir)
{
	char dir[PATH_MAX], self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *argv[64] = { "safenode-attach", "--cgroup", t->name, "--safe-mode" };
	int nr = 4;

	self[len < 0 ? 0 : len] = '\0';
	snprintf(dir, sizeof(dir), "/srv/%s", t->name);
	if (!has_dir) {
		argv[nr++] = "--dir";
		argv[nr++] = dir;
	}
	for (; *options; options++)
		argv[nr++] = *options;
	argv[nr++] = "--";
	argv[nr++] = self;
	argv[nr++] = "--serve";
	alarm(0);
	execvp(argv[0], (char **)argv);
	could_not_try("%s", argv[0]);
	_exit(127);
}

static void find_cgroup(struct tenant *t, bool delegated)
{
	struct sn_enforcer enforcer;
	struct sn_err err;

	if (sn_enforcer_open(&enforcer, &err) ||
	    (delegated ? sn_elsewhere_choose(enforcer.mount, t->name, t->cgroup, &err)
		       : sn_enforcer_cgroup(&enforcer, t->name, t->cgroup, &err)))
		GIVE_UP("%s", err.text);
	sn_enforcer_close(&enforcer);
}

static void start(struct tenant *t, const char *const options[], bool has_dir)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		GIVE_UP("cannot make pipes: %s", strerror(errno));
	fflush(stdout);
	t->pid = fork();
	if (!t->pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		exec_attach(t, options, has_dir);
	}
	close(to[0]);
	close(from[1]);
	t->to = to[1];
	t->from = from[0];
	t->owner = getpid();
}

struct tenant *tenant_start(const char *name, ...)
{
	struct tenant *t = &tenants[nr_tenants];
	const char *options[48] = {};
	bool has_dir = false, delegated = false;
	struct sn_err err;
	va_list args;

	if (nr_tenants == TENANTS_MAX)
		GIVE_UP("more than %d tenants", TENANTS_MAX);
	*t = (struct tenant){ 0 };
	snprintf(t->name, sizeof(t->name), "%s", name);
	va_start(args, name);
	for (int i = 0; i < 47 && (options[i] = va_arg(args, const char *)); i++) {
		has_dir |= !strcmp(options[i], "--dir");
		delegated |= !strcmp(options[i], "--delegated");
	}
	va_end(args);
	without_before_attach();
	find_cgroup(t, delegated);
	if (!access(t->cgroup, F_OK)) /* left behind by a test that was killed */
		detach(name);
	start(t, options, has_dir);
	nr_tenants++;
	last_arg[0] = '\0';
	ask(t, "ready", "");
	if (sn_cgroup_id(t->cgroup, &t->id, &err))
		GIVE_UP("%s", err.text);
	without_leave_out();
	return t;
}

void tenant_stop(struct tenant *t)
{
	if (t->owner != getpid())
		return;
	t->owner = 0;
	close(t->to);
	close(t->from);
	detach(t->name);
	waitpid(t->pid, NULL, 0);
}

/* Those of this process; a test does not end those that SETUP() started. */
static void stop_tenants(void)
{
	for (int i = 0; i < nr_tenants; i++)
		tenant_stop(&tenants[i]);
}

/* ---- main ---- */

void __attribute__((weak)) sn_setup(void)
{
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int entries = 0;

	while (dir && readdir(dir))
		entries++;
	if (dir)
		closedir(dir);
	return entries <= 2;
}

/* Not the directories themselves: a tenant may be running in them. */
static void empty_directories(void)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		const char *const argv[] = { "find", directories[i].path, "-mindepth",
					     "1",    "-delete",		  NULL };

		if (!is_empty(directories[i].path) && run(argv))
			printf("# cannot empty %s\n", directories[i].path);
	}
}

static int make_directories(void)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		const char *path = directories[i].path;
		const char *const argv[] = { "rm", "-rf", path, NULL };
		const struct passwd *pw = getpwnam(directories[i].user);

		if (!pw) {
			printf("Bail out! There is no user %s, so this is no throw-away machine; "
			       "see tests/vm/run\n",
			       directories[i].user);
			return -1;
		}
		if (run(argv) || mkdir(path, 0755) || chown(path, pw->pw_uid, pw->pw_gid)) {
			printf("Bail out! Cannot make %s: %s\n", path, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* 1 if it had to be loaded. */
static int load(void)
{
	const char *const argv[] = { "safenode-load", NULL };
	struct sn_state state;
	struct sn_err err;

	if (!sn_object_state(&state, &err))
		return 0;
	if (!run(argv))
		return 1;
	printf("Bail out! safenode-load failed\n");
	return -1;
}

int main(int argc, char *argv[])
{
	const char *const unload[] = { "safenode-load", "--unload", NULL };
	int loaded, failed;

	if (argc > 1 && !strcmp(argv[1], "--serve"))
		return serve();
	if (argc > 1 && !strcmp(argv[1], "--list")) {
		sn_test_list();
		return 0;
	}
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, show_where_they_are);
	sn_test_result = mmap(NULL, sizeof(*sn_test_result), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sn_test_result == MAP_FAILED || make_directories())
		return 1;
	loaded = load();
	if (loaded < 0 || !without_is_right())
		return 1;
	sn_setup();
	failed = sn_test_all(argv + 1, empty_directories, stop_tenants);
	stop_tenants();
	without_put_back();
	if (loaded && run(unload))
		failed++;
	return failed ? 1 : 0;
}
