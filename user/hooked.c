// SPDX-License-Identifier: GPL-2.0-only
/* The words of a container runtime -> which bundle it will start; its config.json with the hooks.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bundle.h"
#include "hooked.h"

/* ---- the words ---- */

static bool is_one_of(const char *word, size_t len, const char *const words[])
{
	for (; *words; words++)
		if (strlen(*words) == len && !strncmp(*words, word, len))
			return true;
	return false;
}

static bool is_word_of(const char *word, const char *const words[])
{
	return is_one_of(word, strlen(word), words);
}

/*
 * Skips the options in front of the command: the index of the command, argc if there is none, or
 * -EINVAL. An option that is not known could take the next word for its value.
 */
static int find_command(int argc, char *const argv[], struct sn_err *err)
{
	static const char *const with_value[] = {
		"root", "log", "log-format", "log-level", "cgroup-manager", "criu", "rootless", NULL
	};
	static const char *const alone[] = { "debug", "systemd-cgroup", "version", "help", NULL };
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		const char *name = argv[at] + strspn(argv[at], "-");
		size_t len = strcspn(name, "=");

		if (is_one_of(name, len, with_value))
			at += !name[len];
		else if (!is_one_of(name, len, alone))
			return sn_fail(err, EINVAL,
				       "unknown option '%.*s' in front of the command: what it "
				       "means for a container cannot be told",
				       (int)strcspn(argv[at], "="), argv[at]);
	}
	return at < argc ? at : argc;
}

/* The last -b or --bundle behind the command. */
static const char *find_bundle(int argc, char *const argv[])
{
	static const char *const names[] = { "b", "bundle", NULL };
	const char *bundle = ".";

	for (int i = 0; i < argc; i++) {
		const char *name = argv[i] + strspn(argv[i], "-");
		size_t len = strcspn(name, "=");

		if (name == argv[i] || !is_one_of(name, len, names))
			continue;
		if (name[len])
			bundle = name + len + 1;
		else if (i + 1 < argc)
			bundle = argv[++i];
	}
	return bundle;
}

int sn_runtime_call(int argc, char *const argv[], struct sn_runtime_call *call, struct sn_err *err)
{
	static const char *const starting[] = { "create", "run", NULL };
	static const char *const others[] = { "checkpoint", "delete", "events", "exec",
					      "features",   "help",   "kill",	"list",
					      "pause",	    "ps",     "resume", "spec",
					      "start",	    "state",  "update", NULL };
	int at = find_command(argc, argv, err);

	if (at < 0)
		return at;
	*call = (struct sn_runtime_call){ .bundle = "." };
	if (at == argc || is_word_of(argv[at], others))
		return 0;
	if (!is_word_of(argv[at], starting))
		return sn_fail(err, EINVAL,
			       "'%.100s' is not supported: what it starts could not be confined",
			       argv[at]);
	call->starts = true;
	call->bundle = find_bundle(argc - at, argv + at);
	return 0;
}

/* ---- the hooks ---- */

/* The member @key of @of, of that type, made if it is not there; NULL: it is another type. */
static struct json_object *need(struct json_object *of, const char *key, enum json_type type)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(of, key, &value);
	if (!value) {
		value = type == json_type_array ? json_object_new_array()
						: json_object_new_object();
		if (value && json_object_object_add(of, key, value)) {
			json_object_put(value);
			return NULL;
		}
	}
	return json_object_is_type(value, type) ? value : NULL;
}

static bool is_ours(struct json_object *hook)
{
	struct json_object *path = NULL;

	return json_object_is_type(hook, json_type_object) &&
	       json_object_object_get_ex(hook, "path", &path) &&
	       !strcmp(json_object_get_string(path) ?: "", SN_OCI_HOOK);
}

static int add_hook(struct json_object *hooks, const char *when)
{
	struct json_object *list = need(hooks, when, json_type_array), *hook, *args;

	if (!list)
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (is_ours(json_object_array_get_idx(list, i)))
			return 0;
	hook = json_object_new_object();
	args = json_object_new_array();
	if (hook && args && !json_object_array_add(args, json_object_new_string("safenode-oci")) &&
	    !json_object_array_add(args, json_object_new_string(when)) &&
	    !json_object_object_add(hook, "path", json_object_new_string(SN_OCI_HOOK)) &&
	    !json_object_object_add(hook, "args", args) && !json_object_array_add(list, hook))
		return 0;
	return -ENOMEM; /* and the process ends */
}

char *sn_hooked(const char *config, struct sn_err *err)
{
	struct json_object *all = json_tokener_parse(config), *hooks = NULL;
	char *text = NULL;
	int ret = -EINVAL;

	if (json_object_is_type(all, json_type_object))
		hooks = need(all, "hooks", json_type_object);
	if (hooks)
		ret = add_hook(hooks, "createRuntime") ?: add_hook(hooks, "poststop");
	if (!ret) {
		text = strdup(json_object_to_json_string_ext(
				      all, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
				      ?: "");
		if (!text || !*text)
			ret = -ENOMEM;
	}
	json_object_put(all);
	if (!ret)
		return text;
	free(text);
	sn_fail(err, -ret,
		ret == -ENOMEM ? "out of memory"
			       : "config.json is none that hooks can be added to");
	return NULL;
}

/* With the mode of @like. 0 or a negative errno. */
static int write_file(const char *path, const char *text, const struct stat *like)
{
	sn_autoclose int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t len = strlen(text), done = 0;

	if (fd < 0)
		return -errno;
	while (done < len) {
		ssize_t put = write(fd, text + done, len - done);

		if (put <= 0)
			return put ? -errno : -EIO;
		done += put;
	}
	if (fchown(fd, like->st_uid, like->st_gid) || fchmod(fd, like->st_mode & 07777))
		return -errno;
	return 0;
}

static int replace_file(const char *path, const char *text, const struct stat *like)
{
	sn_autofree char *new = NULL;
	int ret;

	if (asprintf(&new, "%s.safenode-%d", path, getpid()) < 0)
		return -ENOMEM;
	ret = write_file(new, text, like);
	if (!ret && rename(new, path))
		ret = -errno;
	if (ret && ret != -EEXIST)
		unlink(new);
	return ret;
}

int sn_hook_bundle(const char *bundle, struct sn_err *err)
{
	sn_autofree char *path = NULL, *config = NULL, *text = NULL;
	struct stat st;
	int ret;

	if (asprintf(&path, "%s/config.json", bundle) < 0)
		return sn_fail(err, ENOMEM, "out of memory");
	config = sn_read_text(path);
	if (!config || stat(path, &st))
		return sn_fail(err, errno, "cannot read %.300s: %s", path, strerror(errno));
	text = sn_hooked(config, err);
	if (!text)
		return -EINVAL;
	ret = replace_file(path, text, &st);
	return ret ? sn_fail(err, -ret, "cannot write %.300s: %s", path, strerror(-ret)) : 0;
}
