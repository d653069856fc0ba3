/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of a container runtime -> which bundle it will start; its config.json with the hooks.
 */
#ifndef SAFENODE_HOOKED_H
#define SAFENODE_HOOKED_H

#include <stdbool.h>

#include "err.h"

#define SN_OCI_HOOK "/usr/sbin/safenode-oci"

/* What a runtime is asked to do. */
struct sn_runtime_call {
	bool starts;	    /* it starts a container */
	const char *bundle; /* of that; "." if the words have none */
};

/*
 * Reads the words behind the name of the runtime, as runc(8) and crun(1) take them. -EINVAL for
 * what is not known, because a container could be started with it, and for "restore", whose
 * processes call no exec.
 */
int sn_runtime_call(int argc, char *const argv[], struct sn_runtime_call *call, struct sn_err *err);

/*
 * The text of a config.json with the hooks of safenode at createRuntime and poststop, once, behind
 * those that are there. NULL with @err filled in: no such text, or no memory. The caller frees it.
 */
char *sn_hooked(const char *config, struct sn_err *err);

/* The same for the file in the directory @bundle, in one step. 0 or a negative errno. */
int sn_hook_bundle(const char *bundle, struct sn_err *err);

#endif
