// SPDX-License-Identifier: GPL-2.0-only
/* A container as its engine describes it: the state that a hook gets, and config.json. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bundle.h"

#define TEXT_MAX (16 << 20)

/* ---- JSON ---- */

static struct json_object *member(struct json_object *of, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(of, json_type_object))
		json_object_object_get_ex(of, key, &value);
	return value;
}

/* NULL also if it is no string, or has a NUL in it. */
static const char *string_of(struct json_object *value)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static const char *string_at(struct json_object *of, const char *key)
{
	return string_of(member(of, key));
}

static bool is_true(struct json_object *of, const char *key)
{
	struct json_object *value = member(of, key);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

static size_t length_of(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

/* An object and nothing behind it; or NULL. */
static struct json_object *parse(const char *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object = NULL;
	size_t len = strlen(text);

	if (!tokener || len > TEXT_MAX)
		goto out;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)len + 1); /* the NUL ends it */
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		object = NULL;
	}
out:
	if (tokener)
		json_tokener_free(tokener);
	return object;
}

/* ---- the state ---- */

int sn_bundle_state(struct sn_bundle *bundle, const char *text, struct sn_err *err)
{
	struct json_object *pid;
	int64_t number = 0;

	bundle->state = parse(text);
	bundle->id = string_at(bundle->state, "id");
	bundle->directory = string_at(bundle->state, "bundle");
	pid = member(bundle->state, "pid");
	if (json_object_is_type(pid, json_type_int))
		number = json_object_get_int64(pid);
	if (!bundle->id || !*bundle->id || !bundle->directory || bundle->directory[0] != '/' ||
	    number < 0 || number > INT_MAX)
		return sn_fail(err, EINVAL,
			       "on standard input is no state of a container; this is an OCI hook, "
			       "which a container runtime starts");
	bundle->pid = (pid_t)number;
	return 0;
}

/* ---- config.json ---- */

/* "PATH=..." of the environment. */
static const char *find_path(struct json_object *env)
{
	for (size_t i = 0; i < length_of(env); i++) {
		const char *entry = string_of(json_object_array_get_idx(env, i));

		if (entry && !strncmp(entry, "PATH=", strlen("PATH=")))
			return entry + strlen("PATH=");
	}
	return NULL;
}

int sn_bundle_config(struct sn_bundle *bundle, const char *text, struct sn_err *err)
{
	struct json_object *process, *args;

	bundle->config = parse(text);
	process = member(bundle->config, "process");
	args = member(process, "args");
	bundle->rootfs = string_at(member(bundle->config, "root"), "path");
	bundle->cwd = string_at(process, "cwd");
	bundle->program = length_of(args) ? string_of(json_object_array_get_idx(args, 0)) : NULL;
	bundle->path = find_path(member(process, "env"));
	bundle->terminal = is_true(process, "terminal");
	bundle->notes = member(bundle->config, "annotations");
	if (bundle->notes && !json_object_is_type(bundle->notes, json_type_object))
		return sn_fail(err, EINVAL, "%.300s/config.json: annotations is no object",
			       bundle->directory);
	if (bundle->rootfs && *bundle->rootfs && bundle->cwd && bundle->program && *bundle->program)
		return 0;
	return sn_fail(err, EINVAL,
		       "%.300s/config.json has no root.path, process.cwd or process.args: is it "
		       "one of a container?",
		       bundle->directory);
}

char *sn_read_text(const char *path)
{
	sn_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *text = NULL, *more;
	size_t used = 0, size = 0;
	ssize_t got = 1;

	if (fd < 0)
		return NULL;
	while (got > 0) {
		if (size - used < 2) {
			size = size ? 2 * size : 1 << 16;
			more = size <= 2 * (size_t)TEXT_MAX ? realloc(text, size) : NULL;
			if (!more) {
				free(text);
				errno = EFBIG;
				return NULL;
			}
			text = more;
		}
		got = read(fd, text + used, size - used - 1);
		used += got > 0 ? got : 0;
	}
	if (!got) {
		text[used] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

int sn_bundle_read(struct sn_bundle *bundle, struct sn_err *err)
{
	sn_autofree char *path = NULL, *text = NULL;
	int error;

	if (asprintf(&path, "%s/config.json", bundle->directory) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	text = sn_read_text(path);
	error = errno;
	if (!text)
		return sn_fail(err, error, "cannot read %.300s: %s", path, strerror(error));
	return sn_bundle_config(bundle, text, err);
}

const char *sn_bundle_note(const struct sn_bundle *bundle, const char *key)
{
	return string_at(bundle->notes, key);
}

bool sn_bundle_is_sandbox(const struct sn_bundle *bundle, const char *key)
{
	const char *type = key ? sn_bundle_note(bundle, key) : NULL;

	return type && !strcmp(type, "sandbox");
}

/* ---- what cannot be a tenant ---- */

bool sn_path_is_plain(const char *path)
{
	size_t len;

	if (*path != '/')
		return false;
	for (; *path; path += len) {
		len = strcspn(++path, "/");
		if (!len || !strncmp(path, ".", len) || (len == 2 && !strncmp(path, "..", len)))
			return false;
	}
	return true;
}

static int check_directory(const char *cwd, struct sn_err *err)
{
	if (!strcmp(cwd, "/"))
		return sn_fail(err, EINVAL,
			       "the container's working directory is '/', and a tenant's working "
			       "directory is the one that it may write; give the container one of "
			       "its own, such as /app (workingDir, --workdir)");
	if (sn_path_is_plain(cwd))
		return 0;
	return sn_fail(err, EINVAL,
		       "the container's working directory '%.200s' is no plain path; write it "
		       "without '.', '..' and a slash at the end",
		       cwd);
}

static bool has_capability(struct json_object *process, const char *name)
{
	static const char *const sets[] = { "bounding", "effective", "permitted", "inheritable",
					    "ambient" };
	struct json_object *all = member(process, "capabilities");

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct json_object *set = member(all, sets[i]);

		for (size_t j = 0; j < length_of(set); j++) {
			const char *has = string_of(json_object_array_get_idx(set, j));

			if (has && !strcasecmp(has, name))
				return true;
		}
	}
	return false;
}

/*
 * The kernel knows by CAP_SYS_ADMIN what overlayfs does on a tenant's behalf, and a tenant never
 * has it.
 */
static int check_powers(struct json_object *process, struct sn_err *err)
{
	if (has_capability(process, "CAP_SYS_ADMIN"))
		return sn_fail(err, EINVAL,
			       "the container has CAP_SYS_ADMIN or is privileged, which no tenant "
			       "is; leave out privileged and cap-add");
	if (is_true(process, "noNewPrivileges"))
		return 0;
	return sn_fail(err, EINVAL,
		       "the container is without no_new_privs, so a set-user-id program of its "
		       "image would give it another user; add it (Kubernetes: "
		       "securityContext.allowPrivilegeEscalation: false; podman and Docker: "
		       "--security-opt no-new-privileges)");
}

static int check_namespaces(struct json_object *linux_, struct sn_err *err)
{
	struct json_object *all = member(linux_, "namespaces");

	for (size_t i = 0; i < length_of(all); i++) {
		const char *type = string_at(json_object_array_get_idx(all, i), "type");

		if (type && !strcmp(type, "user"))
			return sn_fail(err, EINVAL,
				       "the container has a user namespace of its own, in which "
				       "tenants are not supported; leave out hostUsers: false, "
				       "--userns and userns-remap");
	}
	return 0;
}

/* They run in the container's cgroup behind this hook: as the tenant, who starts one program. */
static int check_hooks(struct json_object *hooks, struct sn_err *err)
{
	static const char *const inside[] = { "createContainer", "startContainer" };

	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (length_of(member(hooks, inside[i])))
			return sn_fail(err, EINVAL,
				       "config.json has a hook at %s, which would run as the "
				       "tenant and be refused; leave out what adds it",
				       inside[i]);
	return 0;
}

int sn_bundle_check(const struct sn_bundle *bundle, struct sn_err *err)
{
	struct json_object *process = member(bundle->config, "process");
	int ret = check_directory(bundle->cwd, err);

	if (!ret)
		ret = check_powers(process, err);
	if (!ret)
		ret = check_namespaces(member(bundle->config, "linux"), err);
	return ret ? ret : check_hooks(member(bundle->config, "hooks"), err);
}

void sn_bundle_free(struct sn_bundle *bundle)
{
	json_object_put(bundle->state);
	json_object_put(bundle->config);
	*bundle = (struct sn_bundle){};
}
