// SPDX-License-Identifier: GPL-2.0-only
/*
 * One connection to safenode-broker, from its beginning to the answer. Everything that depends on
 * the caller is behind it when the lock is taken: the caller stands still then.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"
#include "caller.h"
#include "cgroup.h"
#include "compile.h"
#include "detach.h"
#include "elsewhere.h"
#include "ended.h"
#include "gather.h"
#include "inquiry.h"
#include "kept.h"
#include "received.h"
#include "tenancy.h"

#define SECONDS 30 /* for all that the caller does; it has everything ready when it connects */

struct deal {
	struct sn_caller caller;
	int quota;
	int fds[SN_PLACES_MAX];
	size_t nr_fds;
	struct sn_request request;
	struct sn_received *handed; /* as many as descriptors */
	struct sn_gathered named;
	struct sn_rules baseline;
	struct sn_enforcer enforcer;
	struct sn_tenancy tenancy;
};

/* ---- what was asked for ---- */

/* "1000:t1", which no other name can be. */
static int set_name(struct deal *deal, struct sn_err *err)
{
	char user[SN_USER_PREFIX], *name;

	sn_request_prefix(deal->caller.uid, user);
	if (asprintf(&name, "%s%s", user, deal->request.options.tenant) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	free(deal->request.options.tenant);
	deal->request.options.tenant = name;
	deal->request.options.delegated = true; /* it stays below where its caller is */
	if (strlen(name) < SN_TENANT_MAX)
		return 0;
	return sn_fail(err, EINVAL, "'%s' is too long for a name; choose a shorter one", name);
}

static int check_directory(const struct sn_received *directory, struct sn_err *err)
{
	if (directory->is_directory && !directory->is_kernels && strcmp(directory->path, "/") != 0)
		return 0;
	return sn_fail(err, EINVAL, "'%.200s' cannot be a tenant's directory", directory->path);
}

static int add_rule(struct deal *deal, const struct sn_request_rule *rule, struct sn_err *err)
{
	const struct sn_received *place = &deal->handed[rule->place];
	const struct sn_grant grant = { rule->access, rule->below, rule->owner };

	if ((rule->is_name && !place->is_directory) ||
	    (place->is_held && (rule->access != SN_MAY_STAT || rule->below)))
		return sn_fail(err, EINVAL, "'%.200s' cannot have such a rule", place->path);
	return sn_rules_put(rule->baseline ? &deal->baseline : &deal->named.own, place->path,
			    &place->id, rule->is_name ? rule->name : NULL, &grant, err);
}

static int read_request(struct deal *deal, struct sn_err *err)
{
	sn_autofree char *message = malloc(SN_REQUEST_MAX + 1);
	size_t size = SN_REQUEST_MAX + 1;
	int ret = message ? sn_caller_hear(&deal->caller, message, &size, deal->fds, &deal->nr_fds,
					   err)
			  : sn_fail(err, ENOMEM, "out of memory");

	if (!ret)
		ret = sn_request_read(message, size, deal->nr_fds, &deal->request, err);
	return ret ? ret : sn_caller_check_nonce(&deal->caller, &deal->request.nonce, err);
}

static int make_rules(struct deal *deal, struct sn_err *err)
{
	int ret = 0;

	deal->handed = calloc(deal->nr_fds, sizeof(*deal->handed));
	if (!deal->handed)
		return sn_fail(err, ENOMEM, "out of memory");
	ret = sn_received_look(deal->fds, deal->nr_fds, deal->caller.pid, deal->handed, err);
	if (!ret)
		ret = check_directory(&deal->handed[deal->request.directory], err);
	for (size_t i = 0; i < deal->request.nr_rules && !ret; i++)
		ret = add_rule(deal, &deal->request.rules[i], err);
	if (!ret && deal->request.kept)
		ret = sn_kept_take(SN_KEPT_DIR, deal->request.kept, deal->request.kept_scope,
				   &deal->baseline, err);
	return ret;
}

/* ---- where ---- */

static int choose_cgroup(struct deal *deal, struct sn_err *err)
{
	const char *mount = deal->enforcer.mount;
	char own[PATH_MAX];
	int ret = sn_cgroup_of(deal->caller.pid, mount, own, err);

	if (!ret)
		ret = sn_elsewhere_below(mount, own, deal->request.options.tenant,
					 deal->tenancy.cgroup, err);
	if (!ret)
		sn_tenancy_place(&deal->tenancy);
	return ret ? ret : sn_tenancy_check(&deal->tenancy, err);
}

/* How many tenants its user has by the broker. */
static int count(struct deal *deal, struct sn_err *err)
{
	char prefix[SN_USER_PREFIX];
	int ret;

	sn_request_prefix(deal->caller.uid, prefix);
	ret = sn_tenancy_survey(&deal->tenancy, prefix, err);
	return ret ? ret : deal->tenancy.survey.nr;
}

static int check_quota(struct deal *deal, struct sn_err *err)
{
	int nr = count(deal, err), ret;

	if (nr < deal->quota)
		return nr < 0 ? nr : 0;
	ret = sn_ended_remove(&deal->enforcer, err);
	if (ret >= 0)
		ret = nr = count(deal, err);
	if (ret < 0)
		return ret;
	if (nr < deal->quota)
		return 0;
	return sn_fail(err, EDQUOT,
		       "user %u has %d tenants, which is the most; end one, or raise "
		       "--tenants-per-user of safenode-broker",
		       deal->caller.uid, nr);
}

/* ---- the tenant ---- */

/*
 * The scope of a baseline of the same rules that a tenant of the same user has; else that of
 * @policy. Nobody else shares it: a caller could find rules of its own with the same sum, to be in
 * force for others. So it is none of root's either, whose scope is the sum.
 */
static __u64 find_baseline(const struct deal *deal, const struct sn_policy *policy)
{
	const struct sn_survey *survey = &deal->tenancy.survey;
	struct sn_policy other;

	for (int i = 0; i < survey->nr && i < SN_SURVEY_IDS; i++)
		if (!sn_store_get(&deal->enforcer.store, survey->ids[i], &other) &&
		    other.baseline_sum == policy->baseline_sum &&
		    other.baseline != other.baseline_sum)
			return other.baseline;
	return policy->baseline;
}

/* Root's, which is not compiled where it is in force; or the caller's, which is for this tenant. */
static void choose_baseline(struct deal *deal, struct sn_rules *none, struct sn_source *source)
{
	source->baseline = &deal->baseline;
	source->baseline_scope = deal->tenancy.cgroup_id | SN_SCOPE_BASELINE;
	if (!deal->request.kept)
		return;
	none->scope = source->baseline_scope = sn_rules_scope(&deal->baseline);
	if (sn_store_has_baseline(&deal->enforcer.store, none->scope) == 1)
		source->baseline = none;
}

static int compile(void *data, struct sn_compiled *compiled, struct sn_err *err)
{
	struct deal *deal = data;
	struct sn_rules none = {};
	const struct sn_received *directory = &deal->handed[deal->request.directory];
	struct sn_source source = {
		.options = &deal->request.options,
		.cgroup_id = deal->tenancy.cgroup_id,
		.directory = directory->path,
		.dir = directory->id,
		.launcher = deal->caller.launcher,
		.own = &deal->named.own,
	};
	int ret = sn_gather_cgroup(&deal->named, deal->enforcer.mount, deal->tenancy.cgroup, err);

	choose_baseline(deal, &none, &source);
	if (!ret)
		ret = sn_compile(&source, compiled, err);
	if (!ret && !deal->request.kept)
		compiled->policy.baseline = find_baseline(deal, &compiled->policy);
	return ret;
}

/* By its number, which is its own while it is held. */
static int move_in(struct deal *deal, struct sn_err *err)
{
	const char *cgroup = deal->tenancy.cgroup;
	char number[16];
	int ret;

	snprintf(number, sizeof(number), "%d", deal->caller.pid);
	ret = sn_cgroup_write(cgroup, "cgroup.procs", number);
	if (!ret && sn_cgroup_populated(cgroup) != 1)
		ret = -ESRCH; /* it was killed */
	if (ret)
		sn_tenancy_undo(&deal->tenancy);
	return ret ? sn_fail(err, -ret, "cannot move process %s to %s: %s", number, cgroup,
			     strerror(-ret))
		   : 0;
}

static int make(struct deal *deal, struct sn_err *err)
{
	int ret = sn_enforcer_lock(&deal->enforcer, SN_EXCLUSIVE, err);

	if (!ret)
		ret = check_quota(deal, err);
	if (!ret)
		ret = sn_tenancy_make(&deal->tenancy, err);
	return ret ? ret : move_in(deal, err);
}

static int prepare(struct deal *deal, struct sn_err *err)
{
	int ret = set_name(deal, err);

	if (!ret)
		ret = make_rules(deal, err);
	if (!ret)
		ret = sn_caller_hold(&deal->caller, err);
	if (!ret)
		ret = sn_enforcer_open(&deal->enforcer, err);
	return ret ? ret : choose_cgroup(deal, err);
}

/* The caller becomes a tenant, and is told. */
static int start(struct deal *deal, struct sn_err *err)
{
	int ret = prepare(deal, err);

	alarm(0);
	if (!ret)
		ret = make(deal, err);
	if (!ret)
		sn_caller_tell(&deal->caller, 0, NULL);
	return ret;
}

static int serve(struct deal *deal, struct sn_err *err)
{
	int ret = sn_caller_meet(&deal->caller, err);

	if (!ret)
		ret = read_request(deal, err);
	if (ret)
		return ret;
	return deal->request.act == SN_ACT_START ? start(deal, err)
						 : sn_inquiry(&deal->caller, &deal->request, err);
}

static void release(struct deal *deal)
{
	sn_enforcer_close(&deal->enforcer);
	sn_rules_free(&deal->baseline);
	sn_gathered_free(&deal->named);
	free(deal->handed);
	sn_request_free(&deal->request);
	for (size_t i = 0; i < deal->nr_fds; i++)
		close(deal->fds[i]);
	sn_caller_close(&deal->caller);
}

int sn_broker_serve(int socket, int quota, struct sn_err *err)
{
	struct deal deal = {
		.caller = SN_CALLER(socket),
		.quota = quota,
		.enforcer = SN_ENFORCER_CLOSED,
	};
	struct sn_err why = {};
	int ret;

	deal.named = SN_GATHERED(&deal.request.options);
	deal.tenancy = (struct sn_tenancy){
		.options = &deal.request.options,
		.enforcer = &deal.enforcer,
		.compile = compile,
		.data = &deal,
	};
	alarm(SECONDS);
	ret = serve(&deal, &why);
	alarm(0);
	if (ret)
		sn_caller_tell(&deal.caller, ret, &why);
	release(&deal);
	return ret ? sn_fail(err, -ret, "process %d of user %u: %.440s", deal.caller.pid,
			     deal.caller.uid, why.text)
		   : 0;
}

/* ---- those that have ended ---- */

int sn_broker_sweep(struct sn_err *err)
{
	struct sn_enforcer enforcer;
	int ret;

	if (sn_enforcer_open(&enforcer, NULL))
		return 0; /* is said to who asks for a tenant */
	ret = sn_enforcer_lock(&enforcer, SN_SHARED, err);
	if (!ret)
		ret = sn_ended_any(&enforcer, err);
	sn_enforcer_close(&enforcer);
	if (ret <= 0)
		return ret;
	ret = sn_enforcer_open(&enforcer, err);
	if (!ret)
		ret = sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, err);
	if (!ret)
		ret = sn_ended_remove(&enforcer, err);
	if (ret >= 0)
		ret = sn_sweep_gone(&enforcer, err);
	sn_enforcer_close(&enforcer);
	return ret < 0 ? ret : 0;
}
