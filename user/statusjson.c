// SPDX-License-Identifier: GPL-2.0-only
/* What is loaded and the tenants -> JSON, as docs/status.schema.json describes it. */
#include <string.h>
#include <sys/utsname.h>

#include "eventjson.h"
#include "inforcejson.h"
#include "logline.h"
#include "statusjson.h"
#include "utf8.h"

/* ---- members; each is false for lack of memory, and then the object is of no use ---- */

static bool add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value && !json_object_object_add(object, name, value))
		return true;
	json_object_put(value);
	return false;
}

static bool add_null(struct json_object *object, const char *name)
{
	return !json_object_object_add(object, name, NULL);
}

static bool add_string(struct json_object *object, const char *name, const char *text)
{
	return text ? add(object, name, json_object_new_string(text)) : add_null(object, name);
}

static bool add_number(struct json_object *object, const char *name, __s64 number)
{
	return number == SN_NOT_KNOWN ? add_null(object, name)
				      : add(object, name, json_object_new_int64(number));
}

static bool add_count(struct json_object *object, const char *name, __u64 count)
{
	return add(object, name, json_object_new_uint64(count));
}

static bool add_bool(struct json_object *object, const char *name, bool value)
{
	return add(object, name, json_object_new_boolean(value));
}

static bool append(struct json_object *list, struct json_object *value)
{
	if (value && !json_object_array_add(list, value))
		return true;
	json_object_put(value);
	return false;
}

/* @object, or NULL if not @good; then it is put. */
static struct json_object *finish(struct json_object *object, bool good)
{
	if (good)
		return object;
	json_object_put(object);
	return NULL;
}

/* ---- parts ---- */

static struct json_object *check_json(const struct sn_requirement *req)
{
	struct json_object *object = json_object_new_object();

	return finish(object, object && add_string(object, "id", req->id) &&
				      add_string(object, "what", req->what) &&
				      add_bool(object, "met", req->met) &&
				      add_bool(object, "needed", req->needed) &&
				      add_string(object, "found", req->found) &&
				      add_string(object, "cure",
						 !req->met && *req->cure ? req->cure : NULL));
}

static struct json_object *checks_json(const struct sn_status *status)
{
	struct json_object *list = json_object_new_array();
	bool good = list;

	for (size_t i = 0; i < status->nr_checks && good; i++)
		good = append(list, check_json(&status->checks[i]));
	return finish(list, good);
}

static struct json_object *denied_json(const struct sn_counters *counters)
{
	struct json_object *object = json_object_new_object();
	bool good = object;

	for (int op = 0; op < SN_OP_NR && good; op++)
		if (counters->denied[op])
			good = add_count(object, sn_op_name(op), counters->denied[op]);
	return finish(object, good);
}

static bool add_counters(struct json_object *object, const struct sn_counters *counters)
{
	return add(object, "denied", denied_json(counters)) &&
	       add_count(object, "known", counters->known) &&
	       add_count(object, "lost", counters->lost) &&
	       add_count(object, "suppressed", counters->suppressed);
}

static struct json_object *user_json(const struct sn_tenant *tenant)
{
	struct json_object *object = json_object_new_object();

	return finish(object, object && add_number(object, "uid", tenant->usage.user) &&
				      add_string(object, "name", tenant->user));
}

static struct json_object *pids_json(const struct sn_usage *usage)
{
	struct json_object *list = json_object_new_array();
	bool good = list;

	for (size_t i = 0; i < usage->nr_pids && good; i++)
		good = append(list, json_object_new_int(usage->pids[i]));
	return finish(list, good);
}

static struct json_object *drift_json(const struct sn_drift *drift)
{
	struct json_object *object = json_object_new_object();

	return finish(object, object && add_string(object, "file", drift->file) &&
				      add_string(object, "set", drift->set) &&
				      add_string(object, "now", drift->now[0] ? drift->now : NULL));
}

static struct json_object *drifts_json(const struct sn_tenant *tenant)
{
	struct json_object *list = json_object_new_array();
	bool good = list;

	for (size_t i = 0; i < tenant->drifts && i < SN_DRIFTS_MAX && good; i++)
		good = append(list, drift_json(&tenant->drift[i]));
	return finish(list, good);
}

/* Bytes that are no UTF-8 are in "dir_hex". */
static bool add_directory(struct json_object *object, const char *directory)
{
	char hex[2 * SN_TEXT_MAX + 1];
	size_t len = strlen(directory);

	return add_string(object, "dir", directory) &&
	       (sn_is_utf8(directory, len) ||
		add_string(object, "dir_hex", sn_hex(directory, len, hex)));
}

static bool add_usage(struct json_object *object, const struct sn_tenant *tenant)
{
	const struct sn_usage *usage = &tenant->usage;

	return (usage->has_user ? add(object, "user", user_json(tenant))
				: add_null(object, "user")) &&
	       add(object, "pids", pids_json(usage)) &&
	       add_number(object, "threads", usage->threads) &&
	       add_number(object, "memory", usage->memory) &&
	       add_number(object, "memory_max", usage->memory_max) &&
	       add_number(object, "cpu_usec", usage->cpu_usec);
}

static struct json_object *tenant_json(const struct sn_tenant *tenant)
{
	const struct sn_policy *policy = &tenant->policy;
	struct json_object *object = json_object_new_object();

	return finish(object,
		      object && add_string(object, "name", policy->tenant) &&
			      add_string(object, "cgroup", tenant->cgroup) &&
			      add_directory(object, policy->directory) &&
			      add_string(object, "state", tenant->running ? "running" : "ended") &&
			      add_string(object, "mode", sn_status_mode(policy)) &&
			      add_usage(object, tenant) &&
			      add(object, "policy", sn_inforce_json(&tenant->inforce)) &&
			      add(object, "limits_not_held", drifts_json(tenant)) &&
			      add_counters(object, &tenant->counters) &&
			      (tenant->has_last ? add(object, "last", sn_event_json(&tenant->last))
						: add_null(object, "last")));
}

static struct json_object *tenants_json(const struct sn_status *status)
{
	struct json_object *list = json_object_new_array();
	bool good = list;

	for (size_t i = 0; i < status->nr_tenants && good; i++)
		good = append(list, tenant_json(&status->tenants[i]));
	return finish(list, good);
}

static struct json_object *without_json(const struct sn_status *status)
{
	struct json_object *object = json_object_new_object();

	return finish(object, object && add_counters(object, &status->without_policy));
}

static struct json_object *events_json(const struct sn_status *status)
{
	struct json_object *object = json_object_new_object();
	__u64 lost = status->without_policy.lost, suppressed = status->without_policy.suppressed;

	for (size_t i = 0; i < status->nr_tenants; i++) {
		lost += status->tenants[i].counters.lost;
		suppressed += status->tenants[i].counters.suppressed;
	}
	return finish(object, object && add_count(object, "lost", lost) &&
				      add_count(object, "suppressed", suppressed) &&
				      add_bool(object, "reader", status->reader));
}

static struct json_object *map_json(const struct sn_fill *fill)
{
	struct json_object *object = json_object_new_object();

	return finish(object, object && add_string(object, "name", fill->name) &&
				      add_number(object, "entries", fill->entries) &&
				      add_number(object, "capacity", fill->capacity));
}

static struct json_object *maps_json(const struct sn_status *status)
{
	struct json_object *list = json_object_new_array();
	bool good = list;

	for (size_t i = 0; i < status->nr_maps && good; i++)
		good = append(list, map_json(&status->maps[i]));
	return finish(list, good);
}

/* ---- all together ---- */

static bool add_known_part(struct json_object *object, const struct sn_status *status)
{
	char parent[PATH_MAX + SN_TEXT_MAX];

	if (!status->known)
		return add_null(object, "programs") && add_null(object, "parent") &&
		       add_null(object, "events") && add_null(object, "tenants") &&
		       add_null(object, "without_policy");
	snprintf(parent, sizeof(parent), "%s%s", status->mount, status->state.parent);
	return add_number(object, "programs", status->state.programs) &&
	       add_string(object, "parent", parent) && add(object, "events", events_json(status)) &&
	       add(object, "tenants", tenants_json(status)) &&
	       (status->of_user ? add_null(object, "without_policy")
				: add(object, "without_policy", without_json(status)));
}

struct json_object *sn_status_json(const struct sn_status *status)
{
	struct json_object *object = json_object_new_object();
	struct utsname kernel;

	uname(&kernel);
	return finish(object, object && add_number(object, "version", SN_STATUS_JSON_VERSION) &&
				      add_string(object, "safenode", SAFENODE_VERSION) &&
				      add_string(object, "kernel", kernel.release) &&
				      add_bool(object, "in_force", status->in_force) &&
				      add(object, "checks", checks_json(status)) &&
				      add(object, "maps", maps_json(status)) &&
				      add_known_part(object, status));
}
