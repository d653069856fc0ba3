/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of containers share: a state and a config.json. */
#ifndef SAFENODE_TESTS_ENGINE_H
#define SAFENODE_TESTS_ENGINE_H

#include "bundle.h"

#define STATE "{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"pid\":42,\"bundle\":\"/run/b\"}"

/* With members of the process, and others, each with a comma before it. */
#define CONFIG(process, more)                                                                \
	"{\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/app\",\"args\":[\"node\"]," \
	"\"noNewPrivileges\":true" process "}" more "}"
#define NOTES(all) CONFIG("", ",\"annotations\":{" all "}")

/* A container with that config.json, which must be one. */
static inline void describe(struct sn_bundle *bundle, const char *config)
{
	struct sn_err err = {};

	if (sn_bundle_state(bundle, STATE, &err) || sn_bundle_config(bundle, config, &err))
		fail_msg("%s", err.text);
}

#endif
