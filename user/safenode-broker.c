// SPDX-License-Identifier: GPL-2.0-only
/* safenode-broker: makes processes of ordinary users the tenants that they ask to be. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "broker.h"
#include "cli.h"
#include "desk.h"
#include "parse.h"
#include "request.h"
#include "safenode_abi.h"

#define GROUP "safenode"
#define QUOTA 64

struct settings {
	int quota;
};

static int set_quota(void *target, const char *value, struct sn_err *err)
{
	uint64_t number;

	if (!sn_parse_number(value, SN_TENANTS_MAX, &number) || !number)
		return sn_fail(err, EINVAL, SN_QUOTED " is no number of tenants: write 1 to %d",
			       value, SN_TENANTS_MAX);
	((struct settings *)target)->quota = (int)number;
	return 0;
}

static const struct sn_opt opts[] = {
	{ "tenants-per-user", "N", "at most so many of each user; 64 without", set_quota },
	{ 0 },
};

static const struct sn_program program = {
	.name = "safenode-broker",
	.usage = "[OPTION...]",
	.about = "Let the members of the group '" GROUP "' start tenants, and remove those that "
		 "have ended.",
	.opts = opts,
};

/* The caller has been told; this is for the journal. */
static int serve(int socket, void *data)
{
	struct sn_err err = {};
	int ret = sn_broker_serve(socket, ((const struct settings *)data)->quota, &err);

	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}

static int sweep(void *data)
{
	struct sn_err err = {};
	int ret = sn_broker_sweep(&err);

	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}

static int run(struct settings *settings, struct sn_err *err)
{
	struct sn_desk desk = { .serve = serve, .sweep = sweep, .data = settings };
	int ret;

	if (geteuid())
		return sn_fail(err, EPERM, "must be run as root");
	desk.listening = sn_desk_listen(SN_BROKER_SOCKET, GROUP, err);
	if (desk.listening < 0)
		return desk.listening;
	sd_notify(0, "READY=1");
	ret = sn_desk_run(&desk, err);
	close(desk.listening);
	return ret;
}

int main(int argc, char **argv)
{
	struct settings settings = { .quota = QUOTA };
	struct sn_err err = {};
	int ret = sn_cli_parse_all(&program, argc, argv, &settings, &err);

	if (!ret)
		ret = run(&settings, &err);
	return ret ? sn_cli_fail(&program, ret, &err) : SN_EXIT_DONE;
}
