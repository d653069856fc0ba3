// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ordinary user learns of its own tenants, and how it ends them: by the broker. Their names
 * begin with the user's number and ':', which is not the caller's to choose.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "detach.h"
#include "enforcer.h"
#include "inquiry.h"
#include "logclient.h"
#include "statusform.h"

/* ---- what is told ---- */

/* Whoever reads slowly keeps this process waiting and nobody else, until SIGALRM. */
static int tell_status(const struct sn_caller *caller, enum sn_status_form form, const char *user,
		       const char *tenant, struct sn_err *err)
{
	sn_autofree char *text = NULL;
	struct sn_reply reply = {};
	size_t size = 0;
	int ret = sn_status_write(form, tenant, user, &text, &size, &reply.err);

	if (ret < 0) {
		*err = reply.err;
		return ret;
	}
	reply.error = ret;
	reply.size = size;
	ret = sn_caller_answer(caller, &reply, -1);
	if (!ret)
		ret = sn_caller_send(caller, text, size);
	return ret ? sn_fail(err, -ret, "cannot tell the status: %s", strerror(-ret)) : 0;
}

/*
 * A connection that has asked for this user's events. It can ask for nothing else: who says more is
 * dropped (followers.h).
 */
static int hand_log(const struct sn_caller *caller, __u32 want, const char *tenants,
		    struct sn_err *err)
{
	sn_autoclose int log = sn_logclient_open(want | SN_WANT_OF_USER, tenants, err);
	int ret;

	if (log < 0)
		return log;
	ret = sn_caller_answer(caller, &(struct sn_reply){}, log);
	return ret ? sn_fail(err, -ret, "cannot hand the log over: %s", strerror(-ret)) : 0;
}

/* ---- what is ended ---- */

struct search {
	const struct sn_enforcer *enforcer;
	const char *tenant;
	int cgroup; /* a descriptor, or a negative errno */
};

static int compare(const struct sn_policy *policy, void *data)
{
	struct search *search = data;
	char path[PATH_MAX];

	if (strncmp(policy->tenant, search->tenant, SN_TENANT_MAX) != 0 ||
	    sn_enforcer_cgroup_of(search->enforcer, policy, path, NULL) < 0)
		return 0;
	search->cgroup = sn_cgroup_open(search->enforcer->mount, path, policy->cgroup_id);
	return search->cgroup >= 0;
}

/* A descriptor of the tenant's cgroup; -ENOENT: there is none; or another negative errno. */
static int find(const char *tenant, struct sn_err *err)
{
	struct sn_enforcer enforcer;
	struct search search = { &enforcer, tenant, -ENOENT };
	int ret = sn_enforcer_open(&enforcer, err);

	if (!ret)
		ret = sn_enforcer_lock(&enforcer, SN_EXCLUSIVE, err); /* see status.c */
	if (!ret)
		ret = sn_store_each(&enforcer.store, compare, &search, err);
	sn_enforcer_close(&enforcer);
	if (ret < 0)
		return ret;
	return search.cgroup < 0 ? -ENOENT : search.cgroup;
}

/* Without the lock: what waits for its user's FUSE does not end while that does not answer. */
static int end_processes(const char *tenant, struct sn_err *err)
{
	sn_autoclose int cgroup = find(tenant, err);
	char path[32];
	int ret;

	if (cgroup < 0)
		return cgroup == -ENOENT ? 0 : cgroup; /* detaching says so */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", cgroup);
	ret = sn_cgroup_kill(path, NULL);
	return ret ? sn_fail(err, -ret, "cannot end the processes of tenant '%s': %s", tenant,
			     strerror(-ret))
		   : 0;
}

static int detach(const struct sn_caller *caller, const char *tenant, bool kill, struct sn_err *err)
{
	int ret;

	alarm(0); /* what is begun is ended; nothing of it depends on the caller */
	ret = kill ? end_processes(tenant, err) : 0;
	if (!ret)
		ret = sn_detach(tenant, false, err);
	if (!ret)
		sn_caller_tell(caller, 0, NULL);
	return ret;
}

/* ---- all of them ---- */

int sn_inquiry(const struct sn_caller *caller, const struct sn_request *request, struct sn_err *err)
{
	char user[SN_USER_PREFIX], name[SN_TENANT_MAX];
	const char *asked = request->options.tenant;

	sn_request_prefix(caller->uid, user);
	if (snprintf(name, sizeof(name), "%s%s", user, asked) >= (int)sizeof(name))
		return sn_fail(err, ENOENT, "no tenant '%s'; see safenode-status", asked);
	switch (request->act) {
	case SN_ACT_STATUS:
		return tell_status(caller, request->how, user, *asked ? name : NULL, err);
	case SN_ACT_LOG:
		return hand_log(caller, request->how, name, err);
	case SN_ACT_DETACH:
		return detach(caller, name, request->how, err);
	default:
		return sn_fail(err, EINVAL, "nothing that the broker does");
	}
}
