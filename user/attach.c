// SPDX-License-Identifier: GPL-2.0-only
/*
 * From options to a running tenant: check everything; take the lock and change the cgroup and the
 * maps; become the tenant.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "attach.h"
#include "cgroup.h"
#include "command.h"
#include "compile.h"
#include "controllers.h"
#include "detach.h"
#include "elsewhere.h"
#include "enforcer.h"
#include "gather.h"
#include "identify.h"
#include "launch.h"
#include "mark.h"
#include "rehearse.h"
#include "rules.h"
#include "runtime.h"
#include "session.h"

/* Everything that one attach gathers before it changes anything. */
struct plan {
	const struct sn_options *options;
	void (*say)(const char *text);
	struct sn_gathered named; /* what the options name */
	struct sn_command command;
	struct sn_inode launcher;
	struct sn_rules baseline;
	struct sn_enforcer enforcer; /* locked while anything changes, until the tenant runs */
	char cgroup[PATH_MAX];
	char above[PATH_MAX]; /* where that is made */
	__u64 cgroup_id;
	struct sn_controllers controllers; /* that were switched on for its limits */
};

/* ---- checks: nothing is changed ---- */

static int check_idle(const struct plan *plan, struct sn_err *err)
{
	int running = sn_tenant_is_running(plan->cgroup, plan->options->tenant, err);

	if (running == 1)
		return sn_fail(err, EINVAL,
			       "tenant '%s' is running; choose another name, or "
			       "safenode-detach --cgroup %s --kill first",
			       plan->options->tenant, plan->options->tenant);
	return running;
}

/* Descriptors that stay open: node refuses to start when it cannot fstat() its stdio. */
static int add_descriptors(struct plan *plan, struct sn_err *err)
{
	const struct sn_options *options = plan->options;
	int ret = 0;

	for (int fd = 0; fd <= 2 && !ret; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			ret = sn_rules_add_fd(&plan->named.own, fd, err);
	for (size_t i = 0; i < options->nr_keep_fd && !ret; i++)
		ret = sn_rules_add_fd(&plan->named.own, options->keep_fd[i], err);
	return ret;
}

static int identify_launcher(struct sn_inode *id, struct sn_err *err)
{
	sn_autoclose int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return sn_fail(err, errno, "cannot open /proc/self/exe: %s", strerror(errno));
	return sn_identify_fd(fd, id, err);
}

static struct sn_launch launch_of(struct plan *plan)
{
	return (struct sn_launch){
		.cgroup = plan->cgroup,
		.directory = plan->named.directory,
		.directory_fd = plan->named.directory_fd,
		.account = &plan->named.account,
		.command = &plan->command,
		.keep_fd = plan->options->keep_fd,
		.nr_keep_fd = plan->options->nr_keep_fd,
	};
}

static bool needs_jit(const struct sn_command *command)
{
	for (size_t i = 1; command->argv[i]; i++)
		if (!strcmp(command->argv[i], "--jitless"))
			return false;
	return !strncmp(strrchr(command->path, '/'), "/node", strlen("/node"));
}

/* Can this process do all that it will have to? */
static int check_powers(struct plan *plan, bool starts, struct sn_err *err)
{
	struct sn_launch launch = launch_of(plan);
	struct sn_err why = {};
	int ret = sn_rehearse(starts ? &launch : NULL, &why);

	if (ret < 0)
		return sn_fail(err, -ret, "%s", why.text);
	if (ret && needs_jit(&plan->command)) /* no failure: NODE_OPTIONS can have --jitless */
		plan->say(why.text);
	return 0;
}

/* Below the parent, or below where this process is. */
static int choose_cgroup(struct plan *plan, struct sn_err *err)
{
	const char *tenant = plan->options->tenant;
	int ret = plan->options->delegated
			  ? sn_elsewhere_choose(plan->enforcer.mount, tenant, plan->cgroup, err)
			  : sn_enforcer_cgroup(&plan->enforcer, tenant, plan->cgroup, err);

	if (ret)
		return ret;
	strcpy(plan->above, plan->cgroup);
	*strrchr(plan->above, '/') = '\0';
	return 0;
}

/* Is everything in force, and is the name free? */
static int check_enforcer(struct plan *plan, struct sn_err *err)
{
	int ret = sn_enforcer_open(&plan->enforcer, err);

	if (!ret)
		ret = choose_cgroup(plan, err);
	if (!ret)
		ret = sn_cgroup_check_writable(plan->above, err);
	if (!ret && plan->options->delegated)
		ret = sn_mark_check_powers(plan->cgroup, err);
	return ret ? ret : check_idle(plan, err);
}

/* This takes longest: some sixty paths, and a process that lists the runtime's libraries. */
static int gather_rules(struct plan *plan, struct sn_err *err)
{
	int ret = sn_gather_paths(&plan->named, err);

	if (!ret)
		ret = add_descriptors(plan, err);
	return ret ? ret : sn_runtime_baseline(&plan->baseline, plan->command.path, err);
}

static int check_all(struct plan *plan, char *const argv[], struct sn_err *err)
{
	static char *const node[] = { "node", NULL };
	int ret;

	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	if (!plan->options->safe_mode)
		return sn_fail(err, EINVAL,
			       "--safe-mode is missing: without it a tenant may do nothing at all; "
			       "add --safe-mode");
	if (plan->options->warm && !*argv)
		return sn_fail(err, EINVAL,
			       "--warm without a command: name the program that is to be warm");
	ret = sn_gather_directory(&plan->named, err);
	if (!ret)
		ret = sn_gather_account(&plan->named, err);
	if (!ret)
		ret = sn_named_wrongly(
			sn_command_resolve(&plan->command, *argv ? argv : node, err));
	if (!ret)
		ret = sn_gather_command(&plan->named, &plan->command, err);
	if (!ret)
		ret = identify_launcher(&plan->launcher, err);
	if (!ret)
		ret = check_powers(plan, *argv, err);
	if (!ret)
		ret = check_enforcer(plan, err);
	return ret ? ret : gather_rules(plan, err);
}

/* ---- changes, under the lock ---- */

static int compile(struct plan *plan, struct sn_compiled *compiled, struct sn_err *err)
{
	struct sn_source source = {
		.options = plan->options,
		.cgroup_id = plan->cgroup_id,
		.directory = plan->named.directory,
		.dir = plan->named.dir,
		.launcher = plan->launcher,
		.own = &plan->named.own,
		.baseline = &plan->baseline,
	};
	int ret = sn_gather_cgroup(&plan->named, plan->enforcer.mount, plan->cgroup, err);

	/* undoing may need the descriptors, if the process is short of them */
	sn_rules_close(&plan->named.own);
	sn_rules_close(&plan->baseline);
	return ret ? ret : sn_compile(&source, compiled, err);
}

static int set_limits(struct plan *plan, struct sn_err *err)
{
	const struct sn_limits limits = {
		.memory_max = plan->options->memory_max,
		.cpu_max = plan->options->cpu_max,
		.pids_max = plan->options->pids_max,
	};

	return sn_limits_set(plan->enforcer.mount,
			     plan->options->delegated ? plan->above : plan->enforcer.mount,
			     plan->cgroup, &limits, &plan->controllers, err);
}

/* Runs in the guardian, which shares the launcher's lock. */
static void undo(void *data)
{
	struct plan *plan = data;

	if (sn_tenant_remove(&plan->enforcer, plan->cgroup, NULL) < 0 &&
	    /* the cgroup's id cannot be read: find the policy by its name */
	    sn_store_remove_tenant(&plan->enforcer.store, plan->options->tenant, NULL) >= 0)
		sn_cgroup_remove(plan->cgroup, NULL);
	sn_controllers_undo(plan->cgroup, &plan->controllers);
}

/* Runs in the guardian as well. */
static uint64_t noticed(void *data)
{
	const struct plan *plan = data;
	struct sn_counters counters;

	sn_store_count(&plan->enforcer.store, plan->cgroup_id, &counters);
	return counters.self_test;
}

/* Replaces @old, which is empty if there was none. */
static int make_tenant(struct plan *plan, const struct sn_policy *old, struct sn_err *err)
{
	struct sn_compiled compiled = {};
	int ret = sn_cgroup_make(plan->cgroup, err);

	if (ret < 0)
		return ret;
	ret = sn_cgroup_id(plan->cgroup, &plan->cgroup_id, err);
	if (!ret && plan->options->delegated)
		ret = sn_elsewhere_mark(plan->enforcer.store.cgroups, plan->cgroup_id,
					plan->enforcer.mount, plan->cgroup, err);
	if (!ret)
		ret = set_limits(plan, err);
	if (!ret)
		ret = compile(plan, &compiled, err);
	if (!ret)
		ret = sn_store_put(&plan->enforcer.store, &compiled, old, err);
	sn_compiled_free(&compiled);
	if (ret)
		undo(plan);
	return ret;
}

/* No cgroup above may be a tenant's: what is below that is the same tenant. */
static int check_above(const struct plan *plan, struct sn_err *err)
{
	sn_autofree char *path = strdup(plan->above);
	struct sn_policy policy;
	__u64 id;

	for (; path && strlen(path) > strlen(plan->enforcer.mount); *strrchr(path, '/') = '\0') {
		if (sn_cgroup_id(path, &id, NULL))
			continue;
		if (!sn_store_get(&plan->enforcer.store, id, &policy))
			return sn_fail(err, EINVAL,
				       "%s is the cgroup of tenant '%s', and no tenant can be in "
				       "another; start it from elsewhere",
				       path, policy.tenant);
		if (id == plan->enforcer.state.parent_id)
			return sn_fail(err, EINVAL,
				       "%s is where tenants without --delegated are; leave that "
				       "out, or start it from elsewhere",
				       path);
	}
	return path ? 0 : sn_fail(err, ENOMEM, "out of memory");
}

/* One of this name that is in another cgroup: it has to go as well, for names are unique. */
static int remove_namesake(const struct plan *plan, struct sn_err *err)
{
	const char *tenant = plan->options->tenant;
	char other[PATH_MAX];
	int ret = sn_enforcer_find(&plan->enforcer, tenant, other, err);

	if (ret < 0 || !strcmp(other, plan->cgroup))
		return ret < 0 ? ret : 0;
	ret = sn_tenant_is_running(other, tenant, err);
	if (ret == 1)
		return sn_fail(err, EINVAL,
			       "tenant '%s' is running, in %s; choose another name, or "
			       "safenode-detach --cgroup %s --kill first",
			       tenant, other, tenant);
	if (!ret)
		ret = sn_tenant_remove(&plan->enforcer, other, err);
	return ret < 0 && ret != -ENOENT ? ret : 0;
}

/* Once more what was checked, now that no other tool can change it. */
static int check_again(const struct plan *plan, struct sn_err *err)
{
	int ret = sn_sweep_gone(&plan->enforcer, err);

	if (!ret)
		ret = check_idle(plan, err);
	if (!ret && plan->options->delegated)
		ret = check_above(plan, err);
	return ret ? ret : remove_namesake(plan, err);
}

static int establish(struct plan *plan, struct sn_err *err)
{
	struct sn_policy old = {}; /* of a tenant of this name that ended and was not detached */
	int ret = check_again(plan, err);

	if (!ret)
		ret = sn_tenant_empty(&plan->enforcer, plan->cgroup, &old, err);
	if (ret >= 0)
		ret = sn_cgroup_remove(plan->cgroup, err);
	if (!ret || ret == -ENOENT)
		ret = make_tenant(plan, &old, err);
	if (ret)
		sn_store_forget(&plan->enforcer.store, &old, 0, NULL);
	return ret;
}

/* ---- the process ---- */

/*
 * If the caller closed one of 0, 1 and 2, a file opened here would get its number and be taken for
 * one that was handed over. Node opens /dev/null there as well.
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

/* Called before a file opened here can get such a number. */
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

/*
 * The session is left when the lock is there: until then, the terminal's Ctrl-C ends the wait.
 * Nothing has been changed yet.
 */
static int lock(struct plan *plan, bool starts, struct sn_session *session, struct sn_err *err)
{
	const struct sn_options *options = plan->options;
	bool terminal = options->terminal;
	/* one that --keep-fd names is the operator's choice */
	size_t nr = options->handed_over ? options->nr_keep_fd : 0;
	int taken = starts ? sn_session_take_terminals(terminal, options->keep_fd, nr, err) : 0;
	int ret = taken < 0 ? taken : sn_enforcer_lock(&plan->enforcer, SN_EXCLUSIVE, err);

	if (!ret && starts)
		ret = sn_session_begin(terminal, session, err);
	/* a line that cannot be printed is no failure */
	if (!ret && taken)
		plan->say("standard input is /dev/null now: the terminal is another session's; "
			  "--terminal keeps it");
	return ret;
}

static int launch(struct plan *plan, struct sn_err *err)
{
	struct sn_launch launch = launch_of(plan);

	launch.undo = undo;
	launch.warm = plan->options->warm;
	launch.noticed = plan->options->observe ? noticed : NULL;
	launch.data = plan;
	return sn_launch(&launch, err);
}

/* Nobody shall take what is observed, or warm, for what is confined. */
static void say_weakened(const struct plan *plan)
{
	char text[256];

	if (plan->options->observe)
		snprintf(text, sizeof(text),
			 "NOT CONFINED: --observe refuses tenant '%s' nothing; what would be "
			 "refused is only reported, see safenode-log",
			 plan->options->tenant);
	else if (plan->options->warm)
		snprintf(text, sizeof(text),
			 "NOT CONFINED: files, native code and addresses are left to tenant '%s' "
			 "until safenode-attach --narrow --cgroup %s",
			 plan->options->tenant, plan->options->tenant);
	else
		return;
	plan->say(text);
}

static void release(struct plan *plan)
{
	sn_enforcer_close(&plan->enforcer);
	sn_gathered_free(&plan->named);
	sn_command_free(&plan->command);
	sn_rules_free(&plan->baseline);
}

int sn_attach(const struct sn_options *options, char *const argv[], void (*say)(const char *text),
	      struct sn_err *err)
{
	struct plan plan = {
		.options = options,
		.say = say,
		.named = SN_GATHERED(options),
		.enforcer = SN_ENFORCER_CLOSED,
	};
	struct sn_session session = {};
	int ret = fill_stdio(err);

	if (!ret)
		ret = check_descriptors(options, err);
	if (!ret)
		ret = check_all(&plan, argv, err);
	if (!ret)
		ret = lock(&plan, *argv, &session, err);
	if (!ret)
		ret = establish(&plan, err);
	if (!ret)
		say_weakened(&plan);
	if (!ret && *argv)
		ret = launch(&plan, err);
	sn_session_undo(&session);
	release(&plan);
	return ret;
}
