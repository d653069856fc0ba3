// SPDX-License-Identifier: GPL-2.0-only
/* From the operator's options to a running tenant, and back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "attach.h"
#include "cgroup.h"
#include "identify.h"
#include "launch.h"
#include "object.h"
#include "rules.h"
#include "runtime.h"
#include "session.h"

/* Everything that one attach gathers before it changes anything. */
struct plan {
	const struct sn_options *options;
	char directory[PATH_MAX]; /* without symbolic links */
	int directory_fd;	  /* looked at and entered by this alone; or -1 */
	uid_t uid;
	gid_t gid;
	char *user; /* name of uid, or NULL */
	struct sn_command command;
	struct sn_state state;
	char mount[PATH_MAX]; /* of cgroup v2 */
	char cgroup[PATH_MAX];
	struct sn_store store; /* locked from establish() on, until the tenant runs */
	struct sn_tenant tenant;
};

/* ---- checks: nothing is changed ---- */

/* What the operator named is not there, or cannot be used: a wrong word like any other. */
static int named_wrongly(int ret)
{
	switch (ret) {
	case -ENOENT:
	case -ENOTDIR:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -EOPNOTSUPP:
		return -EINVAL;
	}
	return ret;
}

static int check_directory(struct plan *plan, struct stat *st, struct sn_err *err)
{
	const char *given = plan->options->directory;
	struct statfs fs;

	plan->directory_fd =
		sn_rules_reach_directory(&plan->tenant.own, given, plan->directory, err);
	if (plan->directory_fd < 0)
		return named_wrongly(plan->directory_fd);
	if (fstat(plan->directory_fd, st) || fstatfs(plan->directory_fd, &fs))
		return sn_fail(err, errno, "cannot look at %s: %s", plan->directory,
			       strerror(errno));
	if (!S_ISDIR(st->st_mode))
		return sn_fail(err, EINVAL, "'%.200s' is not a directory", given);
	if (!strcmp(plan->directory, "/"))
		return sn_fail(err, EINVAL,
			       "'/' cannot be a tenant's directory; "
			       "give it one of its own, such as /srv/t1");
	switch (fs.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case BPF_FS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
		return sn_fail(err, EINVAL,
			       "'%.200s' belongs to the kernel; give a directory of files", given);
	}
	return named_wrongly(sn_identify_fd(plan->directory_fd, &plan->tenant.policy.dir, err));
}

/* As in /etc/passwd: decimal digits only; strtoul(3) takes blanks and signs as well, and wraps. */
static bool parse_uid(const char *word, uid_t *uid)
{
	size_t len = strspn(word, "0123456789");
	unsigned long number = strtoul(word, NULL, 10);

	*uid = (uid_t)number;
	return len && len <= 10 && !word[len] && number < (uid_t)-1;
}

static int find_user(struct plan *plan, const struct stat *st, struct sn_err *err)
{
	const char *word = plan->options->user;
	struct passwd *pw;
	uid_t uid;

	if (!word) {
		plan->uid = st->st_uid;
		plan->gid = st->st_gid;
		pw = getpwuid(st->st_uid);
		if (!st->st_uid)
			return sn_fail(err, EINVAL,
				       "%s belongs to root; chown it to the tenant's "
				       "user, or name one with --user",
				       plan->directory);
	} else {
		pw = parse_uid(word, &uid) ? getpwuid(uid) : getpwnam(word);
		if (!pw)
			return sn_fail(err, EINVAL, "unknown user '%.200s'; see getent passwd",
				       word);
		plan->uid = pw->pw_uid;
	}
	if (pw) {
		plan->gid = pw->pw_gid;
		plan->user = strdup(pw->pw_name);
		if (!plan->user)
			return sn_fail(err, ENOMEM, "out of memory");
	}
	return 0;
}

void sn_tenant_path(char path[PATH_MAX], const char *mount, const struct sn_state *state,
		    const char *tenant)
{
	int len = snprintf(path, PATH_MAX, "%s%s/%s", mount, state->parent, tenant);

	if (len >= PATH_MAX)
		path[0] = '\0'; /* matches nothing */
}

/* 1 or 0: do processes run in the tenant's cgroup? Not to know is an error, and none is no cgroup.
 */
static int is_running(const char *cgroup, const char *tenant, struct sn_err *err)
{
	int populated = sn_cgroup_populated(cgroup);

	if (populated >= 0 || populated == -ENOENT)
		return populated == 1;
	return sn_fail(err, -populated, "cannot tell whether tenant '%s' is running: %s", tenant,
		       strerror(-populated));
}

static int check_idle(struct plan *plan, struct sn_err *err)
{
	int running = is_running(plan->cgroup, plan->options->tenant, err);

	if (running == 1)
		return sn_fail(err, EINVAL,
			       "tenant '%s' is running; choose another name, or "
			       "safenode-detach --cgroup %s --kill first",
			       plan->options->tenant, plan->options->tenant);
	return running;
}

/*
 * A program that the tenant can write must not start it: the dynamic loader looks at it, as root,
 * before there is a tenant.
 */
static int check_command(const struct plan *plan, struct sn_err *err)
{
	size_t len = strlen(plan->directory);

	if (!strncmp(plan->command.path, plan->directory, len) && plan->command.path[len] == '/')
		return sn_fail(err, EINVAL,
			       "'%s' lies in the tenant's directory, where the tenant "
			       "could replace it; install it outside",
			       plan->command.path);
	return 0;
}

static int make_plan(struct plan *plan, char *const argv[], struct sn_err *err)
{
	static char *const node[] = { "node", NULL };
	struct stat st;
	int ret;

	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	if (!plan->options->safe_mode)
		return sn_fail(err, EINVAL,
			       "--safe-mode is missing: without it a tenant may do nothing at all; "
			       "add --safe-mode");
	ret = check_directory(plan, &st, err);
	if (!ret)
		ret = find_user(plan, &st, err);
	if (!ret)
		ret = named_wrongly(sn_command_resolve(&plan->command, *argv ? argv : node, err));
	if (!ret)
		ret = check_command(plan, err);
	if (!ret)
		ret = sn_object_state(&plan->state, err);
	if (!ret)
		ret = sn_cgroup_mount(plan->mount, err);
	if (ret)
		return ret;
	sn_tenant_path(plan->cgroup, plan->mount, &plan->state, plan->options->tenant);
	return check_idle(plan, err);
}

/* ---- the policy ---- */

/* A path through the tenant's directory is the tenant's: it could plant a link to anywhere. */
static bool leads_through_directory(const struct plan *plan)
{
	const struct sn_rules *own = &plan->tenant.own;
	const struct sn_inode *dir = &plan->tenant.policy.dir;

	for (size_t i = 0; i < own->nr_directories; i++)
		if (own->directories[i].key.ino == dir->ino &&
		    own->directories[i].key.dev == dir->dev)
			return true;
	return false;
}

static int add_extra_paths(struct plan *plan, struct sn_err *err)
{
	const struct sn_options *options = plan->options;
	__u32 read = SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ;
	__u32 write = read | SN_MAY_WRITE | SN_MAY_CHANGE;
	int ret = 0;

	for (size_t i = 0; i < options->nr_read_only && !ret; i++)
		ret = sn_rules_add(&plan->tenant.own, options->read_only[i], read, read, err);
	for (size_t i = 0; i < options->nr_read_write && !ret; i++)
		ret = sn_rules_add(&plan->tenant.own, options->read_write[i], write, write, err);
	ret = named_wrongly(ret);
	if (!ret && leads_through_directory(plan))
		return sn_fail(err, EINVAL,
			       "--read-only and --read-write give paths outside %s; "
			       "one of them leads through it",
			       plan->directory);
	return ret;
}

/* Descriptors that stay open: node refuses to start when it cannot fstat() its stdio. */
static int add_descriptors(struct plan *plan, struct sn_err *err)
{
	const struct sn_options *options = plan->options;
	int ret = 0;

	for (int fd = 0; fd <= 2 && !ret; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			ret = sn_rules_add_fd(&plan->tenant.own, fd, err);
	for (size_t i = 0; i < options->nr_keep_fd && !ret; i++)
		ret = sn_rules_add_fd(&plan->tenant.own, options->keep_fd[i], err);
	return ret;
}

/* Adds @word to the list @text, or "..." once the list is too long for those who read it. */
static void append(char text[SN_TEXT_MAX], const char *word)
{
	static const char more[] = "...";
	size_t used = strlen(text), len = strlen(word);

	if (used >= sizeof(more) - 1 && !strcmp(text + used - (sizeof(more) - 1), more))
		return;
	if (used + 1 + len + sizeof(",...") > SN_TEXT_MAX) /* room for the last word */
		word = more;
	snprintf(text + used, SN_TEXT_MAX - used, "%s%s", used ? "," : "", word);
}

static void append_ports(char text[SN_TEXT_MAX], const struct sn_port_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		append(text, sn_port_text(list->ranges[i]).text);
}

static void fill_policy(struct plan *plan)
{
	const struct sn_options *options = plan->options;
	struct sn_policy *policy = &plan->tenant.policy;

	snprintf(policy->tenant, sizeof(policy->tenant), "%s", options->tenant);
	append(policy->directory, plan->directory);
	for (size_t i = 0; i < options->restricted.nr; i++)
		append(policy->restricted_outgoing_addresses,
		       options->restricted.rules[i].text.text);
	append_ports(policy->allowed_outgoing_ports, &options->outgoing);
	append_ports(policy->allowed_listen_ports, &options->listen);
	policy->safe_mode = options->safe_mode;
	policy->audit = options->audit;
	policy->loopback_restricted = options->restricted.loopback;
	policy->self_restricted = options->restricted.self;
	policy->listen_restricted = options->restrict_listen;
}

static int identify_launcher(struct sn_inode *id, struct sn_err *err)
{
	sn_autoclose int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return sn_fail(err, errno, "cannot open /proc/self/exe: %s", strerror(errno));
	return sn_identify_fd(fd, id, err);
}

/* Its files, and the limits of those above it: libuv counts the CPUs that they leave. */
static int add_cgroup(struct plan *plan, struct sn_err *err)
{
	__u32 read = SN_MAY_STAT | SN_MAY_SEARCH | SN_MAY_READ;
	int ret = sn_rules_add(&plan->tenant.own, plan->cgroup, read, read, err);
	char path[PATH_MAX + sizeof("/cpu.max")];
	size_t len = strlen(plan->cgroup);

	strcpy(path, plan->cgroup);
	while (!ret) {
		while (len > strlen(plan->mount) && path[--len] != '/')
			;
		if (len <= strlen(plan->mount))
			break;
		strcpy(path + len, "/cpu.max");
		ret = sn_rules_add(&plan->tenant.own, path, SN_MAY_STAT | SN_MAY_READ, 0, err);
	}
	return ret;
}

/* Needs the cgroup: its id is the key. */
static int make_policy(struct plan *plan, struct sn_err *err)
{
	struct sn_tenant *tenant = &plan->tenant;
	int ret = sn_cgroup_id(plan->cgroup, &tenant->policy.cgroup_id, err);

	tenant->options = plan->options;
	fill_policy(plan);
	if (!ret)
		ret = identify_launcher(&tenant->policy.launcher, err);
	if (!ret)
		ret = add_cgroup(plan, err);
	if (!ret)
		ret = add_extra_paths(plan, err);
	if (!ret)
		ret = add_descriptors(plan, err);
	if (!ret)
		ret = sn_runtime_baseline(&tenant->baseline, plan->command.path, err);
	/* when descriptors are short, undoing needs them */
	sn_rules_close(&tenant->own);
	sn_rules_close(&tenant->baseline);
	return ret;
}

static int set_limits(const struct plan *plan, struct sn_err *err)
{
	const struct {
		const char *controller, *file, *value;
	} limits[] = {
		{ "cpu", "cpu.max", plan->options->cpu_max },
		{ "pids", "pids.max", plan->options->pids_max },
	};
	const char *memory = plan->options->memory_max;
	int ret = memory ? sn_cgroup_limit_memory(plan->mount, plan->cgroup, memory, err) : 0;

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits) && !ret; i++)
		if (limits[i].value)
			ret = sn_cgroup_limit(plan->mount, plan->cgroup, limits[i].controller,
					      limits[i].file, limits[i].value, err);
	return ret;
}

/* ---- doing and undoing ---- */

/* sn_store_empty() for the tenant of that cgroup; -ENOENT: no such cgroup. */
static int empty_tenant(struct sn_store *store, const char *cgroup, struct sn_policy *policy,
			struct sn_err *err)
{
	__u64 id;
	int ret = sn_cgroup_id(cgroup, &id, err);

	return ret ? ret : sn_store_empty(store, id, policy, err);
}

/*
 * The cgroup goes last: whoever is killed before leaves it to be found, and without a policy, too,
 * whoever is in it is refused everything.
 */
static int remove_tenant(struct sn_store *store, const char *cgroup, struct sn_err *err)
{
	struct sn_policy policy = {};
	int found = empty_tenant(store, cgroup, &policy, err);
	int ret = found < 0 ? found : sn_store_forget(store, &policy, 0, err);

	if (!ret)
		ret = sn_cgroup_remove(cgroup, err);
	return ret ? ret : found;
}

/* The guardian's, with the lock that it shares with the launcher. */
static void undo(void *data)
{
	struct plan *plan = data;

	remove_tenant(&plan->store, plan->cgroup, NULL);
}

/* In the place of @old. */
static int make_tenant(struct plan *plan, const struct sn_policy *old, struct sn_err *err)
{
	int ret = sn_cgroup_make(plan->cgroup, err);

	if (ret < 0)
		return ret;
	ret = set_limits(plan, err);
	if (!ret)
		ret = make_policy(plan, err);
	if (!ret)
		ret = sn_store_put(&plan->store, &plan->tenant, old, err);
	if (ret)
		undo(plan);
	return ret;
}

static int establish(struct plan *plan, struct sn_err *err)
{
	struct sn_policy old = {}; /* of one that ended and was not detached */
	int ret = sn_store_open(&plan->store, err);

	if (ret)
		return ret;
	ret = check_idle(plan, err); /* again, now that nobody else can change it */
	if (!ret)
		ret = empty_tenant(&plan->store, plan->cgroup, &old, err);
	if (ret >= 0)
		ret = sn_cgroup_remove(plan->cgroup, err);
	if (!ret || ret == -ENOENT)
		ret = make_tenant(plan, &old, err);
	if (ret)
		sn_store_forget(&plan->store, &old, 0, NULL);
	return ret;
}

/*
 * Where the caller has closed one of 0, 1 and 2, a file of our own would get its number, and be
 * taken for one that was handed over. Node itself puts /dev/null there.
 */
static int fill_stdio(struct sn_err *err)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return sn_fail(err, errno, "cannot open /dev/null: %s", strerror(errno));
	close(fd);
	return 0;
}

/* Asked before a file of our own gets such a number. */
static int check_descriptors(const struct sn_options *options, struct sn_err *err)
{
	for (size_t i = 0; i < options->nr_keep_fd; i++)
		if (fcntl(options->keep_fd[i], F_GETFD) < 0)
			return sn_fail(err, EINVAL,
				       "descriptor %d is not open; --keep-fd takes one "
				       "that the caller opened",
				       options->keep_fd[i]);
	return 0;
}

/* Its terminals and its session, before there is a lock or anything else to undo. */
static int come_away(const struct sn_options *options, struct sn_session *session,
		     void (*say)(const char *text), struct sn_err *err)
{
	int taken = sn_session_take_terminals(options->terminal, err);
	int ret = taken < 0 ? taken : sn_session_begin(options->terminal, session, err);

	/* who should read it may not, or be gone */
	if (!ret && taken)
		say("standard input is /dev/null now: the terminal is another session's; "
		    "--terminal keeps it");
	return ret;
}

static int launch(struct plan *plan, struct sn_err *err)
{
	struct sn_launch what = {
		.cgroup = plan->cgroup,
		.directory = plan->directory,
		.directory_fd = plan->directory_fd,
		.uid = plan->uid,
		.gid = plan->gid,
		.user = plan->user,
		.command = &plan->command,
		.options = plan->options,
		.undo = undo,
		.undo_data = plan,
	};

	return sn_launch(&what, err);
}

int sn_attach(const struct sn_options *options, char *const argv[], void (*say)(const char *text),
	      struct sn_err *err)
{
	struct plan plan = { .options = options, .store = SN_STORE_CLOSED, .directory_fd = -1 };
	struct sn_session session = {};
	int ret = fill_stdio(err);

	if (!ret)
		ret = check_descriptors(options, err);
	if (!ret)
		ret = make_plan(&plan, argv, err);
	if (!ret && *argv)
		ret = come_away(options, &session, say, err);
	if (!ret)
		ret = establish(&plan, err);
	if (!ret && *argv)
		ret = launch(&plan, err);
	sn_session_undo(&session);
	sn_store_close(&plan.store);
	if (plan.directory_fd >= 0)
		close(plan.directory_fd);
	sn_command_free(&plan.command);
	sn_rules_free(&plan.tenant.own);
	sn_rules_free(&plan.tenant.baseline);
	free(plan.user);
	return ret;
}

int sn_detach(const char *tenant, bool kill, struct sn_err *err)
{
	char mount[PATH_MAX], cgroup[PATH_MAX];
	struct sn_state state;
	struct sn_store store;
	int ret = sn_object_state(&state, err);
	bool missing;

	if (!ret)
		ret = sn_cgroup_mount(mount, err);
	if (!ret)
		ret = sn_store_open(&store, err);
	if (ret)
		return ret;
	sn_tenant_path(cgroup, mount, &state, tenant);
	ret = is_running(cgroup, tenant, err);
	if (ret == 1)
		ret = kill ? sn_cgroup_kill(cgroup, err)
			   : sn_fail(err, EBUSY, "tenant '%s' is running; end it, or give --kill",
				     tenant);
	if (!ret)
		ret = remove_tenant(&store, cgroup, err);
	missing = ret == -ENOENT;
	/* its cgroup was removed by hand, or an attach that was to replace it was killed */
	if (!ret || missing)
		ret = sn_store_remove_tenant(&store, tenant, err);
	if (!ret && missing)
		ret = sn_fail(err, ENOENT, "no tenant '%s'; see safenode-status", tenant);
	sn_store_close(&store);
	return ret < 0 ? ret : 0;
}

int sn_sweep_unnamed(struct sn_err *err)
{
	char mount[PATH_MAX], path[PATH_MAX];
	struct sn_state state;
	struct sn_store store;
	struct dirent *entry;
	DIR *dir;
	int ret = sn_object_state(&state, err);

	if (!ret)
		ret = sn_cgroup_mount(mount, err);
	if (!ret)
		ret = sn_store_open(&store, err);
	if (ret)
		return ret;
	sn_tenant_path(path, mount, &state, "");
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, SN_UNNAMED, strlen(SN_UNNAMED)))
			continue;
		sn_tenant_path(path, mount, &state, entry->d_name);
		if (!sn_cgroup_populated(path))
			remove_tenant(&store, path, NULL);
	}
	if (dir)
		closedir(dir);
	sn_store_close(&store);
	return 0;
}
