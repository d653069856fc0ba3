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
#include "command.h"
#include "compile.h"
#include "elsewhere.h"
#include "enforcer.h"
#include "gather.h"
#include "identify.h"
#include "kept.h"
#include "launch.h"
#include "rehearse.h"
#include "rules.h"
#include "session.h"
#include "tenancy.h"

/* Everything that one attach gathers before it changes anything. */
struct plan {
	const struct sn_options *options;
	void (*say)(const char *text);
	struct sn_gathered named; /* what the options name */
	struct sn_command command;
	struct sn_inode launcher;
	struct sn_rules baseline;
	struct sn_enforcer enforcer; /* locked while anything changes, until the tenant runs */
	struct sn_tenancy tenancy;
};

/* ---- checks: nothing is changed ---- */

/* Descriptors that stay open: node refuses to start when it cannot fstat() its stdio. */
int sn_attach_add_descriptors(struct sn_gathered *named, struct sn_err *err)
{
	const struct sn_options *options = named->options;
	int ret = 0;

	for (int fd = 0; fd <= 2 && !ret; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			ret = sn_rules_add_fd(&named->own, fd, err);
	for (size_t i = 0; i < options->nr_keep_fd && !ret; i++)
		ret = sn_rules_add_fd(&named->own, options->keep_fd[i], err);
	return ret;
}

int sn_attach_identify(struct sn_inode *launcher, struct sn_err *err)
{
	sn_autoclose int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return sn_fail(err, errno, "cannot open /proc/self/exe: %s", strerror(errno));
	return sn_identify_fd(fd, launcher, err);
}

static struct sn_launch launch_of(struct plan *plan)
{
	return (struct sn_launch){
		.cgroup = plan->tenancy.cgroup,
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

int sn_attach_rehearse(const struct sn_launch *launch, void (*say)(const char *text),
		       struct sn_err *err)
{
	struct sn_err why = {};
	int ret = sn_rehearse(launch, &why);

	if (ret < 0)
		return sn_fail(err, -ret, "%s", why.text);
	/* no failure: NODE_OPTIONS can have --jitless */
	if (ret && launch && needs_jit(launch->command))
		say(why.text);
	return 0;
}

/* Can this process do all that it will have to? */
static int check_powers(struct plan *plan, bool starts, struct sn_err *err)
{
	struct sn_launch launch = launch_of(plan);

	return sn_attach_rehearse(starts ? &launch : NULL, plan->say, err);
}

/* Below the parent, or below where this process is. */
static int choose_cgroup(struct plan *plan, struct sn_err *err)
{
	const char *tenant = plan->options->tenant;
	char *path = plan->tenancy.cgroup;
	int ret = plan->options->delegated
			  ? sn_elsewhere_choose(plan->enforcer.mount, tenant, path, err)
			  : sn_enforcer_cgroup(&plan->enforcer, tenant, path, err);

	if (!ret)
		sn_tenancy_place(&plan->tenancy);
	return ret;
}

/* Is everything in force, and is the name free? */
static int check_enforcer(struct plan *plan, struct sn_err *err)
{
	int ret = sn_enforcer_open(&plan->enforcer, err);

	if (!ret)
		ret = choose_cgroup(plan, err);
	if (!ret)
		ret = sn_tenancy_check(&plan->tenancy, err);
	return ret ? ret : sn_tenancy_check_idle(&plan->tenancy, err);
}

/*
 * The first time this takes longest: some sixty paths, and a process that lists the runtime's
 * libraries. Later it is a look at each of them.
 */
static int gather_rules(struct plan *plan, struct sn_err *err)
{
	int ret = sn_gather_paths(&plan->named, err);

	if (!ret)
		ret = sn_attach_add_descriptors(&plan->named, err);
	return ret ? ret
		   : sn_kept_baseline(SN_KEPT_DIR, &plan->launcher, plan->command.path,
				      &plan->baseline, err);
}

static int check_all(struct plan *plan, char *const argv[], struct sn_err *err)
{
	static char *const node[] = { "node", NULL };
	int ret;

	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	ret = sn_options_need_safe_mode(plan->options, err);
	if (!ret && plan->options->warm && !*argv)
		ret = sn_fail(err, EINVAL,
			      "--warm without a command: name the program that is to be warm");
	if (!ret)
		ret = sn_gather_directory(&plan->named, err);
	if (!ret)
		ret = sn_gather_account(&plan->named, err);
	if (!ret)
		ret = sn_named_wrongly(
			sn_command_resolve(&plan->command, *argv ? argv : node, err));
	if (!ret)
		ret = sn_gather_command(&plan->named, &plan->command, err);
	if (!ret)
		ret = sn_attach_identify(&plan->launcher, err);
	if (!ret)
		ret = check_powers(plan, *argv, err);
	if (!ret)
		ret = check_enforcer(plan, err);
	return ret ? ret : gather_rules(plan, err);
}

/* ---- changes, under the lock ---- */

static int compile(void *data, struct sn_compiled *compiled, struct sn_err *err)
{
	struct plan *plan = data;
	struct sn_rules none = { .scope = sn_rules_scope(&plan->baseline) };
	struct sn_source source = {
		.options = plan->options,
		.cgroup_id = plan->tenancy.cgroup_id,
		.directory = plan->named.directory,
		.dir = plan->named.dir,
		.launcher = plan->launcher,
		.own = &plan->named.own,
		.baseline = &plan->baseline,
		.baseline_scope = none.scope,
	};
	int ret = sn_gather_cgroup(&plan->named, plan->enforcer.mount, plan->tenancy.cgroup, err);

	/* undoing may need the descriptors, if the process is short of them */
	sn_rules_close(&plan->named.own);
	sn_rules_close(&plan->baseline);
	/* mostly other tenants have the same; while the lock is held it stays */
	if (sn_store_has_baseline(&plan->enforcer.store, source.baseline_scope) == 1)
		source.baseline = &none;
	return ret ? ret : sn_compile(&source, compiled, err);
}

/* Runs in the guardian, which shares the launcher's lock. */
static void undo(void *data)
{
	sn_tenancy_undo(&((struct plan *)data)->tenancy);
}

/* Runs in the guardian as well. */
static uint64_t noticed(void *data)
{
	const struct plan *plan = data;
	struct sn_counters counters;

	sn_store_count(&plan->enforcer.store, plan->tenancy.cgroup_id, &counters);
	return counters.self_test;
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

int sn_attach_begin(const struct sn_options *options, struct sn_err *err)
{
	int ret = fill_stdio(err);

	return ret ? ret : check_descriptors(options, err);
}

int sn_attach_take_terminals(const struct sn_options *options, struct sn_err *err)
{
	/* one that --keep-fd names is the operator's choice */
	size_t nr = options->handed_over ? options->nr_keep_fd : 0;

	return sn_session_take_terminals(options->terminal, options->keep_fd, nr, err);
}

void sn_attach_say_taken(void (*say)(const char *text))
{
	say("standard input is /dev/null now: the terminal is another session's; "
	    "--terminal keeps it");
}

/*
 * The session is left when the lock is there: until then, the terminal's Ctrl-C ends the wait.
 * Nothing has been changed yet.
 */
static int lock(struct plan *plan, bool starts, struct sn_session *session, struct sn_err *err)
{
	int taken = starts ? sn_attach_take_terminals(plan->options, err) : 0;
	int ret = taken < 0 ? taken : sn_enforcer_lock(&plan->enforcer, SN_EXCLUSIVE, err);

	if (!ret && starts)
		ret = sn_session_begin(plan->options->terminal, session, err);
	/* a line that cannot be printed is no failure */
	if (!ret && taken)
		sn_attach_say_taken(plan->say);
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
	int ret = sn_attach_begin(options, err);

	plan.tenancy = (struct sn_tenancy){
		.options = options,
		.enforcer = &plan.enforcer,
		.compile = compile,
		.data = &plan,
	};
	if (!ret)
		ret = check_all(&plan, argv, err);
	if (!ret)
		ret = lock(&plan, *argv, &session, err);
	if (!ret)
		ret = sn_tenancy_survey(&plan.tenancy, NULL, err);
	if (!ret)
		ret = sn_tenancy_make(&plan.tenancy, err);
	if (!ret)
		say_weakened(&plan);
	if (!ret && *argv)
		ret = launch(&plan, err);
	sn_session_undo(&session);
	release(&plan);
	return ret;
}
