// SPDX-License-Identifier: GPL-2.0-only
/* From options to a running tenant, for an ordinary user: by way of safenode-broker. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "attach.h"
#include "brokerclient.h"
#include "identify.h"
#include "kept.h"
#include "request.h"
#include "runtime.h"
#include "session.h"

struct plan {
	const struct sn_options *options;
	void (*say)(const char *text);
	struct sn_gathered named;
	struct sn_command command;
	struct sn_rules baseline;
	__u64 kept, kept_scope; /* the number of the one that root has kept, instead */
	/* the request: what each rule is about, as a descriptor */
	struct sn_inode ids[SN_PLACES_MAX];
	int fds[SN_PLACES_MAX];
	size_t nr_places;
	struct sn_request_rule rules[SN_REQUEST_RULES];
	size_t nr_rules;
};

/* ---- checks ---- */

static int only_root(const char *what, struct sn_err *err)
{
	return sn_fail(err, EPERM, "%s: only root can do that", what);
}

static int check_options(const struct sn_options *options, bool starts, struct sn_err *err)
{
	int ret = sn_options_need_safe_mode(options, err);

	if (ret)
		return ret;
	if (options->observe)
		return only_root("--observe", err);
	if (options->warm)
		return only_root("--warm", err);
	if (options->nr_groups)
		return only_root("--supplementary-group", err);
	return starts ? 0 : only_root("a policy without COMMAND", err);
}

static int find_account(struct plan *plan, struct sn_err *err)
{
	struct sn_account *account = &plan->named.account;
	int ret = plan->options->user ? sn_gather_account(&plan->named, err) : 0;
	uid_t asked = plan->options->user ? account->uid : geteuid();

	if (ret)
		return ret;
	if (asked != geteuid())
		return only_root("--user of another user", err);
	sn_account_free(account);
	ret = sn_account_of(account, getpid());
	return ret ? sn_fail(err, -ret, "cannot learn whose this process is: %s", strerror(-ret))
		   : 0;
}

static struct sn_launch launch_of(const struct plan *plan)
{
	return (struct sn_launch){
		.directory = plan->named.directory,
		.directory_fd = plan->named.directory_fd,
		.account = &plan->named.account,
		.own = true,
		.command = &plan->command,
		.keep_fd = plan->options->keep_fd,
		.nr_keep_fd = plan->options->nr_keep_fd,
	};
}

/* That which root has kept is the same, and costs neither the loader nor descriptors. */
static int find_baseline(struct plan *plan, struct sn_err *err)
{
	struct sn_inode launcher;
	int ret = sn_attach_identify(&launcher, err);

	if (ret)
		return ret;
	plan->kept = sn_kept_find(SN_KEPT_DIR, &launcher, plan->command.path, &plan->kept_scope);
	return plan->kept ? 0 : sn_runtime_baseline(&plan->baseline, plan->command.path, err);
}

static int gather(struct plan *plan, char *const argv[], struct sn_err *err)
{
	struct sn_launch launch;
	int ret = sn_gather_directory(&plan->named, err);

	if (!ret)
		ret = find_account(plan, err);
	if (!ret)
		ret = sn_named_wrongly(sn_command_resolve(&plan->command, argv, err));
	if (!ret)
		ret = sn_gather_command(&plan->named, &plan->command, err);
	launch = launch_of(plan);
	if (!ret)
		ret = sn_attach_rehearse(&launch, plan->say, err);
	if (!ret)
		ret = sn_gather_paths(&plan->named, err);
	if (!ret)
		ret = sn_attach_add_descriptors(&plan->named, err);
	return ret ? ret : find_baseline(plan, err);
}

/* ---- rules -> descriptors ---- */

/* An O_PATH descriptor of what the tenant is given open as @fd, if that is @id; or -1. */
static int open_held(int fd, const struct sn_inode *id)
{
	struct sn_inode held;
	char name[32];

	if (sn_identify_held_fd(fd, &held, NULL) || memcmp(&held, id, sizeof(held)) != 0)
		return -1;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_PATH | O_CLOEXEC);
}

static int find_descriptor(const struct plan *plan, const struct sn_inode *id)
{
	const struct sn_options *options = plan->options;
	int fd = sn_rules_place(&plan->named.own, id);

	if (fd < 0)
		fd = sn_rules_place(&plan->baseline, id);
	for (int std = 0; fd < 0 && std <= 2; std++)
		fd = open_held(std, id);
	for (size_t i = 0; fd < 0 && i < options->nr_keep_fd; i++)
		fd = open_held(options->keep_fd[i], id);
	return fd;
}

/* Its number among those that are handed over, into @place. */
static int add_place(struct plan *plan, const struct sn_inode *id, int fd, __u16 *place,
		     struct sn_err *err)
{
	for (size_t i = 0; i < plan->nr_places; i++)
		if (!memcmp(&plan->ids[i], id, sizeof(*id))) {
			*place = i;
			return 0;
		}
	if (plan->nr_places == SN_PLACES_MAX)
		return sn_fail(err, E2BIG,
			       "more than %d directories for safenode-broker; name fewer paths",
			       SN_PLACES_MAX);
	fd = fd < 0 ? find_descriptor(plan, id) : fd;
	if (fd < 0)
		return sn_fail(err, EIO, "a directory has no descriptor");
	*place = plan->nr_places;
	plan->ids[plan->nr_places] = *id;
	plan->fds[plan->nr_places++] = fd;
	return 0;
}

static int add_rule(struct plan *plan, bool baseline, const struct sn_directory_key *key,
		    const struct sn_rule *rule, const char *name, struct sn_err *err)
{
	const struct sn_inode id = { .ino = key->ino,
				     .dev = key->dev,
				     .generation = rule->generation };
	struct sn_request_rule *new = &plan->rules[plan->nr_rules];

	if (plan->nr_rules == SN_REQUEST_RULES)
		return sn_fail(err, E2BIG,
			       "more than %d rules for safenode-broker; name fewer paths",
			       SN_REQUEST_RULES);
	plan->nr_rules++;
	*new = (struct sn_request_rule){
		.baseline = baseline,
		.is_name = !!name,
		.access = rule->access,
		.below = rule->below,
		.owner = name && baseline ? rule->owner : 0,
	};
	if (name)
		memcpy(new->name, name, sizeof(new->name));
	return add_place(plan, &id, -1, &new->place, err);
}

static int add_rules(struct plan *plan, const struct sn_rules *rules, bool baseline,
		     struct sn_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < rules->nr_directories && !ret; i++)
		ret = add_rule(plan, baseline, &rules->directories[i].key,
			       &rules->directories[i].rule, NULL, err);
	for (size_t i = 0; i < rules->nr_names && !ret; i++)
		ret = add_rule(plan, baseline, &rules->names[i].key.directory,
			       &rules->names[i].rule, rules->names[i].key.name, err);
	return ret;
}

/* From the broker's first word to its answer, nothing of this process changes. */
static int ask_once(struct plan *plan, struct sn_err *err)
{
	struct sn_request request = {
		.act = SN_ACT_START,
		.options = *plan->options,
		.kept = plan->kept,
		.kept_scope = plan->kept_scope,
	};
	__u16 directory = 0;
	int ret;

	plan->nr_places = plan->nr_rules = 0;
	ret = add_place(plan, &plan->named.dir, plan->named.directory_fd, &directory, err);
	if (!ret)
		ret = add_rules(plan, &plan->named.own, false, err);
	if (!ret)
		ret = add_rules(plan, &plan->baseline, true, err);
	if (ret)
		return ret;
	request.nr_places = plan->nr_places;
	request.directory = directory;
	request.rules = plan->rules;
	request.nr_rules = plan->nr_rules;
	return sn_brokerclient_start(&request, plan->fds, err);
}

/* The broker may see another /run, or what was kept has gone since. */
static int ask(struct plan *plan, struct sn_err *err)
{
	int ret = ask_once(plan, err);

	if (ret != -ESTALE || !plan->kept)
		return ret;
	plan->kept = 0;
	ret = sn_runtime_baseline(&plan->baseline, plan->command.path, err);
	return ret ? ret : ask_once(plan, err);
}

/* ---- the process ---- */

static int begin_session(struct plan *plan, struct sn_session *session, struct sn_err *err)
{
	int taken = sn_attach_take_terminals(plan->options, err);
	int ret = taken < 0 ? taken : sn_session_begin(plan->options->terminal, session, err);

	if (!ret && taken)
		sn_attach_say_taken(plan->say);
	return ret;
}

static int become(struct plan *plan, struct sn_err *err)
{
	struct sn_launch launch = launch_of(plan);
	int ret = sn_launch_prepare(&launch, err);

	if (!ret)
		ret = sn_launch_drop(&launch, err);
	if (!ret)
		ret = ask(plan, err);
	return ret ? ret : sn_launch_inside(&launch, err);
}

static void release(struct plan *plan)
{
	sn_gathered_free(&plan->named);
	sn_command_free(&plan->command);
	sn_rules_free(&plan->baseline);
	free(plan);
}

int sn_ask(const struct sn_options *options, char *const argv[], void (*say)(const char *text),
	   struct sn_err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct sn_session session = {};
	int ret = plan ? check_options(options, *argv, err) : sn_fail(err, ENOMEM, "out of memory");

	if (!plan)
		return ret;
	plan->options = options;
	plan->say = say;
	plan->named = SN_GATHERED(options);
	if (!ret)
		ret = sn_brokerclient_check(err);
	if (!ret)
		ret = sn_attach_begin(options, err);
	if (!ret)
		ret = gather(plan, argv, err);
	if (!ret)
		ret = begin_session(plan, &session, err);
	if (!ret)
		ret = become(plan, err);
	sn_session_undo(&session);
	release(plan);
	return ret;
}
