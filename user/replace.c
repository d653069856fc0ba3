// SPDX-License-Identifier: GPL-2.0-only
/*
 * A running tenant gets another policy.
 *
 * The policy changes in one step, but limits are files of the cgroup, and each is written by
 * itself. So they are written first, while a guardian waits: a process of its own that writes back
 * what they were, unless the new policy came in force.
 *
 * A tenant that is warm (--warm) is narrowed by its new policy, once. What it holds open then stays
 * with it, so it is looked at, while the tenant is frozen: nothing is opened between that look and
 * the switch. The guardian lets it run on as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "account.h"
#include "cgroup.h"
#include "compile.h"
#include "controllers.h"
#include "detach.h"
#include "enforcer.h"
#include "gather.h"
#include "inforce.h"
#include "opened.h"
#include "replace.h"

struct change {
	const struct sn_options *options;
	struct sn_options found; /* the same, with what the tenant says to it; owns nothing */
	pid_t pid;		 /* of one that is narrowed */
	char cwd[PATH_MAX];	 /* of that */
	struct sn_gathered named;
	struct sn_enforcer enforcer;
	char cgroup[PATH_MAX];
	bool elsewhere; /* than below the parent */
	struct sn_policy old;
	struct sn_entries old_rules;
	struct sn_compiled new;
	struct sn_inforce before, after;
	struct sn_limits limits; /* those that are to change */
};

/* ---- checks ---- */

static int check_runs(const struct change *change, struct sn_err *err)
{
	const char *tenant = change->options->tenant;
	int populated = sn_cgroup_populated(change->cgroup);

	if (populated == 1)
		return 0;
	if (populated == -ENOENT)
		return sn_fail(err, ENOENT, "no tenant '%s'; see safenode-status", tenant);
	if (populated < 0)
		return sn_fail(err, -populated, "cannot tell whether tenant '%s' is running: %s",
			       tenant, strerror(-populated));
	if (change->options->narrow)
		return sn_fail(err, ESRCH, "tenant '%s' has ended", tenant);
	return sn_fail(err, ESRCH,
		       "tenant '%s' has no process: it has ended, or was not started yet; "
		       "without --replace it starts with the new policy",
		       tenant);
}

static int read_old(struct change *change, struct sn_err *err)
{
	const char *tenant = change->options->tenant;
	__u64 id;
	int ret = sn_cgroup_id(change->cgroup, &id, err);

	if (ret)
		return ret;
	ret = sn_store_get(&change->enforcer.store, id, &change->old);
	if (ret == -ENOENT)
		return sn_fail(err, ENOENT,
			       "what runs in the cgroup of '%s' was never in safe mode: it has no "
			       "policy, and is refused everything; end it, and attach it",
			       tenant);
	if (ret)
		return sn_fail(err, -ret, "cannot read the policies: %s", strerror(-ret));
	if (!change->old.safe_mode)
		return sn_fail(err, ENOENT,
			       "the policy of tenant '%s' is not in force: a tool was killed when "
			       "it made or removed it; safenode-detach --cgroup %s --kill",
			       tenant, tenant);
	return sn_store_rules(&change->enforcer.store, change->old.scope, &change->old_rules, err);
}

static int check_directory(const struct change *change, struct sn_err *err)
{
	const struct sn_gathered *named = &change->named;
	const struct sn_policy *old = &change->old;
	struct sn_err why = {};

	if (!memcmp(&named->dir, &old->dir, sizeof(old->dir)))
		return 0;
	if (!strcmp(named->directory, old->directory))
		sn_fail(&why, EINVAL,
			"'%.100s' was made anew: it is not the directory that tenant '%s' has, and "
			"a tenant keeps its directory; detach and attach it",
			named->directory, old->tenant);
	else
		sn_fail(&why, EINVAL,
			"'%.100s' is not the directory of tenant '%s', which is %s: a tenant keeps "
			"its directory; name that, or detach and attach it",
			named->directory, old->tenant, old->directory);
	return sn_options_blame(change->options, "dir", 0, -EINVAL, &why, err);
}

/* What it did while it was observed, a fork for one, no policy takes back. */
static int check_mode(const struct change *change, struct sn_err *err)
{
	const char *tenant = change->options->tenant;

	if (change->options->observe == !!change->old.observe)
		return 0;
	if (change->old.observe)
		return sn_fail(err, EINVAL,
			       "tenant '%s' is observed, so it may have what a confined one cannot "
			       "get; add --observe, or end it and attach it",
			       tenant);
	return sn_fail(err, EINVAL,
		       "tenant '%s' is confined, and stays so; leave --observe out, or end it and "
		       "attach it",
		       tenant);
}

/* There is no way back, and no way around the look at what it holds. */
static int check_warm(const struct change *change, struct sn_err *err)
{
	const char *tenant = change->options->tenant;

	if (change->options->narrow == !!change->old.warm)
		return 0;
	if (change->old.warm)
		return sn_fail(err, EINVAL,
			       "tenant '%s' is warm: only --narrow confines it, for that looks at "
			       "what it has open",
			       tenant);
	return sn_fail(err, EINVAL,
		       "tenant '%s' is not warm: there is nothing to narrow; --replace changes its "
		       "policy",
		       tenant);
}

static bool has_group(const struct sn_account *account, gid_t gid)
{
	for (size_t i = 0; i < account->nr_groups; i++)
		if (account->groups[i] == gid)
			return true;
	return false;
}

/* A group that the one has and the other has not, or -1. */
static gid_t missing_group(const struct sn_account *of, const struct sn_account *in)
{
	for (size_t i = 0; i < of->nr_groups; i++)
		if (!has_group(in, of->groups[i]))
			return of->groups[i];
	return -1;
}

static int compare_accounts(const struct change *change, const struct sn_account *has,
			    struct sn_err *err)
{
	const struct sn_account *named = &change->named.account;
	const char *tenant = change->options->tenant;
	gid_t more = missing_group(named, has), less = missing_group(has, named);

	if (has->uid != named->uid)
		return sn_fail(err, EINVAL,
			       "user %s (%u) is not that of tenant '%s', which is %s (%u): a "
			       "tenant keeps its user; name that with --user, or detach and attach",
			       named->name ?: "", named->uid, tenant, has->name ?: "", has->uid);
	if (more == (gid_t)-1 && less == (gid_t)-1)
		return 0;
	return sn_fail(err, EINVAL,
		       "tenant '%s' %s group %u: a tenant keeps its groups; name the same, or "
		       "detach and attach it",
		       tenant, more != (gid_t)-1 ? "does not have" : "has",
		       more != (gid_t)-1 ? more : less);
}

/* The owner of the directory says nothing of who is narrowed to it. */
static bool names_account(const struct sn_options *options)
{
	return !options->narrow || options->user || options->nr_groups;
}

/* A process in a cgroup below the tenant's own is not looked at. */
static int check_account(const struct change *change, struct sn_err *err)
{
	const struct sn_options *options = change->options;
	struct sn_account has;
	struct sn_err why = {};
	char pid[16];
	int ret;

	if (!names_account(options) ||
	    sn_cgroup_read(change->cgroup, "cgroup.procs", pid, sizeof(pid)))
		return 0;
	ret = sn_account_of(&has, atoi(pid));
	if (ret)
		return sn_fail(err, -ret, "cannot learn the user of process %s of tenant '%s': %s",
			       pid, options->tenant, strerror(-ret));
	ret = compare_accounts(change, &has, &why);
	sn_account_free(&has);
	return sn_options_blame(options, "user", 0, ret, &why, err);
}

/* What the kernel could not take from it: without swap all but the cache of files. */
static unsigned long long used_memory(const struct change *change)
{
	static const char *const parts[] = {
		"anon ", "shmem ", "sock ", "kernel_stack ", "pagetables ", "slab_unreclaimable "
	};
	unsigned long long sum = 0;
	char line[128], path[PATH_MAX + sizeof("/memory.stat")];
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.stat", change->cgroup);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (!strncmp(line, parts[i], strlen(parts[i])))
				sum += strtoull(line + strlen(parts[i]), NULL, 10);
	if (f)
		fclose(f);
	return sum;
}

/* With less memory than it uses, the kernel would kill it. */
static int check_memory(const struct change *change, struct sn_err *err)
{
	const char *max = change->limits.memory_max;
	unsigned long long used = max && strcmp(max, "max") ? used_memory(change) : 0;
	struct sn_err why = {};

	if (!used || used < strtoull(max, NULL, 10))
		return 0;
	sn_fail(&why, EBUSY,
		"tenant '%s' uses %llu bytes of memory now, and with at most %s the kernel would "
		"end it; give --memory-max more",
		change->options->tenant, used, max);
	return sn_options_blame(change->options, "memory-max", 0, -EBUSY, &why, err);
}

/* ---- the new policy ---- */

static bool has_directory(const struct sn_entries *entries, const struct sn_directory_key *key)
{
	for (size_t i = 0; i < entries->nr; i++)
		if (entries->all[i].map == SN_RULES_DIRECTORIES &&
		    entries->all[i].key.directory.ino == key->ino &&
		    entries->all[i].key.directory.dev == key->dev)
			return true;
	return false;
}

/*
 * What a tenant was given open, it still has: nothing else has this access alone. Where the new
 * policy has a rule for the same directory, that grants this, too.
 */
static int keep_descriptors(struct change *change)
{
	struct sn_entries *own = &change->new.own;

	for (size_t i = 0; i < change->old_rules.nr; i++) {
		const struct sn_entry *entry = &change->old_rules.all[i];
		struct sn_entry *kept;

		if (entry->map != SN_RULES_DIRECTORIES || entry->rule.access != SN_MAY_STAT ||
		    entry->rule.below || has_directory(own, &entry->key.directory))
			continue;
		kept = sn_entries_add(own, SN_RULES_DIRECTORIES, change->old.cgroup_id);
		if (!kept)
			return -ENOMEM;
		*kept = *entry;
		kept->key.scope = change->old.cgroup_id;
	}
	return 0;
}

/* The baseline and what may exec stay. */
static int compile(struct change *change, struct sn_err *err)
{
	struct sn_rules none = {};
	struct sn_source source = {
		.options = change->options,
		.cgroup_id = change->old.cgroup_id,
		.directory = change->named.directory,
		.dir = change->named.dir,
		.launcher = change->old.launcher,
		.own = &change->named.own,
		.baseline = &none,
	};
	int ret = sn_gather_cgroup(&change->named, change->enforcer.mount, change->cgroup, err);

	if (!ret)
		ret = sn_compile(&source, &change->new, err);
	if (ret)
		return ret;
	change->new.policy.baseline = change->old.baseline;
	change->new.policy.baseline_sum = change->old.baseline_sum;
	/* of one that is narrowed, they have been looked at */
	ret = change->options->narrow ? 0 : keep_descriptors(change);
	return ret ? sn_fail(err, -ret, "out of memory") : 0;
}

/* Narrowing takes no limit away. */
static void keep_limit(const struct change *change, const char *option, char **value)
{
	const struct sn_value *before = sn_inforce_find(&change->before, option);

	if (change->options->narrow && !*value && before)
		*value = before->text;
}

static int compare(struct change *change, struct sn_err *err)
{
	int ret = sn_inforce_add_policy(&change->before, &change->old, &change->old_rules,
					change->cgroup);

	if (!ret)
		ret = sn_inforce_add_limits(&change->before, change->cgroup);
	keep_limit(change, "memory-max", &change->found.memory_max);
	keep_limit(change, "cpu-max", &change->found.cpu_max);
	keep_limit(change, "pids-max", &change->found.pids_max);
	if (!ret)
		ret = sn_inforce_add_policy(&change->after, &change->new.policy, &change->new.own,
					    change->cgroup);
	if (!ret)
		ret = sn_inforce_add_wanted(&change->after, change->options);
	sn_inforce_sort(&change->before);
	sn_inforce_sort(&change->after);
	return ret ? sn_fail(err, -ret, "out of memory") : 0;
}

/* What is to be written for a limit that becomes @value, or NULL. */
static const char *changed(const struct change *change, const char *option, const char *value)
{
	const struct sn_value *before = sn_inforce_find(&change->before, option);
	const struct sn_value *after = sn_inforce_find(&change->after, option);

	if (before && after ? !strcmp(before->text, after->text) : before == after)
		return NULL;
	return value ?: "max";
}

static void find_limits(struct change *change)
{
	const struct sn_options *options = change->options;

	change->limits = (struct sn_limits){
		.memory_max = changed(change, "memory-max", options->memory_max),
		.cpu_max = changed(change, "cpu-max", options->cpu_max),
		.pids_max = changed(change, "pids-max", options->pids_max),
	};
}

/* ---- the guardian ---- */

struct guardian {
	pid_t pid;
	int to;				/* a byte, before it closes: the new policy is in force */
	struct sn_controllers *enabled; /* shared with it */
	struct sn_saved saved;
};

/* The caller may have been killed before it could say so. */
static bool is_in_force(const struct change *change)
{
	struct sn_policy now;

	return !sn_store_get(&change->enforcer.store, change->old.cgroup_id, &now) &&
	       now.scope != change->old.scope;
}

static void __attribute__((noreturn))
guard(const struct change *change, const struct guardian *g, int from)
{
	int failed = 0;
	ssize_t got;
	char byte;

	do
		got = read(from, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1 && !is_in_force(change)) {
		failed = sn_limits_restore(change->cgroup, &g->saved);
		sn_controllers_undo(change->cgroup, g->enabled);
	}
	if (got != 1 && change->options->narrow)
		sn_cgroup_thaw(change->cgroup);
	_exit(!!failed);
}

static int start_guardian(const struct change *change, struct guardian *g, struct sn_err *err)
{
	int to[2];

	g->enabled = mmap(NULL, sizeof(*g->enabled), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->enabled == MAP_FAILED)
		return sn_fail(err, ENOMEM, "out of memory");
	if (pipe2(to, O_CLOEXEC))
		return sn_fail(err, errno, "cannot make a pipe: %s", strerror(errno));
	g->pid = fork();
	if (!g->pid) {
		close(to[1]);
		guard(change, g, to[0]);
	}
	close(to[0]);
	g->to = to[1];
	if (g->pid < 0)
		return sn_fail(err, errno, "cannot fork a guardian process: %s", strerror(errno));
	setpgid(g->pid, 0); /* a signal to the caller's group must not end it, from now on */
	return 0;
}

/* Unless @done, lets it undo what was written; false: it could not. */
static bool end_guardian(struct guardian *g, bool done)
{
	int status = 0;

	if (g->to >= 0) {
		if (done && write(g->to, "d", 1) != 1)
			done = false; /* it finds out by itself what is in force */
		close(g->to);
	}
	while (g->pid > 0 && waitpid(g->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (g->enabled && g->enabled != MAP_FAILED)
		munmap(g->enabled, sizeof(*g->enabled));
	sn_saved_free(&g->saved);
	return !status;
}

/* ---- all of it ---- */

static int change_limits(const struct change *change, struct sn_controllers *enabled,
			 struct sn_err *err)
{
	const char *mount = change->enforcer.mount;
	char above[PATH_MAX];

	strcpy(above, change->cgroup);
	*strrchr(above, '/') = '\0';
	return sn_limits_change(mount, change->elsewhere ? above : mount, change->cgroup,
				&change->limits, enabled, err);
}

static int put_in_force(struct change *change, const struct guardian *g, struct sn_err *err)
{
	const struct sn_limits *limits = &change->limits;
	int ret = 0;

	if (limits->memory_max || limits->cpu_max || limits->pids_max)
		ret = change_limits(change, g->enabled, err);
	return ret ? ret : sn_store_replace(&change->enforcer.store, &change->new, err);
}

/* The new policy, and which limits change. */
static int prepare(struct change *change, struct sn_err *err)
{
	int ret = compile(change, err);

	if (!ret)
		ret = compare(change, err);
	if (ret)
		return ret;
	find_limits(change);
	return check_memory(change, err);
}

static int narrow(struct change *change, const struct guardian *g, struct sn_err *err)
{
	const struct sn_options *options = change->options;
	const struct sn_opened opened = {
		.pid = change->pid,
		.directory_fd = change->named.directory_fd,
		.directory = change->named.directory,
		.read_write = options->read_write,
		.nr_read_write = options->nr_read_write,
		.keep_fd = options->keep_fd,
		.nr_keep_fd = options->nr_keep_fd,
		.given = &change->old_rules,
	};
	struct sn_err why = {};
	int ret = sn_cgroup_freeze(change->cgroup, &why), thawed;

	if (!ret)
		ret = sn_opened_check(&opened, &change->named.own, &why);
	if (!ret)
		ret = prepare(change, &why);
	if (!ret)
		ret = put_in_force(change, g, &why);
	thawed = sn_cgroup_thaw(change->cgroup);
	if (!ret && thawed) /* the guardian tries once more */
		return sn_fail(err, -thawed, "tenant '%s' is confined, but does not run on: %s",
			       options->tenant, strerror(-thawed));
	return ret ? sn_fail(err, -ret, "tenant '%s' stays warm: %.420s", options->tenant, why.text)
		   : 0;
}

static int with_guardian(struct change *change,
			 int (*act)(struct change *change, const struct guardian *g,
				    struct sn_err *err),
			 struct sn_err *err)
{
	struct guardian g = { .to = -1 };
	struct sn_err why = {};
	int ret = sn_limits_save(change->cgroup, &g.saved, &why);

	if (!ret)
		ret = start_guardian(change, &g, &why);
	if (!ret)
		ret = act(change, &g, &why);
	if (!end_guardian(&g, !ret) && ret)
		return sn_fail(err, -ret, "%s; and the limits in %s could not be set back",
			       why.text, change->cgroup);
	return ret ? sn_fail(err, -ret, "%s", why.text) : 0;
}

/* ---- what is gathered ---- */

static int gather_named(struct change *change, struct sn_err *err)
{
	int ret = sn_gather_directory(&change->named, err);

	if (!ret && names_account(change->options))
		ret = sn_gather_account(&change->named, err);
	return ret ? ret : sn_gather_paths(&change->named, err);
}

/* The one process of a tenant that is warm, and its working directory, which @fd is to hold open.
 */
static int find_process(struct change *change, int *fd, struct sn_err *err)
{
	const char *tenant = change->options->tenant;
	char text[32], name[48];
	ssize_t len;

	if (sn_cgroup_read(change->cgroup, "cgroup.procs", text, sizeof(text)))
		return sn_fail(err, EBUSY, "the process of tenant '%s' is below its cgroup",
			       tenant);
	change->pid = atoi(text);
	if (!sn_cgroup_read(change->cgroup, "cgroup.freeze", text, sizeof(text)) && *text == '1')
		return sn_fail(err, EBUSY, "tenant '%s' is frozen: echo 0 >%s/cgroup.freeze",
			       tenant, change->cgroup);
	if (sn_cgroup_check_alone(change->cgroup, change->pid, NULL))
		return sn_fail(err, EBUSY,
			       "tenant '%s' has more than one process; end those that were moved "
			       "into its cgroup",
			       tenant);
	snprintf(name, sizeof(name), "/proc/%d/cwd", change->pid);
	*fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	len = readlink(name, change->cwd, sizeof(change->cwd) - 1);
	if (*fd < 0 || len < 0)
		return sn_fail(err, errno, "cannot open the working directory of tenant '%s': %s",
			       tenant, strerror(errno));
	change->cwd[len] = '\0';
	return 0;
}

/* Its one directory is where it is. Whether it stays there is seen when it is frozen. */
static int gather_found(struct change *change, struct sn_err *err)
{
	sn_autoclose int cwd = -1;
	struct sn_err why = {};
	struct stat st;
	int ret = find_process(change, &cwd, err);

	if (ret)
		return ret;
	if (!change->found.directory)
		change->found.directory = change->cwd;
	ret = gather_named(change, err);
	if (ret || fstat(cwd, &st))
		return ret ? ret : sn_fail(err, errno, "%s: %s", change->cwd, strerror(errno));
	if (st.st_dev == change->named.st.st_dev && st.st_ino == change->named.st.st_ino)
		return 0;
	sn_fail(&why, EINVAL,
		"'%.100s' is not the working directory of tenant '%s', which is %.200s: it has to "
		"go there before it is narrowed",
		change->found.directory, change->options->tenant, change->cwd);
	return sn_options_blame(change->options, "dir", 0, -EINVAL, &why, err);
}

/* Before the lock: this takes longest, and changes nothing. */
static int gather(struct change *change, struct sn_err *err)
{
	int ret;

	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	ret = sn_options_need_safe_mode(change->options, err);
	if (!ret)
		ret = sn_enforcer_open(&change->enforcer, err);
	return ret || change->options->narrow ? ret : gather_named(change, err);
}

static int replace(struct change *change, struct sn_err *err)
{
	bool limits;
	int ret = sn_enforcer_lock(&change->enforcer, SN_EXCLUSIVE, err);

	if (!ret)
		ret = sn_sweep_gone(&change->enforcer, err);
	if (!ret)
		ret = sn_enforcer_find(&change->enforcer, change->options->tenant, change->cgroup,
				       err);
	change->elsewhere = ret == 1;
	if (ret >= 0)
		ret = check_runs(change, err);
	if (!ret)
		ret = read_old(change, err);
	if (!ret)
		ret = check_mode(change, err);
	if (!ret)
		ret = check_warm(change, err);
	if (!ret)
		ret = change->options->narrow ? gather_found(change, err)
					      : check_directory(change, err);
	if (!ret)
		ret = check_account(change, err);
	if (!ret && change->options->narrow)
		return with_guardian(change, narrow, err);
	if (!ret)
		ret = prepare(change, err);
	if (ret)
		return ret;
	limits = change->limits.memory_max || change->limits.cpu_max || change->limits.pids_max;
	return limits ? with_guardian(change, put_in_force, err)
		      : sn_store_replace(&change->enforcer.store, &change->new, err);
}

static int report(const struct change *change, FILE *out, struct sn_err *err)
{
	sn_autofree char *text = NULL;
	size_t size = 0, nr;
	FILE *lines = open_memstream(&text, &size);

	if (!lines)
		return sn_fail(err, ENOMEM, "the policy is replaced; out of memory for saying how");
	nr = sn_inforce_differ(&change->before, &change->after, lines);
	fclose(lines);
	if (!nr)
		fprintf(out, "%s: nothing changed\n", change->options->tenant);
	else
		fprintf(out, "%s:\n%sin force; files and TCP connections that are open stay open\n",
			change->options->tenant, text);
	return 0;
}

int sn_replace(const struct sn_options *options, FILE *out, struct sn_err *err)
{
	struct change change = { .found = *options, .enforcer = SN_ENFORCER_CLOSED };
	int ret;

	change.options = &change.found;
	change.named = SN_GATHERED(&change.found);
	ret = gather(&change, err);

	if (!ret)
		ret = replace(&change, err);
	sn_enforcer_close(&change.enforcer);
	if (!ret)
		ret = report(&change, out, err);
	sn_gathered_free(&change.named);
	free(change.old_rules.all);
	sn_compiled_free(&change.new);
	sn_inforce_free(&change.before);
	sn_inforce_free(&change.after);
	return ret;
}
