// SPDX-License-Identifier: GPL-2.0-only
/* An OCI hook: makes a container a tenant before its program starts, and forgets it afterwards. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "bundle.h"
#include "cli.h"
#include "container.h"
#include "detach.h"
#include "floor.h"

struct choice {
	const char *sandbox; /* or NULL */
};

static int set_sandbox(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->sandbox = value;
	return 0;
}

static const struct sn_opt opts[] = {
	{ "sandbox-annotation", "KEY",
	  "no tenant is a container whose annotation KEY, which the engine itself writes, is "
	  "\"sandbox\"",
	  set_sandbox },
	{ 0 }
};

static const struct sn_program program = {
	.name = "safenode-oci",
	.usage = "[--sandbox-annotation KEY] createRuntime|poststop <STATE",
	.about = "The OCI hook of safenode: a container runtime starts it.",
	.opts = opts,
};

/* Some runtimes keep to themselves what a hook says. */
static int fail(const struct sn_bundle *bundle, int error, const struct sn_err *err)
{
	openlog(program.name, LOG_PID, LOG_DAEMON);
	syslog(LOG_ERR, "container %.64s: %s", bundle->id ?: "?", err->text);
	return sn_cli_fail(&program, error, err);
}

static int create(struct sn_bundle *bundle, const struct choice *choice, struct sn_err *err)
{
	int ret = sn_bundle_read(bundle, err);

	if (ret || sn_bundle_is_sandbox(bundle, choice->sandbox))
		return ret;
	return sn_container_make(bundle, SN_FLOOR_FILE, err);
}

static int run(const char *when, const struct choice *choice, struct sn_bundle *bundle,
	       struct sn_err *err)
{
	sn_autofree char *text = NULL;
	size_t size = 0;
	int ret;

	if (getdelim(&text, &size, '\0', stdin) < 0)
		return sn_fail(err, EINVAL, "no state of a container on standard input");
	ret = sn_bundle_state(bundle, text, err);
	if (ret)
		return ret;
	return strcmp(when, "poststop") ? create(bundle, choice, err) : sn_sweep(err);
}

int main(int argc, char *argv[])
{
	struct choice choice = {};
	struct sn_bundle bundle = {};
	struct sn_err err = {};
	int ret = sn_cli_parse(&program, argc, argv, &choice, &err);

	if (ret < 0)
		return sn_cli_fail(&program, ret, &err);
	if (ret != argc - 1 ||
	    (strcmp(argv[ret], "createRuntime") && strcmp(argv[ret], "poststop")))
		ret = sn_fail(&err, EINVAL, "name the hook, createRuntime or poststop; see --help");
	else
		ret = run(argv[ret], &choice, &bundle, &err);
	if (ret)
		ret = fail(&bundle, ret, &err);
	sn_bundle_free(&bundle);
	return ret;
}
