// SPDX-License-Identifier: GPL-2.0-only
/* safenode-load: checks the kernel; loads, attaches and pins the BPF programs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "detach.h"
#include "object.h"

struct choice {
	bool check;
	bool unload;
	const char *parent;
};

static int set_check(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->check = true;
	return 0;
}

static int set_unload(void *target, const char *value, struct sn_err *err)
{
	((struct choice *)target)->unload = true;
	return 0;
}

static int set_parent(void *target, const char *value, struct sn_err *err)
{
	struct choice *choice = target;

	if (choice->parent)
		return sn_fail(err, EINVAL, "given twice, '%.100s' and '%.100s': remove one",
			       choice->parent, value);
	choice->parent = value;
	return 0;
}

static const struct sn_opt opts[] = {
	{ "check", NULL, "only tell what this kernel has and lacks, with the cures", set_check },
	{ "unload", NULL, "detach and remove everything; refuses while tenants are left",
	  set_unload },
	{ "parent", "PATH", "the cgroup below which tenants live (default " SN_DEFAULT_PARENT ")",
	  set_parent },
	{ 0 }
};

static const struct sn_program program = {
	.name = "safenode-load",
	.usage = "[--parent PATH] | --check | --unload",
	.about = "Load safenode's programs into the kernel, all or nothing. Once at boot; run "
		 "again, it replaces them without an unguarded instant.",
	.opts = opts,
};

static void tell(const struct sn_requirement *req, void *data)
{
	printf("%-8s %s: %s%s%s\n", req->met ? "ok" : "MISSING", req->what, req->found,
	       *req->cure ? "; " : "", req->cure);
}

static void tell_missing(const struct sn_requirement *req, void *data)
{
	if (!req->met)
		tell(req, data);
}

static void ignore(const struct sn_requirement *req, void *data)
{
}

static int check(struct sn_err *err)
{
	int ret, hooks;

	sn_cli_begin_output();
	ret = sn_kernel_check(true, tell, NULL, err);
	hooks = sn_object_check_hooks(tell_missing, NULL, ret ? NULL : err);
	if (!hooks)
		printf("%-8s %s: %s\n", "ok", "hooks", "every hook that the programs need");
	ret = ret ? ret : hooks;
	return ret ? ret : sn_cli_flush(err);
}

static int load(const char *parent, struct sn_err *err)
{
	int ret = sn_kernel_check(true, ignore, NULL, err);

	if (!ret)
		ret = sn_object_load(parent, err);
	return ret;
}

/* What systemd removed with a unit is no tenant that is left. */
static int unload(struct sn_err *err)
{
	sn_sweep(NULL);
	return sn_object_unload(err);
}

int main(int argc, char **argv)
{
	struct choice choice = {};
	struct sn_err err = {};
	int ret = sn_cli_parse_all(&program, argc, argv, &choice, &err);

	if (!ret && choice.check && choice.unload)
		ret = sn_fail(&err, EINVAL, "--check and --unload exclude each other; give one");
	if (ret)
		return sn_cli_fail(&program, ret, &err);
	if (choice.check)
		ret = check(&err);
	else if (geteuid())
		ret = sn_fail(&err, EPERM, "must be run as root");
	else
		ret = choice.unload ? unload(&err) : load(choice.parent, &err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
