/* SPDX-License-Identifier: GPL-2.0-only */
/* A container as its engine describes it: the state that a hook gets, and config.json. */
#ifndef SAFENODE_BUNDLE_H
#define SAFENODE_BUNDLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

struct json_object; /* of json-c */

/*
 * By the OCI runtime specification, "State" and "Configuration". The strings belong to the two JSON
 * objects, which it owns; see sn_bundle_free().
 */
struct sn_bundle {
	struct json_object *state;
	struct json_object *config; /* NULL until it is read */
	const char *id;
	const char *directory; /* where config.json is */
	pid_t pid;	       /* of the container's first process, as the hook sees it; or 0 */

	const char *rootfs;  /* as config.json has it: relative to the directory, or absolute */
	const char *cwd;     /* absolute, as the container sees it */
	const char *program; /* the first word of the command */
	const char *path;    /* $PATH of the container, or NULL */
	bool terminal;	     /* the runtime makes a terminal for it */
	struct json_object *notes; /* the annotations; NULL: there are none */
};

/* The state, as it is on the standard input of a hook. 0, -EINVAL, or -ENOMEM. */
int sn_bundle_state(struct sn_bundle *bundle, const char *text, struct sn_err *err);

/* The same for the text of config.json. */
int sn_bundle_config(struct sn_bundle *bundle, const char *text, struct sn_err *err);

/* Reads config.json where the state says. Also -ENOENT and what else open(2) and read(2) say. */
int sn_bundle_read(struct sn_bundle *bundle, struct sn_err *err);

/*
 * Can such a container be a tenant? -EINVAL with the reason and the cure: privileged, without
 * no_new_privs, with a user namespace of its own, hooks that would run in it, a working directory
 * that cannot be its own.
 */
int sn_bundle_check(const struct sn_bundle *bundle, struct sn_err *err);

/* The annotation @key; NULL if it has none. */
const char *sn_bundle_note(const struct sn_bundle *bundle, const char *key);

/*
 * Does the annotation @key say that the container is a pod's sandbox, which holds its namespaces
 * and runs the engine's own program? Only of an annotation that the engine writes over whatever pod
 * and image say; NULL: it writes none.
 */
bool sn_bundle_is_sandbox(const struct sn_bundle *bundle, const char *key);

/* Is @path absolute, without "." and "..", empty names, and a slash at the end? "/" is not. */
bool sn_path_is_plain(const char *path);

void sn_bundle_free(struct sn_bundle *bundle);

/* The whole of the file at @path, which the caller frees, or NULL: errno tells. At most 16 MiB. */
char *sn_read_text(const char *path);

#endif
