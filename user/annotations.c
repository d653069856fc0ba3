// SPDX-License-Identifier: GPL-2.0-only
/* A container's annotations -> options. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "annotations.h"

static const struct sn_opt *find(const char *name)
{
	for (const struct sn_opt *opt = sn_container_opts; opt->name; opt++)
		if (!strcmp(opt->name, name))
			return opt;
	return NULL;
}

/* Each of the paths in @text by itself. */
static int set_each(const struct sn_opt *opt, struct sn_options *options, const char *text,
		    struct sn_err *err)
{
	sn_autofree char *copy = strdup(text);
	char *rest = copy, *word;
	int ret = copy ? 0 : sn_fail(err, ENOMEM, "out of memory");

	while (!ret && (word = strsep(&rest, ",")))
		ret = opt->set(options, word, err);
	return ret;
}

/* podman 4.3 takes what is behind a comma for another annotation, so a blank is as good. */
static int set_list(const struct sn_opt *opt, struct sn_options *options, const char *text,
		    struct sn_err *err)
{
	sn_autofree char *copy = strdup(text);

	if (!copy)
		return sn_fail(err, ENOMEM, "out of memory");
	for (char *blank = copy; (blank = strchr(blank, ' '));)
		*blank = ',';
	return opt->set(options, copy, err);
}

static int set(const struct sn_opt *opt, struct sn_options *options, const char *text,
	       struct sn_err *err)
{
	if (opt->arg && !strcmp(opt->arg, "PATH"))
		return set_each(opt, options, text, err);
	if (opt->arg)
		return set_list(opt, options, text, err);
	if (!strcmp(text, "true"))
		return opt->set(options, NULL, err);
	return sn_fail(err, EINVAL, "'%.100s': write \"true\", or leave the annotation out", text);
}

static int read_one(const char *key, const char *text, struct sn_options *options,
		    struct sn_err *err)
{
	const char *name = key + strlen(SN_ANNOTATION);
	const struct sn_opt *opt = find(name);
	struct sn_err why = {};
	int ret;

	if (!strcmp(name, "tenant"))
		return 0;
	if (!opt)
		return sn_fail(err, EINVAL,
			       "unknown annotation '%.100s'; there are safe-mode, "
			       "restricted-outgoing-addresses, allowed-outgoing-ports, "
			       "allowed-listen-ports, read-only, read-write, native-code, "
			       "log-granted and tenant, each behind '" SN_ANNOTATION "'",
			       key);
	ret = text ? set(opt, options, text, &why) : sn_fail(&why, EINVAL, "is no text");
	return ret ? sn_fail(err, -ret, "annotation %s: %s", key, why.text) : 0;
}

int sn_annotations_read(const struct sn_bundle *bundle, struct sn_options *options,
			struct sn_err *err)
{
	int ret = 0;

	if (!bundle->notes)
		return 0;
	json_object_object_foreach(bundle->notes, key, value)
	{
		(void)value;
		if (!ret && !strncmp(key, SN_ANNOTATION, strlen(SN_ANNOTATION)))
			ret = read_one(key, sn_bundle_note(bundle, key), options, err);
	}
	return ret;
}

static int check_paths(const char *option, char *const paths[], size_t nr, struct sn_err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (!sn_path_is_plain(paths[i]))
			return sn_fail(
				err, EINVAL,
				"%s '%.200s': write a path of the container that begins "
				"with '/', without '.', '..' and a slash at the end, and not "
				"'/' itself",
				option, paths[i]);
	return 0;
}

int sn_container_options_check(const struct sn_options *options, struct sn_err *err)
{
	int ret = check_paths("read-only", options->read_only, options->nr_read_only, err);

	if (!ret)
		ret = check_paths("read-write", options->read_write, options->nr_read_write, err);
	if (!ret)
		ret = check_paths("native-code", options->native_code, options->nr_native_code,
				  err);
	if (ret || !options->restricted.self)
		return ret;
	return sn_fail(err, EINVAL,
		       "restricted-outgoing-addresses: 'self' means the addresses of one network "
		       "namespace, and a container has another; list the networks of the node and "
		       "of the cluster");
}
